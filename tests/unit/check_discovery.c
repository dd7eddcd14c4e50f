/*
 * Zone discovery (E2, C31): where the SOA stands in an answer, what makes one of no use, how far
 * the search goes up, and whole walks from a record name to its zone.
 */
#include "lib/discovery.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(ldns_pkt, ldns_pkt_free)

enum {
        RRS_MAX = 4,
};

#define RECORD "_vlmcs._tcp.contoso.com"
#define SOA(owner) owner ". IN SOA dc1.contoso.com. hostmaster.contoso.com. 1 2 3 4 5"

/* RRs of two sections; NULL ends them. */
typedef struct Answer {
        ldns_pkt_rcode rcode;
        const char *answer[RRS_MAX];
        const char *authority[RRS_MAX];
} Answer;

static Name name(const char *text) {
        Name result;

        ck_assert_msg(name_from_text(text, &result) == 0, "cannot read %s", text);
        return result;
}

static void packet_push(ldns_pkt *packet, ldns_pkt_section section, const char *const rrs[]) {
        for (size_t i = 0; i < RRS_MAX && rrs[i]; i++) {
                ldns_rr *rr;

                ck_assert_int_eq(ldns_rr_new_frm_str(&rr, rrs[i], 60, NULL, NULL), LDNS_STATUS_OK);
                ck_assert(ldns_pkt_push_rr(packet, section, rr));
        }
}

static Discovery discover(const Answer *answer, const char *asked, const char *domain) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = ldns_pkt_new();
        Name asked_name = name(asked), domain_name = name(domain);
        Discovery discovery;

        ldns_pkt_set_rcode(packet, answer->rcode);
        packet_push(packet, LDNS_SECTION_ANSWER, answer->answer);
        packet_push(packet, LDNS_SECTION_AUTHORITY, answer->authority);
        discovery_read(packet, &asked_name, &domain_name, &discovery);
        return discovery;
}

static void assert_discovery(const Discovery *discovery, DiscoveryStep step, const char *apex,
                             const char *mname) {
        char text[NAME_TEXT_MAX];

        ck_assert_int_eq(discovery->step, step);
        ck_assert_str_eq(name_to_text(&discovery->apex, text), apex);
        ck_assert_str_eq(name_to_text(&discovery->mname, text), mname);
}

/* apex and mname "": none is found. */
/* clang-format off */
#define FOUND DISCOVERY_FOUND, "contoso.com", "dc1.contoso.com"
#define DROP DISCOVERY_DROP_LABEL, "", ""
#define NONE DISCOVERY_NONE, "", ""

static const struct {
        const char *asked, *domain;
        Answer answer;
        DiscoveryStep step;
        const char *apex, *mname;
} answers[] = {
        /* SOA in the answer: the name is the apex; in both sections, as Samba has it */
        {"contoso.com", "contoso.com", {0, {SOA("contoso.com")}, {NULL}}, FOUND},
        {"contoso.com", "contoso.com", {0, {SOA("contoso.com")}, {SOA("contoso.com")}}, FOUND},
        /* in authority: NODATA, NXDOMAIN, and whatever the RCODE is */
        {RECORD, "contoso.com", {LDNS_RCODE_NOERROR, {NULL}, {SOA("contoso.com")}}, FOUND},
        {RECORD, "contoso.com", {LDNS_RCODE_NXDOMAIN, {NULL}, {SOA("contoso.com")}}, FOUND},
        {RECORD, "contoso.com", {LDNS_RCODE_REFUSED, {NULL}, {SOA("contoso.com")}}, FOUND},
        /* behind another record, and behind an SOA of no use */
        {RECORD, "contoso.com", {0, {NULL}, {"contoso.com. IN NS a.", SOA("contoso.com")}}, FOUND},
        {RECORD, "contoso.com", {0, {NULL}, {SOA("fabrikam.com"), SOA("contoso.com")}}, FOUND},
        /* the name's case and the SOA's differ; the SOA's is kept */
        {RECORD, "contoso.com", {0, {NULL}, {"CONTOSO.Com. IN SOA DC1.contoso.com. a. 1 2 3 4 5"}},
         DISCOVERY_FOUND, "CONTOSO.Com", "DC1.contoso.com"},
        /* a zone below the domain with its primary elsewhere, and one above it */
        {RECORD, "contoso.com", {0, {NULL}, {"_tcp.contoso.com. IN SOA ns.isp.net. a. 1 2 3 4 5"}},
         DISCOVERY_FOUND, "_tcp.contoso.com", "ns.isp.net"},
        {"_vlmcs._tcp.emea.contoso.com", "emea.contoso.com",
         {0, {NULL}, {SOA("contoso.com")}}, FOUND},

        /* CNAME or DNAME in the answer: the SOA is the target's, even if it is above the name. */
        {RECORD, "contoso.com",
         {0, {RECORD ". IN CNAME x.contoso.com."}, {SOA("contoso.com")}}, DROP},
        {RECORD, "contoso.com",
         {0, {RECORD ". IN CNAME fabrikam.com.", SOA("fabrikam.com")}, {NULL}}, DROP},
        {RECORD, "contoso.com",
         {0, {"_tcp.contoso.com. IN DNAME x.contoso.com."}, {SOA("contoso.com")}}, DROP},

        /* No SOA (nothing, a referral), or none of use: not above the name, another class. */
        {RECORD, "contoso.com", {LDNS_RCODE_NXDOMAIN, {NULL}, {NULL}}, DROP},
        {RECORD, "contoso.com", {0, {NULL}, {"contoso.com. IN NS ns.contoso.com."}}, DROP},
        {RECORD, "contoso.com", {0, {NULL}, {SOA("fabrikam.com")}}, DROP},
        {RECORD, "contoso.com", {0, {NULL}, {SOA("x._vlmcs._tcp.contoso.com")}}, DROP},
        {RECORD, "contoso.com", {0, {NULL}, {SOA("ontoso.com")}}, DROP},
        {RECORD, "contoso.com", {0, {NULL}, {"contoso.com. CH SOA a. b. 1 2 3 4 5"}}, DROP},

        /* The root and top-level names are never the zone ... */
        {RECORD, "contoso.com", {LDNS_RCODE_NXDOMAIN, {NULL}, {SOA("com")}}, NONE},
        {RECORD, "contoso.com", {LDNS_RCODE_NXDOMAIN, {NULL}, {SOA("")}}, NONE},
        {"_vlmcs._tcp.corp", "corp", {LDNS_RCODE_NXDOMAIN, {NULL}, {SOA("")}}, NONE},
        {"com", "contoso.com", {0, {SOA("com")}, {NULL}}, NONE},
        /* ... nor are they asked for ... */
        {"contoso.com", "contoso.com", {0, {NULL}, {NULL}}, NONE},
        {"contoso.com", "contoso.com", {0, {"contoso.com. IN CNAME a."}, {NULL}}, NONE},
        {"corp", "corp", {0, {NULL}, {NULL}}, NONE},
        {".", "corp", {0, {NULL}, {NULL}}, NONE},
        /* ... but for a domain of one label. */
        {"_tcp.Corp", "corp", {0, {NULL}, {NULL}}, DROP},
        {"corp", "corp", {0, {SOA("corp")}, {NULL}}, DISCOVERY_FOUND, "corp", "dc1.contoso.com"},
        {"_vlmcs._tcp.CORP", "corp", {LDNS_RCODE_NXDOMAIN, {NULL}, {SOA("Corp")}},
         DISCOVERY_FOUND, "Corp", "dc1.contoso.com"},
};
/* clang-format on */

START_TEST(answers_e2_c31) {
        Discovery discovery = discover(&answers[_i].answer, answers[_i].asked, answers[_i].domain);

        assert_discovery(&discovery, answers[_i].step, answers[_i].apex, answers[_i].mname);
}
END_TEST

/* An answer without an SOA at every name: how many times a walk asks. */
static const struct {
        const char *record, *domain;
        unsigned n_asked;
} walks[] = {
        {"_vlmcs._tcp.emea.contoso.com", "emea.contoso.com", 4},
        {"_vlmcs._tcp.contoso.com", "contoso.com", 3},
        {"_vlmcs._tcp.corp", "corp", 3},
};

START_TEST(walk_ends) {
        static const Answer empty = {0};
        Name asked = name(walks[_i].record);
        char text[NAME_TEXT_MAX];

        for (unsigned n = 1; n < walks[_i].n_asked; n++) {
                Discovery step = discover(&empty, name_to_text(&asked, text), walks[_i].domain);
                ck_assert_int_eq(step.step, DISCOVERY_DROP_LABEL);
                ck_assert(name_parent(&asked, &asked));
        }
        Discovery last = discover(&empty, name_to_text(&asked, text), walks[_i].domain);
        ck_assert_int_eq(last.step, DISCOVERY_NONE);
}
END_TEST

/* clang-format off */
/* ;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 4660; flags: qr aa; AUTHORITY: 1 */
static const uint8_t nxdomain[] = {
        0x12, 0x34, 0x84, 0x03, 0, 1, 0, 0, 0, 1, 0, 0,
        /* ;_vlmcs._tcp.contoso.com. IN SOA */
        6, '_', 'v', 'l', 'm', 'c', 's', 4, '_', 't', 'c', 'p',
        7, 'c', 'o', 'n', 't', 'o', 's', 'o', 3, 'c', 'o', 'm', 0, 0, 6, 0, 1,
        /* contoso.com. 0 IN SOA dc1.contoso.com. hostmaster.contoso.com. 1 900 600 86400 3600 */
        0xc0, 24, 0, 6, 0, 1, 0, 0, 0, 0, 0, 39,
        3, 'd', 'c', '1', 0xc0, 24,
        10, 'h', 'o', 's', 't', 'm', 'a', 's', 't', 'e', 'r', 0xc0, 24,
        0, 0, 0, 1, 0, 0, 0x03, 0x84, 0, 0, 0x02, 0x58, 0, 1, 0x51, 0x80, 0, 0, 0x0e, 0x10,
};
/* clang-format on */

enum {
        RDLENGTH_AT = 12 + 29 + 11, /* low octet of the SOA's RDLENGTH */
};

START_TEST(from_wire) {
        Name asked = name(RECORD), domain = name("contoso.com");
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = NULL;
        Discovery discovery;

        ck_assert_int_eq(ldns_wire2pkt(&packet, nxdomain, sizeof(nxdomain)), LDNS_STATUS_OK);
        discovery_read(packet, &asked, &domain, &discovery);
        assert_discovery(&discovery, DISCOVERY_FOUND, "contoso.com", "dc1.contoso.com");
}
END_TEST

/* ldns lets an SOA pass that has no RDATA at all. */
START_TEST(soa_without_rdata) {
        Name asked = name(RECORD), domain = name("contoso.com");
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = NULL;
        uint8_t wire[RDLENGTH_AT + 1];
        Discovery discovery;

        memcpy(wire, nxdomain, sizeof(wire));
        wire[RDLENGTH_AT] = 0;
        ck_assert_int_eq(ldns_wire2pkt(&packet, wire, sizeof(wire)), LDNS_STATUS_OK);
        discovery_read(packet, &asked, &domain, &discovery);
        assert_discovery(&discovery, DISCOVERY_DROP_LABEL, "", "");
}
END_TEST

/* Every octet changed in turn: what is found is at the name or above it, and no top-level name. */
START_TEST(damaged_answers) {
        static const uint8_t patterns[] = {0x01, 0x20, 0x80, 0xff};
        Name asked = name(RECORD), domain = name("contoso.com");
        uint8_t wire[sizeof(nxdomain)];
        unsigned n_found = 0;

        for (size_t at = 0; at < sizeof(wire); at++) {
                Discovery discovery;
                ldns_pkt *packet;

                memcpy(wire, nxdomain, sizeof(wire));
                wire[at] ^= patterns[_i];
                if (ldns_wire2pkt(&packet, wire, sizeof(wire)) != LDNS_STATUS_OK)
                        continue;
                discovery_read(packet, &asked, &domain, &discovery);
                ldns_pkt_free(packet);
                if (discovery.step != DISCOVERY_FOUND)
                        continue;
                n_found++;
                ck_assert(name_is_within(&asked, &discovery.apex));
                ck_assert_uint_gt(name_labels(&discovery.apex), 1);
        }
        ck_assert_uint_gt(n_found, 0);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, answers_e2_c31, 0, ELEMENTSOF(answers));
        tcase_add_loop_test(tcase, walk_ends, 0, ELEMENTSOF(walks));
        tcase_add_test(tcase, from_wire);
        tcase_add_test(tcase, soa_without_rdata);
        tcase_add_loop_test(tcase, damaged_answers, 0, 4);
}

UNIT_MAIN("discovery", add_tests)
