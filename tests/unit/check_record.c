/*
 * SRV values: comparison (O1, C13), dig's text form, RRs with exact case (O2) and fields in network
 * order (C12) read from the wire, and RRs that are no SRV.
 */
#include "lib/record.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(ldns_rr, ldns_rr_free)

static Name name(const char *text) {
        Name result;

        ck_assert_msg(name_from_text(text, &result) == 0, "cannot read %s", text);
        return result;
}

static Srv srv(uint16_t priority, uint16_t weight, uint16_t port, const char *target) {
        return (Srv){priority, weight, port, 3600, name(target)};
}

static ldns_rr *rr_from_text(const char *text) {
        ldns_rr *rr;

        ck_assert_int_eq(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
        return rr;
}

START_TEST(compare_o1) {
        Srv ours = srv(0, 0, 1688, "kms1.contoso.com");
        Srv other_case = srv(0, 0, 1688, "KMS1.contoso.COM");
        Srv other_ttl = ours;
        other_ttl.ttl = 60;
        const Srv other_numbers[] = {srv(1, 0, 1688, "kms1.contoso.com"),
                                     srv(0, 1, 1688, "kms1.contoso.com")};
        const Srv other_offers[] = {srv(0, 0, 1689, "kms1.contoso.com"),
                                    srv(0, 0, 1688, "kms2.contoso.com")};

        ck_assert(srv_same_offer(&ours, &other_case) && srv_equal(&ours, &other_case));
        ck_assert(srv_same_offer(&ours, &other_ttl) && srv_equal(&ours, &other_ttl));
        for (size_t i = 0; i < 2; i++) {
                ck_assert(srv_same_offer(&ours, &other_numbers[i]));
                ck_assert(!srv_equal(&ours, &other_numbers[i]));
                ck_assert(!srv_same_offer(&ours, &other_offers[i]));
                ck_assert(!srv_equal(&ours, &other_offers[i]));
        }
}
END_TEST

START_TEST(text_as_dig_prints_it) {
        Srv usual = srv(10, 20, 1688, "KMS1.contoso.com"), none = srv(0, 0, 0, ".");
        Srv highest = srv(65535, 65535, 65535, "a\\;b");
        char text[SRV_TEXT_MAX];

        ck_assert_str_eq(srv_to_text(&usual, text), "10 20 1688 KMS1.contoso.com.");
        ck_assert_str_eq(srv_to_text(&none, text), "0 0 0 .");
        ck_assert_str_eq(srv_to_text(&highest, text), "65535 65535 65535 a\\;b.");
}
END_TEST

START_TEST(text_of_longest_target_fits) {
        Srv longest = {65535, 65535, 65535, 0, {.length = 4 * 62 + 1}};
        char text[SRV_TEXT_MAX];

        for (size_t label = 0; label < 4; label++) {
                longest.target.wire[62 * label] = 61;
                memset(longest.target.wire + 62 * label + 1, 0xff, 61);
        }
        srv_to_text(&longest, text);
        ck_assert_uint_eq(strlen(text), strlen("65535 65535 65535 ") + 4 * (61 * 4 + 1));
}
END_TEST

/* _Vlmcs._tcp.b. 3600 IN SRV 1 2 1688 Kms.b. */
/* clang-format off */
static const uint8_t srv_wire[] = {
        6, '_', 'V', 'l', 'm', 'c', 's', 4, '_', 't', 'c', 'p', 1, 'b', 0, /* owner */
        0, 33, 0, 1, 0x00, 0x00, 0x0e, 0x10, /* SRV IN, TTL 3600 */
        0, 13, 0, 1, 0, 2, 0x06, 0x98, 3, 'K', 'm', 's', 1, 'b', 0, /* RDATA: 1 2 1688 Kms.b. */
};
/* clang-format on */

START_TEST(rr_from_wire) {
        _cleanup_(ldns_rr_freep) ldns_rr *rr = NULL;
        size_t at = 0;
        Srv value;

        ck_assert_int_eq(ldns_wire2rr(&rr, srv_wire, sizeof(srv_wire), &at, LDNS_SECTION_ANSWER),
                         LDNS_STATUS_OK);
        ck_assert_int_eq(srv_from_rr(rr, &value), 0);
        ck_assert_uint_eq(value.priority, 1);
        ck_assert_uint_eq(value.weight, 2);
        ck_assert_uint_eq(value.port, 1688);
        ck_assert_uint_eq(value.ttl, 3600);
        ck_assert_mem_eq(value.target.wire, "\3Kms\1b", 7);
}
END_TEST

static const struct {
        uint32_t ttl, expected;
} ttls[] = {{0, 0}, {INT32_MAX, INT32_MAX}, {UINT32_C(1) << 31, 0}, {UINT32_MAX, 0}};

START_TEST(ttl_with_top_bit_is_zero) {
        _cleanup_(ldns_rr_freep) ldns_rr *rr = rr_from_text("a. 60 IN SRV 0 0 1688 kms.a.");
        Srv value;

        ldns_rr_set_ttl(rr, ttls[_i].ttl);
        ck_assert_int_eq(srv_from_rr(rr, &value), 0);
        ck_assert_uint_eq(value.ttl, ttls[_i].expected);
}
END_TEST

START_TEST(rr_of_another_type) {
        _cleanup_(ldns_rr_freep) ldns_rr *txt =
                rr_from_text("a. 60 IN TXT \"x\" \"y\" \"z\" \"a\"");
        _cleanup_(ldns_rr_freep) ldns_rr *mx = rr_from_text("a. 60 IN MX 10 kms.a.");
        Srv value = {.port = 77};

        ck_assert_int_eq(srv_from_rr(txt, &value), -EINVAL);
        ck_assert_int_eq(srv_from_rr(mx, &value), -EINVAL);

        _cleanup_(ldns_rr_freep) ldns_rr *alike = rr_from_text("a. 60 IN SRV 0 0 1688 kms.a.");
        ldns_rr_set_type(alike, LDNS_RR_TYPE_NAPTR);
        ck_assert_int_eq(srv_from_rr(alike, &value), -EINVAL);
        ck_assert_uint_eq(value.port, 77);
}
END_TEST

/* An SRV whose field _i is missing together with all behind it, or is of a wrong kind. */
START_TEST(rr_with_bad_fields) {
        Srv value = {.port = 77};

        _cleanup_(ldns_rr_freep) ldns_rr *cut = rr_from_text("a. 60 IN SRV 0 0 1688 kms.a.");
        while (ldns_rr_rd_count(cut) > (size_t)_i)
                ldns_rdf_deep_free(ldns_rr_pop_rdf(cut));
        ck_assert_int_eq(srv_from_rr(cut, &value), -EINVAL);

        _cleanup_(ldns_rr_freep) ldns_rr *odd = rr_from_text("a. 60 IN SRV 0 0 1688 kms.a.");
        ldns_rdf_deep_free(ldns_rr_set_rdf(odd, ldns_native2rdf_int8(LDNS_RDF_TYPE_INT8, 1), _i));
        ck_assert_int_eq(srv_from_rr(odd, &value), -EINVAL);

        _cleanup_(ldns_rr_freep) ldns_rr *null = rr_from_text("a. 60 IN SRV 0 0 1688 kms.a.");
        ldns_rdf_deep_free(ldns_rr_set_rdf(null, NULL, _i));
        ck_assert_int_eq(srv_from_rr(null, &value), -EINVAL);
        ck_assert_uint_eq(value.port, 77);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, compare_o1);
        tcase_add_test(tcase, text_as_dig_prints_it);
        tcase_add_test(tcase, text_of_longest_target_fits);
        tcase_add_test(tcase, rr_from_wire);
        tcase_add_loop_test(tcase, ttl_with_top_bit_is_zero, 0, ELEMENTSOF(ttls));
        tcase_add_test(tcase, rr_of_another_type);
        tcase_add_loop_test(tcase, rr_with_bad_fields, 0, 4);
}

UNIT_MAIN("record", add_tests)
