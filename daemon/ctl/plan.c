/* srvpubctl plan: what the daemon would send now, after a fresh look that changes nothing; for one
   domain or all, for people, for nsupdate, or as JSON. */

#include "daemon/ctl/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/ctl/bus-names.h"
#include "daemon/ctl/commands.h"
#include "daemon/ctl/json.h"
#include "daemon/ctl/publication.h"

typedef struct Output {
        const Arguments *arguments;
        size_t n_printed;
} Output;

CtlExit plan_read(sd_bus_message *reply, CtlPlan *ret_plan) {
        int r = sd_bus_message_read(reply, BUS_PLAN_TYPES, &ret_plan->well, &ret_plan->domain,
                                    &ret_plan->record, &ret_plan->zone, &ret_plan->server,
                                    &ret_plan->verdict, &ret_plan->text, &ret_plan->script,
                                    &ret_plan->takes_over);

        return r <= 0 ? client_complain_of_reply(r < 0 ? r : -EBADMSG) : CTL_OK;
}

void plan_print(const CtlPlan *plan) {
        (void)printf("%s at %s (zone %s): %s\n", plan->record, plan->server, plan->zone,
                     plan->verdict);
        for (const char *line = plan->text; *line; line += strspn(line, "\n")) {
                size_t length = strcspn(line, "\n");

                (void)printf("    %.*s\n", (int)length, line);
                line += length;
        }
}

static void print_script(const CtlPlan *plan) {
        if (plan->script[0])
                (void)printf("; %s at %s\n%s", plan->record, plan->server, plan->script);
        else
                (void)printf("; %s: %s at %s, nothing to send\n", plan->record, plan->verdict,
                             plan->server);
}

static json_t *json_of_plan(const CtlPlan *plan) {
        return json_pack("{sb ss ss ss ss ss ss ss}", "well", plan->well, "domain", plan->domain,
                         "record", plan->record, "zone", plan->zone, "server", plan->server,
                         "verdict", plan->verdict, "text", plan->text, "script", plan->script);
}

static CtlExit on_plan(const char *domain, sd_bus_message *reply, void *userdata) {
        Output *output = userdata;
        const Arguments *arguments = output->arguments;
        CtlPlan plan;
        CtlExit status = plan_read(reply, &plan);

        if (status != CTL_OK)
                return status;
        if (arguments->json) {
                if (json_print(json_of_plan(&plan), output->n_printed++ == 0,
                               arguments->domain != NULL) < 0)
                        return client_complain_of_reply(-ENOMEM);
                return plan.well ? CTL_OK : CTL_FAILED;
        }
        if (!plan.well)
                return ctl_complain(CTL_FAILED, "%s: %s", domain, plan.text);
        if (arguments->nsupdate)
                print_script(&plan);
        else
                plan_print(&plan);
        return CTL_OK;
}

CtlExit ctl_plan(Client *client, const Arguments *arguments) {
        Output output = {.arguments = arguments};
        bool is_array = arguments->json && !arguments->domain;
        _cleanup_(freep) const char **domains = NULL;
        CtlPublicationList list;
        CtlExit status = publication_list_read(client, arguments->domain, &list);
        size_t n = 0;

        if (status == CTL_OK)
                status = publication_list_domains(&list, NULL, &domains, &n);
        if (status == CTL_OK) {
                if (is_array)
                        (void)putchar('[');
                status = client_call_many(client, &(ClientBatch){.member = "GetPlan",
                                                                 .domains = domains,
                                                                 .n_domains = n,
                                                                 .is_plan = true,
                                                                 .on_reply = on_plan,
                                                                 .userdata = &output});
                if (is_array)
                        (void)fputs("\n]\n", stdout);
        }
        publication_list_done(&list);
        return status;
}
