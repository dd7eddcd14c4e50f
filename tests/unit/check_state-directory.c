/* daemon/state-directory: made private, one daemon at a time, and nothing opened that is not a file
   of our own. Through state_open(), as its sentences are what the operator reads. */
#include "daemon/state-directory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

static Scratch scratch;

static void setup(void) {
        scratch_init(&scratch);
}

static void teardown(void) {
        scratch_done(&scratch);
}

START_TEST(a_new_state_is_empty_and_private) {
        struct stat status;
        State *state = scratch_open(&scratch);

        ck_assert_int_eq(rows_check(state), 0);
        ck_assert_int_eq(stat(scratch.directory, &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0700);
        ck_assert_int_eq(stat(scratch.file, &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0600);
        state_close(state);
        /* Nothing is left of the way it was made. */
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 3);
        ck_assert_uint_eq(directory_count(scratch.directory, "lock"), 1);
        ck_assert_uint_eq(directory_count(scratch.directory, "publisher-id"), 1);
        ck_assert_ptr_null(state_close(NULL));
}
END_TEST

/* The -wal of a state.db that was taken away would bring its rows back. */
START_TEST(leftovers_are_not_played_back) {
        static const char *const suffixes[] = {"-journal", ".new", ".new-wal"};
        char path[120], *wal;
        size_t size;
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, 10);
        (void)snprintf(path, sizeof(path), "%s-wal", scratch.file);
        wal = file_read(path, &size);
        ck_assert(wal && size > 0);
        state_close(state);
        ck_assert_int_eq(unlink(scratch.file), 0);
        file_write(path, wal, size);
        free(wal);
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                (void)snprintf(path, sizeof(path), "%s%s", scratch.file, suffixes[i]);
                file_write(path, "left by someone", 15);
        }
        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 0);
        rows_put(&scratch, state, 0, 5);
        state_close(state);
        ck_assert_uint_eq(directory_count(scratch.directory, "state.db"), 1);
}
END_TEST

/* Opening fails so, and the sentence names the path. */
static void open_fails(const char *directory, int error, const char *path) {
        char *set_aside = NULL, *text = NULL;
        State *state = NULL;

        ck_assert_int_eq(
                state_open(scratch.event, directory, scratch.machine_id, &state, &set_aside, &text),
                error);
        ck_assert_ptr_null(state);
        ck_assert_ptr_null(set_aside);
        ck_assert_ptr_nonnull(text);
        ck_assert_msg(strstr(text, path), "%s", text);
        free(text);
}

START_TEST(a_directory_that_will_not_do_is_refused) {
        char path[120];
        struct stat status;

        (void)snprintf(path, sizeof(path), "%s/a/b", scratch.root);
        open_fails(path, -ENOENT, path);

        state_close(scratch_open(&scratch));
        ck_assert_int_eq(chmod(scratch.directory, 0777), 0);
        open_fails(scratch.directory, -EPERM, scratch.directory);
        ck_assert_int_eq(chmod(scratch.directory, 0755), 0);

        /* A file in its place; a link in the place of the file, or of what is no file. */
        open_fails(scratch.file, -ENOTDIR, scratch.file);
        (void)snprintf(path, sizeof(path), "%s/other", scratch.directory);
        ck_assert_int_eq(rename(scratch.file, path), 0);
        ck_assert_int_eq(symlink("other", scratch.file), 0);
        open_fails(scratch.directory, -ELOOP, scratch.file);
        ck_assert_int_eq(unlink(scratch.file), 0);
        ck_assert_int_eq(mkfifo(scratch.file, 0600), 0);
        open_fails(scratch.directory, -EINVAL, scratch.file);
        ck_assert_int_eq(unlink(scratch.file), 0);

        ck_assert_int_eq(rename(path, scratch.file), 0);
        if (geteuid() == 0) {
                ck_assert_int_eq(chown(scratch.file, 1, 1), 0);
                open_fails(scratch.directory, -EPERM, scratch.file);
                ck_assert_int_eq(chown(scratch.file, 0, 0), 0);
        }
        ck_assert_int_eq(chmod(scratch.file, 0644), 0);
        state_close(scratch_open(&scratch));
        ck_assert_int_eq(stat(scratch.file, &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0600);
}
END_TEST

/* As with DynamicUser=, where /var/lib/srvpubd is a link into /var/lib/private. */
START_TEST(the_directory_itself_may_be_a_link) {
        char path[120];
        State *state = scratch_open(&scratch);
        Scratch linked = scratch;

        rows_put(&scratch, state, 0, 3);
        state_close(state);
        (void)snprintf(path, sizeof(path), "%s/link", scratch.root);
        ck_assert_int_eq(symlink("state", path), 0);
        (void)snprintf(linked.directory, sizeof(linked.directory), "%s/link", scratch.root);
        state = scratch_open(&linked);
        ck_assert_int_eq(rows_check(state), 3);
        state_close(state);
}
END_TEST

static void child_hold(int fd) {
        (void)scratch_open(&scratch);
        (void)!write(fd, "", 1);
        for (;;)
                pause();
}

START_TEST(a_second_daemon_is_told_and_a_killed_one_holds_nothing) {
        int fd;
        char byte;
        pid_t pid = child_start(&scratch, child_hold, &fd);

        ck_assert_int_eq(read(fd, &byte, 1), 1);
        close(fd);
        open_fails(scratch.directory, -EBUSY, scratch.directory);
        child_kill(pid);
        State *state = scratch_open(&scratch);
        open_fails(scratch.directory, -EBUSY, scratch.directory);
        state_close(state);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_new_state_is_empty_and_private);
        tcase_add_test(tcase, leftovers_are_not_played_back);
        tcase_add_test(tcase, a_directory_that_will_not_do_is_refused);
        tcase_add_test(tcase, the_directory_itself_may_be_a_link);
        tcase_add_test(tcase, a_second_daemon_is_told_and_a_killed_one_holds_nothing);
}

UNIT_MAIN("state-directory", add_tests)
