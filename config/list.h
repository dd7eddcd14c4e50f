/* The publish list while it is read: entries with their numbers and lines, then each domain once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/scope.h"
#include "config/value.h"

enum {
        LIST_ENTRIES_MAX = 1000000,
};

typedef struct ListEntry {
        char *name;
        Scope *scope; /* its [Domain], NULL: none */
        Source source;
        uint16_t priority;
        uint16_t weight;
        bool has_priority;
        bool has_weight;
} ListEntry;

typedef struct PublishList {
        ListEntry *entries; /* in the order of the files */
        size_t n_entries;
        ListEntry **by_name; /* sorted without case, each domain's first entry; see list_index() */
        size_t n_by_name;
} PublishList;

/* domain[, priority[, weight]]. The entry's name is the caller's. -EINVAL with a sentence in
   error; -ENOMEM. */
int list_entry_read(const char *text, ListEntry *ret_entry, char error[static VALUE_ERROR_MAX]);

/* Reads text and appends it. The same errors; -EINVAL over LIST_ENTRIES_MAX too. */
int list_append(PublishList *list, const char *text, Source source,
                char error[static VALUE_ERROR_MAX]);
void list_done(PublishList *list);

/* Fills by_name and drops the further entries of a domain (their name becomes NULL) when the
   numbers are the same, those of defaults where an entry has none. on_conflict hears of a domain
   with two different ones. -ENOMEM. */
int list_index(PublishList *list, const Scope *defaults,
               void (*on_conflict)(void *userdata, const ListEntry *first, const ListEntry *second),
               void *userdata);

/* After list_index(); NULL: not in the list. */
ListEntry *list_find(const PublishList *list, const char *name);
