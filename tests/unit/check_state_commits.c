/* daemon/state: what a handler is told is true (rule O13: intent is durable before the update is
   sent), in order, and survives errors and kill -9. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

/* These take the place of the C library's for SQLite too: they count, and fail when told. */
static unsigned n_syncs;
static int sync_error;
static int write_error;
static unsigned n_writes_left; /* before write_error */

int fdatasync(int fd) {
        static int (*original)(int);

        if (!original)
                original = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
        __atomic_add_fetch(&n_syncs, 1, __ATOMIC_SEQ_CST);
        errno = __atomic_load_n(&sync_error, __ATOMIC_SEQ_CST);
        return errno ? -1 : original(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
        static ssize_t (*original)(int, const void *, size_t, off64_t);

        if (!original)
                original = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT,
                                                                                 "pwrite64");
        errno = __atomic_load_n(&write_error, __ATOMIC_SEQ_CST);
        if (errno && n_writes_left-- == 0) {
                n_writes_left = 0;
                return -1;
        }
        return original(fd, bytes, size, offset);
}

static void disk_break(int on_write, unsigned n_writes, int on_sync) {
        n_writes_left = n_writes;
        __atomic_store_n(&write_error, on_write, __ATOMIC_SEQ_CST);
        __atomic_store_n(&sync_error, on_sync, __ATOMIC_SEQ_CST);
}

static Scratch scratch;

static void setup(void) {
        scratch_init(&scratch);
        disk_break(0, 0, 0);
}

static void teardown(void) {
        scratch_done(&scratch);
}

typedef struct Seen {
        unsigned n;
        const StateRow *row; /* looked for in the file when the handler runs */
        bool is_expected;
} Seen;

static void on_written(int error, const char *text, void *userdata) {
        Seen *seen = userdata;

        seen->n++;
        ck_assert_msg(error == 0, "%s", text);
        ck_assert_int_eq(row_is_in_file(&scratch, seen->row), seen->is_expected);
}

/* O13: the update is sent from the handler, so the intent must be in the file when it runs. */
START_TEST(a_write_is_durable_when_its_handler_runs) {
        StateRow row = row_make(3, 1);
        Seen seen = {.row = &row, .is_expected = true};
        State *state = scratch_open(&scratch);
        unsigned before = n_syncs;

        ck_assert_int_eq(state_put(state, &row, on_written, &seen, NULL), 0);
        ck_assert_uint_eq(seen.n, 0);
        ck_assert_int_eq(rows_check(state), -EBUSY);
        wait_for(scratch.event, &seen.n, 1);
        ck_assert_uint_gt(n_syncs, before);

        before = n_syncs;
        seen.is_expected = false;
        ck_assert_int_eq(
                state_remove(state, row.record, row.target, row.port, on_written, &seen, NULL), 0);
        ck_assert_uint_eq(seen.n, 1);
        wait_for(scratch.event, &seen.n, 2);
        ck_assert_uint_gt(n_syncs, before);
        state_close(state);
}
END_TEST

typedef struct Order {
        unsigned *next;
        unsigned number;
} Order;

static void on_written_in_order(int error, const char *text, void *userdata) {
        Order *order = userdata;

        ck_assert_int_eq(error, 0);
        ck_assert_uint_eq(order->number, *order->next);
        (*order->next)++;
}

START_TEST(writes_are_committed_in_groups_and_handlers_called_in_order) {
        enum { N = 1000 };
        static Order orders[N];
        unsigned next = 0;
        State *state = scratch_open(&scratch);
        unsigned before = n_syncs;

        for (unsigned i = 0; i < N; i++) {
                StateRow row = row_make(i, 0);
                orders[i] = (Order){&next, i};
                ck_assert_int_eq(state_put(state, &row, on_written_in_order, &orders[i], NULL), 0);
                if (i == 0)
                        begin_commit(&scratch);
        }
        ck_assert_uint_eq(next, 0);
        wait_for(scratch.event, &next, N);
        /* One for the first, one for the others: a few syncs each. */
        ck_assert_uint_le(n_syncs - before, 16);
        ck_assert_int_eq(rows_check(state), N);
        state_close(state);
}
END_TEST

/* Who waits for servers' answers waits for a few handlers, not for all. What is left at the end is
   told then. */
START_TEST(a_group_is_told_in_pieces) {
        enum { N = 1000, PIECE = 32 };
        static Order orders[N];
        unsigned next = 0;
        State *state = scratch_open(&scratch);

        for (unsigned i = 0; i < N; i++) {
                StateRow row = row_make(i, 0);
                orders[i] = (Order){&next, i};
                ck_assert_int_eq(state_put(state, &row, on_written_in_order, &orders[i], NULL), 0);
        }
        for (unsigned before = 0; next < N / 2; before = next) {
                ck_assert_int_ge(sd_event_run(scratch.event, USEC_PER_SEC), 0);
                ck_assert_uint_le(next - before, PIECE);
        }
        ck_assert_int_eq(rows_check(state), -EBUSY);
        ck_assert_uint_lt(next, N);
        state_close(state);
        ck_assert_uint_eq(next, N);
}
END_TEST

static uint64_t boot_usec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* What comes one by one shares commits all the same: a commit follows another by 20 ms. */
START_TEST(commits_keep_a_pace) {
        enum { N = 400 };
        static Order orders[N];
        unsigned next = 0;
        State *state = scratch_open(&scratch);
        const unsigned before = n_syncs;
        const uint64_t begun_usec = boot_usec();

        for (unsigned i = 0; i < N; i++) {
                StateRow row = row_make(i, 0);
                orders[i] = (Order){&next, i};
                ck_assert_int_eq(state_put(state, &row, on_written_in_order, &orders[i], NULL), 0);
                ck_assert_int_ge(sd_event_run(scratch.event, 100), 0);
        }
        wait_for(scratch.event, &next, N);
        const uint64_t n_paces = (boot_usec() - begun_usec) / (20 * USEC_PER_MSEC);
        ck_assert_uint_le(n_syncs - before, 8 * (n_paces + 2));
        ck_assert_uint_lt(n_syncs - before, N);
        state_close(state);
}
END_TEST

typedef struct Chain {
        State *state;
        unsigned n;
} Chain;

static void on_written_put_next(int error, const char *text, void *userdata) {
        Chain *chain = userdata;
        StateRow row = row_make(chain->n, 0);

        ck_assert_int_eq(error, 0);
        if (chain->n++ < 5)
                ck_assert_int_eq(state_put(chain->state, &row, on_written_put_next, chain, NULL),
                                 0);
}

START_TEST(a_handler_may_write) {
        Chain chain = {.state = scratch_open(&scratch)};

        on_written_put_next(0, NULL, &chain);
        wait_for(scratch.event, &chain.n, 6);
        ck_assert_int_eq(rows_check(chain.state), 5);
        state_close(chain.state);
}
END_TEST

START_TEST(closing_commits_what_is_pending) {
        Told told = {};
        State *state = scratch_open(&scratch);

        for (unsigned i = 0; i < 100; i++) {
                StateRow row = row_make(i, 0);
                bool handled = i % 2;
                ck_assert_int_eq(state_put(state, &row, handled ? on_told : NULL, &told, NULL), 0);
        }
        state_close(state);
        ck_assert_uint_eq(told.n, 50);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 100);
        state_close(state);
}
END_TEST

static void on_written_forget(int error, const char *text, void *userdata) {
        StateWrite **other = userdata;

        state_write_forget(TAKE_PTR(*other));
}

START_TEST(a_forgotten_write_goes_on_without_its_handler) {
        Told never = {}, told = {};
        StateWrite *write = NULL, *later = NULL;
        State *state = scratch_open(&scratch);
        StateRow rows[] = {row_make(0, 0), row_make(1, 1)};

        /* The first is in the thread already, the others wait and come in one group. */
        ck_assert_int_eq(state_put(state, &rows[0], on_told, &never, &write), 0);
        begin_commit(&scratch);
        state_write_forget(write);
        state_write_forget(NULL);
        ck_assert_int_eq(state_put(state, &rows[1], on_written_forget, &later, NULL), 0);
        ck_assert_int_eq(state_put(state, &rows[1], on_told, &never, &later), 0);
        ck_assert_int_eq(state_put(state, &rows[0], on_told, &told, NULL), 0);
        wait_for(scratch.event, &told.n, 1);
        ck_assert_uint_eq(never.n, 0);
        ck_assert_ptr_null(later);
        ck_assert_int_eq(rows_check(state), 2);
        state_close(state);
}
END_TEST

/* The disk is full at the first or a later write, is remounted read-only, or loses a sync. */
static const struct {
        int on_write;
        unsigned n_writes;
        int on_sync;
        int error;
} disk_cases[] = {
        {ENOSPC, 0, 0, -ENOSPC}, {ENOSPC, 1, 0, -ENOSPC}, {ENOSPC, 5, 0, -ENOSPC},
        {EROFS, 0, 0, -EROFS},   {EIO, 3, 0, -EIO},       {0, 0, EIO, -EIO},
};

/* Of rows 40..79 those are in the file, now and later, whose handler was told so: 40 may be, as it
   goes alone and its copy from the -wal into the database may be what fails. */
START_TEST(a_group_that_fails_leaves_nothing_and_the_next_works) {
        State *state = scratch_open(&scratch);
        Told told[40] = {};
        int n = 40;

        rows_put(&scratch, state, 0, 40);
        disk_break(disk_cases[_i].on_write, disk_cases[_i].n_writes, disk_cases[_i].on_sync);
        for (unsigned i = 0; i < 40; i++) {
                StateRow row = row_make(40 + i, 0);
                ck_assert_int_eq(state_put(state, &row, on_told, &told[i], NULL), 0);
                if (i == 0)
                        begin_commit(&scratch);
        }
        wait_for(scratch.event, &told[39].n, 1);
        disk_break(0, 0, 0);
        for (unsigned i = 0; i < 40; i++) {
                StateRow row = row_make(40 + i, 0);
                ck_assert_uint_eq(told[i].n, 1);
                ck_assert_int_eq(row_is_in_file(&scratch, &row), told[i].error == 0);
                n += told[i].error == 0;
                if (i == 0 && told[i].error == 0)
                        continue;
                ck_assert_msg(told[i].error == disk_cases[_i].error, "%s", told[i].text);
                ck_assert_msg(strstr(told[i].text, scratch.file), "%s", told[i].text);
                ck_assert_msg(strstr(told[i].text, strerror(-told[i].error)), "%s", told[i].text);
        }
        ck_assert_int_eq(rows_check(state), n);
        rows_put(&scratch, state, 80, 100);
        ck_assert_int_eq(rows_check(state), n + 20);
        state_close(state);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), n + 20);
        state_close(state);
}
END_TEST

static int child_fd;

static void on_written_tell(int error, const char *text, void *userdata) {
        uint32_t number = (uint32_t)(uintptr_t)userdata;

        if (error == 0)
                (void)!write(child_fd, &number, sizeof(number));
}

/* Writes on and on: up to 20 before it lets the loop run, so that groups of all sizes form. */
static void child_write(int fd) {
        State *state = scratch_open(&scratch);
        unsigned first = (unsigned)rows_check(state), n = 0;

        child_fd = fd;
        for (;;) {
                for (unsigned i = 0; i <= n % 20; i++, n++) {
                        StateRow row = row_make(first + n, 0);
                        (void)state_put(state, &row, on_written_tell,
                                        (void *)(uintptr_t)(first + n), NULL);
                }
                (void)sd_event_run(scratch.event, UINT64_MAX);
        }
}

/* Rows are written in the order of their numbers: those there are 0..n-1, and n is past each one
   whose handler had run. */
START_TEST(what_a_handler_was_told_survives_kill) {
        int n_before = 0;

        for (unsigned round = 0; round < 24; round++) {
                int fd, last = -1;
                uint32_t number;
                pid_t pid = child_start(&scratch, child_write, &fd);

                for (unsigned i = 0; i <= round * 7 % 40; i++)
                        ck_assert_int_eq(read(fd, &number, sizeof(number)), sizeof(number));
                child_kill(pid);
                last = (int)number;
                while (read(fd, &number, sizeof(number)) == sizeof(number))
                        last = (int)number;
                close(fd);

                State *state = scratch_open(&scratch);
                int n = rows_check(state);
                state_close(state);
                ck_assert_int_gt(n, last);
                ck_assert_int_gt(n, n_before);
                n_before = n;
        }
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_write_is_durable_when_its_handler_runs);
        tcase_add_test(tcase, writes_are_committed_in_groups_and_handlers_called_in_order);
        tcase_add_test(tcase, a_group_is_told_in_pieces);
        tcase_add_test(tcase, commits_keep_a_pace);
        tcase_add_test(tcase, a_handler_may_write);
        tcase_add_test(tcase, closing_commits_what_is_pending);
        tcase_add_test(tcase, a_forgotten_write_goes_on_without_its_handler);
        tcase_add_loop_test(tcase, a_group_that_fails_leaves_nothing_and_the_next_works, 0,
                            ELEMENTSOF(disk_cases));
        tcase_add_test(tcase, what_a_handler_was_told_survives_kill);
}

UNIT_MAIN("state commits", add_tests)
