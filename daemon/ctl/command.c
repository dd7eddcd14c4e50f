/* srvpubctl publish, withdraw, forget: of one domain or, several at a time, of all. A line tells
   for each what came of it; the daemon answers when its pass has ended. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/ctl/command.h"
#include "daemon/ctl/commands.h"
#include "daemon/ctl/publication.h"

static CtlExit on_outcome(const char *domain, sd_bus_message *reply, void *userdata) {
        const char *state, *text;
        int well, r = sd_bus_message_read(reply, "bss", &well, &state, &text);

        if (r <= 0)
                return client_complain_of_reply(r < 0 ? r : -EBADMSG);
        if (!well)
                return ctl_complain(CTL_FAILED, "%s: %s%s%s", domain, state, text[0] ? ": " : "",
                                    text);
        (void)printf("%s: %s%s%s\n", domain, state, text[0] ? ": " : "", text);
        return CTL_OK;
}

CtlExit command_print_outcome(const char *domain, sd_bus_message *reply) {
        return on_outcome(domain, reply, NULL);
}

static CtlExit call(Client *client, const char *member, const char *const domains[], size_t n) {
        return client_call_many(client, &(ClientBatch){.member = member,
                                                       .domains = domains,
                                                       .n_domains = n,
                                                       .on_reply = on_outcome});
}

static CtlExit call_all(Client *client, const char *member,
                        bool (*is_meant)(const CtlPublication *publication)) {
        _cleanup_(freep) const char **domains = NULL;
        CtlPublicationList list;
        CtlExit status = publication_list_read(client, NULL, &list);
        size_t n = 0;

        if (status == CTL_OK)
                status = publication_list_domains(&list, is_meant, &domains, &n);
        if (status == CTL_OK && n == 0)
                (void)puts("There is nothing to do.");
        else if (status == CTL_OK)
                status = call(client, member, domains, n);
        publication_list_done(&list);
        return status;
}

/* Not what is only being withdrawn, because it has left the list. */
static bool is_wanted(const CtlPublication *publication) {
        return publication->held || (publication->srv && publication->srv[0]);
}

static bool is_wanted_still(const CtlPublication *publication) {
        return !publication->held && is_wanted(publication);
}

static CtlExit call_one_or_all(Client *client, const char *member, const Arguments *arguments,
                               bool (*is_meant)(const CtlPublication *publication)) {
        const char *domain = arguments->domain;

        return domain ? call(client, member, &domain, 1) : call_all(client, member, is_meant);
}

CtlExit ctl_publish(Client *client, const Arguments *arguments) {
        return call_one_or_all(client, "Publish", arguments, is_wanted);
}

CtlExit ctl_withdraw(Client *client, const Arguments *arguments) {
        return call_one_or_all(client, "Withdraw", arguments, is_wanted_still);
}

CtlExit ctl_forget(Client *client, const Arguments *arguments) {
        return call_one_or_all(client, "Forget", arguments, NULL);
}
