/* Waiting times (E8): doubled within bounds, spread, exact, and safe at the ends of the range. */
#include "lib/backoff.h"

#include "lib/util.h"
#include "tests/unit/unit.h"

#define MIN (5 * USEC_PER_SEC)
#define MAX (30 * USEC_PER_MINUTE)

/* longest: with random UINT32_MAX; shortest, with random 0, is its half. */
static const struct {
        unsigned attempt;
        uint64_t min_usec, max_usec, longest_usec;
} waits[] = {
        {0, MIN, MAX, 5 * USEC_PER_SEC},
        {1, MIN, MAX, 5 * USEC_PER_SEC},
        {2, MIN, MAX, 10 * USEC_PER_SEC},
        {3, MIN, MAX, 20 * USEC_PER_SEC},
        {9, MIN, MAX, 1280 * USEC_PER_SEC},
        {10, MIN, MAX, MAX},
        {11, MIN, MAX, MAX},
        {64, MIN, MAX, MAX},
        {65, MIN, MAX, MAX},
        {UINT32_MAX, MIN, MAX, MAX},
        {1, MIN, MIN, MIN},
        {2, MIN, MIN, MIN},
        {1, MAX, MIN, MIN}, /* bounds the wrong way round: the upper one holds */
        {1, 0, 0, 0},
        {3, 2, USEC_INFINITY - 1, 8},
        {64, 1, USEC_INFINITY - 1, UINT64_C(1) << 63},
        {65, 1, USEC_INFINITY - 1, USEC_INFINITY - 1},
        {2, USEC_INFINITY / 2 + 1, USEC_INFINITY - 1, USEC_INFINITY - 1},
};

START_TEST(backoff_doubles_within_bounds) {
        uint64_t longest = waits[_i].longest_usec;
        uint64_t shortest = longest - longest / 2, before = 0;

        ck_assert_uint_eq(
                backoff_usec(waits[_i].attempt, waits[_i].min_usec, waits[_i].max_usec, UINT32_MAX),
                longest);
        ck_assert_uint_eq(
                backoff_usec(waits[_i].attempt, waits[_i].min_usec, waits[_i].max_usec, 0),
                shortest);
        for (uint64_t random = 0; random <= UINT32_MAX; random += 0x11111111) {
                uint64_t wait = backoff_usec(waits[_i].attempt, waits[_i].min_usec,
                                             waits[_i].max_usec, random);
                ck_assert_uint_ge(wait, shortest);
                ck_assert_uint_le(wait, longest);
                ck_assert_uint_ge(wait, before);
                before = wait;
        }
}
END_TEST

START_TEST(backoff_spreads_evenly) {
        ck_assert_uint_eq(backoff_usec(1, 4000, MAX, UINT32_MAX / 2), 2999);
        ck_assert_uint_eq(backoff_usec(1, 4000, MAX, UINT32_MAX / 4), 2499);
        ck_assert_uint_eq(backoff_usec(1, 4001, MAX, 0), 2001);
}
END_TEST

static const struct {
        uint64_t interval_usec;
        uint32_t random;
        uint64_t expected_usec;
} moments[] = {
        {15 * USEC_PER_MINUTE, 0, 0},
        {15 * USEC_PER_MINUTE, UINT32_MAX / 4, 15 * USEC_PER_MINUTE / 4 - 1},
        {15 * USEC_PER_MINUTE, UINT32_MAX, 15 * USEC_PER_MINUTE},
        {USEC_PER_SEC, UINT32_MAX / 2, 499999},
        {7 * USEC_PER_DAY, UINT32_MAX / 2, UINT64_C(302399999929)},
        {7 * USEC_PER_DAY, UINT32_MAX, 7 * USEC_PER_DAY},
        {1, UINT32_MAX - 1, 0},
        {0, UINT32_MAX, 0},
        {USEC_INFINITY, UINT32_MAX, USEC_INFINITY},
};

START_TEST(a_moment_is_anywhere_in_the_interval) {
        ck_assert_uint_eq(backoff_within_usec(moments[_i].interval_usec, moments[_i].random),
                          moments[_i].expected_usec);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, backoff_doubles_within_bounds, 0, ELEMENTSOF(waits));
        tcase_add_test(tcase, backoff_spreads_evenly);
        tcase_add_loop_test(tcase, a_moment_is_anywhere_in_the_interval, 0, ELEMENTSOF(moments));
}

UNIT_MAIN("backoff", add_tests)
