/* A search asks for all its hosts at once and is over when the last is found, or failed; names are
   daemon/host-names' to find. The servers are in the order of the endpoints. A server is shared by
   address: its limit is the server's, whatever names lead to it. */

#include "daemon/hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "daemon/host-names.h"
#include "lib/util.h"

enum {
        HOSTS_MAX = 16,
        SERVER_LABEL_MAX = ENDPOINT_TEXT_MAX + INET6_ADDRSTRLEN + 24,
};

typedef struct Host {
        HostWaiter waiter; /* first */
        HostSearch *search;
        Endpoint endpoint;
        size_t n_servers;
        Server *servers[HOST_ADDRESSES_MAX];
        char reason[96];
} Host;

struct HostSearch {
        Hosts *hosts;
        HostHandler handler;
        void *userdata;
        unsigned max_outstanding;
        size_t pending;
        size_t n;
        Host host[];
};

struct Hosts {
        sd_event *event;
        HostNames *names;
        Server **servers;
        size_t n_servers;
};

int hosts_new(sd_event *event, Worker *worker, Hosts **ret_hosts) {
        Hosts *hosts = calloc(1, sizeof(*hosts));
        int r;

        if (!hosts)
                return -ENOMEM;
        hosts->event = sd_event_ref(event);
        r = host_names_new(event, worker, &hosts->names);
        if (r < 0)
                return hosts_free(hosts), r;
        *ret_hosts = hosts;
        return 0;
}

Hosts *hosts_free(Hosts *hosts) {
        if (!hosts)
                return NULL;
        (void)host_names_free(hosts->names);
        for (size_t i = 0; i < hosts->n_servers; i++)
                (void)server_unref(hosts->servers[i]);
        free(hosts->servers);
        (void)sd_event_unref(hosts->event);
        free(hosts);
        return NULL;
}

void hosts_set_resolver(Hosts *hosts, Resolver *resolver) {
        host_names_set_resolver(hosts->names, resolver);
}

/* "ns1.example.org (192.0.2.1)", "192.0.2.1", with the port if it is not 53. */
static void server_label(const Endpoint *endpoint, const struct sockaddr *address, socklen_t size,
                         char label[static SERVER_LABEL_MAX]) {
        char text[ENDPOINT_TEXT_MAX], number[INET6_ADDRSTRLEN + 20];

        endpoint_to_text(endpoint, text);
        if (endpoint->family != AF_UNSPEC ||
            getnameinfo(address, size, number, sizeof(number), NULL, 0, NI_NUMERICHOST) != 0)
                (void)snprintf(label, SERVER_LABEL_MAX, "%s", text);
        else
                (void)snprintf(label, SERVER_LABEL_MAX, "%s (%s)", text, number);
}

static int find_server(Hosts *hosts, const Endpoint *endpoint, const struct sockaddr *address,
                       socklen_t size, unsigned max_outstanding, Server **ret_server) {
        char label[SERVER_LABEL_MAX];
        Server *server, **servers;
        int r;

        server_label(endpoint, address, size, label);
        /* They are few and stay: an address that was left may come back, with its limit learnt. */
        for (size_t i = 0; i < hosts->n_servers; i++) {
                socklen_t other_size;
                const struct sockaddr *other = server_address(hosts->servers[i], &other_size);
                if (other_size == size && memcmp(other, address, size) == 0) {
                        /* Under several names it goes by its address: a name that another zone
                           gave it would only puzzle. */
                        if (strcmp(server_name(hosts->servers[i]), label) != 0)
                                server_go_by_address(hosts->servers[i]);
                        server_set_limit(hosts->servers[i], max_outstanding);
                        *ret_server = hosts->servers[i];
                        return 0;
                }
        }
        servers = realloc(hosts->servers, (hosts->n_servers + 1) * sizeof(Server *));
        if (!servers)
                return -ENOMEM;
        hosts->servers = servers;
        r = server_new(hosts->event, label, address, size, max_outstanding, &server);
        if (r < 0)
                return r;
        hosts->servers[hosts->n_servers++] = server;
        *ret_server = server;
        return 0;
}

HostSearch *host_search_free(HostSearch *search) {
        if (!search)
                return NULL;
        for (size_t i = 0; i < search->n; i++)
                host_names_leave(&search->host[i].waiter);
        free(search);
        return NULL;
}

static void search_complete(HostSearch *search) {
        HostServer servers[HOST_SERVERS_MAX];
        char text[512] = "no server given";
        size_t n = 0;

        for (size_t i = 0; i < search->n; i++) {
                const Host *host = &search->host[i];
                for (size_t j = 0; j < host->n_servers && n < HOST_SERVERS_MAX; j++)
                        servers[n++] = (HostServer){.server = host->servers[j], .host = i};
                if (n == 0)
                        (void)snprintf(text, sizeof(text), "name server %s has no address: %s",
                                       host->endpoint.host, host->reason);
        }
        search->handler(search, servers, n, text, search->userdata);
        (void)host_search_free(search);
}

/* With the port of this search. */
static void host_add(Host *host, HostAddress address) {
        socklen_t size = sizeof(address.in);

        if (address.any.sa_family == AF_INET) {
                address.in.sin_port = htons(host->endpoint.port);
        } else {
                address.in6.sin6_port = htons(host->endpoint.port);
                size = sizeof(address.in6);
        }
        if (find_server(host->search->hosts, &host->endpoint, &address.any, size,
                        host->search->max_outstanding, &host->servers[host->n_servers]) == 0)
                host->n_servers++;
}

static void on_found(HostWaiter *waiter, const HostAddress *addresses, size_t n,
                     const char *reason) {
        Host *host = (Host *)waiter;
        HostSearch *search = host->search;

        for (size_t i = 0; i < n; i++)
                host_add(host, addresses[i]);
        (void)snprintf(host->reason, sizeof(host->reason), "%s", n > 0 ? "out of memory" : reason);
        if (--search->pending == 0)
                search_complete(search);
}

static int host_start(Host *host, uint64_t timeout_usec) {
        struct sockaddr_storage storage;
        HostAddress address;
        socklen_t size;
        int r;

        if (host->endpoint.family == AF_UNSPEC)
                return host_names_find(host->search->hosts->names, host->endpoint.host,
                                       timeout_usec, &host->waiter);
        r = endpoint_to_sockaddr(&host->endpoint, &storage, &size);
        if (r < 0)
                return r;
        memcpy(&address, &storage, sizeof(address));
        on_found(&host->waiter, &address, 1, NULL);
        return 0;
}

int hosts_search(Hosts *hosts, const Endpoint *endpoints, size_t n_endpoints, uint64_t timeout_usec,
                 unsigned max_outstanding, HostHandler handler, void *userdata,
                 HostSearch **ret_search) {
        size_t n = n_endpoints < HOSTS_MAX ? n_endpoints : HOSTS_MAX;
        HostSearch *search = calloc(1, sizeof(*search) + n * sizeof(Host));

        if (!search)
                return -ENOMEM;
        search->hosts = hosts;
        search->handler = handler;
        search->userdata = userdata;
        search->max_outstanding = max_outstanding;
        search->n = n;
        search->pending = n + 1; /* one for this function */
        *ret_search = search;
        for (size_t i = 0; i < n; i++) {
                Host *host = &search->host[i];
                host->waiter.on_found = on_found;
                host->search = search;
                host->endpoint = endpoints[i];
                int r = host_start(host, timeout_usec);
                if (r < 0)
                        on_found(&host->waiter, NULL, 0, strerror(-r));
        }
        if (--search->pending == 0)
                search_complete(search);
        return 0;
}
