/* Many outcomes, few lines. The lines are those on stderr, caught in a memory file; the loop's
   monotonic clock stands still but where a test moves it, so that ten minutes pass at once. */
#include "daemon/summary.h"

#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_stderr.h"
#include "tests/unit/unit.h"

#define FIRST_WINDOW (150 * USEC_PER_MSEC)
#define ACCURACY (10 * USEC_PER_MSEC)

enum {
        GROUPS_MAX = 256,
};

static uint64_t clock_usec;
static sd_event *event;
static Summary *summary;
static const char *lines;

/* Stands before the C library's for sd-event too. */
int clock_gettime(clockid_t clock, struct timespec *ret_time) {
        if (clock != CLOCK_MONOTONIC)
                return (int)syscall(SYS_clock_gettime, clock, ret_time);
        *ret_time = (struct timespec){
                .tv_sec = (time_t)(clock_usec / USEC_PER_SEC),
                .tv_nsec = (long)(clock_usec % USEC_PER_SEC * 1000),
        };
        return 0;
}

static void setup(void) {
        clock_usec = USEC_PER_HOUR;
        stderr_catch(LOG_DEBUG);
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(summary_new(event, false, &summary), 0);
}

static void teardown(void) {
        summary = summary_free(summary);
        event = sd_event_unref(event);
        stderr_release();
}

/* What has been written since it was asked last. */
static const char *told(void) {
        return lines = stderr_told();
}

static unsigned count_lines(const char *text) {
        unsigned n = 0;

        for (; *text; text++)
                n += *text == '\n';
        return n;
}

static void pass(uint64_t usec) {
        int r;

        clock_usec += usec;
        do
                r = sd_event_run(event, 0);
        while (r > 0);
        ck_assert_int_eq(r, 0);
}

/* n outcomes of domains d<first>, ...; the strings are gone when it returns. */
static void add(LogKind kind, const char *cause, unsigned first, unsigned n) {
        for (unsigned i = first; i < first + n; i++) {
                char domain[32], detail[32], cause_copy[64];

                (void)snprintf(domain, sizeof(domain), "d%u.test", i);
                (void)snprintf(detail, sizeof(detail), "detail %u", i);
                (void)snprintf(cause_copy, sizeof(cause_copy), "%s", cause);
                summary_add(summary, &(Outcome){
                                             .kind = kind,
                                             .fields = {.domain = domain, .server = domain},
                                             .cause = cause_copy,
                                             .detail = detail,
                                     });
                memset(domain, '!', sizeof(domain));
                memset(detail, '!', sizeof(detail));
                memset(cause_copy, '!', sizeof(cause_copy));
        }
}

START_TEST(few_are_told_one_by_one) {
        add(LOG_KIND_PUBLISHED, "at ns1", 1, 3);
        pass(FIRST_WINDOW - 1);
        ck_assert_str_eq(told(), "");
        pass(1 + ACCURACY);
        ck_assert_str_eq(told(), "d1.test: detail 1\nd2.test: detail 2\nd3.test: detail 3\n");
        pass(USEC_PER_HOUR);
        ck_assert_str_eq(told(), "");
}
END_TEST

static const struct {
        LogKind kind;
        const char *line;
} counts[] = {
        {LOG_KIND_PUBLISHED, "4 domains (d1.test, d2.test, d3.test, ...) published: at ns1\n"},
        {LOG_KIND_REPAIRED, "4 domains (d1.test, d2.test, d3.test, ...) repaired: at ns1\n"},
        {LOG_KIND_WITHDRAWN, "4 domains (d1.test, d2.test, d3.test, ...) withdrawn: at ns1\n"},
        {LOG_KIND_FAILED, "warning: 4 domains (d1.test, d2.test, d3.test, ...) failed: at ns1\n"},
        {LOG_KIND_DENIED, "4 domains (d1.test, d2.test, d3.test, ...) denied: at ns1\n"},
        {LOG_KIND_STANDBY, "4 domains (d1.test, d2.test, d3.test, ...) in standby: at ns1\n"},
        {LOG_KIND_OBSERVED, "4 domains (d1.test, d2.test, d3.test, ...) observed: at ns1\n"},
        {LOG_KIND_OWNERSHIP, "4 domains (d1.test, d2.test, d3.test, ...) affected: at ns1\n"},
        {LOG_KIND_CONTESTED,
         "warning: 4 domains (d1.test, d2.test, d3.test, ...) contested: at ns1\n"},
        {LOG_KIND_TAKEN,
         "4 domains (d1.test, d2.test, d3.test, ...) cleared of others' records: at ns1\n"},
};

START_TEST(many_are_one_line) {
        add(counts[_i].kind, "at ns1", 1, 4);
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), counts[_i].line);
}
END_TEST

START_TEST(a_domain_fails_once_in_a_window) {
        for (int i = 0; i < 5; i++)
                add(LOG_KIND_FAILED, "ns1 is down", 1, 2);
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), "warning: d1.test: detail 1\nwarning: d2.test: detail 2\n");
        for (int i = 0; i < 2; i++)
                add(LOG_KIND_OWNERSHIP, "two hosts", 1, 1);
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), "d1.test: detail 1\nd1.test: detail 1\n");
}
END_TEST

START_TEST(very_many_are_one_line) {
        add(LOG_KIND_FAILED, "ns1 is down", 0, 100000);
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), "warning: 100000 domains (d0.test, d1.test, d2.test, ...) failed: "
                                 "ns1 is down\n");
}
END_TEST

START_TEST(kinds_and_causes_are_told_apart) {
        add(LOG_KIND_FAILED, "ns1 is down", 1, 4);
        add(LOG_KIND_FAILED, "ns2 is down", 5, 5);
        add(LOG_KIND_DENIED, "ns1 is down", 10, 6);
        add(LOG_KIND_PUBLISHED, "at ns3", 20, 1);
        pass(FIRST_WINDOW + ACCURACY);
        told();
        ck_assert_uint_eq(count_lines(lines), 4);
        ck_assert_ptr_nonnull(strstr(lines, "4 domains (d1.test, d2.test, d3.test, ...) failed: "
                                            "ns1 is down\n"));
        ck_assert_ptr_nonnull(strstr(lines, "5 domains (d5.test, d6.test, d7.test, ...) failed: "
                                            "ns2 is down\n"));
        ck_assert_ptr_nonnull(strstr(lines, "6 domains (d10.test, d11.test, d12.test, ...) denied: "
                                            "ns1 is down\n"));
        ck_assert_ptr_nonnull(strstr(lines, "d20.test: detail 20\n"));
}
END_TEST

START_TEST(good_news_keeps_its_window) {
        for (unsigned i = 0; i < 3; i++) {
                add(LOG_KIND_PUBLISHED, "at ns1", 1, 4);
                pass(FIRST_WINDOW + ACCURACY);
                ck_assert_str_eq(told(), counts[0].line);
        }
}
END_TEST

/* The next lines only after 10 s, 1 min, 10 min, and 10 min from then on. */
START_TEST(bad_news_comes_ever_more_rarely) {
        static const uint64_t windows_usec[] = {10 * USEC_PER_SEC, USEC_PER_MINUTE,
                                                10 * USEC_PER_MINUTE, 10 * USEC_PER_MINUTE};

        add(LOG_KIND_FAILED, "ns1 is down", 1, 5);
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_uint_eq(count_lines(told()), 1);
        for (size_t i = 0; i < ELEMENTSOF(windows_usec); i++) {
                add(LOG_KIND_FAILED, "ns1 is down", 10, 20);
                pass(windows_usec[i] - USEC_PER_SEC);
                ck_assert_str_eq(told(), "");
                add(LOG_KIND_FAILED, "ns1 is down", 30, 10);
                pass(USEC_PER_SEC + ACCURACY);
                ck_assert_str_eq(told(), "warning: 30 more domains (d10.test, d11.test, d12.test, "
                                         "...) failed: ns1 is down\n");
        }
}
END_TEST

START_TEST(few_more_are_told_one_by_one) {
        add(LOG_KIND_DENIED, "ns1 refuses", 1, 5);
        pass(FIRST_WINDOW + ACCURACY);
        told();
        add(LOG_KIND_DENIED, "ns1 refuses", 6, 2);
        pass(9 * USEC_PER_SEC);
        ck_assert_str_eq(told(), "");
        pass(USEC_PER_SEC + ACCURACY);
        ck_assert_str_eq(told(), "d6.test: detail 6\nd7.test: detail 7\n");
}
END_TEST

/* One at a time: three promptly, then with the others. */
START_TEST(stragglers_are_gathered) {
        for (unsigned i = 1; i <= 4; i++) {
                char line[64];
                add(LOG_KIND_FAILED, "ns1 is down", i, 1);
                pass(FIRST_WINDOW + ACCURACY);
                (void)snprintf(line, sizeof(line), "warning: d%u.test: detail %u\n", i, i);
                ck_assert_str_eq(told(), line);
                pass(USEC_PER_SEC);
        }
        add(LOG_KIND_FAILED, "ns1 is down", 5, 2);
        pass(8 * USEC_PER_SEC);
        add(LOG_KIND_FAILED, "ns1 is down", 7, 2);
        ck_assert_str_eq(told(), "");
        pass(USEC_PER_SEC + ACCURACY);
        ck_assert_str_eq(told(), "warning: 4 more domains (d5.test, d6.test, d7.test, ...) failed: "
                                 "ns1 is down\n");
}
END_TEST

START_TEST(good_news_from_the_server_starts_over) {
        add(LOG_KIND_FAILED, "ns1 is down", 1, 5);
        pass(FIRST_WINDOW + ACCURACY);
        summary_add(summary, &(Outcome){.kind = LOG_KIND_PUBLISHED,
                                        .fields = {.domain = "x.test", .server = "d1.test"},
                                        .cause = "at ns1",
                                        .detail = "published"});
        pass(FIRST_WINDOW + ACCURACY);
        told();
        add(LOG_KIND_FAILED, "ns1 is down", 1, 4);
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), "warning: 4 domains (d1.test, d2.test, d3.test, ...) failed: ns1 "
                                 "is down\n");
}
END_TEST

START_TEST(cure_follows_the_cause) {
        static const char *const domains[] = {"w.test", "x.test", "y.test", "z.test"};

        for (unsigned i = 0; i < 4; i++)
                summary_add(summary, &(Outcome){.kind = LOG_KIND_FAILED,
                                                .fields = {.domain = domains[i]},
                                                .cause = "ns1 is down",
                                                .detail = "detail",
                                                .cure = "Start it"});
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), "warning: 4 domains (w.test, x.test, y.test, ...) failed: ns1 is "
                                 "down. Start it\n");
}
END_TEST

START_TEST(quiet_window_closes_the_group) {
        add(LOG_KIND_FAILED, "ns1 is down", 1, 5);
        pass(FIRST_WINDOW + ACCURACY);
        told();
        pass(10 * USEC_PER_MINUTE + ACCURACY);
        ck_assert_str_eq(told(), "");
        add(LOG_KIND_FAILED, "ns1 is down", 1, 4);
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), "warning: 4 domains (d1.test, d2.test, d3.test, ...) failed: ns1 "
                                 "is down\n");
}
END_TEST

START_TEST(immediate_tells_at_once) {
        summary = summary_free(summary);
        ck_assert_int_eq(summary_new(event, true, &summary), 0);
        add(LOG_KIND_PUBLISHED, "at ns1", 1, 5);
        ck_assert_str_eq(told(), "d1.test: detail 1\nd2.test: detail 2\nd3.test: detail 3\n"
                                 "d4.test: detail 4\nd5.test: detail 5\n");
        pass(USEC_PER_HOUR);
        ck_assert_str_eq(told(), "");
}
END_TEST

/* Beyond 256 causes at a time each is told at once: bounded memory, nothing lost. */
START_TEST(groups_are_bounded) {
        char cause[32];

        for (unsigned i = 0; i < GROUPS_MAX + 2; i++) {
                (void)snprintf(cause, sizeof(cause), "cause %u", i);
                add(LOG_KIND_FAILED, cause, i, 1);
        }
        ck_assert_str_eq(told(),
                         "warning: d256.test: detail 256\nwarning: d257.test: detail 257\n");
        add(LOG_KIND_FAILED, "cause 7", 1000, 1);
        ck_assert_str_eq(told(), "");
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_uint_eq(count_lines(told()), GROUPS_MAX + 1);
        /* What has nothing more to say makes room. */
        add(LOG_KIND_FAILED, "cause 256", 1, 1);
        ck_assert_str_eq(told(), "");
}
END_TEST

START_TEST(end_tells_what_is_held_back) {
        add(LOG_KIND_PUBLISHED, "at ns1", 1, 4);
        add(LOG_KIND_FAILED, "ns2 is down", 5, 1);
        summary = summary_free(summary);
        told();
        ck_assert_uint_eq(count_lines(lines), 2);
        ck_assert_ptr_nonnull(strstr(lines, counts[0].line));
        ck_assert_ptr_nonnull(strstr(lines, "warning: d5.test: detail 5\n"));
        ck_assert_ptr_null(summary_free(NULL));
}
END_TEST

START_TEST(end_tells_a_group_once) {
        add(LOG_KIND_FAILED, "ns1 is down", 1, 5);
        pass(FIRST_WINDOW + ACCURACY);
        told();
        add(LOG_KIND_FAILED, "ns1 is down", 6, 4);
        summary = summary_free(summary);
        ck_assert_str_eq(told(), "warning: 4 more domains (d6.test, d7.test, d8.test, ...) failed: "
                                 "ns1 is down\n");
}
END_TEST

START_TEST(what_nobody_reads_is_not_held) {
        log_init(LOG_ERR);
        add(LOG_KIND_PUBLISHED, "at ns1", 1, 1);
        add(LOG_KIND_FAILED, "ns1 is down", 1, 1);
        add(LOG_KIND_DENIED, "ns1 refuses", 1, 1);
        log_init(LOG_DEBUG); /* it was dropped when it came */
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), "d1.test: detail 1\n");
}
END_TEST

START_TEST(text_is_no_format) {
        add(LOG_KIND_PUBLISHED, "at %s%n", 1, 4);
        pass(FIRST_WINDOW + ACCURACY);
        ck_assert_str_eq(told(), "4 domains (d1.test, d2.test, d3.test, ...) published: at %s%n\n");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, few_are_told_one_by_one);
        tcase_add_loop_test(tcase, many_are_one_line, 0, ELEMENTSOF(counts));
        tcase_add_test(tcase, a_domain_fails_once_in_a_window);
        tcase_add_test(tcase, very_many_are_one_line);
        tcase_add_test(tcase, kinds_and_causes_are_told_apart);
        tcase_add_test(tcase, good_news_keeps_its_window);
        tcase_add_test(tcase, bad_news_comes_ever_more_rarely);
        tcase_add_test(tcase, few_more_are_told_one_by_one);
        tcase_add_test(tcase, stragglers_are_gathered);
        tcase_add_test(tcase, good_news_from_the_server_starts_over);
        tcase_add_test(tcase, cure_follows_the_cause);
        tcase_add_test(tcase, quiet_window_closes_the_group);
        tcase_add_test(tcase, immediate_tells_at_once);
        tcase_add_test(tcase, groups_are_bounded);
        tcase_add_test(tcase, end_tells_what_is_held_back);
        tcase_add_test(tcase, end_tells_a_group_once);
        tcase_add_test(tcase, what_nobody_reads_is_not_held);
        tcase_add_test(tcase, text_is_no_format);
}

UNIT_MAIN("summary", add_tests)
