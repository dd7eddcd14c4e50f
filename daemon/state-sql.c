/* SQLite as the state uses it.
 *
 * Its result codes say which part of it failed, not why: the errno that the system gave is what
 * tells a full disk from a damaged file, and damage from all that will pass. What is no error of
 * the system, nor of someone else's lock, is damage.
 */
#include "daemon/state-sql.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum {
        BUSY_MSEC = 5000, /* someone looks with sqlite3(1) */
};

DEFINE_CLEANUP(sqlite3_stmt, sqlite3_finalize)

int state_sql_open(StateSql *sql, const char *path, int flags) {
        sql->path = path;
        errno = 0;
        if (sqlite3_open_v2(path, &sql->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
                return sql->db ? state_sql_fail(sql) : -ENOMEM;
        sql->path = sqlite3_db_filename(sql->db, NULL);
        sqlite3_busy_timeout(sql->db, BUSY_MSEC);
        return 0;
}

void state_sql_done(StateSql *sql) {
        sqlite3_close(sql->db);
        sql->db = NULL;
}

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
int state_sql_fail(StateSql *sql) {
        int r = errno_from_sqlite(sqlite3_errcode(sql->db), errno);

        (void)snprintf(sql->error, sizeof(sql->error), "%s: %s%s%s", sql->path,
                       sqlite3_errmsg(sql->db), r == -EBADMSG ? "" : ": ",
                       r == -EBADMSG ? "" : strerror(-r));
        return r;
}

int state_sql_damaged(StateSql *sql, const char *format, ...) {
        int n = snprintf(sql->error, sizeof(sql->error), "%s: ", sql->path);
        va_list arguments;

        va_start(arguments, format);
        if (n >= 0 && (size_t)n < sizeof(sql->error))
                (void)vsnprintf(sql->error + n, sizeof(sql->error) - (size_t)n, format, arguments);
        va_end(arguments);
        return -EBADMSG;
}

int state_sql_execute(StateSql *sql, const char *text) {
        errno = 0;
        return sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : state_sql_fail(sql);
}

int state_sql_prepare(StateSql *sql, const char *text, sqlite3_stmt **ret_statement) {
        errno = 0;
        int r = sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, ret_statement,
                                   NULL);
        return r == SQLITE_OK ? 0 : state_sql_fail(sql);
}

int state_sql_step(sqlite3_stmt *statement) {
        errno = 0;
        return sqlite3_step(statement);
}

int state_sql_run(StateSql *sql, sqlite3_stmt *statement) {
        int r = state_sql_step(statement) == SQLITE_DONE ? 0 : state_sql_fail(sql);

        sqlite3_reset(statement);
        return r;
}

int state_sql_numbers(StateSql *sql, const char *text, int64_t *ret_numbers, size_t n) {
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *statement = NULL;

        int r = state_sql_prepare(sql, text, &statement);
        if (r < 0)
                return r;
        if (state_sql_step(statement) != SQLITE_ROW)
                return state_sql_fail(sql);
        for (size_t i = 0; i < n; i++)
                ret_numbers[i] = sqlite3_column_int64(statement, (int)i);
        return 0;
}

int state_sql_expect(StateSql *sql, const char *text, const char *const *texts, size_t n_texts) {
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *statement = NULL;
        size_t n = 0;
        int step;

        int r = state_sql_prepare(sql, text, &statement);
        if (r < 0)
                return r;
        while ((step = state_sql_step(statement)) == SQLITE_ROW) {
                const char *found = (const char *)sqlite3_column_text(statement, 0);
                if (n == n_texts || !found || strcmp(found, texts[n++]) != 0)
                        return state_sql_damaged(sql, "not as srvpubd writes it (%s: %.100s)", text,
                                                 found ? found : "nothing");
        }
        if (step != SQLITE_DONE)
                return state_sql_fail(sql);
        return n == n_texts ? 0 : state_sql_damaged(sql, "not as srvpubd writes it (%s)", text);
}
