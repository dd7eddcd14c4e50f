/* daemon/connection: what only a short idle time shows (E1), and what the peer's kernel is told.
   All else of it is driven through the server, in its suite and the transaction's. */
#include "daemon/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_world.h"
#include "tests/unit/unit.h"

#define SHORT (200 * USEC_PER_MSEC)

static World world;
static PeerMessage message;

/* A connection alone, with a short time to be idle. */
typedef struct Alone {
        Connection *connection;
        int n_open, n_answers, n_ended, n_closed;
        ReplyKind kind;
} Alone;

static void alone_on_open(void *userdata) {
        ((Alone *)userdata)->n_open++;
}

static void alone_on_ended(Exchange *exchange, void *userdata) {
        ((Alone *)userdata)->n_ended++;
        exchange_free(exchange);
}

static void alone_on_close(Connection *connection, ExchangeList *again, int attempt_error,
                           void *userdata) {
        ck_assert_ptr_null(TAILQ_FIRST(again));
        ck_assert_int_eq(attempt_error, 0);
        ((Alone *)userdata)->n_closed++;
        connection_free(connection);
}

static int alone_on_send(void *owner, uint16_t id, const Message **ret_message) {
        static Message query = {.size = 12, .bytes = {[11] = 0}};

        query.bytes[0] = id >> 8;
        query.bytes[1] = id & 0xff;
        *ret_message = &query;
        return 0;
}

static void alone_on_answer(void *owner, const uint8_t *bytes, size_t size) {
        ((Alone *)owner)->n_answers++;
}

static void alone_on_failure(void *owner, ReplyKind kind, ReplyFault fault, int error) {
        ((Alone *)owner)->kind = kind;
}

static int alone_setup(Alone *alone) {
        static const ConnectionEvents events = {
                .on_open = alone_on_open, .on_ended = alone_on_ended, .on_close = alone_on_close};

        world_setup(&world, 8, 32);
        ck_assert_int_eq(connection_new(world.event, (struct sockaddr *)&world.address,
                                        sizeof(world.address), SHORT, &events, alone,
                                        &alone->connection),
                         0);
        return peer_accept(world.event, world.listener);
}

static const ExchangeOwner alone_owner = {
        .on_send = alone_on_send, .on_answer = alone_on_answer, .on_failure = alone_on_failure};

static void alone_carry(Alone *alone, uint64_t timeout_usec) {
        Exchange *exchange = calloc(1, sizeof(*exchange));

        *exchange = (Exchange){
                .events = &alone_owner, .owner = alone, .terms = {.timeout_usec = timeout_usec}};
        connection_carry(alone->connection, exchange);
}

/* E1: a connection that nobody uses is closed. */
START_TEST(test_idle_close) {
        Alone alone = {};

        int fd = alone_setup(&alone);
        peer_wait(world.event, &alone.n_closed, 1);
        peer_wait_closed(world.event, fd);
        world_teardown(&world);
        close(fd);
}
END_TEST

/* One that is used is not, however long the answer takes. */
START_TEST(test_no_idle_close_when_used) {
        Alone alone = {};

        int fd = alone_setup(&alone);
        peer_wait(world.event, &alone.n_open, 1);
        alone_carry(&alone, 3 * SHORT);
        connection_flush(alone.connection);
        peer_receive(world.event, fd, &message);
        peer_wait(world.event, &alone.n_closed, 1);
        ck_assert_int_eq(alone.n_ended, 1);
        ck_assert_int_eq(alone.kind, REPLY_TIMEOUT);
        world_teardown(&world);
        close(fd);
}
END_TEST

static unsigned unacknowledged(int fd) {
        struct tcp_info info;
        socklen_t size = sizeof(info);

        ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
        return info.tcpi_unacked;
}

/* A peer that is asked several things at once and uses Nagle's algorithm waits with the second
   answer until it knows that the first has come; the kernel alone would let it wait for 40 ms. */
START_TEST(test_answers_are_acknowledged) {
        PeerMessage first;
        Alone alone = {};

        int fd = alone_setup(&alone);
        peer_wait(world.event, &alone.n_open, 1);
        /* In the beginning the kernel acknowledges all at once: until it sees a conversation. */
        for (int round = 1; round <= 50; round++) {
                alone_carry(&alone, 60 * USEC_PER_SEC);
                connection_flush(alone.connection);
                peer_receive(world.event, fd, &message);
                peer_answer(fd, &message, 0);
                peer_wait(world.event, &alone.n_answers, round);
                connection_flush(alone.connection);
        }
        alone_carry(&alone, 60 * USEC_PER_SEC);
        alone_carry(&alone, 60 * USEC_PER_SEC);
        connection_flush(alone.connection);
        peer_receive(world.event, fd, &first);
        peer_receive(world.event, fd, &message);
        peer_answer(fd, &first, 0);
        peer_wait(world.event, &alone.n_answers, 51);
        connection_flush(alone.connection);
        ck_assert_uint_eq(unacknowledged(fd), 0);
        peer_answer(fd, &message, 0);
        peer_wait(world.event, &alone.n_answers, 52);
        connection_free(alone.connection);
        world_teardown(&world);
        close(fd);
}
END_TEST

START_TEST(test_free_accepts_null) {
        ck_assert_ptr_null(connection_free(NULL));
        ck_assert_ptr_null(exchange_free(NULL));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, test_idle_close);
        tcase_add_test(tcase, test_no_idle_close_when_used);
        tcase_add_test(tcase, test_answers_are_acknowledged);
        tcase_add_test(tcase, test_free_accepts_null);
}

UNIT_MAIN("connection", add_tests)
