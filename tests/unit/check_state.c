/* daemon/state: rows come back as they were written, in order, and nothing else is taken for one.
 */
#include "daemon/state.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

static Scratch scratch;

static void setup(void) {
        scratch_init(&scratch);
}

static void teardown(void) {
        scratch_done(&scratch);
}

START_TEST(rows_come_back_as_they_were_written) {
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, 200);
        ck_assert_int_eq(rows_check(state), 200);
        state_close(state);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 200);
        state_close(state);
}
END_TEST

static int on_row_in_order(const StateRow *row, void *userdata) {
        char *last = userdata, now[200];

        (void)snprintf(now, sizeof(now), "%s %s %05u", row->record, row->target, row->port);
        ck_assert_msg(strcasecmp(last, now) < 0, "%s after %s", now, last);
        strcpy(last, now);
        return strstr(row->record, "d000007") ? -42 : 0;
}

START_TEST(each_is_in_order_and_ends_when_told) {
        char last[200] = "";
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 30, 60);
        rows_put(&scratch, state, 0, 30);
        ck_assert_int_eq(state_each(state, SIZE_MAX, on_row_in_order, last), -42);
        state_close(state);
}
END_TEST

static int on_row_behind(const StateRow *row, void *userdata) {
        char *last = userdata, now[200];

        (void)snprintf(now, sizeof(now), "%s %s", row->record, row->target);
        ck_assert_int_lt(strcasecmp(last, now), 0);
        strcpy(last, now);
        return 0;
}

/* In parts of any size, in order; what is written meanwhile waits for the end. */
START_TEST(each_goes_on_where_it_was) {
        const size_t limit = (size_t)_i;
        State *state = scratch_open(&scratch);
        const StateRow row = row_make(77, 0);
        char last[200] = "";
        Told told = {};
        unsigned n = 1;
        int r;

        rows_put(&scratch, state, 0, 10);
        ck_assert_int_eq(state_each(state, 0, on_row_behind, last), 1);
        ck_assert_int_eq(state_put(state, &row, on_told, &told, NULL), 0);
        for (; (r = state_each(state, limit, on_row_behind, last)) == 1; n++)
                ck_assert_int_ge(sd_event_run(scratch.event, 20 * USEC_PER_MSEC), 0);
        ck_assert_int_eq(r, 0);
        ck_assert_uint_eq(n, 10 / limit + 1);
        ck_assert(strstr(last, row_make(9, 0).target) && strstr(last, row_make(9, 0).record));
        ck_assert_uint_eq(told.n, 0);
        wait_for(scratch.event, &told.n, 1);
        n = 0;
        ck_assert_int_eq(state_each(state, SIZE_MAX, on_row_count, &n), 0);
        ck_assert_uint_eq(n, 11);
        state_close(state);
}
END_TEST

/* Rule O1: the key is compared without case; the later case is kept. */
START_TEST(keys_are_compared_without_case) {
        Told told = {};
        unsigned n = 0;
        StateRow row = row_make(0, 0);
        State *state = scratch_open(&scratch);

        ck_assert_int_eq(state_put(state, &row, on_told, &told, NULL), 0);
        row.record = "_VLMCS._tcp.D000000.example.ORG";
        row.target = "KMS0.example.net";
        row.confirmed = false;
        ck_assert_int_eq(state_put(state, &row, on_told, &told, NULL), 0);
        wait_for(scratch.event, &told.n, 2);
        ck_assert_int_eq(state_each(state, SIZE_MAX, on_row_count, &n), 0);
        ck_assert_uint_eq(n, 1);

        ck_assert_int_eq(state_remove(state, "_vlmcs._TCP.d000000.example.org", "kms0.EXAMPLE.net",
                                      row.port, on_told, &told, NULL),
                         0);
        wait_for(scratch.event, &told.n, 3);
        ck_assert_int_eq(rows_check(state), 0);
        state_close(state);
        state_close(scratch_open(&scratch));
}
END_TEST

START_TEST(removing_takes_one_row_and_what_is_not_there_is_no_error) {
        Told told = {};
        StateRow row = row_make(7, 1);
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, 20);
        for (unsigned i = 0; i < 2; i++)
                ck_assert_int_eq(
                        state_remove(state, row.record, row.target, row.port, on_told, &told, NULL),
                        0);
        wait_for(scratch.event, &told.n, 2);
        ck_assert_int_eq(told.error, 0);
        ck_assert_int_eq(rows_check(state), 19);
        ck_assert(!row_is_in_file(&scratch, &row));
        state_close(state);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 19);
        state_close(state);
}
END_TEST

#define LABEL_50 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define NAME_250 LABEL_50 "." LABEL_50 "." LABEL_50 "." LABEL_50 "." LABEL_50

static const struct {
        const char *record, *zone, *servers, *key_file;
        Security security;
        int error;
} row_cases[] = {
        {"_vlmcs._tcp.a", "a", "", "", SECURITY_NONE, 0},
        {"a." LABEL_50 "." LABEL_50 "." LABEL_50 "." LABEL_50, ".", "", "k", SECURITY_TSIG, 0},
        {NAME_250 "abcdef", "a", "", "", SECURITY_NONE, -EINVAL},
        {"a.b", "a", "", "", _SECURITY_MAX, -EINVAL},
        {"a.b", "a", "", "", (Security)-1, -EINVAL},
        {"", "a", "", "", SECURITY_NONE, -EINVAL},
        {"a.b.", "a", "", "", SECURITY_NONE, -EINVAL},
        {"a..b", "a", "", "", SECURITY_NONE, -EINVAL},
        {"a.b", "", "", "", SECURITY_NONE, -EINVAL},
        {"a\nb", "a", "", "", SECURITY_NONE, -EINVAL},
        {"a.b", "\xc3\xbc", "", "", SECURITY_NONE, -EINVAL},
        {"a.b", "a", "x\ty", "", SECURITY_NONE, -EINVAL},
        {"a.b", "a", "", "/k\x7f", SECURITY_NONE, -EINVAL},
        {"a.b", "a", NULL, "", SECURITY_NONE, -EINVAL},
};

START_TEST(what_is_no_row_is_not_taken) {
        State *state = scratch_open(&scratch);
        StateRow row = {.record = row_cases[_i].record,
                        .target = "kms.example",
                        .port = 65535,
                        .domain = "a",
                        .zone = row_cases[_i].zone,
                        .servers = row_cases[_i].servers,
                        .primary = "",
                        .security = row_cases[_i].security,
                        .key_file = row_cases[_i].key_file,
                        .keytab = "",
                        .principal = "",
                        .realm = ""};
        unsigned n = 0;

        ck_assert_int_eq(state_put(state, &row, NULL, NULL, NULL), row_cases[_i].error);
        state_close(state);
        /* What was taken is accepted when it is read. */
        state = scratch_open(&scratch);
        ck_assert_int_eq(state_each(state, SIZE_MAX, on_row_count, &n), 0);
        ck_assert_uint_eq(n, row_cases[_i].error == 0);
        state_close(state);
}
END_TEST

/* While its owner runs, too: --dry-run is asked for beside a daemon. */
START_TEST(looking_changes_nothing) {
        State *owner = scratch_open(&scratch);

        rows_put(&scratch, owner, 0, 20);
        for (int i = 0; i < 2; i++) {
                unsigned names = directory_count(scratch.directory, "");
                State *look = scratch_look(&scratch);
                ck_assert_int_eq(rows_check(look), 20);
                state_close(look);
                ck_assert_uint_eq(directory_count(scratch.directory, ""), names);
                owner = state_close(owner);
        }
}
END_TEST

START_TEST(looking_at_nothing_or_damage) {
        _cleanup_(freep) char *error = NULL;
        State *look = scratch_look(&scratch);
        size_t size;

        ck_assert_int_eq(rows_check(look), 0);
        state_close(look);
        ck_assert_uint_eq(directory_count(scratch.root, "state"), 0);

        State *owner = scratch_open(&scratch);
        rows_put(&scratch, owner, 0, 20);
        state_close(owner);
        _cleanup_(freep) char *bytes = file_read(scratch.file, &size);
        char *at = memmem(bytes, size, "d000003.example.org", 19);
        ck_assert_ptr_nonnull(at);
        at[0] ^= 1;
        file_write(scratch.file, bytes, size);
        ck_assert_int_eq(state_open_to_look(scratch.directory, scratch.machine_id, &look, &error),
                         -EBADMSG);
        ck_assert_ptr_nonnull(strstr(error, scratch.file));
        ck_assert_uint_eq(directory_count(scratch.directory, "state.db.bad"), 0);
}
END_TEST

START_TEST(a_hundred_thousand_rows) {
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, 100000);
        state_close(state);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 100000);
        state_close(state);
        /* A second -wal of that size is not kept. */
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 3);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, rows_come_back_as_they_were_written);
        tcase_add_test(tcase, each_is_in_order_and_ends_when_told);
        tcase_add_loop_test(tcase, each_goes_on_where_it_was, 1, 12);
        tcase_add_test(tcase, keys_are_compared_without_case);
        tcase_add_test(tcase, removing_takes_one_row_and_what_is_not_there_is_no_error);
        tcase_add_loop_test(tcase, what_is_no_row_is_not_taken, 0, ELEMENTSOF(row_cases));
        tcase_add_test(tcase, looking_changes_nothing);
        tcase_add_test(tcase, looking_at_nothing_or_damage);
        tcase_add_test(tcase, a_hundred_thousand_rows);
}

UNIT_MAIN("state", add_tests)
