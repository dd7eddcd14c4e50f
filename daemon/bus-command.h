/* Calls on the bus that are answered later: plans, and what changes something. */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/fleet.h"

typedef struct BusCommands BusCommands;

typedef enum BusCommand {
        BUS_PUBLISH,
        BUS_WITHDRAW,
        BUS_FORGET,
        BUS_TAKEOVER,
        BUS_PLAN,
        _BUS_COMMAND_MAX,
} BusCommand;

int bus_commands_new(Fleet *fleet, BusCommands **ret_commands);
/* Nobody is answered any more: the connection ends. */
BusCommands *bus_commands_free(BusCommands *commands);

/* Begins what the call asks for; to be returned by its handler. A call that changes something is
   carried out only if the bus says that its sender is root or runs as we do. */
int bus_commands_begin(BusCommands *commands, BusCommand command, sd_bus_message *call,
                       sd_bus_error *error);

/* Answers those that wait for the end of this driver's pass. */
void bus_commands_ended(BusCommands *commands, const Driver *driver);

/* The driver of a domain that a call names; NULL with an error. */
Driver *bus_find_driver(const Fleet *fleet, const char *domain, sd_bus_error *error);
