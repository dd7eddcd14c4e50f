/* One row of state.db, of an offer or a hold: what is allowed in it, and its way to and from a
   statement. */
#pragma once

#include <sqlite3.h>

#include "daemon/state.h"

/* The tables, word for word as they stand in the file: of the offers, in formats 1, 2 and now, and
   of the holds. */
#define STATE_ROW_SQL_WITH(columns)                                                               \
        "CREATE TABLE offer (record TEXT NOT NULL COLLATE NOCASE, target TEXT NOT NULL COLLATE "  \
        "NOCASE, port INTEGER NOT NULL, domain TEXT NOT NULL, zone TEXT NOT NULL, servers TEXT "  \
        "NOT NULL, \"primary\" TEXT NOT NULL, zone_given INTEGER NOT NULL, security INTEGER NOT " \
        "NULL, key_file TEXT NOT NULL, derived INTEGER NOT NULL, confirmed INTEGER NOT "          \
        "NULL, " columns "sum INTEGER NOT NULL, PRIMARY KEY (record, target, port)) STRICT, "     \
        "WITHOUT ROWID"
#define STATE_ROW_1_SQL STATE_ROW_SQL_WITH("")
#define STATE_ROW_2_COLUMNS_SQL                                                \
        "claimed INTEGER NOT NULL, priority INTEGER NOT NULL, weight INTEGER " \
        "NOT NULL, since INTEGER NOT NULL, "
#define STATE_ROW_2_SQL STATE_ROW_SQL_WITH(STATE_ROW_2_COLUMNS_SQL)
#define STATE_ROW_SQL                                                                          \
        STATE_ROW_SQL_WITH(STATE_ROW_2_COLUMNS_SQL "keytab TEXT NOT NULL, principal TEXT NOT " \
                                                   "NULL, realm TEXT NOT NULL, ")
#define STATE_HOLD_SQL                                                                             \
        "CREATE TABLE hold (record TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, fingerprint INTEGER " \
        "NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID"

/* What state_row_read() is to see of a former format: what it has not is 0 or empty. */
#define STATE_ROW_COLUMNS_WITH(columns)                                                    \
        "record, target, port, domain, zone, servers, \"primary\", zone_given, security, " \
        "key_file, derived, confirmed, " columns ", '', '', '', sum"
#define STATE_ROW_1_COLUMNS STATE_ROW_COLUMNS_WITH("0, 0, 0, 0")
#define STATE_ROW_2_COLUMNS STATE_ROW_COLUMNS_WITH("claimed, priority, weight, since")

/* With the parameters of state_row_bind() and state_hold_bind(). */
#define STATE_ROW_PUT \
        "REPLACE INTO offer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define STATE_HOLD_PUT "REPLACE INTO hold VALUES (?, ?, ?)"

/* True if every text is bounded and what it has to be; of the key, if only that is used. */
bool state_row_valid(const StateRow *row);
bool state_key_valid(const StateRow *row);
bool state_hold_valid(const char *record);

/* Reads all columns; the sum is that of the format. False if they are no valid row or not what
   was written. The texts live as long as the statement stays on its row. */
bool state_row_read(sqlite3_stmt *statement, unsigned format, StateRow *ret_row, int64_t *ret_sum);
bool state_hold_read(sqlite3_stmt *statement, const char **ret_record, uint64_t *ret_fingerprint,
                     int64_t *ret_sum);

/* Bind the key, or all, parameters of a valid row, whose texts must outlive the step. The latter
   return its sum. */
void state_row_bind_key(sqlite3_stmt *statement, const StateRow *row);
int64_t state_row_bind(sqlite3_stmt *statement, const StateRow *row);
void state_hold_bind_key(sqlite3_stmt *statement, const char *record);
int64_t state_hold_bind(sqlite3_stmt *statement, const char *record, uint64_t fingerprint);
