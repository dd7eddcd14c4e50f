/* Key files and keytabs on disk: what is read, what is refused with a sentence, who else can read
 * it (C51). */
#include "config/key-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

#define KEY "key \"k\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0IQ==\";\n};\n"

static char directory[] = "/tmp/check_key-file.XXXXXX";
static char path[sizeof(directory) + 10];

static void set_up(void) {
        strcpy(directory + strlen(directory) - 6, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(path, sizeof(path), "%s/key", directory);
}

static void tear_down(void) {
        unlink(path);
        rmdir(directory);
}

static void write_file(const char *text, size_t size, mode_t mode) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, size), size);
        ck_assert_int_eq(fchmod(fd, mode), 0);
        close(fd);
}

/* Expects a failure that writes neither result. */
static int load_bad(const char *from, char error[static KEY_FILE_ERROR_MAX]) {
        TsigKey key = {.secret_size = 77};
        bool others_read = true;

        error[0] = '\0';
        int r = key_file_load(from, &key, &others_read, error);
        ck_assert_uint_eq(key.secret_size, 77);
        ck_assert(others_read);
        ck_assert_ptr_nonnull(strstr(error, from));
        return r;
}

static const struct {
        mode_t mode;
        bool others_read;
} modes[] = {{0400, false}, {0600, false}, {0640, false}, {0660, false},
             {0644, true},  {0604, true},  {0602, false}};

START_TEST(a_key_and_its_mode) {
        char error[KEY_FILE_ERROR_MAX];
        bool others_read = !modes[_i].others_read;
        TsigKey key;

        write_file(KEY, strlen(KEY), modes[_i].mode);
        ck_assert_int_eq(key_file_load(path, &key, &others_read, error), 0);
        ck_assert(others_read == modes[_i].others_read);
        ck_assert_int_eq(key.algorithm, TSIG_HMAC_SHA256);
        ck_assert_uint_eq(key.secret_size, 7);
        ck_assert_int_eq(memcmp(key.secret, "secret!", 7), 0);
}
END_TEST

START_TEST(a_mistake_is_told_with_its_line) {
        const char *text = "key \"k\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0\n";
        char error[KEY_FILE_ERROR_MAX], expected[100];

        write_file(text, strlen(text), 0600);
        ck_assert_int_eq(load_bad(path, error), -EINVAL);
        snprintf(expected, sizeof(expected), "%s:3: a string or comment has no end", path);
        ck_assert_str_eq(error, expected);
}
END_TEST

START_TEST(no_such_file) {
        char error[KEY_FILE_ERROR_MAX];

        ck_assert_int_eq(load_bad(path, error), -ENOENT);
        ck_assert_ptr_nonnull(strstr(error, "No such file"));
}
END_TEST

START_TEST(no_regular_file) {
        char error[KEY_FILE_ERROR_MAX];

        ck_assert_int_eq(load_bad(directory, error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error, "not a regular file"));
        ck_assert_int_eq(load_bad("/dev/zero", error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error, "not a regular file"));
        /* Nobody writes to it: a blocking open would wait for ever. */
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        ck_assert_int_eq(load_bad(path, error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error, "not a regular file"));
}
END_TEST

START_TEST(size_of_the_file) {
        static char text[TSIG_KEY_FILE_MAX + 2];
        char error[KEY_FILE_ERROR_MAX];
        bool others_read;
        TsigKey key;

        memset(text, '\n', sizeof(text));
        memcpy(text, KEY, strlen(KEY));
        write_file(text, TSIG_KEY_FILE_MAX, 0600);
        ck_assert_int_eq(key_file_load(path, &key, &others_read, error), 0);
        write_file(text, TSIG_KEY_FILE_MAX + 1, 0600);
        ck_assert_int_eq(load_bad(path, error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error, "longer than 8192 octets"));
        write_file(text, TSIG_KEY_FILE_MAX + 2, 0600);
        ck_assert_int_eq(load_bad(path, error), -EINVAL);
        write_file(text, 0, 0600);
        ck_assert_int_eq(load_bad(path, error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error, "there is no key"));
}
END_TEST

/* A path longer than the buffer is cut, never written beyond it. */
START_TEST(a_long_path) {
        char error[KEY_FILE_ERROR_MAX], from[2 * KEY_FILE_ERROR_MAX];
        bool others_read;
        TsigKey key;

        memset(from, '/', sizeof(from));
        strcpy(from + sizeof(from) - 5, "none");
        ck_assert_int_eq(key_file_load(from, &key, &others_read, error), -ENOENT);
        ck_assert_uint_eq(strlen(error), KEY_FILE_ERROR_MAX - 1);
}
END_TEST

static const struct {
        const char *bytes;
        size_t size; /* of the file, filled up with 0 */
        const char *words;
} keytabs[] = {
        {"\5\2", 100, NULL},
        {"\5\2", 3, NULL},
        {"\5\2", KEYTAB_FILE_MAX, NULL},
        {"\5\2", KEYTAB_FILE_MAX + 1, "is longer than a keytab can be"},
        {"\5\2", 2, "there is no key in it"},
        {"\5", 1, "is not a keytab"},
        {"", 0, "is not a keytab"},
        {"\5\1", 100, "is not a keytab"},
        {"\4\2", 100, "is not a keytab"},
        {"\2\5", 100, "is not a keytab"},
        {KEY, sizeof(KEY), "is not a keytab"},
};

START_TEST(a_keytab_is_known_by_its_beginning) {
        char error[KEY_FILE_ERROR_MAX] = "", expected[100];
        bool others_read = true;

        write_file(keytabs[_i].bytes, strlen(keytabs[_i].bytes), 0640);
        ck_assert_int_eq(truncate(path, (off_t)keytabs[_i].size), 0);
        int r = keytab_file_check(path, &others_read, error);
        ck_assert_int_eq(r, keytabs[_i].words ? -EINVAL : 0);
        ck_assert_int_eq(others_read, r < 0);
        snprintf(expected, sizeof(expected), "%s: %s", path, keytabs[_i].words);
        ck_assert_str_eq(error, keytabs[_i].words ? expected : "");
}
END_TEST

START_TEST(a_keytab_has_a_mode_too) {
        char error[KEY_FILE_ERROR_MAX];
        bool others_read = !modes[_i].others_read;

        write_file("\5\2x", 3, modes[_i].mode);
        ck_assert_int_eq(keytab_file_check(path, &others_read, error), 0);
        ck_assert(others_read == modes[_i].others_read);
}
END_TEST

START_TEST(what_is_no_file_is_no_keytab) {
        char error[KEY_FILE_ERROR_MAX];
        bool others_read = true;

        ck_assert_int_eq(keytab_file_check(path, &others_read, error), -ENOENT);
        ck_assert_ptr_nonnull(strstr(error, "No such file"));
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        ck_assert_int_eq(keytab_file_check(path, &others_read, error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error, "not a regular file"));
        ck_assert_int_eq(keytab_file_check(directory, &others_read, error), -EINVAL);
        ck_assert(others_read);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, a_key_and_its_mode, 0, ELEMENTSOF(modes));
        tcase_add_test(tcase, a_mistake_is_told_with_its_line);
        tcase_add_test(tcase, no_such_file);
        tcase_add_test(tcase, no_regular_file);
        tcase_add_test(tcase, size_of_the_file);
        tcase_add_test(tcase, a_long_path);
        tcase_add_loop_test(tcase, a_keytab_is_known_by_its_beginning, 0, ELEMENTSOF(keytabs));
        tcase_add_loop_test(tcase, a_keytab_has_a_mode_too, 0, ELEMENTSOF(modes));
        tcase_add_test(tcase, what_is_no_file_is_no_keytab);
}

UNIT_MAIN("key-file", add_tests)
