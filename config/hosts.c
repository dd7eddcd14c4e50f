/*
 * [Host NAME]: a further host that is published in every domain beside the target.
 *
 * A host's name makes its section: the same name again goes on with the same host, so that no two
 * hosts are one offer (target and port). Only the configured target can be the same offer; a
 * target that is derived from the machine's name is not known here.
 *
 * All hosts stand in one message with the target, so their number is bounded, and small enough
 * that they are searched one by one.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "config/array.h"
#include "config/hosts.h"

/* name is taken over. NULL: no memory. */
static HostSection *host_new(Loader *loader, Source source, char *name) {
        if (array_reserve((void **)&loader->hosts, loader->n_hosts, sizeof(*loader->hosts)) < 0) {
                loader->error = -ENOMEM;
                free(name);
                return NULL;
        }
        HostSection *section = &loader->hosts[loader->n_hosts++];
        *section = (HostSection){.host.name = name, .source = source};
        return section;
}

HostSection *hosts_section(Loader *loader, Source source, const char *text) {
        _cleanup_(freep) char *name = NULL;
        char error[VALUE_ERROR_MAX] = "the host's full name is missing; such as "
                                      "[Host kms2.contoso.com]";

        text += strspn(text, " \t");
        int r = *text ? value_read_host(text, &name, error) : -EINVAL;
        if (r == -EINVAL)
                loader_say(loader, LOG_ERR, source, "[Host %s]: %s", text, error);
        else if (r < 0)
                loader->error = r;
        if (r < 0)
                return NULL;
        for (size_t i = 0; i < loader->n_hosts; i++)
                if (strcasecmp(loader->hosts[i].host.name, name) == 0)
                        return &loader->hosts[i];
        if (loader->n_hosts >= CONFIG_HOSTS_MAX) {
                loader_say(loader, LOG_ERR, source, "[Host %s]: too many hosts; at most %d", name,
                           CONFIG_HOSTS_MAX);
                return NULL;
        }
        return host_new(loader, source, TAKE_PTR(name));
}

static void host_inherit(const Loader *loader, HostSection *section) {
        for (const ConfigKey *key = NULL; (key = config_key_each(key));) {
                const void *base = key->in_domain ? (void *)loader->global : (void *)loader->config;
                if (key->in_host && section->sets[config_key_id(key)].line == 0)
                        memcpy((char *)&section->host + key->host_offset,
                               (const char *)base + key->offset, key->size);
        }
}

void hosts_check(Loader *loader) {
        Source target = loader->config_sets[KEY_TARGET];
        const Config *config = loader->config;

        for (size_t i = 0; i < loader->n_hosts; i++) {
                HostSection *section = &loader->hosts[i];
                host_inherit(loader, section);
                if (!config->target || target.refused || section->sets[KEY_PORT].refused ||
                    loader->config_sets[KEY_PORT].refused || section->host.port != config->port ||
                    strcasecmp(section->host.name, config->target) != 0)
                        continue;
                loader_say(loader, LOG_ERR, section->source,
                           "[Host %s]: Target= is the same host with the same port (%s:%u); "
                           "remove one of them",
                           section->host.name, loader_file(loader, target), target.line);
        }
}

int hosts_finish(Loader *loader) {
        Config *config = loader->config;

        if (loader->n_hosts == 0)
                return 0;
        config->hosts = calloc(loader->n_hosts, sizeof(*config->hosts));
        if (!config->hosts)
                return -ENOMEM;
        for (; config->n_hosts < loader->n_hosts; config->n_hosts++) {
                Host *host = &loader->hosts[config->n_hosts].host;
                config->hosts[config->n_hosts] = *host;
                host->name = NULL;
        }
        return 0;
}

void hosts_done(Loader *loader) {
        for (size_t i = 0; i < loader->n_hosts; i++)
                free(loader->hosts[i].host.name);
        free(TAKE_PTR(loader->hosts));
        loader->n_hosts = 0;
}
