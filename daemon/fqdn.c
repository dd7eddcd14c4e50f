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
        char name[FQDN_MAX];
        char text[FQDN_ERROR_MAX];
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

bool fqdn_find(char name[static FQDN_MAX], char error[static FQDN_ERROR_MAX]) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
        struct addrinfo *list = NULL;
        char host[FQDN_MAX] = "";
        int r;

        if (gethostname(host, sizeof(host) - 1) < 0) {
                (void)snprintf(error, FQDN_ERROR_MAX, "gethostname: %s", strerror(errno));
                return false;
        }
        /* An administrator who puts the whole name there means it: no resolver is asked. */
        if (strchr(host, '.')) {
                strcpy(name, host);
        } else if ((r = getaddrinfo(host, NULL, &hints, &list)) != 0) {
                (void)snprintf(error, FQDN_ERROR_MAX, "host name \"%s\": %s", host,
                               gai_strerror(r));
                return false;
        } else {
                (void)snprintf(name, FQDN_MAX, "%s", list->ai_canonname ? list->ai_canonname : "");
                freeaddrinfo(list);
        }
        name[strcspn(name, "\n")] = '\0';
        if (name[0] && name[strlen(name) - 1] == '.')
                name[strlen(name) - 1] = '\0';
        if (is_fqdn(name))
                return true;
        (void)snprintf(error, FQDN_ERROR_MAX,
                       "this machine is called \"%s\", which is no fully qualified name", name);
        return false;
}

static void run_job(Job *job) {
        FqdnJob *j = (FqdnJob *)job;

        if (!fqdn_find(j->name, j->text))
                j->name[0] = '\0';
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
