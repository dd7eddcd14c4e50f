/* A zone: apex, primary servers, the access to them; shared by the publications in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/access.h"
#include "daemon/hosts.h"
#include "daemon/resolver.h"
#include "daemon/session.h"
#include "lib/name.h"

typedef struct Zone Zone;

/* All zones of a daemon, and what they need. Borrowed pointers. */
typedef struct ZoneTable {
        void *root; /* a tsearch() tree */
        Hosts *hosts;
        Resolver *resolver;
        TicketTable *tickets; /* this and the next: for GSS-TSIG */
        SessionTable *sessions;
} ZoneTable;

/* Wait for a zone's servers; embedded in who waits. on_ready is called once, maybe from within
   zone_prepare(); text says what is wrong when the zone has no servers, else it is NULL. */
typedef struct ZoneWaiter {
        struct ZoneWaiter *next;
        void (*on_ready)(struct ZoneWaiter *waiter, const char *text);
} ZoneWaiter;

/* Finds or makes the zone of this apex and access. mname may be NULL with Server=. */
int zone_get(ZoneTable *table, const Name *apex, const Name *mname, Access *access,
             Zone **ret_zone);
Zone *zone_ref(Zone *zone);
Zone *zone_unref(Zone *zone);

/* Whether the servers are known and not in doubt. */
bool zone_is_ready(const Zone *zone);

/* Finds the servers: Server=, else the MNAME and then the NS hosts (E2). */
int zone_prepare(Zone *zone, ZoneWaiter *waiter);
void zone_forget(Zone *zone, ZoneWaiter *waiter);

/* The servers did not help: they have to be looked up again. */
void zone_doubt(Zone *zone);

/* Updates on their way to the zone: daemon/update's alone. */
struct Batch **zone_batches(Zone *zone);

const Name *zone_apex(const Zone *zone);
/* Changes whenever the list of servers does: an index is good for one generation. */
unsigned zone_generation(const Zone *zone);
size_t zone_n_servers(const Zone *zone);
size_t zone_n_primaries(const Zone *zone);
Server *zone_server(const Zone *zone, size_t i);

/* With GSS-TSIG, the session to sign updates with for the i-th server; made when it is first asked
   for, the zone's own. -ENOENT if no name of the server is known that a service could have (C70);
   -ENOMEM. */
int zone_session(Zone *zone, size_t i, Session **ret_session);

/* The same, only if it was made; else NULL. */
const Session *zone_known_session(const Zone *zone, size_t i);

/* Whether updates may be taken elsewhere too, as each domain controller of Active Directory takes
   them: what one holds is what all hold only when they have replicated. */
bool zone_replicates(const Zone *zone);

/* The same, and it is left to chance which of them we write to. */
bool zone_primary_varies(const Zone *zone);
