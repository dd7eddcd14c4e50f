/* Section 4's ownership rules as a specification: what may go from a record name, what stays, and
   what has to be there when all is quiet. It says nothing of how to get there, and is slow. */
#pragma once

#include "tests/unit/support_plan.h"

typedef struct Ownership {
        const Scene *scene;
        const Srv *from;   /* O9, unless in standby */
        bool standby;      /* O6 */
        const Srv *holder; /* the first that is not ours and does not go */
        uint32_t ttl;      /* O12, of the SRV RRset */
        unsigned notes;    /* of PlanNote */
        bool removes_strays;
        size_t n_ours;
} Ownership;

/* After scene_observe(). */
void ownership_judge(const Scene *scene, Ownership *ret_ownership);

/* O1 */
bool ownership_is_ours(const Ownership *ownership, const Srv *srv);

/* A claim that is ours, not a twin's with our id. */
bool ownership_is_mine(const Ownership *ownership, const Txt *txt);

/* The wanted record that speaks for the offer; NULL: none, or another holds the name. */
const PlanWanted *ownership_wanted(const Ownership *ownership, const Srv *srv);

/* O5: its numbers are ours to decide. */
bool ownership_decides(const Ownership *ownership, const PlanWanted *wanted);

/* Whether an SRV of no wanted offer goes. */
bool ownership_srv_goes(const Ownership *ownership, const Srv *srv);

/* Whether another's claim, or one of ours on no wanted offer, goes. */
bool ownership_txt_goes(const Ownership *ownership, const Txt *txt);

/* O5: with our id, and later than our word: a twin's. It stays and decides. */
bool ownership_is_later(const Ownership *ownership, const PlanWanted *wanted, const Txt *txt);

/* O4, O8: the claim says what it should, and its lease is fresh. */
bool ownership_claim_is_right(const Ownership *ownership, const PlanWanted *wanted,
                              const Claim *claim);

/* Fails the test unless the plan is one that the rules allow, from the scene that was judged. */
void ownership_check_plan(const Ownership *ownership, const Plan *plan);
