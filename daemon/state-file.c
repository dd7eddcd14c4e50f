/* state.db: how it is written, and how damage is told from data.
 *
 * The file is in WAL mode with synchronous=FULL: a commit that returned survives a power loss. Each
 * commit is copied into the database at once (a checkpoint), so that the -wal never holds more than
 * the last one, and a damaged -wal can take nothing with it.
 *
 * SQLite's own check finds broken pages, not changed bytes in a text. So each row carries the
 * beginning of the SHA-256 of its fields, and the table "total" the number of rows of each table
 * and the exclusive or of their sums: a row that was changed, lost or brought back is noticed. All
 * that is read is bounded and checked again, as if someone else had written it.
 */
#include "daemon/state-file.h"

#include <errno.h>
#include <string.h>

#include "daemon/state-format.h"
#include "daemon/state-row.h"
#include "lib/util.h"

#define SQL_ROW "FROM offer WHERE (record, target, port) = (?, ?, ?)"
#define SQL_HOLD "FROM hold WHERE record = ?"
#define SQL_UPDATE_TOTALS "UPDATE total SET n_rows = ?, sum = ?, n_holds = ?, hold_sum = ?"

/* A table while it is read. */
typedef struct Cursor {
        sqlite3_stmt *statement;
        StateTotal total, expected;
} Cursor;

struct StateFile {
        StateSql sql;
        Cursor cursor; /* of state_file_each(), where it has not come to its end */
        unsigned format;
        sqlite3_stmt *put[_STATE_TABLE_MAX];
        sqlite3_stmt *sum[_STATE_TABLE_MAX];
        sqlite3_stmt *delete[_STATE_TABLE_MAX];
        sqlite3_stmt *update_totals;
        StateTotals committed;
        StateTotals current;
};

DEFINE_CLEANUP(StateFile, state_file_close)
DEFINE_CLEANUP(sqlite3_stmt, sqlite3_finalize)

const char *state_file_error(const StateFile *file) {
        return file->sql.error;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Whom to give what is read; either may be NULL. */
typedef struct Reader {
        int (*on_row)(const StateRow *row, void *userdata);
        int (*on_hold)(const char *record, uint64_t fingerprint, void *userdata);
        void *userdata;
} Reader;

/* *ret_valid: the row is as it was written, and what is returned is the reader's. */
static int read_row(StateFile *file, sqlite3_stmt *statement, const Reader *reader, bool *ret_valid,
                    int64_t *ret_sum) {
        StateRow row;

        *ret_valid = state_row_read(statement, file->format, &row, ret_sum);
        return *ret_valid && reader->on_row ? reader->on_row(&row, reader->userdata) : 0;
}

static int read_hold(sqlite3_stmt *statement, const Reader *reader, bool *ret_valid,
                     int64_t *ret_sum) {
        const char *record;
        uint64_t fingerprint;

        *ret_valid = state_hold_read(statement, &record, &fingerprint, ret_sum);
        return *ret_valid && reader->on_hold
                       ? reader->on_hold(record, fingerprint, reader->userdata)
                       : 0;
}

static void cursor_done(Cursor *cursor) {
        sqlite3_finalize(cursor->statement);
        *cursor = (Cursor){};
}

static int cursor_open(StateFile *file, StateTable table, Cursor *cursor) {
        StateTotals stored;

        int r = state_format_totals(&file->sql, file->format, &stored);
        if (r < 0)
                return r;
        cursor->expected = stored.of[table];
        return state_sql_prepare(&file->sql, state_format_select(file->format, table),
                                 &cursor->statement);
}

/* 1: there may be more than these. */
static int cursor_read(StateFile *file, StateTable table, Cursor *cursor, size_t limit,
                       const Reader *reader) {
        StateTotal *total = &cursor->total, *expected = &cursor->expected;
        int64_t sum;
        bool valid;
        int step, r;

        for (; limit > 0; limit--) {
                step = state_sql_step(cursor->statement);
                if (step == SQLITE_DONE && total->n == expected->n && total->sum == expected->sum)
                        return 0;
                if (step == SQLITE_DONE)
                        return state_sql_damaged(&file->sql,
                                                 "there should be %lld rows, not these %lld",
                                                 (long long)expected->n, (long long)total->n);
                if (step != SQLITE_ROW)
                        return state_sql_fail(&file->sql);
                r = table == STATE_TABLE_OFFER
                            ? read_row(file, cursor->statement, reader, &valid, &sum)
                            : read_hold(cursor->statement, reader, &valid, &sum);
                if (!valid)
                        return state_sql_damaged(&file->sql, "row %lld is not as it was written",
                                                 (long long)total->n + 1);
                if (r != 0)
                        return r;
                total->n++;
                total->sum ^= sum;
        }
        return 1;
}

static int read_table(StateFile *file, StateTable table, const Reader *reader) {
        _cleanup_(cursor_done) Cursor cursor = {};

        int r = cursor_open(file, table, &cursor);
        return r < 0 ? r : cursor_read(file, table, &cursor, SIZE_MAX, reader);
}

int state_file_each(StateFile *file, size_t limit,
                    int (*on_row)(const StateRow *row, void *userdata), void *userdata) {
        Cursor *cursor = &file->cursor;
        int r = cursor->statement ? 0 : cursor_open(file, STATE_TABLE_OFFER, cursor);

        if (r >= 0)
                r = cursor_read(file, STATE_TABLE_OFFER, cursor, limit,
                                &(Reader){.on_row = on_row, .userdata = userdata});
        if (r <= 0)
                cursor_done(cursor);
        return r;
}

int state_file_each_hold(StateFile *file,
                         int (*on_hold)(const char *record, uint64_t fingerprint, void *userdata),
                         void *userdata) {
        return read_table(file, STATE_TABLE_HOLD,
                          &(Reader){.on_hold = on_hold, .userdata = userdata});
}

static int examine_tables(StateFile *file) {
        static const Reader nobody;
        int r = 0;

        for (StateTable table = 0; table < _STATE_TABLE_MAX && r >= 0; table++)
                r = read_table(file, table, &nobody);
        return r;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* cache_size in KiB. cell_size_check and the db_config()s: the file may be anyone's. */
static int configure(StateSql *sql) {
        sqlite3_limit(sql->db, SQLITE_LIMIT_LENGTH, 64 * 1024);
        sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(sql->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        sqlite3_wal_autocheckpoint(sql->db, 1);
        return state_sql_execute(sql, "PRAGMA cache_size = -1024; PRAGMA mmap_size = 0;"
                                      "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;"
                                      "PRAGMA journal_size_limit = 1048576;"
                                      "PRAGMA synchronous = FULL");
}

static int check_writable(StateSql *sql) {
        return sqlite3_db_readonly(sql->db, "main") == 0
                       ? 0
                       : state_sql_damaged(sql, "its header says that it is read-only");
}

/* What was migrated is examined again before it counts. */
static int migrate(StateFile *file) {
        int r = state_format_migrate(&file->sql, file->format);
        if (r < 0)
                return r;
        file->format = STATE_FORMAT;
        return examine_tables(file);
}

/* In a transaction that could write, so that no one else does. */
static int examine(StateFile *file) {
        StateSql *sql = &file->sql;

        int r = state_format_read(sql, &file->format);
        if (r >= 0)
                r = check_writable(sql);
        if (r >= 0)
                r = configure(sql);
        if (r >= 0)
                r = state_format_check(sql, file->format);
        if (r >= 0)
                r = state_sql_expect(sql, "PRAGMA journal_mode = WAL", (const char *[]){"wal"}, 1);
        if (r >= 0)
                r = state_sql_execute(sql, "BEGIN IMMEDIATE");
        if (r >= 0)
                r = state_sql_expect(sql, "PRAGMA quick_check(1)", (const char *[]){"ok"}, 1);
        if (r >= 0)
                r = examine_tables(file);
        if (r >= 0 && file->format != STATE_FORMAT)
                r = migrate(file);
        if (r >= 0)
                r = state_format_totals(sql, file->format, &file->committed);
        if (r >= 0)
                r = state_sql_execute(sql, "COMMIT");
        return r;
}

static int prepare(StateFile *file) {
        const struct {
                const char *text;
                sqlite3_stmt **ret_statement;
        } statements[] = {
                {STATE_ROW_PUT, &file->put[STATE_TABLE_OFFER]},
                {STATE_HOLD_PUT, &file->put[STATE_TABLE_HOLD]},
                {"SELECT sum " SQL_ROW, &file->sum[STATE_TABLE_OFFER]},
                {"SELECT sum " SQL_HOLD, &file->sum[STATE_TABLE_HOLD]},
                {"DELETE " SQL_ROW, &file->delete[STATE_TABLE_OFFER]},
                {"DELETE " SQL_HOLD, &file->delete[STATE_TABLE_HOLD]},
                {SQL_UPDATE_TOTALS, &file->update_totals},
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(statements) && r >= 0; i++)
                r = state_sql_prepare(&file->sql, statements[i].text, statements[i].ret_statement);
        return r;
}

static int open_file(const char *path, int flags, StateFile **ret_file) {
        StateFile *file = calloc(1, sizeof(*file));
        if (!file)
                return -ENOMEM;

        *ret_file = file;
        return state_sql_open(&file->sql, path, flags);
}

static int give_error(const StateFile *file, int error, char **ret_error) {
        *ret_error = file && *file->sql.error ? strdup(file->sql.error) : NULL;
        return error;
}

int state_file_create(const char *path, char **ret_error) {
        _cleanup_(state_file_closep) StateFile *file = NULL;

        int r = open_file(path, SQLITE_OPEN_READWRITE, &file);
        if (r >= 0)
                r = configure(&file->sql);
        if (r >= 0)
                r = state_sql_execute(&file->sql, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
        if (r >= 0)
                r = state_format_create(&file->sql);
        if (r >= 0)
                r = state_sql_execute(&file->sql, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
        return r < 0 ? give_error(file, r, ret_error) : 0;
}

int state_file_open(const char *path, StateFile **ret_file, char **ret_error) {
        _cleanup_(state_file_closep) StateFile *file = NULL;

        int r = open_file(path, SQLITE_OPEN_READWRITE, &file);
        if (r >= 0)
                r = examine(file);
        if (r >= 0)
                r = prepare(file);
        if (r < 0) {
                /* What is set aside or a newer version's stays as it was found. */
                if (file && file->sql.db)
                        sqlite3_db_config(file->sql.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
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
        int r = open_file(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &file);
        if (r >= 0)
                r = state_format_read(&file->sql, &file->format);
        if (r >= 0)
                r = configure(&file->sql);
        if (r >= 0)
                r = state_format_check(&file->sql, file->format);
        if (r >= 0)
                r = examine_tables(file);
        if (r < 0)
                return give_error(file, r, ret_error);
        *ret_file = TAKE_PTR(file);
        return 0;
}

StateFile *state_file_close(StateFile *file) {
        if (!file)
                return NULL;
        cursor_done(&file->cursor);
        for (StateTable table = 0; table < _STATE_TABLE_MAX; table++) {
                sqlite3_finalize(file->put[table]);
                sqlite3_finalize(file->sum[table]);
                sqlite3_finalize(file->delete[table]);
        }
        sqlite3_finalize(file->update_totals);
        state_sql_done(&file->sql);
        free(file);
        return NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

int state_file_begin(StateFile *file) {
        file->current = file->committed;
        return state_sql_execute(&file->sql, "BEGIN IMMEDIATE");
}

/* Takes what is there out of the totals; its key is bound. 1, 0 if nothing is. (A DELETE that
   returns what it deleted would make a table of it first.) */
static int discount(StateFile *file, StateTable table) {
        sqlite3_stmt *statement = file->sum[table];
        StateTotal *total = &file->current.of[table];
        const int step = state_sql_step(statement);
        const int r = step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : state_sql_fail(&file->sql);

        if (r > 0) {
                total->n--;
                total->sum ^= sqlite3_column_int64(statement, 0);
        }
        sqlite3_reset(statement);
        return r;
}

/* All is bound. */
static int put(StateFile *file, StateTable table, int64_t sum) {
        const int r = discount(file, table);

        if (r < 0)
                return r;
        file->current.of[table].n++;
        file->current.of[table].sum ^= sum;
        return state_sql_run(&file->sql, file->put[table]);
}

static int remove_from(StateFile *file, StateTable table) {
        const int r = discount(file, table);

        return r > 0 ? state_sql_run(&file->sql, file->delete[table]) : r;
}

int state_file_remove(StateFile *file, const StateRow *key) {
        state_row_bind_key(file->sum[STATE_TABLE_OFFER], key);
        state_row_bind_key(file->delete[STATE_TABLE_OFFER], key);
        return remove_from(file, STATE_TABLE_OFFER);
}

int state_file_put(StateFile *file, const StateRow *row) {
        state_row_bind_key(file->sum[STATE_TABLE_OFFER], row);
        return put(file, STATE_TABLE_OFFER, state_row_bind(file->put[STATE_TABLE_OFFER], row));
}

int state_file_unhold(StateFile *file, const char *record) {
        state_hold_bind_key(file->sum[STATE_TABLE_HOLD], record);
        state_hold_bind_key(file->delete[STATE_TABLE_HOLD], record);
        return remove_from(file, STATE_TABLE_HOLD);
}

int state_file_hold(StateFile *file, const char *record, uint64_t fingerprint) {
        state_hold_bind_key(file->sum[STATE_TABLE_HOLD], record);
        return put(file, STATE_TABLE_HOLD,
                   state_hold_bind(file->put[STATE_TABLE_HOLD], record, fingerprint));
}

int state_file_commit(StateFile *file) {
        int parameter = 0;

        for (StateTable table = 0; table < _STATE_TABLE_MAX; table++) {
                sqlite3_bind_int64(file->update_totals, ++parameter, file->current.of[table].n);
                sqlite3_bind_int64(file->update_totals, ++parameter, file->current.of[table].sum);
        }
        int r = state_sql_run(&file->sql, file->update_totals);
        if (r >= 0)
                r = state_sql_execute(&file->sql, "COMMIT");
        if (r >= 0)
                file->committed = file->current;
        return r;
}

void state_file_rollback(StateFile *file) {
        if (!sqlite3_get_autocommit(file->sql.db))
                (void)sqlite3_exec(file->sql.db, "ROLLBACK", NULL, NULL, NULL);
}

void state_file_trim(StateFile *file) {
        (void)sqlite3_db_release_memory(file->sql.db);
}
