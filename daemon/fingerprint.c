/* FNV-1a over the wish. Texts end with their NUL, so that no two of them can be taken for another
   two.

   What a later version adds comes last, and only where it is used: holds that an earlier version
   wrote go on as they are. */

#include "daemon/fingerprint.h"

static uint64_t hash_number(uint64_t hash, uint64_t number) {
        return (hash ^ number) * UINT64_C(1099511628211) + 1;
}

/* NULL is as empty. */
static uint64_t hash_text(uint64_t hash, const char *text) {
        for (const char *c = text ? text : "";; c++) {
                hash = hash_number(hash, (uint8_t)*c);
                if (!*c)
                        return hash;
        }
}

static uint64_t hash_hosts(uint64_t hash, const Config *config) {
        for (size_t i = 0; i < config->n_hosts; i++) {
                hash = hash_text(hash, config->hosts[i].name);
                hash = hash_number(hash, config->hosts[i].port);
                hash = hash_number(hash, config->hosts[i].priority);
                hash = hash_number(hash, config->hosts[i].weight);
        }
        return hash;
}

uint64_t fingerprint_make(const Config *config, const Domain *domain) {
        const Settings *settings = domain->settings;
        uint64_t hash = hash_text(0, config->service);

        hash = hash_text(hash, config->target);
        hash = hash_text(hash, settings->zone);
        hash = hash_text(hash, settings->key_file);
        for (size_t i = 0; i < settings->n_servers; i++)
                hash = hash_number(hash_text(hash, settings->servers[i].host),
                                   settings->servers[i].port);
        hash = hash_hosts(hash, config);
        hash = hash_number(hash, config->port);
        hash = hash_number(hash, domain->priority);
        hash = hash_number(hash, domain->weight);
        hash = hash_number(hash, domain->ttl_sec);
        hash = hash_number(hash, settings->security);
        hash = hash_number(hash, settings->mode);
        hash = hash_number(hash, settings->claims);
        if (settings->security != SECURITY_GSS)
                return hash;
        hash = hash_text(hash, settings->keytab);
        hash = hash_text(hash, settings->principal);
        return hash_text(hash, settings->realm);
}
