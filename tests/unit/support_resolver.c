/* See support_resolver.h. */
#include "tests/unit/support_resolver.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/util.h"

ResolverWorld world;

static Name name;

static void on_lookup(Lookup *lookup, int error, const ldns_pkt *packet, const char *text,
                      void *userdata) {
        Query *query = userdata;

        ck_assert_ptr_eq(query->lookup, lookup);
        ck_assert_int_eq(error == 0, packet != NULL);
        query->n_done++;
        world.n_completions++;
        query->error = error;
        query->lookup = NULL;
        snprintf(query->text, sizeof(query->text), "%s", text);
        if (packet) {
                query->rcode = ldns_pkt_get_rcode(packet);
                query->n_answers = ldns_pkt_ancount(packet);
        }
        if (query->frees)
                query->frees->lookup = lookup_free(query->frees->lookup);
        if (query->frees_resolver)
                world.resolver = resolver_free(world.resolver);
}

void query_ask(Query *query, uint64_t timeout_usec) {
        query->n_done = 0;
        ck_assert_int_eq(resolver_lookup(world.resolver, &name, LDNS_RR_TYPE_SOA, timeout_usec,
                                         on_lookup, query, &query->lookup),
                         0);
        ck_assert_int_eq(query->n_done, 0);
}

/* The same port for both transports. */
static void peer_open(Peer *peer) {
        for (;;) {
                peer->fd = peer_socket(SOCK_DGRAM, -1, &peer->address);
                peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                ck_assert_int_ge(peer->listener, 0);
                if (bind(peer->listener, (struct sockaddr *)&peer->address,
                         sizeof(peer->address)) == 0)
                        break;
                close(peer->fd);
                close(peer->listener);
        }
        snprintf(peer->text, sizeof(peer->text), "127.0.0.1:%u", ntohs(peer->address.sin_port));
}

void resolver_setup(size_t n_peers) {
        Endpoint endpoints[N_PEERS];

        world = (ResolverWorld){};
        ck_assert_int_ge(sd_event_new(&world.event), 0);
        ck_assert_int_eq(name_from_text("_vlmcs._tcp.example.test", &name), 0);
        for (size_t i = 0; i < N_PEERS; i++) {
                peer_open(&world.peers[i]);
                ck_assert_int_eq(endpoint_from_text(world.peers[i].text, &endpoints[i]), 0);
        }
        ck_assert_int_eq(resolver_new(world.event, endpoints, n_peers, &world.resolver), 0);
}

void resolver_teardown(void) {
        world.resolver = resolver_free(world.resolver);
        for (size_t i = 0; i < N_PEERS; i++) {
                close(world.peers[i].fd);
                close(world.peers[i].listener);
        }
        world.event = sd_event_unref(world.event);
}

bool peer_try_take(Peer *peer) {
        socklen_t size = sizeof(peer->client);

        peer_settle(world.event);
        ssize_t n = recvfrom(peer->fd, world.message.bytes, sizeof(world.message.bytes), 0,
                             (struct sockaddr *)&peer->client, &size);
        if (n >= 0)
                world.message.size = n;
        return n >= 0;
}

/* Runs the loop until a question has come. */
void peer_take(Peer *peer) {
        for (int i = 0; !peer_try_take(peer); i++) {
                ck_assert_int_lt(i, 20000);
                ck_assert_int_ge(sd_event_run(world.event, USEC_PER_MSEC), 0);
        }
        ck_assert_uint_gt(world.message.size, 12);
}

void peer_say(const Peer *peer, const PeerMessage *what) {
        ck_assert_int_eq(sendto(peer->fd, what->bytes, what->size, 0,
                                (const struct sockaddr *)&peer->client, sizeof(peer->client)),
                         (ssize_t)what->size);
}

void peer_say_rcode(const Peer *peer, unsigned rcode) {
        peer_make_answer(&world.message, rcode, &world.answer);
        peer_say(peer, &world.answer);
}

void peer_say_truncated(const Peer *peer) {
        peer_make_answer(&world.message, LDNS_RCODE_NOERROR, &world.answer);
        world.answer.bytes[2] |= 0x02; /* TC */
        peer_say(peer, &world.answer);
}
