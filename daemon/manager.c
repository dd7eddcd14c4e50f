/* Owns the loop and everything on it. The set of drivers follows from the configuration and from
   what the state remembers: one for each record name in either. What is remembered and no longer
   wanted has a driver that withdraws it, with the access of then (rule O13).

   While this machine's name is needed and unknown, nothing is published or withdrawn.

   SIGHUP: read the configuration; if it is sound, act on the difference. One thing comes after the
   other: what is read is applied when what was read before has been; and however many signals came
   while it was read, it is read once more. SIGTERM, SIGINT: withdraw where OnStop=withdraw says so,
   for up to StopTimeout=, and end. */

#include "daemon/manager.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "daemon/bus.h"
#include "daemon/fleet.h"
#include "daemon/fqdn.h"
#include "daemon/hosts.h"
#include "daemon/identity.h"
#include "daemon/loading.h"
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

#define TARGET_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define STOP_MARGIN_USEC (10 * USEC_PER_SEC)
#define CLOSE_USEC (1 * USEC_PER_SEC)

struct Manager {
        ManagerOptions options;
        sd_event *event;
        Config *config;
        Loading *loading;
        Config *loaded; /* to be taken over */
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
        bool told_no_fqdn;
        TargetCheck *target_check;

        sd_event_source *signals[3];
        sd_event_source *stop_timer;
        sd_event_source *close_timer;
        bool wants_reload; /* the configuration is to be read again */
        bool reloading;    /* ... and systemd knows */
        bool is_outdated;  /* the fleet knows nothing of the configuration, or the name, yet */
        bool applying;
        bool stopping;
        int exit_code;
};

/* One pass, and the end. */
static bool is_one_shot(const Manager *manager) {
        return manager->options.once || manager->options.dry_run;
}

/* --- configuration ---------------------------------------------------------------------------- */

int manager_check_config(const ManagerOptions *options) {
        Config *config = NULL;
        int r = loading_now(options->config_file, &config);

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

/* --- the target ------------------------------------------------------------------------------- */

static const char *target_name(const Manager *manager) {
        return manager->config->target ? manager->config->target : fqdn_name(manager->fqdn);
}

static void check_target(Manager *manager) {
        const char *target = target_name(manager);
        Name name;

        if (!target || !manager->config->publishing || name_from_text(target, &name) < 0 ||
            target_check_is_of(manager->target_check, &name))
                return;
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

        manager->is_outdated = false;
        if (needs_fqdn(manager->config) && !fqdn_name(manager->fqdn))
                return 0; /* on_fqdn() comes back to it */
        check_target(manager);
        r = fleet_apply(manager->fleet, manager->config, target_name(manager),
                        fqdn_name(manager->fqdn));
        manager->applying = r == 0;
        return r;
}

/* why: "" was said already. */
static void refuse_reload(const char *why) {
        log_event(LOG_KIND_RELOAD_REFUSED, NULL,
                  "the new configuration is not used%s%s: the running one stays in force",
                  why[0] ? ", " : "", why);
}

/* What was read is the configuration from now on. */
static void take_over(Manager *manager, Config *config) {
        char text[CONFIG_DOMAINS_TEXT_MAX];
        int r;

        if (!config_same_resolvers(manager->config, config) &&
            (r = use_resolvers(manager, config)) < 0) {
                refuse_reload(strerror(-r));
                (void)config_free(config);
                return;
        }
        (void)config_free(manager->config);
        manager->config = config;
        manager->is_outdated = true;
        if (manager->options.log_level < 0)
                log_init(config->log_level);
        log_event(LOG_KIND_RELOADED, NULL, "configuration read again: %s",
                  config_domains_text(config, text));
        manager->told_no_fqdn = false; /* who reloads wants to know what is still missing */
        /* The present name serves until the look is over; another one comes as news. */
        fqdn_want(manager->fqdn, needs_fqdn(config));
}

static void give_up(Manager *manager, int r) {
        log_event(LOG_KIND_INTERNAL, NULL, "cannot go on: %s", strerror(-r));
        (void)sd_event_exit(manager->event, EXIT_FAILED);
}

/* The next thing to do, when nothing is under way that it has to wait for. */
static void go_on(Manager *manager) {
        int r = 0;

        if (manager->stopping || manager->applying)
                return;
        if (manager->loaded)
                take_over(manager, TAKE_PTR(manager->loaded));
        if (manager->is_outdated)
                r = apply(manager);
        if (r < 0) {
                give_up(manager, r);
                return;
        }
        if (manager->applying || loading_is_busy(manager->loading))
                return;
        if (manager->wants_reload) {
                manager->wants_reload = false;
                r = loading_begin(manager->loading);
                if (r == 0)
                        return;
                refuse_reload(strerror(-r));
        }
        if (!manager->reloading)
                return;
        manager->reloading = false;
        fleet_await(manager->fleet, false);
        notify_ready(manager->notify);
}

static void on_applied(int error, void *userdata) {
        Manager *manager = userdata;

        manager->applying = false;
        if (error < 0)
                give_up(manager, error);
        else
                go_on(manager);
}

static void tell_no_fqdn(Manager *manager, const char *text) {
        if (manager->told_no_fqdn)
                return;
        manager->told_no_fqdn = true;
        log_event(LOG_KIND_NO_FQDN, NULL,
                  "this machine's fully qualified name is not known: %s. Nothing is published or "
                  "withdrawn until it is: set Target= (and IncludeHomeDomain=no), or give the "
                  "machine a name "
                  "(hostnamectl, /etc/hosts)",
                  text);
        if (is_one_shot(manager))
                fleet_fail(manager->fleet);
}

static void on_fqdn(const char *text, void *userdata) {
        Manager *manager = userdata;

        if (manager->stopping)
                return;
        if (!fqdn_name(manager->fqdn)) {
                tell_no_fqdn(manager, text);
                return;
        }
        if (is_one_shot(manager))
                fqdn_want(manager->fqdn, false);
        manager->told_no_fqdn = false;
        manager->is_outdated = true;
        go_on(manager);
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

static void on_loaded(Config *config, void *userdata) {
        Manager *manager = userdata;

        if (!config)
                refuse_reload("");
        manager->loaded = config;
        go_on(manager);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Manager *manager = userdata;

        if (manager->stopping || is_one_shot(manager))
                return 0;
        notify_reloading(manager->notify);
        manager->wants_reload = manager->reloading = true;
        fleet_await(manager->fleet, true);
        go_on(manager);
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
                  "remembered, and withdrawn after the next start unless it is wanted then",
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
        fleet_stop(manager->fleet);
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
            (r = hosts_new(manager->event, manager->worker, &manager->hosts)) < 0 ||
            (r = loading_new(manager->event, manager->options.config_file, on_loaded, manager,
                             &manager->loading)) < 0 ||
            (r = fqdn_new(manager->event, manager->worker, on_fqdn, manager, &manager->fqdn)) < 0)
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
                .on_applied = on_applied,
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
        if (!needs_fqdn(manager->config))
                return apply(manager);
        fqdn_want(manager->fqdn, true);
        return 0;
}

static void manager_done(Manager *manager) {
        /* Users before what they use; the drivers have given their writes up when the state is
           closed. */
        (void)target_check_free(manager->target_check);
        (void)fqdn_free(manager->fqdn);
        (void)loading_free(manager->loading);
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
        (void)config_free(manager->loaded);
        for (size_t i = 0; i < ELEMENTSOF(manager->signals); i++)
                (void)sd_event_source_disable_unref(manager->signals[i]);
        (void)sd_event_source_disable_unref(manager->stop_timer);
        (void)sd_event_source_disable_unref(manager->close_timer);
        (void)sd_event_unref(manager->event);
}

int manager_run(const ManagerOptions *options) {
        Manager manager = {.options = *options};
        int r;

        if (loading_now(options->config_file, &manager.config) < 0)
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
