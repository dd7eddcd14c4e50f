/* daemon/holds, and the state below it: what was withdrawn by command stays so, over restarts,
   until it is published by command or its configuration is another. */
#include "daemon/holds.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

#define RECORD "_vlmcs._tcp.example.org"

/* Takes the place of the C library's for SQLite too, and fails when told. */
static int write_error;

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
        static ssize_t (*original)(int, const void *, size_t, off64_t);

        if (!original)
                original = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT,
                                                                                 "pwrite64");
        errno = __atomic_load_n(&write_error, __ATOMIC_SEQ_CST);
        return errno ? -1 : original(fd, bytes, size, offset);
}

static void disk_break(int error) {
        __atomic_store_n(&write_error, error, __ATOMIC_SEQ_CST);
}

static Scratch scratch;
static State *state;
static Holds *holds;

static void begin(void) {
        state = scratch_open(&scratch);
        ck_assert_int_eq(holds_new(state, &holds), 0);
}

static void end(void) {
        holds = holds_free(holds);
        state = state_close(state);
}

static void restart(void) {
        end();
        begin();
}

static void setup(void) {
        scratch_init(&scratch);
        disk_break(0);
        begin();
}

static void teardown(void) {
        end();
        scratch_done(&scratch);
}

static void on_written(int error, const char *text, void *userdata) {
        ck_assert_msg(error == 0, "%s", text);
        (*(unsigned *)userdata)++;
}

/* Until all that was asked for before is in the file. */
static void settle(void) {
        unsigned n = 0;

        ck_assert_int_eq(state_unhold(state, "none", on_written, &n, NULL), 0);
        wait_for(scratch.event, &n, 1);
}

START_TEST(what_is_held_stays_so_over_restarts) {
        ck_assert(!holds_has(holds, RECORD, 7));
        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        for (int i = 0; i < 3; i++) {
                ck_assert(holds_has(holds, RECORD, 7));
                ck_assert(holds_has(holds, "_VLMCS._tcp.Example.ORG", 7));
                ck_assert(!holds_has(holds, "_vlmcs._tcp.example.com", 7));
                ck_assert(!holds_has(holds, "", 7));
                restart();
        }
}
END_TEST

START_TEST(a_hold_ends_by_command) {
        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        ck_assert_int_eq(holds_add(holds, "a.b", 7), 0);
        ck_assert_int_eq(holds_remove(holds, "_VLMCS._tcp.example.org"), 0);
        ck_assert_int_eq(holds_remove(holds, "never.held"), 0);
        for (int i = 0; i < 2; i++) {
                ck_assert(!holds_has(holds, RECORD, 7));
                ck_assert(holds_has(holds, "a.b", 7));
                restart();
        }
}
END_TEST

/* It does not come back when the configuration does. */
START_TEST(a_hold_ends_with_the_configuration) {
        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        if (_i)
                restart();
        ck_assert(!holds_has(holds, RECORD, 8));
        ck_assert(!holds_has(holds, RECORD, 7));
        restart();
        ck_assert(!holds_has(holds, RECORD, 7));
}
END_TEST

/* However often it was asked for before: a domain that left the configuration ends its hold. */
START_TEST(a_hold_ends_when_nobody_asks_for_it) {
        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        for (int i = 0; i < _i; i++) {
                holds_begin(holds);
                ck_assert(holds_has(holds, RECORD, 7));
                holds_sweep(holds);
        }
        holds_begin(holds);
        holds_sweep(holds);
        ck_assert(!holds_has(holds, RECORD, 7));
        restart();
        ck_assert(!holds_has(holds, RECORD, 7));
}
END_TEST

/* By an operator, while the configuration is followed: one that was looked at before is not looked
   at again. */
START_TEST(a_hold_made_meanwhile_stays) {
        if (_i) {
                ck_assert_int_eq(holds_add(holds, RECORD, 6), 0);
                ck_assert(holds_has(holds, RECORD, 6));
        }
        holds_begin(holds);
        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        holds_sweep(holds);
        ck_assert(holds_has(holds, RECORD, 7));
}
END_TEST

/* ... and before that: it goes over to whatever is followed until no more is awaited, in the file
   too. */
START_TEST(a_hold_is_of_the_awaited_configuration) {
        if (_i)
                ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        holds_await(holds, true);
        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        ck_assert(holds_has(holds, RECORD, 8));
        ck_assert(holds_has(holds, RECORD, 9));
        holds_await(holds, false);
        restart();
        ck_assert(holds_has(holds, RECORD, 9));
        ck_assert(!holds_has(holds, RECORD, 10));
}
END_TEST

/* Neither one made before, nor one made while what came then could not be used. */
START_TEST(a_hold_is_of_no_later_configuration) {
        if (_i)
                ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        holds_await(holds, true);
        if (!_i) {
                ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
                holds_await(holds, false);
        }
        ck_assert(!holds_has(holds, RECORD, 8));
}
END_TEST

START_TEST(the_later_hold_counts) {
        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        ck_assert_int_eq(holds_add(holds, "_VLMCS._tcp.example.org", UINT64_MAX), 0);
        if (_i)
                restart();
        ck_assert(holds_has(holds, RECORD, UINT64_MAX));
        ck_assert(!holds_has(holds, RECORD, 7));
}
END_TEST

START_TEST(many_are_held) {
        char record[32];

        for (unsigned i = 0; i < 2000; i++) {
                (void)snprintf(record, sizeof(record), "d%u.example", i);
                ck_assert_int_eq(holds_add(holds, record, i), 0);
        }
        restart();
        for (unsigned i = 0; i < 2000; i += 2) {
                (void)snprintf(record, sizeof(record), "D%u.example", i);
                ck_assert_int_eq(holds_remove(holds, record), 0);
        }
        restart();
        for (unsigned i = 0; i < 2000; i++) {
                (void)snprintf(record, sizeof(record), "d%u.example", i);
                ck_assert_int_eq(holds_has(holds, record, i), i % 2);
        }
}
END_TEST

/* The command is obeyed although it cannot be kept; this is not an error of a later one. */
START_TEST(what_cannot_be_written_goes_on_in_memory) {
        log_init(-1);
        ck_assert_int_eq(holds_add(holds, "a.b", 7), 0);
        settle();
        disk_break(ENOSPC);
        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        ck_assert_int_eq(holds_remove(holds, "a.b"), 0);
        while (state_each_hold(state, NULL, NULL) == -EBUSY)
                ck_assert_int_gt(sd_event_run(scratch.event, 10 * USEC_PER_SEC), 0);
        disk_break(0);
        ck_assert(holds_has(holds, RECORD, 7));
        ck_assert(!holds_has(holds, "a.b", 7));
        restart();
        ck_assert(!holds_has(holds, RECORD, 7));
        ck_assert(holds_has(holds, "a.b", 7));

        /* A name that the state does not take. */
        ck_assert_int_eq(holds_add(holds, "a..b", 7), -EINVAL);
        ck_assert(holds_has(holds, "a..b", 7));
        ck_assert_int_eq(holds_remove(holds, "a..b"), -EINVAL);
        ck_assert(!holds_has(holds, "a..b", 7));
}
END_TEST

/* --dry-run */
START_TEST(looking_writes_nothing) {
        Image image;
        State *look;
        Holds *seen;

        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        settle();
        image_take(&scratch, &image);
        look = scratch_look(&scratch);
        ck_assert_int_eq(holds_new(look, &seen), 0);
        ck_assert(holds_has(seen, RECORD, 7));
        ck_assert(!holds_has(seen, RECORD, 8));
        ck_assert_int_eq(holds_add(seen, RECORD, 9), -EROFS);
        ck_assert(holds_has(seen, RECORD, 9));
        ck_assert_int_eq(holds_remove(seen, RECORD), -EROFS);
        StateRow row = row_make(0, 0);
        ck_assert_int_eq(state_put(look, &row, NULL, NULL, NULL), -EROFS);
        holds_free(seen);
        state_close(look);
        image_expect(scratch.file, &image);
        image_free(&image);
}
END_TEST

START_TEST(where_there_is_no_file_nothing_is_held) {
        end();
        directory_remove(scratch.directory);
        state = scratch_look(&scratch);
        ck_assert_int_eq(holds_new(state, &holds), 0);
        ck_assert(!holds_has(holds, RECORD, 0));
        ck_assert_ptr_null(holds_free(NULL));
}
END_TEST

/* --- the state -------------------------------------------------------------------------------- */

static int on_hold_in_order(const char *record, uint64_t fingerprint, void *userdata) {
        uint64_t *last = userdata;

        ck_assert_uint_gt(fingerprint, *last);
        *last = fingerprint;
        return fingerprint == 3 ? 42 : 0;
}

static int on_hold_never(const char *record, uint64_t fingerprint, void *userdata) {
        ck_abort_msg("%s is held", record);
        return 0;
}

START_TEST(holds_are_read_in_order_and_apart_from_rows) {
        static const char *const records[] = {"D.example", "b.example", "C.example", "a.example"};
        uint64_t last = 0;
        unsigned n = 0;

        ck_assert_int_eq(state_each_hold(state, on_hold_never, NULL), 0);
        for (unsigned i = 0; i < ELEMENTSOF(records); i++)
                ck_assert_int_eq(state_hold(state, records[i], (uint64_t)(records[i][0] & 0x1f),
                                            on_written, &n, NULL),
                                 0);
        ck_assert_uint_eq(n, 0);
        ck_assert_int_eq(state_each_hold(state, on_hold_never, NULL), -EBUSY);
        wait_for(scratch.event, &n, 4);
        rows_put(&scratch, state, 0, 10);
        ck_assert_int_eq(state_each_hold(state, on_hold_in_order, &last), 42);
        ck_assert_uint_eq(last, 3);
        ck_assert_int_eq(rows_check(state), 10);
        ck_assert_int_eq(state_hold(state, "a.", 0, NULL, NULL, NULL), -EINVAL);
        ck_assert_int_eq(state_hold(state, "a\nb", 0, NULL, NULL, NULL), -EINVAL);
        ck_assert_int_eq(state_unhold(state, "", NULL, NULL, NULL), -EINVAL);
}
END_TEST

/* A row as the file has it, with a sum that is right, whatever is in it. */
static void insert_hostile(const char *record_sql, const char *record, uint64_t fingerprint) {
        unsigned char hash[SHA256_DIGEST_LENGTH];
        char text[600], sql[1200];
        uint64_t sum = 0;

        int n = snprintf(text, sizeof(text), "%s\n%016" PRIx64, record, fingerprint);
        SHA256((const unsigned char *)text, (size_t)n, hash);
        for (unsigned i = 0; i < 8; i++)
                sum = sum << 8 | hash[i];
        (void)snprintf(sql, sizeof(sql),
                       "INSERT INTO hold VALUES (%s, %" PRId64 ", %" PRId64 ");"
                       "UPDATE total SET n_holds = 1, hold_sum = %" PRId64,
                       record_sql, (int64_t)fingerprint, (int64_t)sum, (int64_t)sum);
        file_execute_sql(scratch.file, sql);
}

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
        const char *sql, *record;
        bool accepted;
} hostile_cases[] = {
        {"'a.b'", "a.b", true},
        {"'" X60 "." X60 "." X60 "." X60 "'", X60 "." X60 "." X60 "." X60, true},
        {"'a.b.'", "a.b.", false},
        {"''", "", false},
        {"'a..b'", "a..b", false},
        {"'a' || char(10) || 'b'", "a\nb", false},
        {"'a' || char(27) || 'b'",
         "a\x1b"
         "b",
         false},
        {"CAST(x'612e6200' AS TEXT)", "a.b", false},
        {"CAST(x'612eff' AS TEXT)", "a.\xff", false},
        {"'" X60 "." X60 "." X60 "." X60 "." X60 "'", X60 "." X60 "." X60 "." X60 "." X60, false},
};

START_TEST(a_hostile_hold_is_refused_though_its_sum_is_right) {
        char *said;

        end();
        insert_hostile(hostile_cases[_i].sql, hostile_cases[_i].record, 1ULL << 63);
        state = scratch_open_saying(&scratch, &said);
        ck_assert_int_eq(holds_new(state, &holds), 0);
        ck_assert_int_eq(said == NULL, hostile_cases[_i].accepted);
        ck_assert_int_eq(holds_has(holds, hostile_cases[_i].record, 1ULL << 63),
                         hostile_cases[_i].accepted);
        ck_assert_int_eq(directory_count(scratch.directory, "state.db.bad-") > 0, said != NULL);
        free(said);
}
END_TEST

/* Since it was opened, by someone with a shell. */
START_TEST(damage_is_noticed_when_holds_are_read) {
        Holds *none;

        ck_assert_int_eq(holds_add(holds, RECORD, 7), 0);
        settle();
        file_execute_sql(scratch.file, "UPDATE hold SET fingerprint = 8");
        ck_assert_int_eq(holds_new(state, &none), -EBADMSG);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, what_is_held_stays_so_over_restarts);
        tcase_add_test(tcase, a_hold_ends_by_command);
        tcase_add_loop_test(tcase, a_hold_ends_with_the_configuration, 0, 2);
        tcase_add_loop_test(tcase, a_hold_made_meanwhile_stays, 0, 2);
        tcase_add_loop_test(tcase, a_hold_ends_when_nobody_asks_for_it, 0, 3);
        tcase_add_loop_test(tcase, a_hold_is_of_the_awaited_configuration, 0, 2);
        tcase_add_loop_test(tcase, a_hold_is_of_no_later_configuration, 0, 2);
        tcase_add_loop_test(tcase, the_later_hold_counts, 0, 2);
        tcase_add_test(tcase, many_are_held);
        tcase_add_test(tcase, what_cannot_be_written_goes_on_in_memory);
        tcase_add_test(tcase, looking_writes_nothing);
        tcase_add_test(tcase, where_there_is_no_file_nothing_is_held);
        tcase_add_test(tcase, holds_are_read_in_order_and_apart_from_rows);
        tcase_add_loop_test(tcase, a_hostile_hold_is_refused_though_its_sum_is_right, 0,
                            ELEMENTSOF(hostile_cases));
        tcase_add_test(tcase, damage_is_noticed_when_holds_are_read);
}

UNIT_MAIN("holds", add_tests)
