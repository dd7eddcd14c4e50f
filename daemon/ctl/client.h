/* srvpubd, as it is spoken with on the bus. What goes wrong is said here; results are exit
 * statuses.
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "daemon/ctl/ctl.h"

typedef struct Client Client;

/* timeout_usec: how long the daemon has for each answer. */
CtlExit client_open(uint64_t timeout_usec, Client **ret_client);
Client *client_close(Client *client);

/* Calls a method of the daemon's and waits. types and what follows: as in
   sd_bus_message_append(). */
CtlExit client_call(Client *client, sd_bus_message **ret_reply, const char *member,
                    const char *types, ...);

/* The same for many domains, several at a time. on_reply is called in the order of the domains.
   Calls that fail are complained of; where all would fail alike it ends there. Returns the worst of
   all statuses. */
typedef CtlExit (*ClientReplyHandler)(const char *domain, sd_bus_message *reply, void *userdata);

typedef struct ClientBatch {
        const char *member;
        const char *const *domains;
        size_t n_domains;
        bool is_plan; /* its arguments are a domain, no host, no port */
        ClientReplyHandler on_reply;
        void *userdata;
} ClientBatch;

CtlExit client_call_many(Client *client, const ClientBatch *batch);

/* A property of the manager's, as sd_bus_get_property_string(). */
CtlExit client_get_text(Client *client, const char *property, char **ret_text);

/* An answer that is not as it should be. */
CtlExit client_complain_of_reply(int error);
