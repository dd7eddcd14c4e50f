/* Holds a plan against the specification: each update is allowed, each prerequisite holds and is
   needed (O11), and what it tells is so. */
#include "tests/unit/support_ownership.h"

#include <string.h>

/* An SRV that comes late finds its claim there, though that was taken away meanwhile (O13); unless
   the claim that stays has strings that we cannot write. */
static bool comes_with_claim(const Ownership *o, const Plan *plan, const Srv *srv) {
        uint8_t rdata[CLAIM_RDATA_MAX];

        for (size_t i = 0; i < plan->n_ops; i++)
                if (plan->ops[i].kind == PLAN_ADD_CLAIM && claim_covers(&plan->ops[i].claim, srv))
                        return true;
        for (size_t i = 0; i < o->scene->n_txt; i++) {
                const Txt *txt = &o->scene->seen[i];

                if (scene_is_our_claim(o->scene, txt, srv) &&
                    claim_to_rdata(&txt->claim, rdata) != txt->size)
                        return true;
        }
        return !o->scene->input.claims;
}

/* O2, O3: only what was observed, to the octet; only what the rules let go, or what is replaced. */
static void check_op(const Ownership *o, const Plan *plan, const PlanOp *op) {
        const Scene *scene = o->scene;
        const PlanWanted *wanted;

        if (op->kind == PLAN_DELETE_SRV) {
                wanted = ownership_wanted(o, &op->srv);
                must(scene_has_srv(scene, &op->srv));
                must(wanted ? ownership_decides(o, wanted) : ownership_srv_goes(o, &op->srv));
        }
        if (op->kind == PLAN_DELETE_TXT) {
                const Srv offer = claim_offer(&op->txt->claim);

                must(op->txt >= scene->seen && op->txt < scene->seen + scene->n_txt);
                must(ownership_txt_goes(o, op->txt) ||
                     (ownership_wanted(o, &offer) && scene_is_our_claim(scene, op->txt, &offer)));
        }
        if (op->kind == PLAN_ADD_SRV) {
                must(ownership_wanted(o, &op->srv));
                must(op->ttl == plan->ttl);
                must(comes_with_claim(o, plan, &op->srv));
        }
        if (op->kind == PLAN_ADD_CLAIM) {
                const Srv offer = claim_offer(&op->claim);

                must(scene->input.claims && ownership_wanted(o, &offer));
        }
}

/* RFC 2136 3.2: on what was observed the prerequisites hold. */
static void check_prerequisites_hold(const Scene *scene, const Plan *plan, const size_t *n) {
        must(n[PLAN_REQUIRE_SRV] == 0 || scene->n_srv > 0);
        must(n[PLAN_REQUIRE_NO_SRV] == 0 || scene->n_srv == 0);
        must(n[PLAN_REQUIRE_NO_TXT] == 0 || scene->n_txt == 0);
        must(n[PLAN_REQUIRE_SRV_RR] == 0 || n[PLAN_REQUIRE_SRV_RR] == scene->n_srv);
        must(n[PLAN_REQUIRE_TXT_RR] == 0 || n[PLAN_REQUIRE_TXT_RR] == scene->n_txt);
        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];

                if (op->kind == PLAN_REQUIRE_SRV_RR)
                        must(scene_has_srv(scene, &op->srv));
                if (op->kind == PLAN_REQUIRE_TXT_RR)
                        must(scene_has_txt(scene, op->txt));
                for (size_t j = 0; j < i; j++) {
                        if (op->kind == PLAN_REQUIRE_SRV_RR && plan->ops[j].kind == op->kind)
                                must(!srv_same_octets(&op->srv, &plan->ops[j].srv));
                        if (op->kind == PLAN_REQUIRE_TXT_RR && plan->ops[j].kind == op->kind)
                                must(op->txt != plan->ops[j].txt);
                }
        }
}

/* A claim of ours goes whose offer is there and no longer wanted. */
static bool leaves(const Ownership *o, const PlanOp *op) {
        if (op->kind != PLAN_DELETE_TXT || !ownership_is_mine(o, op->txt))
                return false;
        const Srv offer = claim_offer(&op->txt->claim);
        return !ownership_wanted(o, &offer) && scene_count_offer(o->scene, &offer) > 0;
}

static bool removes_ours(const Ownership *o, const PlanOp *op) {
        return op->kind == PLAN_DELETE_SRV && !ownership_wanted(o, &op->srv) &&
               ownership_is_ours(o, &op->srv) && !(o->from && srv_same_offer(o->from, &op->srv));
}

/* Whether the last of ours at an offer goes, or a dead one's claim: then nobody may have joined or
   left meanwhile. In exclusive mode nobody may have taken over what we hold. */
static bool needs_txts(const Ownership *o, const Plan *plan, bool adds) {
        for (size_t i = 0; i < plan->n_ops; i++)
                if (removes_ours(o, &plan->ops[i]) || leaves(o, &plan->ops[i]))
                        return true;
        return o->notes & PLAN_NOTE_RECLAIMS ||
               (o->scene->input.mode == MODE_EXCLUSIVE && adds && o->scene->n_srv > 0);
}

/* Whether it is not ours alone to judge what is there. */
static bool needs_srvs(const Ownership *o, bool adds) {
        return o->notes & (PLAN_NOTE_RECLAIMS | PLAN_NOTE_TAKES_OVER) ||
               (o->scene->input.mode == MODE_EXCLUSIVE && adds);
}

/* O11: these and no others. */
static void check_prerequisites(const Ownership *o, const Plan *plan, const size_t *n) {
        const Scene *scene = o->scene;
        const bool adds = n[PLAN_ADD_SRV] + n[PLAN_ADD_CLAIM] > 0;
        const bool srvs = needs_srvs(o, adds);
        const bool txts = needs_txts(o, plan, adds);
        const bool srv = n[PLAN_DELETE_SRV] > 0 && !adds && !srvs && !(txts && scene->n_txt > 0);

        must(n[PLAN_REQUIRE_NO_CNAME] == (scene->has_cname && adds));
        must(n[PLAN_REQUIRE_SRV] == srv);
        must(n[PLAN_REQUIRE_NO_SRV] == (srvs && scene->n_srv == 0));
        must(n[PLAN_REQUIRE_SRV_RR] == (srvs ? scene->n_srv : 0));
        must(n[PLAN_REQUIRE_NO_TXT] == (txts && scene->n_txt == 0));
        must(n[PLAN_REQUIRE_TXT_RR] == (txts ? scene->n_txt : 0));
}

/* Claims that come in the place of ones that differ in until= alone. */
static bool only_renews(const Ownership *o, const Plan *plan, const size_t *n) {
        size_t n_matched = 0;

        for (size_t i = 0; i < plan->n_ops; i++)
                for (size_t j = 0; plan->ops[i].kind == PLAN_ADD_CLAIM && j < plan->n_ops; j++) {
                        const Claim *claim = &plan->ops[i].claim;
                        const Srv offer = claim_offer(claim);
                        const Txt *txt = plan->ops[j].txt;

                        n_matched += plan->ops[j].kind == PLAN_DELETE_TXT &&
                                     scene_is_our_claim(o->scene, txt, &offer) &&
                                     txt->claim.ttl == claim->ttl &&
                                     txt->claim.since_sec == claim->since_sec &&
                                     txt->claim.lease_sec == claim->lease_sec;
                }
        return n[PLAN_ADD_SRV] + n[PLAN_DELETE_SRV] == 0 && n_matched == n[PLAN_ADD_CLAIM] &&
               n_matched == n[PLAN_DELETE_TXT];
}

static PlanVerdict verdict(const Ownership *o, const Plan *plan, const size_t *n) {
        bool unclaims = false;

        if (o->standby)
                return PLAN_STANDBY;
        for (size_t i = 0; i < o->scene->input.n_wanted; i++)
                if (scene_count_offer(o->scene, &o->scene->wanted[i].srv) == 0)
                        return PLAN_PUBLISH;
        if (only_renews(o, plan, n))
                return PLAN_IN_ORDER;
        for (size_t i = 0; i < o->scene->n_txt; i++) {
                const Txt *txt = &o->scene->seen[i];
                const Srv offer = claim_offer(&txt->claim);

                unclaims |= !o->scene->input.claims && scene_is_our_claim(o->scene, txt, &offer) &&
                            ownership_wanted(o, &offer);
        }
        return n[PLAN_ADD_SRV] + n[PLAN_ADD_CLAIM] > 0 || unclaims ? PLAN_CHANGE : PLAN_WITHDRAW;
}

void ownership_check_plan(const Ownership *o, const Plan *plan) {
        size_t n[_PLAN_OP_MAX] = {0};
        unsigned section = 0;

        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];
                const unsigned its = plan_op_is_prerequisite(op->kind) ? 0
                                     : op->kind < PLAN_ADD_SRV         ? 1
                                                                       : 2;

                n[op->kind]++;
                must(its >= section);
                section = its;
                check_op(o, plan, op);
        }
        check_prerequisites_hold(o->scene, plan, n);
        check_prerequisites(o, plan, n);
        must(plan->verdict == verdict(o, plan, n));
        must(plan->notes == o->notes);
        must(plan->ttl == o->ttl);
        must(plan->n_ours == o->n_ours);
        must(plan->n_ours + plan->n_foreign == o->scene->n_srv);
        must(plan->holder == (o->standby ? o->holder : NULL));
        must(plan->observes == (o->scene->input.mode == MODE_OBSERVE));
        must(plan->removes_strays == o->removes_strays);
        must(plan->adds_claim == (n[PLAN_ADD_CLAIM] > 0));
        must(plan->n_ops <= 4 + 2 * (o->scene->n_srv + o->scene->n_txt + o->scene->input.n_wanted));
}
