/* The ownership rules as a table: exclusive, observe, leases, takeover (O6-O9).
   support_plan.h tells how a row reads. */
#include "lib/plan.h"

#include "tests/unit/support_plan.h"
#include "tests/unit/unit.h"

/* clang-format off */
static const struct {
        const char *rule, *scene, *plan;
} cases[] = {
        /* --- O6: exclusive */
        {"O6: a free name: added if it still is free",
         "exclusive; want 0 0 kms1",
         "publish: no-srv, +srv 0 0 kms1, +claim me kms1"},
        {"O6: free but for TXTs and what others' claims have left",
         "exclusive; want 0 0 kms1; txt v=spf1 -all; claim p2 kms2",
         "publish: no-srv, +srv 0 0 kms1, +claim me kms1"},
        {"O6, E5: a CNAME is suspected",
         "exclusive; cname; want 0 0 kms1",
         "publish: no-cname, no-srv, +srv 0 0 kms1, +claim me kms1"},
        {"O6: several hosts of one publisher",
         "exclusive; want 0 0 a; want 0 0 b",
         "publish: no-srv, +srv 0 0 a, +srv 0 0 b, +claim me a, +claim me b"},
        {"O6: a further host is the holder's own change",
         "exclusive; want 0 0 a; want 0 0 b; srv 0 0 a; claim me a",
         "publish: srvs, txts, +srv 0 0 b, +claim me b"},
        {"O6: held by us: nothing to write",
         "exclusive; want 0 0 kms1; srv 0 0 kms1; claim me kms1",
         "in order"},
        {"O6, O1 b: unclaimed and as wanted, we hold it: claimed if nobody has claimed it meanwhile",
         "exclusive; want 0 0 kms1; srv 0 0 kms1",
         "change: no-txt, srvs, +claim me kms1"},
        {"O6, O1 b: the same with TXTs there",
         "exclusive; want 0 0 kms1; srv 5 0 kms1; txt v=spf1",
         "change: srvs, txts, -srv 5 0 kms1, +srv 0 0 kms1, +claim me kms1"},
        {"O6: the holder's change of numbers: only if the set is still as it was",
         "exclusive; want 10 0 kms1 since=200; srv 0 0 kms1; claim me kms1",
         "change: srvs, txts, -srv 0 0 kms1, -claim me kms1, +srv 10 0 kms1, +claim me kms1 "
         "since=200"},
        {"O6: the holder's change of target",
         "exclusive; want 0 0 new; was old claimed; srv 0 0 old; claim me old",
         "publish: srvs, txts, -srv 0 0 old, -claim me old, +srv 0 0 new, +claim me new"},
        {"O6: the holder's change of target, without claims",
         "exclusive; no-claims; want 0 0 new; was old; srv 0 0 old",
         "publish: no-txt, srvs, -srv 0 0 old, +srv 0 0 new"},
        {"O6, O8: a renewal adds too",
         "exclusive; lease=3600; want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=1000001 lease=3600",
         "in order: srvs, txts, -claim me kms1 until=1000001 lease=3600, "
         "+claim me kms1 until=1003600 lease=3600"},
        {"O6: a refresh adds, and so it carries the set",
         "exclusive; refresh; no-claims; want 0 0 kms1; srv 0 0 kms1",
         "in order: no-txt, srvs, +srv 0 0 kms1"},
        {"O6: another holds it: standby, and it is told who",
         "exclusive; want 0 0 kms1; srv 0 0 kms2; claim p2 kms2",
         "standby for srv 0 0 kms2 of p2"},
        {"O6: held without a claim",
         "exclusive; want 0 0 kms1; srv 5 6 kms2; srv 0 0 kms3; claim p3 kms3",
         "standby for srv 5 6 kms2"},
        {"O6: held by another publisher's claim on our own offer",
         "exclusive; want 0 0 kms1; srv 0 0 kms1; claim p2 kms1",
         "standby for srv 0 0 kms1 of p2"},
        {"O6: held by a twin with our id",
         "exclusive; strays; want 0 0 kms1; srv 0 0 old; claim me old",
         "standby for srv 0 0 old of me | strays"},
        {"O6: held with what we published and left unclaimed long ago",
         "exclusive; want 0 0 kms1; was old claimed; srv 0 0 old",
         "standby for srv 0 0 old | claim-gone"},
        {"O6: standby is not refreshed",
         "exclusive; refresh; want 0 0 kms1; srv 0 0 kms2",
         "standby for srv 0 0 kms2"},
        {"O6: standby takes nothing of ours along that others keep",
         "exclusive; want 0 0 kms1; was kms3; srv 0 0 kms2; srv 0 0 kms3; claim p3 kms3",
         "standby for srv 0 0 kms2 | stays-claimed"},
        {"O6: another holds it, and only our claim is left: it goes",
         "exclusive; want 0 0 kms1; srv 0 0 kms2; claim me kms1; claim p2 kms2",
         "standby for srv 0 0 kms2 of p2: -claim me kms1"},
        {"O6: a holder that finds foreign ones beside it stays",
         "exclusive; want 0 0 kms1; srv 0 0 kms2; srv 0 0 kms1; claim me kms1; claim p2 kms2",
         "in order | foreign-beside"},
        {"O6: and still repairs its own",
         "exclusive; want 9 0 kms1; srv 0 0 kms2; srv 0 0 kms1; claim me kms1",
         "change: srvs, txts, -srv 0 0 kms1, +srv 9 0 kms1, +claim me kms1 | foreign-beside"},
        {"O6: expired and to be reclaimed: replaced in one message",
         "exclusive; reclaim; want 0 0 kms1; srv 0 0 kms2; claim p2 kms2 until=9 lease=9 dead",
         "publish: srvs, txts, -srv 0 0 kms2, -claim p2 kms2 until=9 lease=9 dead, "
         "+srv 0 0 kms1, +claim me kms1 | reclaims"},
        {"O6: expired, but ReclaimExpired=no",
         "exclusive; want 0 0 kms1; srv 0 0 kms2; claim p2 kms2 until=9 lease=9 dead",
         "standby for srv 0 0 kms2 of p2"},
        {"O6, O8: expired beside one that lives: the dead one goes, the name is still held",
         "exclusive; reclaim; want 0 0 kms1; srv 0 0 kms2; srv 0 0 kms3; "
         "claim p2 kms2 until=9 lease=9 dead; claim p3 kms3",
         "standby for srv 0 0 kms3 of p3: srvs, txts, -srv 0 0 kms2, "
         "-claim p2 kms2 until=9 lease=9 dead | reclaims"},
        {"O6: what we share and no longer want is the other's: we leave it, and stand by",
         "exclusive; want 0 0 new; srv 0 0 old; claim me old; claim p2 old",
         "standby for srv 0 0 old of p2: txts, -claim me old | stays-claimed"},
        {"O6: nothing wanted: what is ours goes, whoever holds the name",
         "exclusive; srv 0 0 kms2; srv 0 0 kms1; claim me kms1; claim p2 kms2",
         "withdraw: txts, -srv 0 0 kms1, -claim me kms1"},

        /* --- O7: observe */
        {"O7: what would be written, beside others",
         "observe; want 0 0 kms1; srv 0 0 kms2; claim p2 kms2",
         "publish: +srv 0 0 kms1, +claim me kms1"},
        {"O7: in order",
         "observe; want 0 0 kms1; srv 0 0 kms1; claim me kms1",
         "in order"},

        /* --- O8: our own lease */
        {"O8: a claim with a lease says until when, and for how long",
         "lease=3600; want 0 0 kms1",
         "publish: +srv 0 0 kms1, +claim me kms1 until=1003600 lease=3600"},
        {"O8: more than half of it is left",
         "lease=3600; want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=1001801 lease=3600",
         "in order"},
        {"O8: half of it is left: renewed",
         "lease=3600; want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=1001800 lease=3600",
         "in order: -claim me kms1 until=1001800 lease=3600, "
         "+claim me kms1 until=1003600 lease=3600"},
        {"O8: ours has run out",
         "lease=3600; want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=900000 lease=3600",
         "in order: -claim me kms1 until=900000 lease=3600, "
         "+claim me kms1 until=1003600 lease=3600"},
        {"O8: as far as it can be",
         "lease=3600; want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=1003600 lease=3600",
         "in order"},
        {"O8: too far: our clock was wrong then",
         "lease=3600; want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=2000000 lease=3600",
         "in order: -claim me kms1 until=2000000 lease=3600, "
         "+claim me kms1 until=1003600 lease=3600"},
        {"O8: the renewed claim is refreshed by that",
         "refresh; lease=3600; want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=1001800 lease=3600",
         "in order: -claim me kms1 until=1001800 lease=3600, +srv 0 0 kms1, "
         "+claim me kms1 until=1003600 lease=3600"},
        {"O8: only the claim that is due is renewed",
         "lease=3600; want 0 0 a; want 0 0 b; srv 0 0 a; srv 0 0 b; "
         "claim me a until=1003000 lease=3600; claim me b until=1000003 lease=3600",
         "in order: -claim me b until=1000003 lease=3600, +claim me b until=1003600 lease=3600"},
        {"O8: a lease that is new",
         "lease=3600; want 0 0 kms1; srv 0 0 kms1; claim me kms1",
         "change: -claim me kms1, +claim me kms1 until=1003600 lease=3600"},
        {"O8: a lease that is longer now",
         "lease=7200; want 0 0 kms1; srv 0 0 kms1; claim me kms1 until=1003600 lease=3600",
         "change: -claim me kms1 until=1003600 lease=3600, +claim me kms1 until=1007200 lease=7200"},
        {"O8: another's claim with the same offer is no matter of our lease",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1; claim p2 kms1 since=7 until=9 lease=9",
         "in order | also-claimed"},

        /* --- O8: others' leases */
        {"O8: a dead one goes with its record, if both sets are still as observed",
         "reclaim; want 0 0 kms1; srv 0 0 kms1; claim me kms1; "
         "srv 0 0 kms2; claim p2 kms2 until=9 lease=9 dead",
         "withdraw: srvs, txts, -srv 0 0 kms2, -claim p2 kms2 until=9 lease=9 dead | reclaims"},
        {"O8: exactly as observed, case included",
         "reclaim; want 0 0 kms1; srv 0 0 kms1; claim me kms1; "
         "srv 0 0 KMS2; claim p2 kMs2 until=9 lease=9 dead",
         "withdraw: srvs, txts, -srv 0 0 KMS2, -claim p2 kMs2 until=9 lease=9 dead | reclaims"},
        {"O8: several dead ones in one message",
         "reclaim; want 0 0 a; srv 0 0 a; claim me a; srv 0 0 b; srv 0 0 c; "
         "claim p2 b until=9 dead; claim p3 c until=8 dead",
         "withdraw: srvs, txts, -srv 0 0 b, -srv 0 0 c, -claim p2 b until=9 dead, "
         "-claim p3 c until=8 dead | reclaims"},
        {"O8: one record that two dead ones claimed",
         "reclaim; want 0 0 a; srv 0 0 a; claim me a; srv 0 0 b; "
         "claim p2 b until=9 dead; claim p3 b until=8 dead",
         "withdraw: srvs, txts, -srv 0 0 b, -claim p2 b until=9 dead, -claim p3 b until=8 dead "
         "| reclaims"},
        {"O8: dead, but ReclaimExpired=no",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1; srv 0 0 kms2; claim p2 kms2 until=9 dead",
         "in order"},
        {"O8: past its until=, but not dead",
         "reclaim; want 0 0 kms1; srv 0 0 kms1; claim me kms1; srv 0 0 kms2; claim p2 kms2 until=9",
         "in order"},
        {"O8: a dead claim beside a living one: the record stays",
         "reclaim; want 0 0 kms1; srv 0 0 kms1; claim me kms1; "
         "srv 0 0 kms2; claim p2 kms2 until=9 dead; claim p3 kms2",
         "withdraw: srvs, txts, -claim p2 kms2 until=9 dead | reclaims"},
        {"O8: a dead claim beside ours: the record stays",
         "reclaim; want 0 0 kms1; srv 0 0 kms1; claim me kms1; claim p2 kms1 until=9 dead",
         "withdraw: srvs, txts, -claim p2 kms1 until=9 dead | reclaims"},
        {"O8, O5: who is dead has no say in the numbers",
         "reclaim; want 9 0 kms1; srv 0 0 kms1; claim me kms1; claim p2 kms1 since=500 until=9 dead",
         "change: srvs, txts, -srv 0 0 kms1, -claim p2 kms1 since=500 until=9 dead, +srv 9 0 kms1, "
         "+claim me kms1 | reclaims"},
        {"O8, O5: dead, but ReclaimExpired=no: it still has",
         "want 9 0 kms1; srv 0 0 kms1; claim me kms1; claim p2 kms1 since=500 until=9 dead",
         "in order | numbers-of-other also-claimed"},
        {"O8: together with what is missing of ours",
         "reclaim; want 0 0 kms1; srv 0 0 kms2; claim p2 kms2 until=9 dead",
         "publish: srvs, txts, -srv 0 0 kms2, -claim p2 kms2 until=9 dead, +srv 0 0 kms1, "
         "+claim me kms1 | reclaims"},
        {"O8: a dead claim on another offer of the host takes no foreign record along",
         "reclaim; want 0 0 a; srv 0 0 a; claim me a; srv 0 0 b:1689; srv 0 0 b; "
         "claim p2 b until=9 dead",
         "withdraw: srvs, txts, -srv 0 0 b, -claim p2 b until=9 dead | reclaims"},

        /* --- O9: takeover */
        {"O9: the record and all its claims go, ours comes, if the set is still as observed",
         "from kms2; want 0 0 kms1; srv 5 0 kms2; claim p2 kms2; claim p3 kms2 since=7",
         "publish: srvs, -srv 5 0 kms2, -claim p2 kms2, -claim p3 kms2 since=7, +srv 0 0 kms1, "
         "+claim me kms1 | takes-over"},
        {"O9: in whatever case",
         "from KMS2; want 0 0 kms1; srv 0 0 Kms2; claim p2 kmS2",
         "publish: srvs, -srv 0 0 Kms2, -claim p2 kmS2, +srv 0 0 kms1, +claim me kms1 | takes-over"},
        {"O9: unclaimed",
         "from kms2; no-claims; want 0 0 kms1; srv 0 0 kms2; srv 0 0 kms3",
         "publish: srvs, -srv 0 0 kms2, +srv 0 0 kms1 | takes-over"},
        {"O9: from a twin with our id",
         "from old; strays; no-claims; want 0 0 kms1; srv 0 0 old; claim me old",
         "publish: srvs, -srv 0 0 old, -claim me old, +srv 0 0 kms1 | takes-over"},
        {"O9: on the port that was named, no other",
         "from kms2:1689; want 0 0 kms1; srv 0 0 kms2; srv 0 0 kms2:1689; claim p2 kms2; "
         "claim p2 kms2:1689",
         "publish: srvs, -srv 0 0 kms2:1689, -claim p2 kms2:1689, +srv 0 0 kms1, +claim me kms1 "
         "| takes-over"},
        {"O9: ours is there already",
         "from kms2; want 0 0 kms1; srv 0 0 kms2; srv 0 0 kms1; claim p2 kms2; claim me kms1",
         "withdraw: srvs, -srv 0 0 kms2, -claim p2 kms2 | takes-over"},
        {"O9: it is not there: no takeover",
         "from kms9; want 0 0 kms1; srv 0 0 kms2; claim p2 kms2",
         "publish: +srv 0 0 kms1, +claim me kms1"},
        {"O9: from our own target: claims that a lost state left behind",
         "from kms1; want 0 0 kms1; srv 0 0 kms1; claim p2 kms1 since=500; claim p3 kms1",
         "change: srvs, -claim p2 kms1 since=500, -claim p3 kms1, +claim me kms1 | takes-over"},
        {"O9: from our own target, with other numbers than ours",
         "from kms1; want 9 0 kms1; srv 0 0 kms1; claim me kms1; claim p2 kms1 since=500",
         "change: srvs, -srv 0 0 kms1, -claim p2 kms1 since=500, +srv 9 0 kms1, +claim me kms1 "
         "| takes-over"},
        {"O9: from our own target, which is all ours: nothing to take over",
         "from kms1; want 0 0 kms1; srv 0 0 kms1; claim me kms1",
         "in order"},
        {"O9, O6: in exclusive mode",
         "exclusive; from kms2; want 0 0 kms1; srv 0 0 kms2; claim p2 kms2",
         "publish: srvs, txts, -srv 0 0 kms2, -claim p2 kms2, +srv 0 0 kms1, +claim me kms1 | "
         "takes-over"},
        {"O9, O6: in exclusive mode from our own target",
         "exclusive; from kms1; want 0 0 kms1; srv 0 0 kms1; claim p2 kms1",
         "change: srvs, txts, -claim p2 kms1, +claim me kms1 | takes-over"},
        {"O9, O6: in exclusive mode, and a third one holds the name too: nothing is taken over",
         "exclusive; from kms2; want 0 0 kms1; srv 0 0 kms2; srv 0 0 kms3; claim p2 kms2",
         "standby for srv 0 0 kms2 of p2"},
        {"O9, O7: observed only",
         "observe; from kms2; want 0 0 kms1; srv 0 0 kms2",
         "publish: srvs, -srv 0 0 kms2, +srv 0 0 kms1, +claim me kms1 | takes-over"},
};
/* clang-format on */

START_TEST(table) {
        plan_check(cases[_i].rule, cases[_i].scene, cases[_i].plan);
}
END_TEST

static const struct {
        const char *rule, *scene;
        bool observes, adds_claim, claims_optional, removes_strays;
        size_t n_ours, n_foreign;
} facts[] = {
        {"O7: not to be sent", "observe; want 0 0 a; srv 0 0 b", true, true, false, false, 0, 1},
        {"O7: in order", "observe; want 0 0 a; srv 0 0 a; claim me a", true, false, false, false, 1,
         0},
        {"O3: shared is sent", "want 0 0 a; srv 0 0 b", false, true, false, false, 0, 1},
        {"O6: exclusive is sent", "exclusive; want 0 0 a", false, true, false, false, 0, 0},
        {"O6: standby", "exclusive; want 0 0 a; srv 0 0 b", false, false, false, false, 0, 1},
        {"O10: may be done without", "optional; want 0 0 a; srv 0 0 a", false, true, true, false, 1,
         0},
        {"O10: optional, and none to add", "optional; want 0 0 a; srv 0 0 a; claim me a", false,
         false, true, false, 1, 0},
        {"O10: none", "no-claims; want 0 0 a; srv 0 0 b; claim p2 b", false, false, false, false, 0,
         1},
        {"O8: a renewal adds a claim",
         "lease=9; want 0 0 a; srv 0 0 a; claim me a until=1000001 lease=9", false, true, false,
         false, 1, 0},
        {"O1: all three kinds of ours",
         "want 0 0 a; was c; srv 0 0 a; srv 0 0 b; srv 0 0 c; claim me b; srv 0 0 d", false, true,
         false, true, 3, 1},
        {"O1: doubles count", "no-claims; want 0 0 a; was b; srv 1 0 a; srv 2 0 A; srv 0 0 b",
         false, false, false, false, 3, 0},
        {"O1: wanted and remembered counts once", "no-claims; want 0 0 a; was a; srv 0 0 a", false,
         false, false, false, 1, 0},
        {"O1: a claim that has gone", "was a claimed; srv 0 0 a", false, false, false, false, 0, 1},
        {"O1: claimed by us and another", "was a; srv 0 0 a; claim me a; claim p2 a", false, false,
         false, false, 1, 0},
        {"O1: our id claims what we know nothing of",
         "want 0 0 a; srv 0 0 a; claim me a; srv 0 0 b; claim me b", false, false, false, true, 2,
         0},
        {"O1: the same without its record", "claim me b", false, false, false, true, 0, 0},
        {"O1: left to a twin", "strays; srv 0 0 b; claim me b", false, false, false, false, 0, 1},
};

START_TEST(plan_facts) {
        const char *rule = facts[_i].rule;
        Scene scene;

        scene_read(&scene, facts[_i].scene);
        _cleanup_(plan_freep) Plan *plan = scene_plan(&scene);
        ck_assert_msg(plan->observes == facts[_i].observes, "%s: observes", rule);
        ck_assert_msg(plan->adds_claim == facts[_i].adds_claim, "%s: adds a claim", rule);
        ck_assert_msg(plan->claims_optional == facts[_i].claims_optional, "%s: optional", rule);
        ck_assert_msg(plan->removes_strays == facts[_i].removes_strays, "%s: strays", rule);
        ck_assert_msg(plan->n_ours == facts[_i].n_ours, "%s: %zu ours", rule, plan->n_ours);
        ck_assert_msg(plan->n_foreign == facts[_i].n_foreign, "%s: %zu foreign", rule,
                      plan->n_foreign);
}
END_TEST

/* What a publication looks at when the answer comes (E5, O10, O12). */
static const struct {
        const char *scene;
        unsigned traits;
} traits[] = {
        {"want 0 0 a; srv 0 0 a; claim me a", 0},
        {"want 0 0 a", PLAN_TRAIT_ADDS_SRV},
        {"want 0 0 a; srv 0 0 a", 0},
        {"optional; want 0 0 a; srv 0 0 a", PLAN_TRAIT_CAN_DROP_CLAIM},
        {"optional; want 0 0 a; srv 0 0 a; claim me a", 0},
        {"optional; no-claims; want 0 0 a", PLAN_TRAIT_ADDS_SRV},
        {"optional; cname; want 0 0 a",
         PLAN_TRAIT_CAN_DROP_CLAIM | PLAN_TRAIT_NO_CNAME | PLAN_TRAIT_ADDS_SRV},
        {"exclusive; want 0 0 a", PLAN_TRAIT_FREE | PLAN_TRAIT_ADDS_SRV},
        {"exclusive; want 0 0 a; srv 0 0 a", PLAN_TRAIT_FREE},
        {"exclusive; want 0 0 a; srv 1 0 a; txt v=spf1; claim me a", PLAN_TRAIT_ADDS_SRV},
        {"no-claims; want 0 0 a; srv 0 0 a/5", PLAN_TRAIT_TTL_ONLY | PLAN_TRAIT_ADDS_SRV},
        {"optional; want 0 0 a; srv 0 0 a/5; claim me a",
         PLAN_TRAIT_TTL_ONLY | PLAN_TRAIT_ADDS_SRV | PLAN_TRAIT_CAN_DROP_CLAIM},
        {"was a; srv 0 0 a", PLAN_TRAIT_SRV | PLAN_TRAIT_FREE},
        {"srv 0 0 a; claim me a", 0},
};

START_TEST(plan_has_traits) {
        Scene scene;

        scene_read(&scene, traits[_i].scene);
        _cleanup_(plan_freep) Plan *plan = scene_plan(&scene);
        ck_assert_msg(plan_traits(plan) == traits[_i].traits, "%s: traits %x", traits[_i].scene,
                      plan_traits(plan));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, table, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(tcase, plan_facts, 0, ELEMENTSOF(facts));
        tcase_add_loop_test(tcase, plan_has_traits, 0, ELEMENTSOF(traits));
}

UNIT_MAIN("plan modes", add_tests)
