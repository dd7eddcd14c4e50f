/* All publications of the daemon: which there are, by record name, and how they fare together. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "daemon/state.h"
#include "daemon/zone.h"
#include "lib/publication.h"

typedef struct Fleet Fleet;

/* Borrowed pointers, which outlive the fleet. */
typedef struct FleetOptions {
        sd_event *event;
        ZoneTable *zones;
        State *state;
        bool once; /* one pass each */
        bool dry_run;
        /* A pass ended: the counts may be others now. */
        void (*on_changed)(void *userdata);
        /* With once, or after fleet_stop(): all that was to be done is done, well or not. */
        void (*on_done)(bool all_well, void *userdata);
        void *userdata;
} FleetOptions;

int fleet_new(const FleetOptions *options, Fleet **ret_fleet);
Fleet *fleet_free(Fleet *fleet);

/* Makes the drivers follow the configuration: target is what is published, home this machine's FQDN
   (may be NULL where the configuration does not need it). What is no longer wanted is withdrawn,
   and what failed is tried again at once. The first call brings in what the state remembers.
   -ENOMEM, or what reading the state failed with. */
int fleet_apply(Fleet *fleet, const Config *config, const char *target, const char *home);

/* How many publications are in each state, with the domain of one of them (borrowed). n_wanted does
   not count those that are only being withdrawn. */
typedef struct FleetCounts {
        size_t n_wanted;
        size_t n[_PUBLICATION_STATE_MAX];
        const char *example[_PUBLICATION_STATE_MAX];
} FleetCounts;

void fleet_count(const Fleet *fleet, FleetCounts *ret_counts);

/* The end: withdraws where OnStop=withdraw, gives the others up. Returns how many withdrawals are
   under way; on_done follows when they are over. */
size_t fleet_stop(Fleet *fleet);
size_t fleet_n_pending(const Fleet *fleet);

/* With once: nothing can be done. */
void fleet_fail(Fleet *fleet);
