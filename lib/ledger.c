/* Rows of the state, as one publication knows them, and the plan that follows from them. There are
   seldom more than two: the present offer, and one of before that is still to be withdrawn.

   A row says "claimed" only after a read-back that saw our claim, and ceases to say so before a
   message is sent that takes the claim away and leaves the record: should the daemon die in
   between, the record is still known as ours (O1). */

#include "lib/ledger.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

int ledger_reserve(Ledger *ledger) {
        ledger->items = malloc(sizeof(*ledger->items));
        return ledger->items ? 0 : -ENOMEM;
}

void ledger_done(Ledger *ledger) {
        for (size_t i = 0; i < ledger->n; i++)
                (void)offer_unref(ledger->items[i].offer);
        free(ledger->items);
        *ledger = (Ledger){0};
}

LedgerItem *ledger_find(const Ledger *ledger, const Offer *offer) {
        for (size_t i = 0; i < ledger->n; i++)
                if (offer_equal(ledger->items[i].offer, offer))
                        return &ledger->items[i];
        return NULL;
}

int ledger_add(Ledger *ledger, const LedgerItem *item) {
        LedgerItem *items;

        if (ledger_find(ledger, item->offer))
                return 0;
        items = realloc(ledger->items, (ledger->n + 1) * sizeof(*items));
        if (!items)
                return -ENOMEM;
        ledger->items = items;
        items[ledger->n] = *item;
        (void)offer_ref(items[ledger->n++].offer);
        return 0;
}

static bool may_be_durable(const LedgerItem *item) {
        return item->durable || item->is_written;
}

bool ledger_knows(const Ledger *ledger) {
        for (size_t i = 0; i < ledger->n; i++)
                if (may_be_durable(&ledger->items[i]))
                        return true;
        return false;
}

void ledger_outdate(Ledger *ledger) {
        for (size_t i = 0; i < ledger->n; i++)
                ledger->items[i].current = false;
}

static bool is_wanted(const Wanted *wanted, const Offer *offer) {
        for (size_t i = 0; i < wanted_count(wanted); i++)
                if (offer_equal(wanted_offer(wanted, i), offer))
                        return true;
        return false;
}

/* --- the plan --------------------------------------------------------------------------------- */

/* Another port of the same name is no former name: nobody listens there now. */
static bool is_former_name(const Wanted *wanted, const Offer *offer) {
        if (!wanted->offer || !offer->derived)
                return false;
        for (size_t i = 0; i < wanted_count(wanted); i++)
                if (name_equal(&wanted_offer(wanted, i)->target, &offer->target))
                        return false;
        return true;
}

/* The row takes on the numbers wanted; what it says changes with them. Without claims it ceases to
   say that there is one. */
static void follow_wanted(LedgerItem *item, const Srv *srv, const LedgerPolicy *policy,
                          const Observation *observation) {
        const bool is_same = item->priority == srv->priority && item->weight == srv->weight;

        if (item->since_sec == 0) {
                item->since_sec = plan_since(observation, policy->id, srv, policy->now_sec);
                item->current = false;
        } else if (!is_same) {
                /* A clock that stepped back must not make it an older word than the last one. */
                const uint64_t since_sec =
                        plan_since(observation, policy->id, srv, policy->now_sec);
                item->since_sec = since_sec > item->since_sec   ? since_sec
                                  : item->since_sec < INT64_MAX ? item->since_sec + 1
                                                                : INT64_MAX;
                item->current = false;
        }
        item->priority = srv->priority;
        item->weight = srv->weight;
        if (item->claimed && !policy->claims && policy->mode != MODE_OBSERVE) {
                item->claimed = false;
                item->current = false;
        }
}

/* An offer gets its row when it is first planned for, so that since= stays what the first message
   says; it counts when it is durable. */
static int plan_wanted(Ledger *ledger, const Wanted *wanted, size_t i, const LedgerPolicy *policy,
                       const Observation *observation, PlanWanted *ret_wanted) {
        Offer *offer = wanted_offer(wanted, i);
        const Srv srv = wanted_srv(wanted, i);
        int r = ledger_add(ledger, &(LedgerItem){.offer = offer});

        if (r < 0)
                return r;
        LedgerItem *item = ledger_find(ledger, offer);
        follow_wanted(item, &srv, policy, observation);
        *ret_wanted = (PlanWanted){srv, item->since_sec};
        return 0;
}

static bool has_intent(const Ledger *ledger, const Wanted *wanted) {
        for (size_t i = 0; i < wanted_count(wanted); i++) {
                const LedgerItem *item = ledger_find(ledger, wanted_offer(wanted, i));
                if (!item || !item->current)
                        return false;
        }
        return true;
}

static void brief(const Ledger *ledger, Publication *p, const Wanted *wanted,
                  const LedgerPolicy *policy) {
        p->remembered_all = has_intent(ledger, wanted);
        p->holds_derived = p->forgets = false;
        for (size_t i = 0; i < ledger->n; i++) {
                const Offer *offer = ledger->items[i].offer;

                if (!may_be_durable(&ledger->items[i]) || is_wanted(wanted, offer))
                        continue;
                p->forgets = true;
                if (is_former_name(wanted, offer))
                        p->holds_derived = publication_keeps_derived(p, policy->now_usec);
        }
}

static bool takes_claim(const Plan *plan, const PublisherId *id, const Srv *offer) {
        bool takes = false;

        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];

                if (op->kind == PLAN_ADD_CLAIM && claim_covers(&op->claim, offer))
                        return false;
                if (op->kind == PLAN_DELETE_TXT && op->txt->is_claim &&
                    publisher_id_equal(&op->txt->claim.id, id) &&
                    claim_covers(&op->txt->claim, offer))
                        takes = true;
        }
        return takes;
}

static bool is_taken(const Plan *plan, const Txt *txt) {
        for (size_t i = 0; i < plan->n_ops; i++)
                if (plan->ops[i].kind == PLAN_DELETE_TXT && plan->ops[i].txt == txt)
                        return true;
        return false;
}

/* Whether others claim an offer, and go on to. */
static bool is_shared(const Plan *plan, const Observation *observation, const PublisherId *id,
                      const Srv *offer) {
        for (size_t i = 0; i < observation->n_txt; i++) {
                const Txt *txt = &observation->txt[i];

                if (txt->is_claim && !publisher_id_equal(&txt->claim.id, id) &&
                    claim_covers(&txt->claim, offer) && !is_taken(plan, txt))
                        return true;
        }
        return false;
}

/* A race may leave the record without the claim that the plan takes: then it is ours as one that
   was published without. */
static void unclaim(Ledger *ledger, Publication *p, const Plan *plan,
                    const Observation *observation, const PublisherId *id) {
        p->unclaims = false;
        if (plan->observes)
                return; /* nothing is sent */
        for (size_t i = 0; i < ledger->n; i++) {
                LedgerItem *item = &ledger->items[i];
                const Srv offer = offer_srv(item->offer);

                if (item->claimed && takes_claim(plan, id, &offer) &&
                    !is_shared(plan, observation, id, &offer)) {
                        item->claimed = item->current = false;
                        item->unclaims = true;
                }
                p->unclaims = p->unclaims || item->unclaims;
        }
}

int ledger_plan(Ledger *ledger, Publication *publication, const Wanted *wanted,
                const Observation *observation, const LedgerPolicy *policy, Plan **ret_plan) {
        const size_t n_wanted = wanted_count(wanted);
        size_t n_remembered = 0;
        _cleanup_(freep) PlanWanted *srvs = calloc(n_wanted + 1, sizeof(*srvs));
        _cleanup_(freep) PlanRemembered *remembered = calloc(ledger->n + 1, sizeof(*remembered));
        int r = 0;

        if (!srvs || !remembered)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < n_wanted; i++)
                r = plan_wanted(ledger, wanted, i, policy, observation, &srvs[i]);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ledger->n; i++)
                if (may_be_durable(&ledger->items[i]))
                        remembered[n_remembered++] = (PlanRemembered){
                                offer_srv(ledger->items[i].offer), ledger->items[i].claimed};
        brief(ledger, publication, wanted, policy);
        const PlanInput input = {
                .mode = policy->mode,
                .claims = policy->claims,
                .claims_optional = policy->claims_optional,
                .reclaim = policy->reclaim,
                .leave_strays = publication->strays_removed,
                .lease_sec = policy->lease_sec,
                .now_sec = policy->now_sec,
                .id = policy->id,
                .wanted = srvs,
                .n_wanted = n_wanted,
                .remembered = remembered,
                .n_remembered = n_remembered,
                .observation = observation,
                .from = policy->from,
                .keep_remembered = publication->holds_derived,
                .refresh = publication_wants_refresh(publication),
        };
        r = plan_new(&input, ret_plan);
        /* In standby nothing of ours is there: all that is remembered will be forgotten. */
        if (r < 0)
                return r;
        unclaim(ledger, publication, *ret_plan, observation, policy->id);
        if ((*ret_plan)->verdict == PLAN_STANDBY) {
                publication->forgets = ledger_knows(ledger);
                publication->holds_derived = false;
        }
        return r;
}

/* --- what is to be written -------------------------------------------------------------------- */

int ledger_intend(Ledger *ledger, const Wanted *wanted, LedgerItem **ret_item) {
        for (size_t i = 0; i < wanted_count(wanted); i++) {
                Offer *offer = wanted_offer(wanted, i);
                const Srv srv = wanted_srv(wanted, i);
                int r = ledger_add(ledger, &(LedgerItem){.offer = offer,
                                                         .priority = srv.priority,
                                                         .weight = srv.weight});
                if (r < 0)
                        return r;
                *ret_item = ledger_find(ledger, offer);
                if (!(*ret_item)->current)
                        return 0;
        }
        for (size_t i = 0; i < ledger->n; i++)
                if (ledger->items[i].unclaims) {
                        *ret_item = &ledger->items[i];
                        return 0;
                }
        *ret_item = NULL;
        return 0;
}

void ledger_written(LedgerItem *item) {
        item->current = item->durable = true;
        item->is_written = item->unclaims = false;
}

static bool is_there(const Observation *observation, const Offer *offer) {
        const Srv srv = offer_srv(offer);

        for (size_t i = 0; i < observation->n_srv; i++)
                if (srv_same_offer(&observation->srv[i], &srv))
                        return true;
        return false;
}

static void confirm(Ledger *ledger, const Wanted *wanted, size_t i, const Observation *observation,
                    const PublisherId *id, bool is_doubted, const LedgerStore *store) {
        const Srv srv = wanted_srv(wanted, i);
        Offer *offer = wanted_offer(wanted, i);
        LedgerItem *item = ledger_find(ledger, offer);
        const LedgerItem was = item ? *item : (LedgerItem){0};

        if (!item && ledger_add(ledger, &(LedgerItem){.offer = offer}) < 0)
                return; /* the next check comes back to it */
        item = ledger_find(ledger, offer);
        /* While an update of ours may still take it away, one look is no proof (O13). */
        item->claimed = plan_is_claimed(observation, id, &srv) && (item->claimed || !is_doubted);
        if (item->since_sec == 0)
                item->since_sec = plan_since(observation, id, &srv, 0);
        item->priority = srv.priority;
        item->weight = srv.weight;
        item->confirmed = true;
        /* Whether a target is configured or this machine's name decides how it goes one day
           (O13). */
        if (was.current && was.confirmed && was.claimed == item->claimed &&
            was.since_sec == item->since_sec && item->offer->derived == offer->derived)
                return;
        (void)offer_ref(offer);
        (void)offer_unref(item->offer);
        item->offer = offer;
        ledger_written(item);
        store->put(item, store->userdata);
}

/* Whether an offer is there, and not as another publisher's alone. */
static bool is_there_as_ours(const Observation *observation, const PublisherId *id,
                             const Offer *offer) {
        const Srv srv = offer_srv(offer);

        return is_there(observation, offer) && plan_is_ours(observation, id, &srv);
}

void ledger_settle(Ledger *ledger, const Publication *publication, const Wanted *wanted,
                   const Observation *observation, const PublisherId *id,
                   const LedgerStore *store) {
        const bool standby = publication->state == PUBLICATION_STANDBY;
        const bool is_doubted = publication->asked_usec < publication->doubt_until_usec;
        size_t n_kept = 0;

        for (size_t i = 0; !standby && i < wanted_count(wanted); i++)
                if (is_there_as_ours(observation, id, wanted_offer(wanted, i)))
                        confirm(ledger, wanted, i, observation, id, is_doubted, store);
        for (size_t i = 0; i < ledger->n; i++) {
                LedgerItem *item = &ledger->items[i];
                const bool stays = !standby && is_wanted(wanted, item->offer) &&
                                   is_there_as_ours(observation, id, item->offer);

                if (!stays && (!may_be_durable(item) ||
                               (!publication->keeps && store->remove(item, store->userdata) == 0)))
                        (void)offer_unref(item->offer);
                else
                        ledger->items[n_kept++] = *item;
        }
        ledger->n = n_kept;
}
