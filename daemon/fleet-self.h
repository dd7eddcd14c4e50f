/* The inside of the fleet, for its own files: fleet (the drivers), fleet-command, fleet-plan. */
#pragma once

#include <limits.h>

#include "daemon/driver.h"
#include "daemon/fleet.h"
#include "daemon/holds.h"

struct Fleet {
        FleetOptions options;
        AccessTable accesses;
        Schedule *schedule;
        Summary *summary;
        DriverContext context;
        void *root; /* of the tree of drivers */
        bool loaded;
        bool stopping;
        bool failed;    /* with once: not all ended well */
        unsigned round; /* of fleet_apply() */
        Name derived;   /* this machine's name as it is published, empty if it is not */
        uint64_t derived_since_usec;
        size_t n_pending;
        sd_event_source *bury; /* frees the dead, tells of the end */
        size_t n_dead;
        Driver **dead;
        Holds *holds;
        struct FleetLook *looks; /* plans asked for by command */
        uint64_t next_look_usec; /* when the next one may begin */

        char service[256]; /* Name=, as last applied; "" before */
        /* While applying. */
        const Config *config;
        Offer *offer;
        HostList *hosts;
};

enum {
        FLEET_ROUND_DEAD = INT_MAX, /* the mark of a driver that is to be freed */
};

int fleet_compare(const void *a, const void *b);

/* It does nothing more from now on, and is freed from the loop; lack of memory leaves it to live on
   so. */
void fleet_kill_driver(Fleet *fleet, Driver *driver);
bool fleet_is_dead(const Driver *driver);
void fleet_bury_later(Fleet *fleet);

/* Frees the looks that have ended, or all: who waits for one is told that it failed. */
void fleet_forget_looks(Fleet *fleet, bool all);
