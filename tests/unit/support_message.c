/* See support_message.h. */
#include "tests/unit/support_message.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Name name_of(const char *text) {
        Name n;

        ck_assert_int_eq(name_from_text(text, &n), 0);
        return n;
}

PlanOp srv_op(PlanOpKind kind, unsigned priority, unsigned weight, uint32_t ttl,
              const char *target) {
        return (PlanOp){
                .kind = kind, .ttl = ttl, .srv = {priority, weight, 1688, 1, name_of(target)}};
}

PlanOp txt_op(PlanOpKind kind, const Txt *txt) {
        return (PlanOp){.kind = kind, .txt = txt};
}

PlanOp claim_op(uint32_t ttl, const Name *host) {
        return (PlanOp){
                .kind = PLAN_ADD_CLAIM,
                .ttl = ttl,
                .claim = {
                        .id = {{0xab, 1}}, .host = *host, .port = 1688, .ttl = 60, .since_sec = 7}};
}

Plan *plan_with(const PlanOp *ops, size_t n_ops) {
        Plan *p = calloc(1, sizeof(Plan) + n_ops * sizeof(PlanOp));

        ck_assert_ptr_nonnull(p);
        p->n_ops = n_ops;
        memcpy(p->ops, ops, n_ops * sizeof(PlanOp));
        return p;
}
