/* daemon/identity: one id, drawn once and kept (O4); another machine's is noticed and left alone.
   The file is anyone's. */
#include "daemon/identity.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_state.h"
#include "tests/unit/unit.h"

#define MACHINE "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
#define ID "00112233445566778899aabbccddeeff"
/* SHA-256 of "srvpubd, of the machine id: " and MACHINE, or nothing. If these change, every machine
   takes itself for a clone. */
#define HASH "39379edd7c0d080329228f1179fdf17f5cf8f6df3042b2d2706c52dc30d2e6dc"
#define HASH_OF_NOTHING "3a98aab3b198a21811b99bfeccf091dfe1263ff8971dd4d1fbdd93a676a500e4"

/* These take the place of the C library's: they write down what becomes durable and when, fail when
   told, and end the process at a step of it. */
static char trace[200];
static int sync_error;
static int n_steps_left = -1;

static void step(const char *what) {
        (void)snprintf(trace + strlen(trace), sizeof(trace) - strlen(trace), "%s ", what);
        if (n_steps_left == 0)
                raise(SIGKILL);
        if (n_steps_left > 0)
                n_steps_left--;
}

int fsync(int fd) {
        int (*original)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
        struct stat status;

        step(fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) ? "sync-directory" : "sync-file");
        errno = sync_error;
        return sync_error ? -1 : original(fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
        int (*original)(int, const char *, int, const char *) =
                (int (*)(int, const char *, int, const char *))dlsym(RTLD_NEXT, "renameat");

        step("rename");
        return original(from_fd, from, to_fd, to);
}

static Scratch scratch;

static void setup(void) {
        scratch_init(&scratch);
        ck_assert_int_eq(mkdir(scratch.directory, 0700), 0);
        *trace = '\0';
        sync_error = 0;
}

static void teardown(void) {
        scratch_done(&scratch);
}

static void write_text(const char *text) {
        file_write(scratch.identity, text, strlen(text));
}

static void expect_file(const char *path, const char *bytes, size_t size) {
        size_t n = 0;
        _cleanup_(freep) char *found = file_read(path, &n);

        ck_assert_ptr_nonnull(found);
        ck_assert_uint_eq(n, size);
        ck_assert(memcmp(found, bytes, size) == 0);
}

/* Loads; fails the test if it cannot be, or if a file was lost. */
static bool load(PublisherId *ret_id) {
        char *lost = NULL, *error = NULL;
        bool cloned = false;

        int r = identity_load(scratch.directory, scratch.machine_id, false, ret_id, &cloned, &lost,
                              &error);
        ck_assert_msg(r == 0, "%d %s", r, error ? error : "no sentence");
        ck_assert_msg(!lost, "%s", lost);
        return cloned;
}

static PublisherId load_ours(void) {
        PublisherId id = {};

        ck_assert(!load(&id));
        return id;
}

static void load_fails(int error) {
        char *lost = NULL, *text = NULL;
        PublisherId id;
        bool cloned;

        ck_assert_int_eq(identity_load(scratch.directory, scratch.machine_id, false, &id, &cloned,
                                       &lost, &text),
                         error);
        ck_assert_ptr_null(lost);
        ck_assert_msg(text && strstr(text, scratch.directory), "%s", text);
        free(text);
}

static PublisherId look(bool expect_cloned) {
        PublisherId id;
        bool cloned;

        ck_assert_int_eq(identity_look(scratch.directory, scratch.machine_id, &id, &cloned), 0);
        ck_assert_int_eq(cloned, expect_cloned);
        return id;
}

static bool is_zero(PublisherId id) {
        return publisher_id_equal(&id, &(PublisherId){});
}

START_TEST(an_id_is_drawn_once) {
        char text[PUBLISHER_ID_TEXT_MAX], expected[120];
        struct stat status;
        PublisherId id = load_ours(), again = load_ours();

        ck_assert(publisher_id_equal(&id, &again));
        ck_assert(!is_zero(id));
        (void)snprintf(expected, sizeof(expected), "%s\n" HASH "\n",
                       publisher_id_to_text(&id, text));
        expect_file(scratch.identity, expected, strlen(expected));
        ck_assert_int_eq(stat(scratch.identity, &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0600);
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 1);

        ck_assert_int_eq(unlink(scratch.identity), 0);
        again = load_ours();
        ck_assert(!publisher_id_equal(&id, &again));
}
END_TEST

START_TEST(an_id_is_durable_before_it_is_used) {
        (void)load_ours();
        ck_assert_str_eq(trace, "sync-file rename sync-directory ");
        *trace = '\0';
        (void)load_ours();
        ck_assert_str_eq(trace, "");
}
END_TEST

START_TEST(a_disk_that_will_not_gives_no_id) {
        sync_error = EIO;
        load_fails(-EIO);
        ck_assert_int_lt(access(scratch.identity, F_OK), 0);
        sync_error = 0;
        (void)load_ours();
}
END_TEST

/* What may be in the place of a file that is being written. */
START_TEST(leftovers_are_not_followed) {
        char path[120], elsewhere[120];

        (void)snprintf(path, sizeof(path), "%s.new", scratch.identity);
        (void)snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", scratch.root);
        ck_assert_int_eq(symlink(elsewhere, path), 0);
        (void)load_ours();
        ck_assert_int_lt(access(elsewhere, F_OK), 0);
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 1);
}
END_TEST

/* Started in one process, killed at a step; 0: it came to its end. */
static bool child_survives(int n_steps, void (*run)(void)) {
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                n_steps_left = n_steps;
                run();
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        return WIFEXITED(status);
}

static void run_load(void) {
        (void)load_ours();
}

START_TEST(a_killed_draw_leaves_a_whole_file_or_none) {
        int n = 0;

        for (bool survived = false; !survived; n++) {
                (void)unlink(scratch.identity);
                survived = child_survives(n, run_load);
                bool found = access(scratch.identity, F_OK) == 0;
                PublisherId before = look(false), id = load_ours();
                ck_assert_int_eq(found, !is_zero(before));
                ck_assert_int_eq(found, publisher_id_equal(&before, &id));
        }
        ck_assert_int_eq(n, 4);
}
END_TEST

/* --- another machine -------------------------------------------------------------------------- */

/* NULL: there is no such file. */
static void set_machine(const char *machine_id) {
        if (machine_id)
                scratch_set_machine(&scratch, machine_id);
        else
                (void)unlink(scratch.machine_id);
}

static const struct {
        const char *then, *now;
        bool cloned;
} machine_cases[] = {
        {MACHINE "\n", MACHINE "\n", false},
        {MACHINE "\n", MACHINE, false},
        {MACHINE, OTHER, true},
        {OTHER "\n", MACHINE "\n", true},
        {MACHINE, "0123456789ABCDEF0123456789ABCDEF\n", false},
        {MACHINE, "01234567-89ab-cdef-0123-456789abcdef\n", false},
        {MACHINE, MACHINE "\nmore\n", false},
        {MACHINE, "", false},
        {MACHINE, NULL, false},
        {MACHINE, "uninitialized\n", false},
        {MACHINE, "00000000000000000000000000000000\n", false},
        {MACHINE, "1123456789abcdef0123456789abcde\n", false},
        {MACHINE, OTHER OTHER OTHER OTHER "\n", false},
        {"", "", false},
        {NULL, NULL, false},
        {"", NULL, false},
        {"", MACHINE, false},
        {NULL, MACHINE, false},
        {"uninitialized\n", MACHINE, false},
};

/* O4: a clone is where both are known and differ. */
START_TEST(another_machine_is_told_from_none) {
        PublisherId now;

        set_machine(machine_cases[_i].then);
        PublisherId then = load_ours();
        set_machine(machine_cases[_i].now);
        PublisherId seen = look(machine_cases[_i].cloned);
        ck_assert_int_eq(load(&now), machine_cases[_i].cloned);
        if (machine_cases[_i].cloned) {
                ck_assert(is_zero(seen));
        } else {
                ck_assert(publisher_id_equal(&then, &now));
                ck_assert(publisher_id_equal(&then, &seen));
        }
}
END_TEST

/* An image that was started before it had a machine id: the first machine keeps the id, and a clone
   of that machine is noticed. */
START_TEST(an_id_of_no_machine_is_bound_to_the_first) {
        PublisherId id;

        write_text(ID "\n" HASH_OF_NOTHING "\n");
        id = load_ours();
        expect_file(scratch.identity, ID "\n" HASH "\n", 98);
        ck_assert_str_eq(trace, "sync-file rename sync-directory ");
        set_machine(NULL);
        (void)load_ours();
        expect_file(scratch.identity, ID "\n" HASH "\n", 98);
        set_machine(OTHER);
        ck_assert(load(&id));
}
END_TEST

START_TEST(a_clone_gets_an_id_of_its_own) {
        char *error = NULL, path[200];
        size_t size;
        PublisherId then = load_ours(), renewed, now = then;
        _cleanup_(freep) char *bytes = file_read(scratch.identity, &size);

        set_machine(OTHER);
        ck_assert(load(&now));
        ck_assert(publisher_id_equal(&then, &now));
        expect_file(scratch.identity, bytes, size);
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 1);

        ck_assert_int_eq(identity_renew(scratch.directory, scratch.machine_id, &renewed, &error),
                         0);
        now = load_ours();
        ck_assert(publisher_id_equal(&renewed, &now));
        ck_assert(!publisher_id_equal(&renewed, &then));
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 2);
        directory_find(scratch.directory, "publisher-id.clone-", path);
        expect_file(path, bytes, size);
}
END_TEST

/* --- a file that is anyone's ------------------------------------------------------------------ */

#define LOST(text) \
        { text, sizeof(text) - 1 }
static const struct {
        const char *bytes;
        size_t size;
} lost_cases[] = {
        LOST(""),
        LOST("\n"),
        LOST(ID),
        LOST(ID "\n"),
        LOST(ID "\n" HASH),
        LOST(ID "\n" HASH "\n\n"),
        LOST(ID "\n" HASH "\nmore\n"),
        LOST(ID "\r\n" HASH "\r\n"),
        LOST(ID " " HASH "\n"),
        LOST(ID "\n" HASH " "),
        LOST(ID "\n" HASH "\0"),
        LOST("\n" ID HASH "\n"),
        LOST("g0112233445566778899aabbccddeeff\n" HASH "\n"),
        LOST("00112233445566778899aabbccddee\0f\n" HASH "\n"),
        LOST("00000000000000000000000000000000\n" HASH "\n"),
        LOST(ID "\n" ID "XX112233445566778899aabbccddeeff\n"),
        LOST(HASH "\n" ID "\n"),
};

START_TEST(what_cannot_be_understood_is_lost_but_kept) {
        char *lost = NULL, *error = NULL, path[200];
        PublisherId id, old;
        bool cloned = true;

        file_write(scratch.identity, lost_cases[_i].bytes, lost_cases[_i].size);
        ck_assert(is_zero(look(false)));
        expect_file(scratch.identity, lost_cases[_i].bytes, lost_cases[_i].size);
        ck_assert_int_eq(identity_load(scratch.directory, scratch.machine_id, false, &id, &cloned,
                                       &lost, &error),
                         0);
        ck_assert(!cloned);
        directory_find(scratch.directory, "publisher-id.bad-", path);
        ck_assert_msg(lost && strstr(lost, scratch.identity) &&
                              strstr(lost, strrchr(path, '/') + 1) && strstr(lost, "takeover"),
                      "%s", lost);
        free(lost);
        expect_file(path, lost_cases[_i].bytes, lost_cases[_i].size);
        ck_assert_int_eq(publisher_id_from_text(ID, &old), 0);
        ck_assert(!publisher_id_equal(&id, &old));
        PublisherId again = load_ours();
        ck_assert(publisher_id_equal(&id, &again));
}
END_TEST

/* The rows are ours whoever we are; and both are said when the state is damaged, too. */
START_TEST(a_lost_id_does_not_lose_the_state) {
        char *said;
        State *state = scratch_open(&scratch);

        rows_put(&scratch, state, 0, 5);
        state_close(state);
        write_text("");
        state = scratch_open_saying(&scratch, &said);
        ck_assert_msg(said && strstr(said, "publisher-id cannot be understood"), "%s", said);
        free(said);
        ck_assert_int_eq(rows_check(state), 5);
        state_close(state);

        write_text("");
        file_write(scratch.file, "", 0);
        state = scratch_open_saying(&scratch, &said);
        ck_assert_msg(said && strstr(said, "publisher-id cannot be understood") &&
                              strstr(said, "state.db.bad-"),
                      "%s", said);
        free(said);
        ck_assert_int_eq(rows_check(state), 0);
        state_close(state);
}
END_TEST

/* A restored backup may be of the state alone. At the first start nothing is missing. */
START_TEST(an_id_that_is_missing_beside_a_state_is_lost) {
        char *said;
        State *state = scratch_open(&scratch);
        PublisherId then = *state_publisher_id(state);

        rows_put(&scratch, state, 0, 5);
        state_close(state);
        ck_assert_int_eq(unlink(scratch.identity), 0);
        state = scratch_open_saying(&scratch, &said);
        ck_assert_msg(said && strstr(said, scratch.identity) &&
                              strstr(said, "is missing although there is a state") &&
                              strstr(said, "srvpubctl takeover DOMAIN --from TARGET"),
                      "%s", said);
        free(said);
        ck_assert_int_eq(rows_check(state), 5);
        ck_assert(!publisher_id_equal(&then, state_publisher_id(state)));
        state_close(state);
        state_close(scratch_open(&scratch));
}
END_TEST

START_TEST(a_file_of_any_size_is_read_to_its_bound) {
        char *lost = NULL, *error = NULL;
        PublisherId id;
        bool cloned;

        write_text(ID "\n" HASH "\n");
        ck_assert_int_eq(truncate(scratch.identity, INT64_C(1) << 40), 0);
        ck_assert_int_eq(truncate(scratch.machine_id, INT64_C(1) << 40), 0);
        ck_assert_int_eq(identity_load(scratch.directory, scratch.machine_id, false, &id, &cloned,
                                       &lost, &error),
                         0);
        ck_assert_ptr_nonnull(lost);
        free(lost);
}
END_TEST

START_TEST(what_is_no_file_of_ours_is_refused) {
        char path[120];
        struct stat status;
        PublisherId id, seen;
        bool cloned;

        (void)snprintf(path, sizeof(path), "%s/other", scratch.root);
        file_write(path, ID "\n" HASH "\n", 98);
        ck_assert_int_eq(symlink(path, scratch.identity), 0);
        load_fails(-ELOOP);
        ck_assert_int_eq(identity_look(scratch.directory, scratch.machine_id, &id, &cloned),
                         -ELOOP);
        ck_assert_int_eq(unlink(scratch.identity), 0);
        ck_assert_int_eq(mkfifo(scratch.identity, 0600), 0);
        load_fails(-EINVAL);
        ck_assert_int_eq(identity_look(scratch.directory, scratch.machine_id, &id, &cloned),
                         -EINVAL);
        ck_assert_int_eq(unlink(scratch.identity), 0);
        ck_assert_int_eq(mkdir(scratch.identity, 0700), 0);
        load_fails(-EISDIR);
        ck_assert_int_eq(rmdir(scratch.identity), 0);

        /* Whoever looks need not be the daemon's user. */
        ck_assert_int_eq(rename(path, scratch.identity), 0);
        ck_assert_int_eq(publisher_id_from_text(ID, &id), 0);
        if (geteuid() == 0) {
                ck_assert_int_eq(chown(scratch.identity, 1, 1), 0);
                load_fails(-EPERM);
                seen = look(false);
                ck_assert(publisher_id_equal(&seen, &id));
                ck_assert_int_eq(chown(scratch.identity, 0, 0), 0);
        }
        ck_assert_int_eq(chmod(scratch.identity, 0666), 0);
        seen = load_ours();
        ck_assert(publisher_id_equal(&seen, &id));
        ck_assert_int_eq(stat(scratch.identity, &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0600);
}
END_TEST

START_TEST(looking_where_there_is_nothing) {
        ck_assert(is_zero(look(false)));
        ck_assert_uint_eq(directory_count(scratch.directory, ""), 0);
        directory_remove(scratch.directory);
        ck_assert(is_zero(look(false)));
        load_fails(-ENOENT);
        ck_assert_uint_eq(directory_count(scratch.root, "state"), 0);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, an_id_is_drawn_once);
        tcase_add_test(tcase, an_id_is_durable_before_it_is_used);
        tcase_add_test(tcase, a_disk_that_will_not_gives_no_id);
        tcase_add_test(tcase, leftovers_are_not_followed);
        tcase_add_test(tcase, a_killed_draw_leaves_a_whole_file_or_none);
        tcase_add_loop_test(tcase, another_machine_is_told_from_none, 0, ELEMENTSOF(machine_cases));
        tcase_add_test(tcase, an_id_of_no_machine_is_bound_to_the_first);
        tcase_add_test(tcase, a_clone_gets_an_id_of_its_own);
        tcase_add_loop_test(tcase, what_cannot_be_understood_is_lost_but_kept, 0,
                            ELEMENTSOF(lost_cases));
        tcase_add_test(tcase, a_lost_id_does_not_lose_the_state);
        tcase_add_test(tcase, an_id_that_is_missing_beside_a_state_is_lost);
        tcase_add_test(tcase, a_file_of_any_size_is_read_to_its_bound);
        tcase_add_test(tcase, what_is_no_file_of_ours_is_refused);
        tcase_add_test(tcase, looking_where_there_is_nothing);
}

UNIT_MAIN("identity", add_tests)
