/* GSS-TSIG between a client and a server's side of the suite's own (RFC 3645, rule E6, points C60
   to C67): requests that a server verifies, answers right and wrong in every way, and what becomes
   of them behind lib/auth.h and lib/reply.h. */
#include "lib/gss-tsig.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/reply.h"
#include "lib/tkey.h"
#include "lib/util.h"
#include "tests/unit/support_kdc.h"
#include "tests/unit/support_recorded.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(TsigContext, tsig_context_free)

enum {
        NOW = RECORDED_SEC,
        MIC_SIZE = 28, /* RFC 4121 4.2.6.1, with AES */
};

#define SERVER "ns1.example.test"
#define KEY_NAME "Key.Example"
#define KEY_NAME_LOWER "key.example"

static GssCredential *credential;
static const char *server_keytab;

static void setup(void) {
        static char server[KDC_PATH_MAX];

        kdc_setup();
        server_keytab = strcpy(server, kdc_add("DNS/" SERVER, "server.keytab"));
        credential = kdc_credential(kdc_add("KMS1$", "client.keytab"), "KMS1$@" KDC_REALM);
}

static void teardown(void) {
        credential = gss_credential_unref(credential);
        kdc_teardown();
}

static Name name_of(const char *text) {
        Name name;

        ck_assert_int_eq(name_from_text(text, &name), 0);
        return name;
}

/* A signed update, and its answer, yet unsigned. Behind lib/auth.h where there is an auth. */
typedef struct Exchange {
        Acceptor *acceptor;
        TsigContext *context;
        Auth *auth;
        Message *message; /* as it was sent */
        Octets request;   /* before that */
        Signature signature;
        Octets answer;
} Exchange;

static Exchange *exchange_new(bool with_auth) {
        Exchange *x = calloc(1, sizeof(*x));
        Name key_name = name_of(KEY_NAME);

        ck_assert_ptr_nonnull(x);
        x->acceptor = acceptor_new(server_keytab);
        GssContext *context = kdc_context(credential, SERVER, x->acceptor);
        ck_assert_int_eq(with_auth ? auth_new_gss(context, &key_name, &x->auth)
                                   : gss_tsig_new(context, &key_name, &x->context),
                         0);
        octets_from_hex(&x->request, RECORDED_UPDATE RECORDED_ADD);
        x->message = octets_to_message(&x->request, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(with_auth ? auth_sign(x->auth, x->message, NOW, &x->signature)
                                   : tsig_sign(x->context, x->message, NOW, &x->signature),
                         0);
        octets_from_hex(&x->answer, RECORDED_UPDATE);
        x->answer.bytes[2] |= 0x80; /* QR; counts 1,0,0,0 */
        memset(x->answer.bytes + 6, 0, 6);
        return x;
}

static Exchange *exchange_free(Exchange *x) {
        acceptor_free(x->acceptor);
        tsig_context_free(x->context);
        auth_unref(x->auth);
        free(x->message);
        free(x);
        return NULL;
}

DEFINE_CLEANUP(Exchange, exchange_free)

static SignAs rightly(const Exchange *x) {
        return (SignAs){
                .make_mac = acceptor_sign,
                .userdata = x->acceptor,
                .request = &x->signature,
                .name = KEY_NAME_LOWER,
                .algorithm = "gss-tsig",
                .time_sec = NOW,
        };
}

static TsigResult judge(const Exchange *x, const Octets *answer) {
        TsigResult result;
        _cleanup_(freep) uint8_t *copy = malloc(answer->size + !answer->size);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, answer->bytes, answer->size);
        ck_assert_int_eq(tsig_verify(x->context, &x->signature, copy, answer->size, NOW, &result),
                         0);
        return result;
}

static TsigResult judge_signed(Exchange *x, const SignAs *as) {
        octets_sign(&x->answer, as);
        return judge(x, &x->answer);
}

/* Verifies in place of signing: the digest is the server's, the MAC the client's. */
static size_t verify_request(void *userdata, const Octets *digested, uint8_t *ret_mac) {
        Exchange *x = userdata;

        ck_assert(acceptor_verify(x->acceptor, digested, x->signature.mac, x->signature.mac_size));
        memcpy(ret_mac, x->signature.mac, x->signature.mac_size);
        return x->signature.mac_size;
}

/* C40, C68: and octet for octet what a server would have written, the name in lower case. */
START_TEST(a_request) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        SignAs as = rightly(x);

        ck_assert(x->signature.is_signed);
        ck_assert_uint_eq(x->signature.time_sec, NOW);
        ck_assert_uint_eq(x->signature.mac_size, MIC_SIZE);
        as.make_mac = verify_request;
        as.userdata = x;
        as.request = NULL;
        octets_sign(&x->request, &as);
        ck_assert_uint_eq(x->message->size, x->request.size);
        ck_assert_int_eq(memcmp(x->message->bytes, x->request.bytes, x->request.size), 0);
}
END_TEST

static const struct {
        const char *what;
        SignAs as;
        TsigVerdict verdict;
} signers[] = {
        {"E6.1", {}, TSIG_VERIFIED},
        {"E6.3 the request's MAC without its length", {.no_length = true}, TSIG_VERIFIED_NO_LENGTH},
        {"names have no case", {.name = "KEY.example"}, TSIG_VERIFIED},
        {"C49 another key name", {.name = "other.example"}, TSIG_BAD_KEY_NAME},
        {"another algorithm", {.algorithm = "gss.microsoft.com"}, TSIG_BAD_ALGORITHM},
        {"C50 a MAC cut by one", {.mac_size = MIC_SIZE - 1}, TSIG_BAD_MAC},
        {"C50 half a MAC", {.mac_size = MIC_SIZE / 2}, TSIG_BAD_MAC},
        {"C50 a MAC of one octet", {.mac_size = 1}, TSIG_BAD_MAC},
        {"a MAC with one octet more", {.mac_size = MIC_SIZE + 1}, TSIG_BAD_MAC},
        {"no MAC and no error", {.no_mac = true}, TSIG_BAD_MAC},
        {"C45 BADSIG and no MAC", {.no_mac = true, .error = 16}, TSIG_ERROR},
        {"C65 BADKEY and no MAC", {.no_mac = true, .error = 17}, TSIG_ERROR},
        {"the same from another key", {.no_mac = true, .error = 17, .name = "x"}, TSIG_ERROR},
        {"a MAC and BADKEY", {.error = 17}, TSIG_VERIFIED},
        {"C46 BADTIME, signed", {.error = 18, .other_size = 6}, TSIG_VERIFIED},
        {"C48 300 s behind", {.time_sec = NOW - 300}, TSIG_VERIFIED},
        {"C48 301 s behind", {.time_sec = NOW - 301}, TSIG_BAD_SERVER_TIME},
        {"C48 301 s before, of old Samba",
         {.time_sec = NOW + 301, .no_length = true},
         TSIG_BAD_SERVER_TIME},
};

START_TEST(answers) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        SignAs as = signers[_i].as, right = rightly(x);

        as.make_mac = right.make_mac;
        as.userdata = right.userdata;
        as.request = right.request;
        as.name = as.name ?: right.name;
        as.algorithm = as.algorithm ?: right.algorithm;
        as.time_sec = as.time_sec ?: right.time_sec;
        TsigResult result = judge_signed(x, &as);
        ck_assert_msg(result.verdict == signers[_i].verdict, "%s: %d", signers[_i].what,
                      result.verdict);
        ck_assert_uint_eq(result.error, as.error);
        ck_assert_uint_eq(result.time_sec, as.time_sec);
        ck_assert_int_eq(tsig_authenticates(result.verdict),
                         result.verdict == TSIG_VERIFIED ||
                                 result.verdict == TSIG_VERIFIED_NO_LENGTH);
}
END_TEST

/* C43: an answer to another request, or one signed as if it answered none, in either form. */
START_TEST(the_request_is_part_of_it) {
        for (unsigned i = 0; i < 4; i++) {
                _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
                Signature other = x->signature;
                SignAs as = rightly(x);

                other.mac[MIC_SIZE - 1] ^= 1;
                as.request = i & 1 ? &other : NULL;
                as.no_length = i & 2;
                ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_BAD_MAC);
        }
}
END_TEST

static size_t sign_without_header(void *userdata, const Octets *digested, uint8_t *ret_mac) {
        static Octets rest;

        rest.size = 0;
        octets_add(&rest, digested->bytes + LDNS_HEADER_SIZE, digested->size - LDNS_HEADER_SIZE);
        return acceptor_sign(userdata, &rest, ret_mac);
}

/* C63: so the last TKEY answer comes. Where no request was signed there is no length to leave out,
   and nothing else is. */
START_TEST(the_answer_to_tkey) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        static Octets unsigned_answer;
        SignAs as = rightly(x);

        unsigned_answer = x->answer;
        as.request = NULL;
        x->signature.is_signed = false;
        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_VERIFIED);
        x->answer = unsigned_answer;
        ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_NONE);
        as.make_mac = sign_without_header;
        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_BAD_MAC);
        x->answer = unsigned_answer;
        as = rightly(x);
        as.no_length = true;
        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_BAD_MAC);
}
END_TEST

/* Another context's signature under our key's name. */
START_TEST(another_context) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        _cleanup_(exchange_freep) Exchange *y = exchange_new(false);
        SignAs as = rightly(x);

        as.userdata = y->acceptor;
        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_BAD_MAC);
}
END_TEST

/* C67: the request come back, with QR and an RCODE or as it was. */
START_TEST(an_echo) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        static Octets echo;

        echo.size = 0;
        octets_add(&echo, x->message->bytes, x->message->size);
        ck_assert_int_eq(judge(x, &echo).verdict, TSIG_ECHO);
        echo.bytes[2] = 0xa8;
        echo.bytes[3] = LDNS_RCODE_REFUSED;
        ck_assert_int_eq(judge(x, &echo).verdict, TSIG_ECHO);
        x->signature.is_signed = false;
        ck_assert_int_eq(judge(x, &echo).verdict, TSIG_BAD_MAC);
}
END_TEST

START_TEST(unsigned_answers) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);

        ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_NONE);
}
END_TEST

START_TEST(no_answer_is_taken_twice) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        SignAs as = rightly(x);

        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_VERIFIED);
        ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_BAD_MAC);
}
END_TEST

START_TEST(no_answer_cut_short_is_verified) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        SignAs as = rightly(x);

        octets_sign(&x->answer, &as);
        while (x->answer.size-- > 0)
                ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_MALFORMED);
}
END_TEST

/* The id is the original id's to vouch for; names have no case. */
START_TEST(no_answer_with_a_changed_octet_is_verified) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        SignAs as = rightly(x);
        size_t tsig = x->answer.size;

        octets_sign(&x->answer, &as);
        size_t rdata_end = x->answer.size - 6 - MIC_SIZE - 10;
        for (size_t i = 2; i < x->answer.size; i++) {
                static const uint8_t flips[] = {0x01, 0x20, 0x80, 0xff};
                for (size_t j = 0; j < sizeof(flips); j++) {
                        bool is_letter = i >= tsig && i < rdata_end && isalpha(x->answer.bytes[i]);
                        if (is_letter && flips[j] == 0x20)
                                continue;
                        x->answer.bytes[i] ^= flips[j];
                        ck_assert_msg(!tsig_authenticates(judge(x, &x->answer).verdict),
                                      "octet %zu ^ %02x", i, flips[j]);
                        x->answer.bytes[i] ^= flips[j];
                }
        }
        ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_VERIFIED);
}
END_TEST

START_TEST(no_mutated_answer_is_verified) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        SignAs as = rightly(x);
        static Octets mutated;
        uint64_t seed = 1;

        octets_sign(&x->answer, &as);
        for (unsigned i = 0; i < 2000; i++) {
                mutated = x->answer;
                octets_mutate(&mutated, &seed);
                if (mutated.size == x->answer.size)
                        mutated.bytes[x->answer.size - MIC_SIZE] ^= 1;
                ck_assert(!tsig_authenticates(judge(x, &mutated).verdict));
        }
        ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_VERIFIED);
}
END_TEST

START_TEST(what_does_not_fit_is_not_signed) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(false);
        size_t rr_size = x->message->size - x->request.size;
        Signature signature = {.mac_size = 7};

        _cleanup_(freep) Message *tight = octets_to_message(&x->request, rr_size - 1);
        ck_assert_int_eq(tsig_sign(x->context, tight, NOW, &signature), -EMSGSIZE);
        ck_assert_uint_eq(signature.mac_size, 7);
        ck_assert_uint_eq(tight->size, x->request.size);
        _cleanup_(freep) Message *full = octets_to_message(&x->request, rr_size);
        ck_assert_int_eq(tsig_sign(x->context, full, NOW, &signature), 0);
        ck_assert_uint_eq(full->size, full->capacity);
}
END_TEST

/* lib/reply.h */
static Reply read_reply(const Exchange *x, const Octets *octets, bool observed_here) {
        Request request = {
                .observed_here = observed_here,
                .id = 0x5678,
                .opcode = LDNS_PACKET_UPDATE,
                .type = LDNS_RR_TYPE_SOA,
                .name = name_of("example.test"),
                .auth = x->auth,
                .signature = x->signature,
        };
        Reply reply;

        ck_assert_int_eq(reply_read(&request, octets->bytes, octets->size, NOW, &reply), 0);
        reply_done(&reply);
        return reply;
}

START_TEST(behind_auth) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(true);
        SignAs as = rightly(x);

        ck_assert_str_eq(auth_description(x->auth), "Kerberos principal KMS1$@" KDC_REALM);
        as.no_length = _i;
        octets_sign(&x->answer, &as);
        Reply reply = read_reply(x, &x->answer, false);
        ck_assert_int_eq(reply.kind, REPLY_DONE);
        ck_assert(reply.verified);
        ck_assert_int_eq(reply.no_length, _i);
}
END_TEST

START_TEST(an_echo_behind_auth) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(true);
        static Octets echo;

        echo.size = 0;
        octets_add(&echo, x->message->bytes, x->message->size);
        echo.bytes[2] = 0xa8;
        echo.bytes[3] = LDNS_RCODE_SERVFAIL;
        Reply reply = read_reply(x, &echo, false);
        ck_assert_int_eq(reply.kind, REPLY_ECHO);
        ck_assert(!reply.verified);
}
END_TEST

/* E6.4: whether a context is known is no policy, and a refusal by who knows it is one. */
static const struct {
        const char *what;
        uint16_t rcode, error; /* 0: no TSIG */
        ReplyKind kind, kind_if_fresh;
} hints[] = {
        {"BADKEY", LDNS_RCODE_NOTAUTH, 17, REPLY_BAD_KEY, REPLY_BAD_KEY},
        {"BADSIG", LDNS_RCODE_NOTAUTH, 16, REPLY_BAD_KEY, REPLY_BAD_KEY},
        {"REFUSED", LDNS_RCODE_REFUSED, 0, REPLY_BAD_KEY, REPLY_DENIED},
        {"NOTAUTH", LDNS_RCODE_NOTAUTH, 0, REPLY_WRONG_SERVER, REPLY_DENIED},
        {"SERVFAIL", LDNS_RCODE_SERVFAIL, 0, REPLY_ELSEWHERE, REPLY_ELSEWHERE},
};

START_TEST(no_mac_behind_auth) {
        for (unsigned fresh = 0; fresh <= 1; fresh++) {
                _cleanup_(exchange_freep) Exchange *x = exchange_new(true);
                SignAs as = rightly(x);

                as.no_mac = true;
                as.error = hints[_i].error;
                if (as.error != 0)
                        octets_sign(&x->answer, &as);
                x->answer.bytes[3] = hints[_i].rcode;
                Reply reply = read_reply(x, &x->answer, fresh);
                ReplyKind kind = fresh ? hints[_i].kind_if_fresh : hints[_i].kind;
                ck_assert_msg(reply.kind == kind, "%s: %d", hints[_i].what, reply.kind);
        }
}
END_TEST

/* C66: a key is given up with its own last signature; the answer has class ANY too. */
START_TEST(a_deletion) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(true);
        Name key_name = name_of(KEY_NAME_LOWER);
        SignAs as = rightly(x);
        Message *made;
        Reply reply;

        ck_assert_int_eq(tkey_new_deletion(&key_name, NOW, &made), 0);
        _cleanup_(freep) Message *message = made;
        static Octets octets;
        octets.size = 0;
        octets_add(&octets, message->bytes, message->size);
        octets.bytes[2] |= 0x80;
        ck_assert_int_eq(auth_sign(x->auth, message, NOW, &x->signature), 0);
        octets_sign(&octets, &as);
        Request request = {
                .opcode = LDNS_PACKET_QUERY,
                .type = LDNS_RR_TYPE_TKEY,
                .name = key_name,
                .auth = x->auth,
                .signature = x->signature,
        };
        ck_assert_int_eq(reply_read(&request, octets.bytes, octets.size, NOW, &reply), 0);
        reply_done(&reply);
        ck_assert_int_eq(reply.kind, REPLY_DONE);
        ck_assert(reply.verified);
        request.type = LDNS_RR_TYPE_SOA;
        ck_assert_int_eq(reply_read(&request, octets.bytes, octets.size, NOW, &reply), 0);
        ck_assert_int_eq(reply.fault, FAULT_WRONG_QUESTION);
}
END_TEST

/* The sanitizer tells whether the context has one owner. A context that is not complete signs
   nothing. */
START_TEST(an_unfinished_context) {
        Name key_name = name_of(KEY_NAME);
        static Octets octets;
        GssContext *context;
        Signature signature;
        Auth *auth;

        ck_assert_int_eq(gss_context_new(credential, SERVER, NULL, &context), 0);
        ck_assert_int_eq(auth_new_gss(context, &key_name, &auth), 0);
        ck_assert_ptr_eq(auth_ref(auth), auth);
        ck_assert_ptr_null(auth_unref(auth));
        octets_from_hex(&octets, RECORDED_UPDATE RECORDED_ADD);
        _cleanup_(freep) Message *message = octets_to_message(&octets, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(auth_sign(auth, message, NOW, &signature), -EINVAL);
        ck_assert_uint_eq(message->size, octets.size);
        ck_assert_ptr_null(auth_unref(auth));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_unchecked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_request);
        tcase_add_loop_test(tcase, answers, 0, ELEMENTSOF(signers));
        tcase_add_test(tcase, the_request_is_part_of_it);
        tcase_add_test(tcase, the_answer_to_tkey);
        tcase_add_test(tcase, another_context);
        tcase_add_test(tcase, an_echo);
        tcase_add_test(tcase, unsigned_answers);
        tcase_add_test(tcase, no_answer_is_taken_twice);
        tcase_add_test(tcase, no_answer_cut_short_is_verified);
        tcase_add_test(tcase, no_answer_with_a_changed_octet_is_verified);
        tcase_add_test(tcase, no_mutated_answer_is_verified);
        tcase_add_test(tcase, what_does_not_fit_is_not_signed);
        tcase_add_loop_test(tcase, behind_auth, 0, 2);
        tcase_add_test(tcase, an_echo_behind_auth);
        tcase_add_loop_test(tcase, no_mac_behind_auth, 0, ELEMENTSOF(hints));
        tcase_add_test(tcase, a_deletion);
        tcase_add_test(tcase, an_unfinished_context);
}

UNIT_MAIN("gss-tsig", add_tests)
