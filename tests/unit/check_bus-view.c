/* Texts for the bus: only UTF-8 (RFC 3629), and nothing that a terminal acts on. */

#include <stdio.h>
#include <string.h>

#include "daemon/bus-view.h"
#include "lib/util.h"
#include "tests/unit/unit.h"

static const struct {
        const char *text, *clean;
} texts[] = {
        {"", ""},
        {"in order", "in order"},
        {"two\n\tlines", "two\n\tlines"},
        {"\033[31m\r\b\177", "?[31m???"},
        {"schl\303\274ssel", "schl\303\274ssel"},
        {"\342\202\254 \360\237\230\200", "\342\202\254 \360\237\230\200"}, /* U+20AC, U+1F600 */
        {"\357\277\277 \364\217\277\277", "\357\277\277 \364\217\277\277"}, /* the last ones */
        /* Cut within a character. */
        {"schl\303", "schl?"},
        {"\342\202", "??"},
        {"\360\237\230", "???"},
        {"\342\202x", "??x"},
        /* No characters: latin-1, a continuation alone, overlong forms, surrogates, too large. */
        {"schl\374ssel", "schl?ssel"},
        {"\200\277", "??"},
        {"\300\200 \301\277", "?? ??"},
        {"\340\237\277", "???"},
        {"\360\217\277\277", "????"},
        {"\355\240\200", "???"},
        {"\364\220\200\200", "????"},
        {"\365\200\200\200 \377", "???? ?"},
        /* C1 controls: some terminals take them as escape sequences. */
        {"\302\233"
         "31m",
         "??31m"},
        {"\302\240", "\302\240"},
};

START_TEST(texts_are_clean) {
        char text[64];

        (void)snprintf(text, sizeof(text), "%s", texts[_i].text);
        bus_clean_text(text);
        ck_assert_str_eq(text, texts[_i].clean);
        bus_clean_text(text);
        ck_assert_str_eq(text, texts[_i].clean);
}
END_TEST

/* At the end of its memory: the sanitizer sees a read behind it. */
START_TEST(no_octet_behind_the_text_is_read) {
        for (unsigned first = 1; first < 256; first++)
                for (size_t n = 1; n <= 4; n++) {
                        char *text = malloc(n + 1);

                        memset(text, 0xbf, n);
                        text[0] = (char)first;
                        text[n] = '\0';
                        bus_clean_text(text);
                        ck_assert_uint_eq(strlen(text), n);
                        free(text);
                }
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, texts_are_clean, 0, ELEMENTSOF(texts));
        tcase_add_test(tcase, no_octet_behind_the_text_is_read);
}

UNIT_MAIN("bus-view", add_tests)
