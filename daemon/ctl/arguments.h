/* The command line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum Verb {
        VERB_HELP,
        VERB_VERSION,
        VERB_STATUS,
        VERB_PLAN,
        VERB_PUBLISH,
        VERB_WITHDRAW,
        VERB_FORGET,
        VERB_TAKEOVER,
        _VERB_MAX,
} Verb;

/* Names are A-labels, the arguments' own (arguments_done()). */
typedef struct Arguments {
        Verb verb;
        char *domain; /* NULL: all */
        char *from;
        uint16_t port; /* 0: not given */
        bool json;
        bool nsupdate;
        bool all;
        bool yes;
        uint64_t timeout_usec; /* 0: not given */
} Arguments;

enum {
        ARGUMENTS_ERROR_MAX = 600,
};

/* -EINVAL with a sentence in error; -ENOMEM. To be called once a process, or with optind = 0. */
int arguments_parse(int argc, char **argv, Arguments *ret_arguments,
                    char error[static ARGUMENTS_ERROR_MAX]);
void arguments_done(Arguments *arguments);
