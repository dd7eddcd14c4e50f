/* Lookups at the recursive resolvers (E1, C20, C23, C28, C31).
 *
 * Each question goes out from a socket of its own, connected to one resolver, with an id of its
 * own: what a forger off the path has to guess. What is no answer to it is passed over until the
 * time is up. TC: the same by TCP, within the same time. NOERROR and NXDOMAIN are answers; any
 * other RCODE, an ICMP error or silence leads to the next resolver, two rounds over the list. Where
 * one gives no answer at all the next lookups begin behind it: else each of ten thousand would wait
 * for it.
 */
#include "daemon/resolver.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "daemon/random.h"
#include "daemon/resolv-conf.h"
#include "daemon/stream.h"
#include "lib/message.h"
#include "lib/reply.h"
#include "lib/util.h"

#define RESOLV_CONF_PATH "/etc/resolv.conf"
#define ACCURACY_USEC (10 * USEC_PER_MSEC)

enum {
        ACTIVE_MAX = 32,
        ROUNDS = 2,
};

typedef TAILQ_HEAD(LookupList, Lookup) LookupList;

struct Resolver {
        unsigned n_refs; /* its maker and each lookup */
        sd_event *event;
        sd_event_source *turn; /* starts one waiting lookup */
        ResolvConf *conf;      /* NULL: the endpoints are given */
        Endpoint *endpoints;
        size_t n_endpoints;
        size_t first; /* to be asked, modulo their number */
        LookupList waiting;
        LookupList active;
        unsigned n_active;
};

/* One resolver and what came of asking it. */
typedef struct Asked {
        Endpoint endpoint;
        bool answered;
        const char *said; /* a string that lasts; NULL: not asked */
} Asked;

struct Lookup {
        TAILQ_ENTRY(Lookup) link;
        Resolver *resolver;
        bool is_active;
        Message *message;
        Request request;
        uint64_t timeout_usec;
        LookupHandler handler;
        void *userdata;

        sd_event_source *datagram; /* owns the UDP socket */
        sd_event_source *timer;
        Stream *stream;
        bool has_reply; /* by TCP */
        Reply reply;
        size_t first;
        size_t n_attempts;

        size_t n_asked;
        Asked asked[];
};

static void resolver_ask_turn(Resolver *resolver) {
        bool can_start = !TAILQ_EMPTY(&resolver->waiting) && resolver->n_active < ACTIVE_MAX;
        (void)sd_event_source_set_enabled(resolver->turn,
                                          can_start ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* Ends what is under way with the present resolver. */
static void lookup_stop(Lookup *lookup) {
        lookup->datagram = sd_event_source_disable_unref(lookup->datagram);
        lookup->timer = sd_event_source_disable_unref(lookup->timer);
        lookup->stream = stream_free(lookup->stream);
        lookup->has_reply = false;
        reply_done(&lookup->reply);
        lookup->reply = (Reply){};
}

static void lookup_leave(Lookup *lookup) {
        Resolver *resolver = lookup->resolver;

        lookup->resolver = NULL;
        if (lookup->is_active) {
                TAILQ_REMOVE(&resolver->active, lookup, link);
                resolver->n_active--;
        } else {
                TAILQ_REMOVE(&resolver->waiting, lookup, link);
        }
        resolver_ask_turn(resolver);
        resolver_free(resolver);
}

Lookup *lookup_free(Lookup *lookup) {
        if (!lookup)
                return NULL;
        lookup_stop(lookup);
        if (lookup->resolver)
                lookup_leave(lookup);
        free(lookup->message);
        free(lookup);
        return NULL;
}

/* "192.0.2.1: SERVFAIL; 2001:db8::1: no answer" */
static void lookup_describe(const Lookup *lookup, char **ret_text, int *ret_error) {
        char *text = NULL, endpoint[ENDPOINT_TEXT_MAX];
        size_t size;
        bool any_answered = false;

        FILE *stream = open_memstream(&text, &size);
        for (size_t i = 0; i < lookup->n_asked; i++) {
                const Asked *asked = &lookup->asked[i];
                any_answered |= asked->answered;
                if (stream)
                        fprintf(stream, "%s%s: %s", i > 0 ? "; " : "",
                                endpoint_to_text(&asked->endpoint, endpoint), asked->said);
        }
        if (stream)
                (void)fclose(stream);
        *ret_text = text;
        *ret_error = any_answered ? -EPROTO : -ETIMEDOUT;
}

/* The handler may do anything, also free the resolver: nothing is touched after it but the lookup,
   which has left. */
static void lookup_complete(Lookup *lookup, const ldns_pkt *answer) {
        _cleanup_(freep) char *text = NULL;
        int error = 0;

        if (!answer)
                lookup_describe(lookup, &text, &error);
        lookup_leave(lookup);
        lookup->handler(lookup, error, answer, text ?: "", lookup->userdata);
        lookup_free(lookup);
}

static void lookup_next(Lookup *lookup);

/* The resolver asked at present. */
static size_t lookup_at(const Lookup *lookup) {
        return (lookup->first + lookup->n_attempts - 1) % lookup->n_asked;
}

static Asked *lookup_asked(Lookup *lookup) {
        return &lookup->asked[lookup_at(lookup)];
}

/* It is of no use. */
static void lookup_fail(Lookup *lookup, const char *said, bool answered) {
        Resolver *resolver = lookup->resolver;
        Asked *asked = lookup_asked(lookup);

        asked->said = said;
        asked->answered |= answered;
        if (!answered && lookup_at(lookup) == resolver->first % lookup->n_asked)
                resolver->first = lookup_at(lookup) + 1;
        lookup_next(lookup);
}

static void lookup_judge(Lookup *lookup) {
        if (lookup->reply.kind == REPLY_DONE) {
                lookup_complete(lookup, lookup->reply.packet);
                return;
        }
        const ldns_lookup_table *entry = ldns_lookup_by_id(ldns_rcodes, lookup->reply.rcode);
        lookup_fail(lookup, entry ? entry->name : "an unknown RCODE", true);
}

static void lookup_on_open(void *userdata) {}

/* One message is all that is wanted. */
static int lookup_on_message(const uint8_t *bytes, size_t size, void *userdata) {
        Lookup *lookup = userdata;

        /* By TCP a truncated answer is a fault. */
        lookup->request.over_udp = false;
        lookup->has_reply =
                reply_read(&lookup->request, bytes, size, time(NULL), &lookup->reply) >= 0;
        return -ECANCELED;
}

static void lookup_on_close(int error, void *userdata) {
        Lookup *lookup = userdata;

        if (!lookup->has_reply)
                lookup_fail(lookup, error < 0 ? strerrordesc_np(-error) : "connection closed",
                            false);
        else if (lookup->reply.fault != FAULT_NONE)
                lookup_fail(lookup, reply_fault_to_string(lookup->reply.fault), true);
        else
                lookup_judge(lookup);
}

static void lookup_go_on_by_tcp(Lookup *lookup) {
        static const StreamEvents events = {
                .on_open = lookup_on_open,
                .on_message = lookup_on_message,
                .on_close = lookup_on_close,
        };
        Asked *asked = lookup_asked(lookup);
        struct sockaddr_storage address;
        socklen_t size;

        lookup->datagram = sd_event_source_disable_unref(lookup->datagram);
        reply_done(&lookup->reply);
        asked->answered = true;
        int r = endpoint_to_sockaddr(&asked->endpoint, &address, &size);
        if (r >= 0)
                r = stream_new(lookup->resolver->event, (struct sockaddr *)&address, size, &events,
                               lookup, &lookup->stream);
        if (r >= 0)
                r = stream_send(lookup->stream, lookup->message->bytes, lookup->message->size);
        if (r < 0)
                lookup_fail(lookup, strerrordesc_np(-r), false);
}

/* C20: what is not ours is passed over; a header with our id and nothing behind it too. */
static bool is_ours(const Reply *reply) {
        return reply->fault == FAULT_NONE && ldns_pkt_qdcount(reply->packet) == 1;
}

static int lookup_on_datagram(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Lookup *lookup = userdata;
        uint8_t bytes[UINT16_MAX];

        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        if (n < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        lookup_fail(lookup, strerrordesc_np(errno), false);
                return 0;
        }
        reply_done(&lookup->reply);
        int r = reply_read(&lookup->request, bytes, n, time(NULL), &lookup->reply);
        if (r < 0)
                lookup_fail(lookup, strerrordesc_np(-r), false);
        else if (is_ours(&lookup->reply) && ldns_pkt_tc(lookup->reply.packet))
                lookup_go_on_by_tcp(lookup);
        else if (is_ours(&lookup->reply))
                lookup_judge(lookup);
        return 0;
}

static int lookup_on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Lookup *lookup = userdata;
        ReplyFault fault = lookup->reply.fault;

        if (fault != FAULT_NONE)
                lookup_fail(lookup, reply_fault_to_string(fault), true);
        else
                lookup_fail(lookup, "no answer", false);
        return 0;
}

static int lookup_send(Lookup *lookup, const Endpoint *endpoint) {
        struct sockaddr_storage address;
        socklen_t size;

        int r = endpoint_to_sockaddr(endpoint, &address, &size);
        if (r < 0)
                return r;
        int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        r = sd_event_add_io(lookup->resolver->event, &lookup->datagram, fd, EPOLLIN,
                            lookup_on_datagram, lookup);
        if (r < 0) {
                close(fd);
                return r;
        }
        (void)sd_event_source_set_io_fd_own(lookup->datagram, true);
        if (connect(fd, (struct sockaddr *)&address, size) < 0)
                return -errno;
        if (send(fd, lookup->message->bytes, lookup->message->size, MSG_NOSIGNAL) < 0)
                return -errno;
        return 0;
}

static int lookup_ask(Lookup *lookup, const Endpoint *endpoint) {
        int r = random_id(&lookup->request.id);
        if (r < 0)
                return r;
        lookup->message->bytes[0] = lookup->request.id >> 8;
        lookup->message->bytes[1] = lookup->request.id & 0xff;
        lookup->request.over_udp = true;
        r = sd_event_add_time_relative(lookup->resolver->event, &lookup->timer, CLOCK_BOOTTIME,
                                       lookup->timeout_usec, ACCURACY_USEC, lookup_on_timeout,
                                       lookup);
        if (r < 0)
                return r;
        return lookup_send(lookup, endpoint);
}

/* Asks the next resolver that can be sent to; after two rounds the lookup has failed. */
static void lookup_next(Lookup *lookup) {
        lookup_stop(lookup);
        while (lookup->n_attempts < ROUNDS * lookup->n_asked) {
                lookup->n_attempts++;
                Asked *asked = lookup_asked(lookup);
                int r = lookup_ask(lookup, &asked->endpoint);
                if (r >= 0)
                        return;
                asked->said = strerrordesc_np(-r);
                lookup_stop(lookup);
        }
        lookup_complete(lookup, NULL);
}

/* One lookup a turn: its handler may be called at once, and may free the resolver. */
static int resolver_on_turn(sd_event_source *source, void *userdata) {
        Resolver *resolver = userdata;
        Lookup *lookup = TAILQ_FIRST(&resolver->waiting);

        TAILQ_REMOVE(&resolver->waiting, lookup, link);
        TAILQ_INSERT_TAIL(&resolver->active, lookup, link);
        lookup->is_active = true;
        lookup->first = resolver->first;
        resolver->n_active++;
        resolver_ask_turn(resolver);
        lookup_next(lookup);
        return 0;
}

static int resolver_make(sd_event *event, Resolver **ret_resolver) {
        Resolver *resolver = calloc(1, sizeof(*resolver));
        if (!resolver)
                return -ENOMEM;
        resolver->n_refs = 1;
        resolver->event = sd_event_ref(event);
        TAILQ_INIT(&resolver->waiting);
        TAILQ_INIT(&resolver->active);
        int r = sd_event_add_defer(event, &resolver->turn, resolver_on_turn, resolver);
        if (r >= 0)
                r = sd_event_source_set_enabled(resolver->turn, SD_EVENT_OFF);
        if (r < 0) {
                resolver_free(resolver);
                return r;
        }
        *ret_resolver = resolver;
        return 0;
}

DEFINE_CLEANUP(Resolver, resolver_free)

int resolver_new_from_file(sd_event *event, const char *path, Resolver **ret_resolver) {
        _cleanup_(resolver_freep) Resolver *resolver = NULL;

        int r = resolver_make(event, &resolver);
        if (r < 0)
                return r;
        r = resolv_conf_new(path, &resolver->conf);
        if (r < 0)
                return r;
        *ret_resolver = TAKE_PTR(resolver);
        return 0;
}

int resolver_new(sd_event *event, const Endpoint *endpoints, size_t n_endpoints,
                 Resolver **ret_resolver) {
        _cleanup_(resolver_freep) Resolver *resolver = NULL;

        if (n_endpoints == 0)
                return resolver_new_from_file(event, RESOLV_CONF_PATH, ret_resolver);
        for (size_t i = 0; i < n_endpoints; i++) {
                if (endpoints[i].family == AF_UNSPEC)
                        return -EINVAL;
        }
        int r = resolver_make(event, &resolver);
        if (r < 0)
                return r;
        resolver->endpoints = calloc(n_endpoints, sizeof(*endpoints));
        if (!resolver->endpoints)
                return -ENOMEM;
        memcpy(resolver->endpoints, endpoints, n_endpoints * sizeof(*endpoints));
        resolver->n_endpoints = n_endpoints;
        *ret_resolver = TAKE_PTR(resolver);
        return 0;
}

Resolver *resolver_free(Resolver *resolver) {
        if (!resolver || --resolver->n_refs > 0)
                return NULL;
        sd_event_source_disable_unref(resolver->turn);
        resolv_conf_free(resolver->conf);
        free(resolver->endpoints);
        sd_event_unref(resolver->event);
        free(resolver);
        return NULL;
}

static const Endpoint *resolver_servers(Resolver *resolver, size_t *ret_n) {
        uint64_t now_usec = 0;

        if (resolver->conf) {
                (void)sd_event_now(resolver->event, CLOCK_BOOTTIME, &now_usec);
                return resolv_conf_servers(resolver->conf, now_usec, ret_n);
        }
        *ret_n = resolver->n_endpoints;
        return resolver->endpoints;
}

int resolver_lookup(Resolver *resolver, const Name *name, ldns_rr_type type, uint64_t timeout_usec,
                    LookupHandler handler, void *userdata, Lookup **ret_lookup) {
        size_t n_servers;
        const Endpoint *servers = resolver_servers(resolver, &n_servers);

        Lookup *lookup = calloc(1, sizeof(*lookup) + n_servers * sizeof(lookup->asked[0]));
        if (!lookup)
                return -ENOMEM;
        int r = message_new_query(name, type, true, &lookup->message);
        if (r < 0) {
                lookup_free(lookup);
                return r;
        }
        lookup->request = (Request){.opcode = LDNS_PACKET_QUERY, .type = type, .name = *name};
        lookup->timeout_usec = timeout_usec;
        lookup->handler = handler;
        lookup->userdata = userdata;
        lookup->n_asked = n_servers;
        for (size_t i = 0; i < n_servers; i++)
                lookup->asked[i].endpoint = servers[i];
        lookup->resolver = resolver;
        resolver->n_refs++;
        TAILQ_INSERT_TAIL(&resolver->waiting, lookup, link);
        resolver_ask_turn(resolver);
        *ret_lookup = lookup;
        return 0;
}
