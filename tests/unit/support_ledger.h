/* A ledger laid out from text, with what is wanted and what is observed.

   A row reads "HOST PRIORITY WEIGHT [since=N] [derived] [confirmed] [claimed] [current] [durable]",
   what is wanted "HOST PRIORITY WEIGHT [derived]", the target first; lists with semicolons. What is
   observed, and the policy, is a scene of support_plan.h. */
#pragma once

#include "lib/ledger.h"
#include "tests/unit/support_plan.h"

#define ROW_OK "confirmed current durable"

typedef struct LedgerBench {
        Ledger ledger;
        Publication publication;
        Wanted wanted;
        Scene scene;
        bool cannot_put, cannot_remove;
        char written[512]; /* what the store was told last: "+ROW; -ROW" */
} LedgerBench;

/* The caller owns the offer. */
Offer *offer_read(const char *host, bool derived);

void ledger_bench_init(LedgerBench *bench);
void ledger_bench_done(LedgerBench *bench);
void ledger_bench_lay_out(LedgerBench *bench, const char *rows, const char *wanted,
                          const char *scene);

Plan *ledger_bench_plan(LedgerBench *bench, uint64_t now_usec);
void ledger_bench_settle(LedgerBench *bench);

/* Fails the test with the rule if the rows are others. */
void ledger_bench_check(const LedgerBench *bench, const char *rule, const char *rows);
