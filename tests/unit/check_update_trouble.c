/* daemon/update: what one of a message's updates meets is no matter of the others, which are sent
   again (E9); what the message meets is everybody's. */
#include "daemon/update.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_message.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/support_update.h"
#include "tests/unit/unit.h"

enum {
        MAC_SIZE = 32,
        BEHIND_MAC = 6, /* original id, error, length of nothing */
};

#define SHORT (400 * USEC_PER_MSEC) /* passes, but not before the scene is set */

/* A foreign TXT that the plan requires as it is. */
static void ask_heavy(int number, uint16_t size) {
        static uint8_t rdata[UINT16_MAX];
        static Txt txts[UPDATES_MAX];

        for (size_t i = 0; i < sizeof(rdata); i += 256)
                rdata[i] = UINT8_MAX; /* the length of a string */
        txts[number] = (Txt){.size = size, .rdata = rdata};
        const PlanOp ops[] = {txt_op(PLAN_REQUIRE_TXT_RR, &txts[number]),
                              srv_op(PLAN_ADD_SRV, 0, 0, 3600, "kms1.contoso.com")};
        updates_ask_with(&updates.asked[number], updates_name(number, "contoso.com"),
                         plan_with(ops, 2));
}

/* Takes n messages of one update each, all different; number's is answered so, the others well. */
static void serve_alone(int from, int n, int number, unsigned rcode) {
        int n_seen[UPDATES_MAX] = {0};

        for (int i = 0; i < n; i++) {
                updates_take();
                ck_assert_uint_eq(updates.taken.n, 1);
                n_seen[updates.taken.numbers[0]]++;
                updates_answer(updates_has(number) ? rcode : LDNS_RCODE_NOERROR);
        }
        for (int i = from; i < from + n; i++)
                ck_assert_int_eq(n_seen[i], 1);
}

static void use_key(TsigAlgorithm algorithm) {
        const TsigKey key = support_key(algorithm);

        auth_unref(updates.world->auth);
        ck_assert_int_eq(auth_new_tsig(&key, &updates.world->auth), 0);
        updates.terms.auth = updates.world->auth;
}

/* --- one of them fails ------------------------------------------------------------------------ */

static const struct {
        unsigned rcode;
        ReplyKind kind;
} refusals[] = {
        {LDNS_RCODE_REFUSED, REPLY_DENIED},       {LDNS_RCODE_NOTAUTH, REPLY_DENIED},
        {LDNS_RCODE_NOTZONE, REPLY_WRONG_SERVER}, {LDNS_RCODE_NXRRSET, REPLY_CONFLICT},
        {LDNS_RCODE_YXRRSET, REPLY_CONFLICT},     {LDNS_RCODE_NXDOMAIN, REPLY_CONFLICT},
        {LDNS_RCODE_YXDOMAIN, REPLY_CONFLICT},    {LDNS_RCODE_SERVFAIL, REPLY_ELSEWHERE},
        {LDNS_RCODE_FORMERR, REPLY_ELSEWHERE},
};

START_TEST(what_one_meets_is_no_matter_of_the_others) {
        updates_ask_many(0, 5);
        updates_take();
        updates_check_taken(0, 5);
        updates_answer(refusals[_i].rcode);
        serve_alone(0, 5, 2, refusals[_i].rcode);
        peer_wait(updates.world->event, &updates.n_told, 5);
        for (int i = 0; i < 5; i++)
                updates_check_told(i, i == 2 ? refusals[_i].kind : REPLY_DONE);
        updates_check_silent();
}
END_TEST

/* Its own failure is told, and not tried again: that is the publication's to decide. */
START_TEST(one_alone_is_told_at_once) {
        (void)updates_ask(0);
        updates_take();
        updates_answer(refusals[_i].rcode);
        peer_wait(updates.world->event, &updates.n_told, 1);
        updates_check_told(0, refusals[_i].kind);
        updates_check_silent();
}
END_TEST

/* C03: the server is not even asked. */
static void ask_outside(int number) {
        const PlanOp op = srv_op(PLAN_ADD_SRV, 0, 0, 3600, "kms1.contoso.com");

        updates_ask_with(&updates.asked[number], updates_name(number, "adsecurity.org"),
                         plan_with(&op, 1));
}

/* The foreign TXTs at one name are too many for any message. */
static void ask_too_large(int number) {
        ask_heavy(number, UINT16_MAX);
}

static const struct {
        void (*ask)(int number);
        int error;
        int n_messages; /* for the four others: each alone, or two by two */
} unsendable[] = {
        {ask_outside, -EINVAL, 4},
        {ask_too_large, -EMSGSIZE, 2},
};

START_TEST(what_cannot_be_sent_is_no_matter_of_the_others) {
        int n_messages = 0;

        updates_ask_many(0, 2);
        unsendable[_i].ask(2);
        updates_ask_many(3, 2);
        for (int n = 0; n < 4; n += (int)updates.taken.n, n_messages++) {
                updates_take();
                ck_assert(!updates_has(2));
                updates_answer(LDNS_RCODE_NOERROR);
        }
        ck_assert_int_eq(n_messages, unsendable[_i].n_messages);
        peer_wait(updates.world->event, &updates.n_told, 5);
        ck_assert_int_eq(updates.asked[2].error, unsendable[_i].error);
        for (int i = 0; i < 5; i++)
                updates_check_told(i, i == 2 ? _REPLY_KIND_MAX : REPLY_DONE);
        updates_check_silent();
}
END_TEST

START_TEST(what_cannot_be_sent_alone) {
        unsendable[_i].ask(0);
        peer_wait(updates.world->event, &updates.n_told, 1);
        ck_assert_int_eq(updates.asked[0].error, unsendable[_i].error);
        updates_check_silent();
}
END_TEST

/* Each is small enough, two are, more are not: 10 are halved to 5, to 3 and 2, to 2 and 1.
 * updates_read() looks at every message's size. */
START_TEST(too_large_together) {
        int n_seen[10] = {0}, n_messages = 0;

        for (int i = 0; i < 10; i++)
                ask_heavy(i, 20 * 1024);
        for (int n = 0; n < 10;) {
                updates_take();
                n_messages++;
                for (size_t i = 0; i < updates.taken.n; i++, n++)
                        n_seen[updates.taken.numbers[i]]++;
                updates_answer(LDNS_RCODE_NOERROR);
        }
        peer_wait(updates.world->event, &updates.n_told, 10);
        ck_assert_int_eq(n_messages, 6);
        for (int i = 0; i < 10; i++) {
                ck_assert_int_eq(n_seen[i], 1);
                updates_check_told(i, REPLY_DONE);
        }
}
END_TEST

/* A change of two hosts in exclusive mode, in the longest names that there are: sets required as
 * they were, old records and claims removed, new ones added. */
static void ask_longest(int number) {
        static uint8_t rdata[CLAIM_RDATA_MAX];
        static Name host;
        static Txt txt;
        static const PublisherId id = {{0xab, 1}};
        char record[NAME_TEXT_MAX], target[NAME_TEXT_MAX];

        (void)snprintf(record, sizeof(record),
                       "_vlmcs._tcp.a%03d.%063d.%063d.%063d.%031d.contoso.com", number, 1, 2, 3, 4);
        (void)snprintf(target, sizeof(target), "%063d.%063d.%063d.%0*d", 1, 2, 3,
                       CLAIM_HOST_MAX - 192, 4);
        host = name_of(target);
        const Claim claim = {
                .id = id, .host = host, .port = UINT16_MAX, .ttl = 60, .since_sec = INT64_MAX};
        txt = (Txt){.rdata = rdata, .size = (uint16_t)claim_to_rdata(&claim, rdata)};
        ck_assert_uint_gt(txt.size, 0);
        const PlanOp ops[] = {srv_op(PLAN_REQUIRE_SRV_RR, 0, 0, 0, target),
                              srv_op(PLAN_REQUIRE_SRV_RR, 0, 1, 0, target),
                              txt_op(PLAN_REQUIRE_TXT_RR, &txt),
                              srv_op(PLAN_DELETE_SRV, 0, 0, 0, target),
                              srv_op(PLAN_DELETE_SRV, 0, 1, 0, target),
                              txt_op(PLAN_DELETE_TXT, &txt),
                              srv_op(PLAN_ADD_SRV, 1, 0, 3600, target),
                              srv_op(PLAN_ADD_SRV, 1, 1, 3600, target),
                              claim_op(3600, &host)};
        updates_ask_with(&updates.asked[number], record, plan_with(ops, ELEMENTSOF(ops)));
}

/* All a hundred of a batch are as long as can be, signed: each is sent once, in few messages, none
 * above 60 KiB (updates_read()), and at least one not far from it. */
START_TEST(longest_names_together) {
        int n_seen[UPDATE_PARTS_MAX] = {0}, n_messages = 0;
        size_t largest = 0;

        use_key(TSIG_HMAC_SHA512);
        for (int i = 0; i < UPDATE_PARTS_MAX; i++)
                ask_longest(i);
        for (int n = 0; n < UPDATE_PARTS_MAX;) {
                updates_take();
                n_messages++;
                if (updates.taken.message.size > largest)
                        largest = updates.taken.message.size;
                for (size_t i = 0; i < updates.taken.n; i++, n++)
                        n_seen[updates.taken.numbers[i]]++;
        }
        for (int i = 0; i < UPDATE_PARTS_MAX; i++)
                ck_assert_int_eq(n_seen[i], 1);
        ck_assert_int_le(n_messages, 16);
        ck_assert_uint_gt(largest, UPDATE_SIZE_MAX / 2);
}
END_TEST

/* --- all of them fail ------------------------------------------------------------------------- */

/* NOTAUTH, no section, and this TSIG in place of the request's. */
static void answer_not_auth(const SignAs *as) {
        static Octets octets;
        static PeerMessage bare;

        octets.size = 0;
        octets_add(&octets, updates.taken.message.bytes, 12);
        octets.bytes[2] |= 0x80; /* QR */
        octets.bytes[3] = LDNS_RCODE_NOTAUTH;
        memset(octets.bytes + 4, 0, 8);
        octets_sign(&octets, as);
        memcpy(bare.bytes, octets.bytes, octets.size);
        bare.size = octets.size;
        peer_answer(updates.taken.fd, &bare, LDNS_RCODE_NOTAUTH);
}

static void answer_tsig_error(uint16_t error, bool tells_time) {
        const TsigKey key = support_key(TSIG_HMAC_SHA256);

        answer_not_auth(&(SignAs){
                .key = &key,
                .time_sec = (uint64_t)time(NULL),
                .error = error,
                .no_mac = true,
                .other = {0, 0, 0, 0, 1, 0},
                .other_size = tells_time ? 6 : 0,
        });
}

/* It is not the zone's primary, and signs that. */
static void fail_zone(void) {
        const TsigKey key = support_key(TSIG_HMAC_SHA256);
        const PeerMessage *message = &updates.taken.message;
        Signature request = {.mac_size = MAC_SIZE};

        memcpy(request.mac, message->bytes + message->size - MAC_SIZE - BEHIND_MAC, MAC_SIZE);
        answer_not_auth(
                &(SignAs){.key = &key, .request = &request, .time_sec = (uint64_t)time(NULL)});
}

/* It takes no updates. */
static void fail_kind(void) {
        updates_answer(LDNS_RCODE_NOTIMPL);
}

static void fail_key(void) {
        answer_tsig_error(18, false);
}

static void fail_time(void) {
        answer_tsig_error(18, true);
}

/* Our own octets with our own MAC. */
static void fail_echo(void) {
        updates_answer(LDNS_RCODE_SERVFAIL);
}

static void fail_garbage(void) {
        updates.taken.message.bytes[13] ^= 1;
        updates_answer(LDNS_RCODE_NOERROR);
}

static void fail_timeout(void) {}

static void fail_closed(void) {
        peer_reset(updates.taken.fd);
        ck_assert_uint_eq(updates.n_fds, 1);
        updates.n_fds = 0;
}

static const struct {
        const char *what;
        bool is_signed;
        void (*answer)(void);
        ReplyKind kind;
} troubles[] = {
        {"zone", true, fail_zone, REPLY_WRONG_SERVER},
        {"kind", false, fail_kind, REPLY_ELSEWHERE},
        {"key", true, fail_key, REPLY_BAD_KEY},
        {"time", true, fail_time, REPLY_BAD_TIME},
        {"echo", true, fail_echo, REPLY_ECHO},
        {"garbage", false, fail_garbage, REPLY_GARBAGE},
        {"timeout", false, fail_timeout, REPLY_TIMEOUT},
        {"closed", false, fail_closed, REPLY_CLOSED},
};

START_TEST(what_the_message_meets_is_everybodys) {
        if (troubles[_i].is_signed)
                use_key(TSIG_HMAC_SHA256);
        updates.terms.timeout_usec = troubles[_i].answer == fail_timeout ? SHORT : UPDATE_LONG;
        updates_ask_many(0, 3);
        updates_take();
        updates_check_taken(0, 3);
        troubles[_i].answer();
        peer_wait(updates.world->event, &updates.n_told, 3);
        for (int i = 0; i < 3; i++)
                updates_check_told(i, troubles[_i].kind);
        if (troubles[_i].answer != fail_timeout)
                updates_check_silent();
}
END_TEST

START_TEST(unreachable_is_everybodys) {
        struct sockaddr_in nobody;
        Server *dead = NULL;

        close(peer_socket(SOCK_STREAM, -1, &nobody));
        ck_assert_int_eq(server_new(updates.world->event, "dead", (struct sockaddr *)&nobody,
                                    sizeof(nobody), 1, &dead),
                         0);
        updates.terms.server = dead;
        updates_ask_many(0, 3);
        dead = server_unref(dead); /* a batch has a reference of its own */
        peer_wait(updates.world->event, &updates.n_told, 3);
        for (int i = 0; i < 3; i++)
                updates_check_told(i, REPLY_UNREACHABLE);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, updates_setup, updates_teardown);
        tcase_add_loop_test(tcase, what_one_meets_is_no_matter_of_the_others, 0,
                            ELEMENTSOF(refusals));
        tcase_add_loop_test(tcase, one_alone_is_told_at_once, 0, ELEMENTSOF(refusals));
        tcase_add_loop_test(tcase, what_cannot_be_sent_is_no_matter_of_the_others, 0,
                            ELEMENTSOF(unsendable));
        tcase_add_loop_test(tcase, what_cannot_be_sent_alone, 0, ELEMENTSOF(unsendable));
        tcase_add_test(tcase, too_large_together);
        tcase_add_test(tcase, longest_names_together);
        tcase_add_loop_test(tcase, what_the_message_meets_is_everybodys, 0, ELEMENTSOF(troubles));
        tcase_add_test(tcase, unreachable_is_everybodys);
}

UNIT_MAIN("update_trouble", add_tests)
