/* One row of state.db: what is allowed in it, and its way to and from a statement. */
#pragma once

#include <sqlite3.h>

#include "daemon/state.h"

/* The table of the rows, word for word as it stands in the file. */
#define STATE_ROW_SQL                                                                              \
        "CREATE TABLE offer (record TEXT NOT NULL COLLATE NOCASE, target TEXT NOT NULL COLLATE "   \
        "NOCASE, port INTEGER NOT NULL, domain TEXT NOT NULL, zone TEXT NOT NULL, servers TEXT "   \
        "NOT NULL, \"primary\" TEXT NOT NULL, zone_given INTEGER NOT NULL, security INTEGER NOT "  \
        "NULL, key_file TEXT NOT NULL, derived INTEGER NOT NULL, confirmed INTEGER NOT NULL, sum " \
        "INTEGER NOT NULL, PRIMARY KEY (record, target, port)) STRICT, WITHOUT ROWID"

/* True if every text is bounded and what it has to be; of the key, if only that is used. */
bool state_row_valid(const StateRow *row);
bool state_key_valid(const StateRow *row);

/* Reads all columns. False if they are no valid row or not what was written. The texts live as
   long as the statement stays on its row. */
bool state_row_read(sqlite3_stmt *statement, StateRow *ret_row, int64_t *ret_sum);

/* Bind the first three, or all, parameters of a valid row, whose texts must outlive the step. The
   latter returns its sum. */
void state_row_bind_key(sqlite3_stmt *statement, const StateRow *row);
int64_t state_row_bind(sqlite3_stmt *statement, const StateRow *row);
