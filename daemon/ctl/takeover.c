/* srvpubctl takeover: another host's record goes and ours comes, in one message. What will happen
   is shown first, and whether that host still offers the service; then it takes a person's yes, or
   a script's --yes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/ctl/command.h"
#include "daemon/ctl/commands.h"
#include "daemon/ctl/plan.h"
#include "daemon/ctl/probe.h"
#include "daemon/ctl/publication.h"

#define PROBE_USEC (3 * USEC_PER_SEC)

/* The port whose record is meant: as given, else the one that we publish. */
static CtlExit find_port(Client *client, const Arguments *arguments, uint16_t *ret_port) {
        CtlPublicationList list;
        unsigned port = arguments->port;
        CtlExit status = CTL_OK;

        if (port == 0) {
                status = publication_list_read(client, arguments->domain, &list);
                if (status == CTL_OK &&
                    (!list.publications[0].srv || !list.publications[0].srv[0] ||
                     sscanf(list.publications[0].srv[0], "%*u %*u %u", &port) != 1 ||
                     port > UINT16_MAX))
                        status = ctl_complain(CTL_FAILED,
                                              "nothing is published at %s whose port could be "
                                              "meant: give --port",
                                              arguments->domain);
                publication_list_done(&list);
        }
        *ret_port = (uint16_t)port;
        return status;
}

static CtlExit show(Client *client, const Arguments *arguments, uint16_t port) {
        sd_bus_message *reply;
        CtlPlan plan;
        CtlExit status = client_call(client, &reply, "GetPlan", "ssq", arguments->domain,
                                     arguments->from, (int)port);

        if (status != CTL_OK)
                return status;
        status = plan_read(reply, &plan);
        if (status == CTL_OK && !plan.well)
                status = ctl_complain(CTL_FAILED, "%s: %s", arguments->domain, plan.text);
        else if (status == CTL_OK && !plan.takes_over)
                status = ctl_complain(CTL_FAILED,
                                      "%s has no record with port %u at %s, and no claim: there is "
                                      "nothing to take over",
                                      arguments->from, port, plan.record);
        else if (status == CTL_OK)
                plan_print(&plan);
        (void)sd_bus_message_unref(reply);
        return status;
}

static void tell_whether_alive(const char *host, uint16_t port) {
        char text[PROBE_TEXT_MAX];

        if (probe_answers(host, port, PROBE_USEC, text))
                (void)printf("%s still answers on port %u.\n", host, port);
        else
                (void)printf("%s does not answer on port %u (%s).\n", host, port, text);
}

static CtlExit confirm(const Arguments *arguments) {
        char answer[16] = "";

        if (arguments->yes)
                return CTL_OK;
        if (!isatty(STDIN_FILENO))
                return ctl_complain(CTL_USAGE, "nothing was changed: there is no terminal to ask "
                                               "on; say --yes to take over without being asked");
        (void)printf("Take over from %s? [y/N] ", arguments->from);
        (void)fflush(stdout);
        if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
                return CTL_OK;
        return ctl_complain(CTL_FAILED, "nothing was changed");
}

CtlExit ctl_takeover(Client *client, const Arguments *arguments) {
        sd_bus_message *reply;
        uint16_t port = 0;
        CtlExit status = find_port(client, arguments, &port);

        if (status == CTL_OK)
                status = show(client, arguments, port);
        if (status != CTL_OK)
                return status;
        tell_whether_alive(arguments->from, port);
        status = confirm(arguments);
        if (status == CTL_OK)
                status = client_call(client, &reply, "Takeover", "ssq", arguments->domain,
                                     arguments->from, (int)port);
        if (status != CTL_OK)
                return status;
        status = command_print_outcome(arguments->domain, reply);
        (void)sd_bus_message_unref(reply);
        return status;
}
