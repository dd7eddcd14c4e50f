/* TKEY (points C61, C64, C66, C68): our queries octet for octet, answers as named 9.18 and
   Samba 4.17 gave them, and answers wrong in every way. */
#include "lib/tkey.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/unit.h"

enum {
        NOW = 0x6b02e49b,
        ID = 0x1234,
};

static Name name_of(const char *text) {
        Name name;

        ck_assert_int_eq(name_from_text(text, &name), 0);
        return name;
}

/* From a copy of its own size, so that the sanitizer sees each octet read outside. */
static TkeyAnswer read_octets(const Name *key_name, const Octets *octets) {
        _cleanup_(freep) uint8_t *copy = malloc(octets->size + !octets->size);
        TkeyAnswer answer;

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, octets->bytes, octets->size);
        tkey_read(key_name, ID, copy, octets->size, &answer);
        ck_assert((answer.token != NULL) == (answer.token_size > 0));
        if (answer.token) {
                /* The token is in the octets, and all of it. */
                size_t at = answer.token - copy;
                ck_assert_uint_le(at, octets->size);
                ck_assert_uint_le(answer.token_size, octets->size - at);
                answer.token = octets->bytes + at;
        }
        return answer;
}

START_TEST(key_names) {
        static const uint8_t random[TKEY_RANDOM_SIZE] = {0x00, 0x1f, 0xa9, 0xff};
        char text[NAME_TEXT_MAX];
        Name name;

        tkey_make_name(random, &name);
        ck_assert_str_eq(name_to_text(&name, text), "001fa9ff000000000000000000000000");
        Name same = name_of(text);
        ck_assert_uint_eq(name.length, same.length);
        ck_assert_int_eq(memcmp(name.wire, same.wire, name.length), 0);
        ck_assert_str_eq(name_to_text(tkey_algorithm(), text), "gss-tsig");
        ck_assert_uint_eq(tkey_algorithm()->length, 10);
}
END_TEST

/* id 0, opcode QUERY; QUESTION 1: key.test. TKEY ANY; ADDITIONAL 1: the same, TTL 0; algorithm */
#define QUERY(rdlength)                                                                         \
        "0000 0000 0001 0000 0000 0001 036b6579 0474657374 00 00f9 00ff 036b6579 0474657374 00" \
        "00f9 00ff 00000000 " rdlength " 086773732d74736967 00 "

static void assert_message(const Message *message, const char *hex) {
        static Octets expected;

        octets_from_hex(&expected, hex);
        ck_assert_uint_eq(message->size, expected.size);
        ck_assert_int_eq(memcmp(message->bytes, expected.bytes, expected.size), 0);
        ck_assert_uint_eq(message->capacity - message->size, MESSAGE_TSIG_ROOM);
}

START_TEST(queries) {
        const Name key_name = name_of("key.test");
        Message *made = NULL;

        ck_assert_int_eq(tkey_new_query(&key_name, (const uint8_t *)"\1\2\3", 3, NOW, &made), 0);
        _cleanup_(freep) Message *query = made;
        /* inception, expiration, mode 3, error 0, token, no other data */
        assert_message(query, QUERY("001d") "6b02e49b 6b02f2ab 0003 0000 0003 010203 0000");

        ck_assert_int_eq(tkey_new_deletion(&key_name, NOW, &made), 0);
        _cleanup_(freep) Message *deletion = made;
        assert_message(deletion, QUERY("001a") "6b02e49b 6b02e49b 0005 0000 0000 0000");
}
END_TEST

START_TEST(tokens_have_a_bound) {
        const Name key_name = name_of("key.test");
        static const uint8_t token[TKEY_TOKEN_MAX + 1];
        Message *made = (Message *)"unset";

        ck_assert_int_eq(tkey_new_query(&key_name, token, sizeof(token), NOW, &made), -EMSGSIZE);
        ck_assert_str_eq((char *)made, "unset");
        ck_assert_int_eq(tkey_new_query(&key_name, token, TKEY_TOKEN_MAX, NOW, &made), 0);
        _cleanup_(freep) Message *query = made;
        ck_assert_uint_le(query->capacity, UINT16_MAX);
}
END_TEST

#define NAMED_KEY "2037363137633465336464613938646138653665383335333831626362386263 3200"
#define SAMBA_KEY "2036623233393535363530396536633963646262336161663438653164376431 6500"
#define GARBAGE_KEY "0767617262616765 00"
#define ALGORITHM "086773732d74736967 00"

/* TSIG ANY 0; time, fudge 300, MAC of 28 octets, original id, no error, no other data */
#define SIGNED(key, time, mac) \
        key "00fa 00ff 00000000 0036" ALGORITHM time "012c 001c" mac "1234 0000 0000"

static const struct {
        const char *what;
        const char *key_name;
        const char *hex;
        TkeyVerdict verdict;
        uint16_t error;
        uint32_t lifetime_sec;
        uint16_t token_size;
} recorded[] = {
        {"named: one round", "7617c4e3dda98da8e6e835381bcb8bc2",
         "1234 8000 0001 0001 0000 0001" NAMED_KEY "00f9 00ff"
         "c00c 00f9 00ff 00000000 00b6" ALGORITHM "6b02e49b 6b02f2ab 0003 0000 009c"
         "60819906092a864886f71201020202006f8189308186a003020105a10302010fa27a3078a003020112a27104"
         "6f14c4b13771fd1c78fbde173f159a181bc46edce63f7451cab5c696c58355a0322ea305cb8926acd6ce8592"
         "2cb1cffbd0722f3c1352148c1d2d8d0e2065a988306e6dfdf4be567598a5b7c73fb59ae4850123482ff86bc7"
         "2a949cdd9cba34da3cc65a303f671a6a3444ca4a5927691f 0000" SIGNED(
                 NAMED_KEY, "00006b02e49b",
                 "040405ffffffffff000000002aefa99a97d81605103893d562a3304e"),
         TKEY_ANSWERED, 0, 3600, 156},
        {"Samba: one round", "6b239556509e6c9cdbb3aaf48e1d7d1e",
         "1234 8000 0001 0001 0000 0001" SAMBA_KEY "00f9 00ff" SAMBA_KEY
         "00f9 00ff 00000000 00b6" ALGORITHM "6b02e49a 6b02f2aa 0003 0000 009c"
         "60819906092a864886f71201020202006f8189308186a003020105a10302010fa27a3078a003020112a27104"
         "6ff4b2d13a7b00a8ab5a183fcca19ed690e17c60308bc14673f90ae6ff4943d7a44cf894bdf6cc88d5b4b351"
         "866cab0e9efb6faf7d05b0dcbaa0da29b9c261f5fbac3f696db2d5720a32847f707f4aa6afb30d4c8181b78d"
         "b0d14a07af394e3160ce0940a8b002bc36c6e4a885414070 0000" SIGNED(
                 SAMBA_KEY, "00006b02e49a",
                 "040405ffffffffff0000000022929562f9fb7c6255cf50dafe728b8c"),
         TKEY_ANSWERED, 0, 3600, 156},
        {"named: a name that is taken", "7617c4e3dda98da8e6e835381bcb8bc2",
         "1234 8000 0001 0001 0000 0000" NAMED_KEY "00f9 00ff"
         "c00c 00f9 00ff 00000000 001a" ALGORITHM "00000000 00000000 0003 0014 0000 0000",
         TKEY_REFUSED, TKEY_BADNAME, 0, 0},
        {"Samba: a name that is taken", "6b239556509e6c9cdbb3aaf48e1d7d1e",
         "1234 8000 0001 0001 0000 0000" SAMBA_KEY "00f9 00ff" SAMBA_KEY
         "00f9 00ff 00000000 001a" ALGORITHM "6b02e49a 6b02f2aa 0003 0011 0000 0000",
         TKEY_REFUSED, 17, 3600, 0},
        {"named: a token that is none", "garbage",
         "1234 8000 0001 0001 0000 0000" GARBAGE_KEY "00f9 00ff"
         "c00c 00f9 00ff 00000000 001a" ALGORITHM "00000000 00000000 0003 0011 0000 0000",
         TKEY_REFUSED, 17, 0, 0},
        {"Samba: a token that is none", "garbage",
         "1234 8000 0001 0001 0000 0000" GARBAGE_KEY "00f9 00ff" GARBAGE_KEY
         "00f9 00ff 00000000 001a" ALGORITHM "6b02e49a 6b02f2aa 0003 0011 0000 0000",
         TKEY_REFUSED, 17, 3600, 0},
};

START_TEST(recorded_answers) {
        const Name key_name = name_of(recorded[_i].key_name);
        static Octets octets;

        octets_from_hex(&octets, recorded[_i].hex);
        TkeyAnswer answer = read_octets(&key_name, &octets);
        ck_assert_msg(answer.verdict == recorded[_i].verdict, "%s: %s", recorded[_i].what,
                      tkey_verdict_to_string(answer.verdict));
        ck_assert_uint_eq(answer.rcode, 0);
        ck_assert_uint_eq(answer.error, recorded[_i].error);
        ck_assert_uint_eq(answer.lifetime_sec, recorded[_i].lifetime_sec);
        ck_assert_uint_eq(answer.token_size, recorded[_i].token_size);
        if (answer.token) /* a GSS-API token with Kerberos's OID */
                ck_assert_int_eq(memcmp(answer.token, "\x60\x81\x99\x06\x09\x2a\x86\x48", 8), 0);
}
END_TEST

/* Of the key "k". The answer has no question, unless it is said. */
#define HEAD(counts) "1234 8000 0000 " counts
#define OWNER "016b 00 "
#define RR(rdlength) OWNER "00f9 00ff 00000000 " rdlength ALGORITHM
#define TIMES "00000010 00000020 "
#define GOOD RR("001c") TIMES "0003 0000 0002 abcd 0000 "
#define A_RR "00 0001 0001 00000000 0004 7f000001 "
#define ANSWER HEAD("0001 0000 0000")

static const struct {
        const char *what;
        const char *hex;
        TkeyVerdict verdict;
        uint8_t rcode;
        uint16_t error;
} forms[] = {
        {"well-formed", ANSWER GOOD, TKEY_ANSWERED, 0, 0},
        {"with its question", "1234 8000 0001 0001 0000 0000 016b00 00f9 00ff" GOOD, TKEY_ANSWERED,
         0, 0},
        {"in additional", HEAD("0000 0000 0001") GOOD, TKEY_ANSWERED, 0, 0},
        {"with others about it", HEAD("0002 0000 0001") A_RR GOOD A_RR, TKEY_ANSWERED, 0, 0},
        {"names have no case",
         ANSWER "014b 00 00f9 00ff 00000000 001c 084753532d74534947 00" TIMES
                "0003 0000 0002 abcd 0000",
         TKEY_ANSWERED, 0, 0},
        {"no token", ANSWER RR("001a") TIMES "0003 0000 0000 0000", TKEY_ANSWERED, 0, 0},
        {"other data", ANSWER RR("001e") TIMES "0003 0000 0002 abcd 0002 ffff", TKEY_ANSWERED, 0,
         0},
        {"its end before its beginning", ANSWER RR("001a") "00000020 00000010 0003 0000 0000 0000",
         TKEY_ANSWERED, 0, 0},

        {"C64 an RCODE", "1234 8005 0000 0000 0000 0000", TKEY_REFUSED, 5, 0},
        {"C64 an RCODE beside a token", "1234 8009 0000 0001 0000 0000" GOOD, TKEY_REFUSED, 9, 0},
        {"C64 BADKEY", ANSWER RR("001a") TIMES "0003 0011 0000 0000", TKEY_REFUSED, 0, 17},
        {"C64 BADNAME beside a token", ANSWER RR("001c") TIMES "0003 0014 0002 abcd 0000",
         TKEY_REFUSED, 0, 20},
        {"C64 both", "1234 8002 0000 0001 0000 0000" RR("001a") TIMES "0003 ffff 0000 0000",
         TKEY_REFUSED, 2, 0xffff},
        {"no TKEY at all", HEAD("0001 0000 0000") A_RR, TKEY_NONE, 0, 0},
        {"nothing", HEAD("0000 0000 0000"), TKEY_NONE, 0, 0},

        {"another key name",
         ANSWER "016a 00 00f9 00ff 00000000 001c" ALGORITHM TIMES "0003 0000 0002 abcd 0000",
         TKEY_FOREIGN, 0, 0},
        {"a name below ours",
         ANSWER "0161016b 00 00f9 00ff 00000000 001c" ALGORITHM TIMES "0003 0000 0002 abcd 0000",
         TKEY_FOREIGN, 0, 0},
        {"the root", ANSWER "00 00f9 00ff 00000000 001c" ALGORITHM TIMES "0003 0000 0002 abcd 0000",
         TKEY_FOREIGN, 0, 0},
        {"another algorithm",
         ANSWER OWNER "00f9 00ff 00000000 0015 0161 00" TIMES "0003 0000 0002 abcd 0000",
         TKEY_FOREIGN, 0, 0},
        {"another mode", ANSWER RR("001c") TIMES "0002 0000 0002 abcd 0000", TKEY_FOREIGN, 0, 0},
        {"another's error", ANSWER RR("001c") TIMES "0005 0011 0002 abcd 0000", TKEY_FOREIGN, 0,
         17},

        {"another id", "1235 8000 0000 0001 0000 0000" GOOD, TKEY_NOT_ANSWER, 0, 0},
        {"a request", "1234 0000 0000 0001 0000 0000" GOOD, TKEY_NOT_ANSWER, 0, 0},
        {"truncated", "1234 8200 0000 0001 0000 0000" GOOD, TKEY_NOT_ANSWER, 0, 0},
        {"an update's", "1234 a800 0000 0001 0000 0000" GOOD, TKEY_NOT_ANSWER, 0, 0},

        {"no header", "1234 8000 0000 0000 0000 00", TKEY_MALFORMED, 0, 0},
        {"twice", HEAD("0002 0000 0000") GOOD GOOD, TKEY_MALFORMED, 0, 0},
        {"twice, in two sections", HEAD("0001 0000 0001") GOOD GOOD, TKEY_MALFORMED, 0, 0},
        {"a count too many", HEAD("0002 0000 0000") GOOD, TKEY_MALFORMED, 0, 0},
        {"an octet behind it", ANSWER GOOD "00", TKEY_MALFORMED, 0, 0},
        {"owner a pointer to itself",
         ANSWER "c00c 00f9 00ff 00000000 001c" ALGORITHM TIMES "0003 0000 0002 abcd 0000",
         TKEY_MALFORMED, 0, 0},
        {"algorithm a pointer to itself",
         ANSWER OWNER "00f9 00ff 00000000 0014 c019" TIMES "0003 0000 0002 abcd 0000",
         TKEY_MALFORMED, 0, 0},
        {"algorithm beyond RDATA", ANSWER OWNER "00f9 00ff 00000000 0003 0867 73", TKEY_MALFORMED,
         0, 0},
        {"no RDATA", ANSWER OWNER "00f9 00ff 00000000 0000", TKEY_MALFORMED, 0, 0},
        {"algorithm only", ANSWER RR("000a"), TKEY_MALFORMED, 0, 0},
        {"as far as the token's length", ANSWER RR("0018") TIMES "0003 0000 0000", TKEY_MALFORMED,
         0, 0},
        {"token length one more than there is", ANSWER RR("001c") TIMES "0003 0000 0003 abcd 0000",
         TKEY_MALFORMED, 0, 0},
        {"token length one less than there is", ANSWER RR("001c") TIMES "0003 0000 0001 abcd 0000",
         TKEY_MALFORMED, 0, 0},
        {"token length ffff", ANSWER RR("001c") TIMES "0003 0000 ffff abcd 0000", TKEY_MALFORMED, 0,
         0},
        {"other length more than there is", ANSWER RR("001c") TIMES "0003 0000 0002 abcd 0001",
         TKEY_MALFORMED, 0, 0},
        {"other length less than there is", ANSWER RR("001d") TIMES "0003 0000 0002 abcd 0000 00",
         TKEY_MALFORMED, 0, 0},
        {"other length ffff", ANSWER RR("001c") TIMES "0003 0000 0002 abcd ffff", TKEY_MALFORMED, 0,
         0},
};

START_TEST(forms_of_an_answer) {
        const Name key_name = name_of("k");
        static Octets octets;

        octets_from_hex(&octets, forms[_i].hex);
        TkeyAnswer answer = read_octets(&key_name, &octets);
        ck_assert_msg(answer.verdict == forms[_i].verdict, "%s: %s", forms[_i].what,
                      tkey_verdict_to_string(answer.verdict));
        ck_assert_uint_eq(answer.rcode, forms[_i].rcode);
        ck_assert_uint_eq(answer.error, forms[_i].error);
}
END_TEST

START_TEST(what_a_good_answer_says) {
        const Name key_name = name_of("k");
        static Octets octets;

        octets_from_hex(&octets, ANSWER GOOD);
        TkeyAnswer answer = read_octets(&key_name, &octets);
        ck_assert_uint_eq(answer.lifetime_sec, 16);
        ck_assert_uint_eq(answer.token_size, 2);
        ck_assert_int_eq(memcmp(answer.token, "\xab\xcd", 2), 0);

        /* Across the end of 32 bits; and a lifetime that is none. */
        octets_from_hex(&octets, ANSWER RR("001a") "fffffff0 00000010 0003 0000 0000 0000");
        ck_assert_uint_eq(read_octets(&key_name, &octets).lifetime_sec, 32);
        octets_from_hex(&octets, ANSWER RR("001a") "00000010 fffffff0 0003 0000 0000 0000");
        ck_assert_uint_eq(read_octets(&key_name, &octets).lifetime_sec, 0);
}
END_TEST

/* A token at the bound is read, one over it is not. */
START_TEST(large_tokens) {
        const Name key_name = name_of("k");
        static const uint8_t token[TKEY_TOKEN_MAX + 1];
        static Octets octets, rdata;

        for (size_t size = TKEY_TOKEN_MAX; size <= sizeof(token); size++) {
                octets_from_hex(&rdata, ALGORITHM TIMES "0003 0000");
                octets_add_u16(&rdata, size);
                octets_add(&rdata, token, size);
                octets_add_u16(&rdata, 0);
                octets_from_hex(&octets, ANSWER OWNER "00f9 00ff 00000000");
                octets_add_u16(&octets, rdata.size);
                octets_add(&octets, rdata.bytes, rdata.size);
                ck_assert_int_eq(read_octets(&key_name, &octets).verdict,
                                 size > TKEY_TOKEN_MAX ? TKEY_MALFORMED : TKEY_ANSWERED);
        }
}
END_TEST

START_TEST(no_answer_cut_short_is_taken) {
        const Name key_name = name_of("k");
        static Octets octets;

        octets_from_hex(&octets, ANSWER GOOD);
        while (octets.size-- > 0)
                ck_assert_int_eq(read_octets(&key_name, &octets).verdict, TKEY_MALFORMED);
}
END_TEST

/* The sanitizers judge; and whatever is taken has our name and a sound token. */
START_TEST(mutated_answers) {
        const Name key_name = name_of(recorded[0].key_name);
        static Octets good, octets;
        unsigned n_verdicts[_TKEY_VERDICT_MAX] = {};
        uint64_t seed = 1;

        octets_from_hex(&good, recorded[0].hex);
        for (unsigned i = 0; i < 20000; i++) {
                octets = good;
                octets_mutate(&octets, &seed);
                TkeyAnswer answer = read_octets(&key_name, &octets);
                ck_assert_int_lt(answer.verdict, _TKEY_VERDICT_MAX);
                n_verdicts[answer.verdict]++;
        }
        ck_assert_uint_gt(n_verdicts[TKEY_ANSWERED], 0);
        ck_assert_uint_gt(n_verdicts[TKEY_MALFORMED], n_verdicts[TKEY_ANSWERED]);
        ck_assert_uint_gt(n_verdicts[TKEY_FOREIGN], 0);
}
END_TEST

START_TEST(every_verdict_has_words) {
        for (unsigned i = 0; i < _TKEY_VERDICT_MAX; i++)
                for (unsigned j = 0; j < i; j++)
                        ck_assert_str_ne(tkey_verdict_to_string(i), tkey_verdict_to_string(j));
        ck_assert_str_eq(tkey_verdict_to_string(_TKEY_VERDICT_MAX), "?");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, key_names);
        tcase_add_test(tcase, queries);
        tcase_add_test(tcase, tokens_have_a_bound);
        tcase_add_loop_test(tcase, recorded_answers, 0, ELEMENTSOF(recorded));
        tcase_add_loop_test(tcase, forms_of_an_answer, 0, ELEMENTSOF(forms));
        tcase_add_test(tcase, what_a_good_answer_says);
        tcase_add_test(tcase, large_tokens);
        tcase_add_test(tcase, no_answer_cut_short_is_taken);
        tcase_add_test(tcase, mutated_answers);
        tcase_add_test(tcase, every_verdict_has_words);
}

UNIT_MAIN("tkey", add_tests)
