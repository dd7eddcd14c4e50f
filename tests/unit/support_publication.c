#include "tests/unit/support_publication.h"

#include <check.h>

void bench_init(Bench *bench, bool withdraw) {
        *bench = (Bench){
                .times = {CHECK, USEC_INFINITY, RETRY_MIN, RETRY_MAX, SETTLE},
                .now_usec = USEC_PER_HOUR,
                .random = UINT32_MAX,
        };
        publication_init(&bench->publication, withdraw, bench->now_usec);
}

static void plan_push(Plan *plan, PlanOpKind kind) {
        plan->ops[plan->n_ops++].kind = kind;
}

static void plan_push_requirements(Plan *plan, const Input *input) {
        if (input->no_cname)
                plan_push(plan, PLAN_REQUIRE_NO_CNAME);
        if (input->seen == PLAN_WITHDRAW)
                plan_push(plan, PLAN_REQUIRE_SRV);
        if (input->no_srv)
                plan_push(plan, PLAN_REQUIRE_NO_SRV);
        if (input->no_txt)
                plan_push(plan, PLAN_REQUIRE_NO_TXT);
        if (input->removes)
                plan_push(plan, PLAN_REQUIRE_SRV_RR);
}

/* The same shapes as lib/plan's; on the heap, so that the sanitizer sees it kept too long. */
static Plan *plan_of(const Input *input, bool refresh, bool claims_denied) {
        const bool change = input->seen == PLAN_CHANGE && !input->claim_only;
        Plan *plan = calloc(1, sizeof(*plan) + 8 * sizeof(plan->ops[0]));

        ck_assert_ptr_nonnull(plan);
        plan->verdict = input->seen;
        plan->observes = input->observes;
        plan->removes_strays = input->strays;
        plan->ttl_only = input->ttl_only;
        plan->adds_claim = (input->claim && !claims_denied) || input->claim_needed;
        plan->claims_optional = !input->claim_needed;
        plan_push_requirements(plan, input);
        if (input->seen == PLAN_WITHDRAW || change || input->removes)
                plan_push(plan, PLAN_DELETE_SRV);
        if (input->seen == PLAN_PUBLISH || change || refresh)
                plan_push(plan, PLAN_ADD_SRV);
        if (plan->adds_claim)
                plan_push(plan, PLAN_ADD_CLAIM);
        return plan;
}

PublicationStep bench_step(Bench *bench, const Input *input) {
        Publication *p = &bench->publication;
        bool observed = input->kind == EVENT_OBSERVED && input->reply == REPLY_DONE;
        bool has_reply = input->kind == EVENT_OBSERVED || input->kind == EVENT_ANSWERED ||
                         (input->kind == EVENT_NOT_LOCATED && input->reply != REPLY_DONE);
        Reply reply = {.kind = input->reply, .rcode = input->rcode, .error = input->error};
        const Trouble cause = {.kind = input->trouble};
        bool refresh = observed && input->seen == PLAN_IN_ORDER && publication_wants_refresh(p);
        Plan *plan = observed ? plan_of(input, refresh, p->claims_denied) : NULL;
        PublicationEvent event = {
                .kind = input->kind,
                .random = bench->random,
                .n_servers = input->n_servers,
                .n_primaries = input->n_primaries,
                .reply = has_reply ? &reply : NULL,
                .plan = plan,
                .authoritative = observed && !input->not_authority,
                .relocate = input->relocate,
                .overtakes = input->overtakes,
                .start_usec = input->start_usec,
                .trouble = input->trouble,
                .error = input->error,
                .stale = input->stale,
                .cause = input->kind == EVENT_NOT_SIGNED ? &cause : NULL,
        };
        PublicationStep step;

        if (input->kind == EVENT_CHANGED)
                p->withdraw = input->withdraw;
        if (observed)
                p->holds_derived = input->former && publication_keeps_derived(p, bench->now_usec);
        step = publication_step(p, &bench->times, &event, bench->now_usec);
        plan_free(plan);
        return step;
}

static const char *step_name(PublicationAction action, bool ended) {
        static const char *const names[_PUBLICATION_ACTION_MAX] = {
                [ACTION_WAIT] = "wait",       [ACTION_LOCATE] = "locate",
                [ACTION_OBSERVE] = "observe", [ACTION_REMEMBER] = "remember",
                [ACTION_UPDATE] = "update",
        };

        return ended ? "ended" : names[action];
}

/* E8: the first check is CHECK after the first pass that ended well, each other one CHECK later
   whatever comes between; what is wanted anew begins anew. */
static void note_check(Bench *bench) {
        if (bench->check_usec == 0)
                bench->check_usec = bench->now_usec + CHECK;
        while (bench->check_usec <= bench->now_usec)
                bench->check_usec += CHECK;
}

static uint64_t expected_due(Bench *bench, const Line *line) {
        if (line->input.kind == EVENT_CHANGED)
                bench->check_usec = 0;
        if (line->ended && line->state != PUBLICATION_FAILED && line->state != PUBLICATION_DENIED)
                note_check(bench);
        if (line->due_usec == NEVER)
                return NEVER;
        return line->due_usec == CHECK ? bench->check_usec : bench->now_usec + line->due_usec;
}

static void assert_line(Bench *bench, const Line *line, PublicationStep step, const char *where) {
        const Publication *p = &bench->publication;
        const uint64_t due_usec = expected_due(bench, line);

        ck_assert_msg(step.action == line->action && step.ended == line->ended &&
                              p->state == line->state,
                      "%s: %s, %s; expected %s, %s", where, step_name(step.action, step.ended),
                      publication_state_to_string(p->state), step_name(line->action, line->ended),
                      publication_state_to_string(line->state));
        ck_assert_msg(step.renewal == line->renewal, "%s: renews %d", where, step.renewal);
        ck_assert_msg(p->server == line->server, "%s: at server %u", where, p->server);
        ck_assert_msg(p->in_pass == !step.ended, "%s: in_pass %d", where, p->in_pass);
        if (step.action == ACTION_WAIT)
                ck_assert_msg(p->due_usec == due_usec, "%s: due in %lld us", where,
                              (long long)(p->due_usec - bench->now_usec));
        if (!step.ended)
                return;
        ck_assert_msg(p->trouble.kind == line->trouble, "%s: trouble %d", where, p->trouble.kind);
        ck_assert_msg(p->wrote == line->wrote, "%s: wrote %s", where,
                      plan_verdict_to_string(p->wrote));
        ck_assert_msg(p->keeps == (line->keeps || p->holds_derived), "%s: keeps %d", where,
                      p->keeps);
        ck_assert_msg(p->claims_denied == line->claims_denied, "%s: claims_denied %d", where,
                      p->claims_denied);
}

void run_script(const Script *script) {
        Bench bench;
        char where[200];

        bench_init(&bench, script->withdraw);
        bench.publication.remembered_all = script->remembered;
        bench.publication.forgets = script->forgets;
        if (script->refresh_usec)
                bench.times.refresh_interval_usec = script->refresh_usec;
        for (size_t i = 0; i < script->n_lines; i++) {
                const Line *line = &script->lines[i];

                if (line->input.kind == EVENT_DUE)
                        bench.now_usec = bench.publication.due_usec;
                else
                        bench.now_usec += TICK;
                (void)snprintf(where, sizeof(where), "%s, line %zu", script->rule, i + 1);
                assert_line(&bench, line, bench_step(&bench, &line->input), where);
        }
}
