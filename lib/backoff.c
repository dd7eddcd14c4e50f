/*
 * Waiting times (rule E8): exponential back-off with jitter, and periods with jitter.
 *
 * The caller supplies the random number, so that a test knows the result to the microsecond. All
 * arithmetic is exact and cannot overflow for any argument, USEC_INFINITY included.
 */
#include "lib/backoff.h"

#include "lib/util.h"

/* span * random / UINT32_MAX without an intermediate that passes 64 bits. */
static uint64_t usec_scale(uint64_t span, uint32_t random) {
        return span / UINT32_MAX * random + span % UINT32_MAX * random / UINT32_MAX;
}

uint64_t backoff_usec(unsigned attempt, uint64_t min_usec, uint64_t max_usec, uint32_t random) {
        unsigned doublings = attempt > 0 ? attempt - 1 : 0;
        uint64_t wait = max_usec;

        if (doublings < 64 && min_usec <= max_usec >> doublings)
                wait = min_usec << doublings;
        /* From a half to the whole: what failed together does not come back together. */
        return wait - wait / 2 + usec_scale(wait / 2, random);
}

uint64_t backoff_jitter_usec(uint64_t interval_usec, uint32_t random) {
        uint64_t tenth = interval_usec / 10;

        if (interval_usec == USEC_INFINITY)
                return USEC_INFINITY;
        /* Earlier, never later: a check interval is a promise. */
        return interval_usec - tenth + usec_scale(tenth, random);
}
