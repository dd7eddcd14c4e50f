/* Whose an SRV is (O1), by the claims at its name, by what is wanted and by what is remembered. */
#pragma once

#include "lib/plan.h"

/* Whether a claim is ours: it has our id. */
bool holding_is_mine(const PlanInput *input, const Claim *claim);

/* Ours by its id, but neither wanted nor remembered: the state was lost, or there is another
   machine with the same id. */
bool holding_is_stray(const PlanInput *input, const Claim *claim);

typedef struct Holding {
        bool is_ours;
        bool is_claimed;  /* our claim covers it */
        size_t n_claims;  /* that cover it: ours, others', dead ones */
        size_t n_staying; /* others' that cover it and do not go */
} Holding;

/* txt_goes runs parallel to the observation's TXTs. */
Holding holding_of(const PlanInput *input, const Srv *srv, const bool *txt_goes);

/* The wanted record that speaks for the offer of srv: the first, should there be several. */
const PlanWanted *holding_wanted(const PlanInput *input, const Srv *srv);
const PlanRemembered *holding_remembered(const PlanInput *input, const Srv *srv);
