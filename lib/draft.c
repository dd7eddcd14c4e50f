/* Every SRV and TXT observed gets its fate: it stays as it is or it goes. lib/holding says whose it
   is (O1); what is foreign goes only in a takeover (O9) or when its publisher is dead (O8). Then:
   by what each wanted offer is served as it stands (O3-O5), whether another holds the name that we
   want alone (O6), and the TTL that the RRset is to have (O12). */
#include "lib/draft.h"

#include <string.h>

static bool is_from(const PlanInput *input, const Srv *srv) {
        return input->from && srv_same_offer(input->from, srv);
}

static bool from_claims(const PlanInput *input, const Claim *claim) {
        return input->from && claim_covers(claim, input->from);
}

/* To the octet, as a server that minds the case would compare. */
static bool same_rdata(const Srv *a, const Srv *b) {
        return a->priority == b->priority && a->weight == b->weight && a->port == b->port &&
               a->target.length == b->target.length &&
               memcmp(a->target.wire, b->target.wire, a->target.length) == 0;
}

/* --- what goes -------------------------------------------------------------------------------- */

/* Others' claims first: whether an SRV may go follows from the claims that stay. */
static void judge_foreign_claims(Draft *draft) {
        const PlanInput *input = draft->input;

        for (size_t i = 0; i < draft->observation->n_txt; i++) {
                const Txt *txt = &draft->observation->txt[i];

                if (!txt->is_claim || holding_is_mine(input, &txt->claim))
                        continue;
                if (from_claims(input, &txt->claim)) {
                        draft->txt_goes[i] = draft->guard_srv = true;
                        draft->plan->notes |= PLAN_NOTE_TAKES_OVER;
                } else if (txt->dead && input->reclaim && input->n_wanted > 0) {
                        draft->txt_goes[i] = draft->guard_txt = draft->guard_srv = true;
                        draft->plan->notes |= PLAN_NOTE_RECLAIMS;
                }
        }
}

/* An SRV that nobody here wants. */
static bool judge_unwanted(Draft *draft, const Srv *srv, const Holding *holding) {
        const PlanRemembered *remembered = holding_remembered(draft->input, srv);
        unsigned *notes = &draft->plan->notes;

        if (is_from(draft->input, srv)) {
                draft->guard_srv = true;
                *notes |= PLAN_NOTE_TAKES_OVER;
                return true;
        }
        if (!holding->is_ours) {
                if (remembered && remembered->claimed && holding->n_claims == 0)
                        *notes |= PLAN_NOTE_CLAIM_GONE;
                if (remembered && holding->n_staying > 0)
                        *notes |= PLAN_NOTE_STAYS_CLAIMED;
                /* Its last claims are dead ones (O8). */
                return holding->n_claims > 0 && holding->n_staying == 0;
        }
        if (draft->input->keep_remembered && remembered)
                return false;
        if (holding->n_staying > 0) {
                *notes |= PLAN_NOTE_STAYS_CLAIMED;
                return false;
        }
        draft->guard_txt = true;
        return true;
}

static void judge_srvs(Draft *draft) {
        const Observation *observation = draft->observation;

        for (size_t i = 0; i < observation->n_srv; i++) {
                const Srv *srv = &observation->srv[i];
                const Holding holding = holding_of(draft->input, srv, draft->txt_goes);

                if (holding.is_ours)
                        draft->plan->n_ours++;
                else
                        draft->plan->n_foreign++;
                if (holding_wanted(draft->input, srv))
                        continue; /* judged by what serves the offer best, see judge_wanted() */
                draft->srv_goes[i] = judge_unwanted(draft, srv, &holding);
        }
}

/* In standby what a dead publisher left goes as a whole, though we would want the offer: else it
   would stand there unclaimed, and be taken for ours. */
static void judge_freed(Draft *draft) {
        for (size_t i = 0; i < draft->observation->n_srv; i++) {
                const Holding holding =
                        holding_of(draft->input, &draft->observation->srv[i], draft->txt_goes);

                if (!holding.is_ours && holding.n_claims > 0 && holding.n_staying == 0)
                        draft->srv_goes[i] = true;
        }
}

static const Claim *find_holder_claim(const Draft *draft) {
        for (size_t i = 0; i < draft->observation->n_txt; i++) {
                const Txt *txt = &draft->observation->txt[i];

                if (txt->is_claim && !holding_is_mine(draft->input, &txt->claim) &&
                    claim_covers(&txt->claim, draft->plan->holder))
                        return &txt->claim;
        }
        return NULL;
}

/* O6: another holds the name, and nothing there is ours: to be published, to stay or to go. What we
   leave to those who share it with us is theirs. */
static void judge_exclusive(Draft *draft) {
        const PlanInput *input = draft->input;
        Plan *plan = draft->plan;
        bool holds = false;

        for (size_t i = 0; i < draft->observation->n_srv; i++) {
                const Srv *srv = &draft->observation->srv[i];
                const Holding holding = holding_of(input, srv, draft->txt_goes);
                const bool is_freed = holding.n_claims > 0 && holding.n_staying == 0;
                const bool is_kept = input->keep_remembered && holding_remembered(input, srv);

                if (holding.is_ours &&
                    (holding_wanted(input, srv) || draft->srv_goes[i] || is_kept))
                        holds = true;
                else if (!draft->srv_goes[i] && !is_from(input, srv) && !is_freed && !plan->holder)
                        plan->holder = srv;
        }
        if (!plan->holder)
                return;
        if (holds) {
                plan->notes |= PLAN_NOTE_FOREIGN_BESIDE;
                plan->holder = NULL;
                return;
        }
        draft->standby = true;
        plan->holder_claim = find_holder_claim(draft);
        judge_freed(draft);
}

/* --- the TTL ---------------------------------------------------------------------------------- */

static uint32_t lower(uint32_t a, uint32_t b) {
        return a < b ? a : b;
}

static uint32_t lowest_configured(const PlanInput *input) {
        uint32_t ttl = UINT32_MAX;

        for (size_t i = 0; i < input->n_wanted; i++)
                ttl = lower(ttl, input->wanted[i].srv.ttl);
        return ttl;
}

/* The lowest ttl= of others' claims that stay. */
static uint32_t lowest_claimed(const Draft *draft) {
        uint32_t ttl = UINT32_MAX;

        for (size_t i = 0; i < draft->observation->n_txt; i++) {
                const Txt *txt = &draft->observation->txt[i];

                if (txt->is_claim && !draft->txt_goes[i] &&
                    !holding_is_mine(draft->input, &txt->claim))
                        ttl = lower(ttl, txt->claim.ttl);
        }
        return ttl;
}

/* O12. Samba keeps a TTL per RR, hence the lowest. With nothing wanted and nothing foreign there
   it is the TTL of what is ours. */
static void decide_ttl(Draft *draft) {
        const Observation *observation = draft->observation;
        const PlanInput *input = draft->input;
        uint32_t unclaimed = UINT32_MAX, foreign = UINT32_MAX, seen = UINT32_MAX;
        const uint32_t configured = lowest_configured(input);
        Plan *plan = draft->plan;

        for (size_t i = 0; i < observation->n_srv; i++) {
                const Srv *srv = &observation->srv[i];
                const Holding holding = holding_of(input, srv, draft->txt_goes);

                seen = lower(seen, srv->ttl);
                if (!holding.is_ours)
                        foreign = lower(foreign, srv->ttl);
                if (!draft->srv_goes[i] && !holding.is_ours && holding.n_claims == 0)
                        unclaimed = lower(unclaimed, srv->ttl);
        }
        plan->ttl_seen = observation->n_srv > 0 ? seen : 0;
        if (unclaimed != UINT32_MAX)
                plan->ttl = unclaimed;
        else if (input->n_wanted > 0)
                plan->ttl = lower(configured, lowest_claimed(draft));
        else
                plan->ttl = foreign != UINT32_MAX ? foreign : plan->ttl_seen;
        plan->ttl_adopted = input->n_wanted > 0 && plan->ttl != configured;
}

/* Foreign TXTs', else the lowest ttl=. */
uint32_t draft_claim_ttl(const Draft *draft) {
        uint32_t foreign = UINT32_MAX;

        for (size_t i = 0; i < draft->observation->n_txt; i++)
                if (!draft->observation->txt[i].is_claim)
                        foreign = lower(foreign, draft->observation->txt[i].ttl);
        if (foreign != UINT32_MAX)
                return foreign;
        return lower(lowest_configured(draft->input), lowest_claimed(draft));
}

/* --- what is wanted --------------------------------------------------------------------------- */

bool draft_counts(const Draft *draft, size_t i) {
        const PlanWanted *wanted = &draft->input->wanted[i];

        return holding_wanted(draft->input, &wanted->srv) == wanted;
}

/* A claim with our id that speaks later than we do: another machine runs with our id, and its word
   stands like any other's (O5). Else both would correct each other for ever. */
static bool is_later_word(const PlanWanted *wanted, const Claim *claim) {
        return claim->since_sec > wanted->since_sec;
}

/* O5: whether our numbers count at an offer: no other claims it, or ours is the latest word. */
static bool decides_numbers(const Draft *draft, const PlanWanted *wanted) {
        const PlanInput *input = draft->input;
        bool decides = true;

        for (size_t i = 0; i < draft->observation->n_txt; i++) {
                const Txt *txt = &draft->observation->txt[i];

                if (!txt->is_claim || draft->txt_goes[i] ||
                    !claim_covers(&txt->claim, &wanted->srv))
                        continue;
                if (holding_is_mine(input, &txt->claim)) {
                        if (input->claims && is_later_word(wanted, &txt->claim))
                                decides = false;
                        continue;
                }
                draft->plan->notes |= PLAN_NOTE_ALSO_CLAIMED;
                if (!input->claims || txt->claim.since_sec > wanted->since_sec ||
                    (txt->claim.since_sec == wanted->since_sec &&
                     memcmp(&txt->claim.id, input->id, sizeof(PublisherId)) < 0))
                        decides = false;
        }
        return decides;
}

/* The observed SRV that serves wanted as it stands. Case is no reason to write, but where a server
   holds two that differ in nothing else (PowerDNS), the one in our case stays. */
static const Srv *find_kept(const Draft *draft, const Srv *wanted) {
        const Srv *kept = NULL;

        for (size_t i = 0; i < draft->observation->n_srv; i++) {
                const Srv *srv = &draft->observation->srv[i];

                if (!srv_equal(wanted, srv) || srv->ttl != draft->plan->ttl)
                        continue;
                if (same_rdata(wanted, srv))
                        return srv;
                if (!kept)
                        kept = srv;
        }
        return kept;
}

/* Another's numbers: whatever stands for the offer serves. */
static const Srv *find_any(Draft *draft, const Srv *wanted) {
        const Srv *any = NULL;

        for (size_t i = 0; i < draft->observation->n_srv; i++) {
                const Srv *srv = &draft->observation->srv[i];

                if (!srv_same_offer(wanted, srv))
                        continue;
                any = any ? any : srv;
                if (!srv_equal(wanted, srv))
                        draft->plan->notes |= PLAN_NOTE_NUMBERS_OF_OTHER;
        }
        return any;
}

/* True if a TTL alone is wrong in an RRset that is all ours. The TTL is the RRset's, whatever a
   server that keeps one per RR shows: all of it that is wanted is written anew (O12). */
static bool must_rewrite(const Draft *draft) {
        if (draft->plan->n_foreign > 0)
                return false;
        for (size_t i = 0; i < draft->observation->n_srv; i++) {
                const Srv *srv = &draft->observation->srv[i];
                const PlanWanted *wanted = holding_wanted(draft->input, srv);

                if (wanted && draft->served[wanted - draft->input->wanted].decides &&
                    srv_equal(&wanted->srv, srv) && srv->ttl != draft->plan->ttl)
                        return true;
        }
        return false;
}

/* Should an answer list one RR twice, the copy of a kept one must not be taken for another. */
static void judge_wanted(Draft *draft) {
        const PlanInput *input = draft->input;

        for (size_t i = 0; i < input->n_wanted; i++)
                draft->served[i].decides = decides_numbers(draft, &input->wanted[i]);
        const bool rewrite = must_rewrite(draft);
        for (size_t i = 0; i < input->n_wanted; i++) {
                const PlanWanted *wanted = &input->wanted[i];

                if (!draft_counts(draft, i))
                        continue;
                if (!draft->served[i].decides) {
                        draft->served[i].srv = find_any(draft, &wanted->srv);
                        continue;
                }
                if (!rewrite)
                        draft->served[i].srv = find_kept(draft, &wanted->srv);
                for (size_t j = 0; j < draft->observation->n_srv; j++) {
                        const Srv *srv = &draft->observation->srv[j];

                        if (!srv_same_offer(&wanted->srv, srv) ||
                            (draft->served[i].srv && same_rdata(draft->served[i].srv, srv)))
                                continue;
                        draft->srv_goes[j] = true;
                        /* Another publisher may be about to settle for this one. */
                        draft->served[i].repeated = draft->served[i].srv != NULL;
                }
        }
}

/* --- our claims ------------------------------------------------------------------------------- */

Claim draft_claim(const Draft *draft, size_t i) {
        const PlanInput *input = draft->input;
        const PlanWanted *wanted = &input->wanted[i];
        Claim claim = {
                .id = *input->id,
                .host = wanted->srv.target,
                .port = wanted->srv.port,
                .ttl = wanted->srv.ttl,
                .since_sec = wanted->since_sec,
        };

        if (input->lease_sec > 0) {
                claim.lease_sec = input->lease_sec;
                claim.until_sec = input->now_sec + input->lease_sec;
        }
        return claim;
}

/* O8: renewed at half, and when a clock that stepped back makes it last too long. */
static bool lease_is_fresh(const PlanInput *input, const Claim *claim) {
        if (input->lease_sec == 0)
                return claim->until_sec == 0;
        return claim->until_sec > input->now_sec + input->lease_sec / 2 &&
               claim->until_sec <= input->now_sec + input->lease_sec;
}

static bool claim_says(const Claim *claim, const Claim *wanted) {
        return claim->ttl == wanted->ttl && claim->since_sec == wanted->since_sec &&
               claim->lease_sec == wanted->lease_sec &&
               (claim->until_sec == 0) == (wanted->until_sec == 0);
}

/* A claim of ours on a wanted offer: it stays if it says what it should, the first one. */
static bool judge_wanted_claim(Draft *draft, const Txt *txt, size_t wanted) {
        const PlanInput *input = draft->input;
        const Claim should = draft_claim(draft, wanted);

        const Txt *kept = draft->served[wanted].claim;

        if (kept)
                return kept->size != txt->size || memcmp(kept->rdata, txt->rdata, txt->size) != 0;
        if (!claim_says(&txt->claim, &should))
                return true;
        if (!lease_is_fresh(input, &txt->claim)) {
                draft->served[wanted].renewed = true;
                return true;
        }
        draft->served[wanted].claim = txt;
        return false;
}

static bool offer_is_there(const Draft *draft, const Claim *claim) {
        for (size_t i = 0; i < draft->observation->n_srv; i++)
                if (claim_covers(claim, &draft->observation->srv[i]))
                        return true;
        return false;
}

/* Of claims with our id the latest word is the one that stays, whatever their order. */
static void keep_later_words(Draft *draft) {
        const PlanInput *input = draft->input;

        for (size_t i = 0; i < draft->observation->n_txt; i++) {
                const Txt *txt = &draft->observation->txt[i];
                const Srv offer = {.target = txt->claim.host, .port = txt->claim.port};

                if (!txt->is_claim || !holding_is_mine(input, &txt->claim))
                        continue;
                const PlanWanted *wanted = holding_wanted(input, &offer);
                if (!wanted || !is_later_word(wanted, &txt->claim))
                        continue;
                const Txt **kept = &draft->served[wanted - input->wanted].claim;
                if (!*kept || txt->claim.since_sec > (*kept)->claim.since_sec)
                        *kept = txt;
        }
}

static void judge_own_claims(Draft *draft) {
        const PlanInput *input = draft->input;

        if (input->claims && !draft->standby)
                keep_later_words(draft);
        for (size_t i = 0; i < draft->observation->n_txt; i++) {
                const Txt *txt = &draft->observation->txt[i];
                const Srv offer = {.target = txt->claim.host, .port = txt->claim.port};

                if (!txt->is_claim || !holding_is_mine(input, &txt->claim))
                        continue;
                const PlanWanted *wanted = holding_wanted(input, &offer);
                if (wanted && !draft->standby) {
                        draft->unclaims |= !input->claims;
                        draft->txt_goes[i] =
                                !input->claims ||
                                judge_wanted_claim(draft, txt, (size_t)(wanted - input->wanted));
                        continue;
                }
                if (input->keep_remembered && holding_remembered(input, &offer) &&
                    !is_from(input, &offer))
                        continue;
                draft->txt_goes[i] = true;
                /* Whether the SRV goes with it or another's claim keeps it. */
                draft->guard_txt = draft->guard_txt || offer_is_there(draft, &txt->claim);
        }
}

/* --- all of it -------------------------------------------------------------------------------- */

static void note_strays(Draft *draft) {
        for (size_t i = 0; i < draft->observation->n_txt; i++) {
                const Txt *txt = &draft->observation->txt[i];

                if (!txt->is_claim || !holding_is_stray(draft->input, &txt->claim))
                        continue;
                if (draft->txt_goes[i])
                        draft->plan->removes_strays = true;
                else
                        draft->plan->notes |= PLAN_NOTE_STRAYS;
        }
}

void draft_judge(Draft *draft) {
        const PlanInput *input = draft->input;

        judge_foreign_claims(draft);
        judge_srvs(draft);
        if (input->mode == MODE_EXCLUSIVE && input->n_wanted > 0)
                judge_exclusive(draft);
        judge_own_claims(draft);
        decide_ttl(draft);
        if (!draft->standby)
                judge_wanted(draft);
        note_strays(draft);
}
