/* Decides what to write at one record name, from what is wanted, what is remembered as published
   and what the primary holds. No clock, socket or log: the same input gives the same plan.

   A SRV there is ours if it makes the same offer as a wanted one (O1 b) or as a remembered one
   (O1 c); all else is foreign and stays as it is, its TTL too (O3, O12). Of several SRVs with one
   wanted offer, the one that is right already is kept and the others go. Deletes name single RRs
   by the RDATA observed (O2); they come before the adds, which a server applies in that order and
   as a whole (RFC 2136 3.4.2, 3.7), so no RRset is ever seen half changed.

   Prerequisites are the fewest (O11), which is one at most: an add is safe by itself unless a CNAME
   may be there (E5), a removal unless a wildcard made the answer that it follows from. */
#include "lib/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

DEFINE_CLEANUP(Plan, plan_free)

static const Srv *find_offer(const Srv *set, size_t n_set, const Srv *srv) {
        for (size_t i = 0; i < n_set; i++)
                if (srv_same_offer(&set[i], srv))
                        return &set[i];
        return NULL;
}

/* The wanted record that speaks for the offer of srv: the first, should there be several. */
static const Srv *find_wanted(const PlanInput *input, const Srv *srv) {
        return find_offer(input->wanted, input->n_wanted, srv);
}

static bool is_remembered(const PlanInput *input, const Srv *srv) {
        return find_offer(input->remembered, input->n_remembered, srv);
}

static bool is_ours(const PlanInput *input, const Srv *srv) {
        return find_wanted(input, srv) || is_remembered(input, srv);
}

/* To the octet, as a server that minds the case would compare. */
static bool same_rdata(const Srv *a, const Srv *b) {
        return a->priority == b->priority && a->weight == b->weight && a->port == b->port &&
               a->target.length == b->target.length &&
               memcmp(a->target.wire, b->target.wire, a->target.length) == 0;
}

static uint32_t lowest_ttl(const Srv *set, size_t n_set) {
        uint32_t ttl = n_set > 0 ? set[0].ttl : 0;

        for (size_t i = 1; i < n_set; i++)
                if (set[i].ttl < ttl)
                        ttl = set[i].ttl;
        return ttl;
}

/* O12. Samba keeps a TTL per RR, hence the lowest. With nothing wanted and nothing foreign there
   it is the TTL of what is ours. */
static void decide_ttl(const PlanInput *input, Plan *plan) {
        const Observation *observation = input->observation;
        uint32_t foreign_ttl = UINT32_MAX;

        for (size_t i = 0; i < observation->n_srv; i++) {
                const Srv *srv = &observation->srv[i];

                if (is_ours(input, srv)) {
                        plan->n_ours++;
                        continue;
                }
                plan->n_foreign++;
                if (srv->ttl < foreign_ttl)
                        foreign_ttl = srv->ttl;
        }

        if (input->n_wanted > 0)
                plan->ttl = lowest_ttl(input->wanted, input->n_wanted);
        else
                plan->ttl = lowest_ttl(observation->srv, observation->n_srv);
        if (plan->n_foreign > 0) {
                plan->ttl_adopted = input->n_wanted > 0 && plan->ttl != foreign_ttl;
                plan->ttl = foreign_ttl;
        }
}

/* True if a TTL alone is wrong in an RRset that is all ours. The TTL is the RRset's, whatever a
   server that keeps one per RR shows: all of it that is wanted is written anew (O12). */
static bool must_rewrite(const PlanInput *input, const Plan *plan) {
        const Observation *observation = input->observation;

        if (plan->n_foreign > 0)
                return false;
        for (size_t i = 0; i < observation->n_srv; i++) {
                const Srv *srv = &observation->srv[i];
                const Srv *wanted = find_wanted(input, srv);

                if (wanted && srv_equal(wanted, srv) && srv->ttl != plan->ttl)
                        return true;
        }
        return false;
}

/* The observed SRV that serves wanted as it stands. Case is no reason to write, but where a server
   holds two that differ in nothing else (PowerDNS), the one in our case stays. */
static const Srv *find_kept(const PlanInput *input, const Plan *plan, const Srv *wanted) {
        const Observation *observation = input->observation;
        const Srv *kept = NULL;

        for (size_t i = 0; i < observation->n_srv; i++) {
                const Srv *srv = &observation->srv[i];

                if (!srv_equal(wanted, srv) || srv->ttl != plan->ttl)
                        continue;
                if (same_rdata(wanted, srv))
                        return srv;
                if (!kept)
                        kept = srv;
        }
        return kept;
}

static void plan_push(Plan *plan, PlanOpKind kind, const Srv *srv) {
        PlanOp *op = &plan->ops[plan->n_ops++];

        op->kind = kind;
        if (srv)
                op->srv = *srv;
}

static void plan_push_front(Plan *plan, PlanOpKind kind) {
        memmove(&plan->ops[1], &plan->ops[0], plan->n_ops * sizeof(PlanOp));
        plan->ops[0] = (PlanOp){.kind = kind};
        plan->n_ops++;
}

/* kept runs parallel to input->wanted. Should an answer list one RR twice, the copy of a kept one
   must not be taken for another. */
static void push_deletes(const PlanInput *input, const Srv *const *kept, Plan *plan) {
        const Observation *observation = input->observation;

        for (size_t i = 0; i < observation->n_srv; i++) {
                const Srv *srv = &observation->srv[i];
                const Srv *wanted = find_wanted(input, srv);

                if (wanted) {
                        const Srv *stays = kept[wanted - input->wanted];

                        if (!stays || !same_rdata(stays, srv))
                                plan_push(plan, PLAN_DELETE, srv);
                } else if (is_remembered(input, srv) && !input->keep_remembered)
                        plan_push(plan, PLAN_DELETE, srv);
        }
}

/* Adds what nothing observed serves. True if one of these offers was not there at all. */
static bool push_adds(const PlanInput *input, const Srv *const *kept, Plan *plan) {
        const Observation *observation = input->observation;
        bool missing = false;

        for (size_t i = 0; i < input->n_wanted; i++) {
                const Srv *wanted = &input->wanted[i];

                if (kept[i] || find_wanted(input, wanted) != wanted)
                        continue;
                plan_push(plan, PLAN_ADD, wanted);
                plan->ops[plan->n_ops - 1].srv.ttl = plan->ttl;
                if (!find_offer(observation->srv, observation->n_srv, wanted))
                        missing = true;
        }
        return missing;
}

/* E8. To the octet what is there: another case of it would be a second RR on PowerDNS. */
static void push_refresh(const PlanInput *input, const Srv *const *kept, Plan *plan) {
        for (size_t i = 0; i < input->n_wanted; i++)
                if (kept[i] && find_wanted(input, &input->wanted[i]) == &input->wanted[i])
                        plan_push(plan, PLAN_ADD, kept[i]);
}

static void decide_ops(const PlanInput *input, const Srv *const *kept, Plan *plan) {
        push_deletes(input, kept, plan);
        const size_t n_deletes = plan->n_ops;
        const bool missing = push_adds(input, kept, plan);

        if (missing)
                plan->verdict = PLAN_PUBLISH;
        else if (plan->n_ops > n_deletes)
                plan->verdict = PLAN_CHANGE;
        else if (n_deletes > 0)
                plan->verdict = PLAN_WITHDRAW;
        else
                plan->verdict = PLAN_IN_ORDER;

        if (plan->verdict == PLAN_IN_ORDER && input->refresh)
                push_refresh(input, kept, plan);

        if (plan->verdict == PLAN_WITHDRAW)
                plan_push_front(plan, PLAN_REQUIRE_SRV);
        else if (plan->n_ops > 0 && input->observation->has_cname)
                plan_push_front(plan, PLAN_REQUIRE_NO_CNAME);
}

int plan_new(const PlanInput *input, Plan **ret_plan) {
        const size_t n_ops_max = 1 + input->observation->n_srv + input->n_wanted;
        _cleanup_(plan_freep) Plan *plan = calloc(1, sizeof(Plan) + n_ops_max * sizeof(PlanOp));
        _cleanup_(freep) const Srv **kept = calloc(input->n_wanted + 1, sizeof(*kept));

        if (!plan || !kept)
                return -ENOMEM;

        decide_ttl(input, plan);
        if (!must_rewrite(input, plan))
                for (size_t i = 0; i < input->n_wanted; i++)
                        kept[i] = find_kept(input, plan, &input->wanted[i]);
        decide_ops(input, kept, plan);
        *ret_plan = TAKE_PTR(plan);
        return 0;
}

Plan *plan_free(Plan *plan) {
        free(plan);
        return NULL;
}

const char *plan_verdict_to_string(PlanVerdict verdict) {
        switch (verdict) {
        case PLAN_IN_ORDER:
                return "in order";
        case PLAN_PUBLISH:
                return "publish";
        case PLAN_CHANGE:
                return "change";
        case PLAN_WITHDRAW:
                return "withdraw";
        case _PLAN_VERDICT_MAX:
                break;
        }
        return "unknown";
}
