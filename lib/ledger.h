/* What the state knows as published at one record name, and how it leads to a plan and follows from
   what was seen (O1 c, O5, O13). Pure: who keeps the ledger durable is told what to write. */
#pragma once

#include "lib/offer.h"
#include "lib/plan.h"
#include "lib/publication.h"

/* One row. */
typedef struct LedgerItem {
        Offer *offer;       /* the ledger's reference */
        uint64_t since_sec; /* when these numbers were configured; 0: not known */
        uint16_t priority;
        uint16_t weight;
        bool confirmed : 1;  /* a read-back has seen the record */
        bool claimed : 1;    /* a read-back has seen it with our claim */
        bool current : 1;    /* durable as it stands here */
        bool durable : 1;    /* ... or in a former form: only then something may have been sent */
        bool is_written : 1; /* a write of it has begun, and its end is not known */
        bool unclaims : 1;   /* a message is to take our claim, and maybe not the record: to be
                                written */
} LedgerItem;

/* A plain value, zero at first. */
typedef struct Ledger {
        size_t n;
        LedgerItem *items;
} Ledger;

/* Room for a first row, taken before it is needed: rows that are made one by one between what
   thousands of messages need and give back would keep all that memory from going. -ENOMEM. */
int ledger_reserve(Ledger *ledger);
void ledger_done(Ledger *ledger);

/* NULL if there is none; borrowed until the ledger changes. */
LedgerItem *ledger_find(const Ledger *ledger, const Offer *offer);

/* Takes in a row that was read from the state; one whose offer is known already is left out. A
   reference to its offer is taken. -ENOMEM. */
int ledger_add(Ledger *ledger, const LedgerItem *item);

/* Whether something may have been published: a durable row. */
bool ledger_knows(const Ledger *ledger);

/* The way to the record changed: every row has to be written again before it counts. */
void ledger_outdate(Ledger *ledger);

/* The policy for one record name, and the moment. */
typedef struct LedgerPolicy {
        const PublisherId *id;
        Mode mode;
        bool claims;
        bool claims_optional;
        bool reclaim;
        uint32_t lease_sec;
        const Srv *from;   /* of a takeover (O9), else NULL */
        uint64_t now_sec;  /* wall clock */
        uint64_t now_usec; /* since boot */
} LedgerPolicy;

/* Plans what to do about an observation, and tells the publication what it has to know before it
   sees the plan (remembered_all, forgets, holds_derived). The observation outlives the plan.
   -ENOMEM. */
int ledger_plan(Ledger *ledger, Publication *publication, const Wanted *wanted,
                const Observation *observation, const LedgerPolicy *policy, Plan **ret_plan);

/* O13, ACTION_REMEMBER: the next row that has to be durable before the plan is sent; NULL: none is
   left. Who has written it says so (ledger_written()) and asks again. -ENOMEM. */
int ledger_intend(Ledger *ledger, const Wanted *wanted, LedgerItem **ret_item);
void ledger_written(LedgerItem *item);

/* How rows are written. put: the row as it stands; what cannot be written now is `current` = false
   afterwards. remove: negative errno where it cannot be: the row stays, for the next check. */
typedef struct LedgerStore {
        void (*put)(LedgerItem *item, void *userdata);
        int (*remove)(const LedgerItem *item, void *userdata);
        void *userdata;
} LedgerStore;

/* After a pass that ended well: what is there of ours is confirmed, the other rows are forgotten,
   unless the publication keeps them. */
void ledger_settle(Ledger *ledger, const Publication *publication, const Wanted *wanted,
                   const Observation *observation, const PublisherId *id, const LedgerStore *store);
