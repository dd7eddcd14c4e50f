/*
 * Names: presentation form and back, limits (RFC 1035 2.3.4, 5.1), comparison without case that
 * keeps it (RFC 4343, C13), the zone test (RFC 2136 3.4.1.3, C03), and text that is safe in a log.
 */
#include "lib/name.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define L61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"
#define ESCAPED_10 "\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255"
#define ESCAPED_63 \
        ESCAPED_10 ESCAPED_10 ESCAPED_10 ESCAPED_10 ESCAPED_10 ESCAPED_10 "\\255\\255\\255"
#define ESCAPED_61 ESCAPED_10 ESCAPED_10 ESCAPED_10 ESCAPED_10 ESCAPED_10 ESCAPED_10 "\\255"

static Name name(const char *text) {
        Name result;

        ck_assert_msg(name_from_text(text, &result) == 0, "cannot read %s", text);
        return result;
}

/* expected NULL: the text is refused. */
static const struct {
        const char *text;
        const char *expected;
        size_t length;
        unsigned labels;
} forms[] = {
        {"contoso.com", "contoso.com", 13, 2},
        {"contoso.com.", "contoso.com", 13, 2},
        {"_VLMCS._tcp.Contoso.COM", "_VLMCS._tcp.Contoso.COM", 25, 4},
        {"corp", "corp", 6, 1},
        {".", ".", 1, 0},
        {"a\\.b.c", "a\\.b.c", 7, 2},
        {"a\\.", "a\\.", 4, 1},
        {"a\\\\.", "a\\\\", 4, 1},
        {"\\065\\B", "AB", 4, 1},
        {"\\000", "\\000", 3, 1},
        {"a\nb", "a\\010b", 5, 1},
        {"a b", "a\\032b", 5, 1},
        {"\033[31m", "\\027[31m", 7, 1},
        {"\\127\\128\\255", "\\127\\128\\255", 5, 1},
        {"a\";()@$b", "a\\\"\\;\\(\\)\\@\\$b", 10, 1},
        {L63, L63, 65, 1},
        {L63 "." L63 "." L63 "." L61, L63 "." L63 "." L63 "." L61, 255, 4},
        {L63 "." L63 "." L63 "." L61 ".", L63 "." L63 "." L63 "." L61, 255, 4},
        {ESCAPED_63 "." ESCAPED_63 "." ESCAPED_63 "." ESCAPED_61,
         ESCAPED_63 "." ESCAPED_63 "." ESCAPED_63 "." ESCAPED_61, 255, 4},
        {"", NULL, 0, 0},
        {"..", NULL, 0, 0},
        {".a", NULL, 0, 0},
        {"a..b", NULL, 0, 0},
        {"a..", NULL, 0, 0},
        {"a\\", NULL, 0, 0},
        {"a\\25", NULL, 0, 0},
        {"a\\2x4", NULL, 0, 0},
        {"a\\256", NULL, 0, 0},
        {L63 "x", NULL, 0, 0},
        {L63 "x.", NULL, 0, 0},
        {L63 "." L63 "." L63 "." L61 "x", NULL, 0, 0},
        {L63 "." L63 "." L63 "." L61 ".x", NULL, 0, 0},
};

START_TEST(text_round_trip) {
        Name read = {.length = 77}, again;
        char text[NAME_TEXT_MAX];

        int r = name_from_text(forms[_i].text, &read);
        if (!forms[_i].expected) {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_uint_eq(read.length, 77);
                return;
        }
        ck_assert_int_eq(r, 0);
        ck_assert_uint_eq(read.length, forms[_i].length);
        ck_assert_uint_eq(name_labels(&read), forms[_i].labels);
        ck_assert_str_eq(name_to_text(&read, text), forms[_i].expected);

        ck_assert_int_eq(name_from_text(text, &again), 0);
        ck_assert_mem_eq(again.wire, read.wire, read.length);
}
END_TEST

/* Texts at random, of what matters to whoever reads them: as ldns has them. */
START_TEST(text_is_read_as_ldns_reads_it) {
        static const char *const parts[] = {".",  "\\", "0",  "12",   "255", "256", "a",
                                            "B-", "_x", "\n", "\xff", L61,   L63};
        uint32_t random = 1;
        size_t n_names = 0;

        for (unsigned round = 0; round < 50000; round++) {
                char text[16 * sizeof(L63)] = "";
                ldns_rdf *rdf = NULL;
                Name read;

                for (unsigned n = (random >> 16) % 12; n > 0; n--) {
                        random = random * 1664525 + 1013904223;
                        strcat(text, parts[(random >> 16) % ELEMENTSOF(parts)]);
                }
                random = random * 1664525 + 1013904223;
                const bool is_name = ldns_str2rdf_dname(&rdf, text) == LDNS_STATUS_OK;
                ck_assert_msg((name_from_text(text, &read) == 0) == is_name, "%s", text);
                if (is_name) {
                        ck_assert_uint_eq(read.length, ldns_rdf_size(rdf));
                        ck_assert_mem_eq(read.wire, ldns_rdf_data(rdf), read.length);
                        n_names++;
                }
                ldns_rdf_deep_free(rdf);
        }
        ck_assert_uint_gt(n_names, 5000);
        ck_assert_uint_lt(n_names, 45000);
}
END_TEST

/* Whatever octet a label holds: printable text without blanks, that reads back to the octet. */
START_TEST(text_of_each_octet_is_safe) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "!#%&'*+,-/:<=>?[]^_`{|}~";
        const Name odd = {.length = 4, .wire = {2, _i, 'x', 0}};
        Name again;
        char text[NAME_TEXT_MAX];

        for (const char *p = name_to_text(&odd, text); *p; p++)
                ck_assert_msg(*p > ' ' && *p < 0x7f, "octet %d in %s", *p, text);
        ck_assert_int_eq(text[0] == '\\', !memchr(plain, _i, sizeof(plain) - 1));
        ck_assert_int_eq(name_from_text(text, &again), 0);
        ck_assert_mem_eq(again.wire, odd.wire, odd.length);
}
END_TEST

START_TEST(no_name_is_harmless) {
        const Name none = {0}, root = name("."), some = name("a.b");
        Name result = {.length = 77};
        char text[NAME_TEXT_MAX];

        ck_assert_str_eq(name_to_text(&none, text), "");
        ck_assert_uint_eq(name_labels(&none), 0);
        ck_assert(!name_parent(&none, &result));
        ck_assert_uint_eq(result.length, 77);
        ck_assert(!name_equal(&none, &root));
        ck_assert(!name_is_within(&none, &root));
        ck_assert(!name_is_within(&some, &none));
}
END_TEST

static const struct {
        const char *a, *b;
        bool equal;
} pairs[] = {
        {"contoso.com", "CONTOSO.com.", true},
        {"contoso.com", "contoso.net", false},
        {"contoso.com", "contoso.co", false},
        {"com", "contoso.com", false},
        {"a.bc", "ab.c", false},
        {"a\\.b", "a.b", false},
        {"a{", "a[", false},
        {"a@", "a`", false},
        {"\\192", "\\224", false},
        {".", ".", true},
};

START_TEST(compare_folds_ascii_only) {
        Name a = name(pairs[_i].a), b = name(pairs[_i].b);

        ck_assert_int_eq(name_equal(&a, &b), pairs[_i].equal);
        ck_assert_int_eq(name_equal(&b, &a), pairs[_i].equal);
}
END_TEST

static const struct {
        const char *name, *apex;
        bool within;
} places[] = {
        {"contoso.com", "contoso.com", true},
        {"_vlmcs._tcp.Contoso.com", "contoso.COM", true},
        {"a.b.c.contoso.com", "contoso.com", true},
        {"contoso.com", ".", true},
        {".", ".", true},
        {".", "com", false},
        {"com", "contoso.com", false},
        {"notcontoso.com", "contoso.com", false},
        {"a\\.contoso.com", "contoso.com", false},
        {"contoso.com.evil.org", "contoso.com", false},
        {"x.com", "y.com", false},
        /* the octets of the apex, but not where labels begin: 7 x 3 a b c 0 */
        {"x\\003abc", "abc", false},
};

START_TEST(within_apex_c03) {
        Name inner = name(places[_i].name), apex = name(places[_i].apex);

        ck_assert_int_eq(name_is_within(&inner, &apex), places[_i].within);
}
END_TEST

START_TEST(parent_drops_leftmost_label) {
        static const char *const steps[] = {"_tcp.A\\.b.com", "A\\.b.com", "com", "."};
        Name walk = name("_vlmcs._tcp.A\\.b.com");
        char text[NAME_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                ck_assert(name_parent(&walk, &walk));
                ck_assert_str_eq(name_to_text(&walk, text), steps[i]);
        }
        ck_assert(!name_parent(&walk, &walk));
        ck_assert_str_eq(name_to_text(&walk, text), ".");
}
END_TEST

START_TEST(rdf_is_read_with_its_case) {
        Name from = name("_vlmcs._tcp.Contoso.com"), to;
        ldns_rdf *rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, from.length, from.wire);

        ck_assert_int_eq(name_from_rdf(rdf, &to), 0);
        ck_assert_uint_eq(to.length, from.length);
        ck_assert_mem_eq(to.wire, from.wire, from.length);
        ldns_rdf_deep_free(rdf);
}
END_TEST

/* What ldns would hand on unseen if it were given it. */
static const struct {
        ldns_rdf_type type;
        size_t size;
        const uint8_t *octets;
} bad_rdfs[] = {
        {LDNS_RDF_TYPE_STR, 3, (const uint8_t *)"\1a"},
        {LDNS_RDF_TYPE_DNAME, 0, (const uint8_t *)""},
        {LDNS_RDF_TYPE_DNAME, 2, (const uint8_t *)"\1a"},           /* no root label */
        {LDNS_RDF_TYPE_DNAME, 3, (const uint8_t *)"\5a"},           /* label beyond the end */
        {LDNS_RDF_TYPE_DNAME, 4, (const uint8_t *)"\1a\0"},         /* octets behind the root */
        {LDNS_RDF_TYPE_DNAME, 4, (const uint8_t *)"\1a\300\014"},   /* a compression pointer */
        {LDNS_RDF_TYPE_DNAME, 66, (const uint8_t *)"\100" L63 "x"}, /* a label of 64 */
        {LDNS_RDF_TYPE_DNAME, 257, (const uint8_t *)"\77" L63 "\77" L63 "\77" L63 "\77" L63},
};

START_TEST(rdf_that_is_no_name) {
        Name result = {.length = 77};
        ldns_rdf *rdf =
                ldns_rdf_new_frm_data(bad_rdfs[_i].type, bad_rdfs[_i].size, bad_rdfs[_i].octets);

        ck_assert_int_eq(name_from_rdf(rdf, &result), -EINVAL);
        ck_assert_int_eq(name_from_rdf(NULL, &result), -EINVAL);
        ck_assert_uint_eq(result.length, 77);
        ldns_rdf_deep_free(rdf);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, text_round_trip, 0, ELEMENTSOF(forms));
        tcase_add_test(tcase, text_is_read_as_ldns_reads_it);
        tcase_add_loop_test(tcase, text_of_each_octet_is_safe, 0, 256);
        tcase_add_test(tcase, no_name_is_harmless);
        tcase_add_loop_test(tcase, compare_folds_ascii_only, 0, ELEMENTSOF(pairs));
        tcase_add_loop_test(tcase, within_apex_c03, 0, ELEMENTSOF(places));
        tcase_add_test(tcase, parent_drops_leftmost_label);
        tcase_add_test(tcase, rdf_is_read_with_its_case);
        tcase_add_loop_test(tcase, rdf_that_is_no_name, 0, ELEMENTSOF(bad_rdfs));
}

UNIT_MAIN("name", add_tests)
