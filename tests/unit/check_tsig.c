/* TSIG (RFC 8945, rule E6, points C40 to C51): what was recorded against named; then answers of a
 * signer of the suite's own, right and wrong in every way. */
#include "lib/tsig.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_recorded.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(TsigContext, tsig_context_free)

enum {
        NOW = RECORDED_SEC,
};

static TsigContext *context_of(const char *line) {
        TsigContext *context = NULL;
        TsigKeyError error;
        TsigKey key;

        ck_assert_int_eq(tsig_key_parse(line, strlen(line), &key, &error), 0);
        ck_assert_int_eq(tsig_context_new(&key, &context), 0);
        return context;
}

/* From a copy of its own size, so that the sanitizer sees each octet read outside. */
static TsigResult verify(TsigContext *context, const Signature *request, const uint8_t *bytes,
                         size_t size, uint64_t now_sec) {
        TsigResult result;
        _cleanup_(freep) uint8_t *copy = malloc(size + !size);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, bytes, size);
        ck_assert_int_eq(tsig_verify(context, request, copy, size, now_sec, &result), 0);
        return result;
}

START_TEST(recorded_exchanges) {
        _cleanup_(tsig_context_freep) TsigContext *context = context_of(recorded[_i].key);
        static Octets octets;

        octets_from_hex(&octets, recorded[_i].request);
        _cleanup_(freep) Message *message = octets_to_message(&octets, MESSAGE_TSIG_ROOM);
        Signature signature;
        ck_assert_int_eq(tsig_sign(context, message, recorded[_i].request_sec, &signature), 0);
        ck_assert(signature.is_signed);
        ck_assert_uint_eq(signature.time_sec, recorded[_i].request_sec);
        if (recorded[_i].signed_request) {
                octets_from_hex(&octets, recorded[_i].signed_request);
                ck_assert_uint_eq(message->size, octets.size);
                ck_assert_msg(memcmp(message->bytes, octets.bytes, octets.size) == 0, "%s",
                              recorded[_i].what);
        }

        octets_from_hex(&octets, recorded[_i].answer);
        TsigResult result =
                verify(context, &signature, octets.bytes, octets.size, signature.time_sec);
        ck_assert_msg(result.verdict == recorded[_i].verdict, "%s: %d", recorded[_i].what,
                      result.verdict);
        ck_assert_uint_eq(result.error, recorded[_i].error);
        ck_assert_uint_eq(result.time_sec, recorded[_i].request_sec);
        ck_assert_uint_eq(result.server_time_sec, recorded[_i].server_time_sec);
}
END_TEST

/* From here on: a request as it stands in every test, and answers of the suite's own signer. */
typedef struct Exchange {
        TsigKey key;
        TsigContext *context;
        Signature request;
        Octets answer; /* unsigned */
} Exchange;

static Exchange *exchange_new(TsigAlgorithm algorithm) {
        Exchange *x = calloc(1, sizeof(*x));

        ck_assert_ptr_nonnull(x);
        x->key = support_key(algorithm);
        ck_assert_int_eq(tsig_context_new(&x->key, &x->context), 0);
        octets_from_hex(&x->answer, RECORDED_UPDATE);
        _cleanup_(freep) Message *message = octets_to_message(&x->answer, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(tsig_sign(x->context, message, NOW, &x->request), 0);

        /* QR; counts 1,0,0,0 */
        x->answer.bytes[2] |= 0x80;
        memset(x->answer.bytes + 6, 0, 6);
        return x;
}

static Exchange *exchange_free(Exchange *x) {
        tsig_context_free(x->context);
        free(x);
        return NULL;
}

DEFINE_CLEANUP(Exchange, exchange_free)

static SignAs rightly(const Exchange *x) {
        return (SignAs){.key = &x->key, .request = &x->request, .time_sec = NOW};
}

static TsigResult judge(const Exchange *x, const Octets *answer) {
        return verify(x->context, &x->request, answer->bytes, answer->size, NOW);
}

static TsigResult judge_signed(Exchange *x, const SignAs *as) {
        octets_sign(&x->answer, as);
        return judge(x, &x->answer);
}

START_TEST(every_algorithm) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(_i);
        SignAs as = rightly(x);

        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_VERIFIED);
}
END_TEST

/* One context, many messages; one that fails leaves nothing behind for the next. */
START_TEST(a_context_is_used_again) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA512);
        SignAs as = rightly(x);

        octets_sign(&x->answer, &as);
        for (unsigned i = 0; i < 50; i++) {
                static Octets bad;
                bad = x->answer;
                bad.bytes[20 + i] ^= 1;
                ck_assert_int_ne(judge(x, &bad).verdict, TSIG_VERIFIED);
                ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_VERIFIED);
        }
}
END_TEST

/* An answer that is right but for one thing. */
static const struct {
        const char *what;
        SignAs as;
        TsigVerdict verdict;
} signers[] = {
        {"C49 another key name", {.name = "other.example"}, TSIG_BAD_KEY_NAME},
        {"C49 a name below ours", {.name = "a.key.example"}, TSIG_BAD_KEY_NAME},
        {"names have no case", {.name = "KEY.eXample"}, TSIG_VERIFIED},
        {"another algorithm", {.algorithm = "hmac-sha512"}, TSIG_BAD_ALGORITHM},
        {"md5", {.algorithm = "hmac-md5.sig-alg.reg.int"}, TSIG_BAD_ALGORITHM},
        {"algorithms have no case", {.algorithm = "HMAC-SHA256"}, TSIG_VERIFIED},
        {"C50 a MAC cut by one", {.mac_size = 31}, TSIG_BAD_MAC},
        {"C50 half a MAC", {.mac_size = 16}, TSIG_BAD_MAC},
        {"C50 a MAC of one octet", {.mac_size = 1}, TSIG_BAD_MAC},
        {"a MAC with one octet more", {.mac_size = 33}, TSIG_BAD_MAC},
        {"no MAC and no error", {.no_mac = true}, TSIG_BAD_MAC},
        {"C45 an error and no MAC", {.no_mac = true, .error = 16}, TSIG_ERROR},
        {"the same from another key", {.no_mac = true, .error = 17, .name = "x"}, TSIG_ERROR},
        {"a MAC and BADKEY", {.error = 17}, TSIG_VERIFIED},
        {"the request's MAC without its length", {.no_length = true}, TSIG_BAD_MAC},
        {"C48 300 s behind", {.time_sec = NOW - 300}, TSIG_VERIFIED},
        {"C48 300 s before", {.time_sec = NOW + 300}, TSIG_VERIFIED},
        {"C48 301 s behind", {.time_sec = NOW - 301}, TSIG_BAD_SERVER_TIME},
        {"C48 301 s before", {.time_sec = NOW + 301}, TSIG_BAD_SERVER_TIME},
        {"C42 48 bits of time", {.time_sec = NOW + (UINT64_C(1) << 32)}, TSIG_BAD_SERVER_TIME},
        {"all bits set", {.time_sec = (UINT64_C(1) << 48) - 1}, TSIG_BAD_SERVER_TIME},
};

START_TEST(one_thing_wrong) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
        SignAs as = signers[_i].as;

        as.key = &x->key;
        as.request = &x->request;
        as.time_sec = as.time_sec ?: NOW;
        TsigResult result = judge_signed(x, &as);
        ck_assert_msg(result.verdict == signers[_i].verdict, "%s: %d", signers[_i].what,
                      result.verdict);
        ck_assert_uint_eq(result.error, as.error);
        ck_assert_uint_eq(result.time_sec, as.time_sec);
}
END_TEST

/* C43: an answer to another request, or one signed as if it answered none. */
START_TEST(the_request_is_part_of_it) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
        SignAs as = rightly(x);
        Signature other = x->request;
        static Octets unsigned_answer;

        unsigned_answer = x->answer;
        other.mac[31] ^= 1;
        as.request = &other;
        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_BAD_MAC);

        x->answer = unsigned_answer;
        as.request = NULL;
        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_BAD_MAC);
        x->request.is_signed = false;
        ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_VERIFIED);

        x->answer = unsigned_answer;
        x->request.mac_size = 0;
        as.no_mac = true;
        ck_assert_int_eq(judge_signed(x, &as).verdict, TSIG_BAD_MAC);
}
END_TEST

/* E6.2, C67: Samba's REFUSED is the request with QR, an RCODE and the request's own TSIG. */
START_TEST(an_echo) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
        static Octets octets;

        octets_from_hex(&octets, RECORDED_UPDATE RECORDED_ADD);
        _cleanup_(freep) Message *message = octets_to_message(&octets, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(tsig_sign(x->context, message, NOW, &x->request), 0);
        message->bytes[2] = 0xa8;
        message->bytes[3] = 0x05;
        TsigResult result = verify(x->context, &x->request, message->bytes, message->size, NOW);
        ck_assert_int_eq(result.verdict, TSIG_ECHO);

        /* Also when it is the request unchanged, whose MAC is right for a request. */
        message->bytes[2] = 0x28;
        message->bytes[3] = 0;
        result = verify(x->context, &x->request, message->bytes, message->size, NOW);
        ck_assert_int_eq(result.verdict, TSIG_ECHO);
}
END_TEST

/* C46: the server's time is read only from six octets beside BADTIME. */
START_TEST(server_time) {
        static const struct {
                uint16_t error;
                size_t size;
                uint64_t expected;
        } cases[] = {{18, 6, 0x010203040506}, {18, 5, 0}, {18, 8, 0}, {18, 0, 0}, {16, 6, 0}};

        for (size_t i = 0; i < 2 * ELEMENTSOF(cases); i++) {
                _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
                SignAs as = rightly(x);
                as.other_size = cases[i / 2].size;
                as.error = cases[i / 2].error;
                memcpy(as.other, "\1\2\3\4\5\6\7\10", sizeof(as.other));
                as.no_mac = i % 2;
                TsigResult result = judge_signed(x, &as);
                ck_assert_int_eq(result.verdict, as.no_mac ? TSIG_ERROR : TSIG_VERIFIED);
                ck_assert_uint_eq(result.server_time_sec, cases[i / 2].expected);
        }
}
END_TEST

START_TEST(no_answer_cut_short_is_verified) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
        SignAs as = rightly(x);

        octets_sign(&x->answer, &as);
        while (x->answer.size-- > 0)
                ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_MALFORMED);
}
END_TEST

START_TEST(no_answer_with_more_behind_it_is_verified) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
        SignAs as = rightly(x);

        octets_sign(&x->answer, &as);
        octets_add(&x->answer, "", 1);
        ck_assert_int_eq(judge(x, &x->answer).verdict, TSIG_MALFORMED);
}
END_TEST

/* The id is the original id's to vouch for; names have no case. */
static bool may_change(const Exchange *x, const Octets *answer, size_t at, uint8_t flip) {
        bool in_tsig = at >= x->answer.size;
        bool in_rdata_end = at >= answer->size - 16 - 32;
        bool is_letter = (answer->bytes[at] | 0x20) >= 'a' && (answer->bytes[at] | 0x20) <= 'z';

        return at < 2 || (in_tsig && !in_rdata_end && is_letter && flip == 0x20);
}

START_TEST(no_answer_with_a_changed_octet_is_verified) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
        SignAs as = rightly(x);
        static Octets answer;

        answer = x->answer;
        octets_sign(&answer, &as);
        for (size_t i = 0; i < answer.size; i++)
                for (unsigned flip = 1; flip < 256; flip++) {
                        bool allowed = may_change(x, &answer, i, flip);
                        answer.bytes[i] ^= flip;
                        bool verified = judge(x, &answer).verdict == TSIG_VERIFIED;
                        answer.bytes[i] ^= flip;
                        ck_assert_msg(verified == allowed, "octet %zu ^ %02x", i, flip);
                }
}
END_TEST

/* A TSIG RR's octets, wrong in form. The answer before it is 30 octets, the zone's name at 12. */
#define TIME_NOW "00006b02ad34 012c "
#define TSIG_HEAD "036b6579 076578616d706c65 00 00fa 00ff 00000000 "
#define SHA256 "0b686d61632d736861323536 00 "
#define MAC "000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f "
#define WELL_FORMED TSIG_HEAD "003d" SHA256 TIME_NOW "0020" MAC "5678 0000 0000 "
#define A_RR "00 0001 0001 00000000 0004 7f000001 "

static const struct {
        const char *what;
        const char *counts; /* answer, authority, additional */
        const char *rrs;
        TsigVerdict verdict;
} forms[] = {
        {"well-formed", "0000 0000 0001", WELL_FORMED, TSIG_BAD_MAC},
        {"its owner compressed", "0000 0000 0003",
         "036b6579 076578616d706c65 00 0001 0001 00000000 0000" A_RR
         "c01e 00fa 00ff 00000000 003d" SHA256 TIME_NOW "0020" MAC "5678 0000 0000",
         TSIG_BAD_MAC},
        {"none", "0000 0000 0000", "", TSIG_NONE},
        {"none, but other RRs", "0001 0000 0001", A_RR A_RR, TSIG_NONE},
        {"C40 not last", "0000 0000 0002", WELL_FORMED A_RR, TSIG_MALFORMED},
        {"C40 twice", "0000 0000 0002", WELL_FORMED WELL_FORMED, TSIG_MALFORMED},
        {"one in answer too", "0001 0000 0001", WELL_FORMED WELL_FORMED, TSIG_MALFORMED},
        {"in answer", "0001 0000 0000", WELL_FORMED, TSIG_MALFORMED},
        {"in authority", "0000 0001 0000", WELL_FORMED, TSIG_MALFORMED},
        {"C40 class IN", "0000 0000 0001",
         "036b6579 076578616d706c65 00 00fa 0001 00000000 003d" SHA256 TIME_NOW "0020" MAC
         "5678 0000 0000",
         TSIG_MALFORMED},
        {"C40 TTL 1", "0000 0000 0001",
         "036b6579 076578616d706c65 00 00fa 00ff 00000001 003d" SHA256 TIME_NOW "0020" MAC
         "5678 0000 0000",
         TSIG_MALFORMED},
        {"a count too many", "0000 0000 0002", WELL_FORMED, TSIG_MALFORMED},
        {"a count too few", "0000 0000 0000", WELL_FORMED, TSIG_MALFORMED},
        {"all counts ffff", "ffff ffff ffff", WELL_FORMED, TSIG_MALFORMED},
        {"owner a pointer to itself", "0000 0000 0001",
         "c01e 00fa 00ff 00000000 003d" SHA256 TIME_NOW "0020" MAC "5678 0000 0000",
         TSIG_MALFORMED},
        {"owner a pointer forwards", "0000 0000 0001",
         "c029 00fa 00ff 00000000 003d" SHA256 TIME_NOW "0020" MAC "5678 0000 0000",
         TSIG_MALFORMED},
        {"algorithm a pointer to itself", "0000 0000 0001",
         TSIG_HEAD "0032 c035" TIME_NOW "0020" MAC "5678 0000 0000", TSIG_MALFORMED},
        {"algorithm beyond RDATA", "0000 0000 0001", TSIG_HEAD "0005 0b686d6163", TSIG_MALFORMED},
        {"no RDATA", "0000 0000 0001", TSIG_HEAD "0000", TSIG_MALFORMED},
        {"algorithm only", "0000 0000 0001", TSIG_HEAD "000d" SHA256, TSIG_MALFORMED},
        {"as far as the MAC's length", "0000 0000 0001", TSIG_HEAD "0017" SHA256 TIME_NOW "0000",
         TSIG_MALFORMED},
        {"MAC length one more than there is", "0000 0000 0001",
         TSIG_HEAD "003d" SHA256 TIME_NOW "0021" MAC "5678 0000 0000", TSIG_MALFORMED},
        {"MAC length one less than there is", "0000 0000 0001",
         TSIG_HEAD "003d" SHA256 TIME_NOW "001f" MAC "5678 0000 0000", TSIG_MALFORMED},
        {"MAC length that takes all of the rest", "0000 0000 0001",
         TSIG_HEAD "003d" SHA256 TIME_NOW "0026" MAC "5678 0000 0000", TSIG_MALFORMED},
        {"MAC length ffff", "0000 0000 0001",
         TSIG_HEAD "003d" SHA256 TIME_NOW "ffff" MAC "5678 0000 0000", TSIG_MALFORMED},
        {"other length more than there is", "0000 0000 0001",
         TSIG_HEAD "003d" SHA256 TIME_NOW "0020" MAC "5678 0000 0001", TSIG_MALFORMED},
        {"other length less than there is", "0000 0000 0001",
         TSIG_HEAD "003e" SHA256 TIME_NOW "0020" MAC "5678 0000 0000 00", TSIG_MALFORMED},
        {"other length ffff", "0000 0000 0001",
         TSIG_HEAD "003d" SHA256 TIME_NOW "0020" MAC "5678 0000 ffff", TSIG_MALFORMED},
};

START_TEST(forms_of_the_rr) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
        static Octets answer, part;

        octets_from_hex(&answer, "5678 a800 0001");
        octets_from_hex(&part, forms[_i].counts);
        octets_add(&answer, part.bytes, part.size);
        octets_from_hex(&part, "076578616d706c65 0474657374 00 0006 0001");
        octets_add(&answer, part.bytes, part.size);
        octets_from_hex(&part, forms[_i].rrs);
        octets_add(&answer, part.bytes, part.size);
        TsigVerdict verdict = judge(x, &answer).verdict;
        ck_assert_msg(verdict == forms[_i].verdict, "%s: %d", forms[_i].what, verdict);
}
END_TEST

START_TEST(what_does_not_fit_is_not_signed) {
        _cleanup_(exchange_freep) Exchange *x = exchange_new(TSIG_HMAC_SHA256);
        size_t rr_size = 13 + 10 + 13 + 10 + 32 + 6;
        Signature signature = {.mac_size = 7};

        _cleanup_(freep) Message *tight = octets_to_message(&x->answer, rr_size - 1);
        ck_assert_int_eq(tsig_sign(x->context, tight, NOW, &signature), -EMSGSIZE);
        _cleanup_(freep) Message *full = octets_to_message(&x->answer, rr_size);
        full->bytes[10] = full->bytes[11] = 0xff;
        ck_assert_int_eq(tsig_sign(x->context, full, NOW, &signature), -EMSGSIZE);
        ck_assert_uint_eq(signature.mac_size, 7);
        ck_assert_uint_eq(full->size, x->answer.size);
        full->bytes[10] = full->bytes[11] = 0;
        ck_assert_int_eq(tsig_sign(x->context, full, NOW, &signature), 0);
        ck_assert_uint_eq(full->size, full->capacity);
        x->answer.size = 11;
        _cleanup_(freep) Message *headless = octets_to_message(&x->answer, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(tsig_sign(x->context, headless, NOW, &signature), -EINVAL);
}
END_TEST

/* The longest name and the longest MAC fit in the room that every message has. */
START_TEST(the_room_is_enough) {
        TsigContext *made = NULL;
        static Octets octets;
        TsigKey key = support_key(TSIG_HMAC_SHA512);
        Signature signature;

        key.name.length = 0;
        while (key.name.length < 254) {
                key.name.wire[key.name.length++] = 1;
                key.name.wire[key.name.length++] = 'K';
        }
        key.name.wire[key.name.length++] = 0;
        ck_assert_int_eq(tsig_context_new(&key, &made), 0);
        _cleanup_(tsig_context_freep) TsigContext *context = made;
        octets_from_hex(&octets, RECORDED_UPDATE);
        _cleanup_(freep) Message *message = octets_to_message(&octets, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(tsig_sign(context, message, NOW, &signature), 0);
        ck_assert_uint_eq(signature.mac_size, 64);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, recorded_exchanges, 0, n_recorded);
        tcase_add_loop_test(tcase, every_algorithm, 0, _TSIG_ALGORITHM_MAX);
        tcase_add_test(tcase, a_context_is_used_again);
        tcase_add_loop_test(tcase, one_thing_wrong, 0, ELEMENTSOF(signers));
        tcase_add_test(tcase, the_request_is_part_of_it);
        tcase_add_test(tcase, an_echo);
        tcase_add_test(tcase, server_time);
        tcase_add_test(tcase, no_answer_cut_short_is_verified);
        tcase_add_test(tcase, no_answer_with_more_behind_it_is_verified);
        tcase_add_test(tcase, no_answer_with_a_changed_octet_is_verified);
        tcase_add_loop_test(tcase, forms_of_the_rr, 0, ELEMENTSOF(forms));
        tcase_add_test(tcase, what_does_not_fit_is_not_signed);
        tcase_add_test(tcase, the_room_is_enough);
}

UNIT_MAIN("tsig", add_tests)
