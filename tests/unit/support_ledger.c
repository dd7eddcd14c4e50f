/* Reads and prints rows, and stands for the state that keeps them. */
#include "tests/unit/support_ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
        TEXT_MAX = 512,
        HOSTS_MAX = 4,
};

Offer *offer_read(const char *host, bool derived) {
        Offer *offer = NULL;
        Srv srv;

        srv_read_offer(&srv, host);
        ck_assert_int_eq(offer_new(&srv.target, srv.port, derived, &offer), 0);
        return offer;
}

static LedgerItem row_read(const char *text) {
        LedgerItem item = {0};
        char host[64];

        ck_assert_int_eq(sscanf(text, "%63s %hu %hu", host, &item.priority, &item.weight), 3);
        if (strstr(text, "since="))
                item.since_sec = strtoull(strstr(text, "since=") + strlen("since="), NULL, 10);
        item.confirmed = strstr(text, "confirmed");
        item.claimed = strstr(text, "claimed");
        item.current = strstr(text, "current");
        item.durable = strstr(text, "durable");
        item.offer = offer_read(host, strstr(text, "derived"));
        return item;
}

static void add_row(LedgerBench *bench, const LedgerItem *item) {
        ck_assert_int_eq(ledger_add(&bench->ledger, item), 0);
}

static void add_wanted(LedgerBench *bench, const LedgerItem *item) {
        Wanted *wanted = &bench->wanted;

        if (!wanted->offer) {
                wanted->offer = offer_ref(item->offer);
                wanted->priority = item->priority;
                wanted->weight = item->weight;
                return;
        }
        ck_assert_uint_lt(wanted->hosts->n, HOSTS_MAX);
        wanted->hosts->hosts[wanted->hosts->n++] =
                (HostOffer){offer_ref(item->offer), item->priority, item->weight};
}

static void each_row(LedgerBench *bench, const char *text,
                     void (*on_row)(LedgerBench *bench, const LedgerItem *item)) {
        char copy[TEXT_MAX], *rest = copy, *row;

        snprintf(copy, sizeof(copy), "%s", text);
        while (*copy && (row = strsep(&rest, ";"))) {
                LedgerItem item = row_read(row);

                on_row(bench, &item);
                (void)offer_unref(item.offer);
        }
}

static void row_print(FILE *out, const LedgerItem *item) {
        char host[NAME_TEXT_MAX];

        fprintf(out, "%s", name_to_text(&item->offer->target, host));
        if (item->offer->port != 1688)
                fprintf(out, ":%u", item->offer->port);
        fprintf(out, " %u %u", item->priority, item->weight);
        if (item->since_sec)
                fprintf(out, " since=%" PRIu64, item->since_sec);
        fprintf(out, "%s%s%s%s%s", item->offer->derived ? " derived" : "",
                item->confirmed ? " confirmed" : "", item->claimed ? " claimed" : "",
                item->current ? " current" : "", item->durable ? " durable" : "");
}

void ledger_bench_check(const LedgerBench *bench, const char *rule, const char *rows) {
        char text[TEXT_MAX] = "";
        FILE *out = fmemopen(text, sizeof(text), "w");

        for (size_t i = 0; i < bench->ledger.n; i++) {
                fputs(i > 0 ? "; " : "", out);
                row_print(out, &bench->ledger.items[i]);
        }
        fclose(out);
        ck_assert_msg(strcmp(text, rows) == 0, "%s: rows\n    %s\nnot %s", rule, text, rows);
}

/* --- the store -------------------------------------------------------------------------------- */

static void note_written(LedgerBench *bench, const char *sign, const LedgerItem *item) {
        const size_t n = strlen(bench->written);
        FILE *out = fmemopen(&bench->written[n], sizeof(bench->written) - n, "w");

        fprintf(out, "%s%s", n > 0 ? "; " : "", sign);
        row_print(out, item);
        fclose(out);
}

static void on_put(LedgerItem *item, void *userdata) {
        LedgerBench *bench = userdata;

        note_written(bench, "+", item);
        if (bench->cannot_put)
                item->current = false;
}

static int on_remove(const LedgerItem *item, void *userdata) {
        LedgerBench *bench = userdata;

        note_written(bench, "-", item);
        return bench->cannot_remove ? -EIO : 0;
}

void ledger_bench_settle(LedgerBench *bench) {
        const LedgerStore store = {on_put, on_remove, bench};

        bench->written[0] = '\0';
        ledger_settle(&bench->ledger, &bench->publication, &bench->wanted,
                      scene_observe(&bench->scene), &bench->scene.id, &store);
}

/* --- the bench -------------------------------------------------------------------------------- */

void ledger_bench_init(LedgerBench *bench) {
        *bench = (LedgerBench){.wanted.ttl_sec = 3600};
        publication_init(&bench->publication, false, 0);
        ck_assert_int_eq(host_list_new(HOSTS_MAX, &bench->wanted.hosts), 0);
        bench->wanted.hosts->n = 0;
        scene_init(&bench->scene);
}

void ledger_bench_done(LedgerBench *bench) {
        ledger_done(&bench->ledger);
        (void)offer_unref(bench->wanted.offer);
        (void)host_list_unref(bench->wanted.hosts);
}

void ledger_bench_lay_out(LedgerBench *bench, const char *rows, const char *wanted,
                          const char *scene) {
        each_row(bench, rows, add_row);
        each_row(bench, wanted, add_wanted);
        scene_read(&bench->scene, scene);
}

Plan *ledger_bench_plan(LedgerBench *bench, uint64_t now_usec) {
        Scene *scene = &bench->scene;
        const LedgerPolicy policy = {
                .id = &scene->id,
                .mode = scene->input.mode,
                .claims = scene->input.claims,
                .claims_optional = scene->input.claims_optional,
                .reclaim = scene->input.reclaim,
                .lease_sec = scene->input.lease_sec,
                .from = scene->has_from ? &scene->from : NULL,
                .now_sec = SCENE_NOW,
                .now_usec = now_usec,
        };
        Plan *plan = NULL;

        bench->publication.strays_removed = scene->input.leave_strays;
        bench->publication.refreshes = scene->input.refresh;
        ck_assert_int_eq(ledger_plan(&bench->ledger, &bench->publication, &bench->wanted,
                                     scene_observe(scene), &policy, &plan),
                         0);
        return plan;
}
