/* The commands, each carried out to its end; what is to be seen is on stdout. */
#pragma once

#include "daemon/ctl/arguments.h"
#include "daemon/ctl/client.h"

CtlExit ctl_status(Client *client, const Arguments *arguments);
CtlExit ctl_plan(Client *client, const Arguments *arguments);
CtlExit ctl_publish(Client *client, const Arguments *arguments);
CtlExit ctl_withdraw(Client *client, const Arguments *arguments);
CtlExit ctl_forget(Client *client, const Arguments *arguments);
CtlExit ctl_takeover(Client *client, const Arguments *arguments);
