/* gethostname(), and when that has no dot what getaddrinfo() calls its canonical name, as
   `hostname -f` does. "localhost" and names below it are no answer: they would be published. Names
   change, and come late at boot: while it is wanted it is looked at again, now and then. A passing
   trouble of the resolver is no reason to forget a name. */

#include "daemon/fqdn.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/name.h"
#include "lib/util.h"

#define KNOWN_USEC (5 * USEC_PER_MINUTE)
#define UNKNOWN_USEC (20 * USEC_PER_SEC)

typedef struct FqdnJob {
        Job job;
        Fqdn *fqdn;
        char name[FQDN_MAX];
        char text[FQDN_ERROR_MAX];
} FqdnJob;

struct Fqdn {
        sd_event *event;
        Worker *worker;
        FqdnHandler handler;
        void *userdata;
        FqdnJob *job;
        sd_event_source *timer;
        bool is_wanted;
        char *name; /* NULL: not known */
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

static void look(Fqdn *fqdn);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        look(userdata);
        return 0;
}

static void arm(Fqdn *fqdn) {
        fqdn->timer = sd_event_source_disable_unref(fqdn->timer);
        if (fqdn->is_wanted)
                (void)sd_event_add_time_relative(fqdn->event, &fqdn->timer, CLOCK_BOOTTIME,
                                                 fqdn->name ? KNOWN_USEC : UNKNOWN_USEC,
                                                 USEC_PER_SEC, on_timer, fqdn);
}

static void on_job(Job *job) {
        _cleanup_(freep) FqdnJob *j = (FqdnJob *)job;
        Fqdn *fqdn = j->fqdn;
        bool is_news = j->name[0] && (!fqdn->name || strcasecmp(fqdn->name, j->name) != 0);

        fqdn->job = NULL;
        if (is_news) {
                free(fqdn->name);
                fqdn->name = strdup(j->name);
        }
        arm(fqdn);
        if (is_news || !fqdn->name)
                fqdn->handler(is_news ? NULL : j->text, fqdn->userdata);
}

static void look(Fqdn *fqdn) {
        FqdnJob *j;

        arm(fqdn); /* should this look come to nothing */
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

void fqdn_want(Fqdn *fqdn, bool is_wanted) {
        fqdn->is_wanted = is_wanted;
        if (is_wanted)
                look(fqdn);
        else
                arm(fqdn);
}

const char *fqdn_name(const Fqdn *fqdn) {
        return fqdn->name;
}

int fqdn_new(sd_event *event, Worker *worker, FqdnHandler handler, void *userdata,
             Fqdn **ret_fqdn) {
        Fqdn *fqdn = calloc(1, sizeof(*fqdn));

        if (!fqdn)
                return -ENOMEM;
        *fqdn = (Fqdn){.event = sd_event_ref(event),
                       .worker = worker,
                       .handler = handler,
                       .userdata = userdata};
        *ret_fqdn = fqdn;
        return 0;
}

Fqdn *fqdn_free(Fqdn *fqdn) {
        if (!fqdn)
                return NULL;
        if (fqdn->job)
                worker_cancel(fqdn->worker, &fqdn->job->job);
        (void)sd_event_source_disable_unref(fqdn->timer);
        (void)sd_event_unref(fqdn->event);
        free(fqdn->name);
        free(fqdn);
        return NULL;
}
