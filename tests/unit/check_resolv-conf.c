/* daemon/resolv-conf: which servers a file names, and when it is read again. The clock is a
   parameter; the file lies in a temporary directory. */
#include "daemon/resolv-conf.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

static char directory[] = "/tmp/check_resolv-conf.XXXXXX";
static char path[sizeof(directory) + 16];
static ResolvConf *conf;

static void setup(void) {
        strcpy(directory + sizeof(directory) - 7, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(path, sizeof(path), "%s/resolv.conf", directory);
        ck_assert_int_eq(resolv_conf_new(path, &conf), 0);
}

static void teardown(void) {
        conf = resolv_conf_free(conf);
        (void)unlink(path);
        (void)rmdir(directory);
}

/* As resolvconf and NetworkManager do: a new file in the place of the old one, written within the
   resolution of the clock. */
static void replace(const char *text) {
        static const struct timespec at_once[] = {{.tv_sec = 1}, {.tv_sec = 1}};
        char new_path[sizeof(path) + 4];

        snprintf(new_path, sizeof(new_path), "%s.new", path);
        FILE *file = fopen(new_path, "we");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_ge(fputs(text, file), 0);
        ck_assert_int_eq(fflush(file), 0);
        ck_assert_int_eq(futimens(fileno(file), at_once), 0);
        ck_assert_int_eq(fclose(file), 0);
        ck_assert_int_eq(rename(new_path, path), 0);
}

static void check_servers(uint64_t now_usec, const char *expected) {
        char text[1024] = "", endpoint[ENDPOINT_TEXT_MAX];
        size_t n;

        const Endpoint *servers = resolv_conf_servers(conf, now_usec, &n);
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        strcat(text, " ");
                strcat(text, endpoint_to_text(&servers[i], endpoint));
        }
        ck_assert_str_eq(text, expected);
}

static const struct {
        const char *text;
        const char *servers;
} files[] = {
        {"", "127.0.0.1"},
        {"nameserver 192.0.2.1\n", "192.0.2.1"},
        {"nameserver 192.0.2.1", "192.0.2.1"},
        {"nameserver\t192.0.2.1 \r\n", "192.0.2.1"},
        {"# nameserver 192.0.2.9\n;nameserver 192.0.2.8\nsearch nameserver 192.0.2.7\n"
         "options edns0\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n",
         "192.0.2.1 2001:db8::1"},
        {"nameserver fe80::1%lo\n", "fe80::1%lo"},
        {"nameserver 192.0.2.1 # the first\nnameserver 192.0.2.2;\nnameserver ns.example.org\n"
         "nameserver\nnameserver \nnameservers 192.0.2.3\nnameserver192.0.2.4\n",
         "192.0.2.1"},
        {"nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n"
         "nameserver 192.0.2.5\nnameserver 192.0.2.6\nnameserver 192.0.2.7\nnameserver 192.0.2.8\n"
         "nameserver 192.0.2.9\n",
         "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8"},
};

START_TEST(test_servers) {
        setup();
        replace(files[_i].text);
        check_servers(0, files[_i].servers);
        teardown();
}
END_TEST

/* Changes are seen, but the file is looked at once a second at most. */
START_TEST(test_read_again) {
        setup();
        check_servers(5 * USEC_PER_SEC, "127.0.0.1"); /* no file */
        replace("nameserver 192.0.2.1\n");
        check_servers(6 * USEC_PER_SEC - 1, "127.0.0.1");
        check_servers(6 * USEC_PER_SEC, "192.0.2.1");
        replace("nameserver 192.0.2.2\n"); /* of the same size */
        check_servers(7 * USEC_PER_SEC - 1, "192.0.2.1");
        check_servers(7 * USEC_PER_SEC, "192.0.2.2");
        check_servers(8 * USEC_PER_SEC, "192.0.2.2");
        ck_assert_int_eq(unlink(path), 0);
        check_servers(9 * USEC_PER_SEC, "127.0.0.1");
        teardown();
}
END_TEST

START_TEST(test_no_regular_file) {
        setup();
        ck_assert_int_eq(_i == 0 ? mkdir(path, 0700) : mkfifo(path, 0600), 0);
        check_servers(0, "127.0.0.1");
        (void)rmdir(path);
        teardown();
}
END_TEST

START_TEST(test_too_great) {
        setup();
        FILE *file = fopen(path, "we");
        ck_assert_ptr_nonnull(file);
        for (int i = 0; i < 5000; i++)
                ck_assert_int_ge(fputs("nameserver 192.0.2.1\n", file), 0);
        ck_assert_int_eq(fclose(file), 0);
        check_servers(0, "127.0.0.1");
        ck_assert_ptr_null(resolv_conf_free(NULL));
        teardown();
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, test_servers, 0, ELEMENTSOF(files));
        tcase_add_test(tcase, test_read_again);
        tcase_add_loop_test(tcase, test_no_regular_file, 0, 2);
        tcase_add_test(tcase, test_too_great);
}

UNIT_MAIN("resolv-conf", add_tests)
