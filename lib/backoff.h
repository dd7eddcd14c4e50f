/* When to try again: pure arithmetic over attempt, bounds and a supplied random number. */
#pragma once

#include <stdint.h>

/* The wait before attempt+1, attempt counted from 1: min doubled each time up to max, then
   spread by random (0..UINT32_MAX) over its upper half. Never below min/2 or above max. */
uint64_t backoff_usec(unsigned attempt, uint64_t min_usec, uint64_t max_usec, uint32_t random);

/* A period spread by a tenth: interval * (0.9 .. 1.0). USEC_INFINITY stays so. */
uint64_t backoff_jitter_usec(uint64_t interval_usec, uint32_t random);
