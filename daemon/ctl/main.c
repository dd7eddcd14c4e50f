/* srvpubctl(1): what the daemon does, and what it is to do now. */

#include <stdio.h>
#include <string.h>

#include "daemon/ctl/arguments.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/commands.h"

/* Looks are quick, passes may take several servers' time-outs. */
#define READ_TIMEOUT_USEC (25 * USEC_PER_SEC)
#define PASS_TIMEOUT_USEC (90 * USEC_PER_SEC)

static void print_help(void) {
        (void)puts(
                "srvpubctl shows and changes what srvpubd does.\n"
                "\n"
                "  status [DOMAIN]       how each domain fares, or all about one\n"
                "  plan [DOMAIN]         what would be sent now\n"
                "  publish [DOMAIN]      look at it now; publish what was withdrawn by command\n"
                "  withdraw DOMAIN       take the record away until it is published by command\n"
                "  forget DOMAIN         give up a withdrawal that is still to be made\n"
                "  takeover DOMAIN       put our record in the place of another host's\n"
                "\n"
                "  --json                status, plan: for programs\n"
                "  --nsupdate            plan: as a script for nsupdate\n"
                "  --all                 withdraw: every domain\n"
                "  --from HOST           takeover: whose record goes\n"
                "  --port N              takeover: its port, if it is not ours\n"
                "  --yes                 takeover: do not ask\n"
                "  --timeout SECONDS     how long to wait for each answer (90; status: 25)\n"
                "  --version\n"
                "  --help\n"
                "\n"
                "Exit status: 0 ok, 1 something failed, 2 usage, 3 srvpubd does not run or there "
                "is no\n"
                "bus, 4 not permitted.");
}

static CtlExit speak(const Arguments *arguments) {
        static CtlExit (*const commands[_VERB_MAX])(Client *, const Arguments *) = {
                [VERB_STATUS] = ctl_status,   [VERB_PLAN] = ctl_plan,
                [VERB_PUBLISH] = ctl_publish, [VERB_WITHDRAW] = ctl_withdraw,
                [VERB_FORGET] = ctl_forget,   [VERB_TAKEOVER] = ctl_takeover,
        };
        uint64_t timeout_usec = arguments->timeout_usec          ? arguments->timeout_usec
                                : arguments->verb == VERB_STATUS ? READ_TIMEOUT_USEC
                                                                 : PASS_TIMEOUT_USEC;
        Client *client;
        CtlExit status = client_open(timeout_usec, &client);

        if (status != CTL_OK)
                return status;
        status = commands[arguments->verb](client, arguments);
        (void)client_close(client);
        return status;
}

static CtlExit carry_out(const Arguments *arguments) {
        CtlExit status = CTL_OK;

        if (arguments->verb == VERB_HELP)
                print_help();
        else if (arguments->verb == VERB_VERSION)
                (void)puts("srvpubctl " SRVPUBD_VERSION);
        else
                status = speak(arguments);
        if (fflush(stdout) != 0 || ferror(stdout))
                return ctl_complain(status == CTL_OK ? CTL_FAILED : status,
                                    "not all could be written to the standard output");
        return status;
}

int main(int argc, char **argv) {
        char error[ARGUMENTS_ERROR_MAX] = "out of memory";
        Arguments arguments;
        CtlExit status;

        if (arguments_parse(argc, argv, &arguments, error) < 0)
                return ctl_complain(CTL_USAGE, "%s; see srvpubctl --help", error);
        status = carry_out(&arguments);
        arguments_done(&arguments);
        return status;
}
