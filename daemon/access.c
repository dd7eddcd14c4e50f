/* Settings at work. The key is loaded when it is first used and again when the file's identity
   (device, inode, size, times) changes, so that a rotated key needs no reload (and a credential
   that systemd renewed neither). */

#include "daemon/access.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/util.h"

/* Not before each of thousands of messages. */
#define LOOK_USEC (100 * USEC_PER_MSEC)

static bool text_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

static bool endpoint_equal(const Endpoint *a, const Endpoint *b) {
        return a->family == b->family && a->port == b->port && strcasecmp(a->host, b->host) == 0;
}

/* What stands there for others to inherit makes no difference. */
static bool kerberos_is(const Access *access, const Settings *s) {
        return s->security != SECURITY_GSS ||
               (text_equal(access->keytab, s->keytab) &&
                text_equal(access->principal, s->principal) && text_equal(access->realm, s->realm));
}

static bool access_is(const Access *access, const Settings *s) {
        if (access->n_servers != s->n_servers || !text_equal(access->zone, s->zone) ||
            access->security != s->security || !text_equal(access->key_file, s->key_file) ||
            !kerberos_is(access, s) || access->mode != s->mode || access->claims != s->claims ||
            access->lease_usec != s->lease_usec || access->reclaim_expired != s->reclaim_expired ||
            access->on_stop != s->on_stop || access->timeout_usec != s->timeout_usec ||
            access->max_outstanding != s->max_outstanding ||
            access->times.check_interval_usec != s->check_interval_usec ||
            access->times.refresh_interval_usec != s->refresh_interval_usec ||
            access->times.retry_min_usec != s->retry_min_usec ||
            access->times.retry_max_usec != s->retry_max_usec)
                return false;
        for (size_t i = 0; i < s->n_servers; i++)
                if (!endpoint_equal(&access->servers[i], &s->servers[i]))
                        return false;
        return true;
}

static Access *access_free(Access *access) {
        free(access->servers);
        free(access->zone);
        free(access->key_file);
        free(access->keytab);
        free(access->principal);
        free(access->realm);
        (void)auth_unref(access->auth);
        free(access);
        return NULL;
}

Access *access_ref(Access *access) {
        access->n_refs++;
        return access;
}

Access *access_unref(Access *access) {
        if (!access || --access->n_refs > 0)
                return NULL;
        access->table->n--;
        for (Access **at = access->place; *at; at = &(*at)->next)
                if (*at == access) {
                        *at = access->next;
                        break;
                }
        return access_free(access);
}

static int copy_text(const char *text, char **slot) {
        if (text && !(*slot = strdup(text)))
                return -ENOMEM;
        return 0;
}

static int copy_texts(Access *access, const Settings *s) {
        int r = copy_text(s->zone, &access->zone);

        if (r == 0)
                r = copy_text(s->key_file, &access->key_file);
        if (r < 0 || s->security != SECURITY_GSS)
                return r;
        r = copy_text(s->keytab, &access->keytab);
        if (r == 0)
                r = copy_text(s->principal, &access->principal);
        return r < 0 ? r : copy_text(s->realm, &access->realm);
}

static int copy_settings(Access *access, const Settings *s) {
        access->security = s->security;
        access->mode = s->mode;
        access->claims = s->claims;
        access->lease_usec = s->lease_usec;
        access->reclaim_expired = s->reclaim_expired;
        access->on_stop = s->on_stop;
        access->timeout_usec = s->timeout_usec;
        access->max_outstanding = s->max_outstanding;
        access->times = (PublicationTimes){
                .check_interval_usec = s->check_interval_usec,
                .refresh_interval_usec = s->refresh_interval_usec,
                .retry_min_usec = s->retry_min_usec,
                .retry_max_usec = s->retry_max_usec,
                .settle_usec = 2 * s->timeout_usec,
        };
        access->servers = calloc(s->n_servers + 1, sizeof(*access->servers));
        if (!access->servers)
                return -ENOMEM;
        for (; access->n_servers < s->n_servers; access->n_servers++)
                access->servers[access->n_servers] = s->servers[access->n_servers];
        return copy_texts(access, s);
}

/* Of what is compared without case, too. */
static uint64_t mix_text(uint64_t hash, const char *text) {
        for (; text && *text; text++)
                hash = (hash ^ (uint64_t)tolower((unsigned char)*text)) * UINT64_C(1099511628211);
        return hash;
}

/* Equal settings have one; of what seldom differs alone it knows nothing. */
static size_t place_of(const Settings *s) {
        const uint64_t numbers[] = {s->security,
                                    s->mode,
                                    s->claims,
                                    s->on_stop,
                                    s->timeout_usec,
                                    s->max_outstanding,
                                    s->check_interval_usec,
                                    s->retry_min_usec,
                                    s->retry_max_usec,
                                    s->refresh_interval_usec,
                                    s->lease_usec};
        uint64_t hash = mix_text(mix_text(UINT64_C(14695981039346656037), s->zone), s->key_file);

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                hash = (hash ^ numbers[i]) * UINT64_C(1099511628211);
        for (size_t i = 0; i < s->n_servers; i++)
                hash = mix_text(hash ^ s->servers[i].port, s->servers[i].host);
        return (hash ^ hash >> 32) % ACCESS_PLACES;
}

int access_get(AccessTable *table, const Settings *settings, Access **ret_access) {
        Access **place = &table->places[place_of(settings)], *access;

        for (access = *place; access; access = access->next)
                if (access_is(access, settings)) {
                        access->looked_usec =
                                0; /* a reload: whoever mended the key wants it used */
                        *ret_access = access_ref(access);
                        return 0;
                }
        access = calloc(1, sizeof(*access));
        if (!access)
                return -ENOMEM;
        if (copy_settings(access, settings) < 0) {
                access_free(access);
                return -ENOMEM;
        }
        access->n_refs = 1;
        access->table = table;
        access->place = place;
        access->next = *place;
        *place = access;
        table->n++;
        *ret_access = access;
        return 0;
}

static int load_key(Access *access, char error[static KEY_FILE_ERROR_MAX]) {
        TsigKey key;
        Auth *auth;
        bool others_read;
        int r;

        r = key_file_load(access->key_file, &key, &others_read, error);
        if (r < 0)
                return r;
        r = auth_new_tsig(&key, &auth);
        tsig_key_wipe(&key);
        if (r < 0) {
                (void)snprintf(error, KEY_FILE_ERROR_MAX, "%s: %s", access->key_file, strerror(-r));
                return r;
        }
        (void)auth_unref(access->auth);
        access->auth = auth;
        return 0;
}

static int refresh_key(Access *access, char error[static KEY_FILE_ERROR_MAX]) {
        struct timespec time = {0};
        uint64_t now_usec;

        (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
        now_usec = (uint64_t)time.tv_sec * USEC_PER_SEC + (uint64_t)time.tv_nsec / 1000;
        if (access->auth && now_usec - access->looked_usec < LOOK_USEC)
                return 0;
        /* Before the file is read: a change in between is found by the next look. */
        const FileIdentity now = file_identity_of(access->key_file);

        if (access->auth && file_identity_equal(&now, &access->identity)) {
                access->looked_usec = now_usec;
                return 0;
        }
        /* If it fails the former key is not used on: it may have been revoked. */
        int r = load_key(access, error);
        access->looked_usec = r == 0 ? now_usec : 0;
        if (r == 0)
                access->identity = now;
        return r;
}

int access_auth(Access *access, Auth **ret_auth, char error[static KEY_FILE_ERROR_MAX]) {
        int r = -EINVAL;

        switch (access->security) {
        case SECURITY_NONE:
        case SECURITY_GSS:
                r = access->auth ? 0 : auth_new_none(&access->auth);
                break;
        case SECURITY_TSIG:
                r = refresh_key(access, error);
                break;
        case _SECURITY_MAX:
                break;
        }
        if (r == 0)
                *ret_auth = access->auth;
        return r;
}

char *access_servers_text(const Access *access) {
        char *text = calloc(access->n_servers + 1, ENDPOINT_TEXT_MAX);
        char one[ENDPOINT_TEXT_MAX];

        if (!text)
                return NULL;
        for (size_t i = 0; i < access->n_servers; i++) {
                if (i)
                        strcat(text, " ");
                strcat(text, endpoint_to_text(&access->servers[i], one));
        }
        return text;
}
