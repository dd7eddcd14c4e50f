/*
 * Observations from whole messages, as a server sends them and as none should: the SRVs of the
 * record name and of no other (E5, C13), AA (E4), NODATA and NXDOMAIN, an RRset that fills a
 * message, and RDATA that does not fit its RDLENGTH. The answer to the TXT query has a suite of its
 * own.
 */
#include "lib/observation.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_packet.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(Observation, observation_free)

#define RECORD "_vlmcs._tcp.contoso.com"

static Name name(const char *text) {
        Name result;

        ck_assert_msg(name_from_text(text, &result) == 0, "cannot read %s", text);
        return result;
}

static Observation *observe(const ldns_pkt *packet) {
        Observation *observation;
        Name record = name(RECORD);

        ck_assert_int_eq(observation_new(packet, NULL, &record, &observation), 0);
        ck_assert_uint_eq(observation->n_txt, 0);
        return observation;
}

static void assert_srv(const Srv *srv, uint32_t ttl, const char *expected) {
        char text[SRV_TEXT_MAX];

        ck_assert_str_eq(srv_to_text(srv, text), expected);
        ck_assert_uint_eq(srv->ttl, ttl);
}

/* clang-format off */
#define HEADER(flags1, flags2, n_answer) 0x12, 0x34, flags1, flags2, 0, 1, 0, n_answer, 0, 0, 0, 0
/* ;_vlmcs._tcp.contoso.com. IN SRV */
#define QUESTION                                                                                   \
        6, '_', 'v', 'l', 'm', 'c', 's', 4, '_', 't', 'c', 'p',                                    \
        7, 'c', 'o', 'n', 't', 'o', 's', 'o', 3, 'c', 'o', 'm', 0, 0, 33, 0, 1

static const uint8_t two_srvs[] = {
        /* ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4660; flags: qr aa; ANSWER: 2 */
        HEADER(0x84, 0x00, 2), QUESTION,
        /* _VLMCS._Tcp.contoso.com. 3600 IN SRV 0 0 1688 KMS1.contoso.com. (contoso.com: pointer) */
        6, '_', 'V', 'L', 'M', 'C', 'S', 4, '_', 'T', 'c', 'p', 0xc0, 24,
        0, 33, 0, 1, 0, 0, 0x0e, 0x10, 0, 24,
        0, 0, 0, 0, 0x06, 0x98,
        4, 'K', 'M', 'S', '1', 7, 'c', 'o', 'n', 't', 'o', 's', 'o', 3, 'c', 'o', 'm', 0,
        /* _vlmcs._tcp.contoso.com. 60 IN SRV 10 20 1689 kms2.contoso.com. (both names: pointers) */
        0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 13,
        0, 10, 0, 20, 0x06, 0x99,
        4, 'k', 'm', 's', '2', 0xc0, 24,
};
/* clang-format on */

START_TEST(srvs_in_wire_order_exact_case) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = packet_from_wire(two_srvs, sizeof(two_srvs));
        _cleanup_(observation_freep) Observation *observation = observe(packet);

        ck_assert(observation->authoritative);
        ck_assert(!observation->has_cname);
        ck_assert_uint_eq(observation->n_srv, 2);
        assert_srv(&observation->srv[0], 3600, "0 0 1688 KMS1.contoso.com.");
        assert_srv(&observation->srv[1], 60, "10 20 1689 kms2.contoso.com.");
}
END_TEST

START_TEST(not_authoritative_e4) {
        uint8_t wire[sizeof(two_srvs)];

        memcpy(wire, two_srvs, sizeof(wire));
        wire[2] &= ~0x04;
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = packet_from_wire(wire, sizeof(wire));
        _cleanup_(observation_freep) Observation *observation = observe(packet);
        ck_assert(!observation->authoritative);
        ck_assert_uint_eq(observation->n_srv, 2);
}
END_TEST

/* NODATA, NXDOMAIN: the SOA in authority is no observation. */
static const ldns_pkt_rcode nothing[] = {LDNS_RCODE_NOERROR, LDNS_RCODE_NXDOMAIN};

START_TEST(nothing_there) {
        static const char *const soa[] = {"contoso.com. 60 IN SOA dc1.contoso.com. a. 1 2 3 4 5"};
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_text(nothing[_i], LDNS_SECTION_AUTHORITY, 1, soa);
        _cleanup_(observation_freep) Observation *observation = observe(packet);

        ck_assert(observation->authoritative);
        ck_assert(!observation->has_cname);
        ck_assert_uint_eq(observation->n_srv, 0);
}
END_TEST

START_TEST(srv_outside_the_answer_section) {
        static const char *const srv[] = {RECORD ". 60 IN SRV 0 0 1688 kms1.contoso.com."};
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ADDITIONAL, 1, srv);
        _cleanup_(observation_freep) Observation *observation = observe(packet);

        ck_assert_uint_eq(observation->n_srv, 0);
}
END_TEST

START_TEST(cname_hides_other_owners_e5) {
        static const char *const rrs[] = {
                "_VLMCS._tcp.contoso.com. 60 IN CNAME _vlmcs._tcp.fabrikam.com.",
                "_vlmcs._tcp.fabrikam.com. 60 IN SRV 0 0 1688 kms1.fabrikam.com.",
                "_vlmcs._tcp.fabrikam.com. 60 IN SRV 0 0 1688 kms2.fabrikam.com.",
        };
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ANSWER, ELEMENTSOF(rrs), rrs);
        _cleanup_(observation_freep) Observation *observation = observe(packet);

        ck_assert(observation->has_cname);
        ck_assert_uint_eq(observation->n_srv, 0);
}
END_TEST

/* RRs that are not of the RRset, one before and one behind an SRV that is. */
static const char *const strangers[] = {
        "contoso.com. 60 IN SRV 0 0 1688 other.contoso.com.",
        "x._vlmcs._tcp.contoso.com. 60 IN SRV 0 0 1688 other.contoso.com.",
        "_vlmcs._tcp.contoso.org. 60 IN SRV 0 0 1688 other.contoso.com.",
        "_vlmcs\\._tcp.contoso.com. 60 IN SRV 0 0 1688 other.contoso.com.",
        "other.contoso.com. 60 IN CNAME kms1.contoso.com.",
        RECORD ". 60 CH SRV 0 0 1688 other.contoso.com.",
        RECORD ". 60 CH CNAME other.contoso.com.",
        RECORD ". 60 IN TXT \"srvpub=1\"",
        RECORD ". 60 IN A 192.0.2.1",
        RECORD ". 60 IN RRSIG SRV 8 4 60 20300101000000 20200101000000 1 contoso.com. AAAA",
};

START_TEST(strangers_are_left_out) {
        const char *const rrs[] = {
                strangers[_i],
                RECORD ". 60 IN SRV 0 0 1688 kms1.contoso.com.",
                strangers[_i],
        };
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ANSWER, ELEMENTSOF(rrs), rrs);
        _cleanup_(observation_freep) Observation *observation = observe(packet);

        ck_assert(!observation->has_cname);
        ck_assert_uint_eq(observation->n_srv, 1);
        assert_srv(&observation->srv[0], 60, "0 0 1688 kms1.contoso.com.");
}
END_TEST

enum {
        MANY = 2000,
};

START_TEST(two_thousand_srvs) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = NULL;
        _cleanup_(freep) const char **rrs = calloc(MANY, sizeof(*rrs));
        char text[MANY][80];

        for (unsigned i = 0; i < MANY; i++) {
                snprintf(text[i], sizeof(text[i]), RECORD ". %u IN SRV 0 0 %u k.test.", i, i);
                rrs[i] = text[i];
        }
        packet = packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ANSWER, MANY, rrs);
        _cleanup_(observation_freep) Observation *observation = observe(packet);

        ck_assert_uint_eq(observation->n_srv, MANY);
        for (unsigned i = 0; i < MANY; i++) {
                ck_assert_uint_eq(observation->srv[i].port, i);
                ck_assert_uint_eq(observation->srv[i].ttl, i);
        }
}
END_TEST

/* One SRV with RDLENGTH octets of RDATA, where 13 hold an SRV. ldns refuses most of what does not
   fit with the whole message, lets RDATA pass that ends between two fields, and drops octets behind
   the target. */
/* clang-format off */
static const uint8_t head[] = {
        HEADER(0x84, 0x00, 1), QUESTION,
        /* _vlmcs._tcp.contoso.com. 60 IN SRV, RDLENGTH without its low octet */
        0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0,
};
/* clang-format on */

static const struct {
        uint8_t rdlength;
        bool ldns_refuses;
        int result;
} lengths[] = {
        {0, false, -EBADMSG}, {1, true, 0},  {2, false, -EBADMSG}, {3, true, 0},
        {4, false, -EBADMSG}, {5, true, 0},  {6, false, -EBADMSG}, {7, true, 0},
        {10, true, 0},        {12, true, 0}, {13, false, 0},       {14, false, 0},
};

START_TEST(rdata_of_each_length) {
        static const uint8_t rdata[14] = {0, 0, 0, 0, 0x06, 0x98, 3, 'k', 'm', 's', 1, 'x', 0};
        uint8_t wire[sizeof(head) + 1 + sizeof(rdata)];
        size_t rdlength = lengths[_i].rdlength;
        _cleanup_(observation_freep) Observation *observation = NULL;
        Name record = name(RECORD);
        ldns_pkt *packet;

        memcpy(wire, head, sizeof(head));
        wire[sizeof(head)] = rdlength;
        memcpy(wire + sizeof(head) + 1, rdata, rdlength);
        ldns_status status = ldns_wire2pkt(&packet, wire, sizeof(head) + 1 + rdlength);
        ck_assert_int_eq(status != LDNS_STATUS_OK, lengths[_i].ldns_refuses);
        if (status != LDNS_STATUS_OK)
                return;

        ck_assert_int_eq(observation_new(packet, NULL, &record, &observation), lengths[_i].result);
        ldns_pkt_free(packet);
        ck_assert_int_eq(observation != NULL, lengths[_i].result == 0);
        if (observation)
                assert_srv(&observation->srv[0], 60, "0 0 1688 kms.x.");
}
END_TEST

/* clang-format off */
static const uint8_t malformed_above[] = {
        HEADER(0x84, 0x00, 1), QUESTION,
        /* contoso.com. 60 IN SRV, RDLENGTH 0 */
        0xc0, 24, 0, 33, 0, 1, 0, 0, 0, 60, 0, 0,
};
/* clang-format on */

/* The same fault at a name that is not asked for is nobody's business. */
START_TEST(malformed_srv_of_another_owner) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_wire(malformed_above, sizeof(malformed_above));
        _cleanup_(observation_freep) Observation *observation = observe(packet);

        ck_assert_uint_eq(observation->n_srv, 0);
}
END_TEST

/* Every octet of a good answer changed in turn: an observation of two SRVs at most, or EBADMSG. */
START_TEST(damaged_answers) {
        static const uint8_t patterns[] = {0x01, 0x80, 0xc0, 0xff};
        Name record = name(RECORD);
        uint8_t wire[sizeof(two_srvs)];
        size_t n_whole = 0;

        for (size_t at = 0; at < sizeof(wire); at++) {
                _cleanup_(observation_freep) Observation *observation = NULL;
                ldns_pkt *packet;

                memcpy(wire, two_srvs, sizeof(wire));
                wire[at] ^= patterns[_i % 4];
                if (ldns_wire2pkt(&packet, wire, _i < 4 ? sizeof(wire) : at) != LDNS_STATUS_OK)
                        continue;
                int r = observation_new(packet, NULL, &record, &observation);
                ldns_pkt_free(packet);
                ck_assert(r == 0 || r == -EBADMSG);
                if (r == 0) {
                        ck_assert_uint_le(observation->n_srv, 2);
                        n_whole += observation->n_srv == 2;
                }
        }
        ck_assert_int_eq(n_whole > 0, _i < 4);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, srvs_in_wire_order_exact_case);
        tcase_add_test(tcase, not_authoritative_e4);
        tcase_add_loop_test(tcase, nothing_there, 0, ELEMENTSOF(nothing));
        tcase_add_test(tcase, srv_outside_the_answer_section);
        tcase_add_test(tcase, cname_hides_other_owners_e5);
        tcase_add_loop_test(tcase, strangers_are_left_out, 0, ELEMENTSOF(strangers));
        tcase_add_test(tcase, two_thousand_srvs);
        tcase_add_loop_test(tcase, rdata_of_each_length, 0, ELEMENTSOF(lengths));
        tcase_add_test(tcase, malformed_srv_of_another_owner);
        tcase_add_loop_test(tcase, damaged_answers, 0, 5);
}

UNIT_MAIN("observation", add_tests)
