/* Texts for the bus: only UTF-8 (RFC 3629), and nothing that a terminal acts on; and each note. */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/bus-view.h"
#include "daemon/ctl/words.h"
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

/* --- notes ------------------------------------------------------------------------------------ */

/* A message of a bus that nobody is at. */
static sd_bus_message *message_make(sd_bus **ret_bus, int *ret_peer) {
        sd_bus_message *message;
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
                         0);
        ck_assert_int_ge(sd_bus_new(ret_bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(*ret_bus, fds[0], fds[0]), 0);
        ck_assert_int_ge(sd_bus_start(*ret_bus), 0);
        ck_assert_int_ge(sd_bus_message_new_signal(*ret_bus, &message, "/", "test.test", "Test"),
                         0);
        *ret_peer = fds[1];
        return message;
}

/* Each has one word on the bus, and each word a sentence. */
START_TEST(notes_have_words) {
        const DriverView view = {.domain = "contoso.com",
                                 .record = "_vlmcs._tcp.contoso.com",
                                 .zone = "",
                                 .server = "",
                                 .trouble = "",
                                 .notes = 1U << _i};
        const BusClock clock = {0};
        sd_bus *bus = NULL;
        int peer;
        sd_bus_message *message = message_make(&bus, &peer);
        const char *word;

        ck_assert_int_ge(bus_append_publication(message, NULL, &view, &clock), 0);
        ck_assert_int_ge(sd_bus_message_seal(message, 1, 0), 0);
        ck_assert_int_ge(sd_bus_message_enter_container(message, 'r', BUS_PUBLICATION_TYPES), 0);
        ck_assert_int_ge(sd_bus_message_skip(message, "ssasssbtssstsuu"), 0);
        ck_assert_int_ge(sd_bus_message_enter_container(message, 'a', "s"), 0);
        ck_assert_int_gt(sd_bus_message_read_basic(message, 's', &word), 0);
        ck_assert_msg(strchr(words_note(word), ' '), "%s", word);
        ck_assert_int_eq(sd_bus_message_read_basic(message, 's', &word), 0);
        (void)sd_bus_message_unref(message);
        (void)sd_bus_close_unref(bus);
        (void)close(peer);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, texts_are_clean, 0, ELEMENTSOF(texts));
        tcase_add_test(tcase, no_octet_behind_the_text_is_read);
        _Static_assert(PLAN_NOTE_STRAYS == 1 << 7, "which is the last note?");
        tcase_add_loop_test(tcase, notes_have_words, 0, 8);
}

UNIT_MAIN("bus-view", add_tests)
