/* A plan in the making: what stays and what goes, before it is written down as prerequisites and
   updates. For lib/plan alone. */
#pragma once

#include "lib/holding.h"
#include "lib/plan.h"

/* By what a wanted offer is served as it stands. */
typedef struct Served {
        const Srv *srv;   /* NULL: it is to be added */
        const Txt *claim; /* our claim that says what it should; NULL: it is to be added */
        bool decides;     /* its numbers are ours to decide (O5) */
        bool renewed;     /* a claim of ours goes that differs in until= alone */
        bool repeated;    /* srv is added again, for others of its offer go */
} Served;

/* The arrays run parallel to what they tell of. */
typedef struct Draft {
        const PlanInput *input;
        const Observation *observation;
        Plan *plan;  /* but for its ops */
        PlanOp *ops; /* as many as may be; of them the plan's are set */
        bool *srv_goes;
        bool *txt_goes;
        Served *served; /* of wanted */
        bool standby;
        bool unclaims;  /* our claims go, what they cover stays */
        bool guard_txt; /* the TXT RRset has to be as observed */
        bool guard_srv; /* the SRV RRset has to be as observed */
} Draft;

/* Decides the fate of every SRV and TXT observed, by which ones the wanted offers are served, and
   the TTL. The arrays are all zero before. */
void draft_judge(Draft *draft);

/* Whether the i-th wanted record counts: of several with one offer only the first does. */
bool draft_counts(const Draft *draft, size_t i);

/* The claim that a wanted record should have, and the TTL of our claims (O12). */
Claim draft_claim(const Draft *draft, size_t i);
uint32_t draft_claim_ttl(const Draft *draft);
