/* Prints plans and scenes in the words of support_plan.h. */
#include "tests/unit/support_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *publisher_name(const PublisherId *id) {
        static const char *const names[] = {"me", "p1", "p2", "p3", "p4",
                                            "p5", "p6", "p7", "p8", "p9"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                PublisherId named = publisher_id(names[i]);

                if (memcmp(&named, id, sizeof(named)) == 0)
                        return names[i];
        }
        return "nobody";
}

static void print_srv(FILE *out, const char *what, const Srv *srv, uint32_t ttl) {
        char target[NAME_TEXT_MAX];

        fprintf(out, "%s %u %u %s", what, srv->priority, srv->weight,
                name_to_text(&srv->target, target));
        if (srv->port != 1688)
                fprintf(out, ":%u", srv->port);
        if (ttl != 3600)
                fprintf(out, "/%u", ttl);
}

static void print_claim(FILE *out, const char *sign, const Claim *claim, uint32_t ttl) {
        char host[NAME_TEXT_MAX];

        fprintf(out, "%sclaim %s %s", sign, publisher_name(&claim->id),
                name_to_text(&claim->host, host));
        if (claim->port != 1688)
                fprintf(out, ":%u", claim->port);
        if (ttl != 3600)
                fprintf(out, "/%u", ttl);
        if (claim->ttl != 3600)
                fprintf(out, " ttl=%u", claim->ttl);
        if (claim->since_sec != SCENE_SINCE)
                fprintf(out, " since=%" PRIu64, claim->since_sec);
        if (claim->until_sec)
                fprintf(out, " until=%" PRIu64, claim->until_sec);
        if (claim->lease_sec)
                fprintf(out, " lease=%u", claim->lease_sec);
}

static size_t count_kind(const Plan *plan, PlanOpKind kind) {
        size_t n = 0;

        for (size_t i = 0; i < plan->n_ops; i++)
                n += plan->ops[i].kind == kind;
        return n;
}

/* A set that is required value dependent is one word, at its first RR; anything else than the whole
   set is no prerequisite that could hold (RFC 2136 2.4.2). */
static bool is_repeated(const Plan *plan, size_t i) {
        const PlanOpKind kind = plan->ops[i].kind;

        for (size_t j = 0; j < i; j++)
                if (plan->ops[j].kind == kind)
                        return kind == PLAN_REQUIRE_SRV_RR || kind == PLAN_REQUIRE_TXT_RR;
        return false;
}

static void print_op(FILE *out, const Scene *scene, const Plan *plan, size_t i) {
        const PlanOp *op = &plan->ops[i];

        switch (op->kind) {
        case PLAN_REQUIRE_NO_CNAME:
                fputs("no-cname", out);
                break;
        case PLAN_REQUIRE_SRV:
                fputs("srv", out);
                break;
        case PLAN_REQUIRE_NO_SRV:
                fputs("no-srv", out);
                break;
        case PLAN_REQUIRE_NO_TXT:
                fputs("no-txt", out);
                break;
        case PLAN_REQUIRE_SRV_RR:
                fputs(count_kind(plan, op->kind) == scene->n_srv ? "srvs" : "some-srvs", out);
                break;
        case PLAN_REQUIRE_TXT_RR:
                fputs(count_kind(plan, op->kind) == scene->n_txt ? "txts" : "some-txts", out);
                break;
        case PLAN_DELETE_SRV:
                print_srv(out, "-srv", &op->srv, 3600);
                break;
        case PLAN_DELETE_TXT:
                ck_assert(op->txt >= scene->seen && op->txt < scene->seen + scene->n_txt);
                fprintf(out, "-%s", scene->txt[op->txt - scene->seen].words);
                break;
        case PLAN_ADD_SRV:
                print_srv(out, "+srv", &op->srv, op->ttl);
                break;
        case PLAN_ADD_CLAIM:
                print_claim(out, "+", &op->claim, op->ttl);
                break;
        case _PLAN_OP_MAX:
                ck_abort_msg("no op");
        }
}

static void print_notes(FILE *out, const Plan *plan) {
        static const char *const words[] = {"numbers-of-other", "also-claimed",  "claim-gone",
                                            "foreign-beside",   "stays-claimed", "reclaims",
                                            "takes-over",       "strays"};

        if (plan->notes)
                fputs(" |", out);
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (plan->notes & 1U << i)
                        fprintf(out, " %s", words[i]);
}

static void print_holder(FILE *out, const Plan *plan) {
        if (!plan->holder)
                return;
        print_srv(out, " for srv", plan->holder, 3600);
        if (plan->holder_claim)
                fprintf(out, " of %s", publisher_name(&plan->holder_claim->id));
}

void scene_print_plan(const Scene *scene, const Plan *plan, char ret_text[static SCENE_TEXT_MAX]) {
        FILE *out = fmemopen(ret_text, SCENE_TEXT_MAX, "w");
        bool first = true;

        fputs(plan_verdict_to_string(plan->verdict), out);
        print_holder(out, plan);
        /* Which of two deletes, or of two adds, comes first means nothing. */
        for (PlanOpKind kind = 0; kind < _PLAN_OP_MAX; kind++)
                for (size_t i = 0; i < plan->n_ops; i++) {
                        if (plan->ops[i].kind != kind || is_repeated(plan, i))
                                continue;
                        fputs(first ? ": " : ", ", out);
                        print_op(out, scene, plan, i);
                        first = false;
                }
        print_notes(out, plan);
        fputc('\0', out);
        fclose(out);
}

static void print_policy(FILE *out, const Scene *scene) {
        static const char *const modes[] = {"", "exclusive; ", "observe; "};
        const PlanInput *input = &scene->input;

        fprintf(out, "%s%s%s%s%s%s%s", modes[input->mode], input->claims ? "" : "no-claims; ",
                input->reclaim ? "reclaim; " : "", input->leave_strays ? "strays; " : "",
                input->keep_remembered ? "keep; " : "", input->refresh ? "refresh; " : "",
                scene->has_cname ? "cname; " : "");
        if (input->lease_sec)
                fprintf(out, "lease=%u; ", input->lease_sec);
}

static void print_offer(FILE *out, const char *word, const Srv *srv, const char *after) {
        char target[NAME_TEXT_MAX];

        fprintf(out, "%s %s:%u%s; ", word, name_to_text(&srv->target, target), srv->port, after);
}

static void print_txt(FILE *out, const SceneTxt *txt) {
        Claim claim;

        if (claim_from_rdata(txt->rdata, txt->size, &claim) < 0)
                fputs("txt ...", out);
        else {
                uint8_t rdata[CLAIM_RDATA_MAX];

                print_claim(out, "", &claim, txt->ttl);
                fprintf(out, "%s%s; ", claim_to_rdata(&claim, rdata) < txt->size ? " x=1" : "",
                        txt->dead ? " dead" : "");
        }
}

void scene_print(const Scene *scene, char ret_text[static SCENE_TEXT_MAX]) {
        FILE *out = fmemopen(ret_text, SCENE_TEXT_MAX, "w");

        print_policy(out, scene);
        if (scene->has_from)
                print_offer(out, "from", &scene->from, "");
        for (size_t i = 0; i < scene->input.n_wanted; i++) {
                print_srv(out, "want", &scene->wanted[i].srv, scene->wanted[i].srv.ttl);
                fprintf(out, " since=%" PRIu64 "; ", scene->wanted[i].since_sec);
        }
        for (size_t i = 0; i < scene->input.n_remembered; i++)
                print_offer(out, "was", &scene->remembered[i].srv,
                            scene->remembered[i].claimed ? " claimed" : "");
        for (size_t i = 0; i < scene->n_srv; i++) {
                print_srv(out, "srv", &scene->srv[i], scene->srv[i].ttl);
                fputs("; ", out);
        }
        for (size_t i = 0; i < scene->n_txt; i++)
                print_txt(out, &scene->txt[i]);
        fputc('\0', out);
        fclose(out);
}

static unsigned section(PlanOpKind kind) {
        if (plan_op_is_prerequisite(kind))
                return 0;
        return kind == PLAN_DELETE_SRV || kind == PLAN_DELETE_TXT ? 1 : 2;
}

void plan_check(const char *rule, const char *scene_text, const char *expected) {
        char text[SCENE_TEXT_MAX];
        Scene scene;

        scene_read(&scene, scene_text);
        _cleanup_(plan_freep) Plan *plan = scene_plan(&scene);
        scene_print_plan(&scene, plan, text);
        ck_assert_msg(strcmp(text, expected) == 0, "%s:\n    %s\n    %s\nnot %s", rule, scene_text,
                      text, expected);
        for (size_t i = 1; i < plan->n_ops; i++)
                ck_assert_msg(section(plan->ops[i - 1].kind) <= section(plan->ops[i].kind),
                              "%s: the order of its ops", rule);
}
