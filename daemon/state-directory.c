/* The state directory: nothing in it is opened by SQLite before it was looked at here.
 *
 * The lock is a flock() on a file of its own, since SQLite's locks on state.db come and go. A
 * state.db is born under another name and renamed when its tables are durable, so one that is
 * empty or has no tables was damaged, not interrupted. What is set aside keeps its -wal beside it:
 * together they are what sqlite3(1) needs to look at them.
 */
#include "daemon/state-directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/private-file.h"
#include "daemon/state-file.h"
#include "lib/util.h"

#define NEW_NAME "state.db.new"

/* What SQLite keeps beside a database; a -journal is not ours, but would be played back. */
static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};

static int directory_lock(StateDirectory *directory, char **ret_error) {
        directory->lock_fd = openat(directory->fd, "lock",
                                    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (directory->lock_fd < 0)
                return private_file_fail(ret_error, -errno, "cannot open %s/lock: %s",
                                         directory->path, strerror(errno));
        if (flock(directory->lock_fd, LOCK_EX | LOCK_NB) >= 0)
                return 0;
        if (errno == EWOULDBLOCK)
                return private_file_fail(ret_error, -EBUSY,
                                         "another srvpubd uses the state directory %s",
                                         directory->path);
        return private_file_fail(ret_error, -errno, "cannot lock %s/lock: %s", directory->path,
                                 strerror(errno));
}

/* A new directory is durable when its parent is. */
static void parent_sync(int fd) {
        int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (parent < 0)
                return;
        (void)fsync(parent);
        close(parent);
}

static int directory_prepare(const char *path, StateDirectory *directory, char **ret_error) {
        bool made = mkdir(path, 0700) >= 0;
        struct stat status;

        if (!made && errno != EEXIST)
                return private_file_fail(ret_error, -errno,
                                         "cannot make the state directory %s: %s", path,
                                         strerror(errno));
        directory->path = realpath(path, NULL);
        if (directory->path)
                directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory->fd < 0 || fstat(directory->fd, &status) < 0)
                return private_file_fail(ret_error, -errno,
                                         "cannot open the state directory %s: %s", path,
                                         strerror(errno));
        if (asprintf(&directory->file, "%s/" STATE_FILE_NAME, directory->path) < 0) {
                directory->file = NULL;
                return private_file_fail(ret_error, -ENOMEM, "out of memory opening %s", path);
        }
        if (status.st_mode & S_IWOTH)
                return private_file_fail(
                        ret_error, -EPERM,
                        "the state directory %s can be written by every user (mode %04o)", path,
                        status.st_mode & 07777);
        if (made)
                parent_sync(directory->fd);
        return 0;
}

int state_directory_open(const char *path, StateDirectory *ret_directory, char **ret_error) {
        StateDirectory directory = {.fd = -1, .lock_fd = -1};

        int r = directory_prepare(path, &directory, ret_error);
        if (r >= 0)
                r = directory_lock(&directory, ret_error);
        if (r < 0) {
                state_directory_done(&directory);
                return r;
        }
        *ret_directory = directory;
        return 0;
}

void state_directory_done(StateDirectory *directory) {
        if (directory->lock_fd >= 0)
                close(directory->lock_fd);
        if (directory->fd >= 0)
                close(directory->fd);
        free(directory->file);
        free(directory->path);
        *directory = (StateDirectory){.fd = -1, .lock_fd = -1};
}

int state_directory_find_file(StateDirectory *directory, bool *ret_found, char **ret_error) {
        int fd;
        int r = private_file_open(directory->fd, STATE_FILE_NAME, directory->file, &fd, ret_error);

        if (r == 0)
                close(fd);
        if (r < 0 && r != -ENOENT)
                return r;
        *ret_found = r == 0;
        return 0;
}

int state_directory_set_aside(StateDirectory *directory, const char *why, char **ret_path,
                              char **ret_error) {
        char name[NAME_MAX], from[NAME_MAX], to[NAME_MAX + 16];
        char *path;

        int r = private_file_free_name(directory->fd, STATE_FILE_NAME, why, name);
        for (size_t i = 0; i < ELEMENTSOF(suffixes) && r >= 0; i++) {
                (void)snprintf(from, sizeof(from), STATE_FILE_NAME "%s", suffixes[i]);
                (void)snprintf(to, sizeof(to), "%s%s", name, suffixes[i]);
                if (renameat(directory->fd, from, directory->fd, to) < 0 && errno != ENOENT)
                        r = -errno;
        }
        if (r >= 0 && fsync(directory->fd) < 0)
                r = -errno;
        if (r < 0)
                return private_file_fail(ret_error, r, "cannot set %s aside: %s", directory->file,
                                         strerror(-r));
        if (asprintf(&path, "%s/%s", directory->path, name) < 0)
                return private_file_fail(ret_error, -ENOMEM, "out of memory opening %s",
                                         directory->file);
        *ret_path = path;
        return 0;
}

/* Left by an attempt that was killed, or of a state.db that is gone: it must not be played back. */
static void remove_leftovers(int fd) {
        char name[NAME_MAX];

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                (void)snprintf(name, sizeof(name), STATE_FILE_NAME "%s", suffixes[i]);
                if (i > 0)
                        (void)unlinkat(fd, name, 0);
                (void)snprintf(name, sizeof(name), NEW_NAME "%s", suffixes[i]);
                (void)unlinkat(fd, name, 0);
        }
}

int state_directory_make_file(StateDirectory *directory, char **ret_error) {
        _cleanup_(freep) char *path = NULL;

        remove_leftovers(directory->fd);
        if (asprintf(&path, "%s/" NEW_NAME, directory->path) < 0) {
                path = NULL;
                return private_file_fail(ret_error, -ENOMEM, "out of memory making %s",
                                         directory->file);
        }
        int fd = openat(directory->fd, NEW_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return private_file_fail(ret_error, -errno, "cannot make %s: %s", path,
                                         strerror(errno));
        close(fd);
        int r = state_file_create(path, ret_error);
        if (r < 0)
                return r;
        if (renameat(directory->fd, NEW_NAME, directory->fd, STATE_FILE_NAME) < 0 ||
            fsync(directory->fd) < 0)
                return private_file_fail(ret_error, -errno, "cannot make %s: %s", directory->file,
                                         strerror(errno));
        return 0;
}
