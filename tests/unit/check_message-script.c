/*
 * Updates as nsupdate scripts: each command, and names and TXT RDATA of any octets, which reach
 * nsupdate as they are and a terminal as nothing but printable lines (O2).
 */
#include <errno.h>
#include <string.h>

#include "lib/message.h"
#include "lib/util.h"
#include "tests/unit/support_message.h"
#include "tests/unit/unit.h"

/* Octets that mean something to nsupdate, or nothing printable, reach it escaped. */
START_TEST(script_escapes) {
        const PlanOp ops[] = {srv_op(PLAN_ADD_SRV, 0, 0, 600, "a\\;b\\\"c\\040d\\.e.contoso.com")};
        _cleanup_(freep) Plan *p = plan_with(ops, 1);
        Name zone = name_of("contoso.com"),
             record = name_of("x\\010send\\009\\@\\$\\255.contoso.com");
        _cleanup_(freep) char *script = NULL;

        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&record, p}, 1, &script),
                         0);
        ck_assert_str_eq(script, "zone contoso.com.\n"
                                 "update add x\\010send\\009\\@\\$\\255.contoso.com. 600 SRV "
                                 "0 0 1688 a\\;b\\\"c\\(d\\.e.contoso.com.\n"
                                 "send\n");
}
END_TEST

/* Reads an RR line of a script as a zone file would, and compares its RDATA. */
static void assert_reads_back(const char *line, const uint8_t *rdata, size_t size) {
        ldns_rr *rr;
        size_t at = 0;

        ck_assert_int_eq(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL), LDNS_STATUS_OK);
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
                const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

                ck_assert_uint_le(ldns_rdf_size(rdf), size - at);
                ck_assert_mem_eq(ldns_rdf_data(rdf), rdata + at, ldns_rdf_size(rdf));
                at += ldns_rdf_size(rdf);
        }
        ck_assert_uint_eq(at, size);
        ldns_rr_free(rr);
}

/* All octets there are, one string each, then all in two strings, then an empty one. */
START_TEST(script_escapes_txt_o2) {
        uint8_t rdata[256 * 2 + 1 + 255 + 1 + 1 + 1];
        const Txt txt = {.size = sizeof(rdata), .rdata = rdata};
        const PlanOp ops[] = {txt_op(PLAN_REQUIRE_TXT_RR, &txt), txt_op(PLAN_DELETE_TXT, &txt)};
        _cleanup_(freep) Plan *p = plan_with(ops, 2);
        Name zone = name_of("contoso.com"), record = name_of("a.contoso.com");
        _cleanup_(freep) char *script = NULL;
        size_t at = 0;

        for (unsigned octet = 0; octet < 256; octet++) {
                rdata[at++] = 1;
                rdata[at++] = octet;
        }
        rdata[at++] = 255;
        for (unsigned octet = 0; octet < 255; octet++)
                rdata[at++] = octet;
        rdata[at++] = 1;
        rdata[at++] = 255;
        rdata[at++] = 0;
        ck_assert_uint_eq(at, sizeof(rdata));

        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&record, p}, 1, &script),
                         0);
        for (const char *c = script; *c; c++)
                ck_assert(*c == '\n' || (*c >= ' ' && *c < 0x7f));

        static const char *const starts[] = {"prereq yxrrset ", "update delete "};
        strtok(script, "\n");
        for (unsigned i = 0; i < 2; i++) {
                const char *line = strtok(NULL, "\n");

                ck_assert_mem_eq(line, starts[i], strlen(starts[i]));
                assert_reads_back(line + strlen(starts[i]), rdata, sizeof(rdata));
        }
        ck_assert_str_eq(strtok(NULL, "\n"), "send");
        ck_assert_ptr_null(strtok(NULL, "\n"));
}
END_TEST

static const struct {
        Txt txt;
        const char *text;
} txt_cases[] = {
        {TXT("\0"), "\"\""},
        {TXT("\1a\0\2bc"), "\"a\" \"\" \"bc\""},
        {TXT("\6a\nsend"), "\"a\\010send\""},
        {TXT("\4\"\\;$"), "\"\\\"\\\\;$\""},
        {TXT("\6 ()@.~"), "\" ()@.~\""},
        {TXT("\4\0\x1b\x7f\xff"), "\"\\000\\027\\127\\255\""},
        /* no RDATA that was ever observed: the last string says it is longer */
        {TXT("\1a\5bc"), "\"a\" \"bc\""},
};

START_TEST(script_quotes_txt) {
        const PlanOp o = txt_op(PLAN_DELETE_TXT, &txt_cases[_i].txt);
        _cleanup_(freep) Plan *p = plan_with(&o, 1);
        Name zone = name_of("contoso.com"), record = name_of("a.contoso.com");
        _cleanup_(freep) char *script = NULL;
        char expected[256];

        snprintf(expected, sizeof(expected),
                 "zone contoso.com.\nupdate delete a.contoso.com. TXT %s\nsend\n",
                 txt_cases[_i].text);
        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&record, p}, 1, &script),
                         0);
        ck_assert_str_eq(script, expected);
}
END_TEST

static const struct {
        PlanOpKind kind;
        const char *text;
} prereq_cases[] = {
        {PLAN_REQUIRE_NO_CNAME, "prereq nxrrset a.contoso.com. CNAME\n"},
        {PLAN_REQUIRE_SRV, "prereq yxrrset a.contoso.com. SRV\n"},
        {PLAN_REQUIRE_NO_SRV, "prereq nxrrset a.contoso.com. SRV\n"},
        {PLAN_REQUIRE_NO_TXT, "prereq nxrrset a.contoso.com. TXT\n"},
        {PLAN_REQUIRE_SRV_RR, "prereq yxrrset a.contoso.com. SRV 1 2 1688 b.\n"},
};

START_TEST(script_prerequisites) {
        const PlanOp o = srv_op(prereq_cases[_i].kind, 1, 2, 0, "b");
        _cleanup_(freep) Plan *p = plan_with(&o, 1);
        Name zone = name_of("contoso.com"), record = name_of("a.contoso.com");
        _cleanup_(freep) char *script = NULL;
        char expected[256];

        snprintf(expected, sizeof(expected), "zone contoso.com.\n%ssend\n", prereq_cases[_i].text);
        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&record, p}, 1, &script),
                         0);
        ck_assert_str_eq(script, expected);
}
END_TEST

START_TEST(script_in_the_root_zone) {
        const PlanOp ops[] = {srv_op(PLAN_ADD_SRV, 0, 0, 0, ".")};
        _cleanup_(freep) Plan *p = plan_with(ops, 1);
        Name root = name_of(".");
        _cleanup_(freep) char *script = NULL;

        ck_assert_int_eq(
                message_update_script("ns.example", &root, &(UpdatePart){&root, p}, 1, &script), 0);
        ck_assert_str_eq(script,
                         "server ns.example\nzone .\nupdate add . 0 SRV 0 0 1688 .\nsend\n");
}
END_TEST

/* Every octet in the longest name there is, four characters each. */
START_TEST(script_of_the_longest_name) {
        Name longest = {.length = NAME_WIRE_MAX}, zone = name_of(".");
        const uint8_t labels[] = {63, 63, 63, 61};

        for (size_t i = 0, at = 0; i < ELEMENTSOF(labels); i++) {
                memset(longest.wire + at + 1, 0xff, labels[i]);
                longest.wire[at] = labels[i];
                at += 1 + labels[i];
        }
        const PlanOp ops[] = {{.kind = PLAN_ADD_SRV, .ttl = 4, .srv = {1, 2, 3, 0, longest}}};
        _cleanup_(freep) Plan *p = plan_with(ops, 1);
        _cleanup_(freep) char *script = NULL;

        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&longest, p}, 1, &script),
                         0);
        ck_assert_uint_eq(strlen(script),
                          strlen("zone .\nupdate add  4 SRV 1 2 3 \nsend\n") + 2 * (4 * 250 + 4));
}
END_TEST

/* A line of 128 KiB with its end is the longest that nsupdate reads as one. What is behind that it
   would take for a command, and a TXT may say "update delete" there. */
START_TEST(line_longer_than_nsupdate_reads) {
        enum { START = sizeof("update delete a.example. TXT") - 1, MOST = 128 * 1024 - 2 };
        /* strings of 255 octets that take four characters each, and a last one for the rest */
        enum {
                STRING = 3 + 4 * 255,
                N = (MOST - START) / STRING,
                REST = MOST - START - N * STRING
        };
        const size_t size = N * 256 + 1 + REST - 3;
        Name zone = name_of("example"), record = name_of("a.example");
        _cleanup_(freep) uint8_t *rdata = malloc(size + 1);
        _cleanup_(freep) char *script = NULL, *longer = NULL;
        Txt txt = {.size = size, .rdata = rdata};
        const PlanOp o = txt_op(PLAN_DELETE_TXT, &txt);
        _cleanup_(freep) Plan *p = plan_with(&o, 1);

        memset(rdata, 1, size);
        for (size_t i = 0; i < N; i++)
                rdata[i * 256] = 255;
        rdata[N * 256] = REST - 3;
        memset(rdata + N * 256 + 1, 'x', REST - 3 + 1);
        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&record, p}, 1, &script),
                         0);
        ck_assert_uint_eq(strlen(script), strlen("zone example.\n") + MOST + strlen("\nsend\n"));

        rdata[N * 256]++;
        txt.size++;
        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&record, p}, 1, &longer),
                         -EMSGSIZE);
        ck_assert_ptr_null(longer);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, script_escapes);
        tcase_add_test(tcase, script_escapes_txt_o2);
        tcase_add_loop_test(tcase, script_quotes_txt, 0, ELEMENTSOF(txt_cases));
        tcase_add_loop_test(tcase, script_prerequisites, 0, ELEMENTSOF(prereq_cases));
        tcase_add_test(tcase, script_in_the_root_zone);
        tcase_add_test(tcase, script_of_the_longest_name);
        tcase_add_test(tcase, line_longer_than_nsupdate_reads);
}

UNIT_MAIN("message-script", add_tests)
