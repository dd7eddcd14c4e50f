/* The publish list: entries as in the Windows registry value, and each domain once. */
#include "config/list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

/* numbers: as given, "-" for one that is not; piece: of the sentence when it is refused. */
static const struct {
        const char *text, *name, *numbers, *piece;
} entries[] = {
        {"contoso.com", "contoso.com", "- -", NULL},
        {"contoso.com.,10", "contoso.com", "10 -", NULL},
        {"emea.contoso.com, 10, 20", "emea.contoso.com", "10 20", NULL},
        {"corp\t,\t0 , 65535 ", "corp", "0 65535", NULL},
        {"müller.example,1", "xn--mller-kva.example", "1 -", NULL},
        {"contoso.com,70000,1", NULL, NULL, "priority \"70000\" is not a whole number from 0"},
        {"contoso.com,1,-1", NULL, NULL, "weight \"-1\" is not a whole number from 0 to 65535"},
        {"contoso.com,", NULL, NULL, "priority \"\""},
        {"contoso.com,1,", NULL, NULL, "weight \"\""},
        {"contoso.com,,1", NULL, NULL, "priority \"\""},
        {"contoso.com,1,2,3", NULL, NULL, "more than three"},
        {"a.com, b.com", NULL, NULL, "one a line"},
        {"a.com b.com", NULL, NULL, "\" \" in a name"},
        {"a.com # my", NULL, NULL, "\" \" in a name"},
        {",1,2", NULL, NULL, "missing"},
        {"contoso..com", NULL, NULL, "empty label"},
        {"192.0.2.1", NULL, NULL, "address"},
};

static void numbers_format(const ListEntry *entry, char text[static 32]) {
        char priority[12] = "-", weight[12] = "-";

        if (entry->has_priority)
                snprintf(priority, sizeof(priority), "%u", entry->priority);
        if (entry->has_weight)
                snprintf(weight, sizeof(weight), "%u", entry->weight);
        snprintf(text, 32, "%s %s", priority, weight);
}

START_TEST(test_entries) {
        char error[VALUE_ERROR_MAX] = "", numbers[32];
        ListEntry entry = {0};

        int r = list_entry_read(entries[_i].text, &entry, error);
        if (entries[_i].piece) {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_ptr_null(entry.name);
                ck_assert_msg(strstr(error, entries[_i].piece), "%s: %s", entries[_i].text, error);
                return;
        }
        ck_assert_msg(r == 0, "%s: %s", entries[_i].text, error);
        ck_assert_str_eq(entry.name, entries[_i].name);
        numbers_format(&entry, numbers);
        ck_assert_str_eq(numbers, entries[_i].numbers);
        free(entry.name);
}
END_TEST

static void list_fill(PublishList *list, const char *const *texts, size_t n) {
        char error[VALUE_ERROR_MAX];

        for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(
                        list_append(list, texts[i], (Source){.line = (uint32_t)i + 1}, error), 0);
}

/* Appends "1/3 " for lines 1 and 3. */
static void on_conflict(void *userdata, const ListEntry *first, const ListEntry *second) {
        char *text = userdata;

        snprintf(text + strlen(text), 64 - strlen(text), "%u/%u ", first->source.line,
                 second->source.line);
}

/* Default numbers count as what they are: "a.com" is "a.com, 5, 0" when those are the defaults. */
START_TEST(test_index) {
        static const char *const texts[] = {"b.com",       "A.com, 5",   "c.com, 1, 1",
                                            "a.COM",       "b.com, 1",   "a.com, 5, 0",
                                            "C.com, 1, 1", "c.com, 1, 2"};
        const Scope defaults = {.priority = 5};
        char conflicts[64] = "", numbers[32];
        PublishList list = {0};

        list_fill(&list, texts, ELEMENTSOF(texts));
        ck_assert_int_eq(list_index(&list, &defaults, on_conflict, conflicts), 0);
        ck_assert_str_eq(conflicts, "1/5 3/8 ");
        ck_assert_uint_eq(list.n_by_name, 3);
        ck_assert_ptr_eq(list_find(&list, "a.com"), &list.entries[1]);
        ck_assert_ptr_eq(list_find(&list, "B.COM"), &list.entries[0]);
        ck_assert_ptr_eq(list_find(&list, "c.com"), &list.entries[2]);
        ck_assert_ptr_null(list_find(&list, "d.com"));
        ck_assert_ptr_null(list_find(&list, "aa.com"));
        ck_assert_ptr_null(list.entries[3].name);
        numbers_format(&list.entries[1], numbers);
        ck_assert_str_eq(numbers, "5 0");
        list_done(&list);
        ck_assert_ptr_null(list.entries);
}
END_TEST

START_TEST(test_empty) {
        PublishList list = {0};
        const Scope defaults = {0};

        ck_assert_int_eq(list_index(&list, &defaults, on_conflict, NULL), 0);
        ck_assert_ptr_null(list_find(&list, "a.com"));
        list_done(&list);
}
END_TEST

START_TEST(test_too_many) {
        char error[VALUE_ERROR_MAX] = "";
        PublishList list = {.n_entries = LIST_ENTRIES_MAX};

        ck_assert_int_eq(list_append(&list, "a.com", (Source){.line = 1}, error), -EINVAL);
        ck_assert_str_eq(error, "more than 1000000 entries");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, test_entries, 0, ELEMENTSOF(entries));
        tcase_add_test(tcase, test_index);
        tcase_add_test(tcase, test_empty);
        tcase_add_test(tcase, test_too_many);
}

UNIT_MAIN("config-list", add_tests)
