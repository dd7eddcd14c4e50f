/* daemon/state-file: what was not written is never read. A damaged or foreign file is set aside,
   whole, and a new one begins; a newer version's is left alone. */
#include "daemon/state-file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/sha.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

enum {
        N_ROWS = 200,
        N_DAMAGES = 300,
};

static Scratch scratch;

static void setup(void) {
        scratch_init(&scratch);
}

static void teardown(void) {
        scratch_done(&scratch);
}

static State *open_new_with_rows(unsigned n_rows) {
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, n_rows);
        return state;
}

/* As a kill leaves them when sql was the last that was written, and is in the -wal alone. */
static void image_make(unsigned n_rows, const char *sql, Image *ret_image) {
        State *state = open_new_with_rows(n_rows);
        sqlite3 *reader = NULL;

        ck_assert_int_eq(sqlite3_open(scratch.file, &reader), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT * FROM total", NULL, NULL, NULL),
                         SQLITE_OK);
        file_execute_sql(scratch.file, sql);
        image_take(&scratch, ret_image);
        sqlite3_close(reader);
        state_close(state);
        ck_assert_uint_gt(ret_image->sizes[1], 0);
        image_put(&scratch, ret_image);
}

/* Opens a file that must be set aside: the sentence names both files, the old bytes are kept, the
   new state is empty and works. */
static void expect_set_aside(void) {
        char *set_aside = NULL;
        Image image;
        unsigned n_bad = directory_count(scratch.directory, "state.db.bad-");

        image_take(&scratch, &image);
        State *state = scratch_open_saying(&scratch, &set_aside);
        ck_assert_ptr_nonnull(set_aside);
        ck_assert_uint_gt(directory_count(scratch.directory, "state.db.bad-"), n_bad);

        char *name = strstr(set_aside, " kept as ");
        ck_assert_ptr_nonnull(name);
        name += strlen(" kept as ");
        *strchr(name, ',') = '\0';
        image_expect(name, &image);
        ck_assert_ptr_nonnull(strstr(set_aside, "state.db: "));
        free(set_aside);
        image_free(&image);

        ck_assert_int_eq(rows_check(state), 0);
        rows_put(&scratch, state, 0, 3);
        state_close(state);
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 3);
        state_close(state);
}

/* What others would put there, and what a shell can do to ours. */
static const char *const tamperings[] = {
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 1",
        "PRAGMA user_version = 2",
        "PRAGMA user_version = -1",
        "PRAGMA user_version = 1000",
        "CREATE TABLE more (a)",
        "CREATE INDEX more ON offer (zone)",
        "CREATE TRIGGER more AFTER INSERT ON offer BEGIN DELETE FROM total; END",
        "CREATE VIEW more AS SELECT * FROM offer",
        "DROP TABLE offer",
        "DROP TABLE total",
        "ALTER TABLE offer ADD COLUMN more TEXT",
        "DELETE FROM total",
        "UPDATE total SET n_rows = n_rows + 1",
        "UPDATE total SET sum = sum + 1",
        "DELETE FROM offer WHERE port = 1690",
        "DELETE FROM offer",
        "UPDATE offer SET port = port + 1 WHERE port = 1690",
        "UPDATE offer SET target = 'evil.example' WHERE port = 1690",
        "UPDATE offer SET zone = 'com' WHERE port = 1690",
        "UPDATE offer SET confirmed = 1 - confirmed WHERE port = 1690",
        "UPDATE offer SET security = 1 - security WHERE port = 1690",
        "UPDATE offer SET sum = sum + 1 WHERE port = 1690",
        "UPDATE offer SET claimed = 1 - claimed WHERE port = 1690",
        "UPDATE offer SET priority = priority + 1 WHERE port = 1690",
        "UPDATE offer SET weight = weight - 1 WHERE port = 1690",
        "UPDATE offer SET since = since + 1 WHERE port = 1690",
        "UPDATE offer SET keytab = '/tmp/k' WHERE port = 1692",
        "UPDATE offer SET principal = '' WHERE port = 1692",
        "UPDATE offer SET realm = 'EVIL' WHERE port = 1692",
        "UPDATE offer SET keytab = principal, principal = keytab WHERE port = 1692",
        "DROP TABLE hold",
        "CREATE INDEX more ON hold (fingerprint)",
        "UPDATE total SET n_holds = n_holds - 1",
        "UPDATE total SET hold_sum = hold_sum - 1",
        "DELETE FROM hold",
        "DELETE FROM hold WHERE record = 'a.b'",
        "INSERT INTO hold SELECT 'e.f', fingerprint, sum FROM hold LIMIT 1",
        "UPDATE hold SET record = 'e.f' WHERE record = 'a.b'",
        "UPDATE hold SET fingerprint = 1 - fingerprint WHERE record = 'a.b'",
        "UPDATE hold SET sum = sum + 1 WHERE record = 'a.b'",
        "INSERT INTO offer SELECT 'a.b', target, port, domain, zone, servers, \"primary\","
        " zone_given, security, key_file, derived, confirmed, claimed, priority, weight, since,"
        " keytab, principal, realm, sum"
        " FROM offer LIMIT 1",
};

START_TEST(tampering_is_noticed) {
        State *state = open_new_with_rows(20);

        ck_assert_int_eq(state_hold(state, "a.b", 1, NULL, NULL, NULL), 0);
        ck_assert_int_eq(state_hold(state, "c.d", UINT64_MAX, NULL, NULL, NULL), 0);
        state_close(state);
        state_close(scratch_open(&scratch));
        file_execute_sql(scratch.file, tamperings[_i]);
        expect_set_aside();
}
END_TEST

static const struct {
        const char *bytes;
        size_t size;
} foreign_cases[] = {
        {"", 0},
        {"x", 1},
        {"SQLite format 3", 16},
        {"not a database, but longer than the header of a database is, by some twenty bytes or "
         "so, to be a file that SQLite reads as a whole and finds wanting",
         147},
};

START_TEST(a_foreign_file_is_set_aside) {
        state_close(scratch_open(&scratch));
        file_write(scratch.file, foreign_cases[_i].bytes, foreign_cases[_i].size);
        expect_set_aside();
        /* And another in the same second. */
        file_write(scratch.file, foreign_cases[_i].bytes, foreign_cases[_i].size);
        expect_set_aside();
        ck_assert_uint_eq(directory_count(scratch.directory, "state.db"), 3);
}
END_TEST

#define NL " || char(10) || "

/* The sum as the file has it, of what C takes the texts for, so that only the bounds can refuse. */
static int64_t hostile_sum(void) {
        static const char sql[] =
                "SELECT record" NL "target" NL "port" NL "domain" NL "zone" NL "servers" NL
                "\"primary\"" NL "zone_given" NL "security" NL "key_file" NL "derived" NL
                "confirmed" NL "claimed" NL "priority" NL "weight" NL "printf('%u', since)" NL
                "keytab" NL "principal" NL "realm FROM offer";
        unsigned char hash[SHA256_DIGEST_LENGTH];
        sqlite3_stmt *statement = NULL;
        sqlite3 *db = NULL;
        uint64_t sum = 0;
        size_t n = 0;

        ck_assert_int_eq(sqlite3_open(scratch.file, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
        ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        size_t size = (size_t)sqlite3_column_bytes(statement, 0);
        _cleanup_(freep) unsigned char *bytes = malloc(size);
        ck_assert_ptr_nonnull(bytes);
        for (size_t i = 0; i < size; i++)
                if (text[i])
                        bytes[n++] = (unsigned char)text[i];
        SHA256(bytes, n, hash);
        sqlite3_finalize(statement);
        sqlite3_close(db);
        for (unsigned i = 0; i < 8; i++)
                sum = sum << 8 | hash[i];
        return (int64_t)sum;
}

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
        const char *change;
        bool accepted;
} hostile_cases[] = {
        {"confirmed = 1", true},
        {"record = 'another.name'", true},
        {"port = 0", true},
        {"port = 65536", false},
        {"port = -1", false},
        {"port = 4294967296", false},
        {"port = 9223372036854775807", false},
        {"security = 2", true},
        {"security = 3", false},
        {"security = -1", false},
        {"security = 4294967296", false},
        {"derived = 2", false},
        {"confirmed = -1", false},
        {"claimed = 2", false},
        {"priority = 65535", true},
        {"priority = 65536", false},
        {"weight = -1", false},
        {"weight = 4294967296", false},
        {"since = 9223372036854775807", true},
        {"since = -1", false},
        {"zone_given = 256", false},
        {"record = '" X50 "." X50 "." X50 "." X50 "." X50 ".x'", false},
        {"zone = '" X50 X50 "'", false},
        {"domain = ''", false},
        {"target = 'a..b'", false},
        {"target = 'a.b.'", false},
        {"domain = 'a' || char(10) || 'b'", false},
        {"key_file = '/k' || char(27) || '[2J'", false},
        {"key_file = CAST(x'2f6b00' AS TEXT)", false},
        {"key_file = replace(hex(zeroblob(2048)), '0', 'k')", false},
        {"keytab = '/k' || char(27) || '[2J'", false},
        {"keytab = replace(hex(zeroblob(2047)), '0', 'k')", true},
        {"keytab = replace(hex(zeroblob(2048)), '0', 'k')", false},
        {"principal = 'a b' || char(10)", false},
        {"principal = char(252)", false},
        {"principal = replace(hex(zeroblob(255)), '0', 'p')", true},
        {"principal = replace(hex(zeroblob(256)), '0', 'p')", false},
        {"realm = CAST(x'4100' AS TEXT)", false},
        {"realm = replace(hex(zeroblob(127)), '0', 'r')", true},
        {"realm = replace(hex(zeroblob(128)), '0', 'r')", false},
        {"servers = replace(hex(zeroblob(4100)), '0', 's')", false},
        {"servers = replace(hex(zeroblob(400000)), '0', 's')", false},
        {"\"primary\" = replace(hex(zeroblob(200)), '0', 'p')", false},
};

START_TEST(a_hostile_row_is_refused_though_its_sum_is_right) {
        _cleanup_(freep) char *sql = NULL;

        state_close(open_new_with_rows(1));
        ck_assert_int_gt(asprintf(&sql, "UPDATE offer SET %s", hostile_cases[_i].change), 0);
        file_execute_sql(scratch.file, sql);
        int64_t sum = hostile_sum();
        free(TAKE_PTR(sql));
        ck_assert_int_gt(asprintf(&sql, "UPDATE offer SET sum = %lld; UPDATE total SET sum = %lld",
                                  (long long)sum, (long long)sum),
                         0);
        file_execute_sql(scratch.file, sql);
        if (hostile_cases[_i].accepted)
                state_close(scratch_open(&scratch));
        else
                expect_set_aside();
}
END_TEST

START_TEST(what_is_set_aside_keeps_its_wal) {
        Image image;

        image_make(10, "DELETE FROM total", &image);
        expect_set_aside();
        image_free(&image);
}
END_TEST

/* The list of free pages begins at one that is in use: harmless until something is written. */
START_TEST(damage_that_only_writing_would_meet_is_noticed) {
        static const unsigned char list[] = {0, 0, 0, 2, 0, 0, 0, 1};
        Image image;

        state_close(open_new_with_rows(20));
        image_take(&scratch, &image);
        memcpy(image.bytes[0] + 32, list, sizeof(list));
        file_write(scratch.file, image.bytes[0], image.sizes[0]);
        image_free(&image);
        expect_set_aside();
}
END_TEST

START_TEST(a_newer_version_is_left_as_it_is) {
        char *set_aside = NULL, *error = NULL;
        State *state = NULL;
        Image image;

        image_make(10, "CREATE TABLE more (a); PRAGMA user_version = 4", &image);
        ck_assert_int_eq(state_open(scratch.event, scratch.directory, scratch.machine_id, &state,
                                    &set_aside, &error),
                         -EUCLEAN);
        ck_assert_ptr_null(set_aside);
        ck_assert_msg(error && strstr(error, scratch.file) && strstr(error, "version 4"), "%s",
                      error);
        free(error);
        image_expect(scratch.file, &image);
        image_free(&image);
        ck_assert_uint_eq(directory_count(scratch.directory, "state.db.bad-"), 0);

        file_execute_sql(scratch.file, "DROP TABLE more; PRAGMA user_version = 3");
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 10);
        state_close(state);
}
END_TEST

static uint32_t random_next(uint32_t *state) {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        return *state;
}

static void image_damage(Image *image, unsigned which, uint32_t *seed) {
        char *bytes = image->bytes[which];
        size_t *size = &image->sizes[which], at = random_next(seed) % *size;
        unsigned n = 1 + random_next(seed) % 8;

        switch (random_next(seed) % 5) {
        case 0: /* bits here and there */
                for (unsigned i = 0; i < n; i++)
                        bytes[random_next(seed) % *size] ^= (char)(1 << random_next(seed) % 8);
                break;
        case 1: /* a byte of a header */
                bytes[at % 100] = (char)random_next(seed);
                break;
        case 2:
                *size = at;
                break;
        case 3: /* a page or sector */
                at -= at % 512;
                memset(bytes + at, 0, at + 4096 < *size ? 4096 : *size - at);
                break;
        case 4: /* something else written there */
                for (size_t i = at; i < *size && i < at + 16 * n; i++)
                        bytes[i] = (char)random_next(seed);
                break;
        }
}

/* Newer version: only if that is what the damaged header says. */
static bool says_newer(const Image *image) {
        uint32_t version;

        if (image->sizes[0] < 64)
                return false;
        memcpy(&version, image->bytes[0] + 60, sizeof(version));
        version = ntohl(version);
        return version > 2 && version < 1000;
}

/* Opens what was damaged. Returns the number of rows, each as it was written; -1: set aside. */
static int open_damaged(const Image *image) {
        _cleanup_(freep) char *set_aside = NULL, *error = NULL;
        State *state = NULL;

        int r = state_open(scratch.event, scratch.directory, scratch.machine_id, &state, &set_aside,
                           &error);
        if (r == -EUCLEAN && says_newer(image))
                return -1;
        ck_assert_msg(r == 0, "%d %s", r, error);
        int n = rows_check(state);
        ck_assert_int_ge(n, 0);
        if (set_aside)
                ck_assert_int_eq(n, 0);
        rows_put(&scratch, state, 0, 2);
        state_close(state);
        return set_aside ? -1 : n;
}

/* Damages a copy of the image so often; allowed says how many rows may be there. Returns how often
   the file was set aside. */
static unsigned damage_often(const Image *image, unsigned which, bool (*allowed)(int n)) {
        uint32_t seed = 20250101 + which;
        unsigned n_bad = 0;

        for (unsigned i = 0; i < N_DAMAGES; i++) {
                Image copy = *image;
                for (unsigned j = 0; j < 2; j++) {
                        copy.bytes[j] = malloc(image->sizes[j] + 1);
                        ck_assert_ptr_nonnull(copy.bytes[j]);
                        memcpy(copy.bytes[j], image->bytes[j], image->sizes[j]);
                }
                image_damage(&copy, which, &seed);
                image_put(&scratch, &copy);
                int n = open_damaged(&copy);
                ck_assert_msg(n == -1 || allowed(n), "damage %u: %d rows", i, n);
                n_bad += n == -1;
                image_free(&copy);
        }
        return n_bad;
}

static bool all_rows(int n) {
        return n == N_ROWS;
}

/* The daemon was killed: what it had committed is in the database and, the last of it, in the -wal
   too. No damage to either loses a row without a word. */
START_TEST(damage_is_told_from_data) {
        State *state = open_new_with_rows(N_ROWS);
        Image image;

        rows_put(&scratch, state, 77, 78);
        image_take(&scratch, &image);
        state_close(state);
        ck_assert_uint_gt(image.sizes[1], 0);
        image_put(&scratch, &image);
        ck_assert_int_eq(open_damaged(&image), N_ROWS);

        unsigned n_bad = damage_often(&image, _i, all_rows);
        if (_i == 0)
                ck_assert_uint_gt(n_bad, N_DAMAGES / 2);
        else
                ck_assert_uint_eq(n_bad, 0);
        image_free(&image);
}
END_TEST

/* The first of many puts is a group of its own. */
static bool whole_groups(int n) {
        return n <= N_ROWS && n % 20 <= 1;
}

/* Someone's transaction keeps what is committed in the -wal alone. What it held when it is damaged
   is lost then; what is left was committed so, and is not a mixture. */
START_TEST(damage_of_a_long_wal_leaves_what_once_was) {
        State *state = scratch_open(&scratch);
        sqlite3 *reader = NULL;
        Image image;

        ck_assert_int_eq(sqlite3_open(scratch.file, &reader), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT * FROM total", NULL, NULL, NULL),
                         SQLITE_OK);
        for (unsigned first = 0; first < N_ROWS; first += 20)
                rows_put(&scratch, state, first, first + 20);
        image_take(&scratch, &image);
        sqlite3_close(reader);
        state_close(state);
        ck_assert_uint_gt(image.sizes[1], image.sizes[0]);
        image_put(&scratch, &image);
        ck_assert_int_eq(open_damaged(&image), N_ROWS);
        (void)damage_often(&image, _i, whole_groups);
        image_free(&image);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, tampering_is_noticed, 0, ELEMENTSOF(tamperings));
        tcase_add_loop_test(tcase, a_foreign_file_is_set_aside, 0, ELEMENTSOF(foreign_cases));
        tcase_add_loop_test(tcase, a_hostile_row_is_refused_though_its_sum_is_right, 0,
                            ELEMENTSOF(hostile_cases));
        tcase_add_test(tcase, what_is_set_aside_keeps_its_wal);
        tcase_add_test(tcase, damage_that_only_writing_would_meet_is_noticed);
        tcase_add_test(tcase, a_newer_version_is_left_as_it_is);
        tcase_add_loop_test(tcase, damage_is_told_from_data, 0, 2);
        tcase_add_loop_test(tcase, damage_of_a_long_wal_leaves_what_once_was, 0, 2);
}

UNIT_MAIN("state-file", add_tests)
