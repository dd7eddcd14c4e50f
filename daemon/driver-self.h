/* The inside of a driver, for its own files: driver (its life), driver-pass (what it does) and
   driver-update (what it sends). */
#pragma once

#include "daemon/driver.h"
#include "daemon/locator.h"
#include "daemon/look.h"
#include "daemon/memory.h"
#include "daemon/news.h"
#include "daemon/signing.h"
#include "daemon/update.h"
#include "lib/lease.h"
#include "lib/ledger.h"

/* How a driver came to its zone. */
typedef enum _packed_ ZoneTrust {
        ZONE_FOUND,      /* a server said so */
        ZONE_REMEMBERED, /* the state does: good enough to look by */
        ZONE_PRESUMED,   /* ... which was done: before something is written it has to be found */
} ZoneTrust;

/* What there is only while a pass goes on. */
typedef struct Pass {
        PublicationState state_before;
        uint64_t begun_usec;

        /* At most one of these is under way. */
        Locator *locator;
        Look *look;
        Update *update;
        StateWrite *write;
        Signing *signing; /* also while an update is under way that it signed */

        const Location *met;      /* while its servers are entered */
        Observation *observation; /* the plan's */
        Plan *plan;
        char *gone; /* what of others was removed */
} Pass;

/* There may be a hundred thousand: small things stand together, and what is not needed between two
   passes is in the pass. */
struct Driver {
        ScheduleEntry entry;
        TreeNode node;
        const DriverContext *context;
        Publication publication;
        Wanted configured;
        Access *access;
        Zone *zone;
        unsigned zone_generation; /* of the list that publication.server is an index of */
        unsigned mark;
        Ledger ledger;
        LeaseWatch watch;
        Srv *from; /* O9: to take over from; NULL: nothing */
        uint64_t fingerprint;
        Pass *pass; /* NULL: none */

        /* Of the last look or pass, for a status. */
        char *trouble;
        uint32_t ttl;
        uint16_t n_foreign;
        uint8_t notes;

        ZoneTrust zone_trust;
        bool held : 1;         /* withdrawn by command */
        bool is_commanded : 1; /* an operator wants the next pass, or this one */
        News news;
        uint16_t domain_at; /* record + domain_at is the domain */
        char record[];
};

/* What is configured, or nothing while it is held. */
const Wanted *driver_wanted(const Driver *driver);

/* Hands an event to the state machine and does what follows. */
void driver_step(Driver *driver, PublicationEvent *event);

/* Sends the plan; EVENT_ANSWERED or EVENT_NOT_SIGNED follows. */
void driver_update(Driver *driver);

/* The server to speak to; NULL: the pass went another way. */
Server *driver_present_server(Driver *driver);
/* The authentication of queries; with TSIG, and without any, that of updates too. NULL: the pass
   has ended. */
Auth *driver_present_auth(Driver *driver);
/* Whatever could not even begin; r: a negative errno. */
void driver_fail_exchange(Driver *driver, int r);

/* The server that the pass is at; NULL: none. */
Server *driver_server(const Driver *driver);

/* What the rows of its records say. */
MemorySource driver_memory(const Driver *driver);
