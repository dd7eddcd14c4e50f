/* daemon/server: the queue, the limit, the connections and what a dead or restarted server costs
   (E1, E3, E8). */
#include "daemon/server.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_world.h"
#include "tests/unit/unit.h"

#define LONG (60 * USEC_PER_SEC)
#define SHORT (20 * USEC_PER_MSEC)

enum {
        N_ASKS = 100,
        ALL = SERVER_CONNECTIONS_MAX,
};

static World world;
static Ask asks[N_ASKS];
static PeerMessage message;
static int fds[ALL];
static int n_connects;

/* In the place of libc's: draws every id twice in a row. */
ssize_t getrandom(void *buffer, size_t size, unsigned flags) {
        static uint16_t n;
        uint16_t *ids = buffer;

        for (size_t i = 0; i < size / sizeof(*ids); i++)
                ids[i] = n++ / 2;
        return size;
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
        n_connects++;
        return syscall(SYS_connect, fd, address, size);
}

static void setup(int backlog, unsigned max_outstanding) {
        memset(asks, 0, sizeof(asks));
        n_connects = 0;
        world_setup(&world, backlog, max_outstanding);
}

static void answer(int fd) {
        peer_receive(world.event, fd, &message);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
}

/* All 8 connections kept idle, each after one answer. */
static void setup_idle(void) {
        setup(16, 32);
        for (int i = 0; i < ALL; i++) {
                ask_query(&world, &asks[i], i, LONG);
                fds[i] = peer_accept(world.event, world.listener);
                peer_settle(world.event);
        }
        for (int i = 0; i < ALL; i++)
                answer(fds[i]);
        peer_wait(world.event, &n_completions, ALL);
        ck_assert_int_eq(n_connects, ALL);
}

static void teardown(void) {
        world_teardown(&world);
        for (int i = 0; i < ALL; i++)
                close(fds[i]);
}

/* All that the server was sent and has not answered, with the connections that came for it. */
static int receive_all(PeerMessage requests[static N_ASKS], int from[static N_ASKS], int *n_fds) {
        int n = 0;

        for (int fd; (fd = peer_try_accept(world.event, world.listener)) >= 0;) {
                ck_assert_int_lt(*n_fds, ALL);
                fds[(*n_fds)++] = fd;
        }
        for (int i = 0; i < *n_fds; i++)
                while (peer_try_receive(world.event, fds[i], &requests[n]))
                        from[n++] = fds[i];
        return n;
}

/* E8: FIFO, and never more unanswered than the limit says, on no more than 8 connections. */
START_TEST(test_limit_and_order) {
        static const unsigned limits[] = {1, 3, 12, 32};
        PeerMessage *requests = calloc(N_ASKS, sizeof(*requests));
        unsigned limit = limits[_i];
        int n_fds = 0, n_seen = 0;

        setup(16, limit);
        for (int i = 0; i < N_ASKS; i++)
                ask_query(&world, &asks[i], i, LONG);
        fds[n_fds++] = peer_accept(world.event, world.listener);
        while (n_completions < N_ASKS) {
                int from[N_ASKS], n_unanswered = receive_all(requests, from, &n_fds);
                ck_assert_int_le(n_unanswered, limit);
                for (int i = 0; i < n_unanswered; i++) {
                        ck_assert_int_lt(peer_number(&requests[i]), n_seen + limit);
                        peer_answer(from[i], &requests[i], LDNS_RCODE_NOERROR);
                }
                n_seen += n_unanswered;
                peer_settle(world.event);
        }
        ck_assert_int_eq(n_seen, N_ASKS);
        ck_assert_int_eq(n_connects, limit < ALL ? (int)limit : ALL);
        for (int i = 0; i < N_ASKS; i++) {
                ck_assert_int_eq(asks[i].n_done, 1);
                ck_assert_int_eq(asks[i].reply.kind, REPLY_DONE);
        }
        world_teardown(&world);
        for (int i = 0; i < n_fds; i++)
                close(fds[i]);
        free(requests);
}
END_TEST

/* E8: each request that ends without an answer halves what the server has to answer at a time, down
   to one; each answer adds one, up to the limit. */
START_TEST(test_fewer_for_a_server_that_does_not_answer) {
        static const int rounds[] = {1, 2, 4, 8, 8};
        PeerMessage *requests = calloc(N_ASKS, sizeof(*requests));
        int from[N_ASKS], n_fds = 0;

        setup(16, 8);
        for (int i = 0; i < 40; i++)
                ask_query(&world, &asks[i], i, LONG);
        ck_assert_int_eq(receive_all(requests, from, &n_fds), 8);
        while (n_fds > 0)
                peer_reset(fds[--n_fds]);
        peer_wait(world.event, &n_completions, 8);
        for (size_t round = 0; round < ELEMENTSOF(rounds); round++) {
                int n = receive_all(requests, from, &n_fds);
                ck_assert_int_eq(n, rounds[round]);
                for (int i = 0; i < n; i++)
                        peer_answer(from[i], &requests[i], LDNS_RCODE_NOERROR);
                peer_settle(world.event);
        }
        for (int i = 0; i < 40; i++)
                if (asks[i].transaction)
                        transaction_free(asks[i].transaction);
        world_teardown(&world);
        while (n_fds > 0)
                close(fds[--n_fds]);
        free(requests);
}
END_TEST

/* What was given up after it was sent still takes its place; the last limit counts. */
START_TEST(test_limit_holds_for_the_given_up) {
        setup(8, 2);
        server_set_limit(world.server, 5);
        server_set_limit(world.server, 1);
        for (int i = 0; i < 2; i++)
                ask_query(&world, &asks[i], i, LONG);
        int fd = peer_accept(world.event, world.listener);
        peer_receive(world.event, fd, &message);
        transaction_free(asks[0].transaction);
        static PeerMessage second;
        ck_assert(!peer_try_receive(world.event, fd, &second));
        ck_assert_int_eq(peer_try_accept(world.event, world.listener), -1);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
        answer(fd);
        peer_wait(world.event, &asks[1].n_done, 1);
        ck_assert_int_eq(asks[1].reply.kind, REPLY_DONE);
        world_teardown(&world);
        close(fd);
}
END_TEST

/* C02: unique among the outstanding of a connection, although each number is drawn twice. */
START_TEST(test_ids_are_unique) {
        setup(16, 32);
        for (int i = 0; i < 32; i++)
                ask_query(&world, &asks[i], i, LONG);
        fds[0] = peer_accept(world.event, world.listener);
        for (int i = 1; i < ALL; i++)
                fds[i] = peer_accept(world.event, world.listener);
        for (int i = 0; i < ALL; i++) {
                uint16_t ids[32 / ALL];
                for (size_t j = 0; j < ELEMENTSOF(ids); j++) {
                        peer_receive(world.event, fds[i], &message);
                        ids[j] = message.bytes[0] << 8 | message.bytes[1];
                        for (size_t k = 0; k < j; k++)
                                ck_assert_uint_ne(ids[j], ids[k]);
                }
        }
        for (int i = 0; i < 32; i++)
                transaction_free(asks[i].transaction);
        teardown();
}
END_TEST

/* E3: a refused connection is one attempt, however much waits; what comes later tries again. */
START_TEST(test_refused) {
        setup(-1, 32);
        for (int round = 1; round <= 2; round++) {
                for (int i = 0; i < N_ASKS; i++)
                        ask_query(&world, &asks[i], i, LONG);
                peer_wait(world.event, &n_completions, round * N_ASKS);
                for (int i = 0; i < N_ASKS; i++) {
                        ck_assert_int_eq(asks[i].n_done, 1);
                        ck_assert_int_eq(asks[i].reply.kind, REPLY_UNREACHABLE);
                        ck_assert_int_eq(asks[i].reply.error, ECONNREFUSED);
                }
                ck_assert_int_eq(n_connects, round);
        }
        world_teardown(&world);
}
END_TEST

/* An address that fails at once, within connect(2): told from the loop all the same. */
START_TEST(test_fails_at_once) {
        setup(-1, 32);
        server_unref(world.server);
        world.address.sin_addr.s_addr = htonl(INADDR_BROADCAST);
        ck_assert_int_eq(server_new(world.event, "broadcast", (struct sockaddr *)&world.address,
                                    sizeof(world.address), 32, &world.server),
                         0);
        for (int i = 0; i < N_ASKS; i++)
                ask_update(&world, &asks[i], i, LONG);
        peer_wait(world.event, &n_completions, N_ASKS);
        ck_assert_int_eq(asks[N_ASKS - 1].reply.kind, REPLY_UNREACHABLE);
        ck_assert_int_ne(asks[N_ASKS - 1].reply.error, 0);
        ck_assert_int_eq(n_connects, 1);
        world_teardown(&world);
}
END_TEST

/* No answer to the SYN: the first waits out its time, all others learn of it then. */
START_TEST(test_connection_times_out) {
        int fill[4];

        setup(0, 32);
        for (size_t i = 0; i < ELEMENTSOF(fill); i++) { /* the backlog is full: SYNs are dropped */
                fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                connect(fill[i], (struct sockaddr *)&world.address, sizeof(world.address));
        }
        n_connects = 0;
        ask_query(&world, &asks[0], 0, SHORT);
        for (int i = 1; i < N_ASKS; i++)
                ask_query(&world, &asks[i], i, LONG);
        peer_wait(world.event, &n_completions, N_ASKS);
        for (int i = 0; i < N_ASKS; i++) {
                ck_assert_int_eq(asks[i].reply.kind, REPLY_UNREACHABLE);
                ck_assert_int_eq(asks[i].reply.error, ETIMEDOUT);
        }
        ck_assert_int_eq(n_connects, 1);
        for (size_t i = 0; i < ELEMENTSOF(fill); i++)
                close(fill[i]);
        world_teardown(&world);
}
END_TEST

/* E1: a kept connection that the peer closed fails no query; it sees the close first or not. */
START_TEST(test_stale_connection_query) {
        setup(8, 32);
        ask_query(&world, &asks[0], 0, LONG);
        int fd = peer_accept(world.event, world.listener);
        answer(fd);
        peer_wait(world.event, &n_completions, 1);
        if (_i == 0) { /* the request had gone out before the close */
                ask_query(&world, &asks[1], 1, LONG);
                peer_receive(world.event, fd, &message);
                close(fd);
        } else {
                close(fd);
                ask_query(&world, &asks[1], 1, LONG);
        }
        fd = peer_accept(world.event, world.listener);
        answer(fd);
        peer_wait(world.event, &n_completions, 2);
        ck_assert_int_eq(asks[1].reply.kind, REPLY_DONE);
        ck_assert_int_eq(n_connects, 2);
        world_teardown(&world);
        close(fd);
}
END_TEST

/* What nobody wants any more is not sent again. */
START_TEST(test_stale_connection_given_up) {
        setup(8, 32);
        ask_query(&world, &asks[0], 0, LONG);
        int fd = peer_accept(world.event, world.listener);
        answer(fd);
        peer_wait(world.event, &n_completions, 1);
        ask_query(&world, &asks[1], 1, LONG);
        peer_receive(world.event, fd, &message);
        transaction_free(asks[1].transaction);
        close(fd);
        peer_settle(world.event);
        ck_assert_int_eq(n_connects, 1);
        world_teardown(&world);
}
END_TEST

/* It goes before what waits behind it. */
START_TEST(test_stale_connection_keeps_the_order) {
        setup(8, 1);
        ask_query(&world, &asks[0], 0, LONG);
        int fd = peer_accept(world.event, world.listener);
        answer(fd);
        peer_wait(world.event, &n_completions, 1);
        for (int i = 1; i <= 3; i++)
                ask_query(&world, &asks[i], i, LONG);
        peer_receive(world.event, fd, &message);
        close(fd);
        fd = peer_accept(world.event, world.listener);
        for (int i = 1; i <= 3; i++) {
                answer(fd);
                ck_assert_int_eq(peer_number(&message), i);
        }
        peer_wait(world.event, &n_completions, 4);
        world_teardown(&world);
        close(fd);
}
END_TEST

/* E1: an update is never sent a second time, nor a query of which an answer had begun. */
START_TEST(test_stale_connection_not_again) {
        bool is_query = _i;

        setup(8, 32);
        ask_query(&world, &asks[0], 0, LONG);
        int fd = peer_accept(world.event, world.listener);
        answer(fd);
        peer_wait(world.event, &n_completions, 1);
        if (is_query)
                ask_query(&world, &asks[1], 1, LONG);
        else
                ask_update(&world, &asks[1], 1, LONG);
        peer_receive(world.event, fd, &message);
        if (is_query)
                peer_send(fd, "\0", 1);
        close(fd);
        peer_wait(world.event, &n_completions, 2);
        ck_assert_int_eq(asks[1].reply.kind, REPLY_CLOSED);
        ck_assert_int_eq(peer_try_accept(world.event, world.listener), -1);
        ck_assert_int_eq(n_connects, 1);
        world_teardown(&world);
}
END_TEST

/* Once, not twice. */
START_TEST(test_stale_connection_closes_again) {
        setup(8, 32);
        ask_query(&world, &asks[0], 0, LONG);
        int fd = peer_accept(world.event, world.listener);
        answer(fd);
        peer_wait(world.event, &n_completions, 1);
        ask_query(&world, &asks[1], 1, LONG);
        for (int i = 0; i < 2; i++) {
                peer_receive(world.event, fd, &message);
                close(fd);
                if (i == 0)
                        fd = peer_accept(world.event, world.listener);
        }
        peer_wait(world.event, &n_completions, 2);
        ck_assert_int_eq(asks[1].reply.kind, REPLY_CLOSED);
        ck_assert_int_eq(n_connects, 2);
        world_teardown(&world);
}
END_TEST

/* The server was started anew: all kept connections are dead, each query goes over a fresh one,
   in order, behind nothing that waits; the updates among them come back as closed. */
START_TEST(test_all_connections_stale) {
        enum { N = 2 * ALL };
        int n_lost = 0;

        setup_idle();
        for (int i = 0; i < N; i++) {
                if (i % 4 == 3)
                        ask_update(&world, &asks[i], i, LONG);
                else
                        ask_query(&world, &asks[i], i, LONG);
        }
        for (int i = 0; i < ALL; i++) {
                peer_receive(world.event, fds[i], &message);
                peer_receive(world.event, fds[i], &message);
        }
        for (int i = 0; i < ALL; i++)
                peer_reset(fds[i]);
        for (int n_fds = 0; n_completions < ALL + N;) {
                int fd = peer_try_accept(world.event, world.listener);
                if (fd >= 0)
                        fds[n_fds++] = fd;
                for (int i = 0; i < n_fds; i++) {
                        while (peer_try_receive(world.event, fds[i], &message))
                                peer_answer(fds[i], &message, LDNS_RCODE_NOERROR);
                }
        }
        for (int i = 0; i < N; i++) {
                ck_assert_int_eq(asks[i].reply.kind, i % 4 == 3 ? REPLY_CLOSED : REPLY_DONE);
                n_lost += asks[i].reply.kind == REPLY_CLOSED;
        }
        ck_assert_int_eq(n_lost, N / 4);
        teardown();
}
END_TEST

/* Two come back from one connection while the others are as doubtful: both go over the new one. */
START_TEST(test_stale_connection_avoids_doubtful_ones) {
        setup_idle();
        for (int i = 0; i <= ALL; i++)
                ask_query(&world, &asks[i], i, LONG);
        for (int i = 0; i < ALL; i++)
                peer_receive(world.event, fds[i], &message);
        peer_receive(world.event, fds[0], &message);
        close(fds[0]);
        fds[0] = peer_accept(world.event, world.listener);
        for (int i = 0; i < 2; i++) {
                peer_receive(world.event, fds[0], &message);
                ck_assert_int_eq(peer_number(&message), i * ALL);
        }
        for (int i = 0; i <= ALL; i++)
                transaction_free(asks[i].transaction);
        teardown();
}
END_TEST

/* What must not be lost with a stale connection gets a fresh one though as many are kept as may be:
   one of those makes room, and nothing waits until it is closed for its idleness. */
START_TEST(test_kept_connection_makes_room) {
        setup_idle();
        world.is_again = true;
        ask_query(&world, &asks[0], 0, LONG);
        world.is_again = false;
        ask_query(&world, &asks[1], 1, LONG);
        peer_settle(world.event);
        ck_assert_int_eq(n_connects, ALL + 1);
        int fd = peer_accept(world.event, world.listener);
        answer(fd);
        ck_assert_int_eq(peer_number(&message), 0);
        peer_wait(world.event, &n_completions, ALL + 1);
        transaction_free(asks[1].transaction);
        teardown();
        close(fd);
}
END_TEST

/* The server died while connections were kept: the query's second attempt tells. */
START_TEST(test_stale_connection_and_dead_server) {
        setup(8, 32);
        ask_query(&world, &asks[0], 0, LONG);
        int fd = peer_accept(world.event, world.listener);
        answer(fd);
        peer_wait(world.event, &n_completions, 1);
        ask_query(&world, &asks[1], 1, LONG);
        peer_receive(world.event, fd, &message);
        ck_assert_int_eq(shutdown(world.listener, SHUT_RD), 0); /* listens no more */
        close(fd);
        peer_wait(world.event, &n_completions, 2);
        ck_assert_int_eq(asks[1].reply.kind, REPLY_UNREACHABLE);
        ck_assert_int_eq(asks[1].reply.error, ECONNREFUSED);
        world_teardown(&world);
}
END_TEST

START_TEST(test_name_and_address) {
        socklen_t size;

        setup(8, 32);
        ck_assert_str_eq(server_name(world.server), "peer");
        ck_assert_mem_eq(server_address(world.server, &size), &world.address,
                         sizeof(world.address));
        ck_assert_uint_eq(size, sizeof(world.address));
        ck_assert_ptr_null(server_unref(NULL));
        world_teardown(&world);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, test_limit_and_order, 0, 4);
        tcase_add_test(tcase, test_fewer_for_a_server_that_does_not_answer);
        tcase_add_test(tcase, test_limit_holds_for_the_given_up);
        tcase_add_test(tcase, test_ids_are_unique);
        tcase_add_test(tcase, test_refused);
        tcase_add_test(tcase, test_fails_at_once);
        tcase_add_test(tcase, test_connection_times_out);
        tcase_add_loop_test(tcase, test_stale_connection_query, 0, 2);
        tcase_add_test(tcase, test_stale_connection_given_up);
        tcase_add_test(tcase, test_stale_connection_keeps_the_order);
        tcase_add_loop_test(tcase, test_stale_connection_not_again, 0, 2);
        tcase_add_test(tcase, test_stale_connection_avoids_doubtful_ones);
        tcase_add_test(tcase, test_stale_connection_closes_again);
        tcase_add_test(tcase, test_all_connections_stale);
        tcase_add_test(tcase, test_kept_connection_makes_room);
        tcase_add_test(tcase, test_stale_connection_and_dead_server);
        tcase_add_test(tcase, test_name_and_address);
}

UNIT_MAIN("server", add_tests)
