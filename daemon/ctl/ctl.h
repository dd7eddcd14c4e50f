/* What all of srvpubctl shares: how it ends, and how it complains. */
#pragma once

#include <time.h>

#include "lib/util.h"

typedef enum CtlExit {
        CTL_OK = 0,
        CTL_FAILED = 1,
        CTL_USAGE = 2,
        CTL_NO_DAEMON = 3, /* it does not run, or there is no bus */
        CTL_NOT_PERMITTED = 4,
} CtlExit;

/* One line on stderr, after the program's name. Returns the status, for the caller to return. */
CtlExit ctl_complain(CtlExit status, const char *format, ...) _printf_(2, 3);

uint64_t ctl_now_usec(clockid_t clock);
