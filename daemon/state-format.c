/* The formats of state.db.
 *
 * Format 1 knew only what was published and how. Format 2 added to a row what ownership needs to
 * know (claimed, numbers, since when), and the table "hold"; format 3, with which keytab, principal
 * and realm. What an offer of a former format had not is 0 or empty: not claimed, since an unknown
 * time, without a keytab.
 *
 * A migration reads what is there with the sums of then, and writes it with those of now, all in
 * the one transaction in which the file is examined: killed at any point, it is as it was.
 */
#include "daemon/state-format.h"

#include <errno.h>
#include <string.h>

#include "daemon/state-row.h"
#include "lib/util.h"

enum {
        APPLICATION_ID = 0x53525650, /* "SRVP" */
        FORMAT_BELIEVABLE_MAX = 999, /* above: no newer version, but damage */
};

#define SQL_TOTAL_WITH(columns)                                                                  \
        "CREATE TABLE total (one INTEGER PRIMARY KEY, n_rows INTEGER NOT NULL, sum INTEGER NOT " \
        "NULL" columns ") STRICT"
#define SQL_TOTAL_1 SQL_TOTAL_WITH("")
#define SQL_TOTAL SQL_TOTAL_WITH(", n_holds INTEGER NOT NULL, hold_sum INTEGER NOT NULL")
#define SQL_FORMAT "PRAGMA user_version = 3;"
#define SQL_CREATE                                     \
        STATE_ROW_SQL ";" STATE_HOLD_SQL ";" SQL_TOTAL \
                      "; INSERT INTO total VALUES (1, 0, 0, 0, 0);" SQL_FORMAT

/* In the order of their names. */
static const char *const schema_1[] = {STATE_ROW_1_SQL, SQL_TOTAL_1};
static const char *const schema_2[] = {STATE_HOLD_SQL, STATE_ROW_2_SQL, SQL_TOTAL};
static const char *const schema_now[] = {STATE_HOLD_SQL, STATE_ROW_SQL, SQL_TOTAL};

#define SQL_TOTALS "SELECT n_rows, sum, n_holds, hold_sum FROM total WHERE one = 1"
#define SQL_HOLDS "SELECT * FROM hold ORDER BY record"
#define SQL_ROWS(columns, table) "SELECT " columns " FROM " table " ORDER BY record, target, port"
/* Of 2, the holds and the totals are what they are now. */
#define SQL_MIGRATE_1 "ALTER TABLE offer RENAME TO offer_old; DROP TABLE total;" SQL_CREATE
#define SQL_MIGRATE_2 "ALTER TABLE offer RENAME TO offer_old;" STATE_ROW_SQL ";" SQL_FORMAT

static const struct {
        const char *const *schema;
        size_t n_tables;
        const char *totals;
        const char *tables[_STATE_TABLE_MAX];
        const char *migrate;  /* makes the tables of now beside the offers of then ... */
        const char *old_rows; /* ... which are read so */
} formats[] = {
        [STATE_FORMAT_FIRST] =
                {
                        .schema = schema_1,
                        .n_tables = ELEMENTSOF(schema_1),
                        .totals = "SELECT n_rows, sum, 0, 0 FROM total WHERE one = 1",
                        .tables = {SQL_ROWS(STATE_ROW_1_COLUMNS, "offer"),
                                   "SELECT 0, 0, 0 WHERE false"},
                        .migrate = SQL_MIGRATE_1,
                        .old_rows = SQL_ROWS(STATE_ROW_1_COLUMNS, "offer_old"),
                },
        [STATE_FORMAT_SECOND] =
                {
                        .schema = schema_2,
                        .n_tables = ELEMENTSOF(schema_2),
                        .totals = SQL_TOTALS,
                        .tables = {SQL_ROWS(STATE_ROW_2_COLUMNS, "offer"), SQL_HOLDS},
                        .migrate = SQL_MIGRATE_2,
                        .old_rows = SQL_ROWS(STATE_ROW_2_COLUMNS, "offer_old"),
                },
        [STATE_FORMAT] =
                {
                        .schema = schema_now,
                        .n_tables = ELEMENTSOF(schema_now),
                        .totals = SQL_TOTALS,
                        .tables = {SQL_ROWS("*", "offer"), SQL_HOLDS},
                },
};

DEFINE_CLEANUP(sqlite3_stmt, sqlite3_finalize)

int state_format_create(StateSql *sql) {
        return state_sql_execute(sql, SQL_CREATE "PRAGMA application_id = 0x53525650");
}

int state_format_read(StateSql *sql, unsigned *ret_format) {
        int64_t application, version;

        int r = state_sql_numbers(sql, "PRAGMA application_id", &application, 1);
        if (r >= 0)
                r = state_sql_numbers(sql, "PRAGMA user_version", &version, 1);
        if (r < 0)
                return r;
        if (application != APPLICATION_ID)
                return state_sql_damaged(sql, "not a state file of srvpubd");
        if (version < STATE_FORMAT_FIRST || version > FORMAT_BELIEVABLE_MAX)
                return state_sql_damaged(sql, "there is no version %lld", (long long)version);
        if (version > STATE_FORMAT) {
                (void)state_sql_damaged(
                        sql, "written by a newer srvpubd (version %lld; this one knows %d)",
                        (long long)version, STATE_FORMAT);
                return -EUCLEAN;
        }
        *ret_format = (unsigned)version;
        return 0;
}

int state_format_check(StateSql *sql, unsigned format) {
        return state_sql_expect(sql, "SELECT sql FROM sqlite_schema ORDER BY name",
                                formats[format].schema, formats[format].n_tables);
}

const char *state_format_select(unsigned format, StateTable table) {
        return formats[format].tables[table];
}

int state_format_totals(StateSql *sql, unsigned format, StateTotals *ret_totals) {
        int64_t numbers[4];

        int r = state_sql_numbers(sql, formats[format].totals, numbers, ELEMENTSOF(numbers));
        if (r < 0)
                return r;
        ret_totals->of[STATE_TABLE_OFFER] = (StateTotal){numbers[0], numbers[1]};
        ret_totals->of[STATE_TABLE_HOLD] = (StateTotal){numbers[2], numbers[3]};
        return 0;
}

/* Every statement is done with when this returns: a table in use cannot be dropped. */
static int copy_rows(StateSql *sql, unsigned format, StateTotal *ret_total) {
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *select = NULL, *insert = NULL;
        StateTotal total = {};
        StateRow row;
        int64_t sum;
        int step;

        int r = state_sql_prepare(sql, formats[format].old_rows, &select);
        if (r >= 0)
                r = state_sql_prepare(sql, STATE_ROW_PUT, &insert);
        while (r >= 0 && (step = state_sql_step(select)) == SQLITE_ROW) {
                if (!state_row_read(select, format, &row, &sum))
                        return state_sql_damaged(sql, "row %lld is not as it was written",
                                                 (long long)total.n + 1);
                total.n++;
                total.sum ^= state_row_bind(insert, &row);
                r = state_sql_run(sql, insert);
        }
        if (r < 0)
                return r;
        if (step != SQLITE_DONE)
                return state_sql_fail(sql);
        *ret_total = total;
        return 0;
}

int state_format_migrate(StateSql *sql, unsigned format) {
        StateTotal total = {};
        char text[128];

        int r = state_sql_execute(sql, formats[format].migrate);
        if (r >= 0)
                r = copy_rows(sql, format, &total);
        if (r < 0)
                return r;
        (void)snprintf(text, sizeof(text),
                       "DROP TABLE offer_old; UPDATE total SET n_rows = %lld, sum = %lld",
                       (long long)total.n, (long long)total.sum);
        return state_sql_execute(sql, text);
}
