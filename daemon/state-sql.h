/* One SQLite connection, its errors as errno and as a sentence. */
#pragma once

#include <limits.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/util.h"

/* All functions that return int give 0 or a negative errno, and say in error what failed. */
typedef struct StateSql {
        sqlite3 *db;
        const char *path; /* SQLite's, once it is open */
        char error[PATH_MAX + 512];
} StateSql;

/* flags: of sqlite3_open_v2(). On failure too the caller calls state_sql_done(). */
int state_sql_open(StateSql *sql, const char *path, int flags);
void state_sql_done(StateSql *sql);

/* What failed last in SQLite: -EBADMSG when that means damage. */
int state_sql_fail(StateSql *sql);
/* Damage that we see ourselves: -EBADMSG. */
int state_sql_damaged(StateSql *sql, const char *format, ...) _printf_(2, 3);

int state_sql_execute(StateSql *sql, const char *text);
int state_sql_prepare(StateSql *sql, const char *text, sqlite3_stmt **ret_statement);
/* SQLite's result code; to be used before state_sql_fail(). */
int state_sql_step(sqlite3_stmt *statement);
/* Runs to its end, and resets, a statement that yields nothing. */
int state_sql_run(StateSql *sql, sqlite3_stmt *statement);

/* The n first columns of the first row that text yields. */
int state_sql_numbers(StateSql *sql, const char *text, int64_t *ret_numbers, size_t n);
/* -EBADMSG unless text yields exactly these texts. */
int state_sql_expect(StateSql *sql, const char *text, const char *const *texts, size_t n_texts);
