/* The ownership rules as a table: one TTL for everybody's RRs (O12), of SRV and TXT.
   support_plan.h tells how a row reads. */
#include "lib/plan.h"

#include "tests/unit/support_plan.h"
#include "tests/unit/unit.h"

/* clang-format off */
static const struct {
        const char *rule, *scene, *plan;
} cases[] = {
        {"O12: alone: the configured TTL",
         "want 0 0 kms1/120",
         "publish: +srv 0 0 kms1/120, +claim me kms1/120 ttl=120"},
        {"O12: alone with another TTL: replaced",
         "want 0 0 kms1; srv 0 0 kms1/600; claim me kms1",
         "change: -srv 0 0 kms1, +srv 0 0 kms1, +claim me kms1"},
        {"O12: foreign ones there, unclaimed: theirs",
         "want 0 0 kms1; srv 0 0 x/600",
         "publish: +srv 0 0 kms1/600, +claim me kms1"},
        {"O12: theirs is longer",
         "want 0 0 kms1/60; srv 0 0 x/86400",
         "publish: +srv 0 0 kms1/86400, +claim me kms1/60 ttl=60"},
        {"O12: theirs is 0",
         "no-claims; want 0 0 kms1; srv 0 0 x/0",
         "publish: +srv 0 0 kms1/0"},
        {"O12: theirs apart (Samba): the lowest",
         "no-claims; want 0 0 kms1; srv 0 0 a/900; srv 0 0 b/300; srv 0 0 c/7200",
         "publish: +srv 0 0 kms1/300"},
        {"O12: ours has theirs: in order",
         "want 0 0 kms1; srv 0 0 x/600; srv 0 0 kms1/600; claim me kms1",
         "in order"},
        {"O12: ours alone has another (Samba): only ours is written",
         "want 0 0 kms1; srv 0 0 x/600; srv 0 0 kms1; claim me kms1",
         "change: -srv 0 0 kms1, +srv 0 0 kms1/600, +claim me kms1"},
        {"O12: a foreign one that is claimed: the lowest ttl= of the claims, theirs",
         "want 0 0 kms1; srv 0 0 x/600; claim p2 x/600 ttl=600",
         "publish: +srv 0 0 kms1/600, +claim me kms1/600"},
        {"O12: the lowest ttl= of the claims, ours",
         "want 0 0 kms1/60; srv 0 0 x/600; claim p2 x/600 ttl=600",
         "publish: +srv 0 0 kms1/60, +claim me kms1/60 ttl=60"},
        {"O12: ours as it is configured now, not as our claim still says",
         "want 0 0 kms1; srv 0 0 kms1/600; claim me kms1/600 ttl=600",
         "change: -srv 0 0 kms1, -claim me kms1/600 ttl=600, +srv 0 0 kms1, +claim me kms1"},
        {"O12: unclaimed ones decide, whatever claims say",
         "want 0 0 kms1; srv 0 0 x/900; srv 0 0 y/900; claim p2 y ttl=60",
         "publish: +srv 0 0 kms1/900, +claim me kms1/60"},
        {"O12: a claimed one's TTL is not looked at, its claim's ttl= is",
         "want 0 0 kms1; srv 0 0 x/30; srv 0 0 kms1; claim p2 x; claim me kms1",
         "in order"},
        {"O12: ours is rewritten with others' claimed ones beside it",
         "want 0 0 kms1; srv 0 0 x/600; srv 0 0 kms1/600; claim p2 x ttl=900; claim me kms1",
         "change: -srv 0 0 kms1, +srv 0 0 kms1/900, +claim me kms1"},
        {"O12: never foreign ones",
         "srv 0 0 x/600; claim p2 x ttl=900; want 0 0 kms1; srv 0 0 kms1/900; claim me kms1",
         "in order"},
        {"O12: an offer whose numbers another decides keeps its TTL too",
         "want 9 0 kms1; srv 0 0 kms1/900; claim me kms1; claim p2 kms1 since=500 ttl=7200",
         "in order | numbers-of-other also-claimed"},
        {"O12: an offer that another decides, and its TTL too (Samba), is no reason to write others",
         "want 0 0 a; want 0 0 b; srv 0 0 a; srv 0 0 b/600; claim me a; claim me b; "
         "claim p2 b since=500",
         "in order | also-claimed"},
        {"O12: all ours, one is wrong (Samba): all of it anew",
         "no-claims; want 0 0 a; want 0 0 b; srv 0 0 a; srv 0 0 b/600",
         "change: -srv 0 0 a, -srv 0 0 b, +srv 0 0 a, +srv 0 0 b"},
        {"O12: all ours, all wrong, one host is missing",
         "no-claims; want 0 0 a; want 0 0 b; want 0 0 c; srv 0 0 a/600; srv 0 0 b/600",
         "publish: -srv 0 0 a, -srv 0 0 b, +srv 0 0 a, +srv 0 0 b, +srv 0 0 c"},
        {"O12: wanted with TTLs apart: the lowest",
         "no-claims; want 0 0 a/900; want 0 0 b/300",
         "publish: +srv 0 0 a/300, +srv 0 0 b/300"},
        {"O12: what goes has no say: the old one",
         "want 0 0 kms1; was old; srv 0 0 old/600",
         "publish: no-txt, -srv 0 0 old, +srv 0 0 kms1, +claim me kms1"},
        {"O12: what goes has no say: the old one's claim",
         "want 0 0 kms1; srv 0 0 old/600; claim me old/600 ttl=600",
         "publish: txts, -srv 0 0 old, -claim me old/600 ttl=600, +srv 0 0 kms1, +claim me kms1"},
        {"O12: what goes has no say: a double",
         "no-claims; want 0 0 kms1; srv 0 0 kms1; srv 10 0 kms1/600",
         "change: -srv 10 0 kms1, +srv 0 0 kms1"},
        {"O12: what goes has no say: the dead",
         "reclaim; want 0 0 kms1; srv 0 0 x/600; claim p2 x/600 ttl=600 until=9 dead",
         "publish: srvs, txts, -srv 0 0 x, -claim p2 x/600 ttl=600 until=9 dead, "
         "+srv 0 0 kms1, +claim me kms1 | reclaims"},
        {"O12: what goes has no say: what is taken over",
         "from x; want 0 0 kms1; srv 0 0 x/600",
         "publish: srvs, -srv 0 0 x, +srv 0 0 kms1, +claim me kms1 | takes-over"},
        {"O12: a double in other case that has the right TTL stays (PowerDNS)",
         "no-claims; want 0 0 kms1; srv 0 0 kms1/600; srv 0 0 KMS1/300; srv 0 0 x/300",
         "change: -srv 0 0 kms1, +srv 0 0 KMS1/300"},
        {"O12, O13: what only stays for now has no say, and keeps its TTL",
         "keep; no-claims; want 0 0 new; was old; srv 0 0 old/600; srv 0 0 new",
         "in order"},
        {"O12: a record whose claim has gone is foreign and unclaimed",
         "want 0 0 kms1; was old claimed; srv 0 0 old/600",
         "publish: +srv 0 0 kms1/600, +claim me kms1 | claim-gone"},
        {"O12: without claims the others' ttl= counts all the same",
         "no-claims; want 0 0 kms1; srv 0 0 x/600; claim p2 x ttl=600",
         "publish: +srv 0 0 kms1/600"},

        /* --- TXT */
        {"O12: a foreign TXT's TTL is that of the claims",
         "want 0 0 kms1/60; srv 0 0 kms1/60; txt v=spf1",
         "change: +claim me kms1 ttl=60"},
        {"O12: a TXT's TTL alone is no reason to write",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1/60",
         "in order"},
        {"O12: a claim of ours that goes has no say",
         "want 0 0 kms1; srv 0 0 kms1; claim me kms1/60 ttl=60",
         "change: -claim me kms1/60 ttl=60, +claim me kms1"},
        {"O12: for TXT too: the lowest ttl= of the claims, whatever TTL they have",
         "want 0 0 kms1; srv 0 0 kms1; srv 0 0 x; claim p2 x/900 ttl=7200",
         "change: +claim me kms1"},
};
/* clang-format on */

START_TEST(table) {
        plan_check(cases[_i].rule, cases[_i].scene, cases[_i].plan);
}
END_TEST

static const struct {
        const char *rule, *scene;
        uint32_t ttl, seen;
        bool adopted, only;
} facts[] = {
        {"alone, missing", "want 0 0 a/120", 120, 0, false, false},
        {"alone, wrong", "want 0 0 a/120; srv 0 0 a/600; claim me a ttl=120", 120, 600, false,
         true},
        {"alone, wrong, and so are the numbers", "no-claims; want 1 0 a/120; srv 0 0 a/600", 120,
         600, false, false},
        {"alone, wrong, and unclaimed", "want 0 0 a/120; srv 0 0 a/600", 120, 600, false, false},
        {"alone, wrong, and an old one goes",
         "no-claims; want 0 0 a; was b; srv 0 0 a/5; srv 0 0 b/5", 3600, 5, false, false},
        {"two hosts, both wrong", "no-claims; want 0 0 a; want 0 0 b; srv 0 0 a/5; srv 0 0 b/5",
         3600, 5, false, true},
        {"two hosts, one is missing", "no-claims; want 0 0 a; want 0 0 b; srv 0 0 a/5", 3600, 5,
         false, false},
        {"theirs differs", "want 0 0 a; srv 0 0 b/600; srv 0 0 a/600; claim me a", 600, 600, true,
         false},
        {"theirs is the configured", "want 0 0 a/600; srv 0 0 b/600", 600, 600, false, false},
        {"the lowest of theirs", "want 0 0 a; srv 0 0 b/900; srv 0 0 c/600", 600, 600, true, false},
        {"the lowest of theirs is the configured", "want 0 0 a/600; srv 0 0 b/900; srv 0 0 c/600",
         600, 600, false, false},
        {"another's claim is lower", "want 0 0 a; srv 0 0 a; claim me a; claim p2 b ttl=60", 60,
         3600, true, true},
        {"another's claim is higher", "want 0 0 a; srv 0 0 a; claim me a; claim p2 b ttl=7200",
         3600, 3600, false, false},
        {"a double goes, the TTL was right", "no-claims; want 0 0 a; srv 1 0 a; srv 0 0 a", 3600,
         3600, false, false},
        {"alone, wrong, and one of two claims of ours goes",
         "want 0 0 a; srv 0 0 a/600; claim me a; claim me a since=7", 3600, 600, false, false},
        {"wrong in one of two, the other one is foreign",
         "no-claims; want 0 0 a; srv 0 0 a/600; "
         "srv 0 0 b/5; claim p2 b",
         3600, 5, false, true},
        {"a refresh is no change", "refresh; want 0 0 a; srv 0 0 a; claim me a", 3600, 3600, false,
         false},
        {"nothing wanted, theirs", "was a; srv 0 0 b/600; srv 0 0 a/60", 600, 60, false, false},
        {"nothing wanted, theirs, claimed", "was a; srv 0 0 b/600; srv 0 0 a/60; claim p2 b", 600,
         60, false, false},
        {"nothing wanted, ours", "was a; srv 0 0 a/60", 60, 60, false, false},
        {"nothing at all", "", 0, 0, false, false},
};

START_TEST(plan_facts) {
        const char *rule = facts[_i].rule;
        Scene scene;

        scene_read(&scene, facts[_i].scene);
        _cleanup_(plan_freep) Plan *plan = scene_plan(&scene);
        ck_assert_msg(plan->ttl == facts[_i].ttl, "O12, %s: TTL %u", rule, plan->ttl);
        ck_assert_msg(plan->ttl_seen == facts[_i].seen, "O12, %s: seen %u", rule, plan->ttl_seen);
        ck_assert_msg(plan->ttl_adopted == facts[_i].adopted, "O12, %s: adopted", rule);
        ck_assert_msg(plan->ttl_only == facts[_i].only, "O12, %s: TTL only", rule);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, table, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(tcase, plan_facts, 0, ELEMENTSOF(facts));
}

UNIT_MAIN("plan ttl", add_tests)
