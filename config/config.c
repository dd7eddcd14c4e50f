/*
 * From srvpubd.conf and its drop-ins to a Config, or to a report of what is wrong with them.
 *
 * The main file comes first, then FILE.d/ *.conf in the order of their names; a missing main file
 * is an error, a missing directory is not. The loader reads each, loader_check() judges what they
 * say together, and what both leave is moved into the Config here.
 */
#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "config/hosts.h"
#include "config/loader.h"

enum {
        FILES_MAX = 1000,
};

static int drop_in_filter(const struct dirent *entry) {
        size_t length = strlen(entry->d_name);

        return entry->d_name[0] != '.' && length > 5 &&
               strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static int drop_in_compare(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static void loader_read_drop_ins(Loader *loader, const char *directory) {
        struct dirent **names = NULL;
        int r = 0;

        int n = scandir(directory, &names, drop_in_filter, drop_in_compare);
        if (n < 0 && errno == ENOMEM)
                r = -ENOMEM;
        else if (n < 0 && errno != ENOENT)
                r = report_add(loader->report, LOG_ERR, directory, 0, "%s", strerror(errno));
        /* A directory given by mistake, /etc say, is not read through. */
        if (n > FILES_MAX)
                r = report_add(loader->report, LOG_ERR, directory, 0, "%d files; at most %d", n,
                               FILES_MAX);
        for (int i = 0; i < n; i++) {
                char *path = NULL;
                if (n <= FILES_MAX && asprintf(&path, "%s/%s", directory, names[i]->d_name) < 0)
                        loader->error = -ENOMEM;
                else if (n <= FILES_MAX)
                        loader_read(loader, path);
                free(names[i]);
        }
        free(names);
        if (r < 0)
                loader->error = r;
}

static int loader_init(Loader *loader) {
        loader->config = calloc(1, sizeof(*loader->config));
        if (!loader->config)
                return -ENOMEM;
        loader->overrides = calloc(1, sizeof(*loader->overrides));
        loader->config->overrides = loader->overrides;
        if (!loader->overrides)
                return -ENOMEM;
        for (const ConfigKey *key = NULL; (key = config_key_each(key));)
                if (!key->in_domain) {
                        int r = config_key_reset(key, loader->config);
                        if (r < 0)
                                return r;
                }
        return scope_new(NULL, (Source){0}, &loader->global);
}

static void node_keep(void *scope) {
        (void)scope;
}

/* Leaves the Config alone, good or not: the scopes in it share its settings from here on. */
static void loader_done(Loader *loader) {
        struct ConfigOverrides *overrides = loader->overrides;

        for (size_t i = 0; overrides && i < overrides->n_scopes; i++)
                free(TAKE_PTR(overrides->scopes[i]->sets));
        if (loader->global) {
                loader->config->settings = loader->global->settings;
                loader->global->settings = (Settings){0};
        }
        scope_free(loader->global, NULL);
        tdestroy(loader->scopes, node_keep);
        list_done(&loader->list);
        hosts_done(loader);
        for (size_t i = 0; i < loader->n_files; i++)
                free(loader->files[i]);
        free(loader->files);
}

/* The entry's name moves into the domain. */
static Domain domain_make(const Config *config, ListEntry *entry) {
        const Scope *scope = entry->scope;

        /* The line of the list first, then [Domain], then [Service]. */
        return (Domain){
                .name = TAKE_PTR(entry->name),
                .priority = entry->has_priority ? entry->priority
                            : scope             ? scope->priority
                                                : config->priority,
                .weight = entry->has_weight ? entry->weight
                          : scope           ? scope->weight
                                            : config->weight,
                .ttl_sec = scope ? scope->ttl_sec : config->ttl_sec,
                .settings = scope ? &scope->settings : &config->settings,
        };
}

static int loader_finish(Loader *loader) {
        Config *config = loader->config;
        PublishList *list = &loader->list;

        config->priority = loader->global->priority;
        config->weight = loader->global->weight;
        config->ttl_sec = loader->global->ttl_sec;
        int r = hosts_finish(loader);
        if (r < 0 || list->n_by_name == 0)
                return r;
        config->domains = calloc(list->n_by_name, sizeof(*config->domains));
        if (!config->domains)
                return -ENOMEM;
        for (size_t i = 0; i < list->n_entries; i++)
                if (list->entries[i].name)
                        config->domains[config->n_domains++] =
                                domain_make(config, &list->entries[i]);
        return 0;
}

static int loader_run(Loader *loader, const char *file) {
        _cleanup_(freep) char *directory = NULL;

        int r = loader_init(loader);
        if (r < 0)
                return r;
        if (asprintf(&directory, "%s.d", file) < 0) {
                directory = NULL;
                return -ENOMEM;
        }
        loader_read(loader, strdup(file));
        loader_read_drop_ins(loader, directory);
        if (loader->error == 0)
                loader_check(loader);
        if (loader->error < 0)
                return loader->error;
        if (loader->report->n_errors > 0)
                return -EINVAL;
        return loader_finish(loader);
}

int config_load(const char *file, const char *credentials_directory, Config **ret_config,
                ConfigReport *ret_report) {
        Loader loader = {.credentials_directory = credentials_directory, .report = ret_report};

        *ret_report = (ConfigReport){0};
        int r = loader_run(&loader, file);
        if (report_finish(ret_report, file) < 0)
                r = -ENOMEM;
        loader_done(&loader);
        if (r < 0) {
                config_free(loader.config);
                return r;
        }
        *ret_config = loader.config;
        return 0;
}

Config *config_free(Config *config) {
        if (!config)
                return NULL;
        for (size_t i = 0; config->overrides && i < config->overrides->n_scopes; i++)
                scope_free(config->overrides->scopes[i], &config->settings);
        if (config->overrides)
                free(config->overrides->scopes);
        free(config->overrides);
        for (size_t i = 0; i < config->n_domains; i++)
                free(config->domains[i].name);
        free(config->domains);
        for (size_t i = 0; i < config->n_hosts; i++)
                free(config->hosts[i].name);
        free(config->hosts);
        settings_done(&config->settings, NULL);
        free(config->service);
        free(config->target);
        free(config->resolvers);
        free(config);
        return NULL;
}

bool config_same_resolvers(const Config *a, const Config *b) {
        if (a->n_resolvers != b->n_resolvers)
                return false;
        for (size_t i = 0; i < a->n_resolvers; i++)
                if (strcmp(a->resolvers[i].host, b->resolvers[i].host) != 0 ||
                    a->resolvers[i].port != b->resolvers[i].port)
                        return false;
        return true;
}

static bool is_listed(const Config *config, const char *name) {
        for (size_t i = 0; i < config->n_domains; i++)
                if (strcasecmp(config->domains[i].name, name) == 0)
                        return true;
        return false;
}

bool config_home_domain(const Config *config, const char *home, Domain *ret_domain) {
        const struct ConfigOverrides *overrides = config->overrides;
        const Scope *scope = NULL;

        if (config->include_home_domain == HOME_DOMAIN_NO ||
            (config->include_home_domain == HOME_DOMAIN_AUTO && config->n_domains > 0) ||
            is_listed(config, home))
                return false;
        for (size_t i = 0; i < overrides->n_scopes && !scope; i++)
                if (strcasecmp(overrides->scopes[i]->name, home) == 0)
                        scope = overrides->scopes[i];
        *ret_domain = (Domain){
                .name = (char *)home,
                .priority = scope ? scope->priority : config->priority,
                .weight = scope ? scope->weight : config->weight,
                .ttl_sec = scope ? scope->ttl_sec : config->ttl_sec,
                .settings = scope ? &scope->settings : &config->settings,
        };
        return true;
}

const char *config_domains_text(const Config *config, char text[static CONFIG_DOMAINS_TEXT_MAX]) {
        static const char *const names[_SECURITY_MAX] = {
                [SECURITY_NONE] = "unsigned",
                [SECURITY_TSIG] = "tsig",
                [SECURITY_GSS] = "gss-tsig",
        };
        size_t n[_SECURITY_MAX] = {0}, length;
        const char *separator = " (";

        for (size_t i = 0; i < config->n_domains; i++)
                n[config->domains[i].settings->security]++;
        length = (size_t)snprintf(text, CONFIG_DOMAINS_TEXT_MAX, "%zu domain%s", config->n_domains,
                                  config->n_domains == 1 ? "" : "s");
        for (int i = 0; i < _SECURITY_MAX; i++)
                if (n[i] > 0) {
                        length += (size_t)snprintf(text + length, CONFIG_DOMAINS_TEXT_MAX - length,
                                                   "%s%zu %s", separator, n[i], names[i]);
                        separator = ", ";
                }
        if (separator[0] == ',')
                (void)snprintf(text + length, CONFIG_DOMAINS_TEXT_MAX - length, ")");
        return text;
}
