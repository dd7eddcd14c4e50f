/* Drives one publication: carries out what its state machine asks for, and turns what comes back
   into its events. */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/access.h"
#include "lib/offer.h"
#include "daemon/schedule.h"
#include "daemon/state.h"
#include "daemon/news.h"
#include "daemon/summary.h"
#include "daemon/zone.h"
#include "lib/publication.h"
#include "lib/tree.h"

typedef struct Driver Driver;

/* What all drivers share. Borrowed pointers, which outlive them. */
typedef struct DriverContext {
        sd_event *event;
        ZoneTable *zones;
        Schedule *schedule;
        Summary *summary; /* NULL: nothing is told */
        State *state;
        bool once; /* one pass each */
        /* Not NULL: nothing is changed; a pass ends with this, and with on_ended, where something
           would be written. */
        void (*on_planned)(const NewsSource *source, const Server *server, void *userdata);
        /* A pass ended. The driver may be parked in the call, but not freed. */
        void (*on_ended)(Driver *driver, void *userdata);
        void *userdata;
} DriverContext;

/* record is service + "." + domain as text; nothing happens before driver_set(). */
int driver_new(const DriverContext *context, const char *service, const char *domain,
               Driver **ret_driver);
Driver *driver_free(Driver *driver);

/* A row of the state is told at the start, after the first driver_set() and before a pass begins.
 */
int driver_remember(Driver *driver, const StateRow *row);

/* What is wanted from now on, and by which access. Equal to the present: nothing happens. Else
   whatever is under way is given up and a pass starts, but not before start_usec (CLOCK_BOOTTIME;
   0: at once). */
int driver_set(Driver *driver, const Wanted *wanted, Access *access, uint64_t start_usec);

/* Withdrawn by command, or not any more: while it is held nothing is wanted, whatever driver_set()
   says. */
void driver_hold(Driver *driver, bool held);
bool driver_is_held(const Driver *driver);
/* Whether driver_set() wants something. */
bool driver_is_configured(const Driver *driver);

/* O9: the next pass, which begins at once, takes over from this offer. -ENOMEM. */
int driver_take_over(Driver *driver, const Srv *from);

/* A look at once, whatever the state. */
void driver_look(Driver *driver);

/* Another driver that wants and remembers the same, in another context: to plan with. It looks at
   start_usec (CLOCK_BOOTTIME). */
int driver_copy(const Driver *driver, const DriverContext *context, const Srv *from,
                uint64_t start_usec, Driver **ret_copy);

/* Forgets what the state knows, without a message. On failure (the first error is returned) it is
   still known here. */
int driver_forget(Driver *driver);

/* Somebody may have mended what the last pass failed by: it is tried at once, and its end is told
   even if it is the same again. */
void driver_retry(Driver *driver);

/* Gives up what is under way and does nothing more until the next driver_set(). */
void driver_park(Driver *driver);

/* What a status shows. Borrowed, until the loop goes on. Times are CLOCK_BOOTTIME. */
typedef struct DriverView {
        const char *domain;
        const char *record;
        PublicationState state;
        Mode mode;
        bool held;           /* withdrawn by command */
        uint64_t since_usec; /* when the state was entered */
        uint64_t due_usec;   /* the next look; USEC_INFINITY: none */
        bool busy;           /* a pass is under way */
        const char *server;  /* "" not known yet */
        const char *zone;    /* "" not known yet; in zone_text */
        const char *trouble; /* the last pass's, in words with the cure; "" none */
        uint32_t ttl;        /* as last seen; 0: not seen yet */
        unsigned notes;      /* PLAN_NOTE_* of the last look */
        size_t n_foreign;    /* SRVs of others at the name, as last seen */
        size_t n_srv;        /* what is wanted */
        char zone_text[NAME_TEXT_MAX];
} DriverView;

void driver_view(const Driver *driver, DriverView *ret_view);
/* The i-th of view.n_srv, with its configured numbers and TTL. */
Srv driver_srv(const Driver *driver, size_t i);

/* For the schedule to call: one of its entries is a driver's. */
void driver_due(ScheduleEntry *entry);

/* Its place in a tree of drivers by record name. */
TreeNode *driver_node(Driver *driver);
Driver *driver_of_node(const TreeNode *node);
const char *driver_name_of_node(const TreeNode *node);

const char *driver_record(const Driver *driver);
const char *driver_domain(const Driver *driver);
const Publication *driver_publication(const Driver *driver);
const Offer *driver_offer(const Driver *driver); /* NULL: nothing is wanted */
Access *driver_access(const Driver *driver);     /* NULL before driver_set() */
bool driver_has_memory(const Driver *driver);    /* the state knows something at this name */
uint64_t *driver_fingerprint(Driver *driver);    /* the fleet's, of the configuration */
unsigned *driver_mark(Driver *driver);           /* the fleet's, to find what a reload left out */
