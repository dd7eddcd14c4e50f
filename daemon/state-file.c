/* state.db: how it is written, and how damage is told from data.
 *
 * The file is in WAL mode with synchronous=FULL: a commit that returned survives a power loss. Each
 * commit is copied into the database at once (a checkpoint), so that the -wal never holds more than
 * the last one, and a damaged -wal can take nothing with it.
 *
 * SQLite's own check finds broken pages, not changed bytes in a text. So each row carries the
 * beginning of the SHA-256 of its fields, and the table "total" the number of rows and the
 * exclusive or of their sums: a row that was changed, lost or brought back is noticed. All that is
 * read is bounded and checked again, as if someone else had written it.
 */
#include "daemon/state-file.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

#include "daemon/state-row.h"
#include "lib/util.h"

enum {
        APPLICATION_ID = 0x53525650, /* "SRVP" */
        VERSION = 1,
        VERSION_BELIEVABLE_MAX = 999, /* above: no newer version, but damage */
        BUSY_MSEC = 5000,             /* someone looks with sqlite3(1) */
};

#define SQL_TOTAL                                                                                \
        "CREATE TABLE total (one INTEGER PRIMARY KEY, n_rows INTEGER NOT NULL, sum INTEGER NOT " \
        "NULL) STRICT"
#define SQL_EACH "SELECT * FROM offer ORDER BY record, target, port"
#define SQL_INSERT "INSERT INTO offer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define SQL_DELETE "DELETE FROM offer WHERE (record, target, port) = (?, ?, ?) RETURNING sum"

/* In the order of their names. */
static const char *const schema[] = {STATE_ROW_SQL, SQL_TOTAL};

typedef struct Total {
        int64_t n_rows;
        int64_t sum;
} Total;

struct StateFile {
        sqlite3 *db;
        sqlite3_stmt *insert;
        sqlite3_stmt *delete;
        sqlite3_stmt *update_total;
        Total committed;
        Total current;
        const char *path; /* SQLite's */
        char error[PATH_MAX + 512];
};

DEFINE_CLEANUP(StateFile, state_file_close)
DEFINE_CLEANUP(sqlite3_stmt, sqlite3_finalize)

static int errno_from_sqlite(int code, int system) {
        switch (code) {
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
                return system > 0 ? -system : -EIO;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        default:
                return -EBADMSG;
        }
}

/* Keeps SQLite's words for what failed last. What the system said is still in errno, which was
   cleared before the call: sqlite3_system_errno() does not know it after a step. */
static int file_fail(StateFile *file) {
        int r = errno_from_sqlite(sqlite3_errcode(file->db), errno);

        (void)snprintf(file->error, sizeof(file->error), "%s: %s%s%s", file->path,
                       sqlite3_errmsg(file->db), r == -EBADMSG ? "" : ": ",
                       r == -EBADMSG ? "" : strerror(-r));
        return r;
}

_printf_(2, 3) static int file_damaged(StateFile *file, const char *format, ...) {
        int n = snprintf(file->error, sizeof(file->error), "%s: ", file->path);
        va_list arguments;

        va_start(arguments, format);
        if (n >= 0 && (size_t)n < sizeof(file->error))
                (void)vsnprintf(file->error + n, sizeof(file->error) - (size_t)n, format,
                                arguments);
        va_end(arguments);
        return -EBADMSG;
}

const char *state_file_error(const StateFile *file) {
        return file->error;
}

static int file_execute(StateFile *file, const char *sql) {
        errno = 0;
        return sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : file_fail(file);
}

static int file_prepare(StateFile *file, const char *sql, sqlite3_stmt **ret_statement) {
        errno = 0;
        int r = sqlite3_prepare_v3(file->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement,
                                   NULL);
        return r == SQLITE_OK ? 0 : file_fail(file);
}

static int statement_step(sqlite3_stmt *statement) {
        errno = 0;
        return sqlite3_step(statement);
}

/* The first number that sql yields. */
static int file_number(StateFile *file, const char *sql, int64_t *ret_number) {
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *statement = NULL;

        int r = file_prepare(file, sql, &statement);
        if (r < 0)
                return r;
        if (statement_step(statement) != SQLITE_ROW)
                return file_fail(file);
        *ret_number = sqlite3_column_int64(statement, 0);
        return 0;
}

/* -EBADMSG unless sql yields exactly these texts. */
static int file_expect(StateFile *file, const char *sql, const char *const *texts, size_t n_texts) {
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *statement = NULL;
        size_t n = 0;
        int step;

        int r = file_prepare(file, sql, &statement);
        if (r < 0)
                return r;
        while ((step = statement_step(statement)) == SQLITE_ROW) {
                const char *text = (const char *)sqlite3_column_text(statement, 0);
                if (n == n_texts || !text || strcmp(text, texts[n++]) != 0)
                        return file_damaged(file, "not as srvpubd writes it (%s: %.100s)", sql,
                                            text ? text : "nothing");
        }
        if (step != SQLITE_DONE)
                return file_fail(file);
        return n == n_texts ? 0 : file_damaged(file, "not as srvpubd writes it (%s)", sql);
}

static int total_read(StateFile *file, Total *ret_total) {
        int r = file_number(file, "SELECT n_rows FROM total WHERE one = 1", &ret_total->n_rows);

        return r < 0 ? r
                     : file_number(file, "SELECT sum FROM total WHERE one = 1", &ret_total->sum);
}

int state_file_each(StateFile *file, int (*on_row)(const StateRow *row, void *userdata),
                    void *userdata) {
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *statement = NULL;
        Total total = {}, stored;
        StateRow row;
        int64_t sum;
        int step;

        int r = total_read(file, &stored);
        if (r >= 0)
                r = file_prepare(file, SQL_EACH, &statement);
        if (r < 0)
                return r;
        while ((step = statement_step(statement)) == SQLITE_ROW) {
                if (!state_row_read(statement, &row, &sum))
                        return file_damaged(file, "row %lld is not as it was written",
                                            (long long)total.n_rows + 1);
                total.n_rows++;
                total.sum ^= sum;
                r = on_row ? on_row(&row, userdata) : 0;
                if (r != 0)
                        return r;
        }
        if (step != SQLITE_DONE)
                return file_fail(file);
        if (total.n_rows != stored.n_rows || total.sum != stored.sum)
                return file_damaged(file, "there should be %lld rows, not these %lld",
                                    (long long)stored.n_rows, (long long)total.n_rows);
        return 0;
}

/* These two are read from the first page alone: nothing of a newer version's is interpreted. */
static int file_check_version(StateFile *file, bool read_only) {
        int64_t application, version;

        int r = file_number(file, "PRAGMA application_id", &application);
        if (r >= 0)
                r = file_number(file, "PRAGMA user_version", &version);
        if (r < 0)
                return r;
        if (application != APPLICATION_ID)
                return file_damaged(file, "not a state file of srvpubd");
        if (version == VERSION)
                return read_only || sqlite3_db_readonly(file->db, "main") == 0
                               ? 0
                               : file_damaged(file, "its header says that it is read-only");
        if (version < VERSION || version > VERSION_BELIEVABLE_MAX)
                return file_damaged(file, "there is no version %lld", (long long)version);
        (void)file_damaged(file, "written by a newer srvpubd (version %lld; this one knows %d)",
                           (long long)version, VERSION);
        return -EUCLEAN;
}

/* cache_size in KiB. cell_size_check and the db_config()s: the file may be anyone's. */
static int file_configure(StateFile *file) {
        sqlite3_limit(file->db, SQLITE_LIMIT_LENGTH, 64 * 1024);
        sqlite3_db_config(file->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(file->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(file->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(file->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        sqlite3_wal_autocheckpoint(file->db, 1);
        return file_execute(file, "PRAGMA cache_size = -1024; PRAGMA mmap_size = 0;"
                                  "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;"
                                  "PRAGMA journal_size_limit = 1048576;"
                                  "PRAGMA synchronous = FULL");
}

/* In a transaction that could write, so that no one else does. */
static int file_examine(StateFile *file) {
        int r = file_check_version(file, false);
        if (r >= 0)
                r = file_configure(file);
        if (r >= 0)
                r = file_expect(file, "SELECT sql FROM sqlite_schema ORDER BY name", schema,
                                ELEMENTSOF(schema));
        if (r >= 0)
                r = file_expect(file, "PRAGMA journal_mode = WAL", (const char *[]){"wal"}, 1);
        if (r >= 0)
                r = file_execute(file, "BEGIN IMMEDIATE");
        if (r >= 0)
                r = file_expect(file, "PRAGMA quick_check(1)", (const char *[]){"ok"}, 1);
        if (r >= 0)
                r = state_file_each(file, NULL, NULL);
        if (r >= 0)
                r = total_read(file, &file->committed);
        if (r >= 0)
                r = file_execute(file, "COMMIT");
        return r;
}

static int file_open(const char *path, int flags, StateFile **ret_file) {
        StateFile *file = calloc(1, sizeof(*file));
        if (!file)
                return -ENOMEM;

        *ret_file = file;
        file->path = path;
        errno = 0;
        if (sqlite3_open_v2(path, &file->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
                return file->db ? file_fail(file) : -ENOMEM;
        file->path = sqlite3_db_filename(file->db, NULL);
        sqlite3_busy_timeout(file->db, BUSY_MSEC);
        return 0;
}

static int give_error(const StateFile *file, int error, char **ret_error) {
        *ret_error = file && *file->error ? strdup(file->error) : NULL;
        return error;
}

int state_file_create(const char *path, char **ret_error) {
        _cleanup_(state_file_closep) StateFile *file = NULL;

        int r = file_open(path, SQLITE_OPEN_READWRITE, &file);
        if (r >= 0)
                r = file_configure(file);
        if (r >= 0)
                r = file_execute(file, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;" STATE_ROW_SQL
                                       ";" SQL_TOTAL "; INSERT INTO total VALUES (1, 0, 0)");
        if (r >= 0)
                r = file_execute(file, "PRAGMA application_id = 0x53525650;"
                                       "PRAGMA user_version = 1; COMMIT;"
                                       "PRAGMA wal_checkpoint(TRUNCATE)");
        return r < 0 ? give_error(file, r, ret_error) : 0;
}

int state_file_open(const char *path, StateFile **ret_file, char **ret_error) {
        _cleanup_(state_file_closep) StateFile *file = NULL;

        int r = file_open(path, SQLITE_OPEN_READWRITE, &file);
        if (r >= 0)
                r = file_examine(file);
        if (r >= 0)
                r = file_prepare(file, SQL_INSERT, &file->insert);
        if (r >= 0)
                r = file_prepare(file, SQL_DELETE, &file->delete);
        if (r >= 0)
                r = file_prepare(file, "UPDATE total SET n_rows = ?, sum = ?", &file->update_total);
        if (r < 0) {
                /* What is set aside or a newer version's stays as it was found. */
                if (file && file->db)
                        sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
                return give_error(file, r, ret_error);
        }
        *ret_file = TAKE_PTR(file);
        return 0;
}

/* "file:" and the path, with what means something in a URI as %XX. */
static char *uri_of(const char *path) {
        char *uri = malloc(3 * strlen(path) + sizeof("file:?immutable=1")), *at;

        if (!uri)
                return NULL;
        at = stpcpy(uri, "file:");
        for (; *path; path++)
                if (strchr("%?#", *path))
                        at += sprintf(at, "%%%02X", (unsigned)*path);
                else
                        *at++ = *path;
        strcpy(at, "?immutable=1");
        return uri;
}

int state_file_open_to_look(const char *path, StateFile **ret_file, char **ret_error) {
        _cleanup_(state_file_closep) StateFile *file = NULL;
        _cleanup_(freep) char *uri = uri_of(path);

        if (!uri)
                return give_error(NULL, -ENOMEM, ret_error);
        int r = file_open(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &file);
        if (r >= 0)
                r = file_check_version(file, true);
        if (r >= 0)
                r = file_configure(file);
        if (r >= 0)
                r = file_expect(file, "SELECT sql FROM sqlite_schema ORDER BY name", schema,
                                ELEMENTSOF(schema));
        if (r >= 0)
                r = state_file_each(file, NULL, NULL);
        if (r < 0)
                return give_error(file, r, ret_error);
        *ret_file = TAKE_PTR(file);
        return 0;
}

StateFile *state_file_close(StateFile *file) {
        if (!file)
                return NULL;
        sqlite3_finalize(file->insert);
        sqlite3_finalize(file->delete);
        sqlite3_finalize(file->update_total);
        sqlite3_close(file->db);
        free(file);
        return NULL;
}

int state_file_begin(StateFile *file) {
        file->current = file->committed;
        return file_execute(file, "BEGIN IMMEDIATE");
}

/* Runs a statement that yields nothing. */
static int file_run(StateFile *file, sqlite3_stmt *statement) {
        int r = statement_step(statement) == SQLITE_DONE ? 0 : file_fail(file);

        sqlite3_reset(statement);
        return r;
}

int state_file_remove(StateFile *file, const StateRow *key) {
        sqlite3_stmt *statement = file->delete;

        state_row_bind_key(statement, key);
        int step = statement_step(statement);
        if (step == SQLITE_ROW) {
                file->current.n_rows--;
                file->current.sum ^= sqlite3_column_int64(statement, 0);
                step = statement_step(statement);
        }
        int r = step == SQLITE_DONE ? 0 : file_fail(file);
        sqlite3_reset(statement);
        return r;
}

int state_file_put(StateFile *file, const StateRow *row) {
        int r = state_file_remove(file, row);
        if (r < 0)
                return r;
        file->current.n_rows++;
        file->current.sum ^= state_row_bind(file->insert, row);
        return file_run(file, file->insert);
}

int state_file_commit(StateFile *file) {
        sqlite3_bind_int64(file->update_total, 1, file->current.n_rows);
        sqlite3_bind_int64(file->update_total, 2, file->current.sum);
        int r = file_run(file, file->update_total);
        if (r >= 0)
                r = file_execute(file, "COMMIT");
        if (r >= 0)
                file->committed = file->current;
        return r;
}

void state_file_rollback(StateFile *file) {
        if (!sqlite3_get_autocommit(file->db))
                (void)sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
}
