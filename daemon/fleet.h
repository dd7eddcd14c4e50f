/* All publications of the daemon: which there are, by record name, and how they fare together. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "daemon/state.h"
#include "daemon/zone.h"
#include "lib/publication.h"

typedef struct Driver Driver;
typedef struct Fleet Fleet;

/* Borrowed pointers, which outlive the fleet. */
typedef struct FleetOptions {
        sd_event *event;
        ZoneTable *zones;
        State *state;
        bool once; /* one pass each */
        bool dry_run;
        /* The counts may be others now. Who counts walks over all drivers: it is not called for
           each check that finds all as it was. */
        void (*on_changed)(void *userdata);
        /* A pass of this driver ended, well or not; may be NULL. */
        void (*on_ended)(const Driver *driver, void *userdata);
        /* A fleet_apply() is over: 0, -ENOMEM, or what reading the state failed with. */
        void (*on_applied)(int error, void *userdata);
        /* With once, or after fleet_stop(): all that was to be done is done, well or not. */
        void (*on_done)(bool all_well, void *userdata);
        void *userdata;
} FleetOptions;

int fleet_new(const FleetOptions *options, Fleet **ret_fleet);
Fleet *fleet_free(Fleet *fleet);

/* Makes the drivers follow the configuration: target is what is published, home this machine's FQDN
   (may be NULL where the configuration does not need it). What is no longer wanted is withdrawn,
   and what failed is tried again at once. The first call brings in what the state remembers.

   It goes on in turns of the loop, in which no pass begins, until on_applied(); till then config
   stays, and there is no other call. */
int fleet_apply(Fleet *fleet, const Config *config, const char *target, const char *home);

/* Whether another configuration is on its way: what an operator withdraws meanwhile is withdrawn
   under that one, too. */
void fleet_await(Fleet *fleet, bool awaits);

/* How many publications are in each state, with the domain of one of them (borrowed). n_wanted does
   not count those that are only being withdrawn. */
typedef struct FleetCounts {
        size_t n_wanted;
        size_t n[_PUBLICATION_STATE_MAX];
        const char *example[_PUBLICATION_STATE_MAX];
} FleetCounts;

void fleet_count(const Fleet *fleet, FleetCounts *ret_counts);

/* The end: withdraws where OnStop=withdraw, gives the others up; behind a fleet_apply() that is
   under way. on_done follows when that is done. */
void fleet_stop(Fleet *fleet);
/* How many withdrawals of the end are still to be done. */
size_t fleet_n_pending(const Fleet *fleet);

/* With once: nothing can be done. */
void fleet_fail(Fleet *fleet);

/* --- commands: what an operator may ask of one domain ------------------------------------------
   Each starts a pass whose end on_ended() tells; of what follows from that the view speaks.
   -EINVAL with a sentence in error: it cannot be asked of this domain now. */

enum {
        FLEET_ERROR_MAX = 600,
};

/* By domain or record name, without case; NULL: there is none. */
Driver *fleet_find(const Fleet *fleet, const char *domain);

/* In order of record name, those behind `after` ("" from the first), at most limit. Returns how
   many. */
size_t fleet_each(const Fleet *fleet, const char *after, size_t limit,
                  void (*on_driver)(const Driver *driver, void *userdata), void *userdata);

/* Publishes again what was withdrawn by command; else looks at once. */
int fleet_publish(Fleet *fleet, Driver *driver, char error[static FLEET_ERROR_MAX]);
/* Takes away what is ours; it stays so until fleet_publish() or a changed configuration. */
int fleet_withdraw(Fleet *fleet, Driver *driver, char error[static FLEET_ERROR_MAX]);
/* Forgets what is still to be withdrawn, without touching DNS; no pass follows: it is done. */
int fleet_forget(Fleet *fleet, Driver *driver, char error[static FLEET_ERROR_MAX]);
/* O9: removes from's record and its claims, and publishes, in one message. */
int fleet_takeover(Fleet *fleet, Driver *driver, const Srv *from,
                   char error[static FLEET_ERROR_MAX]);

/* A fresh look that changes nothing. Texts are borrowed; script is "" when there is nothing to
   send, text when the look failed says why, in words. */
typedef struct FleetPlan {
        bool well;
        const char *domain;
        const char *record;
        const char *zone;
        const char *server;
        const char *verdict; /* as plan_verdict_to_string(), or "take over" */
        const char *text;    /* human: a line for each record that is added, removed or left */
        const char *script;  /* nsupdate's form */
        bool takes_over;     /* what from names is there */
} FleetPlan;
typedef void (*FleetPlanHandler)(const FleetPlan *plan, void *userdata);

/* handler is called once, from the loop, never from within; also when the fleet ends first (well
   false). from as in fleet_takeover(), or NULL. */
int fleet_plan(Fleet *fleet, Driver *driver, const Srv *from, FleetPlanHandler handler,
               void *userdata);
