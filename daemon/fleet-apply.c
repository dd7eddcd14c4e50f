/* The drivers follow the configuration. What it wants is marked; what is left unmarked is
   withdrawn, or let go if nothing of it is remembered. At the end of the daemon: withdrawn, or
   given up.

   A hundred thousand domains would keep the loop for too long: each turn does some of them. In
   between answers come in and passes end; but none begins, for the schedule's turn is behind this
   one, so that nothing begins by the settings of before, or before all is known that is remembered
   of it. */

#include <errno.h>
#include <string.h>

#include "daemon/fingerprint.h"
#include "daemon/fleet-self.h"
#include "lib/util.h"

enum {
        SLICE = 1000, /* domains in a turn: 2 ms or so */
        ROWS_SLICE = 500,
};

/* --- following the configuration -------------------------------------------------------------- */

static void note_derived(Fleet *fleet) {
        Name derived = fleet->offer->derived ? fleet->offer->target : (Name){0};

        if (name_equal(&derived, &fleet->derived))
                return;
        fleet->derived = derived;
        fleet->derived_since_usec = schedule_now_usec(fleet->schedule);
}

/* O13: when the record that led to target may go, 0: at once. This machine's former name may come
   back (a resolver that has a bad day makes another name of it), and with it the home domain. */
static uint64_t leave_usec(const Fleet *fleet, bool derived, const Name *target) {
        if (!derived || !fleet->offer->derived || name_equal(target, &fleet->derived) ||
            !fleet->config->publishing)
                return 0;
        return fleet->derived_since_usec + PUBLICATION_STABLE_USEC;
}

/* The driver of service.domain, made if there is none. */
static int get_driver(Fleet *fleet, const char *service, const char *domain, Driver **ret_driver) {
        char record[RECORD_MAX];
        TreeNode *node;
        int r;

        (void)snprintf(record, sizeof(record), "%s.%s", service, domain);
        node = tree_find(&fleet->drivers, record);
        if (node) {
                *ret_driver = driver_of_node(node);
                return 0;
        }
        r = driver_new(&fleet->context, service, domain, ret_driver);
        if (r == 0)
                tree_insert(&fleet->drivers, driver_node(*ret_driver));
        return r;
}

static int set_driver(Fleet *fleet, Driver *driver, const Wanted *wanted, const Settings *settings,
                      uint64_t start_usec) {
        Access *access;
        int r;

        r = access_get(&fleet->accesses, settings, &access);
        if (r < 0)
                return r;
        if (fleet->options.once && !driver_access(driver))
                fleet->n_pending++;
        r = driver_set(driver, wanted, access, start_usec);
        (void)access_unref(access);
        return r;
}

static int want_domain(Fleet *fleet, const Domain *domain) {
        Wanted wanted = {
                .offer = fleet->offer,
                .priority = domain->priority,
                .weight = domain->weight,
                .ttl_sec = domain->ttl_sec,
                .hosts = fleet->hosts,
        };
        Driver *driver;
        int r;

        r = get_driver(fleet, fleet->config->service, domain->name, &driver);
        if (r < 0)
                return r;
        *driver_mark(driver) = fleet->round;
        *driver_fingerprint(driver) = fingerprint_make(fleet->config, domain);
        const bool is_held =
                holds_has(fleet->holds, driver_record(driver), *driver_fingerprint(driver));
        if (is_held)
                driver_hold(driver, true);
        r = set_driver(fleet, driver, &wanted, domain->settings, 0);
        /* Behind it: nothing begins by the settings of before. */
        if (!is_held)
                driver_hold(driver, false);
        return r;
}

/* [Host]s; one that is the derived target itself is left out. */
static int list_hosts(Fleet *fleet, HostList **ret_list) {
        const Config *config = fleet->config;
        HostList *list;
        Name name;
        int r;

        if (config->n_hosts == 0)
                return 0;
        r = host_list_new(config->n_hosts, &list);
        for (size_t i = 0; r == 0 && i < config->n_hosts; i++) {
                const Host *host = &config->hosts[i];
                HostOffer *slot = &list->hosts[list->n];

                r = name_from_text(host->name, &name);
                if (r == 0)
                        r = offer_new(&name, host->port, false, &slot->offer);
                if (r == 0 && offer_equal(slot->offer, fleet->offer)) {
                        slot->offer = offer_unref(slot->offer);
                } else if (r == 0) {
                        slot->priority = host->priority;
                        slot->weight = host->weight;
                        list->n++;
                }
        }
        if (r < 0)
                (void)host_list_unref(list);
        else
                *ret_list = list;
        return r;
}

static int want_home(Fleet *fleet) {
        const char *domain = fleet->home ? strchr(fleet->home, '.') : NULL;
        Domain wanted;

        return domain && config_home_domain(fleet->config, domain + 1, &wanted)
                       ? want_domain(fleet, &wanted)
                       : 0;
}

/* 1: there is more. So in the next two. */
static int want_some(Fleet *fleet) {
        const Config *config = fleet->config;
        int r = 0;

        if (!config->publishing)
                return 0;
        for (size_t i = 0; r == 0 && i < SLICE && fleet->next < config->n_domains; i++)
                r = want_domain(fleet, &config->domains[fleet->next++]);
        if (r < 0 || fleet->next < config->n_domains)
                return r < 0 ? r : 1;
        return want_home(fleet);
}

/* --- following the state ---------------------------------------------------------------------- */

/* The settings that a remembered record was published with; times are today's. */
static int row_settings(const Fleet *fleet, const StateRow *row, Settings *ret_settings,
                        Endpoint endpoints[static HOST_SERVERS_MAX]) {
        _cleanup_(freep) char *servers = strdup(row->servers);
        char *rest, *word;
        size_t n = 0;

        if (!servers)
                return -ENOMEM;
        for (word = strtok_r(servers, " ", &rest); word && n < HOST_SERVERS_MAX;
             word = strtok_r(NULL, " ", &rest))
                if (endpoint_from_text(word, &endpoints[n]) == 0)
                        n++;
        *ret_settings = fleet->config->settings;
        ret_settings->servers = endpoints;
        ret_settings->n_servers = n;
        ret_settings->zone = row->zone_given ? (char *)row->zone : NULL;
        ret_settings->security = row->security;
        ret_settings->key_file = row->security == SECURITY_TSIG ? (char *)row->key_file : NULL;
        ret_settings->keytab = row->security == SECURITY_GSS ? (char *)row->keytab : NULL;
        ret_settings->principal = *row->principal ? (char *)row->principal : NULL;
        ret_settings->realm = *row->realm ? (char *)row->realm : NULL;
        /* A withdrawal that was not finished goes on at the next start. */
        ret_settings->on_stop = ON_STOP_KEEP;
        return 0;
}

static const char *row_service(const StateRow *row, char service[static 256]) {
        size_t record = strlen(row->record), domain = strlen(row->domain);

        if (record <= domain + 1 || record - domain - 1 >= 256)
                return NULL;
        (void)snprintf(service, 256, "%.*s", (int)(record - domain - 1), row->record);
        return service;
}

static int on_row(const StateRow *row, void *userdata) {
        Fleet *fleet = userdata;
        Endpoint endpoints[HOST_SERVERS_MAX];
        char service[256];
        uint64_t start_usec;
        Settings settings;
        Driver *driver;
        Name target;
        int r;

        if (!row_service(row, service) || name_from_text(row->target, &target) < 0)
                return 0;
        r = get_driver(fleet, service, row->domain, &driver);
        if (r < 0)
                return r;
        if (!driver_access(driver)) {
                start_usec = leave_usec(fleet, row->derived, &target);
                if (start_usec > 0 && fleet->options.once)
                        return 0; /* it is not for this pass */
                r = row_settings(fleet, row, &settings, endpoints);
                if (r == 0)
                        r = set_driver(fleet, driver, &(Wanted){0}, &settings, start_usec);
                if (r < 0)
                        return r;
                *driver_mark(driver) = fleet->round;
        }
        return driver_remember(driver, row);
}

/* --- what is left out ------------------------------------------------------------------------- */

/* By the access of then; but what was only observed is withdrawn as it would be after a restart, by
   today's general policy (O7, O13). */
static int leave(Fleet *fleet, Driver *driver, uint64_t start_usec) {
        Access *access = driver_access(driver), *general;
        Settings settings = fleet->config->settings;
        int r;

        if (access->mode != MODE_OBSERVE)
                return driver_set(driver, &(Wanted){0}, access, start_usec);
        settings.servers = access->servers;
        settings.n_servers = access->n_servers;
        settings.zone = access->zone;
        settings.security = access->security;
        settings.key_file = access->key_file;
        settings.keytab = access->keytab;
        settings.principal = access->principal;
        settings.realm = access->realm;
        settings.on_stop = ON_STOP_KEEP;
        r = access_get(&fleet->accesses, &settings, &general);
        if (r < 0)
                return r;
        r = driver_set(driver, &(Wanted){0}, general, start_usec);
        (void)access_unref(general);
        return r;
}

static int let_go(Fleet *fleet, Driver *driver) {
        const Offer *offer = driver_offer(driver);
        uint64_t start_usec = 0;
        int r = 0;

        if (driver_is_held(driver)) {
                (void)holds_remove(fleet->holds, driver_record(driver));
                r = driver_set(driver, &(Wanted){0}, driver_access(driver), 0);
                driver_hold(driver, false); /* it goes like any other now */
                if (driver_publication(driver)->state == PUBLICATION_WITHDRAWN)
                        fleet_kill_driver(fleet, driver);
        }
        /* What is being withdrawn goes on as it began, by the access of then (O13). */
        if (driver_publication(driver)->withdraw)
                return r;
        if (offer)
                start_usec = leave_usec(fleet, offer->derived, &offer->target);
        if (driver_has_memory(driver))
                return leave(fleet, driver, start_usec);
        fleet_kill_driver(fleet, driver);
        return 0;
}

/* --- turns ------------------------------------------------------------------------------------ */

/* Some drivers, and where to go on. */
typedef struct Walk {
        Fleet *fleet;
        int (*on_driver)(Fleet *fleet, Driver *driver);
        size_t n;
        int error;
} Walk;

static bool on_node(TreeNode *node, void *userdata) {
        Driver *driver = driver_of_node(node);
        Walk *walk = userdata;

        if (walk->n++ >= SLICE)
                return false;
        (void)snprintf(walk->fleet->after, RECORD_MAX, "%s", driver_record(driver));
        walk->error = walk->on_driver(walk->fleet, driver);
        return walk->error == 0;
}

static int walk_some(Fleet *fleet, int (*on_driver)(Fleet *fleet, Driver *driver)) {
        Walk walk = {.fleet = fleet, .on_driver = on_driver};

        if (tree_each(&fleet->drivers, fleet->after, on_node, &walk))
                return 0;
        return walk.error < 0 ? walk.error : 1;
}

static int sweep_driver(Fleet *fleet, Driver *driver) {
        if (fleet_is_dead(driver))
                return 0;
        driver_retry(driver);
        return *driver_mark(driver) == fleet->round ? 0 : let_go(fleet, driver);
}

static int stop_driver(Fleet *fleet, Driver *driver) {
        const Access *access = driver_access(driver);

        if (fleet_is_dead(driver))
                return 0;
        if (!driver_has_memory(driver) || driver_publication(driver)->withdraw ||
            access->on_stop != ON_STOP_WITHDRAW || access->mode == MODE_OBSERVE) {
                driver_park(driver);
                return 0;
        }
        fleet->n_pending++;
        *driver_mark(driver) = FLEET_MARK_LEAVING;
        (void)driver_set(driver, &(Wanted){0}, driver_access(driver), 0);
        return 0;
}

static int work_some(Fleet *fleet) {
        switch (fleet->work) {
        case FLEET_WORK_DOMAINS:
                return want_some(fleet);
        case FLEET_WORK_ROWS:
                return fleet->loaded ? 0
                                     : state_each(fleet->options.state, ROWS_SLICE, on_row, fleet);
        case FLEET_WORK_SWEEP:
                return walk_some(fleet, sweep_driver);
        case FLEET_WORK_STOP:
                return walk_some(fleet, stop_driver);
        case FLEET_WORK_NONE:
                break;
        }
        return 0;
}

static void begin_work(Fleet *fleet, FleetWork work) {
        fleet->work = work;
        fleet->next = 0;
        fleet->after[0] = '\0';
        (void)sd_event_source_set_enabled(fleet->turn,
                                          work == FLEET_WORK_NONE ? SD_EVENT_OFF : SD_EVENT_ON);
}

void fleet_end_work(Fleet *fleet) {
        begin_work(fleet, FLEET_WORK_NONE);
        fleet->offer = offer_unref(fleet->offer);
        fleet->hosts = host_list_unref(fleet->hosts);
        fleet->config = NULL;
        free(TAKE_PTR(fleet->home));
}

static void end_applying(Fleet *fleet, int r) {
        if (r == 0) {
                fleet->loaded = true;
                holds_sweep(fleet->holds);
        }
        fleet_litter(fleet, fleet->config->n_domains);
        fleet_end_work(fleet);
        if (fleet->stopping)
                begin_work(fleet, FLEET_WORK_STOP);
        fleet->options.on_changed(fleet->options.userdata);
        fleet->options.on_applied(r, fleet->options.userdata);
}

int fleet_on_turn(sd_event_source *source, void *userdata) {
        Fleet *fleet = userdata;
        int r;

        r = work_some(fleet);
        if (r > 0)
                return 0;
        if (fleet->work == FLEET_WORK_STOP)
                fleet_end_work(fleet);
        else if (r < 0 || fleet->work == FLEET_WORK_SWEEP)
                end_applying(fleet, r);
        else
                begin_work(fleet, fleet->work + 1);
        fleet_bury_later(fleet);
        return 0;
}

int fleet_apply(Fleet *fleet, const Config *config, const char *target, const char *home) {
        Name name;
        int r;

        r = name_from_text(target, &name);
        if (r == 0)
                r = offer_new(&name, config->port, !config->target, &fleet->offer);
        if (r < 0)
                return r;
        fleet->config = config;
        (void)snprintf(fleet->service, sizeof(fleet->service), "%s", config->service);
        note_derived(fleet);
        fleet->round++;
        if (home && !(fleet->home = strdup(home)))
                r = -ENOMEM;
        if (r == 0)
                r = list_hosts(fleet, &fleet->hosts);
        /* From here on writes wait until all is read. */
        if (r == 0 && !fleet->loaded)
                r = state_each(fleet->options.state, 0, on_row, fleet);
        if (r < 0) {
                fleet_end_work(fleet);
                return r;
        }
        holds_begin(fleet->holds);
        begin_work(fleet, FLEET_WORK_DOMAINS);
        return 0;
}

void fleet_stop(Fleet *fleet) {
        fleet->stopping = true;
        if (fleet->work == FLEET_WORK_NONE)
                begin_work(fleet, FLEET_WORK_STOP);
}
