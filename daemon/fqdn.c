/* gethostname(), and when that has no dot what getaddrinfo() calls its canonical name, as
   `hostname -f` does. "localhost" and names below it are no answer: they would be published. */

#include "daemon/fqdn.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/name.h"
#include "lib/util.h"

typedef struct FqdnJob {
        Job job;
        Fqdn *fqdn;
        char name[256];
        char text[400];
} FqdnJob;

struct Fqdn {
        Worker *worker;
        FqdnHandler handler;
        void *userdata;
        FqdnJob *job;
};

static bool is_fqdn(const char *text) {
        Name name;

        return name_from_text(text, &name) == 0 && name_labels(&name) >= 2 &&
               strncasecmp(text, "localhost.", strlen("localhost.")) != 0;
}

static void find_name(FqdnJob *job) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
        struct addrinfo *list = NULL;
        char host[256] = "";
        int r;

        if (gethostname(host, sizeof(host) - 1) < 0) {
                (void)snprintf(job->text, sizeof(job->text), "gethostname: %s", strerror(errno));
                return;
        }
        /* An administrator who puts the whole name there means it: no resolver is asked. */
        if (strchr(host, '.')) {
                strcpy(job->name, host);
        } else if ((r = getaddrinfo(host, NULL, &hints, &list)) != 0) {
                (void)snprintf(job->text, sizeof(job->text), "host name \"%s\": %s", host,
                               gai_strerror(r));
        } else {
                (void)snprintf(job->name, sizeof(job->name), "%s",
                               list->ai_canonname ? list->ai_canonname : "");
        }
        if (list)
                freeaddrinfo(list);
        job->name[strcspn(job->name, "\n")] = '\0';
        if (job->name[0] && job->name[strlen(job->name) - 1] == '.')
                job->name[strlen(job->name) - 1] = '\0';
        if (job->name[0] && !is_fqdn(job->name)) {
                (void)snprintf(job->text, sizeof(job->text),
                               "this machine is called \"%s\", which is no fully qualified name",
                               job->name);
                job->name[0] = '\0';
        }
}

static void run_job(Job *job) {
        find_name((FqdnJob *)job);
}

static void drop_job(Job *job) {
        free(job);
}

static void on_job(Job *job) {
        FqdnJob *j = (FqdnJob *)job;
        Fqdn *fqdn = j->fqdn;

        fqdn->job = NULL;
        fqdn->handler(j->name[0] ? j->name : NULL, j->text, fqdn->userdata);
        free(j);
}

void fqdn_look(Fqdn *fqdn) {
        FqdnJob *j;

        if (fqdn->job)
                return;
        j = calloc(1, sizeof(*j));
        if (!j)
                return;
        j->job = (Job){.run = run_job, .on_done = on_job, .on_drop = drop_job};
        j->fqdn = fqdn;
        if (worker_submit(fqdn->worker, &j->job) < 0)
                free(j);
        else
                fqdn->job = j;
}

int fqdn_new(sd_event *event, Worker *worker, FqdnHandler handler, void *userdata,
             Fqdn **ret_fqdn) {
        Fqdn *fqdn = calloc(1, sizeof(*fqdn));

        if (!fqdn)
                return -ENOMEM;
        *fqdn = (Fqdn){.worker = worker, .handler = handler, .userdata = userdata};
        fqdn_look(fqdn);
        *ret_fqdn = fqdn;
        return 0;
}

Fqdn *fqdn_free(Fqdn *fqdn) {
        if (!fqdn)
                return NULL;
        if (fqdn->job)
                worker_cancel(fqdn->worker, &fqdn->job->job);
        free(fqdn);
        return NULL;
}
