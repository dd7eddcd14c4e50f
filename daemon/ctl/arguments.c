/* A verb, what it needs, and the options that it knows: an option that would have no effect is a
   mistake, and refused. Names may be typed in Unicode. */

#include "daemon/ctl/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/value.h"
#include "lib/util.h"

enum {
        OPTION_HELP = 256,
        OPTION_VERSION,
        OPTION_JSON,
        OPTION_NSUPDATE,
        OPTION_ALL,
        OPTION_FROM,
        OPTION_PORT,
        OPTION_YES,
        OPTION_TIMEOUT,
};

static const struct option OPTIONS[] = {
        {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"json", no_argument, NULL, OPTION_JSON},
        {"nsupdate", no_argument, NULL, OPTION_NSUPDATE},
        {"all", no_argument, NULL, OPTION_ALL},
        {"from", required_argument, NULL, OPTION_FROM},
        {"port", required_argument, NULL, OPTION_PORT},
        {"yes", no_argument, NULL, OPTION_YES},
        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
        {0},
};

typedef enum DomainUse {
        DOMAIN_NONE,
        DOMAIN_OPTIONAL,
        DOMAIN_OR_ALL, /* --all has to say so */
        DOMAIN_NEEDED,
} DomainUse;

#define TAKES(option) (1U << ((option)-OPTION_HELP))

static const struct {
        const char *name;
        DomainUse domain;
        unsigned options;
} VERBS[_VERB_MAX] = {
        [VERB_HELP] = {"help", DOMAIN_NONE, 0},
        [VERB_VERSION] = {"version", DOMAIN_NONE, 0},
        [VERB_STATUS] = {"status", DOMAIN_OPTIONAL, TAKES(OPTION_JSON) | TAKES(OPTION_TIMEOUT)},
        [VERB_PLAN] = {"plan", DOMAIN_OPTIONAL,
                       TAKES(OPTION_JSON) | TAKES(OPTION_NSUPDATE) | TAKES(OPTION_TIMEOUT)},
        [VERB_PUBLISH] = {"publish", DOMAIN_OPTIONAL, TAKES(OPTION_TIMEOUT)},
        [VERB_WITHDRAW] = {"withdraw", DOMAIN_OR_ALL, TAKES(OPTION_ALL) | TAKES(OPTION_TIMEOUT)},
        [VERB_FORGET] = {"forget", DOMAIN_NEEDED, TAKES(OPTION_TIMEOUT)},
        [VERB_TAKEOVER] = {"takeover", DOMAIN_NEEDED,
                           TAKES(OPTION_FROM) | TAKES(OPTION_PORT) | TAKES(OPTION_YES) |
                                   TAKES(OPTION_TIMEOUT)},
};

static int fail(char error[static ARGUMENTS_ERROR_MAX], const char *format, ...) _printf_(2, 3);

static int fail(char error[static ARGUMENTS_ERROR_MAX], const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(error, ARGUMENTS_ERROR_MAX, format, arguments);
        va_end(arguments);
        return -EINVAL;
}

static int read_number(const char *option, const char *text, uint64_t max, uint64_t *ret_number,
                       char error[static ARGUMENTS_ERROR_MAX]) {
        if (value_read_number(text, 1, max, ret_number) < 0)
                return fail(error, "--%s=%.40s: give a number from 1 to %llu", option, text,
                            (unsigned long long)max);
        return 0;
}

static int read_name(const char *what, const char *text, char **name,
                     char error[static ARGUMENTS_ERROR_MAX]) {
        char sentence[VALUE_ERROR_MAX] = "";
        int r;

        free(TAKE_PTR(*name));
        r = value_read_name(text, name, sentence);
        return r == -EINVAL ? fail(error, "%s: %s", what, sentence) : r;
}

static int take_option(int option, const char *text, Arguments *arguments,
                       char error[static ARGUMENTS_ERROR_MAX]) {
        uint64_t number = 0;
        int r = 0;

        switch (option) {
        case OPTION_JSON:
                arguments->json = true;
                break;
        case OPTION_NSUPDATE:
                arguments->nsupdate = true;
                break;
        case OPTION_ALL:
                arguments->all = true;
                break;
        case OPTION_YES:
                arguments->yes = true;
                break;
        case OPTION_FROM:
                return read_name("--from", text, &arguments->from, error);
        case OPTION_PORT:
                r = read_number("port", text, UINT16_MAX, &number, error);
                arguments->port = (uint16_t)number;
                break;
        case OPTION_TIMEOUT:
                r = read_number("timeout", text, 24 * 3600, &number, error);
                arguments->timeout_usec = number * USEC_PER_SEC;
                break;
        }
        return r;
}

/* Options in any order, before and behind the verb. */
static int take_options(int argc, char **argv, Arguments *arguments, unsigned *ret_seen,
                        char error[static ARGUMENTS_ERROR_MAX]) {
        unsigned seen = 0;
        int option, r;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":", OPTIONS, NULL)) != -1) {
                if (option == ':')
                        return fail(error, "%.80s: it needs a value", argv[optind - 1]);
                if (option == '?')
                        return fail(error, "%.80s: there is no such option", argv[optind - 1]);
                seen |= TAKES(option);
                r = take_option(option, optarg, arguments, error);
                if (r < 0)
                        return r;
        }
        *ret_seen = seen;
        return 0;
}

static int take_verb(const char *text, Verb *ret_verb, char error[static ARGUMENTS_ERROR_MAX]) {
        for (Verb verb = 0; verb < _VERB_MAX; verb++)
                if (strcmp(text, VERBS[verb].name) == 0) {
                        *ret_verb = verb;
                        return 0;
                }
        return fail(error, "\"%.80s\" is no command", text);
}

static int check_options(const Arguments *arguments, unsigned seen,
                         char error[static ARGUMENTS_ERROR_MAX]) {
        unsigned excess = seen & ~VERBS[arguments->verb].options;
        const char *verb = VERBS[arguments->verb].name;

        for (size_t i = 0; OPTIONS[i].name; i++)
                if (excess & TAKES(OPTIONS[i].val))
                        return fail(error, "%s knows no --%s", verb, OPTIONS[i].name);
        if (arguments->json && arguments->nsupdate)
                return fail(error, "--json or --nsupdate, not both");
        if (arguments->all && arguments->domain)
                return fail(error, "a domain or --all, not both");
        if (arguments->verb == VERB_TAKEOVER && !arguments->from)
                return fail(error, "takeover needs --from HOST: whose record is taken over");
        return 0;
}

static int take_domain(int argc, char **argv, Arguments *arguments,
                       char error[static ARGUMENTS_ERROR_MAX]) {
        DomainUse use = VERBS[arguments->verb].domain;
        const char *verb = VERBS[arguments->verb].name;
        int n = argc - optind;

        if (n > (use == DOMAIN_NONE ? 0 : 1))
                return fail(error, "\"%.80s\" is too much: %s", argv[argc - 1],
                            use == DOMAIN_NONE ? "it stands alone" : "one domain at a time");
        if (n == 1)
                return read_name(argv[optind], argv[optind], &arguments->domain, error);
        if (use == DOMAIN_NEEDED)
                return fail(error, "%s needs a domain", verb);
        if (use == DOMAIN_OR_ALL && !arguments->all)
                return fail(error, "%s needs a domain, or --all", verb);
        return 0;
}

static int parse(int argc, char **argv, Arguments *arguments,
                 char error[static ARGUMENTS_ERROR_MAX]) {
        unsigned seen = 0;
        int r = take_options(argc, argv, arguments, &seen, error);

        if (r < 0)
                return r;
        if (seen & (TAKES(OPTION_HELP) | TAKES(OPTION_VERSION))) {
                arguments->verb = seen & TAKES(OPTION_HELP) ? VERB_HELP : VERB_VERSION;
                return 0;
        }
        if (optind == argc)
                return fail(error, "what is to be done? One of status, plan, publish, withdraw, "
                                   "forget, takeover");
        if ((r = take_verb(argv[optind++], &arguments->verb, error)) < 0 ||
            (r = take_domain(argc, argv, arguments, error)) < 0)
                return r;
        return check_options(arguments, seen, error);
}

int arguments_parse(int argc, char **argv, Arguments *ret_arguments,
                    char error[static ARGUMENTS_ERROR_MAX]) {
        Arguments arguments = {0};
        int r = parse(argc, argv, &arguments, error);

        if (r < 0) {
                arguments_done(&arguments);
                return r;
        }
        *ret_arguments = arguments;
        return 0;
}

void arguments_done(Arguments *arguments) {
        free(TAKE_PTR(arguments->domain));
        free(TAKE_PTR(arguments->from));
}
