/* daemon/server: what it spares a server that is dead, silent, or short of room (E8). Connections
   are opened one by one; a dead server costs an attempt now and then, whatever waits; the limit
   follows how it fares. */
#include "daemon/server.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/exchange.h"
#include "lib/util.h"
#include "tests/unit/support_world.h"
#include "tests/unit/unit.h"

#define LONG (60 * USEC_PER_SEC)
#define SHORT (20 * USEC_PER_MSEC)
#define STALL (300 * USEC_PER_MSEC) /* others are answered meanwhile */
#define PAUSE (500 * USEC_PER_MSEC)

enum {
        N_ASKS = 100,
        LIMIT = 32,
};

static World world;
static Ask asks[N_ASKS];
static PeerMessage requests[LIMIT + 1];
static int n_connects;
static int connects_max; /* that succeed */
static bool fails_at_once;
static struct sockaddr_in crowded; /* takes no connection, and says nothing: if it has a port */
static int fds[SERVER_CONNECTIONS_MAX];
static int n_fds;
static int from[LIMIT + 1];
static int n_taken;

/* In the place of libc's. */
int connect(int fd, const struct sockaddr *address, socklen_t size) {
        struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(1)};

        nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (++n_connects > connects_max) {
                if (fails_at_once) {
                        errno = EADDRNOTAVAIL;
                        return -1;
                }
                address = (struct sockaddr *)(crowded.sin_port ? &crowded : &nobody);
                size = sizeof(nobody);
        }
        return (int)syscall(SYS_connect, fd, address, size);
}

static void setup(int backlog, int connects) {
        memset(asks, 0, sizeof(asks));
        n_connects = n_fds = n_taken = 0;
        connects_max = connects;
        world_setup(&world, backlog, LIMIT);
        for (int i = 0; i < N_ASKS; i++)
                ask_query(&world, &asks[i], i, LONG);
}

static void drop_all(void) {
        for (int i = 0; i < N_ASKS; i++)
                asks[i].transaction = transaction_free(asks[i].transaction);
}

static void teardown(void) {
        drop_all();
        world_teardown(&world);
        while (n_fds > 0)
                close(fds[--n_fds]);
}

/* What has come and has no answer. */
static void take(void) {
        for (int fd; (fd = peer_try_accept(world.event, world.listener)) >= 0;) {
                ck_assert_int_lt(n_fds, SERVER_CONNECTIONS_MAX);
                fds[n_fds++] = fd;
        }
        for (int i = 0; i < n_fds; i++)
                for (; peer_try_receive(world.event, fds[i], &requests[n_taken]);
                     from[n_taken++] = fds[i])
                        ck_assert_int_lt(n_taken, LIMIT);
}

static void answer_all(unsigned rcode) {
        while (n_taken > 0) {
                n_taken--;
                peer_answer(from[n_taken], &requests[n_taken], rcode);
        }
}

static void serve_until(int n_done) {
        while (n_completions < n_done) {
                take();
                answer_all(LDNS_RCODE_NOERROR);
        }
}

static uint64_t now_usec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* What comes after a refused connection waits for the next attempt, and that for a pause. */
START_TEST(dead_server_costs_an_attempt_now_and_then) {
        uint64_t failed_usec;

        setup(-1, 0);
        peer_wait(world.event, &n_completions, N_ASKS);
        ck_assert_int_eq(n_connects, 1);
        failed_usec = now_usec();
        for (int round = 1; round <= 2; round++) {
                for (int i = 0; i < N_ASKS; i++) {
                        ask_query(&world, &asks[i], i, LONG);
                        if (i % (N_ASKS / 5) == 0)
                                peer_settle(world.event);
                        ck_assert_int_eq(n_connects, round);
                }
                peer_wait(world.event, &n_completions, (round + 1) * N_ASKS);
                ck_assert_int_eq(n_connects, round + 1);
                ck_assert_uint_ge(now_usec(), failed_usec + (uint64_t)round * PAUSE);
                for (int i = 0; i < N_ASKS; i++)
                        ck_assert_int_eq(asks[i].reply.error, ECONNREFUSED);
        }
        teardown();
}
END_TEST

static ServerCall call;
static int n_told_before_call;

static void on_turn(void *userdata) {
        n_told_before_call = n_completions;
}

static void then_call(Ask *ask) {
        call = (ServerCall){.on_turn = on_turn};
        server_call(world.server, &call);
}

/* The loop has others to serve. A call comes behind all of them. */
START_TEST(many_failures_are_told_bit_by_bit) {
        static Ask many[20 * N_ASKS];

        setup(-1, 0);
        asks[0].then = then_call;
        for (size_t i = 0; i < ELEMENTSOF(many); i++)
                ask_query(&world, &many[i], (int)i, LONG);
        while (n_completions < (int)ELEMENTSOF(many) + N_ASKS) {
                const int n_before = n_completions;

                ck_assert_int_ge(sd_event_run(world.event, LONG), 0);
                ck_assert_int_le(n_completions - n_before, (int)ELEMENTSOF(many) / 4);
        }
        ck_assert_int_eq(n_told_before_call, n_completions);
        ck_assert_int_eq(n_connects, 1);
        teardown();
}
END_TEST

/* The answer to an attempt comes before the next one. */
START_TEST(connections_are_opened_one_by_one) {
        int n_accepted = 0;

        setup(16, SERVER_CONNECTIONS_MAX);
        while (n_accepted < SERVER_CONNECTIONS_MAX) {
                ck_assert_int_ge(sd_event_run(world.event, LONG), 0);
                for (int fd; (fd = accept4(world.listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;
                     n_accepted++)
                        fds[n_fds++] = fd;
                ck_assert_int_le(n_connects, n_accepted + 1);
        }
        serve_until(N_ASKS);
        ck_assert_int_eq(n_connects, SERVER_CONNECTIONS_MAX);
        teardown();
}
END_TEST

/* A server that allows a client no more connections than that: all goes over those, and it is not
   asked again and again for more. */
START_TEST(fewer_connections_will_do) {
        const int n = _i % SERVER_CONNECTIONS_MAX;

        fails_at_once = _i > SERVER_CONNECTIONS_MAX;
        setup(16, n);
        serve_until(N_ASKS);
        for (int i = 0; i < N_ASKS; i++)
                ck_assert_int_eq(asks[i].reply.kind, REPLY_DONE);
        ck_assert_int_eq(n_connects, n + 1);
        fails_at_once = false;
        teardown();
}
END_TEST

/* No answer to the second SYN, for a while: all but the one who waits for it go over the first, a
   few at a time, and then that one too. */
START_TEST(connection_that_hangs_holds_up_one) {
        enum { SHARE = LIMIT / SERVER_CONNECTIONS_MAX };
        const int listener = peer_socket(SOCK_STREAM, 0, &crowded);
        int fill[4];

        connects_max = 0;
        for (size_t i = 0; i < ELEMENTSOF(fill); i++) {
                fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                (void)connect(fill[i], NULL, 0);
        }
        setup(16, 1);
        drop_all();
        for (int i = 0; i < N_ASKS; i++)
                ask_query(&world, &asks[i], i, i == 1 ? STALL : LONG);
        while (n_completions < N_ASKS - 1) {
                take();
                ck_assert_int_le(n_taken, SHARE);
                answer_all(LDNS_RCODE_NOERROR);
        }
        ck_assert_int_eq(n_connects, 2);
        serve_until(N_ASKS);
        for (int i = 0; i < N_ASKS; i++)
                ck_assert_int_eq(asks[i].reply.kind, REPLY_DONE);
        ck_assert_int_eq(n_connects, 2);
        teardown();
        for (size_t i = 0; i < ELEMENTSOF(fill); i++)
                close(fill[i]);
        close(listener);
        crowded.sin_port = 0;
}
END_TEST

/* Once it has closed all it may have been started anew, with more room. */
START_TEST(more_connections_after_the_last_was_closed) {
        setup(16, 1);
        serve_until(N_ASKS);
        close(fds[--n_fds]);
        ck_assert_int_eq(n_fds, 0);
        peer_settle(world.event);
        connects_max = N_ASKS;
        for (int i = 0; i < N_ASKS; i++)
                ask_query(&world, &asks[i], i, LONG);
        serve_until(2 * N_ASKS);
        ck_assert_int_eq(n_fds, SERVER_CONNECTIONS_MAX);
        teardown();
}
END_TEST

/* SERVFAIL halves, anything else adds one: down to one, and up again. */
START_TEST(failing_answers_count_as_none) {
        static const int rounds[] = {LIMIT, 1, 2, 4, 8};
        int n_done = 0;

        setup(16, SERVER_CONNECTIONS_MAX);
        for (size_t i = 0; i < ELEMENTSOF(rounds); i++) {
                while (n_taken < rounds[i])
                        take();
                peer_settle(world.event);
                take();
                ck_assert_int_eq(n_taken, rounds[i]);
                answer_all(i == 0   ? LDNS_RCODE_SERVFAIL
                           : i == 2 ? LDNS_RCODE_REFUSED
                                    : LDNS_RCODE_NOERROR);
                n_done += rounds[i];
                peer_wait(world.event, &n_completions, n_done);
        }
        teardown();
}
END_TEST

/* It takes connections and requests, and says nothing, from the start or from now on: what waits
   does not wait for its turn. */
START_TEST(silent_server_is_told_to_all) {
        const int n_before = _i * N_ASKS;

        setup(128, N_ASKS);
        serve_until(n_before);
        drop_all();
        n_connects = 0;
        for (int i = 0; i < N_ASKS; i++)
                ask_query(&world, &asks[i], i, SHORT);
        peer_wait(world.event, &n_completions, n_before + N_ASKS);
        ck_assert_int_eq(asks[N_ASKS - 1].reply.kind, REPLY_TIMEOUT);
        ck_assert_int_ge(n_connects, n_before > 0 ? 0 : SERVER_CONNECTIONS_MAX);
        ck_assert_int_lt(n_connects, SERVER_CONNECTIONS_MAX + 4);
        teardown();
}
END_TEST

/* Two that are never answered, while others are: those that wait go on waiting, and all is well. */
START_TEST(stall_is_no_silence) {
        enum { N_STALLED = 2, N_AT_ONCE = 10 };
        int stalled[N_STALLED], n_stalled = 0;

        setup(16, N_ASKS);
        server_set_limit(world.server, 2 * N_STALLED);
        drop_all();
        for (int i = 0; i < N_ASKS; i++)
                ask_query(&world, &asks[i], i < N_STALLED ? N_ASKS : i,
                          i < N_STALLED ? STALL : LONG);
        while (n_completions < N_ASKS) {
                const bool is_over = asks[0].n_done > 0 && asks[1].n_done > 0;

                take();
                for (int i = n_taken - 1; i >= 0; i--)
                        if (peer_number(&requests[i]) == N_ASKS) {
                                /* Nobody looks at its connection any more. */
                                ck_assert_int_lt(n_stalled, N_STALLED);
                                stalled[n_stalled++] = from[i];
                                for (int j = 0; j < n_fds; j++)
                                        if (fds[j] == from[i])
                                                fds[j] = fds[--n_fds];
                                requests[i] = requests[--n_taken];
                                from[i] = from[n_taken];
                        }
                if (is_over || n_completions < N_AT_ONCE)
                        answer_all(LDNS_RCODE_NOERROR);
        }
        for (int i = 0; i < N_ASKS; i++)
                ck_assert_int_eq(asks[i].reply.kind, i < N_STALLED ? REPLY_TIMEOUT : REPLY_DONE);
        while (n_stalled > 0)
                close(stalled[--n_stalled]);
        teardown();
}
END_TEST

/* Silent to one, and long after to another: that is not one silence. */
START_TEST(answer_ends_a_silence) {
        setup(128, N_ASKS);
        drop_all();
        server_set_limit(world.server, 1);
        for (int i = 0; i < 4; i++)
                ask_query(&world, &asks[i], i, i % 2 ? LONG : SHORT);
        for (int i = 0; i < 4; i++) {
                int fd = i % 2 ? fds[0] : -1;

                if (i != 2)
                        fd = fds[n_fds++] = peer_accept(world.event, world.listener);
                if (i % 2) {
                        peer_receive(world.event, fd, &requests[0]);
                        peer_answer(fd, &requests[0], LDNS_RCODE_NOERROR);
                }
                peer_wait(world.event, &n_completions, i + 1);
        }
        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(asks[i].reply.kind, i % 2 ? REPLY_DONE : REPLY_TIMEOUT);
        teardown();
}
END_TEST

/* Of two on one connection the second one's time is over first. */
START_TEST(each_has_its_own_time) {
        const uint64_t begin_usec = now_usec();

        setup(16, 1);
        drop_all();
        ask_query(&world, &asks[0], 0, LONG);
        ask_query(&world, &asks[1], 1, SHORT);
        peer_wait(world.event, &n_completions, 2);
        ck_assert_int_eq(asks[1].reply.kind, REPLY_TIMEOUT);
        ck_assert_int_eq(asks[0].reply.kind, REPLY_CLOSED);
        ck_assert_uint_lt(now_usec() - begin_usec, 4 * USEC_PER_SEC);
        teardown();
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, dead_server_costs_an_attempt_now_and_then);
        tcase_add_test(tcase, many_failures_are_told_bit_by_bit);
        tcase_add_test(tcase, connections_are_opened_one_by_one);
        tcase_add_loop_test(tcase, fewer_connections_will_do, 1, SERVER_CONNECTIONS_MAX);
        tcase_add_loop_test(tcase, fewer_connections_will_do, SERVER_CONNECTIONS_MAX + 1,
                            2 * SERVER_CONNECTIONS_MAX);
        tcase_add_test(tcase, connection_that_hangs_holds_up_one);
        tcase_add_test(tcase, more_connections_after_the_last_was_closed);
        tcase_add_test(tcase, failing_answers_count_as_none);
        tcase_add_loop_test(tcase, silent_server_is_told_to_all, 0, 2);
        tcase_add_test(tcase, stall_is_no_silence);
        tcase_add_test(tcase, answer_ends_a_silence);
        tcase_add_test(tcase, each_has_its_own_time);
}

UNIT_MAIN("server_kind", add_tests)
