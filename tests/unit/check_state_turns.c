/* daemon/state: when a commit begins, and what comes of it when it cannot. Each who waits is told
   once, from the loop (rule O13: no update is sent before). */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

static bool has_threads;

/* In place of the C library's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *userdata) {
        typedef int (*Create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
        const Create original = (Create)dlsym(RTLD_NEXT, "pthread_create");

        return has_threads ? original(thread, attributes, run, userdata) : EAGAIN;
}

static Scratch scratch;

static void setup(void) {
        scratch_init(&scratch);
        has_threads = true;
}

static void teardown(void) {
        scratch_done(&scratch);
}

static void put(State *state, unsigned number, Told *told) {
        const StateRow row = row_make(number, 0);

        ck_assert_int_eq(state_put(state, &row, on_told, told, NULL), 0);
}

START_TEST(without_a_thread_each_is_told_once) {
        Told told[3] = {};
        State *state = scratch_open(&scratch);

        has_threads = false;
        for (unsigned i = 0; i < 3; i++)
                put(state, i, &told[i]);
        ck_assert_uint_eq(told[0].n + told[1].n + told[2].n, 0);
        wait_for(scratch.event, &told[2].n, 1);
        for (unsigned i = 0; i < 3; i++) {
                ck_assert_uint_eq(told[i].n, 1);
                ck_assert_int_eq(told[i].error, -EAGAIN);
                ck_assert_ptr_nonnull(strstr(told[i].text, "no thread"));
        }
        ck_assert_int_eq(rows_check(state), 0);
        has_threads = true;
        rows_put(&scratch, state, 0, 3);
        ck_assert_uint_eq(told[0].n, 1);
        ck_assert_int_eq(rows_check(state), 3);
        state_close(state);
}
END_TEST

START_TEST(closing_without_a_thread_tells_and_ends) {
        Told told = {};
        State *state = scratch_open(&scratch);

        has_threads = false;
        put(state, 0, &told);
        state_close(state);
        ck_assert_uint_eq(told.n, 1);
        ck_assert_int_eq(told.error, -EAGAIN);
}
END_TEST

static int on_row(const StateRow *row, void *userdata) {
        return 0;
}

/* Writes wait for a reader; one who never comes to its end does not keep them. */
START_TEST(closing_while_it_is_read) {
        Told told = {};
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, 4);
        ck_assert_int_eq(state_each(state, 2, on_row, NULL), 1);
        put(state, 4, &told);
        state_close(state);
        ck_assert_uint_eq(told.n, 1);
        ck_assert_int_eq(told.error, 0);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 5);
        state_close(state);
}
END_TEST

/* Whenever it is asked for: at rest, during a commit, or between two parts of what is read. */
START_TEST(trimming_frees_what_is_kept) {
        enum { N = 2000 };
        Told told = {};
        State *state = scratch_open(&scratch);
        int64_t n_kept;

        rows_put(&scratch, state, 0, N);
        n_kept = sqlite3_memory_used();
        state_trim(state);
        ck_assert_int_gt(n_kept - sqlite3_memory_used(), 256 * 1024);

        put(state, N, &told);
        begin_commit(&scratch);
        state_trim(state);
        wait_for(scratch.event, &told.n, 1);
        ck_assert_int_eq(told.error, 0);

        ck_assert_int_eq(state_each(state, N / 2, on_row, NULL), 1);
        state_trim(state);
        ck_assert_int_eq(state_each(state, SIZE_MAX, on_row, NULL), 0);
        ck_assert_int_eq(rows_check(state), N + 1);
        state_close(state);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, without_a_thread_each_is_told_once);
        tcase_add_test(tcase, closing_without_a_thread_tells_and_ends);
        tcase_add_test(tcase, closing_while_it_is_read);
        tcase_add_test(tcase, trimming_frees_what_is_kept);
}

UNIT_MAIN("state turns", add_tests)
