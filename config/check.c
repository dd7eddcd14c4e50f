/*
 * What is judged when every file is read: contradictions between keys, between the list and the
 * [Domain] sections, and between a domain and its zone. How updates are signed is judged in
 * check-security.c.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "config/check-security.h"
#include "config/hosts.h"
#include "config/loader.h"

/* True if there is a value that was to be in force, and was refused. */
static bool is_refused(const Loader *loader, const Scope *scope, ConfigKeyId id) {
        return scope->sets[id].refused ||
               (!scope_sets(scope, id) && loader->global->sets[id].refused);
}

static void on_conflict(void *userdata, const ListEntry *first, const ListEntry *second) {
        Loader *loader = userdata;

        loader_say(loader, LOG_ERR, second->source,
                   "%s: listed with other numbers in %s:%u already; a domain has one priority and "
                   "one weight",
                   second->name, loader_file(loader, first->source), first->source.line);
}

static void check_numbers(Loader *loader, const ListEntry *entry) {
        static const ConfigKeyId numbers[] = {KEY_PRIORITY, KEY_WEIGHT};
        const Scope *scope = entry->scope;

        if (!entry->has_priority && !entry->has_weight)
                return;
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                Source source = scope->sets[numbers[i]];
                if (source.line == 0)
                        continue;
                loader_say(loader, LOG_ERR, source,
                           "%s= for %s, which has its numbers in the publish list (%s:%u); give "
                           "them in one place",
                           config_key_get(numbers[i])->name, entry->name,
                           loader_file(loader, entry->source), entry->source.line);
                return;
        }
}

/* Ties a [Domain] to its entry of the list. */
static void check_listed(Loader *loader, Scope *scope) {
        ListEntry *entry = list_find(&loader->list, scope->name);

        if (entry) {
                entry->scope = scope;
                check_numbers(loader, entry);
        } else if (!loader_wants_home(loader) && !loader->doubt_list) {
                loader_say(loader, LOG_ERR, scope->source,
                           "[Domain %s]: the domain is not in DnsDomainPublishList=; add it there, "
                           "or remove the section",
                           scope->name);
        }
}

/* True if the scope itself makes the pair of two values that do not go together: the place to
   name. What it inherits as it is was told of the global one; of a refused value nothing is known.
 */
static bool pair_place(const Loader *loader, const Scope *scope, ConfigKeyId first,
                       ConfigKeyId second, Source *ret_place) {
        if (is_refused(loader, scope, first) || is_refused(loader, scope, second))
                return false;
        *ret_place = scope->sets[scope_sets(scope, first) ? first : second];
        return ret_place->line > 0;
}

static void check_retries(Loader *loader, const Scope *scope) {
        char min[VALUE_USEC_TEXT_MAX], max[VALUE_USEC_TEXT_MAX];
        const Settings *settings = &scope->settings;
        Source place;

        if (settings->retry_min_usec > settings->retry_max_usec &&
            pair_place(loader, scope, KEY_RETRY_MIN, KEY_RETRY_MAX, &place))
                loader_say(loader, LOG_ERR, place,
                           "RetryMin=%s is more than RetryMax=%s; it can be as much at most",
                           value_format_usec(settings->retry_min_usec, min),
                           value_format_usec(settings->retry_max_usec, max));
}

static void check_lease(Loader *loader, const Scope *scope) {
        char lease[VALUE_USEC_TEXT_MAX], check[VALUE_USEC_TEXT_MAX], min[VALUE_USEC_TEXT_MAX];
        const Settings *settings = &scope->settings;
        uint64_t min_usec = CONFIG_LEASE_CHECKS * settings->check_interval_usec;
        Source place;

        if (settings->lease_usec == 0 || settings->lease_usec >= min_usec ||
            !pair_place(loader, scope, KEY_LEASE, KEY_CHECK_INTERVAL, &place))
                return;
        loader_say(loader, LOG_ERR, place,
                   "Lease=%s is less than %d times CheckInterval=%s; it is %s at least, or 0 for "
                   "none",
                   value_format_usec(settings->lease_usec, lease), CONFIG_LEASE_CHECKS,
                   value_format_usec(settings->check_interval_usec, check),
                   value_format_usec(min_usec, min));
}

/* Keys of [Ownership] that do not go together. */
static void check_ownership(Loader *loader, const Scope *scope) {
        const Settings *settings = &scope->settings;
        Source place;

        check_lease(loader, scope);
        if (settings->claims == CLAIMS_NO && settings->lease_usec > 0 &&
            pair_place(loader, scope, KEY_LEASE, KEY_CLAIMS, &place))
                loader_say(loader, LOG_ERR, place,
                           "Lease= with Claims=no; a lease is written in the claim, so set "
                           "Claims=auto or yes, or Lease=0");
        if (settings->claims == CLAIMS_NO && settings->reclaim_expired &&
            pair_place(loader, scope, KEY_RECLAIM_EXPIRED, KEY_CLAIMS, &place))
                loader_say(loader, LOG_ERR, place,
                           "ReclaimExpired=yes with Claims=no; what has expired is known by its "
                           "claim alone, so set Claims=auto or yes, or ReclaimExpired=no");
        if (settings->mode == MODE_OBSERVE && settings->on_stop == ON_STOP_WITHDRAW &&
            pair_place(loader, scope, KEY_ON_STOP, KEY_MODE, &place))
                loader_say(loader, LOG_WARNING, place,
                           "OnStop=withdraw with Mode=observe, which never writes: nothing will "
                           "be withdrawn");
}

static void check_scope(Loader *loader, KeyCheck *keys, Scope *scope) {
        security_check_own(loader, keys, scope);
        if (scope != loader->global)
                scope_inherit(scope, loader->global);
        security_resolve(loader, keys, scope);
        check_retries(loader, scope);
        check_ownership(loader, scope);
}

/* RFC 1035 2.3.4: 255 octets on the wire, two more than the text has characters. */
static void check_record(Loader *loader, const char *domain, Source source, const Scope *scope) {
        const char *zone = scope->settings.zone;
        char record[2 * VALUE_NAME_MAX + 2];

        size_t length =
                (size_t)snprintf(record, sizeof(record), "%s.%s", loader->config->service, domain);
        if (length > VALUE_NAME_MAX) {
                loader_say(loader, LOG_ERR, source,
                           "%s: the record's name %s has %zu octets; at most %d", domain, record,
                           length, VALUE_NAME_MAX);
                return;
        }
        if (!zone)
                return;
        size_t zone_length = strlen(zone);
        if (length >= zone_length && strcasecmp(record + length - zone_length, zone) == 0 &&
            (length == zone_length || record[length - zone_length - 1] == '.'))
                return;
        Source place = scope->sets[KEY_ZONE].line > 0 ? scope->sets[KEY_ZONE]
                                                      : loader->global->sets[KEY_ZONE];
        loader_say(loader, LOG_ERR, source, "%s: its record %s is outside Zone=%s (%s:%u)", domain,
                   record, zone, loader_file(loader, place), place.line);
}

void loader_check(Loader *loader) {
        _cleanup_(key_check_done) KeyCheck keys = {0};
        struct ConfigOverrides *overrides = loader->overrides;

        int r = list_index(&loader->list, loader->global, on_conflict, loader);
        if (r < 0) {
                loader->error = r;
                return;
        }
        check_scope(loader, &keys, loader->global);
        for (size_t i = 0; i < overrides->n_scopes; i++) {
                check_scope(loader, &keys, overrides->scopes[i]);
                check_listed(loader, overrides->scopes[i]);
                if (!list_find(&loader->list, overrides->scopes[i]->name))
                        check_record(loader, overrides->scopes[i]->name,
                                     overrides->scopes[i]->source, overrides->scopes[i]);
        }
        for (size_t i = 0; i < loader->list.n_entries; i++) {
                const ListEntry *entry = &loader->list.entries[i];
                if (entry->name)
                        check_record(loader, entry->name, entry->source,
                                     loader_scope_of(loader, entry));
        }
        hosts_check(loader);
        security_check_domains(loader, &keys);
}
