/* lib/ledger: what a plan and the publication are told of the rows (O1, O5, O10, O13).
   support_ledger.h tells how a row reads. */
#include "lib/ledger.h"

#include <string.h>

#include "tests/unit/support_ledger.h"
#include "tests/unit/unit.h"

#define LONG_AGO USEC_PER_DAY

static LedgerBench bench;

static void set_up(void) {
        ledger_bench_init(&bench);
}

static void tear_down(void) {
        ledger_bench_done(&bench);
}

static void check_plan(const char *rule, const Plan *plan, const char *expected) {
        char text[SCENE_TEXT_MAX];

        scene_print_plan(&bench.scene, plan, text);
        ck_assert_msg(strcmp(text, expected) == 0, "%s:\n    %s\nnot %s", rule, text, expected);
}

/* --- the plan --------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
        const char *rule, *rows, *wanted, *scene, *plan, *after;
} plans[] = {
        /* O13: before a message takes our claim its row ceases to say that there is one */
        {"O13: withdrawn: the claim goes with the record, and maybe without it",
         "kms1 0 0 since=50 claimed " ROW_OK, "", "srv 0 0 kms1; claim me kms1 since=50",
         "withdraw: txts, -srv 0 0 kms1, -claim me kms1 since=50",
         "kms1 0 0 since=50 confirmed durable"},
        {"O13: what was never seen with a claim need not be written",
         "kms1 0 0 since=50 " ROW_OK, "", "srv 0 0 kms1; claim me kms1 since=50",
         "withdraw: txts, -srv 0 0 kms1, -claim me kms1 since=50", "kms1 0 0 since=50 " ROW_OK},
        {"O1, O5: what another goes on to claim is not ours without our claim",
         "kms1 0 0 since=50 claimed " ROW_OK, "",
         "srv 0 0 kms1; claim me kms1 since=50; claim p2 kms1",
         "withdraw: txts, -claim me kms1 since=50 | stays-claimed",
         "kms1 0 0 since=50 confirmed claimed current durable"},
        {"O13: a claim that is only written anew",
         "kms1 0 0 since=50 claimed " ROW_OK, "kms1 0 0", "srv 0 0 kms1; claim me kms1 since=7",
         "change: -claim me kms1 since=7, +claim me kms1 since=50",
         "kms1 0 0 since=50 confirmed claimed current durable"},
        /* O5: since when */
        {"O5: no row, nothing there: now",
         "", "kms1 0 0", "", "publish: +srv 0 0 kms1, +claim me kms1 since=1000000",
         "kms1 0 0 since=1000000"},
        {"O5: no row, our claim on the same numbers says since when",
         "", "kms1 0 0", "srv 0 0 kms1; claim me kms1 since=7", "in order",
         "kms1 0 0 since=7"},
        {"O5: no row, our claim on other numbers: now",
         "", "kms1 5 0", "srv 0 0 kms1; claim me kms1 since=7",
         "change: -srv 0 0 kms1, -claim me kms1 since=7, +srv 5 0 kms1, "
         "+claim me kms1 since=1000000",
         "kms1 5 0 since=1000000"},
        {"O5: the row says since when",
         "kms1 0 0 since=50 " ROW_OK, "kms1 0 0", "srv 0 0 kms1",
         "change: +claim me kms1 since=50", "kms1 0 0 since=50 " ROW_OK},
        {"O5: a row that does not, our claim does",
         "kms1 0 0 " ROW_OK, "kms1 0 0", "srv 0 0 kms1; claim me kms1 since=7", "in order",
         "kms1 0 0 since=7 confirmed durable"},
        {"O5: a row that does not, nor a claim: now, and the row is to be written",
         "kms1 0 0 " ROW_OK, "kms1 0 0", "srv 0 0 kms1",
         "change: +claim me kms1 since=1000000", "kms1 0 0 since=1000000 confirmed durable"},
        {"O5: configured anew: now, and the row is to be written",
         "kms1 0 0 since=50 " ROW_OK, "kms1 0 7", "srv 0 0 kms1; claim me kms1 since=50",
         "change: -srv 0 0 kms1, -claim me kms1 since=50, +srv 0 7 kms1, "
         "+claim me kms1 since=1000000", "kms1 0 7 since=1000000 confirmed durable"},
        {"O5: configured anew by a clock that stepped back: later than before all the same",
         "kms1 0 0 since=2000000 " ROW_OK, "kms1 1 0", "srv 0 0 kms1; claim me kms1 since=2000000",
         "change: -srv 0 0 kms1, -claim me kms1 since=2000000, +srv 1 0 kms1, "
         "+claim me kms1 since=2000001", "kms1 1 0 since=2000001 confirmed durable"},
        {"O5: the same though nothing is there that would tell",
         "kms1 0 0 since=2000000 " ROW_OK, "kms1 1 0", "",
         "publish: +srv 1 0 kms1, +claim me kms1 since=2000001",
         "kms1 1 0 since=2000001 confirmed durable"},
        {"O5: in that very second",
         "kms1 0 0 since=1000000 " ROW_OK, "kms1 1 0", "",
         "publish: +srv 1 0 kms1, +claim me kms1 since=1000001",
         "kms1 1 0 since=1000001 confirmed durable"},
        {"O5: configured anew in the second of the last time: later all the same",
         "kms1 0 0 since=1000000 " ROW_OK, "kms1 1 0", "srv 0 0 kms1; claim me kms1 since=1000000",
         "change: -srv 0 0 kms1, -claim me kms1 since=1000000, +srv 1 0 kms1, "
         "+claim me kms1 since=1000001", "kms1 1 0 since=1000001 confirmed durable"},
        {"O5: configured anew: later than another's word, whatever its clock shows",
         "kms1 0 0 since=50 " ROW_OK, "kms1 1 0",
         "srv 9 0 kms1; claim me kms1 since=50; claim p2 kms1 since=2000000",
         "change: -srv 9 0 kms1, -claim me kms1 since=50, +srv 1 0 kms1, "
         "+claim me kms1 since=2000001 | also-claimed",
         "kms1 1 0 since=2000001 confirmed durable"},
        {"O5: each host has its own",
         "kms2 0 0 since=60 " ROW_OK "; kms1 0 0 since=50 " ROW_OK, "kms1 0 0; kms2 3 0", "",
         "publish: +srv 0 0 kms1, +srv 3 0 kms2, +claim me kms1 since=50, "
         "+claim me kms2 since=1000000",
         "kms2 3 0 since=1000000 confirmed durable; kms1 0 0 since=50 " ROW_OK},

        /* O1, O13: what is remembered */
        {"O1 c: published without a claim: it goes",
         "old 0 0 since=1 " ROW_OK, "kms1 0 0", "no-claims; srv 0 0 old; srv 0 0 kms1",
         "withdraw: srv, no-txt, -srv 0 0 old",
         "old 0 0 since=1 " ROW_OK "; kms1 0 0 since=1000000"},
        {"O1: published with a claim that has gone: left",
         "old 0 0 since=1 claimed " ROW_OK, "", "srv 0 0 old", "in order | claim-gone",
         "old 0 0 since=1 confirmed claimed current durable"},
        {"O1: an intent that never was durable is no word of ours: nothing was sent",
         "old 0 0 since=1", "", "srv 0 0 old", "in order", "old 0 0 since=1"},
        {"O1: an intent that was durable once may have been sent",
         "old 0 0 since=1 durable", "", "srv 0 0 old", "withdraw: srv, no-txt, -srv 0 0 old",
         "old 0 0 since=1 durable"},
        {"O10: without claims the row ceases to say so before the message that removes ours",
         "kms1 0 0 since=1 claimed " ROW_OK, "kms1 0 0",
         "no-claims; srv 0 0 kms1; claim me kms1 since=1", "change: -claim me kms1 since=1",
         "kms1 0 0 since=1 confirmed durable"},
        {"O10: a row that never said so stays as it is",
         "kms1 0 0 since=1 " ROW_OK, "kms1 0 0", "no-claims; srv 0 0 kms1", "in order",
         "kms1 0 0 since=1 " ROW_OK},
        {"O10: with claims it goes on saying so",
         "kms1 0 0 since=1 claimed " ROW_OK, "kms1 0 0", "srv 0 0 kms1; claim me kms1 since=1",
         "in order", "kms1 0 0 since=1 confirmed claimed current durable"},
        {"O10: a row that is only to be withdrawn goes on saying so",
         "old 0 0 since=1 claimed " ROW_OK, "kms1 0 0", "no-claims; srv 0 0 kms1; srv 0 0 old",
         "in order | claim-gone",
         "old 0 0 since=1 confirmed claimed current durable; kms1 0 0 since=1000000"},
        {"O13: the row of an offer that is planned for the first time has its since= from then on",
         "kms1 0 0 since=50", "kms1 0 0", "", "publish: +srv 0 0 kms1, +claim me kms1 since=50",
         "kms1 0 0 since=50"},
        {"O13: the former name of this machine stays while the new one is not stable",
         "old 0 0 since=1 derived " ROW_OK, "new 0 0 derived", "no-claims; srv 0 0 old",
         "publish: +srv 0 0 new",
         "old 0 0 since=1 derived " ROW_OK "; new 0 0 since=1000000 derived"},

        /* O5: since= ends where claims end, whoever has driven it there */
        {"O5: one before the end", "kms1 0 0 since=9223372036854775806 claimed " ROW_OK, "kms1 5 0",
         "srv 0 0 kms1; claim me kms1 since=9223372036854775806",
         "change: -srv 0 0 kms1, -claim me kms1 since=9223372036854775806, +srv 5 0 kms1, +claim me kms1 since=9223372036854775807",
         "kms1 5 0 since=9223372036854775807 confirmed claimed durable"},
        {"O5: at the end", "kms1 0 0 since=9223372036854775807 claimed " ROW_OK, "kms1 5 0",
         "srv 0 0 kms1; claim me kms1 since=9223372036854775807",
         "change: -srv 0 0 kms1, +srv 5 0 kms1, +claim me kms1 since=9223372036854775807",
         "kms1 5 0 since=9223372036854775807 confirmed claimed durable"},
        {"O5: of another publisher", "", "kms1 5 0",
         "srv 0 0 kms1; claim p2 kms1 since=9223372036854775807",
         "change: +claim me kms1 since=1000000 | numbers-of-other also-claimed",
         "kms1 5 0 since=1000000"},

        /* O7: nothing is sent, so nothing of what is known changes */
        {"O7: a claim that would be taken", "old 0 0 since=1 claimed " ROW_OK, "kms1 0 0",
         "observe; srv 0 0 old; claim me old since=1",
         "publish: txts, -srv 0 0 old, -claim me old since=1, +srv 0 0 kms1, +claim me kms1 since=1000000",
         "old 0 0 since=1 confirmed claimed current durable; kms1 0 0 since=1000000"},
        {"O7: a claim that would go, its record would stay", "kms1 0 0 since=1 claimed " ROW_OK,
         "kms1 0 0", "observe; no-claims; srv 0 0 kms1; claim me kms1 since=1",
         "change: -claim me kms1 since=1",
         "kms1 0 0 since=1 confirmed claimed current durable"},

        /* The policy is handed on. */
        {"O6", "", "kms1 0 0", "exclusive; srv 0 0 x", "standby for srv 0 0 x",
         "kms1 0 0 since=1000000"},
        {"O8: a lease", "kms1 0 0 since=100 " ROW_OK, "kms1 0 0", "lease=60; srv 0 0 kms1",
         "change: +claim me kms1 until=1000060 lease=60", "kms1 0 0 since=100 " ROW_OK},
        {"O8: reclaiming", "", "kms1 0 0",
         "no-claims; reclaim; srv 0 0 kms1; srv 0 0 x; claim p2 x until=9 dead",
         "withdraw: srvs, txts, -srv 0 0 x, -claim p2 x until=9 dead | reclaims",
         "kms1 0 0 since=1000000"},
        {"O9", "", "kms1 0 0", "no-claims; from x; srv 0 0 kms1; srv 0 0 x",
         "withdraw: srvs, -srv 0 0 x | takes-over",
         "kms1 0 0 since=1000000"},
        {"E8", "", "kms1 0 0", "no-claims; refresh; srv 0 0 kms1", "in order: +srv 0 0 kms1",
         "kms1 0 0 since=1000000"},
        {"O1: a twin's", "", "kms1 0 0",
         "strays; no-claims; srv 0 0 kms1; srv 0 0 x; claim me x", "in order | strays",
         "kms1 0 0 since=1000000"},
};
/* clang-format on */

START_TEST(plan_follows_from_rows) {
        ledger_bench_lay_out(&bench, plans[_i].rows, plans[_i].wanted, plans[_i].scene);
        _cleanup_(plan_freep) Plan *plan = ledger_bench_plan(&bench, 1);
        check_plan(plans[_i].rule, plan, plans[_i].plan);
        ledger_bench_check(&bench, plans[_i].rule, plans[_i].after);
}
END_TEST

START_TEST(policy_is_handed_on) {
        ledger_bench_lay_out(&bench, "", "kms1 0 0", _i ? "observe; optional" : "");
        _cleanup_(plan_freep) Plan *plan = ledger_bench_plan(&bench, 1);
        ck_assert(plan->observes == (_i > 0));
        ck_assert(plan->claims_optional == (_i > 0));
}
END_TEST

/* --- what the publication is told ------------------------------------------------------------- */

static const struct {
        const char *rule, *rows, *wanted, *scene;
        bool stable; /* published long ago */
        bool remembered_all, forgets, holds_derived;
} briefs[] = {
        {"no row", "", "kms1 0 0", "", false, false, false, false},
        {"nothing wanted", "", "", "", false, true, false, false},
        {"a row as it stands", "kms1 0 0 since=1 current durable", "kms1 0 0", "", false, true,
         false, false},
        {"a row in a former form", "kms1 0 0 since=1 durable", "kms1 0 0", "", false, false, false,
         false},
        {"a row with other numbers", "kms1 0 0 since=1 " ROW_OK, "kms1 9 0", "", false, false,
         false, false},
        {"a row that said claimed", "kms1 0 0 since=1 claimed " ROW_OK, "kms1 0 0", "no-claims",
         false, false, false, false},
        {"one of two hosts", "kms1 0 0 since=1 " ROW_OK, "kms1 0 0; kms2 0 0", "", false, false,
         false, false},
        {"both hosts", "kms2 0 0 since=1 " ROW_OK "; kms1 0 0 since=1 " ROW_OK,
         "kms1 0 0; kms2 0 0", "", false, true, false, false},
        {"in other case", "KMS1 0 0 since=1 " ROW_OK, "kms1 0 0", "", false, true, false, false},
        {"a former offer", "kms1 0 0 since=1 " ROW_OK "; old 0 0 since=1 " ROW_OK, "kms1 0 0", "",
         false, true, true, false},
        {"a former offer that never was durable", "kms1 0 0 since=1 " ROW_OK "; old 0 0 since=1",
         "kms1 0 0", "", false, true, false, false},
        {"a former name that never was", "old 0 0 since=1 derived", "new 0 0 derived", "", false,
         false, false, false},
        {"only to be withdrawn", "old 0 0 since=1 derived " ROW_OK, "", "", false, true, true,
         false},
        {"a former name of this machine", "old 0 0 since=1 derived " ROW_OK, "new 0 0 derived", "",
         false, false, true, true},
        {"the same, with a target that is configured now", "old 0 0 since=1 derived " ROW_OK,
         "new 0 0", "", false, false, true, true},
        {"the same, and the new one is stable", "old 0 0 since=1 derived " ROW_OK,
         "new 0 0 derived", "srv 0 0 new", true, false, true, false},
        {"another port of the same name", "kms1:1689 0 0 since=1 derived " ROW_OK,
         "kms1 0 0 derived", "", false, false, true, false},
        {"another port of a further host's name", "kms2:1689 0 0 since=1 derived " ROW_OK,
         "kms1 0 0 derived; kms2 0 0", "", false, false, true, false},
        {"a former target that was configured", "old 0 0 since=1 " ROW_OK, "new 0 0 derived", "",
         false, false, true, false},
        {"in standby all of it will be forgotten, and nothing is held",
         "old 0 0 since=1 derived " ROW_OK, "new 0 0 derived", "exclusive; srv 0 0 x", false, false,
         true, false},
        {"in standby without a row nothing is forgotten", "", "kms1 0 0", "exclusive; srv 0 0 x",
         false, false, false, false},
        {"in standby what is wanted too", "kms1 0 0 since=1 " ROW_OK, "kms1 0 0",
         "exclusive; srv 0 0 x", false, true, true, false},
};

START_TEST(publication_is_told) {
        ledger_bench_lay_out(&bench, briefs[_i].rows, briefs[_i].wanted, briefs[_i].scene);
        bench.publication.remembered_all = bench.publication.forgets =
                bench.publication.holds_derived = _i % 2;
        if (briefs[_i].stable)
                bench.publication.state = PUBLICATION_PUBLISHED;
        _cleanup_(plan_freep) Plan *plan = ledger_bench_plan(&bench, LONG_AGO);
        ck_assert_msg(bench.publication.remembered_all == briefs[_i].remembered_all,
                      "O13, %s: remembered all", briefs[_i].rule);
        ck_assert_msg(bench.publication.forgets == briefs[_i].forgets, "O13, %s: forgets",
                      briefs[_i].rule);
        ck_assert_msg(bench.publication.holds_derived == briefs[_i].holds_derived, "O13, %s: holds",
                      briefs[_i].rule);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, plan_follows_from_rows, 0, ELEMENTSOF(plans));
        tcase_add_loop_test(tcase, policy_is_handed_on, 0, 2);
        tcase_add_loop_test(tcase, publication_is_told, 0, ELEMENTSOF(briefs));
}

UNIT_MAIN("ledger plan", add_tests)
