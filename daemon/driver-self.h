/* The inside of a driver, for its own files: driver (its life) and driver-pass (what it does). */
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
typedef enum ZoneTrust {
        ZONE_FOUND,      /* a server said so */
        ZONE_REMEMBERED, /* the state does: good enough to look by */
        ZONE_PRESUMED,   /* ... which was done: before something is written it has to be found */
} ZoneTrust;

struct Driver {
        ScheduleEntry entry;
        const DriverContext *context;
        Publication publication;
        PublicationState state_before; /* of this pass */
        Wanted configured;
        Wanted wanted; /* the same, or nothing while it is held */
        Access *access;
        Zone *zone;
        ZoneTrust zone_trust;
        const Location *met;      /* while it is entered */
        unsigned zone_generation; /* of the list that publication.server is an index of */
        Ledger ledger;
        LeaseWatch watch;
        Srv *from; /* O9: to take over from; NULL: nothing */
        unsigned mark;
        uint64_t fingerprint;
        News news;
        char *record;
        uint16_t domain_at;  /* record + domain_at is the domain */
        bool held;           /* withdrawn by command */
        bool is_commanded;   /* an operator wants the next pass, or this one */
        uint64_t begun_usec; /* this pass */

        /* At most one of these is under way. */
        Locator *locator;
        Look *look;
        Update *update;
        StateWrite *write;
        Signing *signing; /* also while an update is under way that it signed */

        Observation *observation; /* the plan's */
        Plan *plan;

        /* Of the last look or pass, for a status. */
        char *trouble;
        char *gone; /* what of others this pass removed */
        uint32_t ttl;
        uint16_t n_foreign;
        uint8_t notes;
};

/* Hands an event to the state machine and does what follows. */
void driver_step(Driver *driver, PublicationEvent *event);

/* The server that the pass is at; NULL: none. */
Server *driver_server(const Driver *driver);

/* What the rows of its records say. */
MemorySource driver_memory(const Driver *driver);
