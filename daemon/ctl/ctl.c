/* Complaints go to stderr, one line each, so that what is on stdout can be read by programs. */

#include "daemon/ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>

CtlExit ctl_complain(CtlExit status, const char *format, ...) {
        va_list arguments;

        (void)fflush(stdout);
        (void)fputs("srvpubctl: ", stderr);
        va_start(arguments, format);
        (void)vfprintf(stderr, format, arguments);
        va_end(arguments);
        (void)fputc('\n', stderr);
        return status;
}

uint64_t ctl_now_usec(clockid_t clock) {
        struct timespec now = {0};

        (void)clock_gettime(clock, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}
