/* A search asks for all its hosts at once and is over when the last has answered, or failed.
   Addresses found are kept by host, so that the result has the order of the endpoints. A server is
   shared by address: its limit is the server's, whatever names lead to it. */

#include "daemon/hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

enum {
        HOSTS_MAX = 16,
        ADDRESSES_MAX = 8, /* of one host */
        SERVER_LABEL_MAX = ENDPOINT_TEXT_MAX + INET6_ADDRSTRLEN + 24,
};

typedef struct Found {
        struct sockaddr_storage address;
        socklen_t size;
} Found;

/* A host of a search: looked up by one Job, or by two Lookups (A, AAAA). */
typedef struct Host {
        HostSearch *search;
        Endpoint endpoint;
        Lookup *lookup[2];
        struct HostJob *job;
        size_t n_found;
        Found found[ADDRESSES_MAX];
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

typedef struct HostJob {
        Job job;
        Host *host; /* not to be touched in the thread */
        char name[ENDPOINT_HOST_MAX];
        int result;
        struct addrinfo *addresses;
} HostJob;

struct Hosts {
        sd_event *event;
        Worker *worker;
        Resolver *resolver;
        Server **servers;
        size_t n_servers;
};

int hosts_new(sd_event *event, Worker *worker, Hosts **ret_hosts) {
        Hosts *hosts = calloc(1, sizeof(*hosts));

        if (!hosts)
                return -ENOMEM;
        hosts->event = sd_event_ref(event);
        hosts->worker = worker;
        *ret_hosts = hosts;
        return 0;
}

Hosts *hosts_free(Hosts *hosts) {
        if (!hosts)
                return NULL;
        for (size_t i = 0; i < hosts->n_servers; i++)
                (void)server_unref(hosts->servers[i]);
        free(hosts->servers);
        (void)sd_event_unref(hosts->event);
        free(hosts);
        return NULL;
}

void hosts_set_resolver(Hosts *hosts, Resolver *resolver) {
        hosts->resolver = resolver;
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

static int find_server(Hosts *hosts, const Host *host, const Found *found, unsigned max_outstanding,
                       Server **ret_server) {
        const struct sockaddr *address = (const struct sockaddr *)&found->address;
        char label[SERVER_LABEL_MAX];
        Server *server, **servers;
        int r;

        server_label(&host->endpoint, address, found->size, label);
        /* They are few and stay: an address that was left may come back, with its limit learnt. */
        for (size_t i = 0; i < hosts->n_servers; i++) {
                socklen_t size;
                const struct sockaddr *other = server_address(hosts->servers[i], &size);
                if (size == found->size && memcmp(other, address, size) == 0) {
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
        r = server_new(hosts->event, label, address, found->size, max_outstanding, &server);
        if (r < 0)
                return r;
        hosts->servers[hosts->n_servers++] = server;
        *ret_server = server;
        return 0;
}

HostSearch *host_search_free(HostSearch *search) {
        if (!search)
                return NULL;
        for (size_t i = 0; i < search->n; i++) {
                Host *host = &search->host[i];
                (void)lookup_free(host->lookup[0]);
                (void)lookup_free(host->lookup[1]);
                if (host->job)
                        worker_cancel(search->hosts->worker, &host->job->job);
        }
        free(search);
        return NULL;
}

static void search_complete(HostSearch *search) {
        HostServer servers[HOST_SERVERS_MAX];
        char text[512] = "no server given";
        size_t n = 0;

        for (size_t i = 0; i < search->n; i++) {
                Host *host = &search->host[i];
                for (size_t j = 0; j < host->n_found && n < HOST_SERVERS_MAX; j++) {
                        servers[n].host = (unsigned)i;
                        if (find_server(search->hosts, host, &host->found[j],
                                        search->max_outstanding, &servers[n].server) == 0)
                                n++;
                }
                if (n == 0)
                        (void)snprintf(text, sizeof(text), "name server %s has no address: %s",
                                       host->endpoint.host, host->reason);
        }
        search->handler(search, servers, n, text, search->userdata);
        (void)host_search_free(search);
}

static void host_add(Host *host, const void *address, socklen_t size) {
        Found *found;

        if (host->n_found >= ADDRESSES_MAX || size > sizeof(found->address))
                return;
        found = &host->found[host->n_found++];
        *found = (Found){.size = size};
        memcpy(&found->address, address, size);
        if (found->address.ss_family == AF_INET)
                ((struct sockaddr_in *)&found->address)->sin_port = htons(host->endpoint.port);
        else
                ((struct sockaddr_in6 *)&found->address)->sin6_port = htons(host->endpoint.port);
}

static void host_finished(Host *host) {
        HostSearch *search = host->search;

        if (--search->pending == 0)
                search_complete(search);
}

static void run_job(Job *job) {
        HostJob *j = (HostJob *)job;
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

        j->result = getaddrinfo(j->name, NULL, &hints, &j->addresses);
}

static void drop_job(Job *job) {
        HostJob *j = (HostJob *)job;

        if (j->addresses)
                freeaddrinfo(j->addresses);
        free(j);
}

static void on_job(Job *job) {
        HostJob *j = (HostJob *)job;
        Host *host = j->host;

        host->job = NULL;
        for (struct addrinfo *a = j->addresses; j->result == 0 && a; a = a->ai_next)
                if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
                        host_add(host, a->ai_addr, a->ai_addrlen);
        if (j->result != 0)
                (void)snprintf(host->reason, sizeof(host->reason), "%s", gai_strerror(j->result));
        drop_job(job);
        host_finished(host);
}

static void add_rr(Host *host, const ldns_rr *rr) {
        const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);

        if (!rdf)
                return;
        if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_A && ldns_rdf_size(rdf) == 4) {
                struct sockaddr_in in = {.sin_family = AF_INET};
                memcpy(&in.sin_addr, ldns_rdf_data(rdf), 4);
                host_add(host, &in, sizeof(in));
        } else if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA && ldns_rdf_size(rdf) == 16) {
                struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
                memcpy(&in6.sin6_addr, ldns_rdf_data(rdf), 16);
                host_add(host, &in6, sizeof(in6));
        }
}

static void on_lookup(Lookup *lookup, int error, const ldns_pkt *answer, const char *text,
                      void *userdata) {
        Host *host = userdata;
        const ldns_rr_list *rrs = error ? NULL : ldns_pkt_answer(answer);

        host->lookup[lookup == host->lookup[1]] = NULL;
        for (size_t i = 0; rrs && i < ldns_rr_list_rr_count(rrs); i++)
                add_rr(host, ldns_rr_list_rr(rrs, i));
        if (error)
                (void)snprintf(host->reason, sizeof(host->reason), "%s", text);
        host_finished(host);
}

static int start_job(Host *host) {
        HostJob *j = calloc(1, sizeof(*j));
        int r;

        if (!j)
                return -ENOMEM;
        j->job = (Job){.run = run_job, .on_done = on_job, .on_drop = drop_job};
        j->host = host;
        (void)snprintf(j->name, sizeof(j->name), "%s", host->endpoint.host);
        r = worker_submit(host->search->hosts->worker, &j->job);
        if (r < 0) {
                free(j);
                return r;
        }
        host->job = j;
        host->search->pending++;
        return 0;
}

static int start_lookups(Host *host, uint64_t timeout_usec) {
        static const ldns_rr_type types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};
        Name name;
        int r = name_from_text(host->endpoint.host, &name);

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(types); i++) {
                r = resolver_lookup(host->search->hosts->resolver, &name, types[i], timeout_usec,
                                    on_lookup, host, &host->lookup[i]);
                if (r == 0)
                        host->search->pending++;
        }
        return r;
}

static int host_start(Host *host, uint64_t timeout_usec) {
        struct sockaddr_storage address;
        socklen_t size;

        (void)snprintf(host->reason, sizeof(host->reason), "no A or AAAA record");
        if (host->endpoint.family != AF_UNSPEC) {
                int r = endpoint_to_sockaddr(&host->endpoint, &address, &size);
                if (r == 0)
                        host_add(host, &address, size);
                return r;
        }
        return host->search->hosts->resolver ? start_lookups(host, timeout_usec) : start_job(host);
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
        for (size_t i = 0; i < n; i++) {
                search->host[i].search = search;
                search->host[i].endpoint = endpoints[i];
                int r = host_start(&search->host[i], timeout_usec);
                if (r < 0)
                        (void)snprintf(search->host[i].reason, sizeof(search->host[i].reason), "%s",
                                       strerror(-r));
        }
        *ret_search = search;
        if (search->pending == 0)
                search_complete(search);
        return 0;
}
