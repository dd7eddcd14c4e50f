/* The reader: which lines come out as what, with which number, and what is refused of what inih
   would lose. Each event is a line: "3 [Update]", "4 Key=value", "5 +value" (continued), "6 !". */
#include "config/reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_config.h"
#include "tests/unit/unit.h"

static void on_section(void *trace, unsigned line, const char *name) {
        fprintf(trace, "%u [%s]\n", line, name ? name : "?");
}

static void on_value(void *trace, unsigned line, const char *key, const char *value,
                     bool continued) {
        if (continued)
                fprintf(trace, "%u +%s\n", line, value);
        else
                fprintf(trace, "%u %s=%s\n", line, key, value);
}

static void on_fault(void *trace, unsigned line, const char *text) {
        ck_assert_uint_gt(strlen(text), 10);
        fprintf(trace, "%u !\n", line);
}

static const ReaderEvents events = {on_section, on_value, on_fault};

static ConfigBox *box;

static void set_up(void) {
        box = config_box_new();
}

static void tear_down(void) {
        config_box_free(box);
}

static void assert_trace(const char *bytes, size_t size, const char *expected) {
        _cleanup_(freep) char *trace = NULL;
        size_t trace_size;
        FILE *stream = open_memstream(&trace, &trace_size);

        ck_assert_ptr_nonnull(stream);
        config_box_write_bytes(box, "c.conf", bytes, size);
        ck_assert_int_eq(reader_run(config_box_path(box, "c.conf"), &events, stream), 0);
        ck_assert_int_eq(fclose(stream), 0);
        ck_assert_str_eq(trace, expected);
}

#define X49 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X197 X49 X49 X49 X49 "x"

static const struct {
        const char *text, *trace;
} files[] = {
        {"", ""},
        {"\n\n# c\n ; c\n", ""},
        {"[A]\nx=1\ny = 2 \n", "1 [A]\n2 x=1\n3 y=2\n"},
        {"[A]\r\nx=1\r\n  2\r\n", "1 [A]\n2 x=1\n3 +2\n"},
        {"\xef\xbb\xbf[A]\nx=1", "1 [A]\n2 x=1\n"},
        {"[A]\nx=\n  a\n\n# c\n  ;c\n\tb, 1\ny=2\n", "1 [A]\n2 x=\n3 +a\n7 +b, 1\n8 y=2\n"},
        {"[A]\n  x=1\n  y=2\n", "1 [A]\n2 x=1\n3 +y=2\n"},
        {"[A]\nx=1\n[B]\n  y=2\n", "1 [A]\n2 x=1\n3 [B]\n4 y=2\n"},
        {"[A]\nx=1\n  [B]\n", "1 [A]\n2 x=1\n3 +[B]\n"},
        {"[ Domain  a.b ]\n", "1 [Domain  a.b]\n"},
        {"[" X49 X49 "]\nx=1\n", "1 [" X49 X49 "]\n2 x=1\n"},
        {"[" X197 X49 "]\nx=1\n", "1 [" X197 X49 "]\n2 x=1\n"},
        /* What inih would cut, take for something else, or pass over: */
        {"[A\nx=1\n", "1 !\n1 [?]\n2 x=1\n"},
        {"[A] b\nx=1\n", "1 !\n1 [?]\n2 x=1\n"},
        {"[A] ; c\n", "1 !\n1 [?]\n"},
        {"[A]\nx: 1\n", "1 [A]\n2 !\n"},
        {"[A]\nx:y=1\n", "1 [A]\n2 !\n"},
        {"[A]\nx\n", "1 [A]\n2 !\n"},
        {"[A]\n= 1\n", "1 [A]\n2 !\n"},
        {"[A]\nx=1 ; c\ny=;2\n", "1 [A]\n2 !\n3 y=;2\n"},
        {"[A]\nx= ;c\n", "1 [A]\n2 !\n"},
        {"[A]\nx=\n a ; c\n b\n", "1 [A]\n2 x=\n3 !\n4 +b\n"},
        {"[A]\nx=" X197 "\n", "1 [A]\n2 x=" X197 "\n"},
        {"[A]\nx=" X197 "y\ny=1\n", "1 [A]\n2 !\n3 y=1\n"},
        {"[A]\nx=\n " X197 "yy\n a\n", "1 [A]\n2 x=\n3 !\n4 +a\n"},
        {"[A]\n#" X197 X197 "\nx=1\n", "1 [A]\n3 x=1\n"},
        /* Of errors of form the first only; of others each. A refused line takes along what
           continues it, so that it does not end up at another key. */
        {"[A]\nx\ny\n[B\nz=1 ; c\nz=2 ; c\n", "1 [A]\n2 !\n4 [?]\n5 !\n6 !\n"},
        {"[A]\nx=1\ny: \n a\n b\nz=1\n c\n", "1 [A]\n2 x=1\n3 !\n6 z=1\n7 +c\n"},
        {"[A]\ny\n a=1\n", "1 [A]\n2 !\n"},
        /* Not UTF-8: overlong, surrogate, above U+10FFFF, cut, stray. Nothing else is said. */
        {"[A]\nx=\xc0\xaf\n", "2 !\n"},
        {"[A]\n# \xed\xa0\x80\n", "2 !\n"},
        {"[A]\nx=\xf4\x90\x80\x80\n", "2 !\n"},
        {"junk\nx=\xe2\x82", "2 !\n"},
        {"junk\nx=\xe2\x82\n", "2 !\n"},
        {"x=\x80\n", "1 !\n"},
        {"\xff\xfe[\n", "1 !\n"},
        {"[A]\nx=\xe2\x82\xac \xf0\x9f\x98\x80 \xc3\xbc\n",
         "1 [A]\n2 x=\xe2\x82\xac \xf0\x9f\x98\x80 \xc3\xbc\n"},
};

START_TEST(test_files) {
        assert_trace(files[_i].text, strlen(files[_i].text), files[_i].trace);
}
END_TEST

START_TEST(test_nul) {
        static const char bytes[] = "[A]\nx=1\ny=\0002\nz=\0\n";

        assert_trace(bytes, sizeof(bytes) - 1, "3 !\n");
}
END_TEST

/* Lines of a mebibyte, and as many empty ones. */
START_TEST(test_sizes) {
        enum { SIZE = 1024 * 1024 };
        char *line = malloc(SIZE);

        ck_assert_ptr_nonnull(line);
        memset(line, 'x', SIZE);
        memcpy(line, "[A]\nx=", 6);
        assert_trace(line, SIZE, "1 [A]\n2 !\n");
        memset(line, '[', SIZE);
        assert_trace(line, SIZE, "1 !\n1 [?]\n");
        memset(line, '\n', SIZE);
        assert_trace(line, SIZE, "");
        free(line);
}
END_TEST

START_TEST(test_too_large) {
        _cleanup_(freep) char *bytes = malloc(READER_FILE_MAX + 1);

        ck_assert_ptr_nonnull(bytes);
        memset(bytes, '\n', READER_FILE_MAX + 1);
        memcpy(bytes, "[A]\n", 4);
        char expected[32];
        snprintf(expected, sizeof(expected), "%u !\n", READER_FILE_MAX - 2);
        assert_trace(bytes, READER_FILE_MAX + 1, expected);
}
END_TEST

/* Nothing that could block or that is no file: the daemon reads it in its loop. */
START_TEST(test_not_regular) {
        const char *path = config_box_path(box, "fifo");

        ck_assert_int_eq(reader_run(path, &events, stdout), -ENOENT);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        ck_assert_int_eq(reader_run(path, &events, stdout), -EINVAL);
        ck_assert_int_eq(reader_run(box->directory, &events, stdout), -EINVAL);
        ck_assert_int_eq(reader_run("/dev/zero", &events, stdout), -EINVAL);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, test_files, 0, ELEMENTSOF(files));
        tcase_add_test(tcase, test_nul);
        tcase_add_test(tcase, test_sizes);
        tcase_add_test(tcase, test_too_large);
        tcase_add_test(tcase, test_not_regular);
        tcase_set_timeout(tcase, 60);
}

UNIT_MAIN("config-reader", add_tests)
