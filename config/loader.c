/*
 * What a line means: the reader's events -> values in a Scope, the Config, a host or the publish
 * list.
 *
 * Each value is read and judged where it stands; the later one wins, lists append, an empty value
 * takes back what was said before. Reading goes on after every error, so that one run shows them
 * all; but what follows from an error (a [Section] that nobody knows, the lines that continue a
 * refused one) is not told as a second one.
 */
#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "config/array.h"
#include "config/hosts.h"
#include "config/loader.h"
#include "config/reader.h"

const char *loader_file(const Loader *loader, Source source) {
        return loader->files[source.file];
}

void loader_say(Loader *loader, int priority, Source source, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        int r = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (r < 0) {
                text = NULL;
                loader->error = -ENOMEM;
                return;
        }
        r = report_add(loader->report, priority, loader_file(loader, source), source.line, "%s",
                       text);
        if (r < 0)
                loader->error = r;
}

bool loader_wants_home(const Loader *loader) {
        switch (loader->config->include_home_domain) {
        case HOME_DOMAIN_YES:
                return true;
        case HOME_DOMAIN_NO:
                return false;
        case HOME_DOMAIN_AUTO:
        case _HOME_DOMAIN_MAX:
                break;
        }
        return loader->list.n_entries == 0;
}

static Source loader_source(const Loader *loader, unsigned line) {
        return (Source){.file = (uint16_t)(loader->n_files - 1), .line = line};
}

static int scope_compare(const void *a, const void *b) {
        return strcasecmp(((const Scope *)a)->name, ((const Scope *)b)->name);
}

/* The scope of [Domain name], the same for each such section. */
static int scope_find_or_new(Loader *loader, const char *name, Source source, Scope **ret_scope) {
        struct ConfigOverrides *overrides = loader->overrides;
        const Scope wanted = {.name = (char *)name};
        Scope **found = tfind(&wanted, &loader->scopes, scope_compare);
        Scope *scope;

        if (found) {
                *ret_scope = *found;
                return 0;
        }
        int r = array_reserve((void **)&overrides->scopes, overrides->n_scopes, sizeof(scope));
        if (r < 0)
                return r;
        r = scope_new(name, source, &scope);
        if (r < 0)
                return r;
        if (!tsearch(scope, &loader->scopes, scope_compare)) {
                scope_free(scope, NULL);
                return -ENOMEM;
        }
        overrides->scopes[overrides->n_scopes++] = *ret_scope = scope;
        return 0;
}

/* text is what stands behind "Domain" in the brackets. */
static void section_domain(Loader *loader, Source source, const char *text) {
        _cleanup_(freep) char *name = NULL;
        char error[VALUE_ERROR_MAX];

        text += strspn(text, " \t");
        int r = value_read_name(text, &name, error);
        if (r == 0)
                r = scope_find_or_new(loader, name, source, &loader->scope);
        if (r == 0) {
                loader->section = "Domain";
        } else if (r == -EINVAL) {
                loader_say(loader, LOG_ERR, source, "[Domain %s]: %s", text, error);
                loader->doubt_credentials = true;
        } else {
                loader->error = r;
        }
}

static void on_section(void *userdata, unsigned line, const char *name) {
        Source source = loader_source(userdata, line);
        Loader *loader = userdata;
        char advice[VALUE_ERROR_MAX];

        loader->headless_said = true;
        loader->section = NULL;
        loader->key = NULL;
        loader->host = NULL;
        loader->scope = loader->global;
        if (!name)
                return;
        if (strncmp(name, "Domain", 6) == 0 && strchr(" \t", name[6])) {
                section_domain(loader, source, name + 6);
        } else if (strncmp(name, "Host", 4) == 0 && strchr(" \t", name[4])) {
                loader->host = hosts_section(loader, source, name + 4);
                loader->section = loader->host ? "Host" : NULL;
        } else if (config_section_exists(name)) {
                for (const ConfigKey *key = NULL; (key = config_key_each(key));)
                        if (strcmp(key->section, name) == 0)
                                loader->section = key->section;
        } else {
                loader_say(loader, LOG_ERR, source, "[%s]: unknown section; %s", name,
                           config_section_advice(name, advice));
                loader->doubt_credentials = loader->doubt_list = true;
        }
}

static void on_fault(void *userdata, unsigned line, const char *text) {
        Loader *loader = userdata;

        loader_say(loader, LOG_ERR, loader_source(loader, line), "%s", text);
        loader->doubt_credentials = loader->doubt_list = true;
}

/* Where the key was set, in the section that is read. */
static Source *loader_place(Loader *loader, const ConfigKey *key) {
        Source *sets = loader->host     ? loader->host->sets
                       : key->in_domain ? loader->scope->sets
                                        : loader->config_sets;

        return &sets[config_key_id(key)];
}

/* A value that was refused, or a key that nobody knows: what may be missing now because of it? */
static void loader_doubt(Loader *loader, const ConfigKey *key) {
        ConfigKeyId id = key ? config_key_id(key) : _KEY_MAX;

        if (key)
                loader_place(loader, key)->refused = true;
        if (!key || id == KEY_KEY_FILE || id == KEY_KEYTAB || id == KEY_SECURITY)
                loader->doubt_credentials = true;
        if (!key || id == KEY_PUBLISH_LIST || id == KEY_INCLUDE_HOME_DOMAIN)
                loader->doubt_list = true;
}

/* The key of a line, or NULL when it has been refused. */
static const ConfigKey *loader_key(Loader *loader, Source source, const char *name) {
        const ConfigKey *key = config_key_find(loader->section, name);
        char advice[VALUE_ERROR_MAX];

        if (!key) {
                loader_say(loader, LOG_ERR, source, "%s=: no key of [%s]; %s", name,
                           loader->section, config_key_advice(loader->section, name, advice));
                loader_doubt(loader, NULL);
        }
        return key;
}

/* A line that starts with a blank goes on with the list before it, and with nothing else. */
static bool continuation_fits(Loader *loader, Source source, const char *value) {
        const ConfigKey *key = loader->key;

        if (key->kind != KEY_SCALAR && key->kind != KEY_TEXT && *value != '[' &&
            !strchr(value, '='))
                return true;
        loader_say(loader, LOG_ERR, source,
                   "a line that starts with a blank goes on with %s= before it; write keys and "
                   "sections without a blank in front, and a value in one line",
                   key->name);
        loader_doubt(loader, NULL);
        return false;
}

static int loader_set(Loader *loader, const ConfigKey *key, Source source, const char *value,
                      char error[static VALUE_ERROR_MAX]) {
        void *base = key->in_domain ? (void *)loader->scope : (void *)loader->config;
        void *slot = loader->host ? (char *)&loader->host->host + key->host_offset
                                  : (char *)base + key->offset;
        Source *set = loader_place(loader, key);
        int r;

        if (*value == '\0' && config_key_id(key) == KEY_TARGET) {
                snprintf(error, VALUE_ERROR_MAX,
                         "empty; a host name is needed, or no Target= at "
                         "all for this machine's");
                return -EINVAL;
        }
        if (*value == '\0') {
                *set = (Source){0};
                if (key->kind == KEY_DOMAINS)
                        list_done(&loader->list);
                return loader->host ? 0 : config_key_reset(key, base);
        }
        if (key->kind == KEY_DOMAINS)
                r = list_append(&loader->list, value, source, error);
        else
                r = key->read(key, value, slot, error);
        if (r == 0 || key->kind == KEY_ENDPOINTS) /* which keeps what stands before a bad one */
                *set = source;
        return r;
}

static void on_value(void *userdata, unsigned line, const char *name, const char *value,
                     bool continued) {
        Source source = loader_source(userdata, line);
        char error[VALUE_ERROR_MAX] = "";
        Loader *loader = userdata;

        if (!loader->section) {
                if (!loader->headless_said)
                        on_fault(loader, line, "a key before the first [Section]");
                loader->headless_said = true;
                return;
        }
        if (!continued)
                loader->key = loader_key(loader, source, name);
        if (!loader->key || (continued && !continuation_fits(loader, source, value)))
                return;
        int r = loader_set(loader, loader->key, source, value, error);
        if (r == -EINVAL) {
                loader_say(loader, LOG_ERR, source, "%s=%s: %s", loader->key->name, value, error);
                loader_doubt(loader, loader->key);
        } else if (r < 0) {
                loader->error = r;
        }
}

void loader_read(Loader *loader, char *path) {
        static const ReaderEvents events = {on_section, on_value, on_fault};

        if (!path || array_reserve((void **)&loader->files, loader->n_files, sizeof(path)) < 0) {
                loader->error = -ENOMEM;
                free(path);
                return;
        }
        loader->files[loader->n_files++] = path;
        loader->section = NULL;
        loader->scope = loader->global;
        loader->key = NULL;
        loader->headless_said = false;
        int r = reader_run(path, &events, loader);
        if (r == -ENOMEM)
                loader->error = r;
        else if (r == -EINVAL)
                on_fault(loader, 0, "not a regular file");
        else if (r < 0)
                on_fault(loader, 0, strerror(-r));
}
