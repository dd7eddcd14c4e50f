/* The tables of state.db in each format that has been written, and the way from a former one to the
   present. */
#pragma once

#include "daemon/state-sql.h"

enum {
        STATE_FORMAT_FIRST = 1, /* this and what follows: only to be read, and migrated */
        STATE_FORMAT_SECOND = 2,
        STATE_FORMAT = 3,
};

/* The number of rows of a table and the exclusive or of their sums. */
typedef struct StateTotal {
        int64_t n;
        int64_t sum;
} StateTotal;

typedef enum StateTable {
        STATE_TABLE_OFFER,
        STATE_TABLE_HOLD,
        _STATE_TABLE_MAX,
} StateTable;

/* Of the file as a whole. In format 1 there is no table of holds: its total is 0. */
typedef struct StateTotals {
        StateTotal of[_STATE_TABLE_MAX];
} StateTotals;

/* Makes the tables, in the caller's transaction. */
int state_format_create(StateSql *sql);

/* What the header says, of which nothing else is read. -EBADMSG: not ours. -EUCLEAN: a newer
   version's. */
int state_format_read(StateSql *sql, unsigned *ret_format);
/* -EBADMSG unless there is exactly what that format has. */
int state_format_check(StateSql *sql, unsigned format);

/* SQL: all rows of a table in the order of their key, with the columns of state_row_read() or
   state_hold_read(). */
const char *state_format_select(unsigned format, StateTable table);
int state_format_totals(StateSql *sql, unsigned format, StateTotals *ret_totals);

/* In the caller's transaction: a file of a former format that was examined gets the present one. */
int state_format_migrate(StateSql *sql, unsigned format);
