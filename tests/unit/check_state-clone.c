/* daemon/state on a machine that is a clone of another (O4): what the other published is set aside
   whole, nothing of it is withdrawn, and this is said; wherever it is killed. */
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/identity.h"
#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

#define MACHINE "0123456789abcdef0123456789abcdef\n"
#define OTHER "fedcba9876543210fedcba9876543210\n"

/* These take the place of the C library's, and end the process at a step of what they do. The id
   is not touched before it is durable that the state is gone. */
static int n_steps_left = -1;
static bool state_unsynced;

static void step(void) {
        if (n_steps_left == 0)
                raise(SIGKILL);
        if (n_steps_left > 0)
                n_steps_left--;
}

int fsync(int fd) {
        int (*original)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

        step();
        state_unsynced = false;
        return original(fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
        int (*original)(int, const char *, int, const char *) =
                (int (*)(int, const char *, int, const char *))dlsym(RTLD_NEXT, "renameat");

        step();
        if (strncmp(from, "publisher-id", 12) == 0)
                ck_assert(!state_unsynced);
        else
                state_unsynced = true;
        return original(from_fd, from, to_fd, to);
}

static Scratch scratch;

static void setup(void) {
        scratch_init(&scratch);
}

static void teardown(void) {
        scratch_done(&scratch);
}

static bool is_zero(const PublisherId *id) {
        return publisher_id_equal(id, &(PublisherId){});
}

START_TEST(a_clone_forgets_what_the_other_published) {
        char *said, path[200];
        Image image;
        State *state = scratch_open(&scratch);
        PublisherId then = *state_publisher_id(state);

        rows_put(&scratch, state, 0, 10);
        ck_assert_int_eq(state_hold(state, "a.b", 1, NULL, NULL, NULL), 0);
        state_close(state);
        image_take(&scratch, &image);

        scratch_set_machine(&scratch, OTHER);
        state = scratch_look(&scratch);
        ck_assert_int_eq(rows_check(state), 0);
        ck_assert(is_zero(state_publisher_id(state)));
        state_close(state);
        image_expect(scratch.file, &image);

        state = scratch_open_saying(&scratch, &said);
        ck_assert_int_eq(rows_check(state), 0);
        directory_find(scratch.directory, "state.db.clone-", path);
        image_expect(path, &image);
        ck_assert_msg(said && strstr(said, path) &&
                              strstr(said, "nothing of the other machine's") &&
                              strstr(said, "srvpubctl takeover DOMAIN --from OLDHOST"),
                      "%s", said);
        free(said);
        PublisherId now = *state_publisher_id(state);
        ck_assert(!publisher_id_equal(&then, &now));
        rows_put(&scratch, state, 0, 3);
        state_close(state);
        image_free(&image);

        state = scratch_open(&scratch);
        ck_assert_int_eq(rows_check(state), 3);
        ck_assert(publisher_id_equal(state_publisher_id(state), &now));
        state_close(state);
        ck_assert_uint_eq(directory_count(scratch.directory, "publisher-id"), 2);
        state = scratch_look(&scratch);
        ck_assert_int_eq(rows_check(state), 3);
        ck_assert(publisher_id_equal(state_publisher_id(state), &now));
        state_close(state);
}
END_TEST

/* True if it came to its end before it was killed at that step. */
static bool child_opens(int n_steps) {
        char *said;
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                ck_assert_int_ge(sd_event_new(&scratch.event), 0);
                n_steps_left = n_steps;
                state_close(scratch_open_saying(&scratch, &said));
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        return WIFEXITED(status);
}

/* Killed at any step, it is never a state of the other's under an id of ours. */
START_TEST(a_clone_that_was_killed_forgets_it_all_the_same) {
        int n = 0;

        for (bool survived = false; !survived; n++) {
                char *said;

                directory_remove(scratch.directory);
                scratch_set_machine(&scratch, MACHINE);
                State *state = scratch_open(&scratch);
                rows_put(&scratch, state, 0, 3);
                PublisherId then = *state_publisher_id(state);
                state_close(state);
                scratch_set_machine(&scratch, OTHER);
                survived = child_opens(n);

                state = scratch_open_saying(&scratch, &said);
                free(said);
                ck_assert_int_eq(rows_check(state), 0);
                ck_assert(!publisher_id_equal(state_publisher_id(state), &then));
                state_close(state);
                ck_assert_uint_eq(directory_count(scratch.directory, "state.db.clone-"), 1);
                ck_assert_uint_eq(directory_count(scratch.directory, "publisher-id.clone-"), 1);
        }
        ck_assert_int_gt(n, 8);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_clone_forgets_what_the_other_published);
        tcase_add_test(tcase, a_clone_that_was_killed_forgets_it_all_the_same);
}

UNIT_MAIN("state-clone", add_tests)
