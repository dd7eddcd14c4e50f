/* What [Update] and [Ownership], or one [Domain], say: the values and where each was set. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "lib/util.h"

/* A place in the files; line 0: nowhere. */
typedef struct Source {
        uint32_t line;
        uint16_t file;
        bool refused; /* of a key: a later value was refused; what is in force is not judged */
} Source;

typedef enum SecurityWord {
        SECURITY_WORD_AUTO,
        SECURITY_WORD_NONE,
        SECURITY_WORD_TSIG,
        SECURITY_WORD_GSS,
        _SECURITY_WORD_MAX,
} SecurityWord;

typedef struct Scope {
        char *name; /* of the [Domain]; NULL: the global one */
        Source source;
        Source *sets; /* by ConfigKeyId; only while reading */
        Settings settings;
        SecurityWord security;
        bool no_key; /* a key or keytab is wanted and there is none */
        uint16_t priority;
        uint16_t weight;
        uint32_t ttl_sec;
} Scope;

/* What stays of the [Domain] sections in a Config. */
struct ConfigOverrides {
        Scope **scopes;
        size_t n_scopes;
};

/* name is copied; NULL for the global scope, which starts with the defaults. -ENOMEM. */
int scope_new(const char *name, Source source, Scope **ret_scope);

/* Strings and lists that are the global scope's own (global may be NULL) are left to it. */
Scope *scope_free(Scope *scope, const Settings *global);

/* Takes what a [Domain] does not set from the global scope; pointers are shared from then on. */
void scope_inherit(Scope *scope, const Scope *global);

void settings_done(Settings *settings, const Settings *global);
