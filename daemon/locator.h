/* From a record name to its zone with its servers (rule E2): one search, which ends once. */
#pragma once

#include "daemon/zone.h"
#include "lib/publication.h"

typedef struct Locator Locator;

typedef struct LocatorRequest {
        const Name *record;
        const Name *domain;
        const Name *apex; /* what is taken for the zone without asking, where there is nothing else
                             to ask for; or NULL */
        bool is_seen;     /* what is there: only the zone is sought */
        Access *access;
} LocatorRequest;

/* How a search ended. zone (the handler takes a reference) or NULL; then either reply and server
   say whose answer was the reason, or kind and text do. look: with a zone the answer to "record
   SRV" that was met on the way, and came from server; or NULL. The handler may take its packet.
   All borrowed for the call. */
typedef struct Location {
        Zone *zone;
        const Reply *reply;
        Server *server;
        Reply *look;
        TroubleKind kind;
        const char *text;
} Location;

/* Called once, maybe from within locator_new(): *ret_locator was written by then. The locator is
   freed after the call returns. */
typedef void (*LocatorHandler)(Locator *locator, const Location *location, void *userdata);

/* Asks for the SOA of record and its parents: at Server=, signed, so that a BIND view chosen by
   key answers for itself; else at the resolvers. Zone= replaces the search. */
int locator_new(ZoneTable *table, const LocatorRequest *request, LocatorHandler handler,
                void *userdata, Locator **ret_locator);
Locator *locator_free(Locator *locator);
