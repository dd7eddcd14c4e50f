/* org.srvpubd1.Manager. Who may read, anyone, asks for a page of publications at a time: the size
   of an answer is bounded, and so is the time the loop spends on it. Who asks faster than the bus
   takes the answers is told so.

   Counting walks over all publications: it is done when somebody reads the counts, or after a
   change, and not again before the next change. */

#include "daemon/bus-object.h"

#include <errno.h>
#include <string.h>

#include "daemon/bus-command.h"
#include "daemon/bus-view.h"
#include "daemon/status.h"
#include "lib/util.h"

enum {
        PAGE_MAX = 5000,
        PAGE_BYTES = 8 * 1024 * 1024,
        UNSENT_MAX = 16,
};

#define CHANGED_DELAY_USEC (100 * USEC_PER_MSEC)

/* What the properties say. */
typedef struct Counted {
        char status[STATUS_TEXT_MAX];
        size_t n[_PUBLICATION_STATE_MAX];
} Counted;

struct BusObject {
        sd_bus *bus;
        Fleet *fleet;
        BusCommands *commands;
        sd_bus_slot *vtable;
        sd_event_source *timer;
        char id[PUBLISHER_ID_TEXT_MAX];
        bool is_outdated;
        Counted counted, told;
};

/* --- properties ------------------------------------------------------------------------------- */

static void count(BusObject *object) {
        FleetCounts counts;

        if (!object->is_outdated)
                return;
        object->is_outdated = false;
        fleet_count(object->fleet, &counts);
        memcpy(object->counted.n, counts.n, sizeof(counts.n));
        memset(object->counted.status, 0, sizeof(object->counted.status)); /* it is compared */
        status_text(&counts, object->counted.status);
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return bus_append_text(reply, SRVPUBD_VERSION);
}

static int get_id(sd_bus *bus, const char *path, const char *interface, const char *property,
                  sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        BusObject *object = userdata;

        return bus_append_text(reply, object->id);
}

static int get_status(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        BusObject *object = userdata;

        count(object);
        return bus_append_text(reply, object->counted.status);
}

static int get_counts(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        BusObject *object = userdata;
        int r = sd_bus_message_open_container(reply, 'a', "{su}");

        count(object);
        for (PublicationState state = 0; r >= 0 && state < _PUBLICATION_STATE_MAX; state++)
                r = sd_bus_message_append(reply, "{su}", publication_state_to_string(state),
                                          (uint32_t)object->counted.n[state]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int on_changed(sd_event_source *source, uint64_t usec, void *userdata) {
        BusObject *object = userdata;

        object->timer = sd_event_source_disable_unref(object->timer);
        count(object);
        if (memcmp(&object->counted, &object->told, sizeof(object->told)) == 0)
                return 0;
        object->told = object->counted;
        (void)sd_bus_emit_properties_changed(object->bus, BUS_PATH, BUS_INTERFACE, "Status",
                                             "Counts", NULL);
        return 0;
}

void bus_object_changed(BusObject *object) {
        object->is_outdated = true;
        if (!object->timer)
                (void)sd_event_add_time_relative(sd_bus_get_event(object->bus), &object->timer,
                                                 CLOCK_MONOTONIC, CHANGED_DELAY_USEC, 0, on_changed,
                                                 object);
}

/* --- methods ---------------------------------------------------------------------------------- */

typedef struct Page {
        sd_bus_message *reply;
        BusClock clock;
        size_t n_bytes;
        int r;
} Page;

static void add_to_page(const Driver *driver, void *userdata) {
        Page *page = userdata;
        DriverView view;

        if (page->r < 0 || page->n_bytes > PAGE_BYTES)
                return;
        driver_view(driver, &view);
        /* About; where it is shorter than was asked for, the caller asks for what comes behind. */
        page->n_bytes += 512 + strlen(view.trouble) + view.n_srv * SRV_TEXT_MAX / 8;
        page->r = bus_append_publication(page->reply, driver, &view, &page->clock);
}

/* Whether what was answered up to now waits to be taken by the bus. */
static bool is_behind(sd_bus_message *call) {
        uint64_t n;

        return sd_bus_get_n_queued_write(sd_bus_message_get_bus(call), &n) >= 0 && n > UNSENT_MAX;
}

static int list_publications(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        BusObject *object = userdata;
        Page page = {.clock = bus_clock_now()};
        const char *after;
        uint32_t limit;

        if (is_behind(call))
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "answers wait to be taken: try again later");
        if ((page.r = sd_bus_message_read(call, "su", &after, &limit)) >= 0 &&
            (page.r = sd_bus_message_new_method_return(call, &page.reply)) >= 0 &&
            (page.r = sd_bus_message_open_container(page.reply, 'a',
                                                    "(" BUS_PUBLICATION_TYPES ")")) >= 0) {
                if (strlen(after) < NAME_TEXT_MAX)
                        (void)fleet_each(object->fleet, after,
                                         limit == 0 || limit > PAGE_MAX ? PAGE_MAX : limit,
                                         add_to_page, &page);
                if (page.r >= 0)
                        page.r = sd_bus_message_close_container(page.reply);
        }
        if (page.r >= 0)
                page.r = sd_bus_send(NULL, page.reply, NULL);
        (void)sd_bus_message_unref(page.reply);
        return page.r < 0 ? page.r : 1;
}

static int get_publication(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        BusObject *object = userdata;
        BusClock clock = bus_clock_now();
        sd_bus_message *reply = NULL;
        const char *domain;
        DriverView view;
        Driver *driver;
        int r = sd_bus_message_read(call, "s", &domain);

        if (r < 0)
                return r;
        driver = bus_find_driver(object->fleet, domain, error);
        if (!driver)
                return -EINVAL;
        driver_view(driver, &view);
        if ((r = sd_bus_message_new_method_return(call, &reply)) >= 0 &&
            (r = bus_append_publication(reply, driver, &view, &clock)) >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        (void)sd_bus_message_unref(reply);
        return r < 0 ? r : 1;
}

/* The rest is one handler: the member says which command it is. */
static int begin_command(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        static const char *const members[_BUS_COMMAND_MAX] = {
                [BUS_PUBLISH] = "Publish",   [BUS_WITHDRAW] = "Withdraw", [BUS_FORGET] = "Forget",
                [BUS_TAKEOVER] = "Takeover", [BUS_PLAN] = "GetPlan",
        };
        BusObject *object = userdata;
        BusCommand command = 0;

        while (strcmp(members[command], sd_bus_message_get_member(call)) != 0)
                command++;
        return bus_commands_begin(object->commands, command, call, error);
}

#define OUTCOME SD_BUS_RESULT("b", well, "s", state, "s", text)

/* All may be called by whom the policy of the bus lets through; what changes something asks the bus
   once more who that is (daemon/bus-command). */
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PublisherId", "s", get_id, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Status", "s", get_status, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Counts", "a{su}", get_counts, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("ListPublications", SD_BUS_ARGS("s", after, "u", limit),
                                SD_BUS_RESULT("a(" BUS_PUBLICATION_TYPES ")", publications),
                                list_publications, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetPublication", SD_BUS_ARGS("s", domain),
                                SD_BUS_RESULT("(" BUS_PUBLICATION_TYPES ")", publication),
                                get_publication, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetPlan", SD_BUS_ARGS("s", domain, "s", from_host, "q", from_port),
                                SD_BUS_RESULT("b", well, "s", domain, "s", record, "s", zone, "s",
                                              server, "s", verdict, "s", text, "s", script, "b",
                                              takes_over),
                                begin_command, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Publish", SD_BUS_ARGS("s", domain), OUTCOME, begin_command,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Withdraw", SD_BUS_ARGS("s", domain), OUTCOME, begin_command,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Forget", SD_BUS_ARGS("s", domain), OUTCOME, begin_command,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Takeover", SD_BUS_ARGS("s", domain, "s", host, "q", port), OUTCOME,
                                begin_command, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* --- the object ------------------------------------------------------------------------------- */

int bus_object_new(sd_bus *bus, Fleet *fleet, const PublisherId *id, BusObject **ret_object) {
        BusObject *object = calloc(1, sizeof(*object));
        int r;

        if (!object)
                return -ENOMEM;
        object->bus = bus;
        object->fleet = fleet;
        object->is_outdated = true;
        (void)publisher_id_to_text(id, object->id);
        if ((r = bus_commands_new(fleet, &object->commands)) < 0 ||
            (r = sd_bus_add_object_vtable(bus, &object->vtable, BUS_PATH, BUS_INTERFACE, vtable,
                                          object)) < 0) {
                (void)bus_object_free(object);
                return r;
        }
        *ret_object = object;
        return 0;
}

BusObject *bus_object_free(BusObject *object) {
        if (!object)
                return NULL;
        (void)sd_event_source_disable_unref(object->timer);
        (void)sd_bus_slot_unref(object->vtable);
        (void)bus_commands_free(object->commands);
        free(object);
        return NULL;
}

void bus_object_ended(BusObject *object, const Driver *driver) {
        bus_commands_ended(object->commands, driver);
}
