/* daemon/resolver: lookups against scripted resolvers on the loopback address, UDP and TCP at the
   same port (E1, C02, C20, C23, C28, C31). */
#include "tests/unit/support_resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

#define LONG (60 * USEC_PER_SEC)
#define SHORT (20 * USEC_PER_MSEC)   /* nobody answers */
#define MEDIUM (400 * USEC_PER_MSEC) /* it passes once, then there is time to answer */

enum {
        ACTIVE_MAX = 32,
        N_LOOKUPS = 40,
};

/* NOERROR and NXDOMAIN are answers (C31); the question asks for recursion. */
START_TEST(test_answer) {
        static const unsigned rcodes[] = {LDNS_RCODE_NOERROR, LDNS_RCODE_NXDOMAIN};
        Query query = {};

        resolver_setup(2);
        query_ask(&query, LONG);
        peer_take(&world.peers[0]);
        ck_assert_uint_eq(world.message.bytes[2], 0x01); /* a query, RD */
        peer_say_rcode(&world.peers[0], rcodes[_i]);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        ck_assert_uint_eq(query.rcode, rcodes[_i]);
        ck_assert_str_eq(query.text, "");
        ck_assert(!peer_try_take(&world.peers[1]));
        resolver_teardown();
}
END_TEST

/* Beyond 512 octets without TC, as Samba sends it. */
START_TEST(test_great_datagram) {
        /* the question's name, A, IN, TTL 60, 192.0.2.1 */
        static const uint8_t rr[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
        enum { N_RRS = 3000 };
        Query query = {};

        resolver_setup(1);
        query_ask(&query, LONG);
        peer_take(&world.peers[0]);
        peer_make_answer(&world.message, LDNS_RCODE_NOERROR, &world.answer);
        world.answer.bytes[6] = N_RRS >> 8;
        world.answer.bytes[7] = N_RRS & 0xff;
        for (int i = 0; i < N_RRS; i++) {
                memcpy(world.answer.bytes + world.answer.size, rr, sizeof(rr));
                world.answer.size += sizeof(rr);
        }
        peer_say(&world.peers[0], &world.answer);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        ck_assert_uint_eq(query.n_answers, N_RRS);
        resolver_teardown();
}
END_TEST

/* Any other RCODE: the next resolver, at once (C23, C31). */
START_TEST(test_next_on_rcode) {
        static const unsigned rcodes[] = {LDNS_RCODE_SERVFAIL, LDNS_RCODE_REFUSED,
                                          LDNS_RCODE_FORMERR,  LDNS_RCODE_NOTIMPL,
                                          LDNS_RCODE_NOTAUTH,  LDNS_RCODE_YXDOMAIN};
        Query query = {};

        resolver_setup(2);
        query_ask(&query, LONG);
        peer_take(&world.peers[0]);
        peer_say_rcode(&world.peers[0], rcodes[_i]);
        peer_take(&world.peers[1]);
        peer_say_rcode(&world.peers[1], LDNS_RCODE_NOERROR);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        resolver_teardown();
}
END_TEST

/* ICMP port unreachable: the next, at once. A socket that is connected elsewhere makes it. */
START_TEST(test_next_on_unreachable) {
        struct sockaddr_in elsewhere = {.sin_family = AF_INET, .sin_port = htons(9)};
        Query query = {};

        resolver_setup(2);
        elsewhere.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ck_assert_int_eq(
                connect(world.peers[0].fd, (struct sockaddr *)&elsewhere, sizeof(elsewhere)), 0);
        query_ask(&query, LONG);
        peer_take(&world.peers[1]);
        peer_say_rcode(&world.peers[1], LDNS_RCODE_NOERROR);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        resolver_teardown();
}
END_TEST

/* Silence: the next. The late answer of the first is nobody's. */
START_TEST(test_next_on_timeout) {
        static PeerMessage late;
        Query query = {};

        resolver_setup(2);
        query_ask(&query, MEDIUM);
        peer_take(&world.peers[0]);
        peer_make_answer(&world.message, LDNS_RCODE_NXDOMAIN, &late);
        struct sockaddr_in first = world.peers[0].client;
        peer_take(&world.peers[1]);
        world.peers[0].client = first;
        peer_say(&world.peers[0], &late);
        peer_say_rcode(&world.peers[1], LDNS_RCODE_NOERROR);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        ck_assert_uint_eq(query.rcode, LDNS_RCODE_NOERROR);
        resolver_teardown();
}
END_TEST

/* Who was silent keeps no further lookup waiting, until another one is. */
START_TEST(test_silent_one_is_asked_last) {
        Query query = {};

        resolver_setup(2);
        for (size_t silent = 0; silent < 2; silent++) {
                Peer *other = &world.peers[!silent];
                query_ask(&query, MEDIUM);
                peer_take(&world.peers[silent]);
                peer_take(other);
                peer_say_rcode(other, LDNS_RCODE_NOERROR);
                peer_wait(world.event, &query.n_done, 1);
                query_ask(&query, LONG);
                peer_take(other);
                peer_say_rcode(other, LDNS_RCODE_SERVFAIL); /* which is an answer */
                peer_take(&world.peers[silent]);
                peer_say_rcode(&world.peers[silent], LDNS_RCODE_NOERROR);
                peer_wait(world.event, &query.n_done, 1);
                ck_assert_int_eq(query.error, 0);
        }
        resolver_teardown();
}
END_TEST

/* Two rounds, each question with an id and a port of its own (C02); then it has failed. */
START_TEST(test_nobody_answers) {
        uint16_t ids[4], ports[4];
        char expected[256];
        Query query = {};

        resolver_setup(2);
        query_ask(&query, SHORT);
        for (size_t i = 0; i < 4; i++) {
                peer_take(&world.peers[i % 2]);
                ids[i] = world.message.bytes[0] << 8 | world.message.bytes[1];
                ports[i] = world.peers[i % 2].client.sin_port;
        }
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, -ETIMEDOUT);
        snprintf(expected, sizeof(expected), "%s: no answer; %s: no answer", world.peers[0].text,
                 world.peers[1].text);
        ck_assert_str_eq(query.text, expected);
        /* By chance two of four may be the same, not all. */
        ck_assert(ids[0] != ids[1] || ids[1] != ids[2] || ids[2] != ids[3]);
        ck_assert(ports[0] != ports[1] || ports[1] != ports[2] || ports[2] != ports[3]);
        ck_assert(!peer_try_take(&world.peers[0]));
        resolver_teardown();
}
END_TEST

START_TEST(test_only_errors) {
        char expected[256];
        Query query = {};

        resolver_setup(2);
        query_ask(&query, LONG);
        for (size_t i = 0; i < 4; i++) {
                peer_take(&world.peers[i % 2]);
                peer_say_rcode(&world.peers[i % 2],
                               i % 2 ? LDNS_RCODE_REFUSED : LDNS_RCODE_SERVFAIL);
        }
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, -EPROTO);
        snprintf(expected, sizeof(expected), "%s: SERVFAIL; %s: REFUSED", world.peers[0].text,
                 world.peers[1].text);
        ck_assert_str_eq(query.text, expected);
        resolver_teardown();
}
END_TEST

/* No resolver can even be sent to: the handler is called from the loop all the same. */
START_TEST(test_fails_at_once) {
        Endpoint endpoint;
        Query query = {};

        resolver_setup(1);
        resolver_free(world.resolver);
        ck_assert_int_eq(endpoint_from_text("255.255.255.255", &endpoint), 0);
        ck_assert_int_eq(resolver_new(world.event, &endpoint, 1, &world.resolver), 0);
        query.frees_resolver = true;
        query_ask(&query, LONG);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, -ETIMEDOUT);
        ck_assert_ptr_nonnull(strstr(query.text, "255.255.255.255: "));
        resolver_teardown();
}
END_TEST

/* C20: what is not the answer to this question. */
static void forge(int how) {
        switch (how) {
        case 0:
                world.answer.bytes[1] ^= 1; /* id */
                break;
        case 1:
                world.answer.bytes[2] &= 0x7f; /* QR */
                break;
        case 2:
                world.answer.bytes[13] ^= 1; /* name */
                break;
        case 3:
                world.answer.bytes[world.answer.size - 3] ^= 1; /* type */
                break;
        case 4:
                world.answer.bytes[5] = 0; /* no question */
                world.answer.size = 12;
                break;
        case 5:
                world.answer.size = 11;
                break;
        case 6:
                world.answer.size = 0;
                break;
        case 7:
                world.answer.bytes[7] = 1; /* an answer that is not there */
                break;
        case 8:
                world.answer.bytes[2] |= 0x28; /* opcode */
                break;
        }
}

START_TEST(test_forged_answer_is_passed_over) {
        Query query = {};

        resolver_setup(1);
        query_ask(&query, LONG);
        peer_take(&world.peers[0]);
        peer_make_answer(&world.message, LDNS_RCODE_NXDOMAIN, &world.answer);
        forge(_i);
        peer_say(&world.peers[0], &world.answer);
        peer_settle(world.event);
        ck_assert_int_eq(query.n_done, 0);
        peer_say_rcode(&world.peers[0], LDNS_RCODE_NOERROR);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        ck_assert_uint_eq(query.rcode, LDNS_RCODE_NOERROR);
        resolver_teardown();
}
END_TEST

/* All is right but the address that it comes from. */
START_TEST(test_answer_from_elsewhere) {
        Query query = {};

        resolver_setup(1);
        query_ask(&query, LONG);
        peer_take(&world.peers[0]);
        world.peers[1].client = world.peers[0].client;
        peer_say_rcode(&world.peers[1], LDNS_RCODE_NXDOMAIN);
        peer_settle(world.event);
        ck_assert_int_eq(query.n_done, 0);
        peer_say_rcode(&world.peers[0], LDNS_RCODE_NOERROR);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_uint_eq(query.rcode, LDNS_RCODE_NOERROR);
        resolver_teardown();
}
END_TEST

START_TEST(test_only_garbage) {
        Query query = {};

        resolver_setup(1);
        query_ask(&query, MEDIUM);
        for (int i = 0; i < 2; i++) {
                peer_take(&world.peers[0]);
                peer_make_answer(&world.message, LDNS_RCODE_NOERROR, &world.answer);
                world.answer.bytes[13] ^= 1;
                peer_say(&world.peers[0], &world.answer);
        }
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, -EPROTO);
        ck_assert_ptr_nonnull(strstr(query.text, "it answers another question"));
        resolver_teardown();
}
END_TEST

/* TC: the same by TCP (C28). */
START_TEST(test_truncated) {
        Query query = {};

        resolver_setup(2);
        ck_assert_int_eq(listen(world.peers[0].listener, 4), 0);
        query_ask(&query, LONG);
        peer_take(&world.peers[0]);
        peer_say_truncated(&world.peers[0]);
        int fd = peer_accept(world.event, world.peers[0].listener);
        peer_receive(world.event, fd, &world.message);
        peer_answer(fd, &world.message, LDNS_RCODE_NXDOMAIN);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        ck_assert_uint_eq(query.rcode, LDNS_RCODE_NXDOMAIN);
        peer_wait_closed(world.event, fd);
        close(fd);
        resolver_teardown();
}
END_TEST

/* What can go wrong on TCP leads to the next resolver. */
START_TEST(test_truncated_and_no_answer_by_tcp) {
        Query query = {};
        int fd = -1;

        resolver_setup(2);
        if (_i > 0)
                ck_assert_int_eq(listen(world.peers[0].listener, 4), 0);
        query_ask(&query, _i == 5 ? MEDIUM : LONG);
        peer_take(&world.peers[0]);
        peer_say_truncated(&world.peers[0]);
        if (_i > 0) { /* else: refused */
                fd = peer_accept(world.event, world.peers[0].listener);
                peer_receive(world.event, fd, &world.message);
        }
        if (_i == 1)
                peer_reset(fd);
        if (_i == 2 || _i == 3)
                world.message.bytes[_i] ^= _i == 2 ? 0x02 : 0x01; /* TC; later the RCODE */
        if (_i == 4)
                world.message.bytes[0] ^= 1; /* id */
        if (_i >= 2 && _i <= 4)
                peer_answer(fd, &world.message, _i == 3 ? LDNS_RCODE_SERVFAIL : LDNS_RCODE_NOERROR);
        peer_take(&world.peers[1]); /* 5: silence */
        peer_say_rcode(&world.peers[1], LDNS_RCODE_NOERROR);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        if (_i > 1)
                close(fd);
        resolver_teardown();
}
END_TEST

/* 32 are on their way, the others wait. */
START_TEST(test_limit) {
        Query queries[N_LOOKUPS] = {};

        resolver_setup(1);
        for (int i = 0; i < N_LOOKUPS; i++)
                query_ask(&queries[i], LONG);
        for (int i = 0; i < ACTIVE_MAX; i++)
                peer_take(&world.peers[0]);
        ck_assert(!peer_try_take(&world.peers[0]));
        for (int i = ACTIVE_MAX; i < N_LOOKUPS; i++) {
                peer_say_rcode(&world.peers[0], LDNS_RCODE_NOERROR);
                peer_take(&world.peers[0]);
                ck_assert(!peer_try_take(&world.peers[0]));
        }
        ck_assert_int_eq(world.n_completions, N_LOOKUPS - ACTIVE_MAX);
        resolver_teardown();
        for (int i = 0; i < N_LOOKUPS; i++)
                lookup_free(queries[i].lookup);
}
END_TEST

/* Given up while it waits, is asked, and on TCP: no handler is called. */
START_TEST(test_free) {
        Query queries[ACTIVE_MAX + 2] = {};

        resolver_setup(1);
        ck_assert_int_eq(listen(world.peers[0].listener, 4), 0);
        for (size_t i = 0; i < ELEMENTSOF(queries); i++)
                query_ask(&queries[i], LONG);
        peer_take(&world.peers[0]);
        peer_say_truncated(&world.peers[0]);
        int fd = peer_accept(world.event, world.peers[0].listener);
        peer_receive(world.event, fd, &world.message);
        for (size_t i = ELEMENTSOF(queries); i-- > 0;)
                lookup_free(queries[i].lookup);
        peer_wait_closed(world.event, fd);
        peer_settle(world.event);
        ck_assert_int_eq(world.n_completions, 0);
        ck_assert_ptr_null(lookup_free(NULL));
        close(fd);
        resolver_teardown();
}
END_TEST

START_TEST(test_handler_frees_another_and_the_resolver) {
        Query queries[3] = {};

        resolver_setup(1);
        for (size_t i = 0; i < ELEMENTSOF(queries); i++)
                query_ask(&queries[i], LONG);
        queries[0].frees = &queries[1];
        queries[0].frees_resolver = true;
        peer_take(&world.peers[0]);
        peer_say_rcode(&world.peers[0], LDNS_RCODE_NOERROR);
        peer_wait(world.event, &queries[0].n_done, 1);
        ck_assert_ptr_null(world.resolver);

        /* The third is still on its way. */
        peer_take(&world.peers[0]);
        peer_take(&world.peers[0]);
        peer_say_rcode(&world.peers[0], LDNS_RCODE_NXDOMAIN);
        peer_wait(world.event, &queries[2].n_done, 1);
        ck_assert_uint_eq(queries[2].rcode, LDNS_RCODE_NXDOMAIN);
        ck_assert_int_eq(queries[1].n_done, 0);
        resolver_teardown();
}
END_TEST

START_TEST(test_servers_of_a_file) {
        char path[] = "/tmp/check_resolver.XXXXXX", line[128];
        Query query = {};

        resolver_setup(1);
        resolver_free(world.resolver);
        int fd = mkstemp(path);
        ck_assert_int_ge(fd, 0);
        int n = snprintf(line, sizeof(line), "nameserver %s\n", world.peers[1].text);
        ck_assert_int_eq(write(fd, line, n), n);
        ck_assert_int_eq(resolver_new_from_file(world.event, path, &world.resolver), 0);
        query_ask(&query, LONG);
        peer_take(&world.peers[1]);
        peer_say_rcode(&world.peers[1], LDNS_RCODE_NOERROR);
        peer_wait(world.event, &query.n_done, 1);
        ck_assert_int_eq(query.error, 0);
        (void)unlink(path);
        close(fd);
        resolver_teardown();
}
END_TEST

START_TEST(test_no_address) {
        Endpoint endpoint = {.family = AF_UNSPEC, .port = 53, .host = "ns.example.test"};
        Resolver *none = NULL;

        resolver_setup(1);
        ck_assert_int_eq(resolver_new(world.event, &endpoint, 1, &none), -EINVAL);
        ck_assert_ptr_null(none);
        ck_assert_int_eq(resolver_new(world.event, NULL, 0, &none), 0); /* /etc/resolv.conf */
        ck_assert_ptr_null(resolver_free(none));
        resolver_teardown();
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, test_answer, 0, 2);
        tcase_add_test(tcase, test_great_datagram);
        tcase_add_loop_test(tcase, test_next_on_rcode, 0, 6);
        tcase_add_test(tcase, test_next_on_unreachable);
        tcase_add_test(tcase, test_next_on_timeout);
        tcase_add_test(tcase, test_silent_one_is_asked_last);
        tcase_add_test(tcase, test_nobody_answers);
        tcase_add_test(tcase, test_only_errors);
        tcase_add_test(tcase, test_fails_at_once);
        tcase_add_loop_test(tcase, test_forged_answer_is_passed_over, 0, 9);
        tcase_add_test(tcase, test_answer_from_elsewhere);
        tcase_add_test(tcase, test_only_garbage);
        tcase_add_test(tcase, test_truncated);
        tcase_add_loop_test(tcase, test_truncated_and_no_answer_by_tcp, 0, 6);
        tcase_add_test(tcase, test_limit);
        tcase_add_test(tcase, test_free);
        tcase_add_test(tcase, test_handler_frees_another_and_the_resolver);
        tcase_add_test(tcase, test_servers_of_a_file);
        tcase_add_test(tcase, test_no_address);
}

UNIT_MAIN("resolver", add_tests)
