/* Publications and plans as messages on the bus carry them. */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/ctl/bus-names.h"
#include "daemon/driver.h"
#include "daemon/fleet.h"

/* To tell times of the boot clock as wall clock time. */
typedef struct BusClock {
        uint64_t boot_usec;
        uint64_t real_usec;
} BusClock;

BusClock bus_clock_now(void);

/* Appends one struct; view is the driver's. Negative errno. */
int bus_append_publication(sd_bus_message *message, const Driver *driver, const DriverView *view,
                           const BusClock *clock);

/* Appends the fields, not as a struct. */
int bus_append_plan(sd_bus_message *message, const FleetPlan *plan);

/* A string of any origin: what D-Bus or a terminal would choke on becomes "?". */
int bus_append_text(sd_bus_message *message, const char *text);
void bus_clean_text(char *text);
