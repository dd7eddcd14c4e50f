/* Which servers hold a zone (rule E2; RFC 2136 4.3): Server=, or the SOA's MNAME and then the
   hosts of the NS RRset. Only the word of the first kind, the primaries, is a verdict (E3).

       unknown --zone_prepare--> NS lookup --> addresses --> ready --zone_doubt--> unknown

   A zone lives while somebody refers to it; waiters share one search. */

#include "daemon/zone.h"

#include <errno.h>
#include <search.h>
#include <string.h>

#include "lib/util.h"

enum {
        HOSTS_MAX = 8, /* MNAME and the first NS hosts, by name */
        NAMES_MAX = 64,
};

/* The hosts of a zone that has no Server=. */
typedef struct Endpoints {
        size_t n;
        Endpoint *list;
} Endpoints;

struct Zone {
        unsigned n_refs;
        ZoneTable *table;
        Name apex;
        Name mname;
        Access *access;

        bool ready;
        unsigned generation;
        size_t n_servers, n_primaries;
        Server *servers[HOST_SERVERS_MAX];
        uint8_t hosts[HOST_SERVERS_MAX]; /* of each the endpoint whose address it has */
        Session **sessions;              /* NULL, or of each NULL until it is asked for */
        Ticket *ticket;                  /* theirs, and those' of other servers later */
        struct Batch *batches;

        ZoneWaiter *waiters;
        ZoneWaiter *told; /* those that are being told */
        Lookup *lookup;
        HostSearch *search;
        Endpoints endpoints; /* that servers are of */
        Endpoints searched;  /* that are looked up */
};

static int compare(const void *a, const void *b) {
        const Zone *x = a, *y = b;

        if (x->access != y->access)
                return x->access < y->access ? -1 : 1;
        if (x->apex.length != y->apex.length)
                return x->apex.length < y->apex.length ? -1 : 1;
        /* Length octets are below 'A', so that wire form compares like text. */
        return strncasecmp((const char *)x->apex.wire, (const char *)y->apex.wire, x->apex.length);
}

static void drop_sessions(Zone *zone) {
        for (size_t i = 0; zone->sessions && i < zone->n_servers; i++)
                (void)session_unref(zone->sessions[i]);
        free(TAKE_PTR(zone->sessions));
}

static void drop_servers(Zone *zone) {
        drop_sessions(zone);
        for (size_t i = 0; i < zone->n_servers; i++)
                (void)server_unref(zone->servers[i]);
        zone->n_servers = zone->n_primaries = 0;
        zone->generation++;
        zone->ready = false;
}

Zone *zone_ref(Zone *zone) {
        zone->n_refs++;
        return zone;
}

Zone *zone_unref(Zone *zone) {
        if (!zone || --zone->n_refs > 0)
                return NULL;
        (void)tdelete(zone, &zone->table->root, compare);
        (void)lookup_free(zone->lookup);
        (void)host_search_free(zone->search);
        drop_servers(zone);
        (void)ticket_unref(zone->ticket);
        free(zone->endpoints.list);
        free(zone->searched.list);
        (void)access_unref(zone->access);
        free(zone);
        return NULL;
}

int zone_get(ZoneTable *table, const Name *apex, const Name *mname, Access *access,
             Zone **ret_zone) {
        Zone key = {.apex = *apex, .access = access}, *zone;
        void *node = tfind(&key, &table->root, compare);

        if (node) {
                zone = zone_ref(*(Zone **)node);
        } else {
                zone = calloc(1, sizeof(*zone));
                if (!zone)
                        return -ENOMEM;
                zone->n_refs = 1;
                zone->table = table;
                zone->apex = *apex;
                zone->access = access_ref(access);
                if (!tsearch(zone, &table->root, compare))
                        return zone_unref(zone), -ENOMEM;
        }
        /* Passes under way keep to the servers that are known until others are found: behind some
           resolvers the MNAME differs from answer to answer (each AD server names itself). */
        if (mname && !name_equal(mname, &zone->mname)) {
                zone->mname = *mname;
                if (!access->n_servers)
                        zone_doubt(zone);
                else
                        drop_sessions(zone);
        }
        *ret_zone = zone;
        return 0;
}

/* Whoever asks again from within waits for the next search; if that is over at once, its result is
   told to those that are left too. */
static void tell_waiters(Zone *zone, const char *text) {
        ZoneWaiter *waiter, **end = &zone->waiters;

        while (*end)
                end = &(*end)->next;
        *end = zone->told;
        zone->told = TAKE_PTR(zone->waiters);
        zone_ref(zone);
        while ((waiter = zone->told)) {
                zone->told = waiter->next;
                waiter->on_ready(waiter, text);
        }
        (void)zone_unref(zone);
}

/* How many of the servers found are primaries: all of Server=, or the addresses of the MNAME, which
   come first. */
static size_t count_primaries(const Zone *zone, const HostServer *servers, size_t n) {
        size_t n_primaries = 0;

        while (n_primaries < n && (zone->access->n_servers || servers[n_primaries].host == 0))
                n_primaries++;
        return n_primaries;
}

static bool has_servers(const Zone *zone, const HostServer *servers, size_t n) {
        if (zone->n_servers != n || zone->n_primaries != count_primaries(zone, servers, n))
                return false;
        for (size_t i = 0; i < n; i++)
                if (zone->servers[i] != servers[i].server || zone->hosts[i] != servers[i].host)
                        return false;
        return true;
}

static void take_servers(Zone *zone, const HostServer *servers, size_t n) {
        drop_servers(zone);
        for (size_t i = 0; i < n; i++) {
                zone->hosts[zone->n_servers] = (uint8_t)servers[i].host;
                zone->servers[zone->n_servers++] = server_ref(servers[i].server);
        }
        zone->n_primaries = count_primaries(zone, servers, n);
}

/* The name of the server really contacted: as it was looked up, or for an address the MNAME. */
static int session_host(const Zone *zone, size_t i, Name *ret_host) {
        const Endpoint *endpoints =
                zone->access->n_servers ? zone->access->servers : zone->endpoints.list;
        const Endpoint *endpoint = &endpoints[zone->hosts[i]];

        if (endpoint->family == AF_UNSPEC)
                return name_from_text(endpoint->host, ret_host);
        if (zone->mname.length <= 1)
                return -ENOENT;
        *ret_host = zone->mname;
        return 0;
}

/* The same servers in another order, as NS RRsets come turned round, keep their contexts: "before"
   still holds them. */
static void renew_sessions(Zone *zone, Session **before, size_t n_before) {
        Name host;

        if (!before)
                return;
        zone->sessions = calloc(HOST_SERVERS_MAX, sizeof(*zone->sessions));
        for (size_t i = 0; zone->sessions && i < zone->n_servers; i++)
                if (session_host(zone, i, &host) == 0)
                        zone->sessions[i] =
                                session_find(zone->table->sessions, zone->ticket, zone->servers[i],
                                             &host, zone->access->realm);
        for (size_t i = 0; i < n_before; i++)
                (void)session_unref(before[i]);
        free(before);
}

static void on_hosts(HostSearch *search, const HostServer *servers, size_t n, const char *text,
                     void *userdata) {
        Zone *zone = userdata;

        zone->search = NULL;
        /* One publication's doubt must not harm its many neighbours: the same list again voids no
           observation, and a search that failed takes no server away. */
        if (n > 0) {
                Session **before = TAKE_PTR(zone->sessions);
                const size_t n_before = zone->n_servers;

                if (!has_servers(zone, servers, n))
                        take_servers(zone, servers, n);
                free(zone->endpoints.list);
                zone->endpoints = zone->searched;
                zone->searched = (Endpoints){0};
                renew_sessions(zone, before, n_before);
        }
        zone->ready = n > 0;
        tell_waiters(zone, n > 0 ? NULL : text);
}

static int search_hosts(Zone *zone, const Endpoint *endpoints, size_t n) {
        return hosts_search(zone->table->hosts, endpoints, n, zone->access->timeout_usec,
                            zone->access->max_outstanding, on_hosts, zone, &zone->search);
}

static void add_endpoint(Endpoints *endpoints, const Name *name) {
        Endpoint *endpoint = &endpoints->list[endpoints->n];
        char text[NAME_TEXT_MAX];

        name_to_text(name, text);
        for (size_t i = 0; i < endpoints->n; i++)
                if (strcasecmp(endpoints->list[i].host, text) == 0)
                        return;
        if (endpoints->n >= NAMES_MAX || strlen(text) >= sizeof(endpoint->host))
                return;
        *endpoint = (Endpoint){.family = AF_UNSPEC, .port = 53};
        strcpy(endpoint->host, text);
        endpoints->n++;
}

static int compare_hosts(const void *a, const void *b) {
        return strcasecmp(((const Endpoint *)a)->host, ((const Endpoint *)b)->host);
}

/* Resolvers turn NS RRsets round: what is the same has to look the same, see on_hosts(). */
static void put_in_order(Endpoints *endpoints) {
        Endpoint *list;

        if (endpoints->n > 2)
                qsort(endpoints->list + 1, endpoints->n - 1, sizeof(Endpoint), compare_hosts);
        if (endpoints->n > HOSTS_MAX)
                endpoints->n = HOSTS_MAX;
        list = realloc(endpoints->list, HOSTS_MAX * sizeof(Endpoint));
        if (list)
                endpoints->list = list;
}

static void on_name_servers(Lookup *lookup, int error, const ldns_pkt *answer, const char *text,
                            void *userdata) {
        Zone *zone = userdata;
        const ldns_rr_list *rrs = error ? NULL : ldns_pkt_answer(answer);
        Name name;

        zone->lookup = NULL;
        free(zone->searched.list);
        zone->searched = (Endpoints){.list = calloc(NAMES_MAX, sizeof(Endpoint))};
        if (!zone->searched.list) {
                tell_waiters(zone, "out of memory");
                return;
        }
        /* It is mostly one of the NS hosts too, and counts once. */
        add_endpoint(&zone->searched, &zone->mname);
        for (size_t i = 0; rrs && i < ldns_rr_list_rr_count(rrs); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(rrs, i);
                if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_NS && ldns_rr_rdf(rr, 0) &&
                    name_from_rdf(ldns_rr_rdf(rr, 0), &name) == 0)
                        add_endpoint(&zone->searched, &name);
        }
        put_in_order(&zone->searched);
        /* An answer that did not come leaves the MNAME, which is the first choice anyway. */
        if (search_hosts(zone, zone->searched.list, zone->searched.n) < 0)
                tell_waiters(zone, "out of memory");
}

static int start_search(Zone *zone) {
        if (zone->access->n_servers)
                return search_hosts(zone, zone->access->servers, zone->access->n_servers);
        return resolver_lookup(zone->table->resolver, &zone->apex, LDNS_RR_TYPE_NS,
                               zone->access->timeout_usec, on_name_servers, zone, &zone->lookup);
}

int zone_prepare(Zone *zone, ZoneWaiter *waiter) {
        const bool is_searched = zone->lookup || zone->search;
        int r = 0;

        waiter->next = zone->waiters;
        zone->waiters = waiter;
        if (!is_searched)
                r = start_search(zone);
        if (r < 0)
                zone_forget(zone, waiter);
        return r;
}

static bool unlink_waiter(ZoneWaiter **at, const ZoneWaiter *waiter) {
        for (; *at; at = &(*at)->next)
                if (*at == waiter) {
                        *at = waiter->next;
                        return true;
                }
        return false;
}

void zone_forget(Zone *zone, ZoneWaiter *waiter) {
        if (!unlink_waiter(&zone->waiters, waiter))
                (void)unlink_waiter(&zone->told, waiter);
}

bool zone_is_ready(const Zone *zone) {
        return zone->ready;
}

void zone_doubt(Zone *zone) {
        zone->ready = false;
}

struct Batch **zone_batches(Zone *zone) {
        return &zone->batches;
}

const Name *zone_apex(const Zone *zone) {
        return &zone->apex;
}

unsigned zone_generation(const Zone *zone) {
        return zone->generation;
}

size_t zone_n_servers(const Zone *zone) {
        return zone->n_servers;
}

size_t zone_n_primaries(const Zone *zone) {
        return zone->n_primaries;
}

Server *zone_server(const Zone *zone, size_t i) {
        return zone->servers[i];
}

int zone_session(Zone *zone, size_t i, Session **ret_session) {
        const TicketKey key = {
                .keytab = zone->access->keytab,
                .principal = zone->access->principal,
                .realm = zone->access->realm,
        };
        Name host;
        int r = session_host(zone, i, &host);

        if (r < 0)
                return r;
        if (!zone->sessions &&
            !(zone->sessions = calloc(HOST_SERVERS_MAX, sizeof(*zone->sessions))))
                return -ENOMEM;
        if (!zone->ticket)
                r = ticket_get(zone->table->tickets, &key, &zone->ticket);
        if (r == 0 && !zone->sessions[i])
                r = session_get(zone->table->sessions, zone->ticket, zone->servers[i], &host,
                                zone->access->realm, &zone->sessions[i]);
        if (r < 0)
                return r;
        *ret_session = zone->sessions[i];
        return 0;
}

const Session *zone_known_session(const Zone *zone, size_t i) {
        return zone->sessions && i < zone->n_servers ? zone->sessions[i] : NULL;
}

bool zone_replicates(const Zone *zone) {
        return zone->access->security == SECURITY_GSS &&
               (zone->access->n_servers > 0 || zone->endpoints.n > 1);
}

bool zone_primary_varies(const Zone *zone) {
        return zone_replicates(zone) && zone->access->n_servers != 1;
}
