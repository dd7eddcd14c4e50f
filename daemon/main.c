/* srvpubd(8): reads argv and runs the manager. */

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <syslog.h>

#include "daemon/log.h"
#include "daemon/manager.h"

#define CONFIG_FILE SRVPUBD_SYSCONFDIR "/srvpubd/srvpubd.conf"
#define STATE_DIRECTORY "/var/lib/srvpubd"

typedef enum Verb {
        VERB_RUN,
        VERB_CHECK_CONFIG,
        VERB_DONE,
} Verb;

static void print_help(void) {
        (void)puts("srvpubd keeps an SRV record present and correct in every domain of a list.\n"
                   "\n"
                   "  --config FILE          read FILE and FILE.d/*.conf (" CONFIG_FILE ")\n"
                   "  --state-directory DIR  remember there what is published (" STATE_DIRECTORY
                   ")\n"
                   "  --once                 one pass over everything, then end\n"
                   "  --dry-run              print what would be sent, change nothing\n"
                   "  --check-config         read the configuration, say what is wrong with it\n"
                   "  --log-level LEVEL      err, warning, notice, info or debug\n"
                   "  --version\n"
                   "  --help\n"
                   "\n"
                   "Exit status: 0 ok, 1 something failed, 2 usage, 78 configuration.");
}

static int parse_log_level(const char *text) {
        static const struct {
                const char *name;
                int level;
        } levels[] = {
                {"err", LOG_ERR},   {"warning", LOG_WARNING}, {"notice", LOG_NOTICE},
                {"info", LOG_INFO}, {"debug", LOG_DEBUG},
        };

        for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
                if (strcmp(text, levels[i].name) == 0)
                        return levels[i].level;
        (void)fprintf(stderr, "srvpubd: --log-level=%s: use err, warning, notice, info or debug\n",
                      text);
        return -EINVAL;
}

static int parse_arguments(int argc, char **argv, ManagerOptions *options, Verb *ret_verb) {
        enum { CONFIG = 256, STATE, ONCE, DRY_RUN, CHECK, LEVEL, VERSION, HELP };
        static const struct option long_options[] = {
                {"config", required_argument, NULL, CONFIG},
                {"state-directory", required_argument, NULL, STATE},
                {"once", no_argument, NULL, ONCE},
                {"dry-run", no_argument, NULL, DRY_RUN},
                {"check-config", no_argument, NULL, CHECK},
                {"log-level", required_argument, NULL, LEVEL},
                {"version", no_argument, NULL, VERSION},
                {"help", no_argument, NULL, HELP},
                {0},
        };
        int c;

        *ret_verb = VERB_RUN;
        while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
                switch (c) {
                case CONFIG:
                        options->config_file = optarg;
                        break;
                case STATE:
                        options->state_directory = optarg;
                        break;
                case ONCE:
                        options->once = true;
                        break;
                case DRY_RUN:
                        options->dry_run = true;
                        break;
                case CHECK:
                        *ret_verb = VERB_CHECK_CONFIG;
                        break;
                case LEVEL:
                        options->log_level = parse_log_level(optarg);
                        if (options->log_level < 0)
                                return -EINVAL;
                        break;
                case VERSION:
                        (void)puts("srvpubd " SRVPUBD_VERSION);
                        *ret_verb = VERB_DONE;
                        return 0;
                case HELP:
                        print_help();
                        *ret_verb = VERB_DONE;
                        return 0;
                default:
                        return -EINVAL;
                }
        }
        if (optind < argc) {
                (void)fprintf(stderr, "srvpubd: \"%s\" is no option\n", argv[optind]);
                return -EINVAL;
        }
        return 0;
}

int main(int argc, char **argv) {
        const char *state_directory = getenv("STATE_DIRECTORY");
        ManagerOptions options = {
                .config_file = CONFIG_FILE,
                .state_directory = state_directory ? state_directory : STATE_DIRECTORY,
                .log_level = -1,
        };
        Verb verb;
        int r;

        if (parse_arguments(argc, argv, &options, &verb) < 0) {
                (void)fputs("srvpubd: see srvpubd --help\n", stderr);
                return EXIT_USAGE;
        }
        if (verb == VERB_DONE)
                return EXIT_OK;
        /* What is large goes back at once when it is freed: glibc would learn to keep it. */
        (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
        /* Keys and tickets are in memory: they go into no core file, and no other process of the
           same user reads them. */
        (void)prctl(PR_SET_DUMPABLE, 0);
        log_init(options.log_level < 0 ? LOG_INFO : options.log_level);
        r = verb == VERB_CHECK_CONFIG ? manager_check_config(&options) : manager_run(&options);
        log_done();
        return r;
}
