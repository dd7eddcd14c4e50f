/* The report that reading a configuration fills: "FILE:LINE: text", one line each. */
#pragma once

#include "config/config.h"
#include "lib/util.h"

enum {
        REPORT_KEPT_MAX = 500, /* errors, and of what is none; what is over it is counted */
};

/* Adds a message; line 0 speaks of the whole file. Control characters of the input come out as
   '?'. 0 or -ENOMEM; counted among the errors in each case. */
int report_add(ConfigReport *report, int priority, const char *file, unsigned line,
               const char *format, ...) _printf_(5, 6);

/* Says how many were not kept, if any were. */
int report_finish(ConfigReport *report, const char *file);
