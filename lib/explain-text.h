/* Sentences written piece by piece, with names in them that somebody may paste into a shell. */
#pragma once

#include <stddef.h>

#include "lib/util.h"

/* Over a buffer of the caller's, always terminated; what does not fit is cut. */
typedef struct Text {
        char *buffer;
        size_t size;
        size_t length;
} Text;

void text_init(Text *ret_text, char *buffer, size_t size);
_printf_(2, 3) void text_add(Text *text, const char *format, ...);

/* One word of a shell's command line, whatever the octets: in single quotes where it needs them. A
   hyphen at the start gets the backslash that is nothing to DNS, lest it be an option. */
void text_add_word(Text *text, const char *word, size_t size);

/* The value of one RDN (RFC 4514 2.4) of a DNS name in presentation form, whose escapes are undone:
   Active Directory keeps the name's own octets. */
void text_add_rdn(Text *text, const char *name, size_t size);
