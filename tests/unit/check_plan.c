/* The ownership rules as a table, and as properties of plans applied to model servers.

   A record reads "PRIORITY WEIGHT TARGET", then ":PORT" if it is not 1688 and "/TTL" if it is not
   3600; a set is a list with commas. A plan reads "VERDICT: OPS", where an op is "no-cname", "srv"
   (the prerequisites), "-RECORD" (without TTL, for the wire has none) or "+RECORD". */
#include "lib/plan.h"

#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(Plan, plan_free)

enum {
        SET_MAX = 8,
        TEXT_MAX = 1024,
};

typedef struct Set {
        size_t n;
        Srv srv[SET_MAX];
} Set;

typedef struct Flags {
        bool keep, refresh, cname;
} Flags;

static void set_parse(const char *text, Set *ret_set) {
        char copy[TEXT_MAX], *rest = copy, *record;

        *ret_set = (Set){};
        snprintf(copy, sizeof(copy), "%s", text);
        while (*copy && (record = strsep(&rest, ","))) {
                Srv *srv = &ret_set->srv[ret_set->n++];
                char target[64];

                ck_assert_uint_le(ret_set->n, SET_MAX);
                *srv = (Srv){.port = 1688, .ttl = 3600};
                ck_assert_int_eq(
                        sscanf(record, "%hu %hu %63[^:/]", &srv->priority, &srv->weight, target),
                        3);
                if (strchr(record, ':'))
                        srv->port = atoi(strchr(record, ':') + 1);
                if (strchr(record, '/'))
                        srv->ttl = strtoul(strchr(record, '/') + 1, NULL, 10);
                ck_assert_int_eq(name_from_text(target, &srv->target), 0);
        }
}

static void print_record(FILE *out, const Srv *srv, bool with_ttl) {
        char target[NAME_TEXT_MAX];

        fprintf(out, "%u %u %s", srv->priority, srv->weight, name_to_text(&srv->target, target));
        if (srv->port != 1688)
                fprintf(out, ":%u", srv->port);
        if (with_ttl && srv->ttl != 3600)
                fprintf(out, "/%u", srv->ttl);
}

static void plan_print(const Plan *plan, char ret_text[static TEXT_MAX]) {
        FILE *out = fmemopen(ret_text, TEXT_MAX, "w");

        fputs(plan_verdict_to_string(plan->verdict), out);
        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];

                fputs(i == 0 ? ": " : ", ", out);
                if (op->kind == PLAN_REQUIRE_NO_CNAME)
                        fputs("no-cname", out);
                else if (op->kind == PLAN_REQUIRE_SRV)
                        fputs("srv", out);
                else {
                        fputc(op->kind == PLAN_DELETE ? '-' : '+', out);
                        print_record(out, &op->srv, op->kind == PLAN_ADD);
                }
        }
        fclose(out);
}

static Plan *plan_make(Flags flags, const Set *wanted, const Set *remembered, const Set *observed) {
        const size_t size = observed->n * sizeof(Srv);
        _cleanup_(freep) Observation *observation = calloc(1, sizeof(Observation) + size);
        Plan *plan = NULL;

        observation->authoritative = true;
        observation->has_cname = flags.cname;
        observation->n_srv = observed->n;
        memcpy(observation->srv, observed->srv, size);
        const PlanInput input = {
                .wanted = wanted->srv,
                .n_wanted = wanted->n,
                .remembered = remembered->srv,
                .n_remembered = remembered->n,
                .observation = observation,
                .keep_remembered = flags.keep,
                .refresh = flags.refresh,
        };
        ck_assert_int_eq(plan_new(&input, &plan), 0);
        return plan;
}

/* clang-format off */
#define KEEP {.keep = true}
#define REFRESH {.refresh = true}
#define CNAME {.cname = true}
static const struct {
        const char *rule;
        Flags flags;
        const char *wanted, *remembered, *observed, *plan;
} cases[] = {
        {"O3 nothing there: add", {},
         "0 0 kms", "", "", "publish: +0 0 kms"},
        {"O3 two hosts wanted, nothing there: add both", {},
         "0 0 kms, 0 0 kms2", "", "", "publish: +0 0 kms, +0 0 kms2"},
        {"O3 one of two hosts is missing", {},
         "0 0 kms, 0 0 kms2", "", "0 0 kms2", "publish: +0 0 kms"},
        {"O3 as wanted: nothing to write", {},
         "0 0 kms", "", "0 0 kms", "in order"},
        {"O3 both as wanted, in another order", {},
         "0 0 kms, 0 0 kms2", "", "0 0 kms2, 0 0 kms", "in order"},
        {"O3 nothing wanted, nothing there", {},
         "", "", "", "in order"},
        {"O3 nothing wanted, what is remembered is gone", {},
         "", "0 0 kms", "", "in order"},
        {"O3 beside a foreign record: add ours, leave it", {},
         "0 0 kms", "", "0 0 other", "publish: +0 0 kms"},
        {"O3 beside many foreign records", {},
         "0 0 kms", "", "0 0 a, 1 0 b, 0 5 c:80", "publish: +0 0 kms"},
        {"O3 in order beside a foreign record", {},
         "0 0 kms", "", "0 0 other, 0 0 kms", "in order"},
        {"O3 a foreign record with our numbers stays", {},
         "10 20 kms", "", "10 20 other, 10 20 kms", "in order"},
        {"O3 another priority: replaced in one message", {},
         "0 0 kms", "", "10 0 kms", "change: -10 0 kms, +0 0 kms"},
        {"O3 another weight: replaced in one message", {},
         "0 5 kms", "", "0 7 kms", "change: -0 7 kms, +0 5 kms"},
        {"O3 replaced beside a foreign record", {},
         "0 0 kms", "", "0 0 other, 10 0 kms", "change: -10 0 kms, +0 0 kms"},
        {"O3 one replaced, the other in order", {},
         "0 0 kms, 5 0 kms2", "", "0 0 kms, 0 0 kms2", "change: -0 0 kms2, +5 0 kms2"},
        {"O3 one replaced, the other missing: publish", {},
         "0 0 kms, 5 0 kms2", "", "0 0 kms2", "publish: -0 0 kms2, +0 0 kms, +5 0 kms2"},
        {"O3 the numbers of two hosts exchanged", {},
         "0 0 kms, 5 0 kms2", "", "5 0 kms, 0 0 kms2",
         "change: -5 0 kms, -0 0 kms2, +0 0 kms, +5 0 kms2"},
        {"O3 extreme numbers", {},
         "65535 65535 kms:65535/2147483647", "", "65535 65534 kms:65535/2147483647",
         "change: -65535 65534 kms:65535, +65535 65535 kms:65535/2147483647"},

        {"O1b never published by us, same offer: ours by the operator's word", {},
         "0 0 kms", "", "7 7 kms", "change: -7 7 kms, +0 0 kms"},
        {"O1b in the operator's own case too", {},
         "0 0 Kms.Contoso.com", "", "7 7 kMS.cONTOSO.COM",
         "change: -7 7 kMS.cONTOSO.COM, +0 0 Kms.Contoso.com"},
        {"O1b another port is another offer: foreign", {},
         "0 0 kms", "", "0 0 kms:1689", "publish: +0 0 kms"},
        {"O1b another target is another offer: foreign", {},
         "0 0 kms", "", "0 0 kms2", "publish: +0 0 kms"},
        {"O1b a target that ours begins with: foreign", {},
         "0 0 kms.contoso.com", "", "0 0 kms", "publish: +0 0 kms.contoso.com"},
        {"O1b case alone is no reason to write", {},
         "0 0 kms", "", "0 0 KMS", "in order"},
        {"O1b the same target on two ports, both wanted", {},
         "0 0 kms, 0 0 kms:1689", "", "0 0 kms:1689", "publish: +0 0 kms"},

        {"O1c remembered and no longer wanted: removed", {},
         "0 0 kms", "0 0 old", "0 0 old, 0 0 kms", "withdraw: srv, -0 0 old"},
        {"O1c remembered in other case", {},
         "0 0 kms", "0 0 OLD", "0 0 Old, 0 0 kms", "withdraw: srv, -0 0 Old"},
        {"O1c its numbers do not count", {},
         "0 0 kms", "1 2 old/60", "3 4 old, 0 0 kms", "withdraw: srv, -3 4 old"},
        {"O1c remembered on another port only: foreign", {},
         "0 0 kms", "0 0 old:1689", "0 0 old, 0 0 kms", "in order"},
        {"O1c remembered as wanted: in order", {},
         "0 0 kms", "0 0 kms", "0 0 kms", "in order"},
        {"O1c remembered but not there", {},
         "0 0 kms", "0 0 old", "0 0 kms", "in order"},
        {"O1c neither wanted nor remembered: foreign", {},
         "", "0 0 old", "0 0 other", "in order"},

        {"O2 the RDATA observed, not the remembered", {},
         "", "0 0 kms.contoso.com", "9 8 KMS.contoso.COM",
         "withdraw: srv, -9 8 KMS.contoso.COM"},
        {"O2 the RDATA observed, not the wanted", {},
         "0 0 kms", "", "10 0 KmS", "change: -10 0 KmS, +0 0 kms"},
        {"O2 single RRs though all of the RRset goes", {},
         "", "0 0 a, 0 0 b", "0 0 a, 0 0 b", "withdraw: srv, -0 0 a, -0 0 b"},

        {"O3 same offer twice: the one that is right stays", {},
         "0 0 kms", "", "0 0 kms, 10 0 kms", "withdraw: srv, -10 0 kms"},
        {"O3 same offer twice, the right one last", {},
         "0 0 kms", "", "10 0 kms, 0 0 kms", "withdraw: srv, -10 0 kms"},
        {"O3 same offer twice, only the weight differs", {},
         "0 5 kms", "", "0 7 kms, 0 5 kms", "withdraw: srv, -0 7 kms"},
        {"O3 same offer three times, none right", {},
         "0 0 kms", "", "1 0 kms, 2 0 KMS, 3 0 kms",
         "change: -1 0 kms, -2 0 KMS, -3 0 kms, +0 0 kms"},
        {"O3 remembered offer twice: both go", {},
         "", "0 0 kms", "0 0 kms, 10 0 kms", "withdraw: srv, -0 0 kms, -10 0 kms"},
        {"O3 a foreign offer twice: both stay", {},
         "0 0 kms", "", "0 0 other, 10 0 other, 0 0 kms", "in order"},
        {"O2 same RDATA in two cases: ours stays", {},
         "0 0 kms", "", "0 0 KMS, 0 0 kms", "withdraw: srv, -0 0 KMS"},
        {"O2 same RDATA in two cases, neither is ours: the first stays", {},
         "0 0 kms", "", "0 0 KMS, 0 0 Kms", "withdraw: srv, -0 0 Kms"},
        {"O2 same RDATA in two cases, nothing wanted: both go", {},
         "", "0 0 kms", "0 0 KMS, 0 0 kms", "withdraw: srv, -0 0 KMS, -0 0 kms"},
        {"O2 one RR listed twice is one RR: the kept one is not deleted", {},
         "0 0 kms", "", "0 0 kms, 0 0 kms", "in order"},
        {"O3 two wanted of one offer: the first counts", {},
         "0 0 kms, 10 0 kms", "", "", "publish: +0 0 kms"},
        {"O3 two wanted of one offer, the second is there", {},
         "0 0 kms, 10 0 KMS", "", "10 0 kms", "change: -10 0 kms, +0 0 kms"},
        {"O3 two wanted of one offer, the first is there", {},
         "0 0 kms, 10 0 KMS", "", "0 0 kms", "in order"},
        {"O3 two wanted of one offer, both are there", {},
         "0 0 kms, 10 0 kms", "", "0 0 kms, 10 0 kms", "withdraw: srv, -10 0 kms"},

        {"O12 alone: the configured TTL", {},
         "0 0 kms/120", "", "", "publish: +0 0 kms/120"},
        {"O12 alone with another TTL: replaced", {},
         "0 0 kms", "", "0 0 kms/600", "change: -0 0 kms, +0 0 kms"},
        {"O12 foreign there: theirs", {},
         "0 0 kms", "", "0 0 other/600", "publish: +0 0 kms/600"},
        {"O12 foreign there, theirs is longer", {},
         "0 0 kms/60", "", "0 0 other/86400", "publish: +0 0 kms/86400"},
        {"O12 foreign there, ours has theirs: in order", {},
         "0 0 kms", "", "0 0 other/600, 0 0 kms/600", "in order"},
        {"O12 foreign there (a TTL per RR): ours alone is replaced", {},
         "0 0 kms", "", "0 0 other/600, 0 0 kms", "change: -0 0 kms, +0 0 kms/600"},
        {"O12 foreign ones apart: the lowest", {},
         "0 0 kms", "", "0 0 b/900, 0 0 a/300, 0 0 c/7200", "publish: +0 0 kms/300"},
        {"O12 foreign ones apart: ours with the lowest is in order", {},
         "0 0 kms", "", "0 0 a/900, 0 0 kms/300, 0 0 b/300", "in order"},
        {"O12 foreign TTL 0", {},
         "0 0 kms", "", "0 0 other/0", "publish: +0 0 kms/0"},
        {"O12 the RRset is ours, one TTL is wrong: all of it anew", {},
         "0 0 kms, 0 0 kms2", "", "0 0 kms, 0 0 kms2/600",
         "change: -0 0 kms, -0 0 kms2, +0 0 kms, +0 0 kms2"},
        {"O12 the RRset is ours, all TTLs are wrong, one host is missing", {},
         "0 0 a, 0 0 b, 0 0 c", "", "0 0 a/600, 0 0 b/600",
         "publish: -0 0 a, -0 0 b, +0 0 a, +0 0 b, +0 0 c"},
        {"O12 beside foreign ones only the wrong TTL is written", {},
         "0 0 kms, 0 0 kms2", "", "0 0 kms/600, 0 0 kms2, 0 0 other/600",
         "change: -0 0 kms2, +0 0 kms2/600"},
        {"O12 what goes has no say: the old one's TTL", {},
         "0 0 kms", "0 0 old", "0 0 old/600", "publish: -0 0 old, +0 0 kms"},
        {"O12 what goes has no say: the TTL of a double", {},
         "0 0 kms", "", "0 0 kms, 10 0 kms/600", "withdraw: srv, -10 0 kms"},
        {"O12 a double in other case with the right TTL stays", {},
         "0 0 kms", "", "0 0 kms/600, 0 0 KMS/300, 0 0 other/300", "withdraw: srv, -0 0 kms"},
        {"O12 wanted with TTLs apart: the lowest", {},
         "0 0 a/900, 0 0 b/300", "", "", "publish: +0 0 a/300, +0 0 b/300"},

        {"O13 the target changed: new in, old out, in one message", {},
         "0 0 new", "0 0 old", "0 0 old", "publish: -0 0 old, +0 0 new"},
        {"O13 the port changed", {},
         "0 0 kms:1689", "0 0 kms", "0 0 kms", "publish: -0 0 kms, +0 0 kms:1689"},
        {"O13 the domain left the list", {},
         "", "0 0 kms", "0 0 other, 0 0 kms", "withdraw: srv, -0 0 kms"},
        {"O13 a derived target changed: the old one stays for now", KEEP,
         "0 0 new", "0 0 old", "0 0 old", "publish: +0 0 new"},
        {"O13 both there, the old one still stays", KEEP,
         "0 0 new", "0 0 old", "0 0 old, 0 0 new", "in order"},
        {"O13 the old one stays, with its TTL too", KEEP,
         "0 0 new", "0 0 old", "0 0 old/600, 0 0 new", "in order"},
        {"O13 the old one stays, the new one is still corrected", KEEP,
         "0 0 new", "0 0 old, 0 0 new", "0 0 old, 9 0 new", "change: -9 0 new, +0 0 new"},
        {"O13 a double of the wanted one goes all the same", KEEP,
         "0 0 new", "0 0 old, 0 0 new", "0 0 old, 0 0 new, 9 0 new", "withdraw: srv, -9 0 new"},
        {"O13 no FQDN: nothing wanted, all stays", KEEP,
         "", "0 0 old", "0 0 old", "in order"},

        {"E5 a CNAME is suspected: an add carries the proof", CNAME,
         "0 0 kms", "", "", "publish: no-cname, +0 0 kms"},
        {"E5 a replacement carries it too", CNAME,
         "0 0 kms", "", "1 0 kms", "change: no-cname, -1 0 kms, +0 0 kms"},
        {"E5 in order, nothing is added", CNAME,
         "0 0 kms", "", "0 0 kms", "in order"},
        {"E5 a refresh adds", {.refresh = true, .cname = true},
         "0 0 kms", "", "0 0 kms", "in order: no-cname, +0 0 kms"},
        {"E5 nothing wanted behind a CNAME", CNAME,
         "", "0 0 kms", "", "in order"},
        {"O11 a removal needs no proof about a CNAME", CNAME,
         "", "0 0 kms", "0 0 kms", "withdraw: srv, -0 0 kms"},
        {"O11 a removal with an add needs no prerequisite", {},
         "0 0 new", "0 0 old", "0 0 old, 0 0 other", "publish: -0 0 old, +0 0 new"},

        {"E8 refresh: a plain add of what is there", REFRESH,
         "0 0 kms", "", "0 0 kms", "in order: +0 0 kms"},
        {"E8 refresh to the octet: in the observed case", REFRESH,
         "0 0 kms", "", "0 0 KMS", "in order: +0 0 KMS"},
        {"E8 refresh with the TTL that is there", REFRESH,
         "0 0 kms", "", "0 0 kms/600, 0 0 other/600", "in order: +0 0 kms/600"},
        {"E8 refresh of both hosts, never of the foreign one", REFRESH,
         "0 0 a, 0 0 b", "", "0 0 b, 0 0 other, 0 0 a", "in order: +0 0 a, +0 0 b"},
        {"E8 refresh leaves out what only stays for now", {.keep = true, .refresh = true},
         "0 0 new", "0 0 old", "0 0 old, 0 0 new", "in order: +0 0 new"},
        {"E8 refresh: two wanted of one offer are one", REFRESH,
         "0 0 kms, 0 0 KMS", "", "0 0 kms", "in order: +0 0 kms"},
        {"E8 refresh with nothing wanted", REFRESH,
         "", "", "0 0 other", "in order"},
        {"E8 not in order: the repair and no more", REFRESH,
         "0 0 a, 0 0 b", "", "0 0 a", "publish: +0 0 b"},
        {"E8 withdrawing is not refreshed", REFRESH,
         "0 0 a", "0 0 old", "0 0 a, 0 0 old", "withdraw: srv, -0 0 old"},
};
/* clang-format on */

START_TEST(table) {
        Set wanted, remembered, observed;
        char text[TEXT_MAX];

        set_parse(cases[_i].wanted, &wanted);
        set_parse(cases[_i].remembered, &remembered);
        set_parse(cases[_i].observed, &observed);
        _cleanup_(plan_freep) Plan *plan =
                plan_make(cases[_i].flags, &wanted, &remembered, &observed);
        plan_print(plan, text);
        ck_assert_msg(strcmp(text, cases[_i].plan) == 0, "%s: \"%s\", not \"%s\"", cases[_i].rule,
                      text, cases[_i].plan);
}
END_TEST

static const struct {
        const char *rule, *wanted, *remembered, *observed;
        uint32_t ttl;
        bool adopted;
        size_t n_ours, n_foreign;
} facts[] = {
        {"O12 alone", "0 0 kms/120", "", "", 120, false, 0, 0},
        {"O12 all ours, wrong TTL", "0 0 kms/120", "", "0 0 kms/600", 120, false, 1, 0},
        {"O12 theirs differs", "0 0 kms", "", "0 0 a/600, 0 0 kms/600", 600, true, 1, 1},
        {"O12 theirs is the configured", "0 0 kms/600", "", "0 0 a/600", 600, false, 0, 1},
        {"O12 lowest is the configured", "0 0 kms/600", "", "0 0 a/900, 0 0 b/600", 600, false, 0,
         2},
        {"O12 lowest of theirs", "0 0 kms", "", "0 0 a/900, 0 0 b/600", 600, true, 0, 2},
        {"O12 nothing wanted, theirs", "", "0 0 kms", "0 0 a/600, 0 0 kms/60", 600, false, 1, 1},
        {"O12 nothing wanted, ours", "", "0 0 kms", "0 0 kms/60", 60, false, 1, 0},
        {"O12 nothing at all", "", "", "", 0, false, 0, 0},
        {"O1 doubles count", "0 0 kms", "0 0 old", "1 0 kms, 2 0 KMS, 0 0 old", 3600, false, 3, 0},
        {"O1 a wanted one that is remembered counts once", "0 0 kms", "0 0 kms", "0 0 kms", 3600,
         false, 1, 0},
};

START_TEST(plan_facts) {
        Set wanted, remembered, observed;

        set_parse(facts[_i].wanted, &wanted);
        set_parse(facts[_i].remembered, &remembered);
        set_parse(facts[_i].observed, &observed);
        _cleanup_(plan_freep) Plan *plan = plan_make((Flags){}, &wanted, &remembered, &observed);
        ck_assert_msg(plan->ttl == facts[_i].ttl, "%s: TTL %u", facts[_i].rule, plan->ttl);
        ck_assert_msg(plan->ttl_adopted == facts[_i].adopted, "%s: adopted", facts[_i].rule);
        ck_assert_msg(plan->n_ours == facts[_i].n_ours, "%s: ours", facts[_i].rule);
        ck_assert_msg(plan->n_foreign == facts[_i].n_foreign, "%s: foreign", facts[_i].rule);
}
END_TEST

START_TEST(verdicts_print) {
        for (PlanVerdict v = 0; v < _PLAN_VERDICT_MAX; v++)
                for (PlanVerdict w = 0; w < v; w++)
                        ck_assert_str_ne(plan_verdict_to_string(v), plan_verdict_to_string(w));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, table, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(tcase, plan_facts, 0, ELEMENTSOF(facts));
        tcase_add_test(tcase, verdicts_print);
}

UNIT_MAIN("plan", add_tests)
