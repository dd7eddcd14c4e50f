/* Keeps the daemon on the system bus, under its name:

        no connection --> connected --> asked for the name --> has it
             ^----------------'-------------------'--------------'   (later again)

   Nothing waits: the connection, its handshake and the request for the name go on in the loop.
   Whatever fails is tried again, after a wait that grows up to a minute; a bus that ends and starts
   anew finds us again. What keeps us away is told once, until it has changed. */

#include "daemon/bus.h"

#include <errno.h>
#include <string.h>

#include "daemon/bus-object.h"
#include "daemon/log.h"
#include "lib/backoff.h"
#include "lib/util.h"

#define RETRY_MIN_USEC USEC_PER_SEC
#define RETRY_MAX_USEC USEC_PER_MINUTE

typedef enum Obstacle {
        OBSTACLE_NONE,
        OBSTACLE_NO_BUS,
        OBSTACLE_NOT_ALLOWED,
        OBSTACLE_TAKEN,
        OBSTACLE_OTHER,
} Obstacle;

struct Bus {
        sd_event *event;
        Fleet *fleet;
        PublisherId id;
        sd_bus *bus;
        sd_bus_slot *asking, *disconnected;
        BusObject *object;
        sd_event_source *timer;
        unsigned attempt; /* since we had the name */
        Obstacle told;
};

static void disconnect(Bus *bus) {
        bus->object = bus_object_free(bus->object);
        bus->asking = sd_bus_slot_unref(bus->asking);
        bus->disconnected = sd_bus_slot_unref(bus->disconnected);
        bus->bus = sd_bus_close_unref(bus->bus);
}

static void connect_or_wait(Bus *bus);
static int request_name(Bus *bus);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Bus *bus = userdata;

        bus->timer = sd_event_source_disable_unref(bus->timer);
        if (sd_bus_is_open(bus->bus) <= 0 || request_name(bus) < 0) {
                disconnect(bus);
                connect_or_wait(bus);
        }
        return 0;
}

static void wait_to_retry(Bus *bus) {
        uint64_t wait_usec =
                backoff_usec(++bus->attempt, RETRY_MIN_USEC, RETRY_MAX_USEC, UINT32_MAX);

        if (!bus->timer)
                (void)sd_event_add_time_relative(bus->event, &bus->timer, CLOCK_MONOTONIC,
                                                 wait_usec, wait_usec / 10, on_timer, bus);
}

static void tell(Bus *bus, Obstacle obstacle, const char *text) {
        bool is_news = bus->told != obstacle;

        bus->told = obstacle;
        if (!is_news)
                return;
        switch (obstacle) {
        case OBSTACLE_NONE:
                log_event(LOG_KIND_DEBUG, NULL, "on the system bus as " BUS_NAME);
                break;
        case OBSTACLE_NO_BUS:
                log_event(LOG_KIND_NO_BUS, NULL,
                          "there is no system bus (%s): srvpubctl cannot be used until there is",
                          text);
                break;
        case OBSTACLE_NOT_ALLOWED:
                log_event(LOG_KIND_BUS_REFUSED, NULL,
                          "the policy of the system bus does not let srvpubd be " BUS_NAME
                          ": srvpubctl cannot be used; is srvpubd's own policy, " BUS_NAME
                          ".conf, installed in dbus-1/system.d?");
                break;
        case OBSTACLE_TAKEN:
                log_event(LOG_KIND_BUS_REFUSED, NULL,
                          "another process is " BUS_NAME " on the system bus: srvpubctl speaks "
                          "with that one; does another srvpubd run?");
                break;
        case OBSTACLE_OTHER:
                log_event(LOG_KIND_BUS_REFUSED, NULL,
                          "the system bus does not take srvpubd as " BUS_NAME
                          " (%s): srvpubctl cannot be used until it does",
                          text);
                break;
        }
}

/* An obstacle: told once, and tried again later. */
static void give_up(Bus *bus, Obstacle obstacle, const char *text) {
        tell(bus, obstacle, text);
        wait_to_retry(bus);
}

static int on_name(sd_bus_message *answer, void *userdata, sd_bus_error *error) {
        enum { PRIMARY_OWNER = 1, ALREADY_OWNER = 4 }; /* D-Bus specification, RequestName */
        const sd_bus_error *refusal = sd_bus_message_get_error(answer);
        Bus *bus = userdata;
        uint32_t result = 0;

        bus->asking = sd_bus_slot_unref(bus->asking);
        if (sd_bus_is_open(bus->bus) <= 0)
                return 0; /* on_disconnected() follows */
        if (refusal)
                give_up(bus,
                        sd_bus_error_has_name(refusal, SD_BUS_ERROR_ACCESS_DENIED)
                                ? OBSTACLE_NOT_ALLOWED
                                : OBSTACLE_OTHER,
                        refusal->message ? refusal->message : refusal->name);
        else if (sd_bus_message_read(answer, "u", &result) <= 0 ||
                 (result != PRIMARY_OWNER && result != ALREADY_OWNER))
                give_up(bus, OBSTACLE_TAKEN, NULL);
        else {
                bus->attempt = 0;
                tell(bus, OBSTACLE_NONE, NULL);
        }
        return 0;
}

static int request_name(Bus *bus) {
        bus->asking = sd_bus_slot_unref(bus->asking);
        return sd_bus_request_name_async(bus->bus, &bus->asking, BUS_NAME, 0, on_name, bus);
}

/* The connection itself is closed with the next attempt, not from within its own handler. */
static int on_disconnected(sd_bus_message *signal, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;

        bus->object = bus_object_free(bus->object);
        give_up(bus, OBSTACLE_NO_BUS, "it has closed the connection");
        return 0;
}

static int set_up(Bus *bus) {
        int r;

        /* At the end of the loop nothing is waited for either. */
        if ((r = sd_bus_set_close_on_exit(bus->bus, false)) < 0 ||
            (r = sd_bus_match_signal_async(
                     bus->bus, &bus->disconnected, "org.freedesktop.DBus.Local",
                     "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                     on_disconnected, NULL, bus)) < 0 ||
            (r = sd_bus_attach_event(bus->bus, bus->event, SD_EVENT_PRIORITY_NORMAL)) < 0 ||
            (r = bus_object_new(bus->bus, bus->fleet, &bus->id, &bus->object)) < 0)
                return r;
        return request_name(bus);
}

static void connect_or_wait(Bus *bus) {
        int r = sd_bus_open_system(&bus->bus);

        if (r < 0) {
                give_up(bus, r == -ENOENT || r == -ECONNREFUSED ? OBSTACLE_NO_BUS : OBSTACLE_OTHER,
                        strerror(-r));
                return;
        }
        r = set_up(bus);
        if (r < 0) {
                disconnect(bus);
                give_up(bus, OBSTACLE_OTHER, strerror(-r));
        }
}

int bus_new(sd_event *event, Fleet *fleet, const PublisherId *id, Bus **ret_bus) {
        Bus *bus = calloc(1, sizeof(*bus));

        if (!bus)
                return -ENOMEM;
        bus->event = sd_event_ref(event);
        bus->fleet = fleet;
        bus->id = *id;
        connect_or_wait(bus);
        *ret_bus = bus;
        return 0;
}

Bus *bus_free(Bus *bus) {
        if (!bus)
                return NULL;
        (void)sd_event_source_disable_unref(bus->timer);
        disconnect(bus);
        (void)sd_event_unref(bus->event);
        free(bus);
        return NULL;
}

void bus_changed(Bus *bus) {
        if (bus->object)
                bus_object_changed(bus->object);
}

void bus_ended(Bus *bus, const Driver *driver) {
        if (bus->object)
                bus_object_ended(bus->object, driver);
}
