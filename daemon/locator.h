/* From a record name to its zone with its servers (rule E2): one search, which ends once. */
#pragma once

#include "daemon/zone.h"
#include "lib/publication.h"

typedef struct Locator Locator;

/* How a search ended. zone (the handler takes a reference) or NULL; then either reply and server
   say whose answer was the reason, or kind and text do. All borrowed for the call. */
typedef struct Location {
        Zone *zone;
        const Reply *reply;
        Server *server;
        TroubleKind kind;
        const char *text;
} Location;

/* Called once, never from within locator_new(); the locator is freed after the call returns. */
typedef void (*LocatorHandler)(Locator *locator, const Location *location, void *userdata);

/* Asks for the SOA of record and its parents: at Server=, signed, so that a BIND view chosen by
   key answers for itself; else at the resolvers. Zone= replaces the search. */
int locator_new(sd_event *event, ZoneTable *table, const Name *record, const Name *domain,
                Access *access, LocatorHandler handler, void *userdata, Locator **ret_locator);
Locator *locator_free(Locator *locator);
