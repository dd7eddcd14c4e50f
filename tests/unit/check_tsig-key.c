/* Key files: what tsig-keygen writes, what operators make of it by hand, and what is refused, with
   the line and a sentence that never holds the secret (C41, C51). */
#include "lib/tsig-key.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

/* "secret!" */
#define SECRET "c2VjcmV0IQ=="
#define STATEMENT(name, algorithm, secret) \
        "key " name " {\n\talgorithm " algorithm ";\n\tsecret " secret ";\n};\n"

static const struct {
        const char *text;
        TsigAlgorithm algorithm;
        const char *name;
} keys[] = {
        {STATEMENT("\"tsig-key\"", "hmac-sha256", "\"" SECRET "\""), TSIG_HMAC_SHA256, "tsig-key"},
        {STATEMENT("tsig-key.example.", "\"hmac-sha512\"", SECRET), TSIG_HMAC_SHA512,
         "tsig-key.example"},
        {STATEMENT("K.Example", "HMAC-SHA1", SECRET), TSIG_HMAC_SHA1, "K.Example"},
        {STATEMENT("k", "hmac-sha224.", SECRET), TSIG_HMAC_SHA224, "k"},
        {STATEMENT("k", "hmac-sha384", SECRET), TSIG_HMAC_SHA384, "k"},
        {"KEY k{Secret \"" SECRET "\";Algorithm hmac-sha256;};", TSIG_HMAC_SHA256, "k"},
        {"// made by hand\n# for ns1\n/* two\n lines */key /**/k /**/{ # here\nalgorithm // there\n"
         "hmac-sha256;secret " SECRET ";}; # end",
         TSIG_HMAC_SHA256, "k"},
        {"hmac-sha256:k:" SECRET, TSIG_HMAC_SHA256, "k"},
        {"# hmac-md5:old:AAAA\n\n  HMAC-SHA512:k.example:" SECRET "  # Knot\r\n", TSIG_HMAC_SHA512,
         "k.example"},
        {"hmac-sha1.:k:" SECRET "\n", TSIG_HMAC_SHA1, "k"},
        {"hmac-sha256:key:" SECRET, TSIG_HMAC_SHA256, "key"},
};

START_TEST(good_keys) {
        const char *text = keys[_i].text;
        TsigKeyError error = {};
        TsigKey key;
        Name name;

        int r = tsig_key_parse(text, strlen(text), &key, &error);
        ck_assert_msg(r == 0, "line %u: %s", error.line, error.text);
        ck_assert_int_eq(key.algorithm, keys[_i].algorithm);
        ck_assert_int_eq(name_from_text(keys[_i].name, &name), 0);
        ck_assert_uint_eq(key.name.length, name.length);
        ck_assert_int_eq(memcmp(key.name.wire, name.wire, name.length), 0);
        ck_assert_uint_eq(key.secret_size, 7);
        ck_assert_int_eq(memcmp(key.secret, "secret!", 7), 0);
}
END_TEST

#define GOOD STATEMENT("k", "hmac-sha256", SECRET)

static const struct {
        const char *text;
        unsigned line;
        const char *says;
} refused[] = {
        {"", 1, "there is no key"},
        {"\n# nothing\n", 3, "there is no key"},
        {"options { };", 1, "expected key"},
        {"\nkey:\n  - id: k\n", 2, "expected key"},
        {"hmac-sha256:k", 1, "expected key"},
        {"\"hmac-sha256:k:" SECRET "\"", 1, "expected key"},
        {"key", 1, "the key's name after key"},
        {"key { algorithm hmac-sha256; };", 1, "the key's name after key"},
        {"key \"\" { };", 1, "not a domain name"},
        {"key . { };", 1, "not a domain name"},
        {"key a..b { };", 1, "not a domain name"},
        {"key k algorithm hmac-sha256;", 1, "'{' after the key's name"},
        {"key k {\nalgorithm hmac-sha256;\n};", 3, "no secret"},
        {"key k {\nsecret " SECRET ";\n};", 3, "no algorithm"},
        {"key k {\n};", 2, "no algorithm"},
        {"key k {\nalgorithm ;", 2, "a value after algorithm"},
        {"key k { algorithm hmac-sha256;\nsecret ;", 2, "a value after secret"},
        {"key k { algorithm hmac-sha256\nsecret " SECRET ";};", 2, "';' after the algorithm"},
        {"key k { algorithm hmac-sha256;\nsecret " SECRET "};", 2, "';' after the secret"},
        {"key k { algorithm hmac-sha256;\nsecret " SECRET ";}", 2, "';' after '}'"},
        {"key k { algorithm hmac-sha256;\nsecret " SECRET ";\n", 3, "expected algorithm, secret"},
        {"key k {\nserver 192.0.2.1;", 2, "expected algorithm, secret"},
        {"key k {\n\nalgorithm hmac-md5;", 3, "tsig-keygen -a hmac-sha256"},
        {"key k { algorithm HMAC-MD5.SIG-ALG.REG.INT.;", 1, "hmac-md5 must not be used"},
        {"hmac-md5:k:" SECRET, 1, "hmac-md5 must not be used"},
        {"key k {\nalgorithm hmac-sha3;", 2, "hmac-sha256, hmac-sha224, hmac-sha384, hmac-sha512"},
        {"hmac-sha256-128:k:" SECRET, 1, "unknown algorithm"},
        {":k:" SECRET, 1, "unknown algorithm"},
        {"key k { algorithm hmac-sha1;\nalgorithm hmac-sha1;", 2, "two algorithms"},
        {"key k { secret " SECRET ";\nsecret " SECRET ";", 2, "two secrets"},
        {"key k { secret \"\";", 1, "empty"},
        {"hmac-sha256:k:", 1, "empty"},
        {"hmac-sha256::" SECRET, 1, "not a domain name"},
        {GOOD "\n" GOOD, 6, "more than one key"},
        {GOOD "}", 5, "something behind"},
        {"hmac-sha256:k:" SECRET "\nhmac-sha256:l:" SECRET, 2, "something behind"},
        {"key k {\nsecret \"" SECRET ";\n};", 2, "no end"},
        {"key k {\n/* secret " SECRET ";\n};", 2, "no end"},
        {"/*/", 1, "no end"},
};

static int parse_bad(const char *text, size_t size, TsigKeyError *ret_error) {
        TsigKey key = {.secret_size = 77};

        int r = tsig_key_parse(text, size, &key, ret_error);
        ck_assert_uint_eq(key.secret_size, 77);
        return r;
}

START_TEST(refused_keys) {
        const char *text = refused[_i].text;
        TsigKeyError error = {};

        ck_assert_int_eq(parse_bad(text, strlen(text), &error), -EINVAL);
        ck_assert_msg(strstr(error.text, refused[_i].says), "%s\n -> %s", text, error.text);
        ck_assert_msg(error.line == refused[_i].line, "%s\n -> line %u", text, error.line);
        ck_assert_ptr_null(strstr(error.text, "c2V"));
}
END_TEST

/* RFC 4648 4, decoded: NULL is refused. */
static const struct {
        const char *base64;
        const char *decoded;
} secrets[] = {
        {"QQ==", "A"},
        {"QUI=", "AB"},
        {"QUJD", "ABC"},
        {"QUJDRA==", "ABCD"},
        {"++//", "\xfb\xef\xff"},
        {"ab//", "i\xbf\xff"},
        {"QQ", NULL},
        {"QQ=", NULL},
        {"QQ===", NULL},
        {"Q===", NULL},
        {"====", NULL},
        {"=QQ=", NULL},
        {"QQ==QQ==", NULL},
        {"Q=Q=", NULL},
        {"QUJDQ", NULL},
        {"QR==", NULL},
        {"QUJ=", NULL},
        {"QUJD\n", NULL},
        {"QU JD", NULL},
        {" QUJD", NULL},
        {"QUJD    ", NULL},
        {"QU-_", NULL},
        {"QUJ\xc3\xa9", NULL},
        {"QUJD.", NULL},
};

START_TEST(base64_is_strict) {
        TsigKeyError error = {};
        TsigKey key;
        char text[100];

        snprintf(text, sizeof(text), "key k { algorithm hmac-sha256; secret \"%s\"; };",
                 secrets[_i].base64);
        int r = tsig_key_parse(text, strlen(text), &key, &error);
        if (!secrets[_i].decoded) {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_str_eq(error.text, "the secret is not base64");
                return;
        }
        ck_assert_int_eq(r, 0);
        ck_assert_uint_eq(key.secret_size, strlen(secrets[_i].decoded));
        ck_assert_int_eq(memcmp(key.secret, secrets[_i].decoded, key.secret_size), 0);
}
END_TEST

/* 512 octets are 170 groups and one of two octets; each row adds groups and an end. */
START_TEST(length_of_the_secret) {
        static const struct {
                unsigned groups;
                const char *end;
                size_t size; /* 0: refused */
        } cases[] = {{170, "QUI=", 512}, {170, "QUJD", 0}, {171, "QQ==", 0}, {1500, "QUJD", 0}};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                static char text[TSIG_KEY_FILE_MAX] = "hmac-sha256:k:";
                TsigKeyError error = {};
                TsigKey key;
                char *end = text + strlen("hmac-sha256:k:");
                for (unsigned n = 0; n < cases[i].groups; n++)
                        end = stpcpy(end, "QUJD");
                strcpy(end, cases[i].end);

                int r = tsig_key_parse(text, strlen(text), &key, &error);
                ck_assert_int_eq(r, cases[i].size ? 0 : -EINVAL);
                if (r == 0)
                        ck_assert_uint_eq(key.secret_size, cases[i].size);
                else
                        ck_assert_str_eq(error.text, "the secret is longer than 512 octets");
        }
}
END_TEST

START_TEST(length_of_the_name) {
        static const size_t lengths[] = {64, NAME_TEXT_MAX - 1, NAME_TEXT_MAX, 8000};

        for (size_t i = 0; i < ELEMENTSOF(lengths); i++) {
                static char text[TSIG_KEY_FILE_MAX + 1];
                TsigKeyError error = {};
                int size = snprintf(text, sizeof(text), "hmac-sha256:%0*d:" SECRET, (int)lengths[i],
                                    0);
                ck_assert_int_eq(parse_bad(text, size, &error), -EINVAL);
                ck_assert_ptr_nonnull(strstr(error.text, "the key's name is"));
        }
}
END_TEST

START_TEST(length_of_the_file) {
        static char text[TSIG_KEY_FILE_MAX + 1];
        TsigKeyError error = {};
        TsigKey key;

        memset(text, '\n', sizeof(text));
        memcpy(text, GOOD, strlen(GOOD));
        ck_assert_int_eq(tsig_key_parse(text, TSIG_KEY_FILE_MAX, &key, &error), 0);
        ck_assert_int_eq(parse_bad(text, TSIG_KEY_FILE_MAX + 1, &error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error.text, "8192"));
}
END_TEST

START_TEST(a_nul_is_refused) {
        char text[] = GOOD "\n\0";
        TsigKeyError error = {};

        ck_assert_int_eq(parse_bad(text, sizeof(text) - 1, &error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error.text, "NUL"));
        ck_assert_uint_eq(error.line, 6);
}
END_TEST

/* No part of a good file is one, and none is read beyond its end: each lies in memory of its size.
 */
START_TEST(every_part_of_a_file) {
        for (size_t size = 0; size < strlen(GOOD) - 1; size++) {
                _cleanup_(freep) char *part = malloc(size + !size);
                TsigKeyError error = {};
                ck_assert_ptr_nonnull(part);
                memcpy(part, GOOD, size);
                ck_assert_int_eq(parse_bad(part, size, &error), -EINVAL);
                ck_assert_uint_gt(strlen(error.text), 0);
        }
}
END_TEST

/* Whatever an octet is changed to: a key or a sentence. */
START_TEST(every_octet_changed) {
        char text[] = GOOD;

        for (size_t i = 0; i < strlen(GOOD); i++)
                for (unsigned octet = 0; octet < 256; octet++) {
                        TsigKeyError error = {};
                        TsigKey key;
                        text[i] = octet;
                        int r = tsig_key_parse(text, strlen(GOOD), &key, &error);
                        ck_assert(r == 0 || (r == -EINVAL && error.line > 0 && error.text[0]));
                        text[i] = GOOD[i];
                }
}
END_TEST

START_TEST(wiping) {
        TsigKeyError error;
        TsigKey key, zero = {};

        ck_assert_int_eq(tsig_key_parse(GOOD, strlen(GOOD), &key, &error), 0);
        tsig_key_wipe(&key);
        ck_assert_int_eq(memcmp(key.secret, zero.secret, sizeof(key.secret)), 0);
        ck_assert_uint_eq(key.secret_size, 0);
        tsig_key_wipe(NULL);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, good_keys, 0, ELEMENTSOF(keys));
        tcase_add_loop_test(tcase, refused_keys, 0, ELEMENTSOF(refused));
        tcase_add_loop_test(tcase, base64_is_strict, 0, ELEMENTSOF(secrets));
        tcase_add_test(tcase, length_of_the_secret);
        tcase_add_test(tcase, length_of_the_name);
        tcase_add_test(tcase, length_of_the_file);
        tcase_add_test(tcase, a_nul_is_refused);
        tcase_add_test(tcase, every_part_of_a_file);
        tcase_add_test(tcase, every_octet_changed);
        tcase_add_test(tcase, wiping);
}

UNIT_MAIN("tsig-key", add_tests)
