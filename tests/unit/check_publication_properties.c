/* Pseudo-random lives of a publication, from a fixed seed: a driver that answers whatever is asked
   for with anything that can come back, and changes its mind in between. Whatever happens, nothing
   is sent unseen (E4, E5), or where only to look (O7); a pass ends within bounds (O10-O12, E1);
   nothing is forgotten in doubt (O13), and the state tells what was seen last. Of what signs the
   updates all is made anew that a refusal may be due to, and no oftener than that (E6). */
#include <errno.h>
#include <string.h>

#include "tests/unit/support_publication.h"
#include "tests/unit/unit.h"

enum {
        N_EVENTS = 20000,
        SERVERS_MAX = 4,
        CONFLICTS_MAX = 6, /* updates that lose in one pass */
        IGNORED_MAX = 2,
};

/* One life, and what its invariants are about. */
typedef struct Life {
        Bench bench;
        uint64_t seed;
        bool observes; /* Mode=observe */
        Input input;   /* the last one */
        PublicationStep step;
        PlanVerdict seen; /* by the last plan */
        bool observed;    /* at observed_at, since the end of the last update */
        uint8_t observed_at;
        uint64_t asked_usec; /* when the last look began */
        bool sends_claim;    /* the last plan, one that may be done without */
        bool sends_ttl;      /* the last plan, and nothing else */
        bool wrote_ttl;      /* it was answered NOERROR, at the server that is asked now */
        bool intent_is_safe;
        unsigned n_queries, n_updates;  /* of this pass */
        unsigned n_contexts, n_tickets; /* ... made anew */
        Staleness stale;                /* of what its last update was signed with */
} Life;

/* xorshift64* */
static uint32_t draw(Life *life, uint32_t below) {
        life->seed ^= life->seed >> 12;
        life->seed ^= life->seed << 25;
        life->seed ^= life->seed >> 27;
        return (uint32_t)((life->seed * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % below;
}

static bool draw_percent(Life *life, uint32_t percent) {
        return draw(life, 100) < percent;
}

static ldns_pkt_rcode draw_rcode(Life *life) {
        return (ldns_pkt_rcode)draw(life, 11);
}

static ReplyKind draw_reply(Life *life) {
        return draw_percent(life, 40) ? REPLY_DONE : (ReplyKind)draw(life, _REPLY_KIND_MAX);
}

/* Something fails here, whatever was asked for. */
static Input draw_failure(Life *life) {
        static const TroubleKind kinds[] = {TROUBLE_NOT_LOCATED, TROUBLE_NO_CREDENTIALS};

        return (Input)INPUT(NOT_LOCATED, .trouble = kinds[draw(life, ELEMENTSOF(kinds))],
                            .reply = (ReplyKind)draw(life, _REPLY_KIND_MAX));
}

static Input draw_located(Life *life) {
        uint8_t n = (uint8_t)(1 + draw(life, SERVERS_MAX));

        if (draw_percent(life, 15))
                return draw_failure(life);
        return (Input)LOCATED(n, (uint8_t)draw(life, n + 1u));
}

/* What a plan of this verdict may carry. */
static void draw_plan(Life *life, Input *input) {
        const bool denied = life->bench.publication.claims_denied;

        if (input->seen == PLAN_PUBLISH || input->seen == PLAN_CHANGE) {
                input->no_cname = draw_percent(life, 20);
                input->no_srv = draw_percent(life, 20);
                input->no_txt = draw_percent(life, 10);
                input->claim = draw_percent(life, 50);
                input->claim_needed = !input->claim && draw_percent(life, 30);
        }
        if (input->seen == PLAN_CHANGE && !denied)
                input->claim_only = input->claim && draw_percent(life, 50);
        if (input->seen == PLAN_CHANGE && !input->claim_only)
                input->ttl_only = draw_percent(life, 80);
        if (input->seen == PLAN_IN_ORDER)
                input->claim_needed = draw_percent(life, 10); /* a lease to be renewed */
        input->removes = input->seen == PLAN_STANDBY && draw_percent(life, 30);
}

static Input draw_observed(Life *life) {
        Publication *p = &life->bench.publication;
        Input input = {
                .kind = EVENT_OBSERVED,
                .reply = draw_reply(life),
                .seen = p->withdraw ? draw(life, 2) * PLAN_WITHDRAW
                                    : (PlanVerdict)draw(life, _PLAN_VERDICT_MAX),
                .observes = life->observes,
                .not_authority = draw_percent(life, 5),
                .former = !p->withdraw && draw_percent(life, 20),
        };

        p->remembered_all = p->withdraw || draw_percent(life, 50);
        p->forgets = draw_percent(life, 50);
        draw_plan(life, &input);
        return input;
}

/* Nothing was sent, or something was, and anything came back. */
static Input draw_answer(Life *life) {
        static const TroubleKind causes[] = {TROUBLE_NO_CREDENTIALS, TROUBLE_NO_CONTEXT,
                                             TROUBLE_REPLY};
        Input input = {
                .kind = EVENT_ANSWERED,
                .reply = draw_reply(life),
                .rcode = draw_rcode(life),
                .stale = (Staleness)draw(life, (STALE_CONTEXT | STALE_TICKET) + 1),
        };

        if (draw_percent(life, 5))
                return (Input)INPUT(NOT_SIGNED, .trouble = causes[draw(life, ELEMENTSOF(causes))]);
        if (input.reply == REPLY_UNREACHABLE && draw_percent(life, 50))
                input.error = draw_percent(life, 50) ? EKEYEXPIRED : EKEYREJECTED;
        return input;
}

static Input draw_change(Life *life) {
        life->observes = draw_percent(life, 15);
        return (Input)CHANGED(.withdraw = draw_percent(life, 30),
                              .relocate = draw_percent(life, 30),
                              .overtakes = life->step.action == ACTION_UPDATE);
}

static Input draw_input(Life *life) {
        bool at_rest = life->step.ended && life->bench.publication.due_usec == NEVER;

        if (draw_percent(life, 1) || at_rest)
                return draw_change(life);
        if (life->step.action != ACTION_WAIT && draw_percent(life, 1))
                return draw_failure(life);
        switch (life->step.action) {
        case ACTION_LOCATE:
                return draw_located(life);
        case ACTION_OBSERVE:
                return draw_observed(life);
        case ACTION_REMEMBER:
                return (Input)REMEMBERED(draw_percent(life, 5) ? -5 : 0);
        case ACTION_UPDATE:
                return draw_answer(life);
        case ACTION_WAIT:
        case _PUBLICATION_ACTION_MAX:
                break;
        }
        return (Input)DUE;
}

static bool is_word_of_the_zone(const Input *input) {
        return input->kind == EVENT_OBSERVED && input->reply == REPLY_DONE && !input->not_authority;
}

/* O6, O7 */
static void assert_only_looked(const Life *life) {
        const Publication *p = &life->bench.publication;
        const Input *input = &life->input;
        const bool observed = p->state == PUBLICATION_OBSERVED;

        ck_assert(is_word_of_the_zone(input) && input->observes == observed);
        ck_assert(observed || (input->seen == PLAN_STANDBY && !input->removes && !p->withdraw));
        ck_assert(!observed || (p->keeps && life->n_updates == 0));
        ck_assert(p->trouble.kind == TROUBLE_NONE && p->attempt == 0);
        ck_assert(p->due_usec > life->bench.now_usec || life->asked_usec < p->doubt_until_usec);
        ck_assert_uint_le(p->due_usec, life->bench.now_usec + CHECK);
        ck_assert(!p->forgets || p->keeps || life->asked_usec >= p->doubt_until_usec);
}

/* What was seen last has to justify the state: in order, or but for a TTL that the server keeps
   (O12); or what renews it was accepted; or a removal found no RRset to remove from. */
static void assert_good_end(const Life *life) {
        const Publication *p = &life->bench.publication;
        const Input *input = &life->input;
        bool refreshed = input->reply == REPLY_DONE && life->seen == PLAN_IN_ORDER;
        bool wildcard = input->reply == REPLY_CONFLICT && input->rcode == LDNS_RCODE_NXRRSET &&
                        life->seen == PLAN_WITHDRAW;

        bool unrefreshed = input->kind == EVENT_NOT_SIGNED && life->seen == PLAN_IN_ORDER;

        ck_assert((is_word_of_the_zone(input) &&
                   (input->seen == PLAN_IN_ORDER || (input->ttl_only && life->wrote_ttl))) ||
                  (input->kind == EVENT_ANSWERED && (refreshed || wildcard)) || unrefreshed);
        ck_assert(p->trouble.kind == (unrefreshed ? input->trouble : TROUBLE_NONE));
        ck_assert(p->attempt == 0);
        ck_assert(p->withdraw == (p->state == PUBLICATION_WITHDRAWN));
        ck_assert(p->withdraw == (p->due_usec == NEVER));
        ck_assert(!p->forgets || p->keeps || life->asked_usec >= p->doubt_until_usec);
        ck_assert(!p->keeps || !p->withdraw);
        ck_assert(!p->holds_derived || (p->keeps && p->due_usec <= p->since_usec + STABLE_MAX));
}

static void assert_bad_end(const Life *life) {
        const Publication *p = &life->bench.publication;
        uint64_t wait_usec = p->due_usec - life->bench.now_usec;

        ck_assert(p->state == PUBLICATION_FAILED || p->state == PUBLICATION_DENIED);
        ck_assert((p->state == PUBLICATION_DENIED) == (p->trouble.kind == TROUBLE_DENIED));
        ck_assert(p->trouble.kind > TROUBLE_NONE && p->trouble.kind < _TROUBLE_KIND_MAX);
        ck_assert(p->state != PUBLICATION_DENIED || p->trouble.server < p->n_primaries);
        ck_assert(p->attempt > 0 && !p->located);
        /* A verdict on an update is one on all that is new. */
        if (p->trouble.updating && p->trouble.kind == TROUBLE_DENIED)
                ck_assert(!life->stale || (life->n_tickets > 0 &&
                                           (!(life->stale & STALE_CONTEXT) || p->context_renewed)));
        if (p->trouble.updating && p->trouble.kind == TROUBLE_BAD_KEY)
                ck_assert(!(life->stale & STALE_CONTEXT) || p->context_renewed);
        ck_assert(wait_usec >= RETRY_MIN / 2 && wait_usec <= RETRY_MAX);
}

/* Updates: one, and one more for each that lost, was ignored, was denied for its claim, was closed
   at its server, had no verdict there, or was signed anew, with its claim again. Queries: one for
   each server, update, close, denied claim and wait before an end. */
static void assert_bounds(const Life *life) {
        unsigned n = SERVERS_MAX, renewals = life->n_contexts + life->n_tickets;
        unsigned updates_max = CONFLICTS_MAX + IGNORED_MAX + 2 * n - 1 + 2 * renewals;

        ck_assert_uint_le(life->n_tickets, 1);
        ck_assert_uint_le(renewals, n + 1);
        ck_assert_uint_le(life->n_updates, updates_max);
        ck_assert_uint_le(life->n_queries, n + updates_max + n + updates_max + 2);
}

static void assert_step(const Life *life) {
        const Publication *p = &life->bench.publication;

        ck_assert_int_lt(p->state, _PUBLICATION_STATE_MAX);
        ck_assert_int_lt(life->step.action, _PUBLICATION_ACTION_MAX);
        ck_assert(life->step.ended == !p->in_pass);
        ck_assert(p->server < SERVERS_MAX && (!p->located || p->server < p->n_servers));
        if (life->step.action == ACTION_WAIT)
                ck_assert_uint_ge(p->due_usec, life->bench.now_usec);
        if (life->step.action == ACTION_UPDATE)
                ck_assert(!life->observes && life->observed && life->observed_at == p->server &&
                          p->observed_here &&
                          (life->intent_is_safe || life->seen == PLAN_WITHDRAW ||
                           life->seen == PLAN_STANDBY));
        assert_bounds(life);
        if (life->step.renewal != RENEW_NOTHING)
                ck_assert(life->step.action == ACTION_OBSERVE &&
                          (life->stale || life->input.error != 0));
        if (life->input.kind == EVENT_NOT_SIGNED && life->input.trouble == TROUBLE_NO_CREDENTIALS)
                ck_assert(life->step.ended);
        if (!life->step.ended)
                return;
        if (p->state == PUBLICATION_PUBLISHED || p->state == PUBLICATION_WITHDRAWN)
                assert_good_end(life);
        else if (p->state == PUBLICATION_STANDBY || p->state == PUBLICATION_OBSERVED)
                assert_only_looked(life);
        else
                assert_bad_end(life);
}

/* Keeps the books before the step: what the event brought. */
static void note_input(Life *life) {
        const Publication *p = &life->bench.publication;
        const Input *input = &life->input;

        if (input->kind == EVENT_CHANGED || !p->in_pass)
                life->n_queries = life->n_updates = life->n_contexts = life->n_tickets = 0;
        if (input->kind == EVENT_OBSERVED && input->reply == REPLY_DONE && !input->not_authority) {
                life->observed = true;
                life->observed_at = p->server;
                life->seen = input->seen;
                life->sends_claim = input->claim && !p->claims_denied;
                life->sends_ttl = input->ttl_only;
                life->intent_is_safe = p->remembered_all;
        }
        if (input->kind == EVENT_ANSWERED)
                life->stale = input->stale;
        if (input->kind == EVENT_ANSWERED)
                life->wrote_ttl = input->reply == REPLY_DONE && life->sends_ttl;
        else if (!is_word_of_the_zone(input))
                life->wrote_ttl = false;
        if (input->kind == EVENT_REMEMBERED && !input->error)
                life->intent_is_safe = true;
        if (input->kind == EVENT_ANSWERED || input->kind == EVENT_CHANGED ||
            input->kind == EVENT_LOCATED)
                life->observed = life->intent_is_safe = false;
}

/* O10: that claims are denied is learned from one answer alone. */
static void assert_denial(const Life *life, bool denied_before) {
        const Publication *p = &life->bench.publication;

        if (p->claims_denied && !denied_before)
                ck_assert(life->input.kind == EVENT_ANSWERED && life->sends_claim &&
                          life->input.reply == REPLY_DENIED && p->server < p->n_primaries &&
                          life->step.action == ACTION_OBSERVE);
}

static void take_step(Life *life) {
        life->step = bench_step(&life->bench, &life->input);
        life->n_queries += life->step.action == ACTION_OBSERVE;
        life->n_updates += life->step.action == ACTION_UPDATE;
        life->n_contexts += life->step.renewal == RENEW_CONTEXT;
        life->n_tickets += life->step.renewal == RENEW_TICKET;
}

static void live(Life *life) {
        uint64_t due_usec = life->bench.publication.due_usec;
        bool denied = life->bench.publication.claims_denied;

        life->input = draw_input(life);
        if (life->input.kind != EVENT_DUE)
                life->bench.now_usec += draw(life, 2 * USEC_PER_SEC);
        else if (due_usec > life->bench.now_usec && draw_percent(life, 95))
                life->bench.now_usec = due_usec;
        life->bench.random = draw(life, UINT32_MAX);
        note_input(life);
        take_step(life);
        if (life->step.action == ACTION_OBSERVE)
                life->asked_usec = life->bench.now_usec;
        assert_denial(life, denied);
}

START_TEST(whatever_happens) {
        Life life = {.seed = UINT64_C(0x9e3779b97f4a7c15) * (unsigned)(_i + 1)};
        unsigned n_ends[_PUBLICATION_STATE_MAX] = {0}, n_denials = 0, n_kept = 0;
        unsigned n_renewals[RENEW_TICKET + 1] = {0};

        bench_init(&life.bench, draw_percent(&life, 30));
        if (_i % 2)
                life.bench.times.refresh_interval_usec = USEC_PER_HOUR;
        for (unsigned i = 0; i < N_EVENTS; i++) {
                live(&life);
                assert_step(&life);
                if (life.step.ended)
                        n_ends[life.bench.publication.state]++;
                n_denials += life.bench.publication.claims_denied;
                n_kept += life.step.ended && life.input.ttl_only &&
                          life.bench.publication.state == PUBLICATION_PUBLISHED;
                n_renewals[life.step.renewal]++;
        }
        /* It has been everywhere, or it proves little. */
        ck_assert_uint_gt(n_ends[PUBLICATION_PUBLISHED], 100);
        ck_assert_uint_gt(n_ends[PUBLICATION_WITHDRAWN], 20);
        ck_assert_uint_gt(n_ends[PUBLICATION_FAILED], 100);
        ck_assert_uint_gt(n_ends[PUBLICATION_DENIED], 20);
        ck_assert_uint_gt(n_ends[PUBLICATION_STANDBY], 50);
        ck_assert_uint_gt(n_ends[PUBLICATION_OBSERVED], 20);
        ck_assert_uint_gt(n_denials, 10);
        ck_assert_uint_gt(n_kept, 0);
        ck_assert_uint_gt(n_renewals[RENEW_CONTEXT], 20);
        ck_assert_uint_gt(n_renewals[RENEW_TICKET], 20);
}
END_TEST

/* The longest pass that can be: every server loses, ignores and closes as often as it may; every
   other one shows another TTL than the one written (O12); half of them refuse, whatever signs. */
START_TEST(always_ends) {
        static const ReplyKind stubborn[] = {REPLY_CLOSED, REPLY_CONFLICT, REPLY_ECHO,
                                             REPLY_DONE,   REPLY_TIMEOUT,  REPLY_DENIED,
                                             REPLY_BAD_KEY};
        const bool refuses = _i % 4 < 2;
        const unsigned n_kinds = ELEMENTSOF(stubborn) - (refuses ? 0 : 2);
        Life life = {.seed = (unsigned)_i + 1};

        bench_init(&life.bench, false);
        life.bench.publication.remembered_all = true;
        life.input = (Input)DUE;
        life.step = bench_step(&life.bench, &life.input);
        life.input = (Input)LOCATED(SERVERS_MAX, SERVERS_MAX);
        life.step = bench_step(&life.bench, &life.input);
        for (unsigned i = 0; !life.step.ended; i++) {
                ck_assert_uint_lt(i, 200);
                life.input = (Input)DUE;
                if (life.step.action == ACTION_OBSERVE)
                        life.input = (Input){
                                .kind = EVENT_OBSERVED,
                                .reply = draw_percent(&life, 10) ? REPLY_CLOSED : REPLY_DONE,
                                .seen = _i % 2 ? PLAN_CHANGE : PLAN_PUBLISH,
                                .ttl_only = _i % 2,
                                .claim = refuses,
                        };
                else if (life.step.action == ACTION_UPDATE)
                        life.input = (Input)INPUT(ANSWERED, .reply = stubborn[draw(&life, n_kinds)],
                                                  .rcode = refuses && draw_percent(&life, 50)
                                                                   ? LDNS_RCODE_REFUSED
                                                                   : LDNS_RCODE_NXRRSET,
                                                  .stale = STALE_CONTEXT | STALE_TICKET);
                take_step(&life);
                assert_bounds(&life);
        }
}
END_TEST

/* E9: a name that makes a server silent, or say what nobody can read, does so alone from then on:
   until an update is answered, or nothing is left to be done. */
START_TEST(what_was_lost_goes_alone) {
        static const struct {
                Input answer;
                bool was_lost;
        } cases[] = {
                {ANSWER(TIMEOUT), true},      {ANSWER(GARBAGE), true},    {ANSWER(CLOSED), true},
                {ANSWER(DENIED), false},      {ANSWER(ELSEWHERE), false}, {ANSWER(CONFLICT), false},
                {ANSWER(UNREACHABLE), false}, {ANSWER(ECHO), false},
        };
        static const Input ways_out[] = {ANSWER(DONE), ANSWER(DENIED), SEEN(IN_ORDER)};
        Bench bench;
        Publication *p = &bench.publication;

        for (size_t i = 0; i < ELEMENTSOF(ways_out); i++) {
                PublicationStep step;

                bench_init(&bench, false);
                p->remembered_all = true;
                bench_step(&bench, &(Input)DUE);
                bench_step(&bench, &(Input)LOCATED(1, 1));
                bench_step(&bench, &(Input)SEEN(PUBLISH));
                ck_assert(!p->was_lost);
                step = bench_step(&bench, &cases[_i].answer);
                ck_assert(p->was_lost == cases[_i].was_lost);
                for (unsigned j = 0; j < 3 && step.action != ACTION_OBSERVE; j++) {
                        bench.now_usec = p->due_usec;
                        step = bench_step(&bench, &(Input)DUE);
                        if (step.action == ACTION_LOCATE)
                                step = bench_step(&bench, &(Input)LOCATED(1, 1));
                }
                ck_assert_int_eq(step.action, ACTION_OBSERVE);
                ck_assert(p->was_lost == cases[_i].was_lost);
                if (ways_out[i].kind == EVENT_ANSWERED)
                        bench_step(&bench, &(Input)SEEN(PUBLISH));
                ck_assert(p->was_lost == cases[_i].was_lost);
                bench_step(&bench, &ways_out[i]);
                ck_assert(!p->was_lost);
        }
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, what_was_lost_goes_alone, 0, 8);
        tcase_add_loop_test(tcase, whatever_happens, 0, 8);
        tcase_add_loop_test(tcase, always_ends, 0, 200);
}

UNIT_MAIN("publication_properties", add_tests)
