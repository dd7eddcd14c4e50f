/* The inside of the fleet, for its own files: fleet (the drivers), fleet-command, fleet-plan. */
#pragma once

#include <limits.h>

#include "daemon/driver.h"
#include "daemon/fleet.h"
#include "daemon/holds.h"

enum {
        RECORD_MAX = 600,
};

/* What is done in turns of the loop, one after the other; the first three are fleet_apply(). */
typedef enum FleetWork {
        FLEET_WORK_NONE,
        FLEET_WORK_DOMAINS, /* what the configuration wants */
        FLEET_WORK_ROWS,    /* the first time: what the state remembers */
        FLEET_WORK_SWEEP,   /* what was left out */
        FLEET_WORK_STOP,
} FleetWork;

struct Fleet {
        FleetOptions options;
        AccessTable accesses;
        Schedule *schedule;
        Summary *summary;
        DriverContext context;
        Tree drivers;
        bool loaded; /* what the state remembers is here */
        bool stopping;
        bool failed;    /* with once: not all ended well */
        unsigned round; /* of fleet_apply() */
        Name derived;   /* this machine's name as it is published, empty if it is not */
        uint64_t derived_since_usec;
        size_t n_pending;
        sd_event_source *bury; /* frees the dead, tells of the end */
        size_t n_dead;
        Driver **dead;
        sd_event_source *trim; /* gives memory back */
        size_t n_littered;     /* passes and domains that left some since the last time */
        Holds *holds;
        struct FleetLook *looks; /* plans asked for by command */
        uint64_t next_look_usec; /* when the next one may begin */

        char service[256]; /* Name=, as last applied; "" before */

        sd_event_source *turn; /* on while there is work */
        FleetWork work;
        size_t next;            /* of config->domains */
        char after[RECORD_MAX]; /* of the drivers, the last one that was walked over */
        /* While applying. */
        const Config *config;
        char *home;
        Offer *offer;
        HostList *hosts;
};

/* Marks of drivers beside the rounds of fleet_apply(). */
enum {
        FLEET_MARK_DEAD = INT_MAX,        /* it is to be freed */
        FLEET_MARK_LEAVING = INT_MAX - 1, /* its withdrawal is waited for at the end */
};

int fleet_on_turn(sd_event_source *source, void *userdata);
/* Ends a work that is under way, should there be one. */
void fleet_end_work(Fleet *fleet);

/* It does nothing more from now on, and is freed from the loop; lack of memory leaves it to live on
   so. */
void fleet_kill_driver(Fleet *fleet, Driver *driver);
bool fleet_is_dead(const Driver *driver);
void fleet_bury_later(Fleet *fleet);

/* So many passes have ended, or domains been followed: once they are many, the memory that they
   needed meanwhile is given back to the system. */
void fleet_litter(Fleet *fleet, size_t n);

/* Frees the looks that have ended, or all: who waits for one is told that it failed. */
void fleet_forget_looks(Fleet *fleet, bool all);
