/* The difference between what is wanted and what is observed, as prerequisites and updates.
   Pure. Every ownership rule (O1-O13) is decided here and nowhere else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/claim.h"
#include "lib/observation.h"
#include "lib/record.h"
#include "lib/util.h"

typedef enum Mode {
        MODE_SHARED,    /* beside others (O3) */
        MODE_EXCLUSIVE, /* alone or not at all (O6) */
        MODE_OBSERVE,   /* never writes; the plan is that of MODE_SHARED (O7) */
        _MODE_MAX,
} Mode;

typedef enum PlanOpKind {
        /* Prerequisites (RFC 2136 2.4). */
        PLAN_REQUIRE_NO_CNAME, /* CNAME RRset absent: the proof that E5 asks for */
        PLAN_REQUIRE_SRV,      /* SRV RRset exists: tells a wildcard's answer from a real RRset */
        PLAN_REQUIRE_NO_SRV,   /* SRV RRset absent */
        PLAN_REQUIRE_NO_TXT,   /* TXT RRset absent */
        PLAN_REQUIRE_SRV_RR,   /* value dependent: one for each RR of the SRV RRset */
        PLAN_REQUIRE_TXT_RR,   /* the same for the TXT RRset */
        /* Updates (2.5). */
        PLAN_DELETE_SRV, /* one RR, class NONE, with exactly the RDATA observed (O2) */
        PLAN_DELETE_TXT,
        PLAN_ADD_SRV,
        PLAN_ADD_CLAIM,
        _PLAN_OP_MAX,
} PlanOpKind;

typedef struct PlanOp {
        PlanOpKind kind;
        uint32_t ttl; /* of what is added, else 0 */
        union {
                Srv srv;        /* of PLAN_*_SRV_RR, DELETE_SRV, ADD_SRV */
                const Txt *txt; /* of PLAN_REQUIRE_TXT_RR, DELETE_TXT: the observation's */
                Claim claim;    /* of PLAN_ADD_CLAIM */
        };
} PlanOp;

typedef enum _packed_ PlanVerdict {
        PLAN_IN_ORDER, /* DNS is as wanted: nothing to write but what a refresh or a lease renews */
        PLAN_PUBLISH,  /* something that is wanted is missing; may also remove */
        PLAN_CHANGE, /* all that is wanted is there, with other numbers, TTL or claim; may remove */
        PLAN_WITHDRAW, /* only removals: of what is no longer wanted, or of a double */
        PLAN_STANDBY,  /* exclusive, and another holds the name (O6); may remove what is ours */
        _PLAN_VERDICT_MAX,
} PlanVerdict;

/* What is worth telling beside the verdict. */
typedef enum PlanNote {
        PLAN_NOTE_NUMBERS_OF_OTHER = 1 << 0, /* another's claim decides an offer's numbers (O5) */
        PLAN_NOTE_ALSO_CLAIMED = 1 << 1,     /* another publisher claims an offer of ours too */
        PLAN_NOTE_CLAIM_GONE = 1 << 2,       /* published with a claim that is gone: left (O1) */
        PLAN_NOTE_FOREIGN_BESIDE = 1 << 3,   /* exclusive, and foreign SRVs beside ours (O6) */
        PLAN_NOTE_STAYS_CLAIMED = 1 << 4,    /* no longer wanted here, but others claim it (O5) */
        PLAN_NOTE_RECLAIMS = 1 << 5,         /* removes what a dead publisher left (O8) */
        PLAN_NOTE_TAKES_OVER = 1 << 6,       /* what input->from names is there, and goes (O9) */
        PLAN_NOTE_STRAYS = 1 << 7,           /* claims with our id are left (leave_strays) */
} PlanNote;

typedef struct PlanWanted {
        Srv srv;            /* with the TTL configured */
        uint64_t since_sec; /* when these numbers were configured; see plan_since() */
} PlanWanted;

typedef struct PlanRemembered {
        Srv srv;      /* the offer; numbers do not count */
        bool claimed; /* a read-back has seen it with our claim */
} PlanRemembered;

/* All borrowed. */
typedef struct PlanInput {
        Mode mode;
        bool claims;          /* write claims; else ours go, and the SRVs stay */
        bool claims_optional; /* only handed on to the plan: they may be done without (O10) */
        bool reclaim;         /* ReclaimExpired= */
        bool leave_strays;    /* claims with our id on what we neither want nor remember came back:
                                 another machine runs with our id, they are foreign */
        uint32_t lease_sec;   /* 0: none */
        uint64_t now_sec;     /* wall clock, for since= and until= */
        const PublisherId *id;
        const PlanWanted *wanted; /* of one offer the first counts; none: withdraw what is ours */
        size_t n_wanted;
        const PlanRemembered *remembered; /* what the state knows as published */
        size_t n_remembered;
        const Observation *observation; /* outlives the plan */
        const Srv *from;                /* O9: the offer to take over from; NULL: none */
        bool keep_remembered; /* O13: a derived target changed; the old one stays, untouched, for
                                 now */
        bool refresh;         /* E8: add again what is there, so that AD renews its time stamp */
} PlanInput;

/* Prerequisites first, then deletes, then adds. ttl, with nothing wanted, is that of the foreign
   records, else of ours, else 0. */
typedef struct Plan {
        PlanVerdict verdict;
        unsigned notes;    /* of PlanNote */
        uint32_t ttl;      /* seconds: the TTL that the SRV RRset gets or keeps (O12) */
        uint32_t ttl_seen; /* what it has now, the lowest; 0: there is none */
        bool ttl_adopted;  /* it is not the configured one */
        bool ttl_only;     /* nothing but the TTL of the SRV RRset is to be changed */
        bool observes;     /* MODE_OBSERVE: not to be sent */
        bool adds_claim;
        bool removes_strays; /* claims with our id on what we neither want nor remember */
        bool claims_optional;
        size_t n_foreign;          /* SRVs at the name that are not ours */
        size_t n_ours;             /* SRVs at the name that are ours, wanted or not */
        const Srv *holder;         /* of PLAN_STANDBY: the first foreign one; the observation's */
        const Claim *holder_claim; /* a claim on it, NULL: unclaimed */
        size_t n_ops;
        PlanOp ops[];
} Plan;

/* Decides. Never fails but by -ENOMEM; the caller owns the plan (plan_free). */
int plan_new(const PlanInput *input, Plan **ret_plan);
Plan *plan_free(Plan *plan);

/* O5: since when the numbers of wanted are configured, where the state does not know: what our own
   claim says if the SRV has these numbers; else now_sec, but a later word than every claim on the
   offer has, whatever the clock of its publisher shows. */
uint64_t plan_since(const Observation *observation, const PublisherId *id, const Srv *wanted,
                    uint64_t now_sec);

/* Whether our own claim covers this offer. */
bool plan_is_claimed(const Observation *observation, const PublisherId *id, const Srv *offer);

/* What judging the answer to a plan takes of it: bits. */
typedef enum PlanTrait {
        PLAN_TRAIT_NO_CNAME = 1 << 0, /* it requires that there is no CNAME */
        PLAN_TRAIT_SRV = 1 << 1,      /* ... that there is an SRV RRset */
        PLAN_TRAIT_FREE = 1 << 2,     /* ... that there is no SRV, or no TXT, RRset */
        PLAN_TRAIT_ADDS_SRV = 1 << 3,
        PLAN_TRAIT_CAN_DROP_CLAIM = 1 << 4, /* it adds a claim that may be done without (O10) */
        PLAN_TRAIT_TTL_ONLY = 1 << 5,       /* it changes nothing but the TTL of SRVs */
} PlanTrait;

unsigned plan_traits(const Plan *plan);

/* The same, or nobody claims it. */
bool plan_is_ours(const Observation *observation, const PublisherId *id, const Srv *offer);

bool plan_op_is_prerequisite(PlanOpKind kind);
const char *plan_verdict_to_string(PlanVerdict verdict);
