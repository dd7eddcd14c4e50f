/* A row says what was published, where and by which means, so that it can be withdrawn the same way
   when the configuration knows nothing of it any more (O13). */

#include "daemon/memory.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "lib/util.h"

static const char *text_of(const char *text) {
        return text ? text : "";
}

/* Whether the row says the same as one written now would: then it needs no writing. */
static bool row_is_current(const Access *access, const StateRow *row) {
        _cleanup_(freep) char *servers = access_servers_text(access);

        return servers && strcmp(servers, row->servers) == 0 &&
               row->zone_given == (access->zone != NULL) && row->security == access->security &&
               strcmp(row->key_file, text_of(access->key_file)) == 0 &&
               strcmp(row->keytab, text_of(access->keytab)) == 0 &&
               strcmp(row->principal, text_of(access->principal)) == 0 &&
               strcmp(row->realm, text_of(access->realm)) == 0;
}

int memory_load(Ledger *ledger, const StateRow *row, const Access *access, Offer *shared) {
        Offer key = {.port = row->port}, *offer = NULL;
        int r = name_from_text(row->target, &key.target);

        if (r < 0)
                return r;
        if (offer_equal(&key, shared))
                offer = offer_ref(shared);
        else
                r = offer_new(&key.target, row->port, row->derived, &offer);
        if (r == 0)
                r = ledger_add(ledger, &(LedgerItem){
                                               .offer = offer,
                                               .since_sec = row->since_sec,
                                               .priority = row->priority,
                                               .weight = row->weight,
                                               .confirmed = row->confirmed,
                                               .claimed = row->claimed,
                                               .current = row_is_current(access, row),
                                               .durable = true,
                                       });
        (void)offer_unref(offer);
        return r;
}

/* Without the name that led to it, which may be longer than the state takes. */
static const char *primary_text(const Server *primary, char text[static ENDPOINT_TEXT_MAX]) {
        Endpoint endpoint;

        if (!primary)
                return "";
        server_endpoint(primary, &endpoint);
        return endpoint_to_text(&endpoint, text);
}

int memory_write(const MemorySource *source, const LedgerItem *item, StateHandler handler,
                 void *userdata, StateWrite **ret_write) {
        const Access *access = source->access;
        _cleanup_(freep) char *servers = access_servers_text(access);
        char target[NAME_TEXT_MAX], zone[NAME_TEXT_MAX], primary[ENDPOINT_TEXT_MAX];

        if (!servers)
                return -ENOMEM;
        StateRow row = {
                .record = source->record,
                .target = name_to_text(&item->offer->target, target),
                .port = item->offer->port,
                .domain = source->domain,
                .zone = name_to_text(zone_apex(source->zone), zone),
                .servers = servers,
                .primary = primary_text(source->primary, primary),
                .zone_given = access->zone != NULL,
                .security = access->security,
                .key_file = text_of(access->key_file),
                .keytab = text_of(access->keytab),
                .principal = text_of(access->principal),
                .realm = text_of(access->realm),
                .derived = item->offer->derived,
                .confirmed = item->confirmed,
                .claimed = item->claimed,
                .priority = item->priority,
                .weight = item->weight,
                .since_sec = item->since_sec,
        };
        return state_put(source->state, &row, handler, userdata, ret_write);
}

/* The daemon goes on by what it knows; what is lost is lost at the next start. Told once until a
   write succeeds: where one fails all do. */
static void on_written(int error, const char *text, void *userdata) {
        static bool is_told;

        if (error < 0 && !is_told)
                log_event(LOG_KIND_STATE_FAILED, NULL, "cannot keep what is published: %s",
                          text ? text : strerror(-error));
        is_told = error < 0;
}

static void put(LedgerItem *item, void *userdata) {
        if (memory_write(userdata, item, on_written, NULL, NULL) < 0)
                item->current = false; /* the next check comes back to it */
}

static int forget(const LedgerItem *item, void *userdata) {
        const MemorySource *source = userdata;
        char target[NAME_TEXT_MAX];

        return state_remove(source->state, source->record,
                            name_to_text(&item->offer->target, target), item->offer->port,
                            on_written, NULL, NULL);
}

LedgerStore memory_store(MemorySource *source) {
        return (LedgerStore){.put = put, .remove = forget, .userdata = source};
}
