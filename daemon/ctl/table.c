/* Widths follow from the content, each bounded: one long name does not push all others out of the
   screen. Cells are ASCII, one octet a column. */

#include "daemon/ctl/table.h"

#include <string.h>

void table_init(Table *table, const TableColumn *columns, size_t n_columns) {
        *table = (Table){.columns = columns, .n_columns = n_columns};
        for (size_t i = 0; i < n_columns; i++)
                table->widths[i] = strlen(columns[i].title);
}

void table_measure(Table *table, const char *const cells[]) {
        for (size_t i = 0; i < table->n_columns; i++) {
                size_t width = strlen(cells[i]);

                if (width > table->columns[i].width_max)
                        width = table->columns[i].width_max;
                if (width > table->widths[i])
                        table->widths[i] = width;
        }
}

void table_print_row(const Table *table, FILE *file, const char *const cells[],
                     const char *const colours[]) {
        size_t n = table->n_columns;

        while (n > 0 && cells[n - 1][0] == '\0')
                n--;
        for (size_t i = 0; i < n; i++) {
                const char *colour = colours && cells[i][0] ? colours[i] : NULL;
                size_t width = strlen(cells[i]), room = table->widths[i];
                int padding = i + 1 == n ? 0 : room > width ? (int)(room - width) + 2 : 2;

                (void)fprintf(file, "%s%s%s%*s", colour ? colour : "", cells[i],
                              colour ? "\033[0m" : "", padding, "");
        }
        (void)fputc('\n', file);
}

void table_print_head(const Table *table, FILE *file) {
        const char *titles[TABLE_COLUMNS_MAX];

        for (size_t i = 0; i < table->n_columns; i++)
                titles[i] = table->columns[i].title;
        table_print_row(table, file, titles, NULL);
}
