/* One name server address: its queue, the limit of what is outstanding, its TCP connections.
   Shared by all zones that it serves (rules E1, E8). */
#pragma once

#include <stdint.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "lib/endpoint.h"

typedef struct Server Server;

enum {
        SERVER_CONNECTIONS_MAX = 8,
};

/* name is for messages ("ns1.example.org (192.0.2.1)"). The server keeps itself nowhere: whoever
   makes it shares it by reference. max_outstanding bounds what was sent and not answered. */
int server_new(sd_event *event, const char *name, const struct sockaddr *address,
               socklen_t address_size, unsigned max_outstanding, Server **ret_server);
Server *server_ref(Server *server);
Server *server_unref(Server *server);

const char *server_name(const Server *server);

/* Its address and port, without the name that led to it. */
void server_endpoint(const Server *server, Endpoint *ret_endpoint);

/* Its name is its address from now on. */
void server_go_by_address(Server *server);
const struct sockaddr *server_address(const Server *server, socklen_t *ret_size);

/* Of several settings for one server the last one that is looked up counts. */
void server_set_limit(Server *server, unsigned max_outstanding);
