/* When to try again: pure arithmetic over attempt, bounds and a supplied random number. */
#pragma once

#include <stdint.h>

/* The wait before attempt+1, attempt counted from 1: min doubled each time up to max, then
   spread by random (0..UINT32_MAX) over its upper half. Never below min/2 or above max. */
uint64_t backoff_usec(unsigned attempt, uint64_t min_usec, uint64_t max_usec, uint32_t random);

/* Anywhere within an interval, its end included: interval * random (0..UINT32_MAX). */
uint64_t backoff_within_usec(uint64_t interval_usec, uint32_t random);
