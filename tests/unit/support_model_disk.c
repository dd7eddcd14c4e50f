/* O13: a row is durable before an update that makes use of it is sent, and says that a record was
   seen only after it was. With a full disk what is on it stays as it was; what is new is known in
   memory alone, until a crash. */
#include "tests/unit/support_model_disk.h"

#include <errno.h>
#include <string.h>

static ModelRow *find_row(ModelParty *party, const Srv *offer) {
        for (size_t i = 0; i < party->n_rows; i++)
                if (srv_same_offer(&party->rows[i].srv, offer))
                        return &party->rows[i];
        return NULL;
}

static void write_row(ModelPublisher *p, const LedgerItem *item) {
        ModelRow row = {
                .srv = offer_srv(item->offer),
                .since_sec = item->since_sec,
                .derived = item->offer->derived,
                .confirmed = item->confirmed,
                .claimed = item->claimed,
                .unsaved = p->disk_full,
        };
        ModelRow *found = find_row(&p->party, &row.srv);

        row.srv.priority = item->priority;
        row.srv.weight = item->weight;
        if (!found && p->party.n_rows == MODEL_ROWS_MAX)
                abort(); /* the model is too small */
        if (!found || !p->disk_full)
                *(found ? found : &p->party.rows[p->party.n_rows++]) = row;
}

/* offer NULL: all of them. */
static void forget_unsaved(ModelPublisher *p, const Srv *offer) {
        for (size_t i = p->party.n_rows; i-- > 0;)
                if (p->party.rows[i].unsaved &&
                    (!offer || srv_same_offer(&p->party.rows[i].srv, offer)))
                        p->party.rows[i] = p->party.rows[--p->party.n_rows];
}

static LedgerItem *next_row(ModelPublisher *p) {
        LedgerItem *item;

        if (ledger_intend(&p->ledger, &p->wanted, &item) < 0)
                abort();
        return item;
}

bool model_disk_begin(ModelPublisher *p) {
        LedgerItem *item = next_row(p);

        if (item)
                item->is_written = true;
        return item != NULL;
}

int model_disk_end(ModelPublisher *p) {
        LedgerItem *item = next_row(p);

        if (!item)
                return 0;
        item->is_written = false;
        if (p->disk_full) {
                const Srv offer = offer_srv(item->offer);

                if (!item->durable)
                        forget_unsaved(p, &offer);
                return -EIO;
        }
        write_row(p, item);
        ledger_written(item);
        return 0;
}

void model_disk_abandon(ModelPublisher *p) {
        const LedgerItem *item = p->step.action == ACTION_REMEMBER ? next_row(p) : NULL;

        if (item)
                write_row(p, item);
}

static void put(LedgerItem *item, void *userdata) {
        ModelPublisher *p = userdata;

        item->current = !p->disk_full;
        write_row(p, item);
}

static int remove_row(const LedgerItem *item, void *userdata) {
        ModelPublisher *p = userdata;
        const Srv offer = offer_srv(item->offer);
        ModelRow *found = find_row(&p->party, &offer);

        if (p->disk_full)
                return -EIO;
        if (found)
                *found = p->party.rows[--p->party.n_rows];
        return 0;
}

bool model_disk_says_bare(const ModelPublisher *p, const Srv *offer) {
        for (size_t i = 0; i < p->party.n_rows; i++)
                if (srv_same_offer(&p->party.rows[i].srv, offer))
                        return !p->party.rows[i].claimed && !p->party.rows[i].unsaved;
        return false;
}

void model_disk_settle(ModelPublisher *p) {
        const LedgerStore store = {put, remove_row, p};

        p->unsynced = true;
        p->n_rows_before = p->party.n_rows;
        memcpy(p->rows_before, p->party.rows, p->party.n_rows * sizeof(p->party.rows[0]));
        ledger_settle(&p->ledger, &p->publication, &p->wanted, p->observation, &p->party.id,
                      &store);
}

void model_disk_sync(ModelPublisher *p) {
        p->unsynced = false;
}

void model_disk_crash(ModelPublisher *p, bool loses_unsynced) {
        if (!loses_unsynced)
                model_disk_abandon(p);
        else if (p->unsynced) {
                p->party.n_rows = p->n_rows_before;
                memcpy(p->party.rows, p->rows_before, p->n_rows_before * sizeof(p->rows_before[0]));
        }
        forget_unsaved(p, NULL);
}

static void load_row(ModelPublisher *p, const ModelRow *row) {
        Offer *offer;

        if (offer_new(&row->srv.target, row->srv.port, row->derived, &offer) < 0 ||
            ledger_add(&p->ledger, &(LedgerItem){.offer = offer,
                                                 .since_sec = row->since_sec,
                                                 .priority = row->srv.priority,
                                                 .weight = row->srv.weight,
                                                 .confirmed = row->confirmed,
                                                 .claimed = row->claimed,
                                                 .current = true,
                                                 .durable = true}) < 0)
                abort();
        (void)offer_unref(offer);
        publication_doubt(&p->publication, &p->times, p->net->now_usec);
}

void model_disk_load(ModelPublisher *p) {
        model_disk_sync(p);
        for (size_t i = 0; i < p->party.n_rows; i++)
                load_row(p, &p->party.rows[i]);
}
