/* Tables: widths by the content, bounded; colours that take no room; no blanks at the end. */

#include <string.h>

#include "daemon/ctl/table.h"
#include "lib/util.h"
#include "tests/unit/unit.h"

enum {
        ROWS_MAX = 3,
        N_COLUMNS = 3,
};

static const TableColumn COLUMNS[N_COLUMNS] = {{"NAME", 8}, {"STATE", 20}, {"NEXT", 20}};

typedef struct Row {
        const char *cells[N_COLUMNS];
} Row;

static const struct {
        size_t n_rows;
        Row rows[ROWS_MAX];
        const char *text;
} cases[] = {
        {0, {{{NULL}}}, "NAME  STATE  NEXT\n"},
        {1, {{{"a", "ok", "-"}}}, "NAME  STATE  NEXT\na     ok     -\n"},
        /* A cell as wide as it may be makes room for itself. */
        {1,
         {{{"12345678", "published", "-"}}},
         "NAME      STATE      NEXT\n12345678  published  -\n"},
        /* One that is wider pushes its own line only, and is not cut. */
        {2,
         {{{"123456789", "ok", "x"}}, {{"a", "ok", "x"}}},
         "NAME      STATE  NEXT\n123456789  ok     x\na         ok     x\n"},
        {2, {{{"a", "ok", ""}}, {{"b", "", "x"}}}, "NAME  STATE  NEXT\na     ok\nb            x\n"},
        {1, {{{"", "", ""}}}, "NAME  STATE  NEXT\n\n"},
        {3,
         {{{"a", "published", "check in 5min"}}, {{"bb", "failed", "-"}}, {{"ccccc", "x", "y"}}},
         "NAME   STATE      NEXT\n"
         "a      published  check in 5min\n"
         "bb     failed     -\n"
         "ccccc  x          y\n"},
};

static char *printed(const Row *rows, size_t n_rows, const char *const colours[]) {
        char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        Table table;

        ck_assert_ptr_nonnull(file);
        table_init(&table, COLUMNS, N_COLUMNS);
        for (size_t i = 0; i < n_rows; i++)
                table_measure(&table, rows[i].cells);
        table_print_head(&table, file);
        for (size_t i = 0; i < n_rows; i++)
                table_print_row(&table, file, rows[i].cells, colours);
        ck_assert_int_eq(fclose(file), 0);
        return text;
}

START_TEST(table_is_aligned) {
        _cleanup_(freep) char *text = printed(cases[_i].rows, cases[_i].n_rows, NULL);

        ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

START_TEST(colours_take_no_room) {
        static const char *const colours[N_COLUMNS] = {NULL, "\033[31m", NULL};
        static const Row rows[] = {{{"a", "bad", "-"}}, {{"b", "", "-"}}};
        _cleanup_(freep) char *text = printed(rows, ELEMENTSOF(rows), colours);

        ck_assert_str_eq(text, "NAME  STATE  NEXT\n"
                               "a     \033[31mbad\033[0m    -\n"
                               "b            -\n");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, table_is_aligned, 0, ELEMENTSOF(cases));
        tcase_add_test(tcase, colours_take_no_room);
}

UNIT_MAIN("ctl-table", add_tests)
