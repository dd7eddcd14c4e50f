/* A hash of everything that says what is published for a domain, where and how; not of times and
   intervals. It is kept in the state: what it covers, and in which order, must not change. */

#include "daemon/fingerprint.h"

/* FNV-1a over what came before and this. */
static uint64_t hash_number(uint64_t hash, uint64_t number) {
        return (hash ^ number) * UINT64_C(1099511628211) + 1;
}

static uint64_t hash_text(uint64_t hash, const char *text) {
        do
                hash = hash_number(hash, (uint8_t)*text);
        while (*text++);
        return hash;
}

uint64_t fingerprint_of(const Config *config, const Domain *domain) {
        const Settings *settings = domain->settings;
        uint64_t hash = hash_text(0, config->service);

        hash = hash_text(hash, config->target ? config->target : "");
        hash = hash_text(hash, settings->zone ? settings->zone : "");
        hash = hash_text(hash, settings->key_file ? settings->key_file : "");
        for (size_t i = 0; i < settings->n_servers; i++)
                hash = hash_number(hash_text(hash, settings->servers[i].host),
                                   settings->servers[i].port);
        for (size_t i = 0; i < config->n_hosts; i++) {
                hash = hash_text(hash, config->hosts[i].name);
                hash = hash_number(hash, config->hosts[i].port);
                hash = hash_number(hash, config->hosts[i].priority);
                hash = hash_number(hash, config->hosts[i].weight);
        }
        hash = hash_number(hash, config->port);
        hash = hash_number(hash, domain->priority);
        hash = hash_number(hash, domain->weight);
        hash = hash_number(hash, domain->ttl_sec);
        hash = hash_number(hash, settings->security);
        hash = hash_number(hash, settings->mode);
        return hash_number(hash, settings->claims);
}
