/* What the state knows of one record name, kept beside its driver; rows are written as rule O13
   says: intent before an update is sent, confirmation after its read-back. */
#pragma once

#include "daemon/access.h"
#include "daemon/offer.h"
#include "daemon/state.h"
#include "daemon/zone.h"

/* One row. */
typedef struct MemoryItem {
        Offer *offer;
        bool confirmed; /* a read-back has seen the record */
        bool current;   /* the row was written with the present access */
} MemoryItem;

/* A plain value, zero at first. */
typedef struct Memory {
        size_t n;
        MemoryItem *items;
} Memory;

/* What a row says beside its offer. Borrowed. */
typedef struct MemorySource {
        State *state;
        const char *record;
        const char *domain;
        const Access *access;
        const Zone *zone;
        const Server *primary; /* may be NULL */
} MemorySource;

void memory_done(Memory *memory);

/* NULL if there is none; borrowed. */
MemoryItem *memory_find(const Memory *memory, const Offer *offer);

/* Takes in a row that was read from the state. shared is used in place of an equal offer of its
   own; may be NULL. A row that is known already is left out. -ENOMEM, -EINVAL. */
int memory_load(Memory *memory, const StateRow *row, const Access *access, Offer *shared);

/* The access changed: every row has to be written again before it counts. */
void memory_outdate(Memory *memory);

/* Writes the intent to publish offer; handler is called when it is durable. The row counts as known
   from now on: should the wish change meanwhile, what it leaves in the state is still withdrawn. */
int memory_intend(Memory *memory, const MemorySource *source, Offer *offer, StateHandler handler,
                  void *userdata, StateWrite **ret_write);

/* After a read-back that found all in order: wanted (NULL: nothing) is confirmed, and the other
   rows are forgotten, unless keep. */
void memory_settle(Memory *memory, const MemorySource *source, Offer *wanted, bool keep);
