/* Outcomes of publications -> log lines. What hits many domains for one reason is one line with a
   count, and another when the count has grown: journald drops what floods it. */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/log.h"

typedef struct Summary Summary;

/* One domain's outcome. Strings are copied. cause groups: outcomes of one kind with the same cause
   (which names no domain) are told together. detail is for the line of a single domain; cure (may
   be NULL) follows the cause where they are told together. */
typedef struct Outcome {
        LogKind kind;
        LogFields fields;
        const char *cause;
        const char *detail;
        const char *cure;
} Outcome;

/* immediate: every outcome is a line of its own at once (--once). */
int summary_new(sd_event *event, bool immediate, Summary **ret_summary);

/* Tells what is still held back, and ends. */
Summary *summary_free(Summary *summary);

/* Whether the detail of one more of this kind and cause would not be asked for. */
bool summary_needs_no_detail(const Summary *summary, LogKind kind, const char *cause);

/* Tells, now or a little later. Lack of memory tells at once. */
void summary_add(Summary *summary, const Outcome *outcome);
