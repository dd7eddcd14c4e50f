/*
 * Advice on a key or section that the table does not hold: the nearest name that it does hold
 * (Levenshtein distance, without case), the section where the key belongs, or the list of what is
 * allowed.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/keys.h"

enum {
        WORD_MAX = 40,
};

static size_t min3(size_t a, size_t b, size_t c) {
        size_t ab = a < b ? a : b;

        return ab < c ? ab : c;
}

/* Insertions, deletions and substitutions from a to b; SIZE_MAX for words longer than any key. */
static size_t word_distance(const char *a, const char *b) {
        size_t row[WORD_MAX + 1], n = strlen(b);

        if (strlen(a) > WORD_MAX || n > WORD_MAX)
                return SIZE_MAX;
        for (size_t j = 0; j <= n; j++)
                row[j] = j;
        for (size_t i = 1; a[i - 1]; i++) {
                size_t diagonal = row[0];
                row[0] = i;
                for (size_t j = 1; j <= n; j++) {
                        bool differ = tolower((unsigned char)a[i - 1]) !=
                                      tolower((unsigned char)b[j - 1]);
                        size_t above = row[j];
                        row[j] = min3(above + 1, row[j - 1] + 1, diagonal + differ);
                        diagonal = above;
                }
        }
        return row[n];
}

/* How far a word may be off and still be meant: one letter in three. */
static size_t distance_allowed(const char *word) {
        size_t third = strlen(word) / 3;

        return third > 0 ? third : 1;
}

const char *config_key_advice(const char *section, const char *name,
                              char buffer[static VALUE_ERROR_MAX]) {
        size_t best = distance_allowed(name) + 1;
        const ConfigKey *elsewhere = NULL;
        size_t length = (size_t)snprintf(buffer, VALUE_ERROR_MAX, "allowed are");

        for (const ConfigKey *key = NULL; (key = config_key_each(key));) {
                bool here = config_key_find(section, key->name) == key;
                size_t distance = word_distance(name, key->name);
                if (distance == 0 && !here)
                        elsewhere = key;
                if (here && distance < best) {
                        best = distance;
                        snprintf(buffer, VALUE_ERROR_MAX, "did you mean %s=?", key->name);
                        length = 0;
                } else if (here && length > 0 && length < VALUE_ERROR_MAX) {
                        length += (size_t)snprintf(buffer + length, VALUE_ERROR_MAX - length,
                                                   " %s=", key->name);
                }
        }
        if (length > 0 && elsewhere)
                snprintf(buffer, VALUE_ERROR_MAX, "%s= belongs in [%s]", elsewhere->name,
                         elsewhere->section);
        return buffer;
}

const char *config_section_advice(const char *section, char buffer[static VALUE_ERROR_MAX]) {
        static const char *const names[] = {"Service",   "Publish", "Update",
                                            "Ownership", "Domain",  "Host"};
        char word[WORD_MAX + 2];
        size_t best;

        snprintf(word, sizeof(word), "%.*s", (int)strcspn(section, " \t"), section);
        best = distance_allowed(word) + 1;
        snprintf(buffer, VALUE_ERROR_MAX,
                 "allowed are [Service], [Publish], [Update], [Ownership], [Domain NAME] and "
                 "[Host NAME]");
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t distance = word_distance(word, names[i]);
                if (distance < best) {
                        best = distance;
                        snprintf(buffer, VALUE_ERROR_MAX, "did you mean [%s%s]?", names[i],
                                 i + 2 >= ELEMENTSOF(names) ? " NAME" : "");
                }
        }
        return buffer;
}
