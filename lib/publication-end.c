/* How a pass ends: in which state, when the next look is due, and what is known of failures.

   While an update may still take effect nothing is forgotten (O13). What failed is tried again with
   back-off, what only a human can mend after RetryMax= (E7, E8). Where other primaries replicate a
   record is looked at again after a while (C56). */

#include "lib/publication-self.h"

#include <limits.h>
#include <string.h>

#include "lib/backoff.h"
#include "lib/util.h"

/* What got a new name together is looked at again over so long. */
#define STABLE_SPREAD_USEC (2 * USEC_PER_MINUTE)

static const char *const state_names[_PUBLICATION_STATE_MAX] = {
        [PUBLICATION_LOCATING] = "locating",       [PUBLICATION_PUBLISHING] = "publishing",
        [PUBLICATION_PUBLISHED] = "published",     [PUBLICATION_STANDBY] = "standby",
        [PUBLICATION_DENIED] = "denied",           [PUBLICATION_FAILED] = "failed",
        [PUBLICATION_WITHDRAWING] = "withdrawing", [PUBLICATION_WITHDRAWN] = "withdrawn",
        [PUBLICATION_OBSERVED] = "observed",
};

const char *publication_state_to_string(PublicationState state) {
        return state_names[state];
}

void publication_enter(Publication *p, PublicationState state, uint64_t now_usec) {
        if (p->state == state)
                return;
        p->state = state;
        p->since_usec = now_usec;
}

PublicationState publication_working_state(const Publication *p) {
        if (p->withdraw)
                return PUBLICATION_WITHDRAWING;
        return p->located ? PUBLICATION_PUBLISHING : PUBLICATION_LOCATING;
}

/* A pass keeps the result of the last one in sight until it has its own. */
void publication_enter_working(Publication *p, uint64_t now_usec) {
        if (p->state == PUBLICATION_LOCATING || p->state == PUBLICATION_PUBLISHING ||
            p->state == PUBLICATION_WITHDRAWING)
                publication_enter(p, publication_working_state(p), now_usec);
}

void publication_init(Publication *publication, bool withdraw, uint64_t now_usec) {
        *publication = (Publication){
                .withdraw = withdraw,
                .state = withdraw ? PUBLICATION_WITHDRAWING : PUBLICATION_LOCATING,
                .since_usec = now_usec,
                .due_usec = now_usec,
        };
}

bool publication_refresh_is_due(const Publication *p, const PublicationTimes *times,
                                uint64_t now_usec) {
        if (p->withdraw || times->refresh_interval_usec == USEC_INFINITY)
                return false;
        return p->refreshed_usec == 0 ||
               now_usec - p->refreshed_usec >= times->refresh_interval_usec;
}

/* A pass that wrote has renewed the time stamp already. */
bool publication_wants_refresh(const Publication *p) {
        return p->refreshes && p->wrote == PLAN_IN_ORDER;
}

bool publication_keeps_derived(const Publication *p, uint64_t now_usec) {
        return p->state != PUBLICATION_PUBLISHED ||
               now_usec - p->since_usec < PUBLICATION_STABLE_USEC;
}

void publication_doubt(Publication *p, const PublicationTimes *times, uint64_t now_usec) {
        p->doubt_until_usec = now_usec + times->settle_usec;
}

PublicationStep publication_go_on(PublicationAction action) {
        return (PublicationStep){.action = action};
}

PublicationStep publication_end_pass(Publication *p) {
        p->in_pass = false;
        return (PublicationStep){.action = ACTION_WAIT, .ended = true};
}

/* What was published in one burst is not checked in one: the first check comes anywhere in the
   interval, and its place there stays, whatever comes between: what all went through together (an
   outage, a sleep, a command) does not bring their checks together. */
void publication_plan_check(Publication *p, const PublicationTimes *times, uint32_t random,
                            uint64_t now_usec) {
        const uint64_t interval_usec = times->check_interval_usec;

        if (p->check_usec == 0)
                p->check_usec = now_usec + backoff_within_usec(interval_usec, random);
        else if (p->check_usec <= now_usec)
                p->check_usec += ((now_usec - p->check_usec) / interval_usec + 1) * interval_usec;
        p->due_usec = p->check_usec;
}

static void look_again_by(Publication *p, uint64_t usec) {
        if (p->due_usec > usec)
                p->due_usec = usec;
}

/* Where two primaries were written at the same time, replication keeps the word of one: an SRV may
   be gone a while after it was published. */
static void look_again_for_replication(Publication *p, uint32_t random, uint64_t now_usec) {
        static const uint64_t ages_usec[] = {USEC_PER_MINUTE, 5 * USEC_PER_MINUTE,
                                             15 * USEC_PER_MINUTE};

        if (p->wrote != PLAN_IN_ORDER && (p->plan_traits & PLAN_TRAIT_ADDS_SRV))
                p->wrote_usec = now_usec;
        for (size_t i = 0; p->replicates && p->wrote_usec > 0 && i < ELEMENTSOF(ages_usec); i++)
                if (p->wrote_usec + ages_usec[i] > now_usec) {
                        look_again_by(p, p->wrote_usec + ages_usec[i] +
                                                 backoff_within_usec(ages_usec[i], random));
                        return;
                }
}

/* When a look knows of whatever may still take effect. */
static uint64_t after_doubt(const Publication *p, uint64_t now_usec) {
        return p->doubt_until_usec > now_usec ? p->doubt_until_usec
                                              : now_usec + CONFLICT_DELAY_MIN_USEC;
}

static PublicationState well_state(const Publication *p) {
        if (p->withdraw)
                return PUBLICATION_WITHDRAWN;
        return p->stands_by ? PUBLICATION_STANDBY : PUBLICATION_PUBLISHED;
}

/* Nothing is left to do; but while an update may still take effect nothing is forgotten (O13), and
   what such an update of a former wish undoes is not left so until the next check. */
PublicationStep publication_end_well(Publication *p, const PublicationTimes *times, uint32_t random,
                                     uint64_t now_usec) {
        /* What was asked while an update could still take effect does not know of it. */
        const bool is_doubted = p->asked_usec < p->doubt_until_usec;
        const bool in_doubt = p->forgets && is_doubted;

        /* Nothing of ours is there to be held. */
        p->holds_derived = p->holds_derived && !p->stands_by;

        p->overtook = p->overtook && is_doubted;

        if (p->withdraw && in_doubt) {
                p->due_usec = after_doubt(p, now_usec);
                return publication_go_on(ACTION_WAIT);
        }
        publication_enter(p, well_state(p), now_usec);
        p->attempt = 0;
        p->was_lost = false;
        p->trouble = (Trouble){0};
        p->keeps = p->holds_derived || in_doubt;
        p->strays_removed = p->strays_removed || p->removes_strays;
        if ((p->wrote != PLAN_IN_ORDER || p->echoed) && (p->plan_traits & PLAN_TRAIT_ADDS_SRV))
                p->refreshed_usec = now_usec;
        publication_plan_check(p, times, random, now_usec);
        if (p->withdraw)
                p->due_usec = USEC_INFINITY;
        else if (p->holds_derived)
                look_again_by(p, p->since_usec + PUBLICATION_STABLE_USEC +
                                         backoff_within_usec(STABLE_SPREAD_USEC, random));
        else if (in_doubt || p->overtook)
                look_again_by(p, after_doubt(p, now_usec));
        if (!p->withdraw)
                look_again_for_replication(p, random, now_usec);
        return publication_end_pass(p);
}

PublicationStep publication_end_badly(Publication *p, const PublicationTimes *times,
                                      uint32_t random, uint64_t now_usec) {
        publication_enter(
                p, p->trouble.kind == TROUBLE_DENIED ? PUBLICATION_DENIED : PUBLICATION_FAILED,
                now_usec);
        p->attempt++;
        /* What failed may be the way: a server that moved, another primary. */
        p->located = false;
        /* A server that forgets contexts faster than they are used has trouble that may pass. */
        const bool is_lasting = trouble_is_lasting(p->trouble.kind) &&
                                !(p->trouble.kind == TROUBLE_BAD_KEY && p->context_renewed);
        p->due_usec = now_usec + backoff_usec(is_lasting ? UINT_MAX : p->attempt,
                                              times->retry_min_usec, times->retry_max_usec, random);
        return publication_end_pass(p);
}

/* Of several servers' troubles the highest is kept, of equal ones the first. */
void publication_keep_trouble(Publication *p, const Trouble *trouble) {
        if (trouble->kind <= p->trouble.kind)
                return;
        p->trouble = *trouble;
        p->trouble.observed_here = p->observed_here;
        p->trouble.server = p->server;
}
