/*
 * A Scope holds one set of the keys of [Update] and [Ownership] with the numbers beside them: the
 * global one (the numbers are [Service]'s there) and one for each [Domain]. A [Domain] remembers
 * which keys it sets; the rest it takes from the global scope when all files are read. Strings and
 * lists are then shared, not copied: 10,000 [Domain] sections under one Server= hold it once.
 */
#include <string.h>

#include "config/keys.h"
#include "config/scope.h"

static int scope_set_defaults(Scope *scope) {
        for (const ConfigKey *key = NULL; (key = config_key_each(key));)
                if (key->in_domain) {
                        int r = config_key_reset(key, scope);
                        if (r < 0)
                                return r;
                }
        return 0;
}

int scope_new(const char *name, Source source, Scope **ret_scope) {
        Scope *scope = calloc(1, sizeof(*scope));

        if (!scope)
                return -ENOMEM;
        scope->source = source;
        scope->sets = calloc(_KEY_MAX, sizeof(*scope->sets));
        scope->name = name ? strdup(name) : NULL;
        int r = !scope->sets || (name && !scope->name) ? -ENOMEM
                : name                                 ? 0
                                                       : scope_set_defaults(scope);
        if (r < 0) {
                scope_free(scope, NULL);
                return r;
        }
        *ret_scope = scope;
        return 0;
}

void settings_done(Settings *settings, const Settings *global) {
        static const Settings none;

        if (!global)
                global = &none;
        if (settings->servers != global->servers)
                free(settings->servers);
        if (settings->zone != global->zone)
                free(settings->zone);
        if (settings->key_file != global->key_file)
                free(settings->key_file);
        if (settings->keytab != global->keytab)
                free(settings->keytab);
        if (settings->principal != global->principal)
                free(settings->principal);
        if (settings->realm != global->realm)
                free(settings->realm);
        *settings = (Settings){0};
}

Scope *scope_free(Scope *scope, const Settings *global) {
        if (!scope)
                return NULL;
        settings_done(&scope->settings, global);
        free(scope->sets);
        free(scope->name);
        free(scope);
        return NULL;
}

void scope_inherit(Scope *scope, const Scope *global) {
        for (const ConfigKey *key = NULL; (key = config_key_each(key));) {
                if (!key->in_domain || scope_sets(scope, config_key_id(key)))
                        continue;
                if (key->kind == KEY_TEXT) /* a default that an empty value brought back */
                        free(*(char **)((char *)scope + key->offset));
                memcpy((char *)scope + key->offset, (const char *)global + key->offset, key->size);
                if (key->kind == KEY_ENDPOINTS)
                        memcpy((char *)scope + key->count_offset,
                               (const char *)global + key->count_offset, sizeof(size_t));
        }
}
