/* The whole list comes in pages: no answer grows with the number of domains. Replies are kept, and
   strings are used where they stand in them. */

#include "daemon/ctl/publication.h"

#include <errno.h>
#include <string.h>

#include "daemon/ctl/bus-names.h"

enum {
        PAGE = 5000,
};

static char **free_strings(char **strings) {
        for (char **string = strings; string && *string; string++)
                free(*string);
        free(strings);
        return NULL;
}

static void publication_done(CtlPublication *publication) {
        publication->srv = free_strings(publication->srv);
        publication->notes = free_strings(publication->notes);
}

void publication_list_done(CtlPublicationList *list) {
        for (size_t i = 0; i < list->n; i++)
                publication_done(&list->publications[i]);
        for (size_t i = 0; i < list->n_replies; i++)
                (void)sd_bus_message_unref(list->replies[i]);
        free(list->publications);
        free(list->replies);
        *list = (CtlPublicationList){0};
}

static CtlPublication *list_add(CtlPublicationList *list) {
        if (list->n == list->n_allocated) {
                size_t n = list->n_allocated ? 2 * list->n_allocated : 16;
                CtlPublication *grown = realloc(list->publications, n * sizeof(*grown));

                if (!grown)
                        return NULL;
                list->publications = grown;
                list->n_allocated = n;
        }
        list->publications[list->n] = (CtlPublication){0};
        return &list->publications[list->n++];
}

/* The list owns the reply from here on. */
static int list_keep(CtlPublicationList *list, sd_bus_message *reply) {
        sd_bus_message **grown =
                realloc(list->replies, (list->n_replies + 1) * sizeof(*list->replies));

        if (!grown) {
                (void)sd_bus_message_unref(reply);
                return -ENOMEM;
        }
        list->replies = grown;
        list->replies[list->n_replies++] = reply;
        return 0;
}

/* One struct. 0 where there is no more. */
static int read_one(sd_bus_message *reply, CtlPublicationList *list) {
        CtlPublication *p;
        int r = sd_bus_message_enter_container(reply, 'r', BUS_PUBLICATION_TYPES);

        if (r <= 0)
                return r;
        p = list_add(list);
        if (!p)
                return -ENOMEM;
        if ((r = sd_bus_message_read(reply, "ss", &p->domain, &p->record)) < 0 ||
            (r = sd_bus_message_read_strv(reply, &p->srv)) < 0 ||
            (r = sd_bus_message_read(reply, "ssbtssstsuu", &p->state, &p->mode, &p->held,
                                     &p->since_usec, &p->zone, &p->server, &p->next, &p->next_usec,
                                     &p->error, &p->ttl, &p->n_foreign)) < 0 ||
            (r = sd_bus_message_read_strv(reply, &p->notes)) < 0 ||
            (r = sd_bus_message_exit_container(reply)) < 0)
                return r;
        return 1;
}

static int read_page(sd_bus_message *reply, CtlPublicationList *list) {
        int r = sd_bus_message_enter_container(reply, 'a', "(" BUS_PUBLICATION_TYPES ")");

        while (r > 0)
                r = read_one(reply, list);
        return r;
}

/* An empty page is behind the last one: a short one may only be full of long texts. */
static CtlExit read_all(Client *client, CtlPublicationList *list) {
        size_t n_before;

        do {
                const char *after = list->n ? list->publications[list->n - 1].record : "";
                sd_bus_message *reply;
                CtlExit status = client_call(client, &reply, "ListPublications", "su", after, PAGE);
                int r;

                if (status != CTL_OK)
                        return status;
                n_before = list->n;
                if ((r = list_keep(list, reply)) < 0 || (r = read_page(reply, list)) < 0)
                        return client_complain_of_reply(r);
        } while (list->n > n_before);
        return CTL_OK;
}

CtlExit publication_list_read(Client *client, const char *domain, CtlPublicationList *ret_list) {
        sd_bus_message *reply;
        CtlExit status;
        int r;

        *ret_list = (CtlPublicationList){0};
        if (!domain)
                return read_all(client, ret_list);
        status = client_call(client, &reply, "GetPublication", "s", domain);
        if (status != CTL_OK)
                return status;
        if ((r = list_keep(ret_list, reply)) < 0 || (r = read_one(reply, ret_list)) <= 0)
                return client_complain_of_reply(r < 0 ? r : -EBADMSG);
        return CTL_OK;
}

CtlExit publication_list_domains(const CtlPublicationList *list,
                                 bool (*is_meant)(const CtlPublication *publication),
                                 const char ***ret_domains, size_t *ret_n) {
        const char **domains = calloc(list->n + 1, sizeof(*domains));
        size_t n = 0;

        if (!domains)
                return ctl_complain(CTL_FAILED, "out of memory");
        for (size_t i = 0; i < list->n; i++)
                if (!is_meant || is_meant(&list->publications[i]))
                        domains[n++] = list->publications[i].domain;
        *ret_domains = domains;
        *ret_n = n;
        return CTL_OK;
}

bool publication_is_in_trouble(const CtlPublication *publication) {
        return strcmp(publication->state, "denied") == 0 ||
               strcmp(publication->state, "failed") == 0;
}
