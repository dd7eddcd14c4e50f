/* The object on the bus, as one connection shows it. */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/ctl/bus-names.h"
#include "daemon/driver.h"
#include "daemon/fleet.h"
#include "lib/claim.h"

typedef struct BusObject BusObject;

/* bus is attached to a loop, and outlives the object as fleet does. */
int bus_object_new(sd_bus *bus, Fleet *fleet, const PublisherId *id, BusObject **ret_object);
BusObject *bus_object_free(BusObject *object);

/* See bus_changed(), bus_ended(). */
void bus_object_changed(BusObject *object);
void bus_object_ended(BusObject *object, const Driver *driver);
