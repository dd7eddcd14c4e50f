#include "tests/unit/support_explain.h"

#include <string.h>

#include "tests/unit/unit.h"

bool text_is_well_written(const char *text) {
        size_t length = strlen(text);

        return length > 0 && length < EXPLAIN_TEXT_MAX - 1 && text[length - 1] != '.' &&
               text[length - 1] != ' ' && !strchr(text, '%') && !strstr(text, "(null)") &&
               !strstr(text, "  ") && !strstr(text, "()");
}

void make_longest_name(char text[static 254], const char *start, const char *end) {
        memset(text, 'x', 253);
        for (size_t i = 63; i < 253; i += 64)
                text[i] = '.';
        memcpy(text, start, strlen(start));
        memcpy(text + 253 - strlen(end), end, strlen(end) + 1);
}

void explain_well(const Trouble *trouble, const ExplainContext *context,
                  Explanation *ret_explanation) {
        ExplainContext other = *context;
        Explanation others;

        explain_trouble(trouble, context, ret_explanation);
        ck_assert_msg(text_is_well_written(ret_explanation->cause), "\"%s\"",
                      ret_explanation->cause);
        ck_assert_msg(text_is_well_written(ret_explanation->cure), "\"%s\"", ret_explanation->cure);
        other.record = "_other._udp.another.example";
        other.zone = "example";
        other.targets = "other.example 1 2 3";
        explain_trouble(trouble, &other, &others);
        ck_assert_str_eq(ret_explanation->cause, others.cause);
}

void assert_words_in_order(const char *text, const char *const *words, size_t n_words) {
        const char *at = text;

        for (size_t i = 0; i < n_words && words[i]; i++) {
                const char *found = strstr(at, words[i]);
                ck_assert_msg(found, "\"%s\" is not, or not there, in \"%s\"", words[i], text);
                at = found + strlen(words[i]);
        }
}
