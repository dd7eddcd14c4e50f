/* Rule O1: an SRV is ours if our id claims it; or if nobody does, and it is offered exactly as
   wanted now, or was published without a claim. All else is foreign. */
#include "lib/holding.h"

const PlanWanted *holding_wanted(const PlanInput *input, const Srv *srv) {
        for (size_t i = 0; i < input->n_wanted; i++)
                if (srv_same_offer(&input->wanted[i].srv, srv))
                        return &input->wanted[i];
        return NULL;
}

const PlanRemembered *holding_remembered(const PlanInput *input, const Srv *srv) {
        for (size_t i = 0; i < input->n_remembered; i++)
                if (srv_same_offer(&input->remembered[i].srv, srv))
                        return &input->remembered[i];
        return NULL;
}

bool holding_is_stray(const PlanInput *input, const Claim *claim) {
        const Srv offer = {.target = claim->host, .port = claim->port};

        return publisher_id_equal(&claim->id, input->id) && !holding_wanted(input, &offer) &&
               !holding_remembered(input, &offer);
}

bool holding_is_mine(const PlanInput *input, const Claim *claim) {
        return publisher_id_equal(&claim->id, input->id) &&
               !(input->leave_strays && holding_is_stray(input, claim));
}

Holding holding_of(const PlanInput *input, const Srv *srv, const bool *txt_goes) {
        const PlanRemembered *remembered = holding_remembered(input, srv);
        Holding holding = {0};

        for (size_t i = 0; i < input->observation->n_txt; i++) {
                const Txt *txt = &input->observation->txt[i];

                if (!txt->is_claim || !claim_covers(&txt->claim, srv))
                        continue;
                holding.n_claims++;
                if (holding_is_mine(input, &txt->claim))
                        holding.is_claimed = true;
                else
                        holding.n_staying += !txt_goes[i];
        }
        holding.is_ours = holding.is_claimed ||
                          (holding.n_claims == 0 &&
                           (holding_wanted(input, srv) || (remembered && !remembered->claimed)));
        return holding;
}
