/* Requests against hand-written wire dumps, and the nsupdate script against its text. */
#include "lib/message.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

/* clang-format off */
#define CONTOSO_COM 7, 'c', 'o', 'n', 't', 'o', 's', 'o', 3, 'c', 'o', 'm', 0
#define RECORD_NAME 6, '_', 'v', 'l', 'm', 'c', 's', 4, '_', 't', 'c', 'p', CONTOSO_COM
#define KMS_CONTOSO_COM 3, 'K', 'm', 's', CONTOSO_COM
/* clang-format on */

static Name name(const char *text) {
        Name n;

        ck_assert_int_eq(name_from_text(text, &n), 0);
        return n;
}

static PlanOp op(PlanOpKind kind, unsigned priority, unsigned weight, uint32_t ttl,
                 const char *target) {
        return (PlanOp){kind, {priority, weight, 1688, ttl, name(target)}};
}

static Plan *plan(const PlanOp *ops, size_t n_ops) {
        Plan *p = calloc(1, sizeof(Plan) + n_ops * sizeof(PlanOp));

        ck_assert_ptr_nonnull(p);
        p->n_ops = n_ops;
        memcpy(p->ops, ops, n_ops * sizeof(PlanOp));
        return p;
}

/* One publication's update in contoso.com. */
static int new_update(const char *record, const PlanOp *ops, size_t n_ops, Message **ret_message) {
        _cleanup_(freep) Plan *p = plan(ops, n_ops);
        Name zone = name("contoso.com"), owner = name(record);

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
        Name record = name("_vlmcs._tcp.contoso.com");

        ck_assert_int_eq(message_new_query(&record, LDNS_RR_TYPE_SRV, false, &message), 0);
        /* opcode QUERY, no flags; QUESTION 1
           _vlmcs._tcp.contoso.com. IN SRV */
        assert_bytes(message,
                     BYTES(0, 0, 0x00, 0, 0, 1, 0, 0, 0, 0, 0, 0, RECORD_NAME, 0, 33, 0, 1));
}
END_TEST

START_TEST(query_with_recursion_keeps_case_C13) {
        _cleanup_(freep) Message *message = NULL;
        Name apex = name("Kms.contoso.com");

        ck_assert_int_eq(message_new_query(&apex, LDNS_RR_TYPE_SOA, true, &message), 0);
        /* opcode QUERY, rd; Kms.contoso.com. IN SOA */
        assert_bytes(message,
                     BYTES(0, 0, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, KMS_CONTOSO_COM, 0, 6, 0, 1));
}
END_TEST

START_TEST(query_for_the_root) {
        _cleanup_(freep) Message *message = NULL;
        Name root = name(".");

        ck_assert_int_eq(message_new_query(&root, LDNS_RR_TYPE_SOA, false, &message), 0);
        assert_bytes(message, BYTES(0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1));
}
END_TEST

/* clang-format off */
static const struct {
        const char *name;
        PlanOpKind kind;
        uint8_t counts[4];
        uint8_t rr[64];
        size_t size;
} form_cases[] = {
        /* _vlmcs._tcp.contoso.com. 0 NONE CNAME */
        {"C04 RRset absent", PLAN_REQUIRE_NO_CNAME, {0, 1, 0, 0},
         {RECORD_NAME, 0, 5, 0, 254, 0, 0, 0, 0, 0, 0}, 35},
        /* _vlmcs._tcp.contoso.com. 0 ANY SRV */
        {"C04 RRset exists", PLAN_REQUIRE_SRV, {0, 1, 0, 0},
         {RECORD_NAME, 0, 33, 0, 255, 0, 0, 0, 0, 0, 0}, 35},
        /* _vlmcs._tcp.contoso.com. 0 NONE SRV 258 5 1688 Kms.contoso.com. */
        {"C07 delete one RR", PLAN_DELETE, {0, 0, 0, 1},
         {RECORD_NAME, 0, 33, 0, 254, 0, 0, 0, 0, 0, 23, 1, 2, 0, 5, 6, 0x98, KMS_CONTOSO_COM}, 58},
        /* _vlmcs._tcp.contoso.com. 66051 IN SRV 258 5 1688 Kms.contoso.com. */
        {"C07 add", PLAN_ADD, {0, 0, 0, 1},
         {RECORD_NAME, 0, 33, 0, 1, 0, 1, 2, 3, 0, 23, 1, 2, 0, 5, 6, 0x98, KMS_CONTOSO_COM}, 58},
};
/* clang-format on */

/* C01 the header and zone section, C04 and C07 the forms, C10 no compression, C13 case kept. */
START_TEST(update_forms) {
        _cleanup_(freep) Message *message = NULL;
        PlanOp o = op(form_cases[_i].kind, 258, 5, 66051, "Kms.contoso.com");
        /* opcode UPDATE, rd clear; ZONE 1 contoso.com. IN SOA */
        uint8_t expected[12 + 17 + 64] = {0, 0, 0x28, 0,           0, 1, 0, 0, 0,
                                          0, 0, 0,    CONTOSO_COM, 0, 6, 0, 1};

        memcpy(expected + 6, form_cases[_i].counts, 4);
        memcpy(expected + 29, form_cases[_i].rr, form_cases[_i].size);
        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", &o, 1, &message), 0);
        assert_bytes(message, expected, 29 + form_cases[_i].size);
}
END_TEST

/* clang-format off */
static const uint8_t batch_bytes[] = {
        /* opcode UPDATE; ZONE 1, PREREQUISITE 2, UPDATE 3, ADDITIONAL 0 */
        0, 0, 0x28, 0, 0, 1, 0, 2, 0, 3, 0, 0,
        /* contoso.com. IN SOA */
        CONTOSO_COM, 0, 6, 0, 1,
        /* _vlmcs._tcp.contoso.com. 0 NONE CNAME */
        RECORD_NAME, 0, 5, 0, 254, 0, 0, 0, 0, 0, 0,
        /* Kms.contoso.com. 0 ANY SRV */
        KMS_CONTOSO_COM, 0, 33, 0, 255, 0, 0, 0, 0, 0, 0,
        /* _vlmcs._tcp.contoso.com. 0 NONE SRV 10 0 1688 a. */
        RECORD_NAME, 0, 33, 0, 254, 0, 0, 0, 0, 0, 9, 0, 10, 0, 0, 6, 0x98, 1, 'a', 0,
        /* _vlmcs._tcp.contoso.com. 3600 IN SRV 0 0 1688 a. */
        RECORD_NAME, 0, 33, 0, 1, 0, 0, 14, 16, 0, 9, 0, 0, 0, 0, 6, 0x98, 1, 'a', 0,
        /* Kms.contoso.com. 0 NONE SRV 0 0 1688 b. */
        KMS_CONTOSO_COM, 0, 33, 0, 254, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 6, 0x98, 1, 'b', 0,
};
/* clang-format on */

static const char batch_script[] = "server 192.0.2.1 5353\n"
                                   "zone contoso.com.\n"
                                   "prereq nxrrset _vlmcs._tcp.contoso.com. CNAME\n"
                                   "prereq yxrrset Kms.contoso.com. SRV\n"
                                   "update delete _vlmcs._tcp.contoso.com. SRV 10 0 1688 a.\n"
                                   "update add _vlmcs._tcp.contoso.com. 3600 SRV 0 0 1688 a.\n"
                                   "update delete Kms.contoso.com. SRV 0 0 1688 b.\n"
                                   "send\n";

/* C09: all prerequisites before all updates, each in the order of the plans. */
START_TEST(batch_of_two_C09) {
        const PlanOp first[] = {op(PLAN_REQUIRE_NO_CNAME, 0, 0, 0, "."),
                                op(PLAN_DELETE, 10, 0, 3600, "a"), op(PLAN_ADD, 0, 0, 3600, "a")};
        const PlanOp second[] = {op(PLAN_REQUIRE_SRV, 0, 0, 0, "."),
                                 op(PLAN_DELETE, 0, 0, 600, "b")};
        _cleanup_(freep) Plan *one = plan(first, 3), *two = plan(second, 2);
        const Name zone = name("contoso.com"),
                   records[] = {name("_vlmcs._tcp.contoso.com"), name("Kms.contoso.com")};
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
        const PlanOp o = op(PLAN_ADD, 0, 0, 3600, "a");
        const Name zone = name("contoso.com"), inside = name("a.contoso.com"),
                   record = name(zone_cases[_i].record);
        _cleanup_(freep) Plan *p = plan(&o, 1);
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
                ops[i] = op(PLAN_ADD, i, 0, 3600, "a");
        set_target_length(&ops[N], rest);
        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", ops, N + 1, &message), 0);
        ck_assert_uint_eq(message->size, MESSAGE_SIZE_MAX);

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
                ops[i] = op(PLAN_DELETE, i, 0, 3600, "kms.contoso.com");
        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", ops, N, &message), -EMSGSIZE);
}
END_TEST

/* The second opinion on our bytes: ldns reads back what we meant. */
START_TEST(ldns_reads_it_back) {
        const PlanOp ops[] = {op(PLAN_REQUIRE_NO_CNAME, 0, 0, 0, "."),
                              op(PLAN_DELETE, 10, 20, 600, "Kms.Contoso.com"),
                              op(PLAN_ADD, 65535, 65535, 2147483647, "Kms.Contoso.com")};
        _cleanup_(freep) Message *message = NULL;
        ldns_pkt *packet = NULL;

        ck_assert_int_eq(new_update("_vlmcs._tcp.contoso.com", ops, 3, &message), 0);
        ck_assert_int_eq(ldns_wire2pkt(&packet, message->bytes, message->size), LDNS_STATUS_OK);
        ck_assert_int_eq(ldns_pkt_get_opcode(packet), LDNS_PACKET_UPDATE);
        ck_assert(!ldns_pkt_rd(packet) && !ldns_pkt_qr(packet));
        ck_assert_uint_eq(ldns_pkt_id(packet), 0);

        char *text = ldns_rr_list2str(ldns_pkt_authority(packet));
        ck_assert_str_eq(text,
                         "_vlmcs._tcp.contoso.com.\t0\tNONE\tSRV\t10 20 1688 Kms.Contoso.com.\n"
                         "_vlmcs._tcp.contoso.com.\t2147483647\tIN\tSRV\t65535 65535 1688 "
                         "Kms.Contoso.com.\n");
        free(text);
        ldns_pkt_free(packet);
}
END_TEST

/* Octets that mean something to nsupdate, or nothing printable, reach it escaped. */
START_TEST(script_escapes) {
        const PlanOp ops[] = {op(PLAN_ADD, 0, 0, 600, "a\\;b\\\"c\\040d\\.e.contoso.com")};
        _cleanup_(freep) Plan *p = plan(ops, 1);
        Name zone = name("contoso.com"), record = name("x\\010send\\009\\@\\$\\255.contoso.com");
        _cleanup_(freep) char *script = NULL;

        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&record, p}, 1, &script),
                         0);
        ck_assert_str_eq(script, "zone contoso.com.\n"
                                 "update add x\\010send\\009\\@\\$\\255.contoso.com. 600 SRV "
                                 "0 0 1688 a\\;b\\\"c\\(d\\.e.contoso.com.\n"
                                 "send\n");
}
END_TEST

START_TEST(script_in_the_root_zone) {
        const PlanOp ops[] = {op(PLAN_ADD, 0, 0, 0, ".")};
        _cleanup_(freep) Plan *p = plan(ops, 1);
        Name root = name(".");
        _cleanup_(freep) char *script = NULL;

        ck_assert_int_eq(
                message_update_script("ns.example", &root, &(UpdatePart){&root, p}, 1, &script), 0);
        ck_assert_str_eq(script,
                         "server ns.example\nzone .\nupdate add . 0 SRV 0 0 1688 .\nsend\n");
}
END_TEST

/* Every octet in the longest name there is, four characters each. */
START_TEST(script_of_the_longest_name) {
        Name longest = {.length = NAME_WIRE_MAX}, zone = name(".");
        const uint8_t labels[] = {63, 63, 63, 61};

        for (size_t i = 0, at = 0; i < ELEMENTSOF(labels); i++) {
                memset(longest.wire + at + 1, 0xff, labels[i]);
                longest.wire[at] = labels[i];
                at += 1 + labels[i];
        }
        const PlanOp ops[] = {{PLAN_ADD, {1, 2, 3, 4, longest}}};
        _cleanup_(freep) Plan *p = plan(ops, 1);
        _cleanup_(freep) char *script = NULL;

        ck_assert_int_eq(message_update_script(NULL, &zone, &(UpdatePart){&longest, p}, 1, &script),
                         0);
        ck_assert_uint_eq(strlen(script),
                          strlen("zone .\nupdate add  4 SRV 1 2 3 \nsend\n") + 2 * (4 * 250 + 4));
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
        tcase_add_test(tcase, ldns_reads_it_back);
        tcase_add_test(tcase, script_escapes);
        tcase_add_test(tcase, script_in_the_root_zone);
        tcase_add_test(tcase, script_of_the_longest_name);
}

UNIT_MAIN("message", add_tests)
