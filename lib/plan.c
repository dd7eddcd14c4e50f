/* Decides what to write at one record name, from what is wanted, what is remembered as published
   and what the primary holds. No clock, socket or log: the same input gives the same plan.

   First every SRV and TXT observed gets its fate: it stays as it is or it goes. lib/holding says
   whose it is (O1); what is foreign goes only in a takeover (O9) or when its publisher is dead
   (O8). Then follows what is to be added (O3, O4), unless another holds the name that we want alone
   (O6). Deletes name single RRs by the RDATA observed (O2); they come before the adds, which a
   server applies in that order and as a whole (RFC 2136 3.4.2, 3.7), so no RRset is ever seen half
   changed.

   Prerequisites are the fewest that make it safe (O11): to add is safe by itself, unless a CNAME
   may be there (E5) or nobody else may be (O6). Who removes the last that speaks for an offer makes
   sure that no publisher joined it or left it meanwhile: the TXT RRset is as it was observed. */
#include "lib/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/draft.h"
#include "lib/util.h"

enum {
        OPS_MOSTLY = 12,
};

static PlanOp *push(const Draft *draft, PlanOpKind kind) {
        PlanOp *op = &draft->ops[draft->plan->n_ops++];

        *op = (PlanOp){.kind = kind};
        return op;
}

static void push_srv(const Draft *draft, PlanOpKind kind, const Srv *srv, uint32_t ttl) {
        PlanOp *op = push(draft, kind);

        op->srv = *srv;
        op->srv.ttl = op->ttl = ttl;
}

/* The SRV RRset is as observed. */
static void require_srvs(const Draft *draft) {
        for (size_t i = 0; i < draft->observation->n_srv; i++)
                push_srv(draft, PLAN_REQUIRE_SRV_RR, &draft->observation->srv[i], 0);
        if (draft->observation->n_srv == 0)
                push(draft, PLAN_REQUIRE_NO_SRV);
}

static void require_txts(const Draft *draft) {
        for (size_t i = 0; i < draft->observation->n_txt; i++)
                push(draft, PLAN_REQUIRE_TXT_RR)->txt = &draft->observation->txt[i];
        if (draft->observation->n_txt == 0)
                push(draft, PLAN_REQUIRE_NO_TXT);
}

static void push_deletes(const Draft *draft) {
        const Observation *observation = draft->observation;

        for (size_t i = 0; i < observation->n_srv; i++)
                if (draft->srv_goes[i])
                        push_srv(draft, PLAN_DELETE_SRV, &observation->srv[i], 0);
        for (size_t i = 0; i < observation->n_txt; i++)
                if (draft->txt_goes[i])
                        push(draft, PLAN_DELETE_TXT)->txt = &observation->txt[i];
}

/* What the updates amount to. */
typedef struct Tally {
        size_t n_deletes;
        size_t n_srvs;    /* added */
        size_t n_claims;  /* added */
        size_t n_renewed; /* of these */
        bool deletes_srv;
        bool missing;      /* an offer is added that was not there at all */
        bool not_ttl_only; /* something else than the TTL of an SRV of ours changes */
} Tally;

static void tally_deletes(const Draft *draft, Tally *tally) {
        const Observation *observation = draft->observation;

        for (size_t i = 0; i < observation->n_srv; i++) {
                const PlanWanted *wanted = holding_wanted(draft->input, &observation->srv[i]);

                if (!draft->srv_goes[i])
                        continue;
                tally->n_deletes++;
                tally->deletes_srv = true;
                if (!wanted || !srv_equal(&wanted->srv, &observation->srv[i]))
                        tally->not_ttl_only = true;
        }
        for (size_t i = 0; i < observation->n_txt; i++)
                if (draft->txt_goes[i]) {
                        tally->n_deletes++;
                        tally->not_ttl_only = true;
                }
}

static void tally_wanted(const Draft *draft, const Srv *wanted, Tally *tally) {
        bool is_offered = false, is_equal = false;

        for (size_t i = 0; i < draft->observation->n_srv; i++) {
                is_offered |= srv_same_offer(wanted, &draft->observation->srv[i]);
                is_equal |= srv_equal(wanted, &draft->observation->srv[i]);
        }
        tally->n_srvs++;
        tally->missing |= !is_offered;
        tally->not_ttl_only |= !is_equal;
}

static Tally tally_of(const Draft *draft) {
        const PlanInput *input = draft->input;
        Tally tally = {0};

        tally_deletes(draft, &tally);
        for (size_t i = 0; !draft->standby && i < input->n_wanted; i++) {
                if (!draft_counts(draft, i))
                        continue;
                if (!draft->served[i].srv)
                        tally_wanted(draft, &input->wanted[i].srv, &tally);
                if (draft->served[i].repeated) {
                        tally.n_srvs++;
                        tally.not_ttl_only = true;
                }
                if (input->claims && !draft->served[i].claim) {
                        tally.n_claims++;
                        tally.n_renewed += draft->served[i].renewed;
                }
        }
        return tally;
}

static PlanVerdict verdict_of(const Draft *draft, const Tally *tally) {
        if (draft->standby)
                return PLAN_STANDBY;
        if (tally->missing)
                return PLAN_PUBLISH;
        /* Claims that are only renewed are no news: as many go as come. */
        if (tally->n_srvs == 0 && tally->n_claims == tally->n_renewed &&
            tally->n_deletes == tally->n_renewed)
                return PLAN_IN_ORDER;
        if (tally->n_srvs + tally->n_claims > 0 || draft->unclaims)
                return PLAN_CHANGE;
        return tally->n_deletes > 0 ? PLAN_WITHDRAW : PLAN_IN_ORDER;
}

static bool keeps_any(const Draft *draft) {
        for (size_t i = 0; i < draft->input->n_wanted; i++)
                if (draft->served[i].srv)
                        return true;
        return false;
}

static void push_prerequisites(const Draft *draft, const Tally *tally, bool refreshes) {
        const bool adds_srv = tally->n_srvs > 0 || refreshes,
                   adds = adds_srv || tally->n_claims > 0,
                   is_exclusive = draft->input->mode == MODE_EXCLUSIVE;

        if (adds && draft->observation->has_cname)
                (void)push(draft, PLAN_REQUIRE_NO_CNAME);
        if (draft->guard_srv || (is_exclusive && adds))
                require_srvs(draft);
        else if (!adds && tally->deletes_srv &&
                 !(draft->guard_txt && draft->observation->n_txt > 0))
                (void)push(draft, PLAN_REQUIRE_SRV);
        if (draft->guard_txt || (is_exclusive && adds && draft->observation->n_srv > 0))
                require_txts(draft);
}

/* Not by a version that knows more than this one. */
static bool is_as_written(const Txt *txt) {
        uint8_t rdata[CLAIM_RDATA_MAX];

        return claim_to_rdata(&txt->claim, rdata) == txt->size &&
               memcmp(rdata, txt->rdata, txt->size) == 0;
}

static void push_claim(const Draft *draft, const Claim *claim, uint32_t ttl) {
        PlanOp *op = push(draft, PLAN_ADD_CLAIM);

        op->claim = *claim;
        op->ttl = ttl;
        draft->plan->adds_claim = true;
}

static void push_kept_claim(const Draft *draft, size_t i) {
        const Txt *kept = draft->served[i].claim;

        if (kept && is_as_written(kept))
                push_claim(draft, &kept->claim, kept->ttl);
}

/* A claim goes with every SRV that is added, also where it stands already: should the message come
   so late that the claim was withdrawn meanwhile, what it brings back is known as ours. */
static void push_adds(const Draft *draft) {
        const PlanInput *input = draft->input;

        for (size_t i = 0; i < input->n_wanted; i++)
                if (draft_counts(draft, i) && !draft->served[i].srv)
                        push_srv(draft, PLAN_ADD_SRV, &input->wanted[i].srv, draft->plan->ttl);
                else if (draft->served[i].repeated)
                        push_srv(draft, PLAN_ADD_SRV, draft->served[i].srv, draft->plan->ttl);
        for (size_t i = 0; input->claims && i < input->n_wanted; i++) {
                const Claim claim = draft_claim(draft, i);

                if (!draft_counts(draft, i))
                        continue;
                if (!draft->served[i].claim)
                        push_claim(draft, &claim, draft_claim_ttl(draft));
                else if (!draft->served[i].srv || draft->served[i].repeated)
                        push_kept_claim(draft, i);
        }
}

/* E8. To the octet what is there: another case of it would be a second RR on PowerDNS. */
static void push_refresh(const Draft *draft) {
        for (size_t i = 0; i < draft->input->n_wanted; i++)
                if (draft->served[i].srv)
                        push_srv(draft, PLAN_ADD_SRV, draft->served[i].srv,
                                 draft->served[i].srv->ttl);
        for (size_t i = 0; i < draft->input->n_wanted; i++)
                push_kept_claim(draft, i);
}

static void decide_ops(Draft *draft) {
        const Tally tally = tally_of(draft);
        Plan *plan = draft->plan;

        plan->verdict = verdict_of(draft, &tally);
        plan->ttl_only = tally.n_srvs > 0 && tally.n_claims == 0 && !tally.not_ttl_only;
        const bool refreshes =
                plan->verdict == PLAN_IN_ORDER && draft->input->refresh && keeps_any(draft);
        push_prerequisites(draft, &tally, refreshes);
        push_deletes(draft);
        if (draft->standby)
                return;
        push_adds(draft);
        if (refreshes)
                push_refresh(draft);
}

/* Exactly as long as it is: mostly it has no ops, and lives while its pass does. */
static Plan *plan_cut(const Plan *head, const PlanOp *ops) {
        const size_t size = head->n_ops * sizeof(*ops);
        Plan *plan = malloc(sizeof(*plan) + size);

        if (plan) {
                *plan = *head;
                memcpy(plan->ops, ops, size);
        }
        return plan;
}

int plan_new(const PlanInput *input, Plan **ret_plan) {
        const Observation *observation = input->observation;
        /* Each RR may be required and deleted; each offer added with its claim. */
        const size_t n_ops_max =
                4 + 2 * (observation->n_srv + observation->n_txt) + 2 * input->n_wanted;
        PlanOp few[OPS_MOSTLY];
        _cleanup_(freep) PlanOp *many =
                n_ops_max > OPS_MOSTLY ? malloc(n_ops_max * sizeof(PlanOp)) : NULL;
        _cleanup_(freep) bool *srv_goes = calloc(observation->n_srv + 1, sizeof(*srv_goes));
        _cleanup_(freep) bool *txt_goes = calloc(observation->n_txt + 1, sizeof(*txt_goes));
        _cleanup_(freep) Served *served = calloc(input->n_wanted + 1, sizeof(*served));
        Plan head = {
                .observes = input->mode == MODE_OBSERVE,
                .claims_optional = input->claims_optional,
        };

        if ((n_ops_max > OPS_MOSTLY && !many) || !srv_goes || !txt_goes || !served)
                return -ENOMEM;
        Draft draft = {
                .input = input,
                .observation = observation,
                .plan = &head,
                .ops = many ? many : few,
                .srv_goes = srv_goes,
                .txt_goes = txt_goes,
                .served = served,
        };
        draft_judge(&draft);
        decide_ops(&draft);
        /* A third holds the name too: nobody is taken over from for nothing (O6, O9). */
        if (head.verdict == PLAN_STANDBY && input->from) {
                PlanInput without = *input;

                without.from = NULL;
                return plan_new(&without, ret_plan);
        }
        Plan *plan = plan_cut(&head, draft.ops);
        if (!plan)
                return -ENOMEM;
        *ret_plan = plan;
        return 0;
}

Plan *plan_free(Plan *plan) {
        free(plan);
        return NULL;
}

/* --- beside the plan -------------------------------------------------------------------------- */

bool plan_is_ours(const Observation *observation, const PublisherId *id, const Srv *offer) {
        for (size_t i = 0; i < observation->n_txt; i++)
                if (observation->txt[i].is_claim && claim_covers(&observation->txt[i].claim, offer))
                        return plan_is_claimed(observation, id, offer);
        return true;
}

bool plan_is_claimed(const Observation *observation, const PublisherId *id, const Srv *offer) {
        for (size_t i = 0; i < observation->n_txt; i++) {
                const Txt *txt = &observation->txt[i];

                if (txt->is_claim && publisher_id_equal(&txt->claim.id, id) &&
                    claim_covers(&txt->claim, offer))
                        return true;
        }
        return false;
}

uint64_t plan_since(const Observation *observation, const PublisherId *id, const Srv *wanted,
                    uint64_t now_sec) {
        uint64_t since_sec = now_sec;
        bool is_equal = false, is_claimed = false;

        for (size_t i = 0; i < observation->n_srv; i++)
                is_equal |= srv_equal(wanted, &observation->srv[i]);
        for (size_t i = 0; i < observation->n_txt; i++) {
                const Txt *txt = &observation->txt[i];

                if (!txt->is_claim || !claim_covers(&txt->claim, wanted))
                        continue;
                if (is_equal && publisher_id_equal(&txt->claim.id, id) &&
                    (!is_claimed || txt->claim.since_sec > since_sec)) {
                        since_sec = txt->claim.since_sec;
                        is_claimed = true;
                }
                if (!is_equal && since_sec <= txt->claim.since_sec &&
                    txt->claim.since_sec < INT64_MAX)
                        since_sec = txt->claim.since_sec + 1;
        }
        return since_sec;
}

static unsigned trait_of(PlanOpKind kind) {
        switch (kind) {
        case PLAN_REQUIRE_NO_CNAME:
                return PLAN_TRAIT_NO_CNAME;
        case PLAN_REQUIRE_SRV:
                return PLAN_TRAIT_SRV;
        case PLAN_REQUIRE_NO_SRV:
        case PLAN_REQUIRE_NO_TXT:
                return PLAN_TRAIT_FREE;
        case PLAN_ADD_SRV:
                return PLAN_TRAIT_ADDS_SRV;
        case PLAN_REQUIRE_SRV_RR:
        case PLAN_REQUIRE_TXT_RR:
        case PLAN_DELETE_SRV:
        case PLAN_DELETE_TXT:
        case PLAN_ADD_CLAIM:
        case _PLAN_OP_MAX:
                break;
        }
        return 0;
}

unsigned plan_traits(const Plan *plan) {
        unsigned traits = 0;

        if (plan->adds_claim && plan->claims_optional)
                traits |= PLAN_TRAIT_CAN_DROP_CLAIM;
        if (plan->ttl_only)
                traits |= PLAN_TRAIT_TTL_ONLY;
        for (size_t i = 0; i < plan->n_ops; i++)
                traits |= trait_of(plan->ops[i].kind);
        return traits;
}

bool plan_op_is_prerequisite(PlanOpKind kind) {
        return kind < PLAN_DELETE_SRV;
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
        case PLAN_STANDBY:
                return "standby";
        case _PLAN_VERDICT_MAX:
                break;
        }
        return "unknown";
}
