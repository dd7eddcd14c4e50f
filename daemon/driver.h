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
        bool dry_run; /* print the plan, change nothing */
        /* A pass ended. The driver may be freed in the call. */
        void (*on_ended)(Driver *driver, void *userdata);
        void *userdata;
} DriverContext;

/* Numbers for the offer at one record name. offer NULL: nothing is wanted, take away what is ours.
 */
typedef struct Wanted {
        Offer *offer;
        uint16_t priority;
        uint16_t weight;
        uint32_t ttl_sec;
} Wanted;

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

/* Gives up what is under way and does nothing more until the next driver_set(). */
void driver_park(Driver *driver);

/* Called by the schedule. */
void driver_due(Driver *driver);

const char *driver_record(const Driver *driver);
const char *driver_domain(const Driver *driver);
const Publication *driver_publication(const Driver *driver);
Access *driver_access(const Driver *driver);  /* NULL before driver_set() */
bool driver_has_memory(const Driver *driver); /* the state knows something at this name */
unsigned *driver_mark(Driver *driver);        /* the manager's, to find what a reload left out */
