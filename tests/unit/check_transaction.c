/* daemon/transaction: each way a request can end, exactly once, and giving it up in each phase.
   The other end is a script on the loopback address (E1, E3). */
#include "daemon/transaction.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/support_world.h"
#include "tests/unit/unit.h"

#define LONG (60 * USEC_PER_SEC)
#define SHORT (400 * USEC_PER_MSEC) /* passes, but not before the scene is set */

enum {
        MAX_OUTSTANDING = 32,
        SHARING = SERVER_CONNECTIONS_MAX, /* the request that shares the first one's connection */
};

static World world;
static PeerMessage message;

static void check_end(const Ask *ask, ReplyKind kind, ReplyFault fault, int error) {
        ck_assert_int_eq(ask->n_done, 1);
        ck_assert_int_eq(ask->reply.kind, kind);
        ck_assert_int_eq(ask->reply.fault, fault);
        ck_assert_int_eq(ask->reply.error, error);
        ck_assert_int_eq(ask->has_packet, (kind == REPLY_DONE));
}

/* Two requests on one connection: with room for 8 connections it takes 9 to make them share. */
typedef struct Shared {
        Ask asks[SHARING + 1];
        int fds[SERVER_CONNECTIONS_MAX];
        PeerMessage first;
        PeerMessage second;
} Shared;

static Shared shared;

static void shared_setup(uint64_t first_usec) {
        memset(&shared, 0, sizeof(shared));
        world_setup(&world, 16, MAX_OUTSTANDING);
        ask_query(&world, &shared.asks[0], 0, first_usec);
        shared.fds[0] = peer_accept(world.event, world.listener);
        peer_receive(world.event, shared.fds[0], &shared.first);
        for (int i = 1; i < SERVER_CONNECTIONS_MAX; i++) {
                ask_query(&world, &shared.asks[i], i, LONG);
                shared.fds[i] = peer_accept(world.event, world.listener);
                peer_receive(world.event, shared.fds[i], &shared.second);
        }
        ask_query(&world, &shared.asks[SHARING], SHARING, LONG);
        peer_receive(world.event, shared.fds[0], &shared.second);
        ck_assert_int_eq(peer_number(&shared.first), 0);
        ck_assert_int_eq(peer_number(&shared.second), SHARING);
}

/* The requests on the other connections have felt nothing. */
static void shared_teardown(void) {
        for (int i = 1; i < SHARING; i++) {
                ck_assert_int_eq(shared.asks[i].n_done, 0);
                transaction_free(shared.asks[i].transaction);
        }
        world_teardown(&world);
        for (int i = 0; i < SERVER_CONNECTIONS_MAX; i++)
                close(shared.fds[i]);
}

/* The first request, on its way, and the connection that it came by. */
static int ask_first(Ask *ask, bool is_query, uint64_t timeout_usec) {
        world_setup(&world, 8, MAX_OUTSTANDING);
        if (is_query)
                ask_query(&world, ask, 1, timeout_usec);
        else
                ask_update(&world, ask, 1, timeout_usec);
        int fd = peer_accept(world.event, world.listener);
        peer_receive(world.event, fd, &message);
        ck_assert_int_eq(peer_number(&message), 1);
        return fd;
}

/* E1: a query and an update are answered, over one kept connection. */
START_TEST(test_answer) {
        Ask query = {}, update = {};

        int fd = ask_first(&query, true, LONG);
        peer_answer(fd, &message, LDNS_RCODE_NXDOMAIN);
        peer_wait(world.event, &query.n_done, 1);
        check_end(&query, REPLY_DONE, FAULT_NONE, 0);
        ck_assert_int_eq(query.reply.rcode, LDNS_RCODE_NXDOMAIN);

        ask_update(&world, &update, 2, LONG);
        peer_receive(world.event, fd, &message);
        ck_assert_int_eq(message.bytes[2], LDNS_PACKET_UPDATE << 3);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &update.n_done, 1);
        check_end(&update, REPLY_DONE, FAULT_NONE, 0);
        world_teardown(&world);
        close(fd);
}
END_TEST

/* E1: pipelined; the second answer first, octet by octet with the loop between (C28). */
START_TEST(test_out_of_order_and_split) {
        static PeerMessage answer;

        shared_setup(LONG);
        peer_make_answer(&shared.second, LDNS_RCODE_NOERROR, &answer);
        uint8_t length[2] = {answer.size >> 8, answer.size & 0xff};
        for (size_t i = 0; i < 2 + answer.size; i++) {
                ck_assert_int_eq(shared.asks[SHARING].n_done, 0);
                peer_send(shared.fds[0], i < 2 ? &length[i] : &answer.bytes[i - 2], 1);
                peer_settle(world.event);
        }
        peer_wait(world.event, &shared.asks[SHARING].n_done, 1);
        ck_assert_int_eq(shared.asks[0].n_done, 0);
        peer_answer(shared.fds[0], &shared.first, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &shared.asks[0].n_done, 1);
        check_end(&shared.asks[0], REPLY_DONE, FAULT_NONE, 0);
        check_end(&shared.asks[SHARING], REPLY_DONE, FAULT_NONE, 0);
        shared_teardown();
}
END_TEST

/* Both answers and the close lie in the socket before the loop looks: nothing is lost. */
START_TEST(test_answers_joined_with_the_close) {
        shared_setup(LONG);
        peer_answer(shared.fds[0], &shared.second, LDNS_RCODE_NOERROR);
        peer_answer(shared.fds[0], &shared.first, LDNS_RCODE_SERVFAIL);
        ck_assert_int_eq(shutdown(shared.fds[0], SHUT_WR), 0);
        peer_wait(world.event, &shared.asks[0].n_done, 1);
        check_end(&shared.asks[SHARING], REPLY_DONE, FAULT_NONE, 0);
        ck_assert_int_eq(shared.asks[0].reply.kind, REPLY_ELSEWHERE);
        ck_assert_int_gt(shared.asks[0].order, shared.asks[SHARING].order);
        shared_teardown();
}
END_TEST

/* An answer of the greatest size is read whole; what is wrong in it is its own fault only. */
START_TEST(test_greatest_answer) {
        static uint8_t frame[2 + UINT16_MAX] = {0xff, 0xff};
        Ask big = {}, next = {};
        size_t sent = 0;

        int fd = ask_first(&big, true, LONG);
        memcpy(frame + 2, message.bytes, message.size);
        frame[2 + 2] |= 0x80;
        while (sent < sizeof(frame)) {
                ssize_t n = send(fd, frame + sent, sizeof(frame) - sent, 0);
                if (n > 0)
                        sent += n;
                peer_settle(world.event);
        }
        peer_wait(world.event, &big.n_done, 1);
        check_end(&big, REPLY_GARBAGE, FAULT_MALFORMED, 0);

        ask_query(&world, &next, 2, LONG);
        peer_receive(world.event, fd, &message);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &next.n_done, 1);
        check_end(&next, REPLY_DONE, FAULT_NONE, 0);
        world_teardown(&world);
        close(fd);
}
END_TEST

/* How the peer ends a connection with a request on it. */
static const struct {
        size_t n_octets; /* of the answer, its length included, sent before */
        bool reset;
        int error;
} closes[] = {
        {0, false, 0}, {0, true, ECONNRESET}, {1, false, 0},
        {2, false, 0}, {8, false, 0},         {8, true, ECONNRESET},
};

/* E1: lost, on a fresh connection neither a query nor an update is sent again. */
START_TEST(test_closed) {
        for (int is_query = 0; is_query <= 1; is_query++) {
                Ask ask = {};

                int fd = ask_first(&ask, is_query, LONG);
                uint8_t frame[8] = {message.size >> 8, message.size & 0xff, message.bytes[0],
                                    message.bytes[1]};
                if (closes[_i].n_octets > 0)
                        peer_send(fd, frame, closes[_i].n_octets);
                peer_settle(world.event);
                ck_assert_int_eq(ask.n_done, 0);
                if (closes[_i].reset)
                        peer_reset(fd);
                else
                        close(fd);
                peer_wait(world.event, &ask.n_done, 1);
                check_end(&ask, REPLY_CLOSED, FAULT_NONE, closes[_i].error);
                ck_assert_int_eq(peer_try_accept(world.event, world.listener), -1);
                world_teardown(&world);
        }
}
END_TEST

/* An answer to nothing that was asked ends the connection and all that is on it. */
START_TEST(test_wrong_id) {
        shared_setup(LONG);
        uint16_t id = shared.first.bytes[0] << 8 | shared.first.bytes[1];
        do
                id++;
        while (id == (shared.second.bytes[0] << 8 | shared.second.bytes[1]));
        shared.first.bytes[0] = id >> 8;
        shared.first.bytes[1] = id & 0xff;
        peer_answer(shared.fds[0], &shared.first, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &shared.asks[SHARING].n_done, 1);
        check_end(&shared.asks[0], REPLY_GARBAGE, FAULT_WRONG_ID, 0);
        check_end(&shared.asks[SHARING], REPLY_GARBAGE, FAULT_WRONG_ID, 0);
        peer_wait_closed(world.event, shared.fds[0]);
        shared_teardown();
}
END_TEST

/* A frame too short for a header, the empty one too. */
START_TEST(test_short_frame) {
        uint8_t frame[2 + 11] = {0, _i};

        shared_setup(LONG);
        memcpy(frame + 2, shared.first.bytes, 11);
        peer_send(shared.fds[0], frame, 2 + _i);
        peer_wait(world.event, &shared.asks[SHARING].n_done, 1);
        check_end(&shared.asks[0], REPLY_GARBAGE, FAULT_MALFORMED, 0);
        check_end(&shared.asks[SHARING], REPLY_GARBAGE, FAULT_MALFORMED, 0);
        peer_wait_closed(world.event, shared.fds[0]);
        shared_teardown();
}
END_TEST

/* The right id, but another question: this answer is garbage, its neighbour is not. */
START_TEST(test_wrong_question) {
        shared_setup(LONG);
        shared.first.bytes[13] ^= 1;
        peer_answer(shared.fds[0], &shared.first, LDNS_RCODE_NOERROR);
        peer_answer(shared.fds[0], &shared.second, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &shared.asks[SHARING].n_done, 1);
        check_end(&shared.asks[0], REPLY_GARBAGE, FAULT_WRONG_QUESTION, 0);
        check_end(&shared.asks[SHARING], REPLY_DONE, FAULT_NONE, 0);
        shared_teardown();
}
END_TEST

/* Only the one timed out; its neighbour is lost with the connection. */
START_TEST(test_timeout) {
        shared_setup(SHORT);
        peer_wait(world.event, &shared.asks[SHARING].n_done, 1);
        check_end(&shared.asks[0], REPLY_TIMEOUT, FAULT_NONE, 0);
        check_end(&shared.asks[SHARING], REPLY_CLOSED, FAULT_NONE, 0);
        peer_wait_closed(world.event, shared.fds[0]);
        shared_teardown();
}
END_TEST

/* Given up in each phase: no handler is called, nothing is left behind. */
START_TEST(test_cancel_queued_and_connecting) {
        Ask asks[2] = {};

        world_setup(&world, 8, MAX_OUTSTANDING);
        for (int i = 0; i < 2; i++)
                ask_query(&world, &asks[i], i, LONG);
        transaction_free(asks[1].transaction);             /* queued */
        ck_assert_int_gt(sd_event_run(world.event, 0), 0); /* the first is given to a connection */
        transaction_free(asks[0].transaction);
        int fd = peer_accept(world.event, world.listener);
        ck_assert(!peer_try_receive(world.event, fd, &message));
        ck_assert_int_eq(n_completions, 0);

        /* The connection serves the next. */
        ask_query(&world, &asks[0], 7, LONG);
        peer_receive(world.event, fd, &message);
        ck_assert_int_eq(peer_number(&message), 7);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &asks[0].n_done, 1);
        check_end(&asks[0], REPLY_DONE, FAULT_NONE, 0);
        world_teardown(&world);
        close(fd);
}
END_TEST

START_TEST(test_cancel_sent) {
        Ask ask = {}, next = {};

        int fd = ask_first(&ask, true, LONG);
        transaction_free(ask.transaction);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR); /* expected, and nobody's */
        peer_settle(world.event);
        ask_query(&world, &next, 2, LONG);
        peer_receive(world.event, fd, &message);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &next.n_done, 1);
        check_end(&next, REPLY_DONE, FAULT_NONE, 0);
        ck_assert_int_eq(n_completions, 1);
        world_teardown(&world);
        close(fd);
}
END_TEST

/* Its owner has gone, its time runs on: an answer that never comes ends the connection. */
START_TEST(test_cancel_sent_times_out) {
        Ask ask = {};

        int fd = ask_first(&ask, false, SHORT);
        transaction_free(ask.transaction);
        peer_wait_closed(world.event, fd);
        ck_assert_int_eq(n_completions, 0);
        world_teardown(&world);
        close(fd);
}
END_TEST

/* The server goes with its last user, also while an answer is still awaited. */
START_TEST(test_cancel_sent_and_drop_server) {
        Ask ask = {};

        int fd = ask_first(&ask, true, LONG);
        world.server = server_unref(world.server);
        transaction_free(ask.transaction);
        peer_wait_closed(world.event, fd);
        ck_assert_int_eq(n_completions, 0);
        world_teardown(&world);
        close(fd);
}
END_TEST

static void then_free_other(Ask *ask) {
        ask->other->transaction = transaction_free(ask->other->transaction);
}

static void then_ask_other(Ask *ask) {
        ask_query(ask->world, ask->other, 42, LONG);
}

static void then_drop_server(Ask *ask) {
        ask->world->server = server_unref(ask->world->server);
}

/* Both have ended, one was told: its handler gives up the other. */
START_TEST(test_handler_gives_up_another) {
        shared_setup(LONG);
        shared.asks[0].then = then_free_other;
        shared.asks[0].other = &shared.asks[SHARING];
        peer_reset(shared.fds[0]);
        shared.fds[0] = -1;
        peer_wait(world.event, &shared.asks[0].n_done, 1);
        peer_settle(world.event);
        ck_assert_int_eq(shared.asks[SHARING].n_done, 0);
        ck_assert_int_eq(n_completions, 1);
        shared_teardown();
}
END_TEST

START_TEST(test_handler_asks_again_and_drops_server) {
        Ask ask = {.then = then_ask_other}, again = {.then = then_drop_server};

        ask.other = &again;
        int fd = ask_first(&ask, true, LONG);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
        peer_receive(world.event, fd, &message);
        ck_assert_int_eq(peer_number(&message), 42);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &again.n_done, 1);
        ck_assert_ptr_null(world.server);
        peer_wait_closed(world.event, fd);
        world_teardown(&world);
        close(fd);
}
END_TEST

static unsigned arcount(const PeerMessage *request) {
        return request->bytes[10] << 8 | request->bytes[11];
}

/* Signed when it is sent; sent again over a fresh connection it is signed anew, once. */
START_TEST(test_signed_and_signed_anew) {
        TsigKey key = support_key(TSIG_HMAC_SHA256);
        static PeerMessage second;
        Ask first = {}, query = {};

        int fd = ask_first(&first, true, LONG);
        auth_unref(world.auth);
        ck_assert_int_eq(auth_new_tsig(&key, &world.auth), 0);
        peer_answer(fd, &message, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &first.n_done, 1);

        ask_query(&world, &query, 2, LONG);
        peer_receive(world.event, fd, &message);
        ck_assert_uint_eq(arcount(&message), 1);
        close(fd);
        fd = peer_accept(world.event, world.listener);
        peer_receive(world.event, fd, &second);
        ck_assert_uint_eq(arcount(&second), 1);
        ck_assert_uint_eq(second.size, message.size);
        ck_assert_mem_ne(second.bytes, message.bytes, 2);
        peer_answer(fd, &second, LDNS_RCODE_NOERROR);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.reply.kind, REPLY_ECHO);
        world_teardown(&world);
        close(fd);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, test_answer);
        tcase_add_test(tcase, test_out_of_order_and_split);
        tcase_add_test(tcase, test_answers_joined_with_the_close);
        tcase_add_test(tcase, test_greatest_answer);
        tcase_add_loop_test(tcase, test_closed, 0, ELEMENTSOF(closes));
        tcase_add_test(tcase, test_wrong_id);
        tcase_add_loop_test(tcase, test_short_frame, 0, 12);
        tcase_add_test(tcase, test_wrong_question);
        tcase_add_test(tcase, test_timeout);
        tcase_add_test(tcase, test_cancel_queued_and_connecting);
        tcase_add_test(tcase, test_cancel_sent);
        tcase_add_test(tcase, test_cancel_sent_times_out);
        tcase_add_test(tcase, test_cancel_sent_and_drop_server);
        tcase_add_test(tcase, test_handler_gives_up_another);
        tcase_add_test(tcase, test_handler_asks_again_and_drops_server);
        tcase_add_test(tcase, test_signed_and_signed_anew);
}

UNIT_MAIN("transaction", add_tests)
