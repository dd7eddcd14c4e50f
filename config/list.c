/*
 * DnsDomainPublishList, written as in the Windows registry value: domain[, priority[, weight]].
 *
 * Duplicates are looked for once, when all files are read, because a later file may reset the
 * list: the entries are sorted by name, so that those of one domain come to stand side by side.
 * 100,000 entries take a few tens of milliseconds that way, and no table has to be kept.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/array.h"
#include "config/list.h"

/* Cuts the next field off at a comma and trims it; NULL when there are no more. */
static char *field_next(char **rest) {
        char *field = *rest;

        if (!field)
                return NULL;
        char *comma = strchr(field, ',');
        *rest = comma ? comma + 1 : NULL;
        if (comma)
                *comma = '\0';
        field += strspn(field, " \t");
        size_t length = strlen(field);
        while (length > 0 && strchr(" \t", field[length - 1]))
                field[--length] = '\0';
        return field;
}

static int field_number(const char *what, char *field, uint16_t *ret_number, bool *ret_given,
                        char error[static VALUE_ERROR_MAX]) {
        uint64_t number;

        if (!field)
                return 0;
        if (value_read_number(field, 0, UINT16_MAX, &number) < 0) {
                snprintf(error, VALUE_ERROR_MAX,
                         "%s \"%s\" is not a whole number from 0 to 65535; "
                         "an entry is domain[, priority[, weight]], one a line",
                         what, field);
                return -EINVAL;
        }
        *ret_number = (uint16_t)number;
        *ret_given = true;
        return 0;
}

int list_entry_read(const char *text, ListEntry *ret_entry, char error[static VALUE_ERROR_MAX]) {
        _cleanup_(freep) char *copy = strdup(text);
        ListEntry entry = {0};
        char *rest = copy;

        if (!copy)
                return -ENOMEM;
        const char *domain = field_next(&rest);
        int r = field_number("priority", field_next(&rest), &entry.priority, &entry.has_priority,
                             error);
        if (r == 0)
                r = field_number("weight", field_next(&rest), &entry.weight, &entry.has_weight,
                                 error);
        if (r < 0)
                return r;
        if (rest) {
                snprintf(error, VALUE_ERROR_MAX,
                         "more than three fields; an entry is domain[, priority[, weight]]");
                return -EINVAL;
        }
        r = value_read_name(domain, &entry.name, error);
        if (r < 0)
                return r;
        *ret_entry = entry;
        return 0;
}

int list_append(PublishList *list, const char *text, Source source,
                char error[static VALUE_ERROR_MAX]) {
        ListEntry entry;

        if (list->n_entries >= LIST_ENTRIES_MAX) {
                snprintf(error, VALUE_ERROR_MAX, "more than %d entries", LIST_ENTRIES_MAX);
                return -EINVAL;
        }
        int r = array_reserve((void **)&list->entries, list->n_entries, sizeof(entry));
        if (r < 0)
                return r;
        r = list_entry_read(text, &entry, error);
        if (r < 0)
                return r;
        entry.source = source;
        list->entries[list->n_entries++] = entry;
        return 0;
}

void list_done(PublishList *list) {
        for (size_t i = 0; i < list->n_entries; i++)
                free(list->entries[i].name);
        free(list->entries);
        free(list->by_name);
        *list = (PublishList){0};
}

/* By name, then in the order of the files. */
static int entry_compare(const void *a, const void *b) {
        const ListEntry *x = *(ListEntry *const *)a, *y = *(ListEntry *const *)b;
        int order = strcasecmp(x->name, y->name);

        /* Entries lie in one array in the order of the files, and so do their addresses. */
        return order ? order : (x > y) - (x < y);
}

static bool entry_same_numbers(const ListEntry *a, const ListEntry *b, const Scope *defaults) {
        return (a->has_priority ? a->priority : defaults->priority) ==
                       (b->has_priority ? b->priority : defaults->priority) &&
               (a->has_weight ? a->weight : defaults->weight) ==
                       (b->has_weight ? b->weight : defaults->weight);
}

/* What either line gives is given. */
static void entry_merge(ListEntry *first, ListEntry *second) {
        if (second->has_priority)
                first->priority = second->priority;
        if (second->has_weight)
                first->weight = second->weight;
        first->has_priority |= second->has_priority;
        first->has_weight |= second->has_weight;
        free(TAKE_PTR(second->name));
}

int list_index(PublishList *list, const Scope *defaults,
               void (*on_conflict)(void *userdata, const ListEntry *first, const ListEntry *second),
               void *userdata) {
        ListEntry **by_name = calloc(list->n_entries + 1, sizeof(ListEntry *));
        size_t n = 0;

        if (!by_name)
                return -ENOMEM;
        for (size_t i = 0; i < list->n_entries; i++)
                by_name[i] = &list->entries[i];
        qsort(by_name, list->n_entries, sizeof(ListEntry *), entry_compare);
        for (size_t i = 0; i < list->n_entries; i++) {
                ListEntry *entry = by_name[i], *last = n > 0 ? by_name[n - 1] : NULL;
                if (!last || strcasecmp(last->name, entry->name) != 0) {
                        by_name[n++] = entry;
                        continue;
                }
                if (!entry_same_numbers(last, entry, defaults))
                        on_conflict(userdata, last, entry);
                entry_merge(last, entry);
        }
        list->by_name = by_name;
        list->n_by_name = n;
        return 0;
}

ListEntry *list_find(const PublishList *list, const char *name) {
        size_t low = 0, high = list->n_by_name;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcasecmp(name, list->by_name[middle]->name);
                if (order == 0)
                        return list->by_name[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}
