/*
 * Waiting times (rule E8): exponential back-off with jitter, and a moment anywhere in an interval.
 *
 * The caller supplies the random number, so that a test knows the result to the microsecond. All
 * arithmetic is exact and cannot overflow for any argument, USEC_INFINITY included.
 */
#include "lib/backoff.h"

#include "lib/util.h"

/* Without an intermediate that passes 64 bits. */
uint64_t backoff_within_usec(uint64_t interval_usec, uint32_t random) {
        return interval_usec / UINT32_MAX * random +
               interval_usec % UINT32_MAX * random / UINT32_MAX;
}

uint64_t backoff_usec(unsigned attempt, uint64_t min_usec, uint64_t max_usec, uint32_t random) {
        unsigned doublings = attempt > 0 ? attempt - 1 : 0;
        uint64_t wait = max_usec;

        if (doublings < 64 && min_usec <= max_usec >> doublings)
                wait = min_usec << doublings;
        /* From a half to the whole: what failed together does not come back together. */
        return wait - wait / 2 + backoff_within_usec(wait / 2, random);
}
