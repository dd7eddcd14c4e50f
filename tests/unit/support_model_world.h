/* Plays a history: a primary, publishers and their time; and then a long calm, in which everybody
   does what is due and nothing else happens. */
#pragma once

#include <stdio.h>

#include "tests/unit/support_model_history.h"

/* What a run came to, for a look at how much was tried. */
typedef struct ModelTally {
        unsigned n_messages;
        unsigned n_conflicts; /* ... that were not accepted */
        unsigned n_published, n_standby;
        unsigned n_batches, n_refused; /* messages of several names */
} ModelTally;

/* True if every rule held; else fault says which one did not. trace may be NULL. */
bool model_play(const ModelHistory *history, FILE *trace, char fault[static MODEL_FAULT_MAX],
                ModelTally *ret_tally);
