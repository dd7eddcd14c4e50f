/* A configuration on its way from files to Config: what config_load() and its checks share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/keys.h"
#include "config/list.h"
#include "config/report.h"

/* One [Host] while it is read. */
typedef struct HostSection {
        Host host;
        Source source;
        Source sets[_KEY_MAX];
} HostSection;

typedef struct Loader {
        const char *credentials_directory;
        ConfigReport *report;
        Config *config;
        Scope *global;
        struct ConfigOverrides *overrides;
        void *scopes;                 /* of tsearch(3): the same by name */
        Source config_sets[_KEY_MAX]; /* where the keys outside every Scope were set */
        PublishList list;
        HostSection *hosts; /* in the order of the files */
        size_t n_hosts;
        char **files;
        size_t n_files;
        int error; /* -ENOMEM is remembered here */

        /* Where the reader is. */
        const char *section; /* NULL: in one that is unknown, or in none */
        Scope *scope;
        HostSection *host;    /* NULL: not in a [Host] */
        const ConfigKey *key; /* whose value a continuation line goes on with */
        bool headless_said;

        /* An error may be the reason that there are no credentials, or that a domain is not in the
           list: then to say so as well would mislead. */
        bool doubt_credentials;
        bool doubt_list;
} Loader;

/* Adds to the report; the place's file and line come first. */
void loader_say(Loader *loader, int priority, Source source, const char *format, ...)
        _printf_(4, 5);

const char *loader_file(const Loader *loader, Source source);

/* True if the home domain, whatever it will be, may be published. */
bool loader_wants_home(const Loader *loader);

/* What holds for an entry of the list. */
static inline const Scope *loader_scope_of(const Loader *loader, const ListEntry *entry) {
        return entry->scope ? entry->scope : loader->global;
}

/* Reads one file after those before it; path is taken over, NULL stands for lack of memory. */
void loader_read(Loader *loader, char *path);

/* What can be judged only when every file is read: fills in what is inherited, resolves
   Security=, tries each key file and keytab, and reports contradictions. */
void loader_check(Loader *loader);
