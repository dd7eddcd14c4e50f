/* What stays is told too, with whose it is: at a name that several publishers share that is what
   one wants to see before saying yes. */
#include "lib/plan-text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

static bool goes(const Plan *plan, const Srv *srv, const Txt *txt) {
        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];

                if (srv && op->kind == PLAN_DELETE_SRV && srv_equal(&op->srv, srv) &&
                    memcmp(op->srv.target.wire, srv->target.wire, srv->target.length) == 0)
                        return true;
                if (txt && op->kind == PLAN_DELETE_TXT && op->txt == txt)
                        return true;
        }
        return false;
}

static void print_claim(FILE *text, const char *sign, const Claim *claim, const PublisherId *id) {
        char host[NAME_TEXT_MAX], digits[PUBLISHER_ID_TEXT_MAX];

        fprintf(text, "%s claim on %s:%u by %s%s", sign, name_to_text(&claim->host, host),
                claim->port, publisher_id_equal(&claim->id, id) ? "this publisher" : "publisher ",
                publisher_id_equal(&claim->id, id) ? "" : publisher_id_to_text(&claim->id, digits));
}

static void print_claimants(FILE *text, const Observation *observation, const Srv *srv,
                            const PublisherId *id) {
        size_t n_ours = 0, n_others = 0;

        for (size_t i = 0; i < observation->n_txt; i++)
                if (observation->txt[i].is_claim && claim_covers(&observation->txt[i].claim, srv)) {
                        if (publisher_id_equal(&observation->txt[i].claim.id, id))
                                n_ours++;
                        else
                                n_others++;
                }
        if (n_ours + n_others == 0)
                fputs(" (unclaimed)", text);
        else if (n_others == 0)
                fputs(" (claimed by this publisher)", text);
        else
                fprintf(text, " (claimed by %s%zu other publisher%s)",
                        n_ours > 0 ? "this and " : "", n_others, n_others == 1 ? "" : "s");
}

static void print_observed(FILE *text, const Plan *plan, const Observation *observation,
                           const PublisherId *id) {
        char rdata[SRV_TEXT_MAX];

        for (size_t i = 0; i < observation->n_srv; i++) {
                const Srv *srv = &observation->srv[i];

                fprintf(text, "%s SRV %s TTL %" PRIu32, goes(plan, srv, NULL) ? "-" : " ",
                        srv_to_text(srv, rdata), srv->ttl);
                print_claimants(text, observation, srv, id);
                fputc('\n', text);
        }
        for (size_t i = 0; i < observation->n_txt; i++) {
                const Txt *txt = &observation->txt[i];
                const char *sign = goes(plan, NULL, txt) ? "-" : " ";

                if (txt->is_claim)
                        print_claim(text, sign, &txt->claim, id);
                else
                        fprintf(text, "%s TXT of %u octets that is no claim", sign, txt->size);
                fputs(txt->dead ? " (its lease has run out)\n" : "\n", text);
        }
}

static void print_added(FILE *text, const Plan *plan, const PublisherId *id) {
        char rdata[SRV_TEXT_MAX];

        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];

                if (op->kind == PLAN_ADD_SRV) {
                        fprintf(text, "+ SRV %s TTL %" PRIu32 "\n", srv_to_text(&op->srv, rdata),
                                op->ttl);
                } else if (op->kind == PLAN_ADD_CLAIM) {
                        print_claim(text, "+", &op->claim, id);
                        fputc('\n', text);
                }
        }
}

static int finish(FILE *text, char **buffer, char **ret_text) {
        const bool failed = ferror(text);

        if (fclose(text) != 0 || failed) {
                free(TAKE_PTR(*buffer));
                return -ENOMEM;
        }
        *ret_text = TAKE_PTR(*buffer);
        return 0;
}

int plan_to_text(const Plan *plan, const Observation *observation, const PublisherId *id,
                 char **ret_text) {
        char *buffer = NULL;
        size_t size;
        FILE *text = open_memstream(&buffer, &size);

        if (!text)
                return -ENOMEM;
        print_observed(text, plan, observation, id);
        print_added(text, plan, id);
        return finish(text, &buffer, ret_text);
}

int plan_to_line(const Plan *plan, char **ret_text) {
        char *buffer = NULL, rdata[SRV_TEXT_MAX];
        const char *separator = "";
        size_t size;
        FILE *text = open_memstream(&buffer, &size);

        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];

                if (op->kind != PLAN_ADD_SRV && op->kind != PLAN_DELETE_SRV)
                        continue;
                fprintf(text, "%swould %s SRV %s", separator,
                        op->kind == PLAN_ADD_SRV ? "add" : "remove", srv_to_text(&op->srv, rdata));
                separator = ", ";
        }
        if (!*separator)
                fputs(plan->verdict == PLAN_STANDBY ? "would stand by: another holds the name"
                      : plan->n_ops > 0             ? "would change claims only"
                                                    : "all is in order",
                      text);
        return finish(text, &buffer, ret_text);
}
