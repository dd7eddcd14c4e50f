/* Plans made by hand: what the suites of lib/message stand on. */
#pragma once

#include "lib/plan.h"

Name name_of(const char *text);

/* Of _SRV, _SRV_RR and without RDATA; port 1688. The srv's own TTL, which does not count, is 1. */
PlanOp srv_op(PlanOpKind kind, unsigned priority, unsigned weight, uint32_t ttl,
              const char *target);

/* A TXT as it was observed: octets is a string literal. */
#define TXT(octets) \
        ((Txt){.ttl = 1, .size = sizeof(octets) - 1, .rdata = (const uint8_t *)(octets)})

/* Of _TXT and _TXT_RR; txt is borrowed. */
PlanOp txt_op(PlanOpKind kind, const Txt *txt);

/* "srvpub=1" "id=ab010000000000000000000000000000" "host=..." "port=1688" "ttl=60" "since=7" */
PlanOp claim_op(uint32_t ttl, const Name *host);

/* Of these ops and nothing else; the caller frees it. */
Plan *plan_with(const PlanOp *ops, size_t n_ops);
