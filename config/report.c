/*
 * The report: what is wrong with a configuration, a line for each finding, in the order found.
 *
 * A file with a wrong separator has as many errors as lines, and the loop tells them in one turn:
 * the number of messages kept is bounded, of errors and others apart, so that neither hides the
 * other. Messages quote the file, which may hold anything: no control character of it reaches
 * a terminal or the journal.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <syslog.h>

#include "config/array.h"
#include "config/report.h"

static void text_clean(char *text) {
        for (unsigned char *c = (unsigned char *)text; *c; c++)
                if (*c < 0x20 || *c == 0x7f)
                        *c = '?';
}

/* Takes text over. */
static int report_append(ConfigReport *report, int priority, char *text) {
        int r = array_reserve((void **)&report->messages, report->n_messages,
                              sizeof(*report->messages));
        if (r < 0) {
                free(text);
                return r;
        }
        report->messages[report->n_messages++] = (ConfigMessage){priority, text};
        return 0;
}

int report_add(ConfigReport *report, int priority, const char *file, unsigned line,
               const char *format, ...) {
        _cleanup_(freep) char *body = NULL;
        char number[16] = "";
        char *text;
        va_list arguments;

        if ((*(priority == LOG_ERR ? &report->n_errors : &report->n_others))++ >= REPORT_KEPT_MAX)
                return 0;

        va_start(arguments, format);
        int r = vasprintf(&body, format, arguments);
        va_end(arguments);
        if (r < 0) {
                body = NULL;
                return -ENOMEM;
        }
        if (line > 0)
                snprintf(number, sizeof(number), ":%u", line);
        if (asprintf(&text, "%s%s: %s", file, number, body) < 0)
                return -ENOMEM;
        text_clean(text);
        return report_append(report, priority, text);
}

/* Of n, which are called so. */
static int report_count(ConfigReport *report, int priority, const char *file, size_t n,
                        const char *what) {
        char *text;

        if (n <= REPORT_KEPT_MAX)
                return 0;
        if (asprintf(&text, "%s: %zu more %s", file, n - REPORT_KEPT_MAX, what) < 0)
                return -ENOMEM;
        text_clean(text);
        return report_append(report, priority, text);
}

int report_finish(ConfigReport *report, const char *file) {
        int r = report_count(report, LOG_ERR, file, report->n_errors, "errors");

        return r < 0 ? r
                     : report_count(report, LOG_WARNING, file, report->n_others,
                                    "warnings and notes");
}

void config_report_done(ConfigReport *report) {
        for (size_t i = 0; i < report->n_messages; i++)
                free(report->messages[i].text);
        free(report->messages);
        *report = (ConfigReport){0};
}
