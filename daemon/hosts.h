/* Host names and addresses -> name servers, shared by all that use them. Never blocks. */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/resolver.h"
#include "daemon/server.h"
#include "daemon/worker.h"
#include "lib/endpoint.h"

typedef struct Hosts Hosts;
typedef struct HostSearch HostSearch;

enum {
        HOST_SERVERS_MAX = 16,
};

/* One address of one host; host is the index of its endpoint. */
typedef struct HostServer {
        Server *server;
        unsigned host;
} HostServer;

/* In the order of the endpoints. n 0: none was found, text says of which host and why. The handler
   takes references of what it keeps. Called once, from within hosts_search() where there is nothing
   to wait for: *ret_search was written by then. */
typedef void (*HostHandler)(HostSearch *search, const HostServer *servers, size_t n,
                            const char *text, void *userdata);

/* With resolver, names are looked up there (Resolver= is set); without (NULL) as this machine does
   by nsswitch.conf: getaddrinfo() in the worker. */
int hosts_new(sd_event *event, Worker *worker, Hosts **ret_hosts);
Hosts *hosts_free(Hosts *hosts);
void hosts_set_resolver(Hosts *hosts, Resolver *resolver);

int hosts_search(Hosts *hosts, const Endpoint *endpoints, size_t n_endpoints, uint64_t timeout_usec,
                 unsigned max_outstanding, HostHandler handler, void *userdata,
                 HostSearch **ret_search);
HostSearch *host_search_free(HostSearch *search);
