/* Columns of text, aligned. */
#pragma once

#include <stddef.h>
#include <stdio.h>

enum {
        TABLE_COLUMNS_MAX = 8,
};

typedef struct TableColumn {
        const char *title;
        size_t width_max; /* a longer cell is not cut, it only pushes its own line */
} TableColumn;

/* A plain value. */
typedef struct Table {
        const TableColumn *columns;
        size_t n_columns;
        size_t widths[TABLE_COLUMNS_MAX];
} Table;

/* columns, TABLE_COLUMNS_MAX at most, are borrowed. */
void table_init(Table *table, const TableColumn *columns, size_t n_columns);

/* Makes room for a row that will be printed. */
void table_measure(Table *table, const char *const cells[]);

void table_print_head(const Table *table, FILE *file);

/* colours: an escape sequence for a cell, or NULL; NULL for none at all. No blank stands at the end
   of a line. */
void table_print_row(const Table *table, FILE *file, const char *const cells[],
                     const char *const colours[]);
