/* One line for each thing that happens, the records of a message or of the primary below it. */
#include "tests/unit/support_model_trace.h"

#include <inttypes.h>

static const char *const op_names[_PLAN_OP_MAX] = {
        [PLAN_REQUIRE_NO_CNAME] = "require no CNAME",
        [PLAN_REQUIRE_SRV] = "require some SRV",
        [PLAN_REQUIRE_NO_SRV] = "require no SRV",
        [PLAN_REQUIRE_NO_TXT] = "require no TXT",
        [PLAN_REQUIRE_SRV_RR] = "require",
        [PLAN_REQUIRE_TXT_RR] = "require",
        [PLAN_DELETE_SRV] = "delete",
        [PLAN_DELETE_TXT] = "delete",
        [PLAN_ADD_SRV] = "add",
        [PLAN_ADD_CLAIM] = "add",
};

static void print_srv(FILE *file, const Srv *srv) {
        char text[SRV_TEXT_MAX];

        fprintf(file, " SRV %s ttl %u", srv_to_text(srv, text), srv->ttl);
}

static void print_txt(FILE *file, const ModelTxt *txt) {
        char id[PUBLISHER_ID_TEXT_MAX], host[NAME_TEXT_MAX];

        if (!txt->is_claim) {
                fprintf(file, " TXT of %u octets, ttl %u", txt->size, txt->ttl);
                return;
        }
        fprintf(file,
                " claim %.4s %s:%u ttl=%u since=%" PRIu64 " until=%" PRIu64 " lease=%u ttl %u",
                publisher_id_to_text(&txt->claim.id, id), name_to_text(&txt->claim.host, host),
                txt->claim.port, txt->claim.ttl, txt->claim.since_sec, txt->claim.until_sec,
                txt->claim.lease_sec, txt->ttl);
}

void model_trace_plan(FILE *file, uint8_t who, const Plan *plan) {
        if (file)
                fprintf(file,
                        "    %c observed: %s, notes %x, ttl %u seen %u, %zu ours, %zu foreign\n",
                        'A' + who, plan_verdict_to_string(plan->verdict), plan->notes, plan->ttl,
                        plan->ttl_seen, plan->n_ours, plan->n_foreign);
}

void model_trace_message(FILE *file, const char *what, const ModelMessage *message) {
        if (!file)
                return;
        fprintf(file, "    %c %s\n", 'A' + message->author, what);
        for (size_t i = 0; i < message->n_ops; i++) {
                const ModelOp *op = &message->ops[i];

                fprintf(file, "        %s", op_names[op->kind]);
                if (op->kind == PLAN_REQUIRE_SRV_RR || op->kind == PLAN_DELETE_SRV ||
                    op->kind == PLAN_ADD_SRV)
                        print_srv(file, &op->srv);
                if (op->kind == PLAN_REQUIRE_TXT_RR || op->kind == PLAN_DELETE_TXT ||
                    op->kind == PLAN_ADD_CLAIM)
                        print_txt(file, &op->txt);
                fputc('\n', file);
        }
}

void model_trace_applied(FILE *file, uint8_t who, ldns_pkt_rcode rcode,
                         const ModelContents *contents) {
        if (!file)
                return;
        fprintf(file, "    %c's arrives: RCODE %d; now there\n", 'A' + who, (int)rcode);
        for (size_t i = 0; i < contents->n_srv; i++) {
                fputs("        ", file);
                print_srv(file, &contents->srv[i].srv);
                fprintf(file, " (by %x)\n", contents->srv[i].published_by);
        }
        for (size_t i = 0; i < contents->n_txt; i++) {
                fputs("        ", file);
                print_txt(file, &contents->txt[i]);
                fputc('\n', file);
        }
}

void model_trace_end(FILE *file, const ModelParty *party, const Publication *publication) {
        char text[SRV_TEXT_MAX];

        if (!file)
                return;
        fprintf(file, "    %c ends %s, trouble %d; rows:", 'A' + party->index,
                publication_state_to_string(party->state), (int)publication->trouble.kind);
        for (size_t i = 0; i < party->n_rows; i++)
                fprintf(file, " [%s since %" PRIu64 "%s%s%s]",
                        srv_to_text(&party->rows[i].srv, text), party->rows[i].since_sec,
                        party->rows[i].confirmed ? " confirmed" : "",
                        party->rows[i].claimed ? " claimed" : "",
                        party->rows[i].derived ? " derived" : "");
        fputc('\n', file);
}
