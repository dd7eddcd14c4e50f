/* A hundred thousand domains take a tenth of a second to read and check: a thread does so, its own,
   for those of others may hang in a resolver. */

#include "daemon/loading.h"

#include <errno.h>
#include <stdlib.h>
#include <syslog.h>

#include "daemon/log.h"
#include "daemon/worker.h"
#include "lib/util.h"

typedef struct LoadingJob {
        Job job;
        Loading *loading;
        const char *file, *credentials_directory;
        Config *config;
        ConfigReport report;
} LoadingJob;

struct Loading {
        Worker *worker;
        const char *file;
        LoadingHandler handler;
        void *userdata;
        LoadingJob *job; /* NULL: it is not busy */
};

static void tell_report(const ConfigReport *report) {
        for (size_t i = 0; i < report->n_messages; i++)
                log_event(report->messages[i].priority <= LOG_ERR       ? LOG_KIND_CONFIG_ERROR
                          : report->messages[i].priority <= LOG_WARNING ? LOG_KIND_CONFIG_WARNING
                                                                        : LOG_KIND_CONFIG_NOTE,
                          NULL, "%s", report->messages[i].text);
}

int loading_now(const char *file, Config **ret_config) {
        ConfigReport report = {0};
        int r = config_load(file, getenv("CREDENTIALS_DIRECTORY"), ret_config, &report);

        tell_report(&report);
        config_report_done(&report);
        return r;
}

static void run_job(Job *job) {
        LoadingJob *j = (LoadingJob *)job;

        if (config_load(j->file, j->credentials_directory, &j->config, &j->report) < 0)
                j->config = NULL;
}

static void drop_job(Job *job) {
        LoadingJob *j = (LoadingJob *)job;

        (void)config_free(j->config);
        config_report_done(&j->report);
        free(j);
}

static void on_job(Job *job) {
        LoadingJob *j = (LoadingJob *)job;
        Loading *loading = j->loading;

        loading->job = NULL;
        tell_report(&j->report);
        loading->handler(TAKE_PTR(j->config), loading->userdata);
        drop_job(job);
}

int loading_new(sd_event *event, const char *file, LoadingHandler handler, void *userdata,
                Loading **ret_loading) {
        Loading *loading = calloc(1, sizeof(*loading));
        int r;

        if (!loading)
                return -ENOMEM;
        *loading = (Loading){.file = file, .handler = handler, .userdata = userdata};
        r = worker_new(event, 1, &loading->worker);
        if (r < 0)
                free(loading);
        else
                *ret_loading = loading;
        return r;
}

Loading *loading_free(Loading *loading) {
        if (!loading)
                return NULL;
        (void)worker_free(loading->worker);
        free(loading);
        return NULL;
}

bool loading_is_busy(const Loading *loading) {
        return loading->job;
}

int loading_begin(Loading *loading) {
        LoadingJob *j = calloc(1, sizeof(*j));
        int r;

        if (!j)
                return -ENOMEM;
        *j = (LoadingJob){
                .job = {.run = run_job, .on_done = on_job, .on_drop = drop_job},
                .loading = loading,
                .file = loading->file,
                .credentials_directory = getenv("CREDENTIALS_DIRECTORY"),
        };
        r = worker_submit(loading->worker, &j->job);
        if (r < 0)
                free(j);
        else
                loading->job = j;
        return r;
}
