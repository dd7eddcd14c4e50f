/* The drivers, in a tree by record name: their life and their end. They are freed from a deferred
   call, never from within their own. */

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "daemon/fleet-self.h"
#include "daemon/log.h"
#include "lib/util.h"

/* Behind what comes from outside, and behind the burial, so that nothing that has ended is wanted
   anew; before passes begin. */
#define TURN_PRIORITY (SD_EVENT_PRIORITY_IDLE / 4)

#define TRIM_DELAY_USEC USEC_PER_SEC
#define TRIM_AGAIN_USEC (10 * USEC_PER_SEC)

enum {
        TRIM_MIN = 1000,
};

static void free_dead(Fleet *fleet) {
        for (size_t i = 0; i < fleet->n_dead; i++) {
                tree_remove(&fleet->drivers, driver_node(fleet->dead[i]));
                (void)driver_free(fleet->dead[i]);
        }
        free(TAKE_PTR(fleet->dead));
        fleet->n_dead = 0;
}

/* Until the first fleet_apply() nothing is pending because nothing is known. */
static bool is_done(const Fleet *fleet) {
        if (fleet->work != FLEET_WORK_NONE || fleet->n_pending > 0)
                return false;
        return fleet->stopping || (fleet->options.once && (fleet->loaded || fleet->failed));
}

static int on_bury(sd_event_source *source, void *userdata) {
        Fleet *fleet = userdata;

        free_dead(fleet);
        fleet_forget_looks(fleet, false);
        fleet->options.on_changed(fleet->options.userdata);
        if (is_done(fleet))
                fleet->options.on_done(!fleet->failed, fleet->options.userdata);
        return 0;
}

void fleet_bury_later(Fleet *fleet) {
        (void)sd_event_source_set_enabled(fleet->bury, SD_EVENT_ONESHOT);
}

void fleet_kill_driver(Fleet *fleet, Driver *driver) {
        Driver **dead;

        if (fleet_is_dead(driver))
                return;
        driver_park(driver);
        if (fleet->options.on_ended)
                fleet->options.on_ended(driver, fleet->options.userdata);
        dead = realloc(fleet->dead, (fleet->n_dead + 1) * sizeof(Driver *));
        if (!dead)
                return;
        fleet->dead = dead;
        dead[fleet->n_dead++] = driver;
        *driver_mark(driver) = FLEET_MARK_DEAD;
        fleet_bury_later(fleet);
}

bool fleet_is_dead(const Driver *driver) {
        return *driver_mark((Driver *)driver) == FLEET_MARK_DEAD;
}

static void arm_trim(Fleet *fleet, uint64_t delay_usec) {
        (void)sd_event_source_set_time_relative(fleet->trim, delay_usec);
        (void)sd_event_source_set_enabled(fleet->trim, SD_EVENT_ONESHOT);
}

/* After much there is more to come: the last passes, and the connections, which are kept for a
   while. */
static int on_trim(sd_event_source *source, uint64_t usec, void *userdata) {
        Fleet *fleet = userdata;

        if (fleet->n_littered >= TRIM_MIN)
                arm_trim(fleet, TRIM_AGAIN_USEC);
        fleet->n_littered = 0;
        state_trim(fleet->options.state);
        (void)malloc_trim(0);
        return 0;
}

void fleet_litter(Fleet *fleet, size_t n) {
        const bool is_much = fleet->n_littered >= TRIM_MIN;

        fleet->n_littered += n;
        if (!is_much && fleet->n_littered >= TRIM_MIN)
                arm_trim(fleet, TRIM_DELAY_USEC);
}

static bool is_well(PublicationState state) {
        return state == PUBLICATION_PUBLISHED || state == PUBLICATION_STANDBY ||
               state == PUBLICATION_WITHDRAWN || state == PUBLICATION_OBSERVED;
}

/* A pass ended; many leave their publication in the state that it was in. */
static void on_ended(Driver *driver, void *userdata) {
        Fleet *fleet = userdata;
        const Publication *publication = driver_publication(driver);
        const PublicationState state = publication->state;

        fleet_litter(fleet, 1);
        if (publication->since_usec == schedule_now_usec(fleet->schedule))
                fleet->options.on_changed(fleet->options.userdata);
        if (fleet->options.on_ended)
                fleet->options.on_ended(driver, fleet->options.userdata);
        if (fleet->options.once) {
                fleet->failed = fleet->failed || !is_well(state);
                fleet->n_pending--;
                /* Else a failure would be tried again while others have their first pass. */
                driver_park(driver);
                fleet_bury_later(fleet);
        } else if (state == PUBLICATION_WITHDRAWN) {
                if (*driver_mark(driver) == FLEET_MARK_LEAVING)
                        fleet->n_pending--;
                if (!driver_is_held(driver))
                        fleet_kill_driver(fleet, driver);
        }
}

/* --dry-run. */
static void on_planned(const NewsSource *source, const Server *server, void *userdata) {
        news_print_plan(source, server);
}

int fleet_new(const FleetOptions *options, Fleet **ret_fleet) {
        Fleet *fleet = calloc(1, sizeof(*fleet));
        int r;

        if (!fleet)
                return -ENOMEM;
        fleet->options = *options;
        if ((r = schedule_new(options->event, driver_due, &fleet->schedule)) < 0 ||
            (r = summary_new(options->event, options->once, &fleet->summary)) < 0 ||
            (r = sd_event_add_defer(options->event, &fleet->bury, on_bury, fleet)) < 0 ||
            (r = sd_event_add_defer(options->event, &fleet->turn, fleet_on_turn, fleet)) < 0 ||
            (r = sd_event_source_set_priority(fleet->turn, TURN_PRIORITY)) < 0 ||
            (r = sd_event_add_time(options->event, &fleet->trim, CLOCK_MONOTONIC, 0, 0, on_trim,
                                   fleet)) < 0 ||
            (r = holds_new(options->state, &fleet->holds)) < 0) {
                (void)fleet_free(fleet);
                return r;
        }
        (void)sd_event_source_set_enabled(fleet->bury, SD_EVENT_OFF);
        (void)sd_event_source_set_enabled(fleet->turn, SD_EVENT_OFF);
        (void)sd_event_source_set_enabled(fleet->trim, SD_EVENT_OFF);
        fleet->drivers.name_of = driver_name_of_node;
        fleet->context = (DriverContext){
                .event = options->event,
                .zones = options->zones,
                .schedule = fleet->schedule,
                .summary = fleet->summary,
                .state = options->state,
                .once = options->once,
                .on_planned = options->dry_run ? on_planned : NULL,
                .on_ended = on_ended,
                .userdata = fleet,
        };
        *ret_fleet = fleet;
        return 0;
}

Fleet *fleet_free(Fleet *fleet) {
        if (!fleet)
                return NULL;
        fleet_forget_looks(fleet, true);
        fleet_end_work(fleet);
        (void)sd_event_source_disable_unref(fleet->bury);
        (void)sd_event_source_disable_unref(fleet->turn);
        (void)sd_event_source_disable_unref(fleet->trim);
        for (TreeNode *node; (node = fleet->drivers.root);) {
                tree_remove(&fleet->drivers, node);
                (void)driver_free(driver_of_node(node));
        }
        free(fleet->dead);
        (void)holds_free(fleet->holds);
        (void)summary_free(fleet->summary);
        (void)schedule_free(fleet->schedule);
        free(fleet);
        return NULL;
}

size_t fleet_n_pending(const Fleet *fleet) {
        return fleet->n_pending;
}

void fleet_fail(Fleet *fleet) {
        fleet->failed = true;
        fleet_bury_later(fleet);
}
