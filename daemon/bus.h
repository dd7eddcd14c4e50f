/* org.srvpubd1 on the system bus: what srvpubctl asks and commands. Reading is for everyone; who
   may change is the bus policy's. The daemon runs all the same without a bus, and comes back to it.
 */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/fleet.h"
#include "lib/claim.h"

typedef struct Bus Bus;

/* Borrowed pointers; the fleet may end first, its last calls answer who waits. That there is no bus
   is no failure. */
int bus_new(sd_event *event, Fleet *fleet, const PublisherId *id, Bus **ret_bus);
Bus *bus_free(Bus *bus);

/* Counts or states may be others now: PropertiesChanged follows, several changes gathered. */
void bus_changed(Bus *bus);

/* A pass of this driver ended: whoever waits for it on the bus is answered. The driver may be gone
   after the call. */
void bus_ended(Bus *bus, const Driver *driver);
