/* Text, and the two ways to write a name so that it stays a name: for a POSIX shell and in a
   distinguished name (RFC 4514). Targets come from whoever may write the zone: "';reboot;'" is one
   that DNS can hold. */
#include "lib/explain-text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

void text_init(Text *ret_text, char *buffer, size_t size) {
        *ret_text = (Text){.buffer = buffer, .size = size};
        buffer[0] = '\0';
}

void text_add(Text *text, const char *format, ...) {
        size_t left = text->size - text->length;
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vsnprintf(text->buffer + text->length, left, format, arguments);
        va_end(arguments);
        if (n > 0)
                text->length += (size_t)n < left ? (size_t)n : left - 1;
}

static bool consists_of(const char *word, size_t size, const char *allowed) {
        for (size_t i = 0; i < size; i++)
                if (!strchr(allowed, word[i]))
                        return false;
        return size > 0;
}

void text_add_word(Text *text, const char *word, size_t size) {
        bool is_option = size > 0 && word[0] == '-', is_quoted = is_option || size == 0;

        if (!is_option && consists_of(word, size, LETTERS_DIGITS "_-./@:")) {
                text_add(text, "%.*s", (int)size, word);
                return;
        }
        text_add(text, "%s", is_option ? "'\\" : is_quoted ? "'" : "");
        for (size_t i = 0; i < size; i++) {
                if ((word[i] == '\'') == is_quoted) {
                        text_add(text, "'");
                        is_quoted = !is_quoted;
                }
                text_add(text, "%s%c", word[i] == '\'' ? "\\" : "", word[i]);
        }
        text_add(text, "%s", is_quoted ? "'" : "");
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* The next octet of a name's text (RFC 1035 5.1). */
static unsigned read_octet(const char **at, const char *end) {
        const char *p = *at;

        if (*p == '\\' && end - p >= 4 && is_digit(p[1]) && is_digit(p[2]) && is_digit(p[3])) {
                *at += 4;
                return ((p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0')) & 0xff;
        }
        if (*p == '\\' && end - p >= 2)
                p++;
        *at = p + 1;
        return (unsigned char)*p;
}

void text_add_rdn(Text *text, const char *name, size_t size) {
        const char *at = name, *end = name + size;

        while (at < end) {
                unsigned octet = read_octet(&at, end);
                if (octet != '\0' && strchr(LETTERS_DIGITS "_-.@", (int)octet))
                        text_add(text, "%c", (int)octet);
                else
                        text_add(text, "\\%02X", octet);
        }
}
