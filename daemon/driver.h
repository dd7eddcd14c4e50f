/* Drives one publication: carries out what its state machine asks for, and turns what comes back
   into its events. */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/access.h"
#include "daemon/offer.h"
#include "daemon/schedule.h"
#include "daemon/state.h"
#include "daemon/summary.h"
#include "daemon/zone.h"
#include "lib/publication.h"

typedef struct Driver Driver;

/* What all drivers share. Borrowed pointers, which outlive them. */
typedef struct DriverContext {
        sd_event *event;
        ZoneTable *zones;
        Schedule *schedule;
        Summary *summary;
        State *state;
        bool once;    /* one pass each */
        bool dry_run; /* print the plan, change nothing */
        /* A pass ended. The driver may be parked in the call, but not freed. */
        void (*on_ended)(Driver *driver, void *userdata);
        void *userdata;
} DriverContext;

/* record is service + "." + domain as text; nothing happens before driver_set(). */
int driver_new(const DriverContext *context, const char *service, const char *domain,
               Driver **ret_driver);
Driver *driver_free(Driver *driver);

/* A row of the state is told at the start, after the first driver_set() and before the loop runs.
 */
int driver_remember(Driver *driver, const StateRow *row);

/* What is wanted from now on, and by which access. Equal to the present: nothing happens. Else
   whatever is under way is given up and a pass starts. */
int driver_set(Driver *driver, const Wanted *wanted, Access *access);

/* Somebody may have mended what the last pass failed by: it is tried at once, and its end is told
   even if it is the same again. */
void driver_retry(Driver *driver);

/* Gives up what is under way and does nothing more until the next driver_set(). */
void driver_park(Driver *driver);

/* Called by the schedule. */
void driver_due(Driver *driver);

const char *driver_record(const Driver *driver);
const char *driver_domain(const Driver *driver);
const Publication *driver_publication(const Driver *driver);
const Offer *driver_offer(const Driver *driver); /* NULL: nothing is wanted */
Access *driver_access(const Driver *driver);     /* NULL before driver_set() */
bool driver_has_memory(const Driver *driver);    /* the state knows something at this name */
unsigned *driver_mark(Driver *driver);           /* the manager's, to find what a reload left out */
