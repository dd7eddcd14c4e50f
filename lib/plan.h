/* The difference between what is wanted and what is observed, as prerequisites and updates.
   Pure. Every ownership rule (O1-O13) is decided here and nowhere else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/observation.h"
#include "lib/record.h"

typedef enum PlanOpKind {
        PLAN_REQUIRE_NO_CNAME, /* CNAME RRset absent: the proof that E5 asks for */
        PLAN_REQUIRE_SRV,      /* SRV RRset exists: tells a wildcard's answer from a real RRset */
        PLAN_DELETE,           /* one RR, class NONE, with exactly the RDATA observed (O2) */
        PLAN_ADD,
        _PLAN_OP_MAX,
} PlanOpKind;

typedef struct PlanOp {
        PlanOpKind kind;
        Srv srv; /* of PLAN_DELETE and PLAN_ADD */
} PlanOp;

typedef enum PlanVerdict {
        PLAN_IN_ORDER, /* DNS is as wanted: nothing to write but what a refresh adds again */
        PLAN_PUBLISH,  /* something that is wanted is missing; may also remove */
        PLAN_CHANGE,   /* all that is wanted is there, with other numbers or TTL; may also remove */
        PLAN_WITHDRAW, /* only removals: of what is no longer wanted, or of a double */
        _PLAN_VERDICT_MAX,
} PlanVerdict;

typedef struct PlanInput {
        const Srv *wanted; /* with the TTL configured, the lowest counts; of one offer the first
                              counts; none: withdraw what is ours */
        size_t n_wanted;
        const Srv *remembered; /* offers that the state knows as published; numbers do not count */
        size_t n_remembered;
        const Observation *observation;
        bool keep_remembered; /* O13: a derived target changed; the old one stays, untouched, for
                                 now */
        bool refresh;         /* E8: add again what is there, so that AD renews its time stamp */
} PlanInput;

/* A prerequisite first (one at most, O11), then deletes, then adds. ttl, with nothing wanted, is
   that of the foreign records, else of ours, else 0. */
typedef struct Plan {
        PlanVerdict verdict;
        uint32_t ttl;     /* seconds: the TTL that the RRset gets or keeps (O12) */
        bool ttl_adopted; /* it is not the configured one: foreign records are in the RRset */
        size_t n_foreign; /* SRVs at the name that are not ours */
        size_t n_ours;    /* SRVs at the name that are ours, wanted or not */
        size_t n_ops;
        PlanOp ops[];
} Plan;

/* Decides. Never fails but by -ENOMEM; the caller owns the plan (plan_free). */
int plan_new(const PlanInput *input, Plan **ret_plan);
Plan *plan_free(Plan *plan);

const char *plan_verdict_to_string(PlanVerdict verdict);
