/* A start, or the end of an outage, asks for the same few name servers ten thousand times within a
   moment: the resolver is to hear of it once (E8).

       host_names_find --> looking --> telling --> known --> gone, and looked up again
                              ^  joined by all who ask meanwhile

   A hundred thousand may wait for one name: they are told a few in each turn of the loop, which has
   other things to do too. What was found is known for some seconds: a burst shares it, and a
   changed address is soon seen. What failed is known for a shorter time than any retry takes.
   Another resolver begins another generation: what the former one was asked goes to those who wait
   for it, and to nobody else. */

#include "daemon/host-names.h"

#include <errno.h>
#include <netdb.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/name.h"
#include "lib/util.h"

#define KNOWN_USEC (5 * USEC_PER_SEC)
#define FAILED_USEC USEC_PER_SEC

enum {
        KNOWN_MAX = 1024,
        SLICE = 256, /* told in a turn */
};

typedef enum HostPhase {
        HOST_LOOKING,
        HOST_TELLING,
        HOST_KNOWN,
} HostPhase;

typedef TAILQ_HEAD(HostWaiterList, HostWaiter) HostWaiterList;
typedef TAILQ_HEAD(HostNameList, HostName) HostNameList;

/* Looked up by one job, or by two lookups (A, AAAA). */
typedef struct HostName {
        TAILQ_ENTRY(HostName) link; /* while it is known, or some are still to be told */
        HostNames *names;
        const char *name;
        unsigned generation;
        HostPhase phase;
        uint64_t found_usec;
        HostWaiterList waiters;
        Lookup *lookup[2];
        struct HostJob *job;
        size_t n_found;
        HostAddress found[HOST_ADDRESSES_MAX];
        char reason[96];
        char text[];
} HostName;

typedef struct HostJob {
        Job job;
        HostName *host; /* not to be touched in the thread */
        int result;
        struct addrinfo *addresses;
        char name[];
} HostJob;

struct HostNames {
        sd_event *event;
        sd_event_source *timer; /* drops what is known for too long */
        sd_event_source *turn;  /* tells those that are left */
        Worker *worker;
        Resolver *resolver;
        unsigned generation;
        void *root;         /* a tsearch() tree */
        HostNameList known; /* the oldest first */
        HostNameList telling;
        size_t n_known;
};

static int compare(const void *a, const void *b) {
        const HostName *x = a, *y = b;

        if (x->generation != y->generation)
                return x->generation < y->generation ? -1 : 1;
        return strcasecmp(x->name, y->name);
}

static uint64_t now_usec(const HostNames *names) {
        uint64_t usec = 0;

        (void)sd_event_now(names->event, CLOCK_BOOTTIME, &usec);
        return usec;
}

static void forget(HostName *host) {
        HostNames *names = host->names;

        if (host->phase == HOST_KNOWN) {
                TAILQ_REMOVE(&names->known, host, link);
                names->n_known--;
        }
        (void)tdelete(host, &names->root, compare);
        (void)lookup_free(host->lookup[0]);
        (void)lookup_free(host->lookup[1]);
        if (host->job)
                worker_cancel(names->worker, &host->job->job);
        free(host);
}

/* --- what is known ---------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        HostNames *names = userdata;
        HostName *host;

        while ((host = TAILQ_FIRST(&names->known)) &&
               host->found_usec + KNOWN_USEC <= now_usec(names))
                forget(host);
        if (host) {
                (void)sd_event_source_set_time(source, host->found_usec + KNOWN_USEC);
                (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        }
        return 0;
}

static void keep(HostName *host) {
        HostNames *names = host->names;

        host->phase = HOST_KNOWN;
        TAILQ_INSERT_TAIL(&names->known, host, link);
        if (names->n_known++ == 0)
                (void)on_timer(names->timer, 0, names);
        else if (names->n_known > KNOWN_MAX)
                forget(TAILQ_FIRST(&names->known));
}

static HostName *find(HostNames *names, const char *name) {
        HostName key = {.name = name, .generation = names->generation};
        HostName **node = tfind(&key, &names->root, compare), *host = node ? *node : NULL;

        if (!host || host->phase != HOST_KNOWN)
                return host;
        if (now_usec(names) < host->found_usec + (host->n_found > 0 ? KNOWN_USEC : FAILED_USEC))
                return host;
        forget(host);
        return NULL;
}

/* --- looking it up ---------------------------------------------------------------------------- */

static void tell(HostName *host) {
        HostNames *names = host->names;
        HostWaiter *waiter;

        for (unsigned i = 0; i < SLICE && (waiter = TAILQ_FIRST(&host->waiters)); i++) {
                host_names_leave(waiter);
                waiter->on_found(waiter, host->found, host->n_found, host->reason);
        }
        if (!TAILQ_EMPTY(&host->waiters)) {
                TAILQ_INSERT_TAIL(&names->telling, host, link);
                (void)sd_event_source_set_enabled(names->turn, SD_EVENT_ONESHOT);
        } else if (host->generation == names->generation) {
                keep(host);
        } else {
                forget(host);
        }
}

static HostName *take_telling(HostNames *names) {
        HostName *host = TAILQ_FIRST(&names->telling);

        if (host)
                TAILQ_REMOVE(&names->telling, host, link);
        return host;
}

static int on_turn(sd_event_source *source, void *userdata) {
        HostNames *names = userdata;
        HostName *host = take_telling(names);

        if (!TAILQ_EMPTY(&names->telling))
                (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        tell(host);
        return 0;
}

static void finish(HostName *host) {
        host->phase = HOST_TELLING;
        host->found_usec = now_usec(host->names);
        tell(host);
}

/* IPv4 goes first, whichever of the two answers did: what is the same is to look the same. */
static void add(HostName *host, const void *address, socklen_t size, bool goes_first) {
        size_t at = goes_first ? 0 : host->n_found;

        while (at < host->n_found && host->found[at].any.sa_family == AF_INET)
                at++;
        if (at >= HOST_ADDRESSES_MAX || size > sizeof(HostAddress))
                return;
        if (host->n_found < HOST_ADDRESSES_MAX)
                host->n_found++;
        memmove(&host->found[at + 1], &host->found[at],
                (host->n_found - 1 - at) * sizeof(HostAddress));
        memcpy(&host->found[at], address, size);
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
        HostName *host = j->host;

        host->job = NULL;
        for (struct addrinfo *a = j->addresses; j->result == 0 && a; a = a->ai_next)
                if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
                        add(host, a->ai_addr, a->ai_addrlen, false);
        if (j->result != 0)
                (void)snprintf(host->reason, sizeof(host->reason), "%s", gai_strerror(j->result));
        drop_job(job);
        finish(host);
}

static int start_job(HostName *host) {
        HostJob *j = calloc(1, sizeof(*j) + strlen(host->name) + 1);
        int r;

        if (!j)
                return -ENOMEM;
        j->job = (Job){.run = run_job, .on_done = on_job, .on_drop = drop_job};
        j->host = host;
        strcpy(j->name, host->name);
        r = worker_submit(host->names->worker, &j->job);
        if (r < 0)
                free(j);
        else
                host->job = j;
        return r;
}

static void add_rr(HostName *host, const ldns_rr *rr) {
        const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);

        if (!rdf)
                return;
        if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_A && ldns_rdf_size(rdf) == 4) {
                struct sockaddr_in in = {.sin_family = AF_INET};
                memcpy(&in.sin_addr, ldns_rdf_data(rdf), 4);
                add(host, &in, sizeof(in), true);
        } else if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA && ldns_rdf_size(rdf) == 16) {
                struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
                memcpy(&in6.sin6_addr, ldns_rdf_data(rdf), 16);
                add(host, &in6, sizeof(in6), false);
        }
}

static void on_lookup(Lookup *lookup, int error, const ldns_pkt *answer, const char *text,
                      void *userdata) {
        HostName *host = userdata;
        const ldns_rr_list *rrs = error ? NULL : ldns_pkt_answer(answer);

        host->lookup[lookup == host->lookup[1]] = NULL;
        for (size_t i = 0; rrs && i < ldns_rr_list_rr_count(rrs); i++)
                add_rr(host, ldns_rr_list_rr(rrs, i));
        if (error)
                (void)snprintf(host->reason, sizeof(host->reason), "%s", text);
        if (!host->lookup[0] && !host->lookup[1])
                finish(host);
}

static int start_lookups(HostName *host, uint64_t timeout_usec) {
        static const ldns_rr_type types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};
        Name name;
        int r = name_from_text(host->name, &name);

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(types); i++)
                r = resolver_lookup(host->names->resolver, &name, types[i], timeout_usec, on_lookup,
                                    host, &host->lookup[i]);
        return r;
}

static int look_up(HostNames *names, const char *name, uint64_t timeout_usec, HostName **ret_host) {
        HostName *host = calloc(1, sizeof(*host) + strlen(name) + 1);
        int r;

        if (!host)
                return -ENOMEM;
        host->names = names;
        host->name = strcpy(host->text, name);
        host->generation = names->generation;
        TAILQ_INIT(&host->waiters);
        (void)snprintf(host->reason, sizeof(host->reason), "no A or AAAA record");
        if (!tsearch(host, &names->root, compare))
                r = -ENOMEM;
        else
                r = names->resolver ? start_lookups(host, timeout_usec) : start_job(host);
        if (r < 0) {
                forget(host);
                return r;
        }
        *ret_host = host;
        return 0;
}

int host_names_find(HostNames *names, const char *name, uint64_t timeout_usec, HostWaiter *waiter) {
        HostName *host = find(names, name);
        int r = host ? 0 : look_up(names, name, timeout_usec, &host);

        if (r < 0)
                return r;
        if (host->phase == HOST_LOOKING) {
                waiter->host = host;
                TAILQ_INSERT_TAIL(&host->waiters, waiter, link);
        } else {
                waiter->on_found(waiter, host->found, host->n_found, host->reason);
        }
        return 0;
}

void host_names_leave(HostWaiter *waiter) {
        HostName *host = TAKE_PTR(waiter->host);

        if (!host)
                return;
        TAILQ_REMOVE(&host->waiters, waiter, link);
        if (TAILQ_EMPTY(&host->waiters) && host->phase == HOST_LOOKING)
                forget(host);
}

/* --- all of them ------------------------------------------------------------------------------ */

int host_names_new(sd_event *event, Worker *worker, HostNames **ret_names) {
        HostNames *names = calloc(1, sizeof(*names));
        int r;

        if (!names)
                return -ENOMEM;
        names->event = sd_event_ref(event);
        names->worker = worker;
        TAILQ_INIT(&names->known);
        TAILQ_INIT(&names->telling);
        r = sd_event_add_time(event, &names->timer, CLOCK_BOOTTIME, 0, USEC_PER_SEC, on_timer,
                              names);
        if (r >= 0)
                r = sd_event_source_set_enabled(names->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(event, &names->turn, on_turn, names);
        if (r >= 0)
                r = sd_event_source_set_enabled(names->turn, SD_EVENT_OFF);
        if (r < 0)
                return host_names_free(names), r;
        *ret_names = names;
        return 0;
}

static void forget_known(HostNames *names) {
        while (!TAILQ_EMPTY(&names->known))
                forget(TAILQ_FIRST(&names->known));
}

HostNames *host_names_free(HostNames *names) {
        HostName *host;

        if (!names)
                return NULL;
        while ((host = take_telling(names)))
                forget(host);
        forget_known(names);
        (void)sd_event_source_disable_unref(names->turn);
        (void)sd_event_source_disable_unref(names->timer);
        (void)sd_event_unref(names->event);
        free(names);
        return NULL;
}

void host_names_set_resolver(HostNames *names, Resolver *resolver) {
        names->resolver = resolver;
        names->generation++;
        forget_known(names);
}
