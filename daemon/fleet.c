/* The drivers, in a tree by record name. A reload marks what the new configuration wants; what is
   left unmarked is withdrawn, or let go if nothing of it is remembered. Drivers are freed from a
   deferred call, never from within their own. */

#include <errno.h>
#include <search.h>
#include <string.h>
#include <strings.h>

#include "daemon/fingerprint.h"
#include "daemon/fleet-self.h"
#include "daemon/log.h"
#include "lib/util.h"

int fleet_compare(const void *a, const void *b) {
        return strcasecmp(driver_record(a), driver_record(b));
}

static void forget_drivers(Fleet *fleet) {
        for (size_t i = 0; i < fleet->n_dead; i++) {
                (void)tdelete(fleet->dead[i], &fleet->root, fleet_compare);
                (void)driver_free(fleet->dead[i]);
        }
        fleet->n_dead = 0;
}

static int on_bury(sd_event_source *source, void *userdata) {
        Fleet *fleet = userdata;

        forget_drivers(fleet);
        fleet_forget_looks(fleet, false);
        fleet->options.on_changed(fleet->options.userdata);
        /* Until the first fleet_apply() nothing is pending because nothing is known. */
        if ((fleet->options.once || fleet->stopping) && fleet->n_pending == 0 &&
            (fleet->loaded || fleet->failed))
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
        *driver_mark(driver) = FLEET_ROUND_DEAD;
        fleet_bury_later(fleet);
}

bool fleet_is_dead(const Driver *driver) {
        return *driver_mark((Driver *)driver) == FLEET_ROUND_DEAD;
}

static bool is_well(PublicationState state) {
        return state == PUBLICATION_PUBLISHED || state == PUBLICATION_STANDBY ||
               state == PUBLICATION_WITHDRAWN || state == PUBLICATION_OBSERVED;
}

/* A pass ended. */
static void on_ended(Driver *driver, void *userdata) {
        Fleet *fleet = userdata;
        PublicationState state = driver_publication(driver)->state;

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
                if (fleet->stopping)
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
            (r = holds_new(options->state, &fleet->holds)) < 0) {
                (void)fleet_free(fleet);
                return r;
        }
        (void)sd_event_source_set_enabled(fleet->bury, SD_EVENT_OFF);
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

static void free_driver(void *driver) {
        (void)driver_free(driver);
}

Fleet *fleet_free(Fleet *fleet) {
        if (!fleet)
                return NULL;
        fleet_forget_looks(fleet, true);
        (void)sd_event_source_disable_unref(fleet->bury);
        tdestroy(fleet->root, free_driver);
        free(fleet->dead);
        (void)holds_free(fleet->holds);
        (void)summary_free(fleet->summary);
        (void)schedule_free(fleet->schedule);
        free(fleet);
        return NULL;
}

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
        Driver *driver, **node;
        int r;

        r = driver_new(&fleet->context, service, domain, &driver);
        if (r < 0)
                return r;
        /* tsearch() finds or inserts; a new one is the cheapest key to look with. */
        node = tsearch(driver, &fleet->root, fleet_compare);
        if (!node || *node != driver)
                (void)driver_free(driver);
        if (!node)
                return -ENOMEM;
        *ret_driver = *node;
        return 0;
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

static int want_all(Fleet *fleet, const char *home) {
        const char *home_domain = home ? strchr(home, '.') : NULL;
        Domain domain;
        int r = 0;

        for (size_t i = 0; r == 0 && i < fleet->config->n_domains; i++)
                r = want_domain(fleet, &fleet->config->domains[i]);
        if (r == 0 && home_domain && config_home_domain(fleet->config, home_domain + 1, &domain))
                r = want_domain(fleet, &domain);
        return r;
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

typedef struct Sweep {
        Fleet *fleet;
        int error;
} Sweep;

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

static void let_go(Fleet *fleet, Driver *driver, int *ret_error) {
        const Offer *offer = driver_offer(driver);
        uint64_t start_usec = 0;
        int r = 0;

        if (*driver_mark(driver) == fleet->round)
                return;
        if (driver_is_held(driver)) {
                r = driver_set(driver, &(Wanted){0}, driver_access(driver), 0);
                driver_hold(driver, false); /* it goes like any other now */
                if (driver_publication(driver)->state == PUBLICATION_WITHDRAWN)
                        fleet_kill_driver(fleet, driver);
        }
        /* What is being withdrawn goes on as it began, by the access of then (O13). */
        if (driver_publication(driver)->withdraw)
                return;
        if (offer)
                start_usec = leave_usec(fleet, offer->derived, &offer->target);
        if (driver_has_memory(driver))
                r = leave(fleet, driver, start_usec);
        else
                fleet_kill_driver(fleet, driver);
        if (r < 0)
                *ret_error = r;
}

static void on_node(const void *node, VISIT visit, void *userdata) {
        Sweep *sweep = userdata;

        if (visit != postorder && visit != leaf)
                return;
        driver_retry(*(Driver *const *)node);
        let_go(sweep->fleet, *(Driver *const *)node, &sweep->error);
}

int fleet_apply(Fleet *fleet, const Config *config, const char *target, const char *home) {
        Sweep sweep = {.fleet = fleet};
        Name name;
        int r;

        r = name_from_text(target, &name);
        if (r == 0)
                r = offer_new(&name, config->port, !config->target, &fleet->offer);
        if (r < 0)
                return r;
        forget_drivers(fleet);
        fleet->config = config;
        (void)snprintf(fleet->service, sizeof(fleet->service), "%s", config->service);
        note_derived(fleet);
        fleet->round++;
        r = list_hosts(fleet, &fleet->hosts);
        if (r == 0 && config->publishing)
                r = want_all(fleet, home);
        if (r == 0)
                holds_sweep(fleet->holds);
        if (r == 0 && !fleet->loaded)
                r = state_each(fleet->options.state, SIZE_MAX, on_row, fleet);
        if (r == 0) {
                fleet->loaded = true;
                twalk_r(fleet->root, on_node, &sweep);
                r = sweep.error;
        }
        fleet->offer = offer_unref(fleet->offer);
        fleet->hosts = host_list_unref(fleet->hosts);
        fleet->config = NULL;
        fleet->options.on_changed(fleet->options.userdata);
        fleet_bury_later(fleet);
        return r;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void on_stop_node(const void *node, VISIT visit, void *userdata) {
        Fleet *fleet = userdata;
        Driver *driver = *(Driver *const *)node;

        if (visit != postorder && visit != leaf)
                return;
        if (driver_has_memory(driver) && !driver_publication(driver)->withdraw &&
            driver_access(driver)->on_stop == ON_STOP_WITHDRAW &&
            driver_access(driver)->mode != MODE_OBSERVE) {
                fleet->n_pending++;
                (void)driver_set(driver, &(Wanted){0}, driver_access(driver), 0);
        } else {
                driver_park(driver);
        }
}

size_t fleet_stop(Fleet *fleet) {
        fleet->stopping = true;
        twalk_r(fleet->root, on_stop_node, fleet);
        return fleet->n_pending;
}

size_t fleet_n_pending(const Fleet *fleet) {
        return fleet->n_pending;
}

void fleet_fail(Fleet *fleet) {
        fleet->failed = true;
        fleet_bury_later(fleet);
}
