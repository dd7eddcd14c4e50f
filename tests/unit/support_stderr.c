/* See support_stderr.h. */
#include "tests/unit/support_stderr.h"

#include <check.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log.h"

enum {
        LINES_MAX = 40000,
};

static int memory = -1, real_stderr = -1;

void stderr_catch(int log_level) {
        (void)fflush(stderr);
        memory = memfd_create("stderr", MFD_CLOEXEC);
        real_stderr = dup(STDERR_FILENO);
        ck_assert(memory >= 0 && real_stderr >= 0);
        ck_assert_int_ge(dup2(memory, STDERR_FILENO), 0);
        log_init(log_level);
}

void stderr_release(void) {
        ck_assert_int_ge(dup2(real_stderr, STDERR_FILENO), 0);
        close(memory);
        close(real_stderr);
        memory = real_stderr = -1;
}

const char *stderr_told(void) {
        static char lines[LINES_MAX];
        ssize_t size = pread(memory, lines, sizeof(lines) - 1, 0);

        ck_assert_int_ge(size, 0);
        lines[size] = '\0';
        ck_assert_int_eq(ftruncate(memory, 0), 0);
        ck_assert_int_eq(lseek(memory, 0, SEEK_SET), 0);
        return lines;
}
