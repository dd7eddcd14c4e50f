/* Rows of the state, as one driver knows them. There are seldom more than two: the present offer,
   and one of before that is still to be withdrawn. */

#include "daemon/memory.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

void memory_done(Memory *memory) {
        for (size_t i = 0; i < memory->n; i++)
                (void)offer_unref(memory->items[i].offer);
        free(memory->items);
        *memory = (Memory){0};
}

MemoryItem *memory_find(const Memory *memory, const Offer *offer) {
        for (size_t i = 0; i < memory->n; i++)
                if (offer_equal(memory->items[i].offer, offer))
                        return &memory->items[i];
        return NULL;
}

static int memory_add(Memory *memory, Offer *offer, bool confirmed, bool current) {
        MemoryItem *items = realloc(memory->items, (memory->n + 1) * sizeof(*items));

        if (!items)
                return -ENOMEM;
        memory->items = items;
        items[memory->n++] = (MemoryItem){offer_ref(offer), confirmed, current};
        return 0;
}

/* Whether the row says the same as one written now would: then it needs no writing. */
static bool row_is_current(const Access *access, const StateRow *row) {
        _cleanup_(freep) char *servers = access_servers_text(access);

        return servers && strcmp(servers, row->servers) == 0 &&
               row->zone_given == (access->zone != NULL) && row->security == access->security &&
               strcmp(row->key_file, access->key_file ? access->key_file : "") == 0;
}

int memory_load(Memory *memory, const StateRow *row, const Access *access, Offer *shared) {
        Offer key = {.port = row->port}, *offer = NULL;
        int r = name_from_text(row->target, &key.target);

        if (r < 0 || memory_find(memory, &key))
                return r;
        if (offer_equal(&key, shared))
                offer = offer_ref(shared);
        else
                r = offer_new(&key.target, row->port, row->derived, &offer);
        if (r == 0)
                r = memory_add(memory, offer, row->confirmed, row_is_current(access, row));
        (void)offer_unref(offer);
        return r;
}

void memory_outdate(Memory *memory) {
        for (size_t i = 0; i < memory->n; i++)
                memory->items[i].current = false;
}

/* Without the name that led to it, which may be longer than the state takes. */
static const char *primary_text(const Server *primary, char text[static ENDPOINT_TEXT_MAX]) {
        Endpoint endpoint;

        if (!primary)
                return "";
        server_endpoint(primary, &endpoint);
        return endpoint_to_text(&endpoint, text);
}

static int write_row(const MemorySource *source, const Offer *offer, bool confirmed,
                     StateHandler handler, void *userdata, StateWrite **ret_write) {
        const Access *access = source->access;
        _cleanup_(freep) char *servers = access_servers_text(access);
        char target[NAME_TEXT_MAX], zone[NAME_TEXT_MAX], primary[ENDPOINT_TEXT_MAX];

        if (!servers)
                return -ENOMEM;
        StateRow row = {
                .record = source->record,
                .target = name_to_text(&offer->target, target),
                .port = offer->port,
                .domain = source->domain,
                .zone = name_to_text(zone_apex(source->zone), zone),
                .servers = servers,
                .primary = primary_text(source->primary, primary),
                .zone_given = access->zone != NULL,
                .security = access->security,
                .key_file = access->key_file ? access->key_file : "",
                .derived = offer->derived,
                .confirmed = confirmed,
        };
        return state_put(source->state, &row, handler, userdata, ret_write);
}

int memory_intend(Memory *memory, const MemorySource *source, Offer *offer, StateHandler handler,
                  void *userdata, StateWrite **ret_write) {
        MemoryItem *item = memory_find(memory, offer);
        int r = 0;

        if (item)
                item->confirmed = item->current = false;
        else
                r = memory_add(memory, offer, false, false);
        if (r == 0)
                r = write_row(source, offer, false, handler, userdata, ret_write);
        return r;
}

static void confirm(Memory *memory, const MemorySource *source, Offer *wanted) {
        MemoryItem *item = memory_find(memory, wanted);

        /* Whether a target is configured or this machine's name decides how it goes one day (O13).
         */
        if (item && item->confirmed && item->current && item->offer->derived == wanted->derived)
                return;
        if (write_row(source, wanted, true, NULL, NULL, NULL) < 0)
                return; /* the next check comes back to it */
        if (!item) {
                (void)memory_add(memory, wanted, true, true);
                return;
        }
        (void)offer_unref(item->offer);
        *item = (MemoryItem){offer_ref(wanted), true, true};
}

void memory_settle(Memory *memory, const MemorySource *source, Offer *wanted, bool keep) {
        size_t n_kept = 0;

        if (wanted)
                confirm(memory, source, wanted);
        for (size_t i = 0; i < memory->n; i++) {
                MemoryItem *item = &memory->items[i];
                char target[NAME_TEXT_MAX];
                /* A row that cannot be removed now is kept, for the next check to try. */
                if (!keep && !offer_equal(item->offer, wanted) &&
                    state_remove(source->state, source->record,
                                 name_to_text(&item->offer->target, target), item->offer->port,
                                 NULL, NULL, NULL) == 0)
                        (void)offer_unref(item->offer);
                else
                        memory->items[n_kept++] = *item;
        }
        memory->n = n_kept;
}
