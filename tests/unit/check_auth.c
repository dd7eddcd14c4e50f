/* The interface over none and TSIG: each does what its kind says, references are counted. */
#include "lib/auth.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(Auth, auth_unref)

enum {
        NOW = 1795337524,
};

static Auth *none(void) {
        Auth *auth = NULL;

        ck_assert_int_eq(auth_new_none(&auth), 0);
        return auth;
}

static Auth *tsig(void) {
        TsigKey key = support_key(TSIG_HMAC_SHA256);
        Auth *auth = NULL;

        ck_assert_int_eq(auth_new_tsig(&key, &auth), 0);
        tsig_key_wipe(&key);
        return auth;
}

/* A query for example.test. SOA, as a request or with QR set as its answer. */
static void add_query(Octets *octets, bool answer) {
        octets_from_hex(octets, "1234 0000 0001 0000 0000 0000 076578616d706c65 0474657374 00 "
                                "0006 0001");
        octets->bytes[2] = answer ? 0x84 : 0;
}

START_TEST(none_leaves_the_message_alone) {
        _cleanup_(auth_unrefp) Auth *auth = none();
        TsigKey key = support_key(TSIG_HMAC_SHA256);
        Signature signature = {.is_signed = true};
        TsigResult result = {.verdict = TSIG_VERIFIED};
        static Octets octets;

        ck_assert_str_eq(auth_description(auth), "");
        add_query(&octets, false);
        _cleanup_(freep) Message *message = octets_to_message(&octets, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(auth_sign(auth, message, NOW, &signature), 0);
        ck_assert(!signature.is_signed);
        ck_assert_uint_eq(message->size, octets.size);
        ck_assert_int_eq(memcmp(message->bytes, octets.bytes, octets.size), 0);

        add_query(&octets, true);
        octets_sign(&octets, &(SignAs){.key = &key, .time_sec = NOW});
        ck_assert_int_eq(auth_verify(auth, &signature, octets.bytes, octets.size, NOW, &result), 0);
        ck_assert_int_eq(result.verdict, TSIG_NONE);
}
END_TEST

START_TEST(tsig_signs_and_verifies) {
        _cleanup_(auth_unrefp) Auth *auth = tsig();
        TsigKey key = support_key(TSIG_HMAC_SHA256);
        Signature signature = {};
        TsigResult result;
        static Octets octets;

        ck_assert_str_eq(auth_description(auth), "hmac-sha256 key key.example");
        add_query(&octets, false);
        _cleanup_(freep) Message *message = octets_to_message(&octets, MESSAGE_TSIG_ROOM);
        ck_assert_int_eq(auth_sign(auth, message, NOW, &signature), 0);
        ck_assert(signature.is_signed);
        octets_sign(&octets, &(SignAs){.key = &key, .time_sec = NOW});
        ck_assert_uint_eq(message->size, octets.size);
        ck_assert_int_eq(memcmp(message->bytes, octets.bytes, octets.size), 0);

        add_query(&octets, true);
        octets_sign(&octets, &(SignAs){.key = &key, .request = &signature, .time_sec = NOW});
        ck_assert_int_eq(auth_verify(auth, &signature, octets.bytes, octets.size, NOW, &result), 0);
        ck_assert_int_eq(result.verdict, TSIG_VERIFIED);
        octets.bytes[3] ^= 1;
        ck_assert_int_eq(auth_verify(auth, &signature, octets.bytes, octets.size, NOW, &result), 0);
        ck_assert_int_eq(result.verdict, TSIG_BAD_MAC);
}
END_TEST

/* A key whose name would reach the log with what a terminal obeys. */
START_TEST(description_is_printable) {
        TsigKey key = support_key(TSIG_HMAC_SHA512);
        Auth *made = NULL;

        key.name.wire[2] = '\033';
        ck_assert_int_eq(auth_new_tsig(&key, &made), 0);
        _cleanup_(auth_unrefp) Auth *auth = made;
        ck_assert_str_eq(auth_description(auth), "hmac-sha512 key k\\027y.example");
}
END_TEST

/* The sanitizer tells a reference too few (use after free) and one too many (leak). */
START_TEST(references) {
        Auth *auth = tsig();

        ck_assert_ptr_eq(auth_ref(auth), auth);
        ck_assert_ptr_null(auth_unref(auth));
        ck_assert_str_ne(auth_description(auth), "");
        ck_assert_ptr_null(auth_unref(auth));
        ck_assert_ptr_null(auth_ref(NULL));
        ck_assert_ptr_null(auth_unref(NULL));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, none_leaves_the_message_alone);
        tcase_add_test(tcase, tsig_signs_and_verifies);
        tcase_add_test(tcase, description_is_printable);
        tcase_add_test(tcase, references);
}

UNIT_MAIN("auth", add_tests)
