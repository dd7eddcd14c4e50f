/*
 * How updates are signed: from Security=, KeyFile= and Keytab= to none, tsig or gss-tsig.
 *
 * There is no silent downgrade: without a key or keytab only the word "none" makes updates
 * unsigned. The nearest word holds, and a file is a word too: a [Domain] with a KeyFile= or Keytab=
 * of its own and no Security= is signed with that, whatever the global scope says; a [Domain] with
 * Security=none is not signed, also under a global KeyFile=. A keytab at the default path is no
 * word: it counts where auto finds no file named, and then it is said that it does.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "config/check-security.h"
#include "lib/gss-credential.h"
#include "lib/util.h"

enum {
        PRINCIPALS_MAX = 64, /* that are looked for: each is a keytab to read */
};

/* As often as Windows renews its records, so that Active Directory's scavenging leaves them. */
#define REFRESH_GSS_USEC USEC_PER_DAY

static const char *word_text(SecurityWord word) {
        return config_key_get(KEY_SECURITY)->words[word];
}

/* The file that the scope sets against its own Security=. */
static bool has_contradiction(const Scope *scope, ConfigKeyId *ret_key) {
        static const struct {
                SecurityWord word;
                ConfigKeyId key;
        } contradictions[] = {
                {SECURITY_WORD_NONE, KEY_KEY_FILE},
                {SECURITY_WORD_NONE, KEY_KEYTAB},
                {SECURITY_WORD_TSIG, KEY_KEYTAB},
                {SECURITY_WORD_GSS, KEY_KEY_FILE},
        };

        for (size_t i = 0; i < ELEMENTSOF(contradictions); i++)
                if (scope_sets(scope, KEY_SECURITY) && scope->security == contradictions[i].word &&
                    scope_sets(scope, contradictions[i].key)) {
                        *ret_key = contradictions[i].key;
                        return true;
                }
        return false;
}

void security_check_own(Loader *loader, KeyCheck *keys, Scope *scope) {
        ConfigKeyId key;

        if (has_contradiction(scope, &key)) {
                loader_say(loader, LOG_ERR, scope->sets[KEY_SECURITY],
                           "Security=%s, but %s= is set too (%s:%u); remove one of them",
                           word_text(scope->security), config_key_get(key)->name,
                           loader_file(loader, scope->sets[key]), scope->sets[key].line);
                return;
        }
        if (scope_sets(scope, KEY_KEY_FILE))
                key_check(keys, loader, scope, KEY_KEY_FILE);
        if (scope_sets(scope, KEY_KEYTAB))
                key_check(keys, loader, scope, KEY_KEYTAB);
}

/* auto: by the file that the scope names. */
static SecurityWord named_word(const Scope *scope) {
        return scope_sets(scope, KEY_KEY_FILE) ? SECURITY_WORD_TSIG
               : scope_sets(scope, KEY_KEYTAB) ? SECURITY_WORD_GSS
                                               : SECURITY_WORD_AUTO;
}

static bool has_default_keytab(const Loader *loader, const Scope *scope) {
        return !scope_sets(scope, KEY_KEYTAB) && !scope_sets(loader->global, KEY_KEYTAB);
}

static bool default_is_good(Loader *loader, KeyCheck *keys) {
        const KeyCheckFile *file = key_check_default_keytab(keys, loader);

        return file && file->result == 0;
}

/* scope->security stays the word that was written. */
static SecurityWord resolve_word(Loader *loader, KeyCheck *keys, Scope *scope) {
        if (!scope_sets(scope, KEY_SECURITY) && named_word(scope) != SECURITY_WORD_AUTO)
                scope->security = SECURITY_WORD_AUTO;
        if (scope->security != SECURITY_WORD_AUTO)
                return scope->security;
        if (named_word(scope) != SECURITY_WORD_AUTO)
                return named_word(scope);
        if (named_word(loader->global) != SECURITY_WORD_AUTO)
                return named_word(loader->global);
        return default_is_good(loader, keys) ? SECURITY_WORD_GSS : SECURITY_WORD_AUTO;
}

void security_resolve(Loader *loader, KeyCheck *keys, Scope *scope) {
        Settings *settings = &scope->settings;
        ConfigKeyId key;

        switch (resolve_word(loader, keys, scope)) {
        case SECURITY_WORD_NONE:
                settings->security = SECURITY_NONE;
                break;
        case SECURITY_WORD_GSS:
                settings->security = SECURITY_GSS;
                scope->no_key = has_default_keytab(loader, scope) && !default_is_good(loader, keys);
                break;
        case SECURITY_WORD_TSIG:
        case SECURITY_WORD_AUTO:
        case _SECURITY_WORD_MAX:
                settings->security = SECURITY_TSIG;
                scope->no_key = !settings->key_file;
                break;
        }
        if (has_contradiction(scope, &key))
                scope->no_key = false; /* that was said already */
        if (settings->security != SECURITY_TSIG && !scope_sets(scope, KEY_KEY_FILE))
                settings->key_file = NULL; /* the global scope's */
        if (!scope_sets(scope, KEY_REFRESH_INTERVAL) &&
            !scope_sets(loader->global, KEY_REFRESH_INTERVAL))
                settings->refresh_interval_usec =
                        settings->security == SECURITY_GSS ? REFRESH_GSS_USEC : USEC_INFINITY;
}

/* --- the domains ------------------------------------------------------------------------------ */

/* The domains of which something is true. */
typedef struct Found {
        char text[VALUE_NAME_MAX + 48]; /* the first, and how many more */
        Source source;                  /* of the first */
        const Scope *scope;
} Found;

static bool find_domains(const Loader *loader,
                         bool (*is_true)(const Loader *loader, const Scope *scope),
                         Found *ret_found) {
        const ListEntry *first = NULL;
        size_t n = 0;

        for (size_t i = 0; i < loader->list.n_entries; i++) {
                const ListEntry *entry = &loader->list.entries[i];
                if (!entry->name || !is_true(loader, loader_scope_of(loader, entry)))
                        continue;
                first = first ? first : entry;
                n++;
        }
        if (first) {
                *ret_found =
                        (Found){.source = first->source, .scope = loader_scope_of(loader, first)};
                int length = snprintf(ret_found->text, sizeof(ret_found->text), "%s", first->name);
                if (n > 1)
                        snprintf(ret_found->text + length, sizeof(ret_found->text) - (size_t)length,
                                 " and %zu more", n - 1);
                return true;
        }
        if (!is_true(loader, loader->global) ||
            !(loader->list.n_entries == 0 ? !loader->doubt_list : loader_wants_home(loader)))
                return false;
        *ret_found = (Found){.text = "the home domain", .source.line = 1, .scope = loader->global};
        return true;
}

static bool has_no_key(const Loader *loader, const Scope *scope) {
        return scope->no_key;
}

static bool uses_default_keytab(const Loader *loader, const Scope *scope) {
        return scope->settings.security == SECURITY_GSS && has_default_keytab(loader, scope);
}

static bool uses_it_by_auto(const Loader *loader, const Scope *scope) {
        return uses_default_keytab(loader, scope) && scope->security == SECURITY_WORD_AUTO;
}

static void say_no_key(Loader *loader, KeyCheck *keys, const Found *found) {
        const KeyCheckFile *keytab = key_check_default_keytab(keys, loader);
        Source word = scope_sets(found->scope, KEY_SECURITY) ? found->scope->sets[KEY_SECURITY]
                                                             : loader->global->sets[KEY_SECURITY];

        if (!keytab)
                return;
        switch (found->scope->security) {
        case SECURITY_WORD_TSIG:
                loader_say(loader, LOG_ERR, word,
                           "Security=tsig, but there is no KeyFile= for %s; set it to the TSIG "
                           "key's file",
                           found->text);
                return;
        case SECURITY_WORD_GSS:
                loader_say(loader, LOG_ERR, word,
                           "Security=gss-tsig, but there is no keytab for %s (%s); set Keytab= to "
                           "one that the user srvpubd can read",
                           found->text, keytab->error);
                return;
        case SECURITY_WORD_AUTO:
        case SECURITY_WORD_NONE:
        case _SECURITY_WORD_MAX:
                break;
        }
        /* That there is none at the default path is no news to who never wanted one. */
        bool is_there = keytab->result != -ENOENT;
        loader_say(loader, LOG_ERR, found->source,
                   "no credentials for %s; set KeyFile= to the TSIG key's file, or Keytab= to the "
                   "Kerberos keytab%s%s%s, or write Security=none if unsigned updates are really "
                   "meant",
                   found->text, is_there ? " (" : "", is_there ? keytab->error : "",
                   is_there ? ")" : "");
}

/* What nobody named is said, so that nobody wonders. */
static void tell_default(Loader *loader, KeyCheck *keys) {
        const KeyCheckFile *keytab;
        const Source nowhere = {0};
        Found found;

        if (!find_domains(loader, uses_default_keytab, &found) ||
            !(keytab = key_check_default_keytab(keys, loader)) || keytab->result < 0)
                return;
        if (!keytab->told && keytab->others_read)
                loader_say(loader, LOG_WARNING, nowhere,
                           "%s: others than its owner and group can read the key; chmod o= takes "
                           "that away",
                           keytab->path);
        if (find_domains(loader, uses_it_by_auto, &found))
                loader_say(loader, LOG_INFO, nowhere, "%s: gss-tsig with %s (Security=auto)",
                           found.text, keytab->path);
}

/* True if the scope's value is used for gss-tsig, by itself or by a [Domain] that has none. */
static bool is_used(const Loader *loader, const Scope *scope, ConfigKeyId id) {
        const struct ConfigOverrides *overrides = loader->overrides;

        if (scope->settings.security == SECURITY_GSS)
                return true;
        for (size_t i = 0; scope == loader->global && i < overrides->n_scopes; i++)
                if (overrides->scopes[i]->settings.security == SECURITY_GSS &&
                    !scope_sets(overrides->scopes[i], id))
                        return true;
        return false;
}

static void warn_unused(Loader *loader, const Scope *scope) {
        static const ConfigKeyId ids[] = {KEY_KEYTAB, KEY_PRINCIPAL, KEY_REALM};
        ConfigKeyId key;

        if (scope->no_key || has_contradiction(scope, &key))
                return;
        for (size_t i = 0; i < ELEMENTSOF(ids); i++)
                if (scope_sets(scope, ids[i]) && !is_used(loader, scope, ids[i]))
                        loader_say(loader, LOG_WARNING, scope->sets[ids[i]],
                                   "%s= is for gss-tsig, but %s is in force here: it has no effect",
                                   config_key_get(ids[i])->name,
                                   scope->settings.security == SECURITY_TSIG ? "tsig with KeyFile="
                                                                             : "Security=none");
}

/* A keytab may get the key later: no error. */
static void warn_not_in_keytab(Loader *loader, const Scope *scope) {
        const Settings *settings = &scope->settings;
        _cleanup_(freep) char *found = NULL;
        GssError error;

        if (settings->security != SECURITY_GSS || scope->no_key ||
            !scope_sets(scope, KEY_PRINCIPAL))
                return;
        if (gss_keytab_find(settings->keytab, settings->principal, "", settings->realm, &found,
                            &error) == 0 &&
            !found && error.fault != GSS_FAULT_NO_KEYTAB)
                loader_say(loader, LOG_WARNING, scope->sets[KEY_PRINCIPAL], "Principal=%s: %s",
                           settings->principal, error.text);
}

void security_check_domains(Loader *loader, KeyCheck *keys) {
        const struct ConfigOverrides *overrides = loader->overrides;
        Found found;

        if (loader->doubt_credentials)
                return;
        if (find_domains(loader, has_no_key, &found))
                say_no_key(loader, keys, &found);
        tell_default(loader, keys);
        warn_unused(loader, loader->global);
        warn_not_in_keytab(loader, loader->global);
        for (size_t i = 0; i < overrides->n_scopes; i++) {
                warn_unused(loader, overrides->scopes[i]);
                if (i < PRINCIPALS_MAX)
                        warn_not_in_keytab(loader, overrides->scopes[i]);
        }
}
