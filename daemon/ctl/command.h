/* What came of a command. */
#pragma once

#include "daemon/ctl/client.h"

/* One line: on stdout where it ended well, else a complaint. */
CtlExit command_print_outcome(const char *domain, sd_bus_message *reply);
