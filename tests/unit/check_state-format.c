/* daemon/state-format: a state.db of a former format is migrated whole or not at all; no row is
   lost, and looking at one changes nothing. */
#include "daemon/state-format.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
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

/* --- former formats, as they were written when each was the present one ----------------------- */

#define OFFER_OF(columns)                                                                         \
        "PRAGMA journal_mode = WAL; BEGIN;"                                                       \
        "CREATE TABLE offer (record TEXT NOT NULL COLLATE NOCASE, target TEXT NOT NULL COLLATE "  \
        "NOCASE, port INTEGER NOT NULL, domain TEXT NOT NULL, zone TEXT NOT NULL, servers TEXT "  \
        "NOT NULL, \"primary\" TEXT NOT NULL, zone_given INTEGER NOT NULL, security INTEGER NOT " \
        "NULL, key_file TEXT NOT NULL, derived INTEGER NOT NULL, confirmed INTEGER NOT "          \
        "NULL, " columns                                                                          \
        "sum INTEGER NOT NULL, PRIMARY KEY (record, target, port)) STRICT, WITHOUT ROWID;"
#define FORMAT_1                                                                                 \
        OFFER_OF("")                                                                             \
        "CREATE TABLE total (one INTEGER PRIMARY KEY, n_rows INTEGER NOT NULL, sum INTEGER NOT " \
        "NULL) STRICT;"                                                                          \
        "PRAGMA application_id = 1397904976; PRAGMA user_version = 1;"
#define FORMAT_2                                                                                  \
        OFFER_OF("claimed INTEGER NOT NULL, priority INTEGER NOT NULL, weight INTEGER NOT NULL, " \
                 "since INTEGER NOT NULL, ")                                                      \
        "CREATE TABLE hold (record TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, fingerprint "        \
        "INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;"                          \
        "CREATE TABLE total (one INTEGER PRIMARY KEY, n_rows INTEGER NOT NULL, sum INTEGER NOT "  \
        "NULL, n_holds INTEGER NOT NULL, hold_sum INTEGER NOT NULL) STRICT;"                      \
        "PRAGMA application_id = 1397904976; PRAGMA user_version = 2;"

#define ROW_0(tail)                                                                              \
        "INSERT INTO offer VALUES('_vlmcs._tcp.d000000.example.org','Kms0.example.net',1688,"    \
        "'d000000.example.org','d000000.example.org','192.0.2.1 [2001:db8::1]:5353','',1,0,'',1" \
        ",1," tail ");"
#define ROW_1(tail)                                                                           \
        "INSERT INTO offer VALUES('_vlmcs._tcp.d000000.example.org','Kms1.example.net',1689," \
        "'d000000.example.org','example.org','','192.0.2.53',0,1,"                            \
        "'/etc/srvpubd/sch\xc3\xbcssel.key',0,0," tail ");"
#define ROW_2(tail)                                                                           \
        "INSERT INTO offer VALUES('_vlmcs._tcp.d000001.example.org','Kms0.example.net',1690," \
        "'d000001.example.org','example.org','','192.0.2.53',0,0,'',0,0," tail ");"
#define ROW_3(tail)                                                                           \
        "INSERT INTO offer VALUES('_vlmcs._tcp.d000001.example.org','Kms1.example.net',1691," \
        "'d000001.example.org','d000001.example.org','','192.0.2.53',0,1,"                    \
        "'/etc/srvpubd/sch\xc3\xbcssel.key',0,0," tail ");"
#define HOLDS                                                                       \
        "INSERT INTO hold VALUES('_vlmcs._tcp.a.example.org',-9141386507638288913," \
        "8474831509136804668);"                                                     \
        "INSERT INTO hold VALUES('_vlmcs._tcp.b.example.org',7,-8744060068246351631);"

#define TOTAL(numbers) "INSERT INTO total VALUES(1," numbers "); COMMIT"

static const struct {
        const char *format;
        const char *written; /* once, by the version of then: rows 0 to 3 and the holds */
        const char *holds, *total_of_holds;
        unsigned n_holds;
} formats[] = {
        [1] =
                {
                        .format = FORMAT_1,
                        .written = FORMAT_1 ROW_0("3441925609233550003")
                                ROW_1("6930756159224496234") ROW_2("6592902477481874573") ROW_3(
                                        "-1711053593958786395") TOTAL("4,-228136467007470351"),
                        .holds = "",
                        .total_of_holds = "",
                },
        [2] =
                {
                        .format = FORMAT_2,
                        .written = FORMAT_2 ROW_0("0,0,65535,0,-9214660054329147150") ROW_1(
                                "1,7,65534,1700000001,-1380308281114293923")
                                ROW_2("0,14,65533,1700000002,6132579370546381206") ROW_3(
                                        "0,21,65532,1700000003,4175980435963547683")
                                        HOLDS TOTAL("4,11688946111420442,2,-920284734026900531"),
                        .holds = HOLDS,
                        .total_of_holds = ",2,-920284734026900531",
                        .n_holds = 2,
                },
};
_Static_assert(ELEMENTSOF(formats) == STATE_FORMAT, "each former format has its line");

/* What a format did not know is 0 or empty. */
static StateRow row_of_format(unsigned format, unsigned i, unsigned slot) {
        StateRow row = row_make(i, slot);

        if (row.security == SECURITY_GSS)
                row.security = SECURITY_NONE;
        row.keytab = row.principal = row.realm = "";
        if (format > 1)
                return row;
        row.claimed = false;
        row.priority = row.weight = 0;
        row.since_sec = 0;
        return row;
}

static int64_t sum_of(const char *text, size_t size) {
        unsigned char hash[SHA256_DIGEST_LENGTH];
        uint64_t sum = 0;

        SHA256((const unsigned char *)text, size, hash);
        for (unsigned i = 0; i < 8; i++)
                sum = sum << 8 | hash[i];
        return (int64_t)sum;
}

static int64_t row_sum(unsigned format, const StateRow *row) {
        char text[1000];

        int n = snprintf(text, sizeof(text), "%s\n%s\n%u\n%s\n%s\n%s\n%s\n%d\n%d\n%s\n%d\n%d",
                         row->record, row->target, row->port, row->domain, row->zone, row->servers,
                         row->primary, row->zone_given, (int)row->security, row->key_file,
                         row->derived, row->confirmed);
        if (format > 1)
                n += snprintf(text + n, sizeof(text) - (size_t)n, "\n%d\n%u\n%u\n%" PRIu64,
                              row->claimed, row->priority, row->weight, row->since_sec);
        return sum_of(text, (size_t)n);
}

static void make_format(unsigned format, unsigned n_rows) {
        _cleanup_(freep) char *sql = NULL;
        size_t size;
        FILE *text = open_memstream(&sql, &size);
        int64_t total = 0;

        ck_assert_ptr_nonnull(text);
        (void)fputs(formats[format].format, text);
        for (unsigned i = 0; i < n_rows; i++) {
                StateRow row = row_of_format(format, i, 0);
                int64_t sum = row_sum(format, &row);
                total ^= sum;
                (void)fprintf(text,
                              "INSERT INTO offer VALUES('%s','%s',%u,'%s','%s','%s','%s',%d,"
                              "%d,'%s',%d,%d,",
                              row.record, row.target, row.port, row.domain, row.zone, row.servers,
                              row.primary, row.zone_given, (int)row.security, row.key_file,
                              row.derived, row.confirmed);
                if (format > 1)
                        (void)fprintf(text, "%d,%u,%u,%" PRId64 ",", row.claimed, row.priority,
                                      row.weight, (int64_t)row.since_sec);
                (void)fprintf(text, "%" PRId64 ");", sum);
        }
        (void)fprintf(text, "%sINSERT INTO total VALUES(1,%u,%" PRId64 "%s); COMMIT",
                      formats[format].holds, n_rows, total, formats[format].total_of_holds);
        ck_assert_int_eq(fclose(text), 0);
        file_execute_sql(scratch.file, sql);
}

typedef struct Seen {
        unsigned format, n;
} Seen;

static int row_check(const StateRow *row, void *userdata) {
        Seen *seen = userdata;
        StateRow expected = row_of_format(seen->format, row_number(row), 1);

        ck_assert_msg(row_equal(row, &expected), "%s %s", row->record, row->target);
        seen->n++;
        return 0;
}

static int hold_check(const char *record, uint64_t fingerprint, void *userdata) {
        bool first = strcmp(record, "_vlmcs._tcp.a.example.org") == 0;

        ck_assert(first || strcmp(record, "_vlmcs._tcp.b.example.org") == 0);
        ck_assert_uint_eq(fingerprint, first ? UINT64_C(0x8123456789abcdef) : 7);
        (*(unsigned *)userdata)++;
        return 0;
}

static void expect_rows(State *state, unsigned format, unsigned n_rows) {
        Seen seen = {.format = format};
        unsigned n_holds = 0;

        ck_assert_int_eq(state_each(state, SIZE_MAX, row_check, &seen), 0);
        ck_assert_uint_eq(seen.n, n_rows);
        ck_assert_int_eq(state_each_hold(state, hold_check, &n_holds), 0);
        ck_assert_uint_eq(n_holds, formats[format].n_holds);
}

static int64_t file_number(const char *text) {
        StateSql sql = {};
        int64_t number;

        ck_assert_int_eq(state_sql_open(&sql, scratch.file, SQLITE_OPEN_READWRITE), 0);
        ck_assert_msg(state_sql_numbers(&sql, text, &number, 1) == 0, "%s", sql.error);
        state_sql_done(&sql);
        return number;
}

/* From format 2 on there is an id beside the rows, as a daemon of then had drawn it. */
static void draw_identity(unsigned format) {
        if (format < 2)
                return;
        state_close(scratch_open(&scratch));
        ck_assert_int_eq(unlink(scratch.file), 0);
}

/* --- tests ------------------------------------------------------------------------------------ */

START_TEST(a_row_keeps_all_it_had) {
        State *state;

        draw_identity((unsigned)_i);
        file_execute_sql(scratch.file, formats[_i].written);
        ck_assert_int_eq(file_number("PRAGMA user_version"), _i);
        for (int i = 0; i < 3; i++) {
                state = scratch_open(&scratch);
                expect_rows(state, (unsigned)_i, 4);
                state_close(state);
                ck_assert_int_eq(file_number("PRAGMA user_version"), STATE_FORMAT);
                ck_assert_int_eq(file_number("SELECT count(*) FROM sqlite_schema"), 3);
        }
        state = scratch_look(&scratch);
        expect_rows(state, (unsigned)_i, 4);
        state_close(state);
}
END_TEST

START_TEST(what_was_migrated_is_written_on) {
        draw_identity((unsigned)_i);
        make_format((unsigned)_i, 500);
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, 600);
        ck_assert_int_eq(rows_check(state), 600);
        ck_assert_int_eq(state_hold(state, "a.b", 1, NULL, NULL, NULL), 0);
        state_close(state);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 600);
        state_close(state);
        ck_assert_int_eq(file_number("SELECT n_holds FROM total"), formats[_i].n_holds + 1);
}
END_TEST

START_TEST(an_empty_one_is_migrated) {
        draw_identity((unsigned)_i);
        make_format((unsigned)_i, 0);
        state_close(scratch_open(&scratch));
        ck_assert_int_eq(file_number("PRAGMA user_version"), STATE_FORMAT);
}
END_TEST

/* --dry-run */
START_TEST(looking_does_not_migrate) {
        Image image;

        make_format((unsigned)_i, 50);
        image_take(&scratch, &image);
        State *look = scratch_look(&scratch);
        expect_rows(look, (unsigned)_i, 50);
        state_close(look);
        image_expect(scratch.file, &image);
        image_free(&image);
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 1);
}
END_TEST

static const struct {
        unsigned format; /* 0: any */
        const char *sql;
} tamperings[] = {
        {0, "UPDATE offer SET port = port + 1 WHERE port = 1690"},
        {0, "UPDATE offer SET zone = 'com' WHERE port = 1690"},
        {0, "UPDATE offer SET confirmed = 1 - confirmed WHERE port = 1690"},
        {0, "UPDATE offer SET sum = sum + 1 WHERE port = 1690"},
        {0, "DELETE FROM offer WHERE port = 1690"},
        {0, "UPDATE total SET n_rows = n_rows + 1"},
        {0, "UPDATE total SET sum = sum + 1"},
        {0, "DELETE FROM total"},
        {0, "PRAGMA user_version = 3"},
        {1, "PRAGMA user_version = 2"},
        {2, "PRAGMA user_version = 1"},
        {0, "CREATE TRIGGER more AFTER INSERT ON offer BEGIN DELETE FROM offer; END"},
        {0, "ALTER TABLE offer ADD COLUMN keytab TEXT"},
        {0, "CREATE TABLE offer_old (a)"},
        {1, "CREATE TABLE hold (record TEXT)"},
        {2, "UPDATE offer SET since = since + 1 WHERE port = 1690"},
        {2, "UPDATE hold SET fingerprint = 8 WHERE fingerprint = 7"},
        {2, "DELETE FROM hold WHERE fingerprint = 7"},
        {2, "UPDATE total SET n_holds = 1"},
        {2, "DROP TABLE hold"},
};

static void expect_set_aside(unsigned format, const char *sql) {
        char *said;
        Image image;

        make_format(format, 20);
        file_execute_sql(scratch.file, sql);
        image_take(&scratch, &image);
        State *state = scratch_open_saying(&scratch, &said);
        ck_assert_msg(said != NULL, "%u: %s", format, sql);
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

/* Nothing of it is taken over, and nothing of it is changed: it is kept as it was. */
START_TEST(a_damaged_one_is_set_aside_as_it_was) {
        for (unsigned format = STATE_FORMAT_FIRST; format < STATE_FORMAT; format++) {
                if (tamperings[_i].format > 0 && tamperings[_i].format != format)
                        continue;
                expect_set_aside(format, tamperings[_i].sql);
                directory_remove(scratch.directory);
                ck_assert_int_eq(mkdir(scratch.directory, 0700), 0);
        }
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
static void begin_anew(unsigned format, unsigned n_rows) {
        directory_remove(scratch.directory);
        state_close(scratch_open(&scratch));
        ck_assert_int_eq(unlink(scratch.file), 0);
        make_format(format, n_rows);
}

/* Killed at each write and sync of it, it is the one or the other, whole. */
START_TEST(a_migration_that_was_killed_loses_nothing) {
        unsigned n = 0, former = (unsigned)_i, n_of_format[STATE_FORMAT + 1] = {};

        for (bool survived = false; !survived; n++) {
                begin_anew(former, 150);
                survived = child_opens((int)n);
                int64_t format = file_number("PRAGMA user_version");
                ck_assert(format == former || format == STATE_FORMAT);
                n_of_format[format]++;
                if (format == former) {
                        State *look = scratch_look(&scratch);
                        expect_rows(look, former, 150);
                        state_close(look);
                }
                State *state = scratch_open(&scratch);
                expect_rows(state, former, 150);
                state_close(state);
        }
        ck_assert_uint_gt(n_of_format[former], 20);
        ck_assert_uint_gt(n_of_format[STATE_FORMAT], 5);
}
END_TEST

static const struct {
        unsigned format;
        int error;
} failures[] = {{1, ENOSPC}, {1, EIO}, {2, ENOSPC}, {2, EIO}};

/* The disk is full from some write on: it is an error, not damage, and another try does it. */
START_TEST(a_migration_that_fails_loses_nothing) {
        bool opened = false;
        unsigned n_failed = 0;

        for (int n = 0; !opened; n++) {
                char *said = NULL, *error = NULL;
                State *state = NULL;

                begin_anew(failures[_i].format, 100);
                step_error = failures[_i].error;
                n_steps_left = n;
                int r = state_open(scratch.event, scratch.directory, scratch.machine_id, &state,
                                   &said, &error);
                opened = r == 0 && n_steps_left > 0;
                n_steps_left = -1;
                ck_assert_msg(!said, "%s", said);
                if (r < 0) {
                        n_failed++;
                        ck_assert_msg(r == -failures[_i].error, "%d %s", r, error);
                        ck_assert_msg(error && strstr(error, scratch.file), "%s", error);
                }
                free(error);
                state_close(state);
                state = scratch_open(&scratch);
                expect_rows(state, failures[_i].format, 100);
                state_close(state);
        }
        ck_assert_uint_gt(n_failed, 10);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, a_row_keeps_all_it_had, STATE_FORMAT_FIRST, STATE_FORMAT);
        tcase_add_loop_test(tcase, what_was_migrated_is_written_on, STATE_FORMAT_FIRST,
                            STATE_FORMAT);
        tcase_add_loop_test(tcase, an_empty_one_is_migrated, STATE_FORMAT_FIRST, STATE_FORMAT);
        tcase_add_loop_test(tcase, looking_does_not_migrate, STATE_FORMAT_FIRST, STATE_FORMAT);
        tcase_add_loop_test(tcase, a_damaged_one_is_set_aside_as_it_was, 0, ELEMENTSOF(tamperings));
        tcase_add_loop_test(tcase, a_migration_that_was_killed_loses_nothing, STATE_FORMAT_FIRST,
                            STATE_FORMAT);
        tcase_add_loop_test(tcase, a_migration_that_fails_loses_nothing, 0, ELEMENTSOF(failures));
}

UNIT_MAIN("state-format", add_tests)
