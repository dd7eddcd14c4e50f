/* STATUS= is what `systemctl status` shows: "published 7/8, 1 denied: corp.test". It is computed at
   most twice a second, and only when something has changed: it walks over all publications. */

#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon/status.h"
#include "lib/util.h"

#define STATUS_DELAY_USEC (500 * USEC_PER_MSEC)

struct Notify {
        sd_event *event;
        sd_event_source *timer;
        const Fleet *fleet; /* what the timer is to tell of */
        char status[STATUS_TEXT_MAX];
};

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Notify *notify = userdata;
        char status[STATUS_TEXT_MAX];
        FleetCounts counts;

        notify->timer = sd_event_source_unref(notify->timer);
        fleet_count(notify->fleet, &counts);
        status_text(&counts, status);
        if (strcmp(status, notify->status) == 0)
                return 0;
        strcpy(notify->status, status);
        (void)sd_notifyf(false, "STATUS=%s", status);
        return 0;
}

int notify_new(sd_event *event, Notify **ret_notify) {
        Notify *notify = calloc(1, sizeof(*notify));

        if (!notify)
                return -ENOMEM;
        notify->event = sd_event_ref(event);
        *ret_notify = notify;
        return 0;
}

Notify *notify_free(Notify *notify) {
        if (!notify)
                return NULL;
        (void)sd_event_source_disable_unref(notify->timer);
        (void)sd_event_unref(notify->event);
        free(notify);
        return NULL;
}

void notify_ready(Notify *notify) {
        (void)sd_notify(false, "READY=1");
}

void notify_reloading(Notify *notify) {
        uint64_t now_usec = 0;

        (void)sd_event_now(notify->event, CLOCK_MONOTONIC, &now_usec);
        (void)sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_usec);
}

void notify_stopping(Notify *notify, uint64_t extend_usec) {
        if (extend_usec > 0)
                (void)sd_notifyf(false, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64, extend_usec);
        else
                (void)sd_notify(false, "STOPPING=1");
}

void notify_changed(Notify *notify, const Fleet *fleet) {
        /* One walk for whatever happens until the timer ends. */
        notify->fleet = fleet;
        if (!notify->timer && getenv("NOTIFY_SOCKET"))
                (void)sd_event_add_time_relative(notify->event, &notify->timer, CLOCK_MONOTONIC,
                                                 STATUS_DELAY_USEC, STATUS_DELAY_USEC / 10,
                                                 on_timer, notify);
}
