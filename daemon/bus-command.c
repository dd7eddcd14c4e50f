/* A call that cannot be answered at once is pending:

        asking (who is the sender?) -> waiting (for a pass to end) -> answered
        planning (for the fleet's look)                            -> answered

   The policy of the bus lets only root change something. It is a file, and files get edited: so the
   bus is asked who the sender is. sd-bus would do so itself, but wait for the answer.

   How many are pending is bounded. One whose sender has gone is answered to nobody: a pass that has
   begun ends all the same. */

#include "daemon/bus-command.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "daemon/bus-view.h"
#include "daemon/driver.h"
#include "lib/util.h"

#define ERROR_NO_SUCH_DOMAIN "org.srvpubd1.Error.NoSuchDomain"
#define ERROR_NOT_NOW "org.srvpubd1.Error.NotNow"

enum {
        CHANGES_MAX = 4096,
};

typedef struct Pending {
        BusCommands *commands; /* NULL: the connection has ended, the fleet's answer is still due */
        struct Pending *previous, *next;
        BusCommand command;
        sd_bus_message *call;
        sd_bus_slot *asking;
        const Driver *driver; /* whose pass is waited for; only compared, for it may be gone */
} Pending;

struct BusCommands {
        Fleet *fleet;
        Pending *first;
        Pending *running; /* NULL: none, or it has been answered meanwhile */
        size_t n_changes;
};

static int pending_new(BusCommands *commands, BusCommand command, sd_bus_message *call,
                       Pending **ret_pending) {
        Pending *pending = calloc(1, sizeof(*pending));

        if (!pending)
                return -ENOMEM;
        *pending = (Pending){.commands = commands,
                             .next = commands->first,
                             .command = command,
                             .call = sd_bus_message_ref(call)};
        if (pending->next)
                pending->next->previous = pending;
        commands->first = pending;
        commands->n_changes += command != BUS_PLAN;
        *ret_pending = pending;
        return 0;
}

/* Nobody waits for it any more. */
static void pending_leave(Pending *pending) {
        if (!pending->commands)
                return;
        if (pending->previous)
                pending->previous->next = pending->next;
        else
                pending->commands->first = pending->next;
        if (pending->next)
                pending->next->previous = pending->previous;
        if (pending->commands->running == pending)
                pending->commands->running = NULL;
        pending->commands->n_changes -= pending->command != BUS_PLAN;
        pending->asking = sd_bus_slot_unref(pending->asking);
        pending->call = sd_bus_message_unref(pending->call);
        pending->commands = NULL;
}

static Pending *pending_free(Pending *pending) {
        if (!pending)
                return NULL;
        pending_leave(pending);
        free(pending);
        return NULL;
}

int bus_commands_new(Fleet *fleet, BusCommands **ret_commands) {
        BusCommands *commands = calloc(1, sizeof(*commands));

        if (!commands)
                return -ENOMEM;
        commands->fleet = fleet;
        *ret_commands = commands;
        return 0;
}

BusCommands *bus_commands_free(BusCommands *commands) {
        while (commands && commands->first) {
                Pending *pending = commands->first;

                pending_leave(pending);
                if (pending->command != BUS_PLAN)
                        pending_free(pending);
        }
        free(commands);
        return NULL;
}

/* --- plans ------------------------------------------------------------------------------------ */

static int reply_plan(sd_bus_message *call, const FleetPlan *plan) {
        sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(call, &reply);

        if (r >= 0)
                r = bus_append_plan(reply, plan);
        r = r < 0 ? sd_bus_reply_method_errno(call, r, NULL) : sd_bus_send(NULL, reply, NULL);
        (void)sd_bus_message_unref(reply);
        return r;
}

static void on_plan(const FleetPlan *plan, void *userdata) {
        Pending *pending = userdata;

        if (pending->commands)
                (void)reply_plan(pending->call, plan);
        pending_free(pending);
}

/* --- arguments -------------------------------------------------------------------------------- */

Driver *bus_find_driver(const Fleet *fleet, const char *domain, sd_bus_error *error) {
        char text[NAME_TEXT_MAX];
        Driver *driver = NULL;
        Name name;

        if (strlen(domain) >= NAME_TEXT_MAX || name_from_text(domain, &name) < 0) {
                (void)sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "that is no domain name");
                return NULL;
        }
        driver = fleet_find(fleet, name_to_text(&name, text));
        if (!driver)
                (void)sd_bus_error_setf(error, ERROR_NO_SUCH_DOMAIN,
                                        "srvpubd has nothing to do with %s", text);
        return driver;
}

/* Without a port: the one that we publish. */
static int read_from(const Driver *driver, const char *host, uint16_t port, Srv *ret_from,
                     sd_bus_error *error) {
        DriverView view;

        *ret_from = (Srv){.port = port};
        if (strlen(host) >= NAME_TEXT_MAX || name_from_text(host, &ret_from->target) < 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "that is no host name");
        driver_view(driver, &view);
        if (port == 0 && view.n_srv == 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
                                        "nothing is published here whose port could be meant: name "
                                        "the port");
        if (port == 0)
                ret_from->port = driver_srv(driver, 0).port;
        return 0;
}

/* What a call names: a domain, and a host where the command has one. Returns whether there is. */
static int read_call(const BusCommands *commands, BusCommand command, sd_bus_message *call,
                     Driver **ret_driver, Srv *ret_from, sd_bus_error *error) {
        bool takes_host = command == BUS_TAKEOVER || command == BUS_PLAN;
        const char *domain, *host = "";
        uint16_t port = 0;
        int r = takes_host ? sd_bus_message_read(call, "ssq", &domain, &host, &port)
                           : sd_bus_message_read(call, "s", &domain);

        if (r < 0)
                return r;
        *ret_driver = bus_find_driver(commands->fleet, domain, error);
        if (!*ret_driver)
                return -EINVAL;
        if (command == BUS_TAKEOVER || host[0]) {
                r = read_from(*ret_driver, host, port, ret_from, error);
                return r < 0 ? r : 1;
        }
        return 0;
}

/* --- changes ---------------------------------------------------------------------------------- */

static int carry_out(Fleet *fleet, BusCommand command, Driver *driver, const Srv *from,
                     char error[static FLEET_ERROR_MAX]) {
        switch (command) {
        case BUS_PUBLISH:
                return fleet_publish(fleet, driver, error);
        case BUS_WITHDRAW:
                return fleet_withdraw(fleet, driver, error);
        case BUS_FORGET:
                return fleet_forget(fleet, driver, error);
        case BUS_TAKEOVER:
                return fleet_takeover(fleet, driver, from, error);
        case BUS_PLAN:
        case _BUS_COMMAND_MAX:
                break;
        }
        return -EINVAL;
}

static bool is_well(BusCommand command, PublicationState state) {
        switch (command) {
        case BUS_PUBLISH:
                return state == PUBLICATION_PUBLISHED || state == PUBLICATION_STANDBY ||
                       state == PUBLICATION_OBSERVED;
        case BUS_WITHDRAW:
                return state == PUBLICATION_WITHDRAWN;
        case BUS_TAKEOVER:
                return state == PUBLICATION_PUBLISHED;
        case BUS_FORGET:
        case BUS_PLAN:
        case _BUS_COMMAND_MAX:
                break;
        }
        return false;
}

static int reply_change(sd_bus_message *call, bool well, const char *state, const char *text) {
        sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(call, &reply);

        if (r >= 0)
                r = sd_bus_message_append(reply, "bs", well, state);
        if (r >= 0)
                r = bus_append_text(reply, text);
        r = r < 0 ? sd_bus_reply_method_errno(call, r, NULL) : sd_bus_send(NULL, reply, NULL);
        (void)sd_bus_message_unref(reply);
        return r;
}

void bus_commands_ended(BusCommands *commands, const Driver *driver) {
        DriverView view = {0};

        for (Pending *pending = commands->first, *next; pending; pending = next) {
                next = pending->next;
                if (pending->driver != driver)
                        continue;
                if (!view.domain)
                        driver_view(driver, &view);
                (void)reply_change(pending->call, is_well(pending->command, view.state),
                                   publication_state_to_string(view.state), view.trouble);
                pending_free(pending);
        }
}

/* Forgotten: there may be no pass of it that ends. */
static void answer_forgotten(BusCommands *commands, const Driver *driver) {
        for (Pending *pending = commands->first, *next; pending; pending = next) {
                next = pending->next;
                if (pending->driver != driver)
                        continue;
                (void)sd_bus_reply_method_errorf(pending->call, ERROR_NOT_NOW,
                                                 "it was forgotten by another command meanwhile");
                pending_free(pending);
        }
}

/* Returns 1 when it is out of our hands, 0 when it is answered and over. */
static int pending_run(Pending *pending, sd_bus_error *error) {
        BusCommands *commands = pending->commands;
        BusCommand command = pending->command;
        char sentence[FLEET_ERROR_MAX] = "";
        Driver *driver;
        Srv from;
        int r = read_call(commands, command, pending->call, &driver, &from, error);

        if (r < 0)
                return r;
        /* A pass may end at once. */
        pending->driver = command == BUS_FORGET ? NULL : driver;
        commands->running = pending;
        r = carry_out(commands->fleet, command, driver, &from, sentence);
        if (!commands->running)
                return 1;
        commands->running = NULL;
        if (r == -EINVAL)
                return sd_bus_error_setf(error, ERROR_NOT_NOW, "%s", sentence);
        if (r < 0 || command != BUS_FORGET)
                return r < 0 ? r : 1;
        answer_forgotten(commands, driver);
        return reply_change(pending->call, true, "forgotten", "");
}

static void pending_refuse(Pending *pending, int number, const sd_bus_error *error) {
        (void)sd_bus_reply_method_errno(pending->call, number, error);
        pending_free(pending);
}

static bool may_change(sd_bus_message *answer) {
        uint32_t uid;

        return !sd_bus_message_is_method_error(answer, NULL) &&
               sd_bus_message_read(answer, "u", &uid) > 0 && (uid == 0 || uid == getuid());
}

static int on_sender(sd_bus_message *answer, void *userdata, sd_bus_error *unused) {
        Pending *pending = userdata;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        pending->asking = sd_bus_slot_unref(pending->asking);
        if (may_change(answer))
                r = pending_run(pending, &error);
        else
                r = sd_bus_error_set(&error, SD_BUS_ERROR_ACCESS_DENIED,
                                     "only root may change what srvpubd does");
        if (r < 0)
                pending_refuse(pending, r, &error);
        else if (r == 0)
                pending_free(pending);
        sd_bus_error_free(&error);
        return 0;
}

static int ask_sender(Pending *pending) {
        return sd_bus_call_method_async(sd_bus_message_get_bus(pending->call), &pending->asking,
                                        "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                        "org.freedesktop.DBus", "GetConnectionUnixUser", on_sender,
                                        pending, "s", sd_bus_message_get_sender(pending->call));
}

static int refuse_too_many(sd_bus_error *error) {
        return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                "too many calls wait for their answer: try again later");
}

static int begin_plan(Pending *pending, sd_bus_error *error) {
        Driver *driver;
        Srv from;
        int r = read_call(pending->commands, BUS_PLAN, pending->call, &driver, &from, error);

        if (r < 0)
                return r;
        r = fleet_plan(pending->commands->fleet, driver, r > 0 ? &from : NULL, on_plan, pending);
        return r == -EBUSY ? refuse_too_many(error) : r;
}

int bus_commands_begin(BusCommands *commands, BusCommand command, sd_bus_message *call,
                       sd_bus_error *error) {
        bool is_plan = command == BUS_PLAN;
        Pending *pending;
        int r;

        if (!is_plan && commands->n_changes >= CHANGES_MAX)
                return refuse_too_many(error);
        if ((r = pending_new(commands, command, call, &pending)) < 0)
                return r;
        r = is_plan ? begin_plan(pending, error) : ask_sender(pending);
        if (r < 0)
                pending_free(pending);
        return r < 0 ? r : 1;
}
