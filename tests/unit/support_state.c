/* See support_state.h. Row i is one of 500 rows a record: r<i>, in a target, a port and a zone that
   follow from i alone, so that a row which was read can be compared with the one of its number. */
#include "tests/unit/support_state.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"

void scratch_init(Scratch *scratch) {
        const char *base = getenv("TMPDIR");

        (void)snprintf(scratch->root, sizeof(scratch->root), "%.40s/check_state.XXXXXX",
                       base ? base : "/tmp");
        ck_assert_ptr_nonnull(mkdtemp(scratch->root));
        (void)snprintf(scratch->directory, sizeof(scratch->directory), "%s/state", scratch->root);
        (void)snprintf(scratch->file, sizeof(scratch->file), "%s/state.db", scratch->directory);
        (void)snprintf(scratch->identity, sizeof(scratch->identity), "%s/publisher-id",
                       scratch->directory);
        (void)snprintf(scratch->machine_id, sizeof(scratch->machine_id), "%s/machine-id",
                       scratch->root);
        scratch_set_machine(scratch, "0123456789abcdef0123456789abcdef");
        ck_assert_int_ge(sd_event_new(&scratch->event), 0);
}

void scratch_done(Scratch *scratch) {
        sd_event_unref(scratch->event);
        directory_remove(scratch->directory);
        directory_remove(scratch->root);
}

/* Calls on_name for each name but . and .. */
static void directory_each(const char *directory, void (*on_name)(int fd, const char *name, void *),
                           void *userdata) {
        DIR *dir = opendir(directory);
        const struct dirent *entry;

        if (!dir)
                return;
        while ((entry = readdir(dir)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        on_name(dirfd(dir), entry->d_name, userdata);
        closedir(dir);
}

static void name_remove(int fd, const char *name, void *userdata) {
        if (unlinkat(fd, name, 0) < 0)
                (void)unlinkat(fd, name, AT_REMOVEDIR);
}

void directory_remove(const char *directory) {
        directory_each(directory, name_remove, NULL);
        (void)rmdir(directory);
}

typedef struct Count {
        const char *prefix;
        unsigned n;
        char name[100]; /* one of them */
} Count;

static void name_count(int fd, const char *name, void *userdata) {
        Count *count = userdata;

        if (strncmp(name, count->prefix, strlen(count->prefix)) != 0)
                return;
        count->n++;
        (void)snprintf(count->name, sizeof(count->name), "%s", name);
}

unsigned directory_count(const char *directory, const char *prefix) {
        Count count = {.prefix = prefix};

        directory_each(directory, name_count, &count);
        return count.n;
}

void directory_find(const char *directory, const char *prefix, char ret_path[static 200]) {
        Count count = {.prefix = prefix};

        directory_each(directory, name_count, &count);
        ck_assert_msg(count.n > 0, "no %s* in %s", prefix, directory);
        (void)snprintf(ret_path, 200, "%.90s/%s", directory, count.name);
}

void scratch_set_machine(Scratch *scratch, const char *machine_id) {
        file_write(scratch->machine_id, machine_id, strlen(machine_id));
}

State *scratch_open_saying(Scratch *scratch, char **ret_set_aside) {
        char *error = NULL;
        State *state = NULL;

        *ret_set_aside = NULL;
        int r = state_open(scratch->event, scratch->directory, scratch->machine_id, &state,
                           ret_set_aside, &error);
        ck_assert_msg(r == 0, "state_open: %d, %s", r, error ? error : "no sentence");
        ck_assert_ptr_null(error);
        return state;
}

State *scratch_open(Scratch *scratch) {
        char *set_aside;
        State *state = scratch_open_saying(scratch, &set_aside);

        ck_assert_msg(!set_aside, "%s", set_aside);
        return state;
}

State *scratch_look(Scratch *scratch) {
        char *error = NULL;
        State *state = NULL;

        int r = state_open_to_look(scratch->directory, scratch->machine_id, &state, &error);
        ck_assert_msg(r == 0, "state_open_to_look: %d, %s", r, error ? error : "no sentence");
        return state;
}

StateRow row_make(unsigned i, unsigned slot) {
        static struct {
                char record[64], target[64], domain[64], zone[64], servers[128], primary[64],
                        key_file[64], keytab[64], principal[64], realm[64];
        } texts[2], *text;
        bool gss = i % 6 == 4;

        text = &texts[slot];
        (void)snprintf(text->record, 64, "_vlmcs._tcp.d%06u.example.org", i / 2);
        (void)snprintf(text->target, 64, "Kms%u.example.net", i % 2);
        (void)snprintf(text->domain, 64, "d%06u.example.org", i / 2);
        (void)snprintf(text->zone, 64, "%s", i % 3 ? "example.org" : text->domain);
        (void)snprintf(text->servers, 128, "%s", i % 5 ? "" : "192.0.2.1 [2001:db8::1]:5353");
        (void)snprintf(text->primary, 64, "%s", i % 7 ? "192.0.2.53" : "");
        (void)snprintf(text->key_file, 64, "%s", i % 2 ? "/etc/srvpubd/sch\xc3\xbcssel.key" : "");
        (void)snprintf(text->keytab, 64, "%s", gss ? "/etc/srvpubd/sch\xc3\xbcssel.keytab" : "");
        (void)snprintf(text->principal, 64, "%s", gss && i % 10 ? "KMS1$@EXAMPLE.ORG" : "");
        (void)snprintf(text->realm, 64, "%s", gss && i % 4 ? "EXAMPLE.ORG" : "");
        return (StateRow){
                .record = text->record,
                .target = text->target,
                .port = (uint16_t)(1688 + i),
                .domain = text->domain,
                .zone = text->zone,
                .servers = text->servers,
                .primary = text->primary,
                .zone_given = i % 11 == 0,
                .security = i % 2 ? SECURITY_TSIG
                            : gss ? SECURITY_GSS
                                  : SECURITY_NONE,
                .key_file = text->key_file,
                .keytab = text->keytab,
                .principal = text->principal,
                .realm = text->realm,
                .derived = i % 13 == 0,
                .confirmed = i % 4 == 0,
                .claimed = i % 3 == 1,
                .priority = (uint16_t)(i * 7),
                .weight = (uint16_t)~i,
                .since_sec = i % 6 == 0   ? 0
                             : i % 6 == 5 ? INT64_MAX
                                          : 1700000000 + i,
        };
}

bool row_equal(const StateRow *a, const StateRow *b) {
        return strcmp(a->record, b->record) == 0 && strcmp(a->target, b->target) == 0 &&
               a->port == b->port && strcmp(a->domain, b->domain) == 0 &&
               strcmp(a->zone, b->zone) == 0 && strcmp(a->servers, b->servers) == 0 &&
               strcmp(a->primary, b->primary) == 0 && a->zone_given == b->zone_given &&
               a->security == b->security && strcmp(a->key_file, b->key_file) == 0 &&
               strcmp(a->keytab, b->keytab) == 0 && strcmp(a->principal, b->principal) == 0 &&
               strcmp(a->realm, b->realm) == 0 && a->derived == b->derived &&
               a->confirmed == b->confirmed && a->claimed == b->claimed &&
               a->priority == b->priority && a->weight == b->weight && a->since_sec == b->since_sec;
}

static void count_durable(int error, const char *text, void *userdata) {
        ck_assert_msg(error == 0, "%d %s", error, text);
        (*(unsigned *)userdata)++;
}

void rows_put(Scratch *scratch, State *state, unsigned first, unsigned end) {
        unsigned n_done = 0;

        for (unsigned i = first; i < end; i++) {
                StateRow row = row_make(i, 0);
                ck_assert_int_eq(state_put(state, &row, count_durable, &n_done, NULL), 0);
        }
        wait_for(scratch->event, &n_done, end - first);
}

void on_told(int error, const char *text, void *userdata) {
        Told *told = userdata;

        told->n++;
        told->error = error;
        (void)snprintf(told->text, sizeof(told->text), "%s", text ? text : "");
}

void begin_commit(Scratch *scratch) {
        ck_assert_int_gt(sd_event_run(scratch->event, UINT64_MAX), 0);
}

bool row_is_in_file(const Scratch *scratch, const StateRow *row) {
        sqlite3 *db = NULL;
        sqlite3_stmt *statement = NULL;

        ck_assert_int_eq(sqlite3_open_v2(scratch->file, &db, SQLITE_OPEN_READONLY, NULL),
                         SQLITE_OK);
        ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT 1 FROM offer WHERE record = ? AND port = ?",
                                            -1, &statement, NULL),
                         SQLITE_OK);
        sqlite3_bind_text(statement, 1, row->record, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, row->port);
        int step = sqlite3_step(statement);
        sqlite3_finalize(statement);
        sqlite3_close(db);
        return step == SQLITE_ROW;
}

unsigned row_number(const StateRow *row) {
        unsigned domain = 0;

        ck_assert_int_eq(sscanf(row->domain, "d%u", &domain), 1);
        return 2 * domain + (row->target[3] == '1');
}

static int row_check(const StateRow *row, void *userdata) {
        StateRow expected = row_make(row_number(row), 1);
        ck_assert_msg(row_equal(row, &expected), "%s %s is not what was written", row->record,
                      row->target);
        (*(int *)userdata)++;
        return 0;
}

int rows_check(State *state) {
        int n = 0;

        int r = state_each(state, SIZE_MAX, row_check, &n);
        return r < 0 ? r : n;
}

int on_row_count(const StateRow *row, void *userdata) {
        (*(unsigned *)userdata)++;
        return 0;
}

void wait_for(sd_event *event, const unsigned *counter, unsigned n) {
        while (*counter < n) {
                int r = sd_event_run(event, 10 * USEC_PER_SEC);
                ck_assert_msg(r > 0, "nothing happened: %d, at %u of %u", r, *counter, n);
        }
}

char *file_read(const char *path, size_t *ret_size) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat status;

        if (fd < 0)
                return NULL;
        ck_assert_int_eq(fstat(fd, &status), 0);
        char *bytes = malloc((size_t)status.st_size + 1);
        ck_assert_ptr_nonnull(bytes);
        ck_assert_int_eq(read(fd, bytes, (size_t)status.st_size), status.st_size);
        close(fd);
        *ret_size = (size_t)status.st_size;
        return bytes;
}

void file_write(const char *path, const char *bytes, size_t size) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, bytes, size), size);
        close(fd);
}

void file_execute_sql(const char *path, const char *sql) {
        sqlite3 *db = NULL;
        char *error = NULL;

        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &error) == SQLITE_OK, "%s: %s", sql, error);
        sqlite3_close(db);
}

static void sibling_path(const Scratch *scratch, const char *suffix, char path[static 120]) {
        (void)snprintf(path, 120, "%.90s%s", scratch->file, suffix);
}

void image_take(const Scratch *scratch, Image *ret_image) {
        char wal[120];

        *ret_image = (Image){};
        sibling_path(scratch, "-wal", wal);
        ret_image->bytes[0] = file_read(scratch->file, &ret_image->sizes[0]);
        ret_image->bytes[1] = file_read(wal, &ret_image->sizes[1]);
}

void image_free(Image *image) {
        free(image->bytes[0]);
        free(image->bytes[1]);
}

void image_put(Scratch *scratch, const Image *image) {
        char wal[120], shm[120];

        directory_remove(scratch->directory);
        state_close(scratch_open(scratch));
        sibling_path(scratch, "-wal", wal);
        file_write(scratch->file, image->bytes[0], image->sizes[0]);
        file_write(wal, image->bytes[1], image->sizes[1]);
        sibling_path(scratch, "-shm", shm);
        file_write(shm, image->bytes[0], image->sizes[0]);
}

void image_expect(const char *path, const Image *image) {
        char wal[200];
        size_t size;

        (void)snprintf(wal, sizeof(wal), "%s-wal", path);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_(freep) char *bytes = file_read(i ? wal : path, &size);
                ck_assert_uint_eq(bytes ? size : 0, image->sizes[i]);
                if (image->sizes[i] > 0)
                        ck_assert(memcmp(bytes, image->bytes[i], size) == 0);
        }
}

pid_t child_start(Scratch *scratch, void (*run)(int fd), int *ret_fd) {
        int fds[2];

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(fds[0]);
                ck_assert_int_ge(sd_event_new(&scratch->event), 0);
                run(fds[1]);
                _exit(1);
        }
        close(fds[1]);
        *ret_fd = fds[0];
        return pid;
}

void child_kill(pid_t pid) {
        int status;

        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status));
        ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}
