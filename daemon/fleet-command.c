/* What an operator may ask of one domain, and what a status shows of all. */

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "daemon/fleet-self.h"

static _printf_(2, 3) int refuse(char error[static FLEET_ERROR_MAX], const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(error, FLEET_ERROR_MAX, format, arguments);
        va_end(arguments);
        return -EINVAL;
}

static int fail(char error[static FLEET_ERROR_MAX], int r) {
        (void)snprintf(error, FLEET_ERROR_MAX, "%s", strerror(-r));
        return r;
}

/* --- looking ---------------------------------------------------------------------------------- */

static Driver *find_record(const Fleet *fleet, const char *record) {
        TreeNode *node = tree_find(&fleet->drivers, record);
        Driver *driver = node ? driver_of_node(node) : NULL;

        return driver && !fleet_is_dead(driver) ? driver : NULL;
}

typedef struct Walk {
        const char *domain; /* to find */
        Driver *found;
        size_t limit, n;
        void (*on_driver)(const Driver *driver, void *userdata);
        void *userdata;
} Walk;

static bool on_find(TreeNode *node, void *userdata) {
        Driver *driver = driver_of_node(node);
        Walk *walk = userdata;

        if (!fleet_is_dead(driver) && strcasecmp(driver_domain(driver), walk->domain) == 0)
                walk->found = driver;
        return !walk->found;
}

Driver *fleet_find(const Fleet *fleet, const char *domain) {
        Walk walk = {.domain = domain};
        char record[RECORD_MAX];
        Driver *driver = find_record(fleet, domain);

        if (driver || !fleet->service[0])
                return driver;
        (void)snprintf(record, sizeof(record), "%s.%s", fleet->service, domain);
        driver = find_record(fleet, record);
        if (driver)
                return driver;
        /* Of another service, which was configured before. */
        (void)tree_each(&fleet->drivers, "", on_find, &walk);
        return walk.found;
}

static bool on_each(TreeNode *node, void *userdata) {
        const Driver *driver = driver_of_node(node);
        Walk *walk = userdata;

        if (walk->n >= walk->limit)
                return false;
        if (!fleet_is_dead(driver)) {
                walk->n++;
                walk->on_driver(driver, walk->userdata);
        }
        return true;
}

size_t fleet_each(const Fleet *fleet, const char *after, size_t limit,
                  void (*on_driver)(const Driver *driver, void *userdata), void *userdata) {
        Walk walk = {.limit = limit, .on_driver = on_driver, .userdata = userdata};

        (void)tree_each(&fleet->drivers, after, on_each, &walk);
        return walk.n;
}

static bool on_count(TreeNode *node, void *userdata) {
        const Driver *driver = driver_of_node(node);
        const Publication *publication = driver_publication(driver);
        FleetCounts *counts = userdata;

        counts->n_wanted += !publication->withdraw;
        if (counts->n[publication->state]++ == 0)
                counts->example[publication->state] = driver_domain(driver);
        return true;
}

void fleet_count(const Fleet *fleet, FleetCounts *ret_counts) {
        *ret_counts = (FleetCounts){0};
        (void)tree_each(&fleet->drivers, "", on_count, ret_counts);
}

/* --- commands --------------------------------------------------------------------------------- */

/* It has left the configuration, and only its withdrawal is left to do. */
static int refuse_leaving(const Driver *driver, char error[static FLEET_ERROR_MAX]) {
        return refuse(error,
                      "%s is not published from here any more, only its record is still to be "
                      "withdrawn: put it into DnsDomainPublishList= again first",
                      driver_domain(driver));
}

int fleet_publish(Fleet *fleet, Driver *driver, char error[static FLEET_ERROR_MAX]) {
        int r = 0;

        if (fleet->stopping)
                return refuse(error, "srvpubd is stopping");
        if (!driver_is_configured(driver))
                return refuse_leaving(driver, error);
        if (driver_is_held(driver)) {
                r = holds_remove(fleet->holds, driver_record(driver));
                driver_hold(driver, false);
                return r < 0 ? fail(error, r) : 0;
        }
        driver_look(driver);
        return 0;
}

int fleet_withdraw(Fleet *fleet, Driver *driver, char error[static FLEET_ERROR_MAX]) {
        int r;

        if (fleet->stopping)
                return refuse(error, "srvpubd is stopping");
        if (!driver_is_configured(driver))
                return refuse(error, "%s is being withdrawn already", driver_domain(driver));
        if (driver_access(driver)->mode == MODE_OBSERVE)
                return refuse(error, "%s has Mode=observe: nothing is written for it",
                              driver_domain(driver));
        r = holds_add(fleet->holds, driver_record(driver), *driver_fingerprint(driver));
        if (driver_is_held(driver))
                driver_look(driver);
        driver_hold(driver, true);
        return r < 0 ? fail(error, r) : 0;
}

void fleet_await(Fleet *fleet, bool awaits) {
        holds_await(fleet->holds, awaits);
}

int fleet_forget(Fleet *fleet, Driver *driver, char error[static FLEET_ERROR_MAX]) {
        int r;

        if (fleet->stopping)
                return refuse(error, "srvpubd is stopping");
        if (driver_is_configured(driver))
                return refuse(error,
                              "%s is published from here: take it out of DnsDomainPublishList= "
                              "first; forget is for a withdrawal that can never be done",
                              driver_domain(driver));
        r = driver_forget(driver);
        if (r < 0)
                return fail(error, r);
        fleet_kill_driver(fleet, driver);
        return 0;
}

int fleet_takeover(Fleet *fleet, Driver *driver, const Srv *from,
                   char error[static FLEET_ERROR_MAX]) {
        int r;

        if (fleet->stopping)
                return refuse(error, "srvpubd is stopping");
        if (!driver_is_configured(driver))
                return refuse_leaving(driver, error);
        if (driver_access(driver)->mode == MODE_OBSERVE)
                return refuse(error, "%s has Mode=observe: nothing is written for it",
                              driver_domain(driver));
        if (driver_is_held(driver))
                return refuse(error,
                              "%s was withdrawn by command: srvpubctl publish %s comes before a "
                              "takeover",
                              driver_domain(driver), driver_domain(driver));
        r = driver_take_over(driver, from);
        return r < 0 ? fail(error, r) : 0;
}
