/*
 * The table of keys, each with its default as text, where its value lies, how it is read and what
 * it may be. The reader, the advice on misspelt keys and the tests of the documents all go by it; a
 * default is applied by reading its text, so that the text is the truth.
 *
 * Keys that a [Domain] may hold too lie in a Scope, all others in the Config; those that a [Host]
 * may hold lie in its Host as well, with the type that they have there.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "config/key-read.h"
#include "config/keys.h"

static const char *const SECURITY_WORDS[] = {
        [SECURITY_WORD_AUTO] = "auto",
        [SECURITY_WORD_NONE] = "none",
        [SECURITY_WORD_TSIG] = "tsig",
        [SECURITY_WORD_GSS] = "gss-tsig",
};

static const char *const HOME_DOMAIN_WORDS[] = {
        [HOME_DOMAIN_AUTO] = "auto",
        [HOME_DOMAIN_NO] = "no",
        [HOME_DOMAIN_YES] = "yes",
};

static const char *const MODE_WORDS[] = {
        [MODE_SHARED] = "shared",
        [MODE_EXCLUSIVE] = "exclusive",
        [MODE_OBSERVE] = "observe",
};

static const char *const CLAIMS_WORDS[] = {
        [CLAIMS_AUTO] = "auto",
        [CLAIMS_YES] = "yes",
        [CLAIMS_NO] = "no",
};

static const char *const ON_STOP_WORDS[] = {
        [ON_STOP_KEEP] = "keep",
        [ON_STOP_WITHDRAW] = "withdraw",
};

static const char *const LOG_LEVEL_WORDS[] = {
        [LOG_ERR] = "err",   [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

#define IN_CONFIG(member) \
        .offset = offsetof(Config, member), .size = sizeof(((Config *)NULL)->member)
#define IN_SCOPE(member)                                      \
        .in_domain = true, .offset = offsetof(Scope, member), \
        .size = sizeof(((Scope *)NULL)->member)
#define IN_HOST(member) .in_host = true, .host_offset = offsetof(Host, member)
#define RANGE(low, high) .min = (low), .max = (high)
#define WORDS(list) .words = (list), .max = ELEMENTSOF(list) - 1

static const ConfigKey KEYS[] = {
        [KEY_NAME] = {"Service", "Name", "_vlmcs._tcp", IN_CONFIG(service), .kind = KEY_TEXT,
                      .read = key_read_service},
        [KEY_TARGET] = {"Service", "Target", "", IN_CONFIG(target), .kind = KEY_TEXT,
                        .read = key_read_host},
        [KEY_PORT] = {"Service", "Port", "1688", IN_CONFIG(port), IN_HOST(port),
                      .read = key_read_u16, RANGE(1, UINT16_MAX)},
        [KEY_PRIORITY] = {"Service", "Priority", "0", IN_SCOPE(priority), IN_HOST(priority),
                          .read = key_read_u16, RANGE(0, UINT16_MAX)},
        [KEY_WEIGHT] = {"Service", "Weight", "0", IN_SCOPE(weight), IN_HOST(weight),
                        .read = key_read_u16, RANGE(0, UINT16_MAX)},
        [KEY_TTL] = {"Service", "TTL", "1h", IN_SCOPE(ttl_sec), .read = key_read_ttl,
                     RANGE(USEC_PER_SEC, INT32_MAX *USEC_PER_SEC)},
        [KEY_DNS_PUBLISHING] = {"Publish", "DnsPublishing", "yes", IN_CONFIG(publishing),
                                .read = key_read_bool},
        [KEY_LOG_LEVEL] = {"Publish", "LogLevel", "info", IN_CONFIG(log_level),
                           .read = key_read_word, WORDS(LOG_LEVEL_WORDS)},
        [KEY_RESOLVER] = {"Publish", "Resolver", "", IN_CONFIG(resolvers), .kind = KEY_ENDPOINTS,
                          .count_offset = offsetof(Config, n_resolvers),
                          .read = key_read_resolvers},
        [KEY_STOP_TIMEOUT] = {"Publish", "StopTimeout", "30s", IN_CONFIG(stop_timeout_usec),
                              .read = key_read_usec, RANGE(USEC_PER_SEC, 10 * USEC_PER_MINUTE)},
        [KEY_PUBLISH_LIST] = {"Publish", "DnsDomainPublishList", "", .kind = KEY_DOMAINS},
        [KEY_INCLUDE_HOME_DOMAIN] = {"Publish", "IncludeHomeDomain", "auto",
                                     IN_CONFIG(include_home_domain), .read = key_read_bool_or_word,
                                     WORDS(HOME_DOMAIN_WORDS)},
        [KEY_SERVER] = {"Update", "Server", "", IN_SCOPE(settings.servers), .kind = KEY_ENDPOINTS,
                        .count_offset = offsetof(Scope, settings.n_servers),
                        .read = key_read_servers},
        [KEY_ZONE] = {"Update", "Zone", "", IN_SCOPE(settings.zone), .kind = KEY_TEXT,
                      .read = key_read_name},
        [KEY_SECURITY] = {"Update", "Security", "auto", IN_SCOPE(security), .read = key_read_word,
                          WORDS(SECURITY_WORDS)},
        [KEY_KEY_FILE] = {"Update", "KeyFile", "", IN_SCOPE(settings.key_file), .kind = KEY_TEXT,
                          .read = key_read_path},
        [KEY_KEYTAB] = {"Update", "Keytab", SRVPUBD_SYSCONFDIR "/srvpubd/krb5.keytab",
                        IN_SCOPE(settings.keytab), .kind = KEY_TEXT, .read = key_read_path},
        [KEY_PRINCIPAL] = {"Update", "Principal", "", IN_SCOPE(settings.principal),
                           .kind = KEY_TEXT, .read = key_read_principal},
        [KEY_REALM] = {"Update", "Realm", "", IN_SCOPE(settings.realm), .kind = KEY_TEXT,
                       .read = key_read_realm},
        [KEY_TIMEOUT] = {"Update", "Timeout", "5s", IN_SCOPE(settings.timeout_usec),
                         .read = key_read_usec, RANGE(100 * USEC_PER_MSEC, USEC_PER_MINUTE)},
        [KEY_CHECK_INTERVAL] = {"Update", "CheckInterval", "15min",
                                IN_SCOPE(settings.check_interval_usec), .read = key_read_usec,
                                RANGE(USEC_PER_SEC, 7 * USEC_PER_DAY)},
        [KEY_REFRESH_INTERVAL] = {"Update", "RefreshInterval", "infinity",
                                  IN_SCOPE(settings.refresh_interval_usec),
                                  .read = key_read_usec_or_infinity,
                                  RANGE(USEC_PER_MINUTE, 3650 * USEC_PER_DAY)},
        [KEY_RETRY_MIN] = {"Update", "RetryMin", "5s", IN_SCOPE(settings.retry_min_usec),
                           .read = key_read_usec, RANGE(100 * USEC_PER_MSEC, USEC_PER_DAY)},
        [KEY_RETRY_MAX] = {"Update", "RetryMax", "30min", IN_SCOPE(settings.retry_max_usec),
                           .read = key_read_usec, RANGE(100 * USEC_PER_MSEC, USEC_PER_DAY)},
        [KEY_MAX_OUTSTANDING] = {"Update", "MaxOutstanding", "32",
                                 IN_SCOPE(settings.max_outstanding), .read = key_read_unsigned,
                                 RANGE(1, 1000)},
        [KEY_MODE] = {"Ownership", "Mode", "shared", IN_SCOPE(settings.mode), .read = key_read_word,
                      WORDS(MODE_WORDS)},
        [KEY_CLAIMS] = {"Ownership", "Claims", "auto", IN_SCOPE(settings.claims),
                        .read = key_read_bool_or_word, WORDS(CLAIMS_WORDS)},
        [KEY_LEASE] = {"Ownership", "Lease", "0", IN_SCOPE(settings.lease_usec),
                       .read = key_read_lease,
                       RANGE(CONFIG_LEASE_CHECKS *USEC_PER_SEC, 365 * USEC_PER_DAY)},
        [KEY_RECLAIM_EXPIRED] = {"Ownership", "ReclaimExpired", "no",
                                 IN_SCOPE(settings.reclaim_expired), .read = key_read_bool},
        [KEY_ON_STOP] = {"Ownership", "OnStop", "keep", IN_SCOPE(settings.on_stop),
                         .read = key_read_word, WORDS(ON_STOP_WORDS)},
};
_Static_assert(ELEMENTSOF(KEYS) == _KEY_MAX, "each ConfigKeyId has its line");

const ConfigKey *config_key_get(ConfigKeyId id) {
        return &KEYS[id];
}

ConfigKeyId config_key_id(const ConfigKey *key) {
        return (ConfigKeyId)(key - KEYS);
}

const ConfigKey *config_key_each(const ConfigKey *previous) {
        const ConfigKey *next = previous ? previous + 1 : KEYS;

        return next < KEYS + _KEY_MAX ? next : NULL;
}

static bool key_is_in(const ConfigKey *key, const char *section) {
        if (strcmp(section, "Domain") == 0)
                return key->in_domain;
        if (strcmp(section, "Host") == 0)
                return key->in_host;
        return strcmp(key->section, section) == 0;
}

const ConfigKey *config_key_find(const char *section, const char *name) {
        for (const ConfigKey *key = NULL; (key = config_key_each(key));)
                if (key_is_in(key, section) && strcmp(key->name, name) == 0)
                        return key;
        return NULL;
}

bool config_section_exists(const char *section) {
        for (const ConfigKey *key = NULL; (key = config_key_each(key));)
                if (key_is_in(key, section))
                        return true;
        return false;
}

static void endpoints_reset(const ConfigKey *key, void *base) {
        Endpoint **items = (Endpoint **)((char *)base + key->offset);

        free(TAKE_PTR(*items));
        *(size_t *)((char *)base + key->count_offset) = 0;
}

int config_key_reset(const ConfigKey *key, void *base) {
        char error[VALUE_ERROR_MAX];
        char *slot = (char *)base + key->offset;

        switch (key->kind) {
        case KEY_DOMAINS:
                return 0;
        case KEY_ENDPOINTS:
                endpoints_reset(key, base);
                return 0;
        case KEY_TEXT:
                free(TAKE_PTR(*(char **)slot));
                break;
        case KEY_SCALAR:
        case _KEY_KIND_MAX:
                break;
        }
        return *key->fallback ? key->read(key, key->fallback, slot, error) : 0;
}
