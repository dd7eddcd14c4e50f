/*
 * Leases (O8): a claim is dead exactly when both bounds are passed, until= by the wall clock and
 * the wait by the clock of time since boot; whatever changes starts anew; whole days of publishers
 * and watchers whose clocks do not agree.
 */
#include "lib/lease.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

enum {
        NOW = 1700000000, /* a wall clock */
        MINUTE = 60,
        HOUR = 60 * MINUTE,
};

static const PublisherId own = {{1}}, other = {{2}}, third = {{3}};

static Name name(const char *text) {
        Name result;

        ck_assert_int_eq(name_from_text(text, &result), 0);
        return result;
}

static Txt txt_with(const PublisherId *id, uint64_t until_sec, uint32_t lease_sec) {
        return (Txt){.is_claim = true,
                     .claim = {.id = *id,
                               .host = name("kms1.contoso.com"),
                               .port = 1688,
                               .ttl = 3600,
                               .since_sec = 1,
                               .until_sec = until_sec,
                               .lease_sec = lease_sec}};
}

/* A look at what is there: times in seconds. */
static void look(LeaseWatch *watch, Txt *txts, size_t n, uint64_t check_interval, uint64_t now,
                 uint64_t boot) {
        Observation observation = {.authoritative = true, .n_txt = n, .txt = txts};

        for (size_t i = 0; i < n; i++)
                txts[i].dead = false;
        ck_assert_int_eq(lease_watch(watch, &observation, &own, check_interval * USEC_PER_SEC, now,
                                     boot * USEC_PER_SEC),
                         0);
}

/* The wait is the longest of ten minutes, two checks and the lease. */
static const struct {
        uint64_t check_interval;
        uint32_t lease;
        uint64_t wait;
} waits[] = {
        {1, 0, 10 * MINUTE},
        {5 * MINUTE, 0, 10 * MINUTE},
        {5 * MINUTE + 1, 0, 10 * MINUTE + 2},
        {15 * MINUTE, 0, 30 * MINUTE},
        {1, 10 * MINUTE - 1, 10 * MINUTE},
        {1, 10 * MINUTE + 1, 10 * MINUTE + 1},
        {15 * MINUTE, 30 * MINUTE - 1, 30 * MINUTE},
        {15 * MINUTE, HOUR, HOUR},
        {7 * 24 * HOUR, HOUR, 14 * 24 * HOUR},
        {15 * MINUTE, UINT32_MAX, UINT32_MAX},
};

START_TEST(dead_exactly_when_the_wait_is_over_o8) {
        const uint64_t check_interval = waits[_i].check_interval, wait = waits[_i].wait;
        Txt txt = txt_with(&other, NOW - 1, waits[_i].lease);
        LeaseWatch watch = {};

        for (unsigned late = 0; late < 2; late++) {
                look(&watch, &txt, 1, check_interval, NOW, 1000);
                ck_assert(!txt.dead);
                look(&watch, &txt, 1, check_interval, NOW + wait, 1000 + wait - 1);
                ck_assert(!txt.dead);
                look(&watch, &txt, 1, check_interval, NOW + wait, 1000 + wait + late);
                ck_assert(txt.dead);
                lease_watch_done(&watch);
        }
}
END_TEST

/* However long it was seen: it lives through the second that until= names. */
START_TEST(dead_exactly_when_until_is_past_o8) {
        Txt txt = txt_with(&other, NOW, HOUR);
        LeaseWatch watch = {};

        look(&watch, &txt, 1, 1, NOW - 24 * HOUR, 0);
        look(&watch, &txt, 1, 1, NOW - 1, 24 * HOUR);
        ck_assert(!txt.dead);
        look(&watch, &txt, 1, 1, NOW, 24 * HOUR);
        ck_assert(!txt.dead);
        look(&watch, &txt, 1, 1, NOW + 1, 24 * HOUR);
        ck_assert(txt.dead);
        /* A wall clock that is set back brings it back to life. */
        look(&watch, &txt, 1, 1, NOW - HOUR, 24 * HOUR);
        ck_assert(!txt.dead);
        lease_watch_done(&watch);
}
END_TEST

/* A wall clock that jumps ahead, years even, kills nothing that was not seen for the wait. */
START_TEST(wall_clock_jumps_ahead_o8) {
        Txt txt = txt_with(&other, NOW + HOUR, HOUR);
        LeaseWatch watch = {};

        look(&watch, &txt, 1, 15 * MINUTE, NOW, 100);
        look(&watch, &txt, 1, 15 * MINUTE, NOW + 365 * 24 * HOUR, 101);
        ck_assert(!txt.dead);
        lease_watch_done(&watch);
}
END_TEST

/* clang-format off */
static void change_until(Txt *txt) { txt->claim.until_sec--; }
static void change_lease(Txt *txt) { txt->claim.lease_sec--; }
static void change_since(Txt *txt) { txt->claim.since_sec++; }
static void change_ttl(Txt *txt) { txt->claim.ttl++; }
static void change_port(Txt *txt) { txt->claim.port++; }
static void change_host(Txt *txt) { txt->claim.host = name("kms2.contoso.com"); }
static void change_id(Txt *txt) { txt->claim.id = third; }
static void change_case(Txt *txt) { txt->claim.host = name("KMS1.contoso.com"); }
static void change_record(Txt *txt) { txt->ttl++; }
/* clang-format on */

static const struct {
        void (*apply)(Txt *);
        bool starts_anew;
} changes[] = {
        {change_until, true}, {change_lease, true}, {change_since, true},
        {change_ttl, true},   {change_port, true},  {change_host, true},
        {change_id, true},    {change_case, false}, {change_record, false},
};

START_TEST(changed_claim_starts_anew_o8) {
        Txt txt = txt_with(&other, NOW - 1, HOUR);
        LeaseWatch watch = {};

        look(&watch, &txt, 1, 1, NOW, 0);
        look(&watch, &txt, 1, 1, NOW, HOUR - 1);
        ck_assert(!txt.dead);
        changes[_i].apply(&txt);
        look(&watch, &txt, 1, 1, NOW, HOUR);
        ck_assert_int_eq(txt.dead, !changes[_i].starts_anew);
        look(&watch, &txt, 1, 1, NOW, 2 * HOUR - 2);
        ck_assert_int_eq(txt.dead, !changes[_i].starts_anew);
        look(&watch, &txt, 1, 1, NOW, 2 * HOUR);
        ck_assert(txt.dead);
        lease_watch_done(&watch);
}
END_TEST

START_TEST(claim_that_was_away_starts_anew_o8) {
        Txt txt = txt_with(&other, NOW - 1, HOUR);
        LeaseWatch watch = {};

        look(&watch, &txt, 1, 1, NOW, 0);
        look(&watch, &txt, 1, 1, NOW, HOUR);
        ck_assert(txt.dead);
        look(&watch, NULL, 0, 1, NOW, HOUR + 1);
        ck_assert_uint_eq(watch.n, 0);
        look(&watch, &txt, 1, 1, NOW, HOUR + 2);
        ck_assert(!txt.dead);
        look(&watch, &txt, 1, 1, NOW, 2 * HOUR + 2);
        ck_assert(txt.dead);
        lease_watch_done(&watch);
}
END_TEST

static const struct {
        const char *what;
        const PublisherId *id;
        uint64_t until;
        uint32_t lease;
        bool is_claim;
} immortals[] = {
        {"our own", &own, NOW - 1, HOUR, true},
        {"without until=", &other, 0, HOUR, true},
        {"without a lease", &other, 0, 0, true},
        {"foreign", &other, NOW - 1, HOUR, false},
};

START_TEST(never_dead_o8) {
        Txt txt = txt_with(immortals[_i].id, immortals[_i].until, immortals[_i].lease);
        LeaseWatch watch = {};

        txt.is_claim = immortals[_i].is_claim;
        for (uint64_t at = 0; at < 100 * HOUR; at += HOUR) {
                look(&watch, &txt, 1, 1, NOW + at, at);
                ck_assert_msg(!txt.dead, "%s", immortals[_i].what);
        }
        ck_assert_uint_eq(watch.n, 0);
        lease_watch_done(&watch);
}
END_TEST

/* Each for itself, whatever their order; two that are the same run together. */
START_TEST(several_claims) {
        Txt txts[] = {txt_with(&other, NOW - 1, HOUR), txt_with(&own, NOW - 1, HOUR),
                      txt_with(&third, NOW - 1, 2 * HOUR), txt_with(&third, NOW + HOUR, 2 * HOUR),
                      txt_with(&other, NOW - 1, HOUR)};
        static const bool dead[] = {true, false, true, false, true};
        Txt reversed[ELEMENTSOF(txts)];
        LeaseWatch watch = {};

        for (size_t i = 0; i < ELEMENTSOF(txts); i++)
                reversed[i] = txts[ELEMENTSOF(txts) - 1 - i];
        look(&watch, txts, ELEMENTSOF(txts), 1, NOW, 0);
        ck_assert_uint_eq(watch.n, 4);
        look(&watch, txts, ELEMENTSOF(txts), 1, NOW, HOUR);
        for (size_t i = 0; i < ELEMENTSOF(txts); i++)
                ck_assert_int_eq(txts[i].dead, dead[i] && i != 2);
        look(&watch, reversed, ELEMENTSOF(txts), 1, NOW, 2 * HOUR);
        for (size_t i = 0; i < ELEMENTSOF(txts); i++)
                ck_assert_int_eq(reversed[ELEMENTSOF(txts) - 1 - i].dead, dead[i]);
        lease_watch_done(&watch);
        ck_assert_uint_eq(watch.n, 0);
        ck_assert_ptr_null(watch.sights);
}
END_TEST

/* How far the claimant's clock is from ours, in seconds. */
static const int64_t skews[] = {-24 * HOUR, -HOUR, -1, 0, 1, HOUR, 24 * HOUR};

static const struct {
        uint32_t lease;
        uint64_t claimants_interval, our_interval;
} histories[] = {
        {HOUR, 15 * MINUTE, 15 * MINUTE},
        {HOUR, 15 * MINUTE, 1},
        {HOUR, 15 * MINUTE, 7 * MINUTE},
        {20 * MINUTE, 5 * MINUTE, 24 * HOUR},
        {4, 1, 15 * MINUTE},
        {4, 1, 1},
        {24 * HOUR, HOUR, 15 * MINUTE},
};

/* The publisher lives for five leases: it looks at its checks, and renews at half its lease. Then
   it is gone, and dies as soon as two looks that are the wait apart, and one past until=, show it.
 */
START_TEST(clocks_that_do_not_agree_o8) {
        const int64_t skew = skews[_i % ELEMENTSOF(skews)];
        const int64_t lease = histories[_i / ELEMENTSOF(skews)].lease,
                      claimants = histories[_i / ELEMENTSOF(skews)].claimants_interval,
                      ours = histories[_i / ELEMENTSOF(skews)].our_interval;
        int64_t wait = 10 * MINUTE, renewed = 0, at = 0;
        Txt txt = txt_with(&other, NOW + skew + lease, lease);
        LeaseWatch watch = {};

        wait = wait < 2 * ours ? 2 * ours : wait;
        wait = wait < lease ? lease : wait;
        for (; !txt.dead; at++) {
                if (at < 5 * lease && at % claimants == 0 && at >= renewed + lease / 2) {
                        txt.claim.until_sec = NOW + at + skew + lease;
                        renewed = at;
                }
                if (at % ours == 0)
                        look(&watch, &txt, 1, ours, NOW + at, at);
        }
        at--;
        lease_watch_done(&watch);

        const int64_t seen = (renewed + ours - 1) / ours * ours, until = renewed + lease + skew;
        ck_assert_int_gt(renewed, 4 * lease);
        ck_assert_int_ge(at, seen + wait);
        ck_assert_int_gt(at, until);
        ck_assert(at < seen + wait + ours || at <= until + ours);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, dead_exactly_when_the_wait_is_over_o8, 0, ELEMENTSOF(waits));
        tcase_add_test(tcase, dead_exactly_when_until_is_past_o8);
        tcase_add_test(tcase, wall_clock_jumps_ahead_o8);
        tcase_add_loop_test(tcase, changed_claim_starts_anew_o8, 0, ELEMENTSOF(changes));
        tcase_add_test(tcase, claim_that_was_away_starts_anew_o8);
        tcase_add_loop_test(tcase, never_dead_o8, 0, ELEMENTSOF(immortals));
        tcase_add_test(tcase, several_claims);
        tcase_add_loop_test(tcase, clocks_that_do_not_agree_o8, 0,
                            ELEMENTSOF(skews) * ELEMENTSOF(histories));
}

UNIT_MAIN("lease", add_tests)
