/* Which claims of others are dead (O8).

   Two clocks that nobody has set to each other meet here: until= was written by the claimant's, and
   is read by ours. So it is never enough that until= lies behind us. A publisher that lives renews
   its claim at half its lease, which changes until=; only one that was also seen unchanged for a
   whole lease, by our own clock of time since boot that nobody sets, has stopped doing so.

   What counts as unchanged is the claim, not its RR. One that was away starts anew when it is back,
   for its publisher lives. */
#include "lib/lease.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

enum {
        WAIT_MIN_MINUTES = 10,
        WAIT_CHECKS = 2,
};

static bool claim_equal(const Claim *a, const Claim *b) {
        return publisher_id_equal(&a->id, &b->id) && name_equal(&a->host, &b->host) &&
               a->port == b->port && a->ttl == b->ttl && a->lease_sec == b->lease_sec &&
               a->since_sec == b->since_sec && a->until_sec == b->until_sec;
}

static bool is_leased_by_other(const Txt *txt, const PublisherId *own) {
        return txt->is_claim && txt->claim.until_sec > 0 &&
               !publisher_id_equal(&txt->claim.id, own);
}

static uint64_t sight_since(const LeaseWatch *watch, const Claim *claim, uint64_t now_usec) {
        for (size_t i = 0; i < watch->n; i++)
                if (claim_equal(&watch->sights[i].claim, claim))
                        return watch->sights[i].since_usec;
        return now_usec;
}

static bool sight_is_dead(const LeaseSight *sight, uint64_t check_interval_usec, uint64_t now_sec,
                          uint64_t now_usec) {
        uint64_t wait_usec = WAIT_MIN_MINUTES * USEC_PER_MINUTE;

        if (wait_usec < WAIT_CHECKS * check_interval_usec)
                wait_usec = WAIT_CHECKS * check_interval_usec;
        if (wait_usec < sight->claim.lease_sec * USEC_PER_SEC)
                wait_usec = sight->claim.lease_sec * USEC_PER_SEC;
        return now_sec > sight->claim.until_sec && now_usec >= sight->since_usec + wait_usec;
}

int lease_watch(LeaseWatch *watch, Observation *observation, const PublisherId *own,
                uint64_t check_interval_usec, uint64_t now_sec, uint64_t now_usec) {
        LeaseWatch seen = {};

        for (size_t i = 0; i < observation->n_txt; i++)
                seen.n += is_leased_by_other(&observation->txt[i], own);
        if (seen.n > 0) {
                seen.sights = calloc(seen.n, sizeof(seen.sights[0]));
                if (!seen.sights)
                        return -ENOMEM;
        }

        LeaseSight *sight = seen.sights;
        for (size_t i = 0; i < observation->n_txt; i++) {
                Txt *txt = &observation->txt[i];

                if (!is_leased_by_other(txt, own))
                        continue;
                sight->claim = txt->claim;
                sight->since_usec = sight_since(watch, &txt->claim, now_usec);
                txt->dead = sight_is_dead(sight, check_interval_usec, now_sec, now_usec);
                sight++;
        }

        lease_watch_done(watch);
        *watch = seen;
        return 0;
}

void lease_watch_done(LeaseWatch *watch) {
        free(watch->sights);
        *watch = (LeaseWatch){};
}

int lease_watch_copy(const LeaseWatch *watch, LeaseWatch *ret_copy) {
        LeaseSight *sights = calloc(watch->n + 1, sizeof(*sights));

        if (!sights)
                return -ENOMEM;
        if (watch->n > 0)
                memcpy(sights, watch->sights, watch->n * sizeof(*sights));
        *ret_copy = (LeaseWatch){.n = watch->n, .sights = sights};
        return 0;
}
