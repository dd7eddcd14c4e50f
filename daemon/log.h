/* The one way out for messages: to the journal with fields, or as plain lines to stderr. */
#pragma once

#include <stdbool.h>

#include "lib/util.h"

/* Each kind has a MESSAGE_ID, a priority and a catalog entry. */
typedef enum LogKind {
        LOG_KIND_STARTED,
        LOG_KIND_STOPPED,
        LOG_KIND_RELOADED,
        LOG_KIND_RELOAD_REFUSED,
        LOG_KIND_CONFIG_ERROR,
        LOG_KIND_CONFIG_WARNING,
        LOG_KIND_CONFIG_NOTE,
        LOG_KIND_PUBLISHED,
        LOG_KIND_REPAIRED,
        LOG_KIND_WITHDRAWN,
        LOG_KIND_FAILED,
        LOG_KIND_DENIED,
        LOG_KIND_STANDBY,
        LOG_KIND_OBSERVED,
        LOG_KIND_OWNERSHIP,
        LOG_KIND_CONTESTED,
        LOG_KIND_TAKEN,
        LOG_KIND_TTL_ADOPTED,
        LOG_KIND_OLD_SAMBA,
        LOG_KIND_TARGET_DOUBTFUL,
        LOG_KIND_NO_FQDN,
        LOG_KIND_STATE_SET_ASIDE,
        LOG_KIND_STATE_FAILED,
        LOG_KIND_UNFINISHED,
        LOG_KIND_NO_BUS,
        LOG_KIND_BUS_REFUSED,
        LOG_KIND_INTERNAL,
        LOG_KIND_DEBUG,
        _LOG_KIND_MAX,
} LogKind;

/* SRVPUBD_*= fields; NULL or "" leaves a field out. Plain stderr shows the text alone. */
typedef struct LogFields {
        const char *domain;
        const char *record;
        const char *zone;
        const char *server;
        const char *rcode;
        const char *state;
} LogFields;

/* Messages above max_priority (LOG_ERR .. LOG_DEBUG) are dropped. Finds out where stderr goes. */
void log_init(int max_priority);
/* Before the process ends: gives the journal a moment to see whose the last messages were. */
void log_done(void);
bool log_wants(LogKind kind);

/* One event, one line. */
void log_event(LogKind kind, const LogFields *fields, const char *format, ...) _printf_(3, 4);
