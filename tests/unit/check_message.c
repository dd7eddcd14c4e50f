/*
 * Requests against hand-written wire dumps: each form of RFC 2136 2.4 and 2.5 (C01, C03, C04, C07,
 * C09), TXT RDATA to the octet (O2), bounds. A script is held against its message here once; what
 * nsupdate reads has a suite of its own.
 */
#include "lib/message.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "lib/observation.h"
#include "lib/util.h"
#include "tests/unit/support_message.h"
#include "tests/unit/unit.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

/* clang-format off */
#define CONTOSO_COM 7, 'c', 'o', 'n', 't', 'o', 's', 'o', 3, 'c', 'o', 'm', 0
#define RECORD_NAME 6, '_', 'v', 'l', 'm', 'c', 's', 4, '_', 't', 'c', 'p', CONTOSO_COM
#define KMS_CONTOSO_COM 3, 'K', 'm', 's', CONTOSO_COM
/* What claim_op() says of Kms.contoso.com. */
#define CLAIM_RDATA                                                                                \
        8, 's', 'r', 'v', 'p', 'u', 'b', '=', '1',                                                 \
        35, 'i', 'd', '=', 'a', 'b', '0', '1', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',   \
        '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',  \
        20, 'h', 'o', 's', 't', '=', 'K', 'm', 's', '.', 'c', 'o', 'n', 't', 'o', 's', 'o', '.',   \
        'c', 'o', 'm',                                                                             \
        9, 'p', 'o', 'r', 't', '=', '1', '6', '8', '8',                                            \
        6, 't', 't', 'l', '=', '6', '0',                                                           \
        7, 's', 'i', 'n', 'c', 'e', '=', '7'
/* clang-format on */

/* One publication's update in contoso.com. */
static int new_update(const char *record, const PlanOp *ops, size_t n_ops, Message **ret_message) {
        _cleanup_(freep) Plan *p = plan_with(ops, n_ops);
        Name zone = name_of("contoso.com"), owner = name_of(record);

        return message_new_update(&zone, &(UpdatePart){&owner, p}, 1, ret_message);
}

static void assert_bytes(const Message *message, const uint8_t *bytes, size_t size) {
        ck_assert_uint_eq(message->size, size);
        for (size_t i = 0; i < size; i++)
                ck_assert_msg(message->bytes[i] == bytes[i], "octet %zu is %02x, not %02x", i,
                              message->bytes[i], bytes[i]);
        ck_assert_uint_eq(message->capacity, size + MESSAGE_TSIG_ROOM);
}

START_TEST(query_without_recursion) {
        _cleanup_(freep) Message *message = NULL;
        Name record = name_of("_vlmcs._tcp.contoso.com");

        ck_assert_int_eq(message_new_query(&record, LDNS_RR_TYPE_SRV, false, &message), 0);
        /* opcode QUERY, no flags; QUESTION 1
           _vlmcs._tcp.contoso.com. IN SRV */
        assert_bytes(message,
                     BYTES(0, 0, 0x00, 0, 0, 1, 0, 0, 0, 0, 0, 0, RECORD_NAME, 0, 33, 0, 1));
}
END_TEST

START_TEST(query_with_recursion_keeps_case_C13) {
        _cleanup_(freep) Message *message = NULL;
        Name apex = name_of("Kms.contoso.com");

        ck_assert_int_eq(message_new_query(&apex, LDNS_RR_TYPE_SOA, true, &message), 0);
        /* opcode QUERY, rd; Kms.contoso.com. IN SOA */
        assert_bytes(message,
                     BYTES(0, 0, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, KMS_CONTOSO_COM, 0, 6, 0, 1));
}
END_TEST

START_TEST(query_for_the_root) {
        _cleanup_(freep) Message *message = NULL;
        Name root = name_of(".");

        ck_assert_int_eq(message_new_query(&root, LDNS_RR_TYPE_SOA, false, &message), 0);
        assert_bytes(message, BYTES(0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1));
}
END_TEST

/* clang-format off */
static const struct {
        const char *name;
        PlanOpKind kind;
        uint8_t counts[4];
        uint8_t rr[160];
        size_t size;
} form_cases[] = {
        /* _vlmcs._tcp.contoso.com. 0 NONE CNAME */
        {"C04 RRset absent", PLAN_REQUIRE_NO_CNAME, {0, 1, 0, 0},
         {RECORD_NAME, 0, 5, 0, 254, 0, 0, 0, 0, 0, 0}, 35},
        /* _vlmcs._tcp.contoso.com. 0 ANY SRV */
        {"C04 RRset exists", PLAN_REQUIRE_SRV, {0, 1, 0, 0},
         {RECORD_NAME, 0, 33, 0, 255, 0, 0, 0, 0, 0, 0}, 35},
        /* _vlmcs._tcp.contoso.com. 0 NONE SRV */
        {"C04 RRset absent", PLAN_REQUIRE_NO_SRV, {0, 1, 0, 0},
         {RECORD_NAME, 0, 33, 0, 254, 0, 0, 0, 0, 0, 0}, 35},
        /* _vlmcs._tcp.contoso.com. 0 NONE TXT */
        {"C04 RRset absent", PLAN_REQUIRE_NO_TXT, {0, 1, 0, 0},
         {RECORD_NAME, 0, 16, 0, 254, 0, 0, 0, 0, 0, 0}, 35},
        /* _vlmcs._tcp.contoso.com. 0 IN SRV 258 5 1688 Kms.contoso.com. */
        {"C04 exists with value", PLAN_REQUIRE_SRV_RR, {0, 1, 0, 0},
         {RECORD_NAME, 0, 33, 0, 1, 0, 0, 0, 0, 0, 23, 1, 2, 0, 5, 6, 0x98, KMS_CONTOSO_COM}, 58},
        /* _vlmcs._tcp.contoso.com. 0 IN TXT "" "\000\"" */
        {"C04 exists with value", PLAN_REQUIRE_TXT_RR, {0, 1, 0, 0},
         {RECORD_NAME, 0, 16, 0, 1, 0, 0, 0, 0, 0, 4, 0, 2, 0, '"'}, 39},
        /* _vlmcs._tcp.contoso.com. 0 NONE SRV 258 5 1688 Kms.contoso.com. */
        {"C07 delete one RR", PLAN_DELETE_SRV, {0, 0, 0, 1},
         {RECORD_NAME, 0, 33, 0, 254, 0, 0, 0, 0, 0, 23, 1, 2, 0, 5, 6, 0x98, KMS_CONTOSO_COM}, 58},
        /* _vlmcs._tcp.contoso.com. 0 NONE TXT "" "\000\"" */
        {"C07 delete one RR", PLAN_DELETE_TXT, {0, 0, 0, 1},
         {RECORD_NAME, 0, 16, 0, 254, 0, 0, 0, 0, 0, 4, 0, 2, 0, '"'}, 39},
        /* _vlmcs._tcp.contoso.com. 66051 IN SRV 258 5 1688 Kms.contoso.com. */
        {"C07 add", PLAN_ADD_SRV, {0, 0, 0, 1},
         {RECORD_NAME, 0, 33, 0, 1, 0, 1, 2, 3, 0, 23, 1, 2, 0, 5, 6, 0x98, KMS_CONTOSO_COM}, 58},
        /* _vlmcs._tcp.contoso.com. 66051 IN TXT, a claim */
        {"C07 add", PLAN_ADD_CLAIM, {0, 0, 0, 1},
         {RECORD_NAME, 0, 16, 0, 1, 0, 1, 2, 3, 0, 91, CLAIM_RDATA}, 126},
};
/* clang-format on */

/* C01 the header and zone section, C04 and C07 the forms, C10 no compression, C13 case kept. */
START_TEST(update_forms) {
        _cleanup_(freep) Message *message = NULL;
        const PlanOpKind kind = form_cases[_i].kind;
        const Txt txt = TXT("\0\2\0\"");
        const Name host = name_of("Kms.contoso.com");
        PlanOp o = srv_op(kind, 258, 5, 66051, "Kms.contoso.com");
        /* opcode UPDATE, rd clear; ZONE 1 contoso.com. IN SOA */
        uint8_t expected[12 + 17 + 160] = {0, 0, 0x28, 0,           0, 1, 0, 0, 0,
                                           0, 0, 0,    CONTOSO_COM, 0, 6, 0, 1};

        if (kind == PLAN_REQUIRE_TXT_RR || kind == PLAN_DELETE_TXT)
                o = txt_op(kind, &txt);
        else if (kind == PLAN_ADD_CLAIM)
                o = claim_op(66051, &host);
        memcpy(expected + 6, form_cases[_i].counts, 4);
        memcpy(expected + 29, form_cases[_i].rr, form_cases[_i].size);
        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", &o, 1, &message), 0);
        assert_bytes(message, expected, 29 + form_cases[_i].size);
}
END_TEST

/* clang-format off */
static const uint8_t batch_bytes[] = {
        /* opcode UPDATE; ZONE 1, PREREQUISITE 4, UPDATE 5, ADDITIONAL 0 */
        0, 0, 0x28, 0, 0, 1, 0, 4, 0, 5, 0, 0,
        /* contoso.com. IN SOA */
        CONTOSO_COM, 0, 6, 0, 1,
        /* _vlmcs._tcp.contoso.com. 0 NONE CNAME */
        RECORD_NAME, 0, 5, 0, 254, 0, 0, 0, 0, 0, 0,
        /* _vlmcs._tcp.contoso.com. 0 IN SRV 10 0 1688 a. */
        RECORD_NAME, 0, 33, 0, 1, 0, 0, 0, 0, 0, 9, 0, 10, 0, 0, 6, 0x98, 1, 'a', 0,
        /* _vlmcs._tcp.contoso.com. 0 IN TXT "a" "b" */
        RECORD_NAME, 0, 16, 0, 1, 0, 0, 0, 0, 0, 4, 1, 'a', 1, 'b',
        /* Kms.contoso.com. 0 ANY SRV */
        KMS_CONTOSO_COM, 0, 33, 0, 255, 0, 0, 0, 0, 0, 0,
        /* _vlmcs._tcp.contoso.com. 0 NONE SRV 10 0 1688 a. */
        RECORD_NAME, 0, 33, 0, 254, 0, 0, 0, 0, 0, 9, 0, 10, 0, 0, 6, 0x98, 1, 'a', 0,
        /* _vlmcs._tcp.contoso.com. 3600 IN SRV 0 0 1688 a. */
        RECORD_NAME, 0, 33, 0, 1, 0, 0, 14, 16, 0, 9, 0, 0, 0, 0, 6, 0x98, 1, 'a', 0,
        /* _vlmcs._tcp.contoso.com. 600 IN TXT, a claim */
        RECORD_NAME, 0, 16, 0, 1, 0, 0, 2, 88, 0, 91, CLAIM_RDATA,
        /* Kms.contoso.com. 0 NONE SRV 0 0 1688 b. */
        KMS_CONTOSO_COM, 0, 33, 0, 254, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 6, 0x98, 1, 'b', 0,
        /* Kms.contoso.com. 0 NONE TXT "a" "b" */
        KMS_CONTOSO_COM, 0, 16, 0, 254, 0, 0, 0, 0, 0, 4, 1, 'a', 1, 'b',
};
/* clang-format on */

static const char batch_script[] =
        "server 192.0.2.1 5353\n"
        "zone contoso.com.\n"
        "prereq nxrrset _vlmcs._tcp.contoso.com. CNAME\n"
        "prereq yxrrset _vlmcs._tcp.contoso.com. SRV 10 0 1688 a.\n"
        "prereq yxrrset _vlmcs._tcp.contoso.com. TXT \"a\" \"b\"\n"
        "prereq yxrrset Kms.contoso.com. SRV\n"
        "update delete _vlmcs._tcp.contoso.com. SRV 10 0 1688 a.\n"
        "update add _vlmcs._tcp.contoso.com. 3600 SRV 0 0 1688 a.\n"
        "update add _vlmcs._tcp.contoso.com. 600 TXT \"srvpub=1\" "
        "\"id=ab010000000000000000000000000000\" \"host=Kms.contoso.com\" \"port=1688\" \"ttl=60\" "
        "\"since=7\"\n"
        "update delete Kms.contoso.com. SRV 0 0 1688 b.\n"
        "update delete Kms.contoso.com. TXT \"a\" \"b\"\n"
        "send\n";

/* C09: all prerequisites before all updates, each in the order of the plans. */
START_TEST(batch_of_two_C09) {
        const Txt txt = TXT("\1a\1b");
        const Name host = name_of("Kms.contoso.com");
        const PlanOp first[] = {srv_op(PLAN_REQUIRE_NO_CNAME, 0, 0, 0, "."),
                                srv_op(PLAN_REQUIRE_SRV_RR, 10, 0, 0, "a"),
                                txt_op(PLAN_REQUIRE_TXT_RR, &txt),
                                srv_op(PLAN_DELETE_SRV, 10, 0, 0, "a"),
                                srv_op(PLAN_ADD_SRV, 0, 0, 3600, "a"),
                                claim_op(600, &host)};
        const PlanOp second[] = {srv_op(PLAN_REQUIRE_SRV, 0, 0, 0, "."),
                                 srv_op(PLAN_DELETE_SRV, 0, 0, 0, "b"),
                                 txt_op(PLAN_DELETE_TXT, &txt)};
        _cleanup_(freep) Plan *one = plan_with(first, 6), *two = plan_with(second, 3);
        const Name zone = name_of("contoso.com"),
                   records[] = {name_of("_vlmcs._tcp.contoso.com"), name_of("Kms.contoso.com")};
        const UpdatePart parts[] = {{&records[0], one}, {&records[1], two}};
        _cleanup_(freep) Message *message = NULL;
        _cleanup_(freep) char *script = NULL;

        ck_assert_int_eq(message_new_update(&zone, parts, 2, &message), 0);
        assert_bytes(message, batch_bytes, sizeof(batch_bytes));
        ck_assert_int_eq(message_update_script("192.0.2.1 5353", &zone, parts, 2, &script), 0);
        ck_assert_str_eq(script, batch_script);
}
END_TEST

static const struct {
        const char *record;
        int result;
} zone_cases[] = {
        {"_vlmcs._tcp.contoso.com", 0},
        {"contoso.com", 0},
        {"_vlmcs._tcp.CONTOSO.Com", 0},
        {"_vlmcs._tcp.contoso.net", -EINVAL},
        {"_vlmcs._tcp.notcontoso.com", -EINVAL},
        {"com", -EINVAL},
        {".", -EINVAL},
};

START_TEST(outside_the_zone_C03) {
        const PlanOp o = srv_op(PLAN_ADD_SRV, 0, 0, 3600, "a");
        const Name zone = name_of("contoso.com"), inside = name_of("a.contoso.com"),
                   record = name_of(zone_cases[_i].record);
        _cleanup_(freep) Plan *p = plan_with(&o, 1);
        const UpdatePart parts[] = {{&inside, p}, {&record, p}};
        _cleanup_(freep) Message *message = NULL;
        _cleanup_(freep) char *script = NULL;

        ck_assert_int_eq(message_new_update(&zone, parts, 2, &message), zone_cases[_i].result);
        ck_assert_int_eq(message_update_script(NULL, &zone, parts, 2, &script),
                         zone_cases[_i].result);
        ck_assert_int_eq(!message, zone_cases[_i].result < 0);
        ck_assert_int_eq(!script, zone_cases[_i].result < 0);
}
END_TEST

static void set_target_length(PlanOp *o, uint8_t length) {
        Name *target = &o->srv.target;

        target->length = length;
        target->wire[0] = length - 2;
        memset(target->wire + 1, 'x', length - 2);
        target->wire[length - 1] = 0;
}

/* As many RRs of one size as fit, and a last one whose target takes the rest, or one octet more. */
START_TEST(size_limit) {
        enum { EMPTY = 12 + 17, RR = 25 + 10 + 6, N = (MESSAGE_SIZE_MAX - EMPTY - 60) / (RR + 3) };
        const size_t rest = MESSAGE_SIZE_MAX - EMPTY - N * (RR + 3) - RR;
        _cleanup_(freep) PlanOp *ops = calloc(N + 1, sizeof(PlanOp));
        _cleanup_(freep) Message *message = NULL, *longer = NULL;

        for (size_t i = 0; i < N + 1; i++)
                ops[i] = srv_op(PLAN_ADD_SRV, i, 0, 3600, "a");
        set_target_length(&ops[N], rest);
        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", ops, N + 1, &message), 0);
        ck_assert_uint_eq(message->size, MESSAGE_SIZE_MAX);
        ck_assert_uint_le(message->capacity, 60 * 1024); /* with a signature */

        set_target_length(&ops[N], rest + 1);
        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", ops, N + 1, &longer), -EMSGSIZE);
        ck_assert_ptr_null(longer);
}
END_TEST

/* Far beyond what ldns would assert on. */
START_TEST(size_far_over_the_limit) {
        enum { N = 10000 };
        _cleanup_(freep) PlanOp *ops = calloc(N, sizeof(PlanOp));
        _cleanup_(freep) Message *message = NULL;

        for (size_t i = 0; i < N; i++)
                ops[i] = srv_op(PLAN_DELETE_SRV, i, 0, 3600, "kms.contoso.com");
        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", ops, N, &message), -EMSGSIZE);
}
END_TEST

/* TXT RDATA counts in full: the largest that fits, and one octet more. */
START_TEST(size_limit_of_txt) {
        enum { FIXED = 12 + 17 + 25 + 10, MOST = MESSAGE_SIZE_MAX - FIXED };
        _cleanup_(freep) uint8_t *rdata = calloc(1, MOST + 1);
        _cleanup_(freep) Message *message = NULL, *longer = NULL;
        Txt txt = {.size = MOST, .rdata = rdata};
        PlanOp o = txt_op(PLAN_DELETE_TXT, &txt);

        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", &o, 1, &message), 0);
        ck_assert_uint_eq(message->size, MESSAGE_SIZE_MAX);
        txt.size++;
        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", &o, 1, &longer), -EMSGSIZE);
        ck_assert_ptr_null(longer);
}
END_TEST

/* A name of so many characters that no other such name has. */
static Name long_name(const char *begin, unsigned i, size_t n) {
        char text[NAME_TEXT_MAX];

        memset(text, 'x', sizeof(text));
        (void)snprintf(text, 8, "%s%02u", begin, i);
        text[strlen(text)] = 'x';
        text[63] = text[127] = text[191] = '.';
        text[n] = '\0';
        return name_of(text);
}

/* O6: a target and CONFIG_HOSTS_MAX hosts with names as long as a claim takes, at a name as long as
   there is: all get other numbers and a lease, alone. Each stands in the message six times. */
START_TEST(hosts_of_the_longest_names_fit) {
        enum { N = CONFIG_HOSTS_MAX + 1, RECORD_LENGTH = 253 };
        static uint8_t rdata[N][CLAIM_RDATA_MAX];
        static Srv srvs[N];
        static Txt txts[N];
        static PlanWanted wanted[N];
        static const PublisherId id = {{1}};
        Observation observation = {
                .authoritative = true, .n_srv = N, .n_txt = N, .srv = srvs, .txt = txts};
        _cleanup_(freep) Message *message = NULL;
        Name record = long_name("r", 0, RECORD_LENGTH), zone = record;
        Plan *plan;

        for (unsigned i = 0; i < N; i++) {
                srvs[i] = (Srv){.target = long_name("k", i, CLAIM_HOST_MAX),
                                .port = UINT16_MAX,
                                .ttl = INT32_MAX};
                Claim claim = {.id = id,
                               .host = srvs[i].target,
                               .port = UINT16_MAX,
                               .ttl = INT32_MAX,
                               .lease_sec = UINT32_MAX,
                               .since_sec = INT64_MAX - 1,
                               .until_sec = INT64_MAX};
                txts[i] = (Txt){.ttl = INT32_MAX,
                                .is_claim = true,
                                .claim = claim,
                                .rdata = rdata[i],
                                .size = (uint16_t)claim_to_rdata(&claim, rdata[i])};
                wanted[i] = (PlanWanted){.srv = srvs[i], .since_sec = INT64_MAX};
                wanted[i].srv.priority = 1;
        }
        const PlanInput input = {.mode = MODE_EXCLUSIVE,
                                 .claims = true,
                                 .lease_sec = UINT32_MAX,
                                 .now_sec = INT64_MAX / 2,
                                 .id = &id,
                                 .wanted = wanted,
                                 .n_wanted = N,
                                 .observation = &observation};
        ck_assert_int_eq(plan_new(&input, &plan), 0);
        ck_assert_uint_ge(plan->n_ops, 6 * N);
        const UpdatePart part = {&record, plan};
        ck_assert_int_eq(message_new_update(&zone, &part, 1, &message), 0);
        ck_assert_uint_gt(message->size, 50 * 1024);
        (void)plan_free(plan);
}
END_TEST

/* CLAIM_HOST_MAX characters can be claimed, one more cannot. */
START_TEST(host_too_long_to_be_claimed) {
        const Name zone = name_of("contoso.com"), record = name_of("_vlmcs._tcp.contoso.com");

        for (unsigned length = CLAIM_HOST_MAX; length <= CLAIM_HOST_MAX + 1; length++) {
                _cleanup_(freep) Message *message = NULL;
                _cleanup_(freep) char *script = NULL;
                char text[CLAIM_HOST_MAX + 2];
                const int result = length > CLAIM_HOST_MAX ? -EINVAL : 0;

                memset(text, 'x', length);
                text[63] = text[127] = text[191] = '.';
                text[length] = '\0';
                const Name host = name_of(text);
                const PlanOp ops[] = {srv_op(PLAN_ADD_SRV, 0, 0, 60, text), claim_op(60, &host)};
                _cleanup_(freep) Plan *p = plan_with(ops, 2);
                const UpdatePart part = {&record, p};

                ck_assert_int_eq(message_new_update(&zone, &part, 1, &message), result);
                ck_assert_int_eq(message_update_script(NULL, &zone, &part, 1, &script), result);
                ck_assert_int_eq(!message, result < 0);
                ck_assert_int_eq(!script, result < 0);
        }
}
END_TEST

/* The second opinion on our bytes: ldns reads back what we meant. */
START_TEST(ldns_reads_it_back) {
        const Name host = name_of("a\\.b");
        const Txt txt = TXT("\1a\0\2\"\xff");
        const PlanOp ops[] = {srv_op(PLAN_REQUIRE_NO_CNAME, 0, 0, 0, "."),
                              txt_op(PLAN_REQUIRE_TXT_RR, &txt),
                              srv_op(PLAN_DELETE_SRV, 10, 20, 600, "Kms.Contoso.com"),
                              txt_op(PLAN_DELETE_TXT, &txt),
                              srv_op(PLAN_ADD_SRV, 65535, 65535, 2147483647, "Kms.Contoso.com"),
                              claim_op(600, &host)};
        _cleanup_(freep) Message *message = NULL;
        ldns_pkt *packet = NULL;

        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", ops, ELEMENTSOF(ops), &message), 0);
        ck_assert_int_eq(ldns_wire2pkt(&packet, message->bytes, message->size), LDNS_STATUS_OK);
        ck_assert_int_eq(ldns_pkt_get_opcode(packet), LDNS_PACKET_UPDATE);
        ck_assert(!ldns_pkt_rd(packet) && !ldns_pkt_qr(packet));
        ck_assert_uint_eq(ldns_pkt_id(packet), 0);

        char *text = ldns_rr_list2str(ldns_pkt_authority(packet));
        ck_assert_str_eq(text,
                         "_vlmcs._tcp.contoso.com.\t0\tNONE\tSRV\t10 20 1688 Kms.Contoso.com.\n"
                         "_vlmcs._tcp.contoso.com.\t0\tNONE\tTXT\t\"a\" \"\" \"\\\"\\255\"\n"
                         "_vlmcs._tcp.contoso.com.\t2147483647\tIN\tSRV\t65535 65535 1688 "
                         "Kms.Contoso.com.\n"
                         "_vlmcs._tcp.contoso.com.\t600\tIN\tTXT\t\"srvpub=1\" "
                         "\"id=ab010000000000000000000000000000\" \"host=a\\\\.b\" "
                         "\"port=1688\" \"ttl=60\" \"since=7\"\n");
        free(text);
        ldns_pkt_free(packet);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, query_without_recursion);
        tcase_add_test(tcase, query_with_recursion_keeps_case_C13);
        tcase_add_test(tcase, query_for_the_root);
        tcase_add_loop_test(tcase, update_forms, 0, ELEMENTSOF(form_cases));
        tcase_add_test(tcase, batch_of_two_C09);
        tcase_add_loop_test(tcase, outside_the_zone_C03, 0, ELEMENTSOF(zone_cases));
        tcase_add_test(tcase, size_limit);
        tcase_add_test(tcase, size_far_over_the_limit);
        tcase_add_test(tcase, size_limit_of_txt);
        tcase_add_test(tcase, hosts_of_the_longest_names_fit);
        tcase_add_test(tcase, host_too_long_to_be_claimed);
        tcase_add_test(tcase, ldns_reads_it_back);
}

UNIT_MAIN("message", add_tests)
