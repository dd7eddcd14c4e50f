/* Reads one file as libinih sees it, with line numbers, and refuses what inih would lose. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
        READER_FILE_MAX = 64 * 1024 * 1024, /* octets */
        READER_SECTION_MAX = 1000,          /* octets of a [Section] line: U-labels are long */
};

/* What the reader finds, in the order of the lines. Texts are borrowed for the call. */
typedef struct ReaderEvents {
        /* name is what stands in the brackets, in full; NULL: the line cannot be understood, and
           what follows up to the next section belongs nowhere. */
        void (*on_section)(void *userdata, unsigned line, const char *name);
        /* continued: a line that starts with a blank, one more value of the key before. */
        void (*on_value)(void *userdata, unsigned line, const char *key, const char *value,
                         bool continued);
        /* What is wrong with a line, and what is allowed; line 0: with the whole file. */
        void (*on_fault)(void *userdata, unsigned line, const char *text);
} ReaderEvents;

/* Reads path to its end, or to the first octet that is no text. 0, also with faults; a negative
   errno when the file cannot be opened or read (-EINVAL: it is no regular file); -ENOMEM. */
int reader_run(const char *path, const ReaderEvents *events, void *userdata);
