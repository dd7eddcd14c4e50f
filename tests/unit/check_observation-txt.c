/*
 * The answer to the TXT query in an observation: RDATA to the octet, whatever it is (O2), claims
 * among it (O4), the record name's alone (E5), AA of both answers (E4), and RDATA as none should
 * send it.
 */
#include <errno.h>
#include <string.h>

#include "lib/observation.h"
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

static ldns_pkt *one_srv(void) {
        static const char *const rrs[] = {RECORD ". 600 IN SRV 10 20 1689 kms2.contoso.com."};

        return packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ANSWER, 1, rrs);
}

static Observation *observe_both(const ldns_pkt *srv, const ldns_pkt *txt) {
        Observation *observation;
        Name record = name(RECORD);

        ck_assert_int_eq(observation_new(srv, txt, &record, &observation), 0);
        return observation;
}

static Observation *observe_txt(const ldns_pkt *txt) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *srv = one_srv();

        return observe_both(srv, txt);
}

/* clang-format off */
static const uint8_t two_txts[] = {
        /* ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4660; flags: qr aa; ANSWER: 2 */
        0x12, 0x34, 0x84, 0x00, 0, 1, 0, 2, 0, 0, 0, 0,
        /* ;_vlmcs._tcp.contoso.com. IN TXT */
        6, '_', 'v', 'l', 'm', 'c', 's', 4, '_', 't', 'c', 'p',
        7, 'c', 'o', 'n', 't', 'o', 's', 'o', 3, 'c', 'o', 'm', 0, 0, 16, 0, 1,
        /* _VLMCS._tcp.contoso.com. 60 IN TXT "" "a\000\255\"" */
        6, '_', 'V', 'L', 'M', 'C', 'S', 0xc0, 19, 0, 16, 0, 1, 0, 0, 0, 60, 0, 6,
        0, 4, 'a', 0, 0xff, '"',
        /* _vlmcs._tcp.contoso.com. 3600 IN TXT "srvpub=1" "id=000102030405060708090a0b0c0d0e0F"
           "host=Kms1.x" "port=1688" "ttl=60" "since=7" "until=9" */
        0xc0, 12, 0, 16, 0, 1, 0, 0, 0x0e, 0x10, 0, 90,
        8, 's', 'r', 'v', 'p', 'u', 'b', '=', '1',
        35, 'i', 'd', '=', '0', '0', '0', '1', '0', '2', '0', '3', '0', '4', '0', '5', '0', '6',
        '0', '7', '0', '8', '0', '9', '0', 'a', '0', 'b', '0', 'c', '0', 'd', '0', 'e', '0', 'F',
        11, 'h', 'o', 's', 't', '=', 'K', 'm', 's', '1', '.', 'x',
        9, 'p', 'o', 'r', 't', '=', '1', '6', '8', '8',
        6, 't', 't', 'l', '=', '6', '0',
        7, 's', 'i', 'n', 'c', 'e', '=', '7',
        7, 'u', 'n', 't', 'i', 'l', '=', '9',
};
/* clang-format on */

enum {
        HEAD = 41, /* octets before the first RR */
        FIRST_TXT = HEAD + 19,
        SECOND_TXT = FIRST_TXT + 6 + 12,
        MANY = 2000,
};

static void assert_rdata(const Txt *txt, const void *rdata, size_t size) {
        ck_assert_uint_eq(txt->size, size);
        ck_assert_mem_eq(txt->rdata, rdata, size);
}

START_TEST(txts_in_wire_order_to_the_octet_o2_o4) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *srv = one_srv();
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = packet_from_wire(two_txts, sizeof(two_txts));
        _cleanup_(observation_freep) Observation *observation = observe_both(srv, packet);
        const Txt *foreign = &observation->txt[0], *claim = &observation->txt[1];
        const Name host = name("Kms1.x");
        char text[SRV_TEXT_MAX];

        ck_assert(observation->authoritative);
        ck_assert_uint_eq(observation->n_srv, 1);
        ck_assert_uint_eq(observation->srv[0].ttl, 600);
        ck_assert_str_eq(srv_to_text(&observation->srv[0], text), "10 20 1689 kms2.contoso.com.");
        ck_assert_uint_eq(observation->n_txt, 2);
        assert_rdata(foreign, two_txts + FIRST_TXT, 6);
        ck_assert_uint_eq(foreign->ttl, 60);
        ck_assert(!foreign->is_claim && !foreign->dead);
        assert_rdata(claim, two_txts + SECOND_TXT, 90);
        ck_assert_uint_eq(claim->ttl, 3600);
        ck_assert(claim->is_claim && !claim->dead);
        for (unsigned i = 0; i < 16; i++)
                ck_assert_uint_eq(claim->claim.id.bytes[i], i);
        ck_assert_mem_eq(claim->claim.host.wire, host.wire, host.length);
        ck_assert_uint_eq(claim->claim.port, 1688);
        ck_assert_uint_eq(claim->claim.ttl, 60);
        ck_assert_uint_eq(claim->claim.since_sec, 7);
        ck_assert_uint_eq(claim->claim.until_sec, 9);
        ck_assert_uint_eq(claim->claim.lease_sec, 0);
}
END_TEST

/* The rdata lives with the observation, not with the packet: the sanitizers would tell. */
START_TEST(outlives_its_packets) {
        ldns_pkt *packet = packet_from_wire(two_txts, sizeof(two_txts));
        _cleanup_(observation_freep) Observation *observation = observe_txt(packet);

        ldns_pkt_free(packet);
        assert_rdata(&observation->txt[0], two_txts + FIRST_TXT, 6);
        assert_rdata(&observation->txt[1], two_txts + SECOND_TXT, 90);
}
END_TEST

/* AA in the answers to SRV and TXT; the latter may not have been asked for. */
static const struct {
        bool srv, asked, txt, both;
} authorities[] = {
        {true, true, true, true},   {false, true, true, false},  {true, true, false, false},
        {true, false, false, true}, {false, true, false, false}, {false, false, false, false},
};

START_TEST(authoritative_if_both_are_e4) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *srv = one_srv();
        _cleanup_(ldns_pkt_freep) ldns_pkt *txt = packet_from_wire(two_txts, sizeof(two_txts));

        ldns_pkt_set_aa(srv, authorities[_i].srv);
        ldns_pkt_set_aa(txt, authorities[_i].txt);
        _cleanup_(observation_freep) Observation *observation =
                observe_both(srv, authorities[_i].asked ? txt : NULL);
        ck_assert_int_eq(observation->authoritative, authorities[_i].both);
        ck_assert_uint_eq(observation->n_txt, authorities[_i].asked ? 2 : 0);
}
END_TEST

/* Each answer speaks for the type it was asked for. */
START_TEST(rrs_in_the_wrong_answer) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *srv = one_srv();
        _cleanup_(ldns_pkt_freep) ldns_pkt *txt = packet_from_wire(two_txts, sizeof(two_txts));
        _cleanup_(observation_freep) Observation *observation = observe_both(txt, srv);

        ck_assert_uint_eq(observation->n_srv, 0);
        ck_assert_uint_eq(observation->n_txt, 0);
}
END_TEST

/* A CNAME that only the later answer shows is a suspicion too. */
START_TEST(cname_in_the_txt_answer_e5) {
        static const char *const rrs[] = {
                RECORD ". 60 IN CNAME _vlmcs._tcp.fabrikam.com.",
                "_vlmcs._tcp.fabrikam.com. 60 IN TXT \"x\"",
        };
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ANSWER, ELEMENTSOF(rrs), rrs);
        _cleanup_(observation_freep) Observation *observation = observe_txt(packet);

        ck_assert(observation->has_cname);
        ck_assert_uint_eq(observation->n_txt, 0);
}
END_TEST

static const char *const strangers[] = {
        "contoso.com. 60 IN TXT \"other\"",
        "x._vlmcs._tcp.contoso.com. 60 IN TXT \"other\"",
        RECORD ". 60 CH TXT \"other\"",
        RECORD ". 60 IN SPF \"other\"",
        RECORD ". 60 IN SRV 0 0 1688 other.contoso.com.",
};

START_TEST(strangers_are_left_out) {
        const char *const rrs[] = {
                strangers[_i],
                RECORD ". 60 IN TXT \"mine\"",
                strangers[_i],
        };
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ANSWER, ELEMENTSOF(rrs), rrs);
        _cleanup_(observation_freep) Observation *observation = observe_txt(packet);

        ck_assert_uint_eq(observation->n_srv, 1);
        ck_assert_uint_eq(observation->n_txt, 1);
        assert_rdata(&observation->txt[0], "\4mine", 5);
}
END_TEST

/* RFC 2181 8: a TTL with the top bit set is 0. */
START_TEST(txt_ttl_with_the_top_bit) {
        uint8_t wire[sizeof(two_txts)];

        memcpy(wire, two_txts, sizeof(wire));
        wire[FIRST_TXT - 6] = 0x80;
        wire[SECOND_TXT - 6] = 0x7f;
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = packet_from_wire(wire, sizeof(wire));
        _cleanup_(observation_freep) Observation *observation = observe_txt(packet);

        ck_assert_uint_eq(observation->txt[0].ttl, 0);
        ck_assert_uint_eq(observation->txt[1].ttl, 0x7f000e10);
}
END_TEST

/* A TXT answer of one RR with this RDATA. */
static ldns_status packet_with_rdata(const uint8_t *rdata, size_t size, ldns_pkt **ret_packet) {
        enum { FIXED = HEAD + 12 };
        _cleanup_(freep) uint8_t *wire = malloc(FIXED + size);

        memcpy(wire, two_txts, HEAD);
        wire[7] = 1;
        memcpy(wire + HEAD, two_txts + SECOND_TXT - 12, 10);
        wire[FIXED - 2] = size >> 8;
        wire[FIXED - 1] = size;
        memcpy(wire + FIXED, rdata, size);
        return ldns_wire2pkt(ret_packet, wire, FIXED + size);
}

/* "ab" "" "c", cut or drawn out: whole strings pass, and one there must be. */
static const struct {
        uint16_t rdlength;
        bool ldns_refuses;
        int result;
} lengths[] = {
        {0, false, -EBADMSG}, {1, true, 0}, {2, true, 0},  {3, false, 0},
        {4, false, 0},        {5, true, 0}, {6, false, 0}, {7, true, 0},
};

START_TEST(rdata_of_each_length) {
        static const uint8_t rdata[] = {2, 'a', 'b', 0, 1, 'c', 2};
        _cleanup_(ldns_pkt_freep) ldns_pkt *srv = one_srv();
        _cleanup_(observation_freep) Observation *observation = NULL;
        Name record = name(RECORD);
        ldns_pkt *packet;

        ldns_status status = packet_with_rdata(rdata, lengths[_i].rdlength, &packet);
        ck_assert_int_eq(status != LDNS_STATUS_OK, lengths[_i].ldns_refuses);
        if (status != LDNS_STATUS_OK)
                return;

        ck_assert_int_eq(observation_new(srv, packet, &record, &observation), lengths[_i].result);
        ldns_pkt_free(packet);
        ck_assert_int_eq(observation != NULL, lengths[_i].result == 0);
        if (observation)
                assert_rdata(&observation->txt[0], rdata, lengths[_i].rdlength);
}
END_TEST

/* As much RDATA as a message holds: strings of each length, all octets 0xff or all 0. */
static const struct {
        uint8_t length;
        uint8_t octet;
} fills[] = {{255, 0xff}, {255, 0}, {0, 0}, {1, 0}, {1, 1}, {127, 127}};

START_TEST(txt_that_fills_a_message) {
        const size_t n = (UINT16_MAX - HEAD - 12) / (1 + fills[_i].length),
                     size = n * (1 + fills[_i].length);
        _cleanup_(freep) uint8_t *rdata = malloc(size);
        ldns_pkt *packet;

        memset(rdata, fills[_i].octet, size);
        for (size_t i = 0; i < n; i++)
                rdata[i * (1 + fills[_i].length)] = fills[_i].length;
        ck_assert_int_eq(packet_with_rdata(rdata, size, &packet), LDNS_STATUS_OK);
        _cleanup_(observation_freep) Observation *observation = observe_txt(packet);
        ldns_pkt_free(packet);

        ck_assert_uint_eq(observation->n_txt, 1);
        assert_rdata(&observation->txt[0], rdata, size);
        ck_assert(!observation->txt[0].is_claim);
}
END_TEST

START_TEST(two_thousand_txts) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = NULL;
        _cleanup_(freep) const char **rrs = calloc(MANY, sizeof(*rrs));
        char text[MANY][80];

        for (unsigned i = 0; i < MANY; i++) {
                snprintf(text[i], sizeof(text[i]), RECORD ". %u IN TXT \"%0*u\"", i, i % 20, i);
                rrs[i] = text[i];
        }
        packet = packet_from_text(LDNS_RCODE_NOERROR, LDNS_SECTION_ANSWER, MANY, rrs);
        _cleanup_(observation_freep) Observation *observation = observe_txt(packet);

        ck_assert_uint_eq(observation->n_txt, MANY);
        for (unsigned i = 0; i < MANY; i++) {
                char expected[40];

                int length = snprintf(expected, sizeof(expected), " %0*u", i % 20, i);
                expected[0] = length - 1;
                assert_rdata(&observation->txt[i], expected, length);
                ck_assert_uint_eq(observation->txt[i].ttl, i);
        }
}
END_TEST

/* Every octet changed in turn, or all cut off from there: two TXTs at most, of whole strings. */
START_TEST(damaged_answers) {
        static const uint8_t patterns[] = {0x01, 0x80, 0xc0, 0xff};
        size_t n_whole = 0, n_claims = 0;

        for (size_t at = 0; at < sizeof(two_txts); at++) {
                _cleanup_(observation_freep) Observation *observation = NULL;
                uint8_t wire[sizeof(two_txts)];
                ldns_pkt *packet;

                memcpy(wire, two_txts, sizeof(wire));
                wire[at] ^= patterns[_i % 4];
                if (ldns_wire2pkt(&packet, wire, _i < 4 ? sizeof(wire) : at) != LDNS_STATUS_OK)
                        continue;
                observation = observe_txt(packet);
                ldns_pkt_free(packet);
                ck_assert_uint_le(observation->n_txt, 2);
                n_whole += observation->n_txt == 2;
                for (size_t i = 0; i < observation->n_txt; i++) {
                        const Txt *txt = &observation->txt[i];
                        size_t end = 0;

                        while (end < txt->size)
                                end += 1 + txt->rdata[end];
                        ck_assert_uint_eq(end, txt->size);
                        n_claims += txt->is_claim;
                }
        }
        ck_assert_int_eq(n_whole > 0, _i < 4);
        ck_assert_int_eq(n_claims > 0, _i < 4);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, txts_in_wire_order_to_the_octet_o2_o4);
        tcase_add_test(tcase, outlives_its_packets);
        tcase_add_loop_test(tcase, authoritative_if_both_are_e4, 0, ELEMENTSOF(authorities));
        tcase_add_test(tcase, rrs_in_the_wrong_answer);
        tcase_add_test(tcase, cname_in_the_txt_answer_e5);
        tcase_add_loop_test(tcase, strangers_are_left_out, 0, ELEMENTSOF(strangers));
        tcase_add_test(tcase, txt_ttl_with_the_top_bit);
        tcase_add_loop_test(tcase, rdata_of_each_length, 0, ELEMENTSOF(lengths));
        tcase_add_loop_test(tcase, txt_that_fills_a_message, 0, ELEMENTSOF(fills));
        tcase_add_test(tcase, two_thousand_txts);
        tcase_add_loop_test(tcase, damaged_answers, 0, 5);
}

UNIT_MAIN("observation-txt", add_tests)
