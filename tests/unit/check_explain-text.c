/* Names in lines that are meant to be pasted: whatever DNS can hold is one word of a shell's, and
   one value of a distinguished name (RFC 4514 2.4). */
#include "lib/explain-text.h"

#include <string.h>
#include <wordexp.h>

#include "tests/unit/unit.h"

/* What a shell would make of the line, which must have no substitution, no second command, no
   redirection: these are errors here. */
static void assert_one_word(const char *line, const char *expected) {
        wordexp_t words;

        ck_assert_msg(wordexp(line, &words, WRDE_NOCMD | WRDE_UNDEF) == 0, "%s", line);
        ck_assert_msg(words.we_wordc == 1, "%s is %zu words", line, words.we_wordc);
        ck_assert_str_eq(words.we_wordv[0], expected);
        wordfree(&words);
}

static void assert_word(const char *word, size_t size, const char *expected) {
        char buffer[256];
        Text text;

        text_init(&text, buffer, sizeof(buffer));
        text_add_word(&text, word, size);
        assert_one_word(buffer, expected);
}

START_TEST(each_octet_stays_in_its_word) {
        const char single[] = {(char)_i, '\0'}, between[] = {'a', (char)_i, 'b', '\0'};
        const char twice[] = {(char)_i, (char)_i, '\0'};

        assert_word(single, 1, _i == '-' ? "\\-" : single);
        assert_word(between, 3, between);
        assert_word(twice, 2, _i == '-' ? "\\--" : twice);
}
END_TEST

static const struct {
        const char *word;
        const char *line;
} words[] = {
        {"kms1.corp.test", "kms1.corp.test"},
        {"_vlmcs._tcp", "_vlmcs._tcp"},
        {"@", "@"},
        {"2001:db8::1", "2001:db8::1"},
        {"/etc/srvpubd/krb5.keytab", "/etc/srvpubd/krb5.keytab"},
        {"KMS1$", "'KMS1$'"},
        {"kms1.corp.test 1688 0 0", "'kms1.corp.test 1688 0 0'"},
        {"", "''"},
        {"it's", "'it'\\''s'"},
        {"a\\'b", "'a\\'\\''b'"},
        {"'';reboot;''", "\\'\\'';reboot;'\\'\\'"},
        {"$(reboot)`reboot`", "'$(reboot)`reboot`'"},
        {"~root", "'~root'"},
        {"*", "'*'"},
        {"-s/tmp/smb.conf 1688 0 0", "'\\-s/tmp/smb.conf 1688 0 0'"},
};

START_TEST(word_is_quoted_where_it_needs_to_be) {
        char buffer[256];
        Text text;

        text_init(&text, buffer, sizeof(buffer));
        text_add_word(&text, words[_i].word, strlen(words[_i].word));
        ck_assert_str_eq(buffer, words[_i].line);
}
END_TEST

static const struct {
        const char *name;
        const char *value;
} values[] = {
        {"_vlmcs._tcp.emea", "_vlmcs._tcp.emea"},
        {"a,b+c=d", "a\\2Cb\\2Bc\\3Dd"},
        {"a\\\"b\\\\c\\;d<e>", "a\\22b\\5Cc\\3Bd\\3Ce\\3E"},
        {"#a", "\\23a"},
        {"@", "@"},
        {"\\032a\\032", "\\20a\\20"},
        {"a\\.b", "a.b"},
        {"b\\195\\188cher", "b\\C3\\BCcher"},
        {"\\000", "\\00"},
        {"a\\", "a\\5C"},
        {"a\\09", "a09"},
        {"it's", "it\\27s"},
        {"", ""},
};

START_TEST(value_of_an_rdn_is_escaped) {
        char buffer[256];
        Text text;

        text_init(&text, buffer, sizeof(buffer));
        text_add_rdn(&text, values[_i].name, strlen(values[_i].name));
        ck_assert_str_eq(buffer, values[_i].value);
}
END_TEST

START_TEST(what_does_not_fit_is_cut) {
        char buffer[] = "........|";
        Text text;

        text_init(&text, buffer, 8);
        text_add(&text, "%s", "1234");
        ck_assert_str_eq(buffer, "1234");
        text_add(&text, "%s", "5678");
        ck_assert_str_eq(buffer, "1234567");
        text_add_word(&text, "a", 1);
        text_add_rdn(&text, "a", 1);
        ck_assert_str_eq(buffer, "1234567");
        ck_assert_int_eq(text.length, 7);
        ck_assert_int_eq(buffer[8], '|');
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, each_octet_stays_in_its_word, 1, 256);
        tcase_add_loop_test(tcase, word_is_quoted_where_it_needs_to_be, 0, ELEMENTSOF(words));
        tcase_add_loop_test(tcase, value_of_an_rdn_is_escaped, 0, ELEMENTSOF(values));
        tcase_add_test(tcase, what_does_not_fit_is_cut);
}

UNIT_MAIN("explain-text", add_tests)
