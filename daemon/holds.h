/* The record names that an operator withdrew by command: they stay withdrawn until they are
   published by command, or their configuration changes; over restarts too. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/state.h"

typedef struct Holds Holds;

/* Reads what the state knows of; the state outlives it. */
int holds_new(State *state, Holds **ret_holds);
Holds *holds_free(Holds *holds);

/* Whether record is held. A hold made under another fingerprint has ended: it is forgotten. */
bool holds_has(Holds *holds, const char *record, uint64_t fingerprint);

/* Whether another configuration is on its way: a hold that is made meanwhile is of that one, and
   does not end with it. */
void holds_await(Holds *holds, bool awaits);

/* Around a new configuration: ends those that are not asked for in between, for their domains have
   left it. */
void holds_begin(Holds *holds);
void holds_sweep(Holds *holds);

/* Begins or ends one; both go on in memory even if the state cannot be written, which is then
   negative errno, or logged when it is the disk that will not. */
int holds_add(Holds *holds, const char *record, uint64_t fingerprint);
int holds_remove(Holds *holds, const char *record);
