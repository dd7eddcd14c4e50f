/* The table of sections and keys: the one place that says what srvpubd.conf may hold. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/scope.h"
#include "config/value.h"

typedef enum ConfigKeyId {
        KEY_NAME,
        KEY_TARGET,
        KEY_PORT,
        KEY_PRIORITY,
        KEY_WEIGHT,
        KEY_TTL,
        KEY_DNS_PUBLISHING,
        KEY_LOG_LEVEL,
        KEY_RESOLVER,
        KEY_STOP_TIMEOUT,
        KEY_PUBLISH_LIST,
        KEY_INCLUDE_HOME_DOMAIN,
        KEY_SERVER,
        KEY_ZONE,
        KEY_SECURITY,
        KEY_KEY_FILE,
        KEY_KEYTAB,
        KEY_PRINCIPAL,
        KEY_REALM,
        KEY_TIMEOUT,
        KEY_CHECK_INTERVAL,
        KEY_REFRESH_INTERVAL,
        KEY_RETRY_MIN,
        KEY_RETRY_MAX,
        KEY_MAX_OUTSTANDING,
        KEY_MODE,
        KEY_CLAIMS,
        KEY_LEASE,
        KEY_RECLAIM_EXPIRED,
        KEY_ON_STOP,
        _KEY_MAX,
} ConfigKeyId;

typedef enum KeyKind {
        KEY_SCALAR,    /* one value; an empty one brings the default back */
        KEY_TEXT,      /* one string, malloc'ed; an empty one removes it */
        KEY_ENDPOINTS, /* a list, blank-separated or the key repeated; an empty value resets */
        KEY_DOMAINS,   /* the publish list, one entry a line; an empty value resets */
        _KEY_KIND_MAX,
} KeyKind;

typedef struct ConfigKey ConfigKey;

/* Reads text into slot, an object of the key's type. -EINVAL with a sentence in error; -ENOMEM. */
typedef int (*KeyRead)(const ConfigKey *key, const char *text, void *slot,
                       char error[static VALUE_ERROR_MAX]);

struct ConfigKey {
        const char *section;
        const char *name;
        const char *fallback; /* the default as text; "" where it is none that can be written */
        bool in_domain;       /* also a key of [Domain NAME] */
        bool in_host;         /* also a key of [Host NAME] */
        KeyKind kind;
        KeyRead read;        /* NULL: the publish list's, see config/list.h */
        size_t offset, size; /* in Scope if in_domain, else in Config */
        size_t count_offset; /* of a list's number of items */
        size_t host_offset;  /* in Host if in_host */
        uint64_t min, max;
        const char *const *words; /* by value, with holes; max is the last value */
};

/* The table in its order: pass NULL, then what came back; NULL after the last. */
const ConfigKey *config_key_each(const ConfigKey *previous);

const ConfigKey *config_key_get(ConfigKeyId id);
ConfigKeyId config_key_id(const ConfigKey *key);

/* The key of a section ("Domain" and "Host" too), or NULL. */
const ConfigKey *config_key_find(const char *section, const char *name);
bool config_section_exists(const char *section);

/* For an unknown key or section: a sentence that says what is meant, or else what is allowed. */
const char *config_key_advice(const char *section, const char *name,
                              char buffer[static VALUE_ERROR_MAX]);
const char *config_section_advice(const char *section, char buffer[static VALUE_ERROR_MAX]);

/* True if the scope itself says it; once all files are read. */
static inline bool scope_sets(const Scope *scope, ConfigKeyId id) {
        return scope->sets[id].line > 0;
}

/* Takes a key's value back to its default; base is the Scope or the Config that it lies in. */
int config_key_reset(const ConfigKey *key, void *base);
