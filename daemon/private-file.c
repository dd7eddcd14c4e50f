/* Files in the state directory: what is opened is looked at first.
 *
 * The directory may have been made by anyone, restored from a backup or filled by a package of
 * another name: a file in it is ours only if it is a regular one, of our user, and no link leads
 * elsewhere. A pipe must not make us wait.
 */
#include "daemon/private-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int private_file_fail(char **ret_error, int error, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(ret_error, format, arguments) < 0)
                *ret_error = NULL;
        va_end(arguments);
        return error;
}

static int file_check(int fd, const char *path, char **ret_error) {
        struct stat status;

        if (fstat(fd, &status) < 0)
                return private_file_fail(ret_error, -errno, "cannot look at %s: %s", path,
                                         strerror(errno));
        if (!S_ISREG(status.st_mode))
                return private_file_fail(ret_error, -EINVAL, "%s is not a regular file", path);
        if (status.st_uid != geteuid())
                return private_file_fail(
                        ret_error, -EPERM,
                        "%s belongs to the user %u, but srvpubd runs as the user %u", path,
                        status.st_uid, geteuid());
        if ((status.st_mode & 0177) && fchmod(fd, 0600) < 0)
                return private_file_fail(ret_error, -errno, "cannot make %s private: %s", path,
                                         strerror(errno));
        return 0;
}

int private_file_open(int directory_fd, const char *name, const char *path, int *ret_fd,
                      char **ret_error) {
        int fd = openat(directory_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT)
                return -ENOENT;
        if (fd < 0 && errno == ELOOP)
                return private_file_fail(ret_error, -ELOOP,
                                         "%s is a symbolic link; it must be a file", path);
        if (fd < 0)
                return private_file_fail(ret_error, -errno, "cannot open %s: %s", path,
                                         strerror(errno));
        int r = file_check(fd, path, ret_error);
        if (r < 0) {
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

int private_file_free_name(int directory_fd, const char *name, const char *why,
                           char ret_name[static NAME_MAX]) {
        for (long long when = time(NULL), end = when + 100000; when < end; when++) {
                (void)snprintf(ret_name, NAME_MAX, "%s.%s-%lld", name, why, when);
                if (faccessat(directory_fd, ret_name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                        return errno == ENOENT ? 0 : -errno;
        }
        return -EEXIST;
}
