/* Reads a TSIG key file into memory, has it parsed, and wipes what was read. Of a keytab only the
   beginning is read: 5 and the format's version, which is 2 (1 is in the byte order of the machine
   that wrote it; nothing has written it for decades).

   The file is opened before it is looked at, so that what is checked is what is read: a regular
   file within TSIG_KEY_FILE_MAX. O_NONBLOCK keeps a FIFO from stopping the daemon. A group may read
   it (root:srvpubd 0640 is how it is meant to lie there); others should not. */
#include "config/key-file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"

typedef struct Buffer {
        size_t size;
        char text[TSIG_KEY_FILE_MAX + 1]; /* one more tells a file that is too long */
} Buffer;

static void buffer_wipe(Buffer *buffer) {
        OPENSSL_cleanse(buffer, sizeof(*buffer));
}

static void closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}

static int open_regular(const char *path, struct stat *ret_status, int *ret_fd,
                        char error[static KEY_FILE_ERROR_MAX]) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat status;
        if (fd < 0 || fstat(fd, &status) < 0) {
                int r = -errno;
                (void)snprintf(error, KEY_FILE_ERROR_MAX, "%s: cannot be opened: %s", path,
                               strerror(-r));
                return r;
        }
        if (!S_ISREG(status.st_mode)) {
                (void)snprintf(error, KEY_FILE_ERROR_MAX, "%s: is not a regular file", path);
                return -EINVAL;
        }
        *ret_status = status;
        *ret_fd = fd;
        fd = -1;
        return 0;
}

static int read_all(int fd, Buffer *buffer) {
        while (buffer->size < sizeof(buffer->text)) {
                ssize_t n =
                        read(fd, buffer->text + buffer->size, sizeof(buffer->text) - buffer->size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                buffer->size += n;
        }
        return 0;
}

int key_file_load(const char *path, TsigKey *ret_key, bool *ret_others_read,
                  char error[static KEY_FILE_ERROR_MAX]) {
        _cleanup_(closep) int fd = -1;
        _cleanup_(buffer_wipe) Buffer buffer = {};
        TsigKeyError parse_error;
        struct stat status;

        int r = open_regular(path, &status, &fd, error);
        if (r < 0)
                return r;
        r = read_all(fd, &buffer);
        if (r < 0) {
                (void)snprintf(error, KEY_FILE_ERROR_MAX, "%s: cannot be read: %s", path,
                               strerror(-r));
                return r;
        }
        r = tsig_key_parse(buffer.text, buffer.size, ret_key, &parse_error);
        if (r == -EINVAL)
                (void)snprintf(error, KEY_FILE_ERROR_MAX, "%s:%u: %s", path, parse_error.line,
                               parse_error.text);
        else if (r < 0)
                (void)snprintf(error, KEY_FILE_ERROR_MAX, "%s: %s", path, strerror(-r));
        if (r < 0)
                return r;
        *ret_others_read = status.st_mode & S_IROTH;
        return 0;
}

int keytab_file_check(const char *path, bool *ret_others_read,
                      char error[static KEY_FILE_ERROR_MAX]) {
        static const unsigned char magic[] = {5, 2};
        _cleanup_(closep) int fd = -1;
        unsigned char start[sizeof(magic)];
        struct stat status;

        int r = open_regular(path, &status, &fd, error);
        if (r < 0)
                return r;
        ssize_t n = read(fd, start, sizeof(start));
        if (n < 0) {
                r = -errno;
                (void)snprintf(error, KEY_FILE_ERROR_MAX, "%s: cannot be read: %s", path,
                               strerror(-r));
                return r;
        }
        const char *fault = n < (ssize_t)sizeof(magic) || memcmp(start, magic, sizeof(magic)) != 0
                                    ? "is not a keytab"
                            : status.st_size == (off_t)sizeof(magic) ? "there is no key in it"
                            : status.st_size > KEYTAB_FILE_MAX ? "is longer than a keytab can be"
                                                               : NULL;
        if (fault) {
                (void)snprintf(error, KEY_FILE_ERROR_MAX, "%s: %s", path, fault);
                return -EINVAL;
        }
        *ret_others_read = status.st_mode & S_IROTH;
        return 0;
}
