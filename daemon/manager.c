/* Owns the loop and everything on it. The set of drivers follows from the configuration and from
   what the state remembers: one for each record name in either. What is remembered and no longer
   wanted has a driver that withdraws it, with the access of then (rule O13).

   While this machine's name is needed and unknown, nothing is published or withdrawn.

   SIGHUP: read the configuration; if it is sound, act on the difference. SIGTERM, SIGINT: withdraw
   where OnStop=withdraw says so, for up to StopTimeout=, and end. */

#include "daemon/manager.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "daemon/access.h"
#include "daemon/bus.h"
#include "daemon/driver.h"
#include "daemon/fleet.h"
#include "daemon/fqdn.h"
#include "daemon/hosts.h"
#include "daemon/identity.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/resolver.h"
#include "daemon/state.h"
#include "daemon/target-check.h"
#include "daemon/worker.h"
#include "lib/util.h"

enum {
        WORKER_THREADS = 4,
};

#define FQDN_KNOWN_USEC (5 * USEC_PER_MINUTE)
#define FQDN_UNKNOWN_USEC (20 * USEC_PER_SEC)
#define TARGET_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define STOP_MARGIN_USEC (10 * USEC_PER_SEC)
#define CLOSE_USEC (1 * USEC_PER_SEC)

struct Manager {
        ManagerOptions options;
        sd_event *event;
        Config *config;
        Worker *worker;
        Resolver *resolver;
        Hosts *hosts;
        TicketTable tickets;
        SessionTable sessions;
        ZoneTable zones;
        State *state;
        Fleet *fleet;
        Notify *notify;
        Bus *bus; /* NULL with one pass */

        Fqdn *fqdn;
        char *fqdn_name; /* NULL: not known */
        bool told_no_fqdn;
        sd_event_source *fqdn_timer;
        TargetCheck *target_check;
        char *checked_target;

        sd_event_source *signals[3];
        sd_event_source *stop_timer;
        sd_event_source *close_timer;
        bool stopping;
        int exit_code;
};

/* One pass, and the end. */
static bool is_one_shot(const Manager *manager) {
        return manager->options.once || manager->options.dry_run;
}

/* --- configuration ---------------------------------------------------------------------------- */

static void tell_report(const ConfigReport *report) {
        for (size_t i = 0; i < report->n_messages; i++)
                log_event(report->messages[i].priority <= LOG_ERR       ? LOG_KIND_CONFIG_ERROR
                          : report->messages[i].priority <= LOG_WARNING ? LOG_KIND_CONFIG_WARNING
                                                                        : LOG_KIND_CONFIG_NOTE,
                          NULL, "%s", report->messages[i].text);
}

static int load_config(const ManagerOptions *options, Config **ret_config) {
        ConfigReport report = {0};
        int r = config_load(options->config_file, getenv("CREDENTIALS_DIRECTORY"), ret_config,
                            &report);

        tell_report(&report);
        config_report_done(&report);
        return r;
}

int manager_check_config(const ManagerOptions *options) {
        Config *config = NULL;
        int r = load_config(options, &config);

        (void)config_free(config);
        return r == 0 ? EXIT_OK : EXIT_CONFIGURATION;
}

static int use_resolvers(Manager *manager, const Config *config) {
        Resolver *resolver;
        int r = resolver_new(manager->event, config->resolvers, config->n_resolvers, &resolver);

        if (r < 0)
                return r;
        (void)resolver_free(manager->resolver);
        manager->resolver = resolver;
        manager->zones.resolver = resolver;
        /* Without Resolver= name servers are found as the machine finds hosts, /etc/hosts
           included. */
        hosts_set_resolver(manager->hosts, config->n_resolvers ? resolver : NULL);
        return 0;
}

static bool same_resolvers(const Config *a, const Config *b) {
        if (a->n_resolvers != b->n_resolvers)
                return false;
        for (size_t i = 0; i < a->n_resolvers; i++)
                if (strcmp(a->resolvers[i].host, b->resolvers[i].host) != 0 ||
                    a->resolvers[i].port != b->resolvers[i].port)
                        return false;
        return true;
}

/* --- the target ------------------------------------------------------------------------------- */

static const char *target_name(const Manager *manager) {
        return manager->config->target ? manager->config->target : manager->fqdn_name;
}

static void check_target(Manager *manager) {
        const char *target = target_name(manager);
        Name name;

        if (!target || !manager->config->publishing ||
            (manager->checked_target && strcasecmp(manager->checked_target, target) == 0) ||
            name_from_text(target, &name) < 0)
                return;
        free(manager->checked_target);
        manager->checked_target = strdup(target);
        manager->target_check = target_check_free(manager->target_check);
        (void)target_check_new(manager->resolver, &name, TARGET_TIMEOUT_USEC,
                               &manager->target_check);
}

/* Whether this machine's name is needed for anything. */
static bool needs_fqdn(const Config *config) {
        return !config->target || config->include_home_domain == HOME_DOMAIN_YES ||
               (config->include_home_domain == HOME_DOMAIN_AUTO && config->n_domains == 0);
}

/* Brings the fleet in line with the configuration and this machine's name. While the name is needed
   and not known nothing is published or withdrawn (O13): it may be the one thing that is missing.
 */
static int apply(Manager *manager) {
        int r;

        if (needs_fqdn(manager->config) && !manager->fqdn_name)
                return 0; /* on_fqdn() comes back to it */
        check_target(manager);
        r = fleet_apply(manager->fleet, manager->config, target_name(manager), manager->fqdn_name);
        if (r < 0)
                log_event(LOG_KIND_INTERNAL, NULL, "cannot go on: %s", strerror(-r));
        return r;
}

static void tell_no_fqdn(Manager *manager, const char *text) {
        if (manager->told_no_fqdn)
                return;
        manager->told_no_fqdn = true;
        log_event(LOG_KIND_NO_FQDN, NULL,
                  "this machine's fully qualified name is not known: %s. Nothing is published or "
                  "withdrawn "
                  "until it is: set Target= (and IncludeHomeDomain=no), or give the machine a name "
                  "(hostnamectl, /etc/hosts)",
                  text);
        if (is_one_shot(manager))
                fleet_fail(manager->fleet);
}

static int on_fqdn_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* Names change, and come late at boot: look again, now and then. */
static void arm_fqdn_timer(Manager *manager) {
        uint64_t wait_usec = manager->fqdn_name ? FQDN_KNOWN_USEC : FQDN_UNKNOWN_USEC;

        manager->fqdn_timer = sd_event_source_disable_unref(manager->fqdn_timer);
        (void)sd_event_add_time_relative(manager->event, &manager->fqdn_timer, CLOCK_BOOTTIME,
                                         wait_usec, USEC_PER_SEC, on_fqdn_timer, manager);
}

static void on_fqdn(const char *name, const char *text, void *userdata) {
        Manager *manager = userdata;
        bool is_news = false;

        if (manager->stopping)
                return;
        /* A passing trouble of the resolver is no reason to forget a name. */
        if (!name && !manager->fqdn_name) {
                tell_no_fqdn(manager, text);
        } else if (name && (!manager->fqdn_name || strcasecmp(manager->fqdn_name, name) != 0)) {
                free(manager->fqdn_name);
                manager->fqdn_name = strdup(name);
                manager->told_no_fqdn = false;
                is_news = true;
        }
        arm_fqdn_timer(manager);
        if (is_news && apply(manager) < 0)
                (void)sd_event_exit(manager->event, EXIT_FAILED);
}

static int look_fqdn(Manager *manager) {
        arm_fqdn_timer(manager); /* should this look come to nothing */
        if (!manager->fqdn)
                return fqdn_new(manager->event, manager->worker, on_fqdn, manager, &manager->fqdn);
        fqdn_look(manager->fqdn);
        return 0;
}

static int on_fqdn_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        if (needs_fqdn(manager->config) && !(is_one_shot(manager) && manager->fqdn_name))
                (void)look_fqdn(manager);
        return 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void on_closed(void *userdata) {
        Manager *manager = userdata;

        if (manager->close_timer)
                (void)sd_event_exit(manager->event, manager->exit_code);
}

static int on_close_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        on_closed(userdata);
        return 0;
}

/* The servers are asked to forget the contexts with them, for a moment; then the loop ends. */
static int finish(Manager *manager, int exit_code) {
        if (manager->close_timer)
                return 0;
        manager->exit_code = exit_code;
        if (session_table_close(&manager->sessions) &&
            sd_event_add_time_relative(manager->event, &manager->close_timer, CLOCK_BOOTTIME,
                                       CLOSE_USEC, 0, on_close_timer, manager) >= 0)
                return 0;
        return sd_event_exit(manager->event, exit_code);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void reload(Manager *manager) {
        Config *config, *old = manager->config;
        char text[CONFIG_DOMAINS_TEXT_MAX];
        int r;

        if (load_config(&manager->options, &config) < 0) {
                log_event(LOG_KIND_RELOAD_REFUSED, NULL,
                          "the new configuration is not used: the running one stays in force");
                return;
        }
        if (!same_resolvers(old, config) && (r = use_resolvers(manager, config)) < 0) {
                log_event(LOG_KIND_RELOAD_REFUSED, NULL,
                          "the new configuration is not used, the running one stays in force: %s",
                          strerror(-r));
                (void)config_free(config);
                return;
        }
        manager->config = config;
        if (manager->options.log_level < 0)
                log_init(config->log_level);
        log_event(LOG_KIND_RELOADED, NULL, "configuration read again: %s",
                  config_domains_text(config, text));
        manager->told_no_fqdn = false; /* who reloads wants to know what is still missing */
        /* The present name serves until the look is over; another one comes as news. */
        if (needs_fqdn(config))
                (void)look_fqdn(manager);
        if (apply(manager) < 0)
                (void)sd_event_exit(manager->event, EXIT_FAILED);
        (void)config_free(old);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Manager *manager = userdata;

        if (manager->stopping || is_one_shot(manager))
                return 0;
        notify_reloading(manager->notify);
        reload(manager);
        notify_ready(manager->notify);
        return 0;
}

static void on_fleet_done(bool all_well, void *userdata) {
        Manager *manager = userdata;

        (void)finish(manager, all_well || manager->stopping ? EXIT_OK : EXIT_FAILED);
}

static void on_fleet_changed(void *userdata) {
        Manager *manager = userdata;

        notify_changed(manager->notify, manager->fleet);
        if (manager->bus)
                bus_changed(manager->bus);
}

static void on_driver_ended(const Driver *driver, void *userdata) {
        Manager *manager = userdata;

        if (manager->bus)
                bus_ended(manager->bus, driver);
}

static int on_stop_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        log_event(LOG_KIND_UNFINISHED, NULL,
                  "not all was withdrawn within StopTimeout=, %zu to go: what is left is "
                  "remembered, and "
                  "withdrawn after the next start unless it is wanted then",
                  fleet_n_pending(manager->fleet));
        return finish(manager, EXIT_OK);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Manager *manager = userdata;

        if (manager->stopping)
                return sd_event_exit(manager->event, EXIT_OK);
        manager->stopping = true;
        if (is_one_shot(manager))
                return sd_event_exit(manager->event, EXIT_FAILED);
        /* From here on no reload and no other name: what is to be withdrawn is settled. */
        if (fleet_stop(manager->fleet) == 0) {
                notify_stopping(manager->notify, 0);
                return finish(manager, EXIT_OK);
        }
        notify_stopping(manager->notify, manager->config->stop_timeout_usec + STOP_MARGIN_USEC);
        return sd_event_add_time_relative(manager->event, &manager->stop_timer, CLOCK_MONOTONIC,
                                          manager->config->stop_timeout_usec, 0, on_stop_timeout,
                                          manager);
}

static int watch_signals(Manager *manager) {
        static const struct {
                int number;
                sd_event_signal_handler_t handler;
        } signals[ELEMENTSOF(manager->signals)] = {
                {SIGTERM, on_stop},
                {SIGINT, on_stop},
                {SIGHUP, on_reload},
        };

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                int r = sd_event_add_signal(manager->event, &manager->signals[i], signals[i].number,
                                            signals[i].handler, manager);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Before any thread starts, so that signals are the loop's alone. */
static int block_signals(void) {
        sigset_t set;

        (void)signal(SIGPIPE, SIG_IGN);
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        (void)sigaddset(&set, SIGHUP);
        return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

/* --- start and end ---------------------------------------------------------------------------- */

static int open_state(Manager *manager) {
        _cleanup_(freep) char *set_aside = NULL, *error = NULL;
        int r;

        if (manager->options.dry_run)
                r = state_open_to_look(manager->options.state_directory, MACHINE_ID_FILE,
                                       &manager->state, &error);
        else
                r = state_open(manager->event, manager->options.state_directory, MACHINE_ID_FILE,
                               &manager->state, &set_aside, &error);
        if (r < 0)
                log_event(LOG_KIND_STATE_FAILED, NULL, "%s", error ? error : strerror(-r));
        if (set_aside)
                log_event(LOG_KIND_STATE_SET_ASIDE, NULL, "%s", set_aside);
        return r;
}

static int start_parts(Manager *manager) {
        int r;

        if ((r = notify_new(manager->event, &manager->notify)) < 0 ||
            (r = worker_new(manager->event, WORKER_THREADS, &manager->worker)) < 0 ||
            (r = hosts_new(manager->event, manager->worker, &manager->hosts)) < 0)
                return r;
        manager->tickets = (TicketTable){.event = manager->event};
        manager->sessions = (SessionTable){
                .event = manager->event, .on_closed = on_closed, .userdata = manager};
        manager->zones = (ZoneTable){.hosts = manager->hosts,
                                     .tickets = &manager->tickets,
                                     .sessions = &manager->sessions};
        if ((r = use_resolvers(manager, manager->config)) < 0)
                return r;
        FleetOptions options = {
                .event = manager->event,
                .zones = &manager->zones,
                .state = manager->state,
                .once = is_one_shot(manager),
                .dry_run = manager->options.dry_run,
                .on_changed = on_fleet_changed,
                .on_ended = on_driver_ended,
                .on_done = on_fleet_done,
                .userdata = manager,
        };
        r = fleet_new(&options, &manager->fleet);
        if (r < 0 || is_one_shot(manager))
                return r;
        return bus_new(manager->event, manager->fleet, state_publisher_id(manager->state),
                       &manager->bus);
}

static int start(Manager *manager) {
        char text[CONFIG_DOMAINS_TEXT_MAX];
        int r;

        if ((r = block_signals()) < 0 || (r = sd_event_default(&manager->event)) < 0 ||
            (r = watch_signals(manager)) < 0 ||
            (r = sd_event_set_watchdog(manager->event, true)) < 0)
                return r;
        /* It has said itself what is wrong. */
        if (open_state(manager) < 0)
                return -ECANCELED;
        if ((r = start_parts(manager)) < 0)
                return r;
        if (!is_one_shot(manager))
                log_event(LOG_KIND_STARTED, NULL, "srvpubd %s started: %s", SRVPUBD_VERSION,
                          config_domains_text(manager->config, text));
        notify_ready(manager->notify);
        return needs_fqdn(manager->config) ? look_fqdn(manager) : apply(manager);
}

static void manager_done(Manager *manager) {
        /* Users before what they use; the drivers have given their writes up when the state is
           closed. */
        (void)target_check_free(manager->target_check);
        (void)fqdn_free(manager->fqdn);
        (void)notify_free(manager->notify);
        (void)fleet_free(manager->fleet);
        (void)bus_free(manager->bus); /* the fleet's end answers who waits there */
        session_table_done(&manager->sessions);
        ticket_table_done(&manager->tickets);
        (void)hosts_free(manager->hosts);
        (void)resolver_free(manager->resolver);
        (void)state_close(manager->state);
        (void)worker_free(manager->worker);
        (void)config_free(manager->config);
        for (size_t i = 0; i < ELEMENTSOF(manager->signals); i++)
                (void)sd_event_source_disable_unref(manager->signals[i]);
        (void)sd_event_source_disable_unref(manager->stop_timer);
        (void)sd_event_source_disable_unref(manager->close_timer);
        (void)sd_event_source_disable_unref(manager->fqdn_timer);
        (void)sd_event_unref(manager->event);
        free(manager->fqdn_name);
        free(manager->checked_target);
}

int manager_run(const ManagerOptions *options) {
        Manager manager = {.options = *options};
        int r;

        if (load_config(options, &manager.config) < 0)
                return EXIT_CONFIGURATION;
        if (options->log_level < 0)
                log_init(manager.config->log_level);
        r = start(&manager);
        if (r == 0)
                r = sd_event_loop(manager.event);
        else if (r != -ECANCELED)
                log_event(LOG_KIND_INTERNAL, NULL, "cannot start: %s", strerror(-r));
        manager_done(&manager);
        if (r >= 0 && !options->once && !options->dry_run)
                log_event(LOG_KIND_STOPPED, NULL, "srvpubd stopped");
        return r < 0 ? EXIT_FAILED : r;
}
