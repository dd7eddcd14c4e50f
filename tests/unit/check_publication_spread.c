/* Rule E8 for very many: what was published, or failed, or was woken up in one moment is looked at
   again evenly over its interval. A crowd of publications, with random numbers from a fixed seed,
   lives through the same; what they then do is counted by time. */
#include "tests/unit/support_publication.h"
#include "tests/unit/unit.h"

enum {
        CROWD = 4000,
        BINS = 20, /* of 200 each, if all is even; 14 is the standard deviation */
        MOST = 265,
        FEWEST = 135,
};

static Bench crowd[CROWD];

/* xorshift64* */
static uint32_t draw(void) {
        static uint64_t seed = 1;

        seed ^= seed >> 12;
        seed ^= seed << 25;
        seed ^= seed >> 27;
        return (uint32_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static PublicationStep step(Bench *bench, Input input) {
        bench->random = draw();
        return bench_step(bench, &input);
}

/* A whole pass at the bench's time, from wherever it stands, that comes to this look. Whether it
   has written. */
static bool pass(Bench *bench, Input look) {
        PublicationStep next = step(bench, (Input)DUE);
        bool writes;

        if (next.action == ACTION_LOCATE)
                next = step(bench, (Input)LOCATED(1, 1));
        ck_assert_int_eq(next.action, ACTION_OBSERVE);
        next = step(bench, look);
        writes = next.action == ACTION_UPDATE;
        if (writes) {
                next = step(bench, (Input)ANSWER(DONE));
                if (!next.ended)
                        next = step(bench, (Input)SEEN(IN_ORDER));
        }
        ck_assert(next.ended);
        return writes;
}

static bool at_due(Bench *bench, Input look) {
        ck_assert_uint_ge(bench->publication.due_usec, bench->now_usec);
        bench->now_usec = bench->publication.due_usec;
        return pass(bench, look);
}

/* All of them publish in the same moment. */
static void crowd_begin(void) {
        for (size_t i = 0; i < CROWD; i++) {
                bench_init(&crowd[i], false);
                crowd[i].publication.remembered_all = true;
                pass(&crowd[i], (Input)SEEN(PUBLISH));
        }
}

/* Each one's is evenly spread from first_usec to last_usec, and all of it lies there. */
static void assert_even_times(const uint64_t times_usec[static CROWD], uint64_t first_usec,
                              uint64_t last_usec) {
        unsigned bins[BINS] = {0};

        for (size_t i = 0; i < CROWD; i++) {
                ck_assert_uint_ge(times_usec[i], first_usec);
                ck_assert_uint_le(times_usec[i], last_usec);
                bins[(times_usec[i] - first_usec) * BINS / (last_usec - first_usec + 1)]++;
        }
        for (size_t i = 0; i < BINS; i++) {
                ck_assert_uint_le(bins[i], MOST);
                ck_assert_uint_ge(bins[i], FEWEST);
        }
}

/* What is due is so. */
static void assert_even(uint64_t first_usec, uint64_t last_usec) {
        static uint64_t due_usec[CROWD];

        for (size_t i = 0; i < CROWD; i++)
                due_usec[i] = crowd[i].publication.due_usec;
        assert_even_times(due_usec, first_usec, last_usec);
}

/* The first check lies anywhere in the interval; each other one an interval later, not a
 * microsecond off. */
START_TEST(checks_are_spread_and_stay_so) {
        crowd_begin();
        const uint64_t now_usec = crowd[0].now_usec;
        for (unsigned round = 0; round < 10; round++) {
                assert_even(now_usec + round * CHECK, now_usec + (round + 1) * CHECK);
                for (size_t i = 0; i < CROWD; i++) {
                        at_due(&crowd[i], (Input)SEEN(IN_ORDER));
                        ck_assert_uint_eq(crowd[i].publication.due_usec, crowd[i].now_usec + CHECK);
                }
        }
}
END_TEST

/* What brings all of them together: a pass of all at a moment. */
static void all_wake_up(uint64_t now_usec, uint64_t interval_usec) {
        for (size_t i = 0; i < CROWD; i++) {
                crowd[i].now_usec = now_usec;
                pass(&crowd[i], (Input)SEEN(IN_ORDER));
        }
}

static void all_are_changed(uint64_t now_usec, uint64_t interval_usec) {
        for (size_t i = 0; i < CROWD; i++) {
                crowd[i].now_usec = now_usec;
                crowd[i].times.check_interval_usec = interval_usec;
                ck_assert_int_eq(step(&crowd[i], (Input)CHANGED()).action, ACTION_OBSERVE);
                step(&crowd[i], (Input)SEEN(IN_ORDER));
        }
}

static void all_fail_and_recover(uint64_t now_usec, uint64_t interval_usec) {
        for (size_t i = 0; i < CROWD; i++) {
                crowd[i].now_usec = now_usec;
                pass(&crowd[i], (Input)ASKED(UNREACHABLE));
                crowd[i].now_usec = now_usec + USEC_PER_MINUTE;
                pass(&crowd[i], (Input)SEEN(IN_ORDER));
        }
}

/* Early, which is a command; at the end of a round, or long after, which is a machine that slept.
 */
static const struct {
        const char *what;
        void (*happen)(uint64_t now_usec, uint64_t interval_usec);
        uint64_t after_usec, interval_usec;
} events[] = {
        {"a command", all_wake_up, 1, CHECK},
        {"an overload", all_wake_up, CHECK, CHECK},
        {"a sleep", all_wake_up, CHECK * 7 / 2, CHECK},
        {"a reload", all_are_changed, USEC_PER_MINUTE, CHECK},
        {"seldom checks from now on", all_are_changed, USEC_PER_MINUTE, USEC_PER_DAY},
        {"frequent checks from now on", all_are_changed, USEC_PER_MINUTE, USEC_PER_MINUTE},
        {"an outage", all_fail_and_recover, CHECK, CHECK},
};

START_TEST(nothing_brings_checks_together) {
        const uint64_t interval_usec = events[_i].interval_usec;

        crowd_begin();
        events[_i].happen(crowd[0].now_usec + events[_i].after_usec, interval_usec);
        const uint64_t now_usec = crowd[0].now_usec;
        assert_even(now_usec, now_usec + interval_usec);
        for (size_t i = 0; i < CROWD; i++)
                at_due(&crowd[i], (Input)SEEN(IN_ORDER));
        assert_even(now_usec + interval_usec, now_usec + 2 * interval_usec);
}
END_TEST

/* What failed together comes back over half of the wait, what was refused over half of RetryMax. */
START_TEST(retries_are_spread) {
        crowd_begin();
        for (uint64_t wait_usec = RETRY_MIN; wait_usec < RETRY_MAX; wait_usec *= 2) {
                for (size_t i = 0; i < CROWD; i++) {
                        crowd[i].now_usec = crowd[0].now_usec;
                        pass(&crowd[i], (Input)ASKED(TIMEOUT));
                }
                assert_even(crowd[0].now_usec + wait_usec / 2, crowd[0].now_usec + wait_usec);
        }
        for (size_t i = 0; i < CROWD; i++)
                pass(&crowd[i], (Input)ASKED(DENIED));
        assert_even(crowd[0].now_usec + RETRY_MAX / 2, crowd[0].now_usec + RETRY_MAX);
}
END_TEST

/* Four checks after a burst all want a refresh: each with its check. */
START_TEST(refreshes_are_spread) {
        static uint64_t refreshed_usec[CROWD];
        uint64_t begun_usec;

        crowd_begin();
        begun_usec = crowd[0].now_usec;
        for (size_t i = 0; i < CROWD; i++) {
                Bench *bench = &crowd[i];
                bench->times.refresh_interval_usec = 4 * CHECK;
                while (bench->publication.refreshed_usec == begun_usec)
                        at_due(bench, (Input)SEEN(IN_ORDER));
                refreshed_usec[i] = bench->publication.refreshed_usec;
        }
        assert_even_times(refreshed_usec, begun_usec + 4 * CHECK, begun_usec + 5 * CHECK);
}
END_TEST

/* O8: leases that began together, of four checks, reach their half together: each is renewed with
   its check, and so it goes on. */
START_TEST(renewals_of_leases_are_spread) {
        static uint64_t renewed_usec[CROWD];
        uint64_t begun_usec;

        crowd_begin();
        begun_usec = crowd[0].now_usec;
        for (size_t i = 0; i < CROWD; i++)
                renewed_usec[i] = begun_usec;
        for (unsigned round = 1; round <= 5; round++) {
                for (size_t i = 0; i < CROWD; i++) {
                        Bench *bench = &crowd[i];

                        while (bench->publication.due_usec < renewed_usec[i] + 2 * CHECK)
                                ck_assert(!at_due(bench, (Input)SEEN(IN_ORDER)));
                        ck_assert(at_due(bench, (Input)SEEN(IN_ORDER, .claim_needed = true)));
                        renewed_usec[i] = bench->now_usec;
                }
                const uint64_t half_usec = begun_usec + 2 * round * CHECK;
                assert_even_times(renewed_usec, half_usec, half_usec + CHECK);
        }
}
END_TEST

/* C56: where servers replicate all look again a while after they have written. */
START_TEST(looks_for_replication_are_spread) {
        static const uint64_t ages_usec[] = {USEC_PER_MINUTE, 5 * USEC_PER_MINUTE,
                                             15 * USEC_PER_MINUTE};
        uint64_t begun_usec;

        for (size_t i = 0; i < CROWD; i++) {
                bench_init(&crowd[i], false);
                crowd[i].publication.remembered_all = crowd[i].publication.replicates = true;
                crowd[i].publication.check_usec = crowd[i].now_usec + USEC_PER_DAY;
                pass(&crowd[i], (Input)SEEN(PUBLISH));
        }
        begun_usec = crowd[0].now_usec;
        for (size_t age = 0; age < ELEMENTSOF(ages_usec); age++) {
                assert_even(begun_usec + ages_usec[age], begun_usec + 2 * ages_usec[age]);
                for (size_t i = 0; i < CROWD; i++)
                        at_due(&crowd[i], (Input)SEEN(IN_ORDER));
        }
        for (size_t i = 0; i < CROWD; i++)
                ck_assert_uint_eq(crowd[i].publication.due_usec, begun_usec + USEC_PER_DAY);
}
END_TEST

/* O13: a new name of this machine stands for ten minutes at least, everywhere. */
START_TEST(records_under_a_former_name_go_one_by_one) {
        for (size_t i = 0; i < CROWD; i++) {
                bench_init(&crowd[i], false);
                crowd[i].publication.check_usec = crowd[i].now_usec + USEC_PER_DAY;
                pass(&crowd[i], (Input)SEEN(IN_ORDER, .former = true));
        }
        assert_even(crowd[0].now_usec + STABLE, crowd[0].now_usec + STABLE_MAX);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, checks_are_spread_and_stay_so);
        tcase_add_loop_test(tcase, nothing_brings_checks_together, 0, ELEMENTSOF(events));
        tcase_add_test(tcase, retries_are_spread);
        tcase_add_test(tcase, refreshes_are_spread);
        tcase_add_test(tcase, renewals_of_leases_are_spread);
        tcase_add_test(tcase, looks_for_replication_are_spread);
        tcase_add_test(tcase, records_under_a_former_name_go_one_by_one);
}

UNIT_MAIN("publication_spread", add_tests)
