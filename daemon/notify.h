/* What systemd is told (sd_notify(3)): readiness, reloads, the end, and a line on how things are.
 */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/fleet.h"

typedef struct Notify Notify;

/* Without systemd ($NOTIFY_SOCKET) nothing is sent, and nothing computed. */
int notify_new(sd_event *event, Notify **ret_notify);
Notify *notify_free(Notify *notify);

void notify_ready(Notify *notify);
void notify_reloading(Notify *notify);

/* The end may take up to extend_usec from now; 0: it comes at once. */
void notify_stopping(Notify *notify, uint64_t extend_usec);

/* Something about fleet changed: its STATUS= follows within a moment, unless it is the same. */
void notify_changed(Notify *notify, const Fleet *fleet);
