/* Rows of the state and of a ledger: the one to the other. */
#pragma once

#include "daemon/access.h"
#include "daemon/state.h"
#include "daemon/zone.h"
#include "lib/ledger.h"

/* What a row says beside its offer. Borrowed. */
typedef struct MemorySource {
        State *state;
        const char *record;
        const char *domain;
        const Access *access;
        const Zone *zone;
        const Server *primary; /* may be NULL */
} MemorySource;

/* Takes in a row that was read from the state. shared is used in place of an equal offer of its
   own; may be NULL. A row that is known already is left out. -ENOMEM, -EINVAL. */
int memory_load(Ledger *ledger, const StateRow *row, const Access *access, Offer *shared);

/* Writes the row of an item; handler is called when it is durable. */
int memory_write(const MemorySource *source, const LedgerItem *item, StateHandler handler,
                 void *userdata, StateWrite **ret_write);

/* The store of ledger_settle(); source outlives it. */
LedgerStore memory_store(MemorySource *source);
