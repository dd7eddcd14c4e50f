/* daemon/state-format: a state.db of format 1 is migrated whole or not at all; no row is lost, and
   looking at one changes nothing. */
#include "daemon/state-format.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/sha.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

/* These take the place of the C library's for SQLite too: at a step they fail or end the process.
 */
static int n_steps_left = -1;
static int step_error; /* 0: SIGKILL */

static bool step_fails(void) {
        if (n_steps_left < 0 || n_steps_left-- > 0)
                return false;
        if (step_error == 0)
                raise(SIGKILL);
        n_steps_left = 0;
        errno = step_error;
        return true;
}

int fdatasync(int fd) {
        int (*original)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

        return step_fails() ? -1 : original(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
        ssize_t (*original)(int, const void *, size_t, off64_t) =
                (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");

        return step_fails() ? -1 : original(fd, bytes, size, offset);
}

static Scratch scratch;

static void setup(void) {
        scratch_init(&scratch);
        n_steps_left = -1;
        ck_assert_int_eq(mkdir(scratch.directory, 0700), 0);
}

static void teardown(void) {
        scratch_done(&scratch);
}

/* --- format 1, as it was written when it was the only one ------------------------------------- */

#define FORMAT_1                                                                                   \
        "PRAGMA journal_mode = WAL; BEGIN;"                                                        \
        "CREATE TABLE offer (record TEXT NOT NULL COLLATE NOCASE, target TEXT NOT NULL COLLATE "   \
        "NOCASE, port INTEGER NOT NULL, domain TEXT NOT NULL, zone TEXT NOT NULL, servers TEXT "   \
        "NOT NULL, \"primary\" TEXT NOT NULL, zone_given INTEGER NOT NULL, security INTEGER NOT "  \
        "NULL, key_file TEXT NOT NULL, derived INTEGER NOT NULL, confirmed INTEGER NOT NULL, sum " \
        "INTEGER NOT NULL, PRIMARY KEY (record, target, port)) STRICT, WITHOUT ROWID;"             \
        "CREATE TABLE total (one INTEGER PRIMARY KEY, n_rows INTEGER NOT NULL, sum INTEGER NOT "   \
        "NULL) STRICT;"                                                                            \
        "PRAGMA application_id = 1397904976; PRAGMA user_version = 1;"

#define ROWS                                                                                      \
        "INSERT INTO offer VALUES('_vlmcs._tcp.d000000.example.org','Kms0.example.net',1688,"     \
        "'d000000.example.org','d000000.example.org','192.0.2.1 [2001:db8::1]:5353','',1,0,'',1," \
        "1,3441925609233550003);"                                                                 \
        "INSERT INTO offer VALUES('_vlmcs._tcp.d000000.example.org','Kms1.example.net',1689,"     \
        "'d000000.example.org','example.org','','192.0.2.53',0,1,"                                \
        "'/etc/srvpubd/sch\xc3\xbcssel.key',0,0,6930756159224496234);"                            \
        "INSERT INTO offer VALUES('_vlmcs._tcp.d000001.example.org','Kms0.example.net',1690,"     \
        "'d000001.example.org','example.org','','192.0.2.53',0,0,'',0,0,6592902477481874573);"    \
        "INSERT INTO offer VALUES('_vlmcs._tcp.d000001.example.org','Kms1.example.net',1691,"     \
        "'d000001.example.org','d000001.example.org','','192.0.2.53',0,1,"                        \
        "'/etc/srvpubd/sch\xc3\xbcssel.key',0,0,-1711053593958786395);"                           \
        "INSERT INTO total VALUES(1,4,-228136467007470351);"

static int64_t sum_1(const StateRow *row) {
        unsigned char hash[SHA256_DIGEST_LENGTH];
        char text[1000];
        uint64_t sum = 0;

        int n = snprintf(text, sizeof(text), "%s\n%s\n%u\n%s\n%s\n%s\n%s\n%d\n%d\n%s\n%d\n%d",
                         row->record, row->target, row->port, row->domain, row->zone, row->servers,
                         row->primary, row->zone_given, (int)row->security, row->key_file,
                         row->derived, row->confirmed);
        SHA256((const unsigned char *)text, (size_t)n, hash);
        for (unsigned i = 0; i < 8; i++)
                sum = sum << 8 | hash[i];
        return (int64_t)sum;
}

static void make_format_1(unsigned n_rows) {
        _cleanup_(freep) char *sql = NULL;
        size_t size;
        FILE *text = open_memstream(&sql, &size);
        int64_t total = 0;

        ck_assert_ptr_nonnull(text);
        (void)fputs(FORMAT_1, text);
        for (unsigned i = 0; i < n_rows; i++) {
                StateRow row = row_make(i, 0);
                int64_t sum = sum_1(&row);
                total ^= sum;
                (void)fprintf(text,
                              "INSERT INTO offer VALUES('%s','%s',%u,'%s','%s','%s','%s',%d,%d,"
                              "'%s',%d,%d,%lld);",
                              row.record, row.target, row.port, row.domain, row.zone, row.servers,
                              row.primary, row.zone_given, (int)row.security, row.key_file,
                              row.derived, row.confirmed, (long long)sum);
        }
        (void)fprintf(text, "INSERT INTO total VALUES(1,%u,%lld); COMMIT", n_rows,
                      (long long)total);
        ck_assert_int_eq(fclose(text), 0);
        file_execute_sql(scratch.file, sql);
}

/* What format 1 did not know is 0. */
static int row_check_1(const StateRow *row, void *userdata) {
        StateRow expected = row_make(row_number(row), 1);

        expected.claimed = false;
        expected.priority = expected.weight = 0;
        expected.since_sec = 0;
        ck_assert_msg(row_equal(row, &expected), "%s %s", row->record, row->target);
        (*(unsigned *)userdata)++;
        return 0;
}

static int on_hold_never(const char *record, uint64_t fingerprint, void *userdata) {
        ck_abort_msg("%s is held", record);
        return 0;
}

static void expect_rows_1(State *state, unsigned n_rows) {
        unsigned n = 0;

        ck_assert_int_eq(state_each(state, row_check_1, &n), 0);
        ck_assert_uint_eq(n, n_rows);
        ck_assert_int_eq(state_each_hold(state, on_hold_never, NULL), 0);
}

static int64_t file_number(const char *text) {
        StateSql sql = {};
        int64_t number;

        ck_assert_int_eq(state_sql_open(&sql, scratch.file, SQLITE_OPEN_READWRITE), 0);
        ck_assert_msg(state_sql_numbers(&sql, text, &number, 1) == 0, "%s", sql.error);
        state_sql_done(&sql);
        return number;
}

/* --- tests ------------------------------------------------------------------------------------ */

START_TEST(a_row_of_format_1_keeps_all_it_had) {
        State *state;

        file_execute_sql(scratch.file, FORMAT_1 ROWS "COMMIT");
        ck_assert_int_eq(file_number("PRAGMA user_version"), 1);
        for (int i = 0; i < 3; i++) {
                state = scratch_open(&scratch);
                expect_rows_1(state, 4);
                state_close(state);
                ck_assert_int_eq(file_number("PRAGMA user_version"), STATE_FORMAT);
                ck_assert_int_eq(file_number("SELECT count(*) FROM sqlite_schema"), 3);
        }
        state = scratch_look(&scratch);
        expect_rows_1(state, 4);
        state_close(state);
}
END_TEST

START_TEST(what_was_migrated_is_written_on) {
        make_format_1(500);
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, 600);
        ck_assert_int_eq(rows_check(state), 600);
        ck_assert_int_eq(state_hold(state, "a.b", 1, NULL, NULL, NULL), 0);
        state_close(state);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 600);
        state_close(state);
}
END_TEST

START_TEST(an_empty_one_is_migrated) {
        make_format_1(0);
        state_close(scratch_open(&scratch));
        ck_assert_int_eq(file_number("PRAGMA user_version"), STATE_FORMAT);
}
END_TEST

/* --dry-run */
START_TEST(looking_does_not_migrate) {
        Image image;

        make_format_1(50);
        image_take(&scratch, &image);
        State *look = scratch_look(&scratch);
        expect_rows_1(look, 50);
        state_close(look);
        image_expect(scratch.file, &image);
        image_free(&image);
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 1);
}
END_TEST

static const char *const tamperings[] = {
        "UPDATE offer SET port = port + 1 WHERE port = 1690",
        "UPDATE offer SET zone = 'com' WHERE port = 1690",
        "UPDATE offer SET confirmed = 1 - confirmed WHERE port = 1690",
        "UPDATE offer SET sum = sum + 1 WHERE port = 1690",
        "DELETE FROM offer WHERE port = 1690",
        "UPDATE total SET n_rows = n_rows + 1",
        "UPDATE total SET sum = sum + 1",
        "DELETE FROM total",
        "PRAGMA user_version = 2",
        "CREATE TABLE hold (record TEXT)",
        "CREATE TRIGGER more AFTER INSERT ON offer BEGIN DELETE FROM offer; END",
        "ALTER TABLE offer ADD COLUMN claimed INTEGER",
        "CREATE TABLE offer_1 (a)",
};

/* Nothing of it is taken over, and nothing of it is changed: it is kept as it was. */
START_TEST(a_damaged_one_is_set_aside_as_it_was) {
        char *said;
        Image image;

        make_format_1(20);
        file_execute_sql(scratch.file, tamperings[_i]);
        image_take(&scratch, &image);
        State *state = scratch_open_saying(&scratch, &said);
        ck_assert_ptr_nonnull(said);
        ck_assert_int_eq(rows_check(state), 0);
        state_close(state);
        char *path = strstr(said, " kept as ");
        ck_assert_ptr_nonnull(path);
        path += strlen(" kept as ");
        *strchr(path, ',') = '\0';
        image_expect(path, &image);
        image_free(&image);
        free(said);
}
END_TEST

/* True if it came to its end before it was killed at that step. */
static bool child_opens(int n_steps) {
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                ck_assert_int_ge(sd_event_new(&scratch.event), 0);
                step_error = 0;
                n_steps_left = n_steps;
                state_close(scratch_open(&scratch));
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        return WIFEXITED(status);
}

/* Makes one anew each time. The publisher id is there already: only SQLite writes. */
static void begin_anew(unsigned n_rows) {
        directory_remove(scratch.directory);
        state_close(scratch_open(&scratch));
        ck_assert_int_eq(unlink(scratch.file), 0);
        make_format_1(n_rows);
}

/* Killed at each write and sync of it, it is the one or the other, whole. */
START_TEST(a_migration_that_was_killed_loses_nothing) {
        unsigned n = 0, n_of_format[STATE_FORMAT + 1] = {};

        for (bool survived = false; !survived; n++) {
                begin_anew(150);
                survived = child_opens((int)n);
                int64_t format = file_number("PRAGMA user_version");
                ck_assert_int_ge(format, STATE_FORMAT_FIRST);
                ck_assert_int_le(format, STATE_FORMAT);
                n_of_format[format]++;
                if (format == STATE_FORMAT_FIRST) {
                        State *look = scratch_look(&scratch);
                        expect_rows_1(look, 150);
                        state_close(look);
                }
                State *state = scratch_open(&scratch);
                expect_rows_1(state, 150);
                state_close(state);
        }
        ck_assert_uint_gt(n_of_format[STATE_FORMAT_FIRST], 20);
        ck_assert_uint_gt(n_of_format[STATE_FORMAT], 5);
}
END_TEST

static const int errors[] = {ENOSPC, EIO};

/* The disk is full from some write on: it is an error, not damage, and another try does it. */
START_TEST(a_migration_that_fails_loses_nothing) {
        bool opened = false;
        unsigned n_failed = 0;

        for (int n = 0; !opened; n++) {
                char *said = NULL, *error = NULL;
                State *state = NULL;

                begin_anew(100);
                step_error = errors[_i];
                n_steps_left = n;
                int r = state_open(scratch.event, scratch.directory, scratch.machine_id, &state,
                                   &said, &error);
                opened = r == 0 && n_steps_left > 0;
                n_steps_left = -1;
                ck_assert_msg(!said, "%s", said);
                if (r < 0) {
                        n_failed++;
                        ck_assert_msg(r == -errors[_i], "%d %s", r, error);
                        ck_assert_msg(error && strstr(error, scratch.file), "%s", error);
                }
                free(error);
                state_close(state);
                state = scratch_open(&scratch);
                expect_rows_1(state, 100);
                state_close(state);
        }
        ck_assert_uint_gt(n_failed, 10);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_row_of_format_1_keeps_all_it_had);
        tcase_add_test(tcase, what_was_migrated_is_written_on);
        tcase_add_test(tcase, an_empty_one_is_migrated);
        tcase_add_test(tcase, looking_does_not_migrate);
        tcase_add_loop_test(tcase, a_damaged_one_is_set_aside_as_it_was, 0, ELEMENTSOF(tamperings));
        tcase_add_test(tcase, a_migration_that_was_killed_loses_nothing);
        tcase_add_loop_test(tcase, a_migration_that_fails_loses_nothing, 0, ELEMENTSOF(errors));
}

UNIT_MAIN("state-format", add_tests)
