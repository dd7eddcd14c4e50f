/* One publication's life.

   A pass looks, and writes if it must:

       DUE -> (locate) -> observe -> in order ----------------------------------> ended
                  |          |  ^                                                   ^
                  |          v  '--- conflict, read back (E4), closed (E1) ---.     |
                  |       remember the intent (O13) -> update ----------------'     |
                  |          |                           |                          |
                  '----------+---------------------------+--- next server, or ------'

   What a server says ends the pass only where that server's word counts (E3): a secondary's refusal
   is no verdict. A pass that ended badly locates the zone again the next time.
   RFC 2136 4 (requestor behaviour), 7.20 (random delay after a conflict). */

#include "lib/publication-self.h"

#include <errno.h>
#include <string.h>

#include "lib/backoff.h"
#include "lib/util.h"

enum {
        CONFLICTS_MAX = 5,
        IGNORED_MAX = 2,
        CLOSED_MAX = 1,
};

#define CONFLICT_DELAY_MAX_USEC (400 * USEC_PER_MSEC)

static void note_trouble(Publication *p, TroubleKind kind, const PublicationEvent *event) {
        Trouble trouble = trouble_new(kind, event->reply, event->error);

        trouble.updating = event->kind == EVENT_ANSWERED;
        publication_keep_trouble(p, &trouble);
}

static PublicationStep fail(Publication *p, const PublicationTimes *times, TroubleKind kind,
                            const PublicationEvent *event, uint64_t now_usec) {
        note_trouble(p, kind, event);
        return publication_end_badly(p, times, event->random, now_usec);
}

static PublicationStep observe_at(Publication *p, uint8_t server) {
        p->server = server;
        p->observed_here = p->echoed = p->reading_back = false;
        return publication_go_on(ACTION_OBSERVE);
}

static PublicationStep pass_over(Publication *p, const PublicationTimes *times, uint32_t random,
                                 uint64_t now_usec) {
        if (p->server + 1 >= p->n_servers)
                return publication_end_badly(p, times, random, now_usec);
        /* What each server may do once before it is passed over: close, forget a context. */
        p->closed = 0;
        p->context_renewed = false;
        return observe_at(p, (uint8_t)(p->server + 1));
}

/* E3: this server gave no verdict. */
static PublicationStep next_server(Publication *p, const PublicationTimes *times, TroubleKind kind,
                                   const PublicationEvent *event, uint64_t now_usec) {
        note_trouble(p, kind, event);
        return pass_over(p, times, event->random, now_usec);
}

/* E6.2, E6.4: the next update is signed with something new, once in a pass. */
static PublicationStep renew(Publication *p, Renewal renewal) {
        PublicationStep next;

        p->context_renewed = true;
        p->ticket_renewed = p->ticket_renewed || renewal == RENEW_TICKET;
        next = observe_at(p, p->server);
        next.renewal = renewal;
        return next;
}

/* Whether a refusal of this kind may be due to what it was signed with: a server that has restarted
   knows no context of before, and a group that the account has been put into is in the next ticket.
 */
static Renewal renewal_for(const Publication *p, TroubleKind kind) {
        if (kind == TROUBLE_BAD_KEY && (p->stale & STALE_CONTEXT) && !p->context_renewed)
                return RENEW_CONTEXT;
        if (kind == TROUBLE_DENIED && p->stale && !p->ticket_renewed)
                return RENEW_TICKET;
        /* The ticket is new, but not what another server has of it. */
        if (kind == TROUBLE_DENIED && (p->stale & STALE_CONTEXT) && !p->context_renewed)
                return RENEW_CONTEXT;
        return RENEW_NOTHING;
}

/* A refusal ends the pass where the server's word counts, else the next one is asked. */
static PublicationStep verdict(Publication *p, const PublicationTimes *times, TroubleKind kind,
                               const PublicationEvent *event, uint64_t now_usec) {
        const Renewal renewal = renewal_for(p, kind);

        if (renewal != RENEW_NOTHING)
                return renew(p, renewal);
        if (p->server >= p->n_primaries)
                return next_server(p, times, TROUBLE_REPLY, event, now_usec);
        return fail(p, times, kind, event, now_usec);
}

/* E1: what was outstanding when a connection closed may have been done: look before sending. */
static PublicationStep look_after_close(Publication *p, const PublicationTimes *times,
                                        const PublicationEvent *event, uint64_t now_usec) {
        if (p->closed++ >= CLOSED_MAX)
                return next_server(p, times, TROUBLE_REPLY, event, now_usec);
        return observe_at(p, p->server);
}

/* The ends that mean the same for a query and an update. */
static PublicationStep step_on_refusal(Publication *p, const PublicationTimes *times,
                                       const PublicationEvent *event, uint64_t now_usec) {
        switch (event->reply->kind) {
        case REPLY_DENIED:
                return verdict(p, times, TROUBLE_DENIED, event, now_usec);
        case REPLY_BAD_KEY:
                return verdict(p, times, TROUBLE_BAD_KEY, event, now_usec);
        case REPLY_BAD_TIME:
                return verdict(p, times, TROUBLE_BAD_TIME, event, now_usec);
        case REPLY_WRONG_SERVER:
                return next_server(p, times, TROUBLE_WRONG_SERVER, event, now_usec);
        case REPLY_CLOSED:
                return look_after_close(p, times, event, now_usec);
        case REPLY_DONE:
        case REPLY_CONFLICT:
        case REPLY_ECHO:
        case REPLY_ELSEWHERE:
        case REPLY_GARBAGE:
        case REPLY_TIMEOUT:
        case REPLY_UNREACHABLE:
        case _REPLY_KIND_MAX:
                break;
        }
        return next_server(p, times, TROUBLE_REPLY, event, now_usec);
}

/* O11, RFC 2136 7.20: the set changed under us; look again after a random short delay. */
static PublicationStep step_on_conflict(Publication *p, const PublicationTimes *times,
                                        const PublicationEvent *event, uint64_t now_usec) {
        if (p->conflicts++ >= CONFLICTS_MAX)
                return fail(p, times, TROUBLE_CONFLICT, event, now_usec);
        p->due_usec =
                now_usec + CONFLICT_DELAY_MIN_USEC +
                (CONFLICT_DELAY_MAX_USEC - CONFLICT_DELAY_MIN_USEC) * event->random / UINT32_MAX;
        return publication_go_on(ACTION_WAIT);
}

/* The plan is the caller's, and gone when its answer comes. */
static void keep_plan(Publication *p, const Plan *plan) {
        p->plan_verdict = plan->verdict;
        p->plan_traits = (uint8_t)plan_traits(plan);
}

/* E4: the server said NOERROR and did nothing. */
static PublicationStep fail_ignored(Publication *p, const PublicationTimes *times, uint32_t random,
                                    uint64_t now_usec) {
        const Reply done = {.kind = REPLY_DONE, .rcode = LDNS_RCODE_NOERROR};

        return fail(p, times, TROUBLE_IGNORED,
                    &(PublicationEvent){EVENT_ANSWERED, .random = random, .reply = &done},
                    now_usec);
}

/* E6.2: an echo proves nothing; what is there now does. The trouble is the update's. */
static PublicationStep step_on_echo_read_back(Publication *p, const PublicationTimes *times,
                                              uint32_t random, uint64_t now_usec) {
        const Reply echo = {.kind = REPLY_ECHO, .rcode = p->echo_rcode};
        const PublicationEvent event = {EVENT_ANSWERED, .random = random, .reply = &echo};

        p->plan_verdict = PLAN_IN_ORDER;
        switch ((int)p->echo_rcode) {
        case LDNS_RCODE_YXDOMAIN:
        case LDNS_RCODE_YXRRSET:
        case LDNS_RCODE_NXRRSET:
        case LDNS_RCODE_NXDOMAIN:
                return step_on_conflict(p, times, &event, now_usec);
        case LDNS_RCODE_NOERROR:
                return fail_ignored(p, times, random, now_usec);
        case LDNS_RCODE_NOTIMPL:
        case LDNS_RCODE_NOTZONE:
                return next_server(p, times, TROUBLE_WRONG_SERVER, &event, now_usec);
        default:
                return verdict(p, times, TROUBLE_DENIED, &event, now_usec);
        }
}

/* O7: what would be written is the caller's to tell. */
static PublicationStep end_observed(Publication *p, const PublicationTimes *times, uint32_t random,
                                    uint64_t now_usec) {
        publication_enter(p, PUBLICATION_OBSERVED, now_usec);
        p->attempt = 0;
        p->keeps = true;
        p->trouble = (Trouble){0};
        publication_plan_check(p, times, random, now_usec);
        return publication_end_pass(p);
}

static PublicationStep step_on_observed(Publication *p, const PublicationTimes *times,
                                        const PublicationEvent *event, uint64_t now_usec) {
        bool in_order;

        if (event->reply->kind != REPLY_DONE) {
                p->stale = 0; /* queries are not what a context signs */
                return step_on_refusal(p, times, event, now_usec);
        }
        if (!event->authoritative)
                return next_server(p, times, TROUBLE_NOT_AUTHORITATIVE, event, now_usec);
        p->observed_here = true;
        p->lost = false;
        if (event->plan->observes)
                return end_observed(p, times, event->random, now_usec);
        p->stands_by = event->plan->verdict == PLAN_STANDBY;
        p->removes_strays = p->removes_strays || event->plan->removes_strays;
        in_order = event->plan->verdict == PLAN_IN_ORDER;
        /* An update whose answer was lost, or was an echo, has been done after all. */
        if (in_order && p->wrote == PLAN_IN_ORDER)
                p->wrote = p->plan_verdict;
        if (event->plan->n_ops == 0 || (in_order && (p->echoed || p->wrote != PLAN_IN_ORDER)))
                return publication_end_well(p, times, event->random, now_usec);
        if (p->echoed)
                return step_on_echo_read_back(p, times, event->random, now_usec);
        /* O12: a server may keep the TTL of an RRset; that is not worth a failure. */
        if (p->reading_back && event->plan->ttl_only && (p->plan_traits & PLAN_TRAIT_TTL_ONLY))
                return publication_end_well(p, times, event->random, now_usec);
        if (p->reading_back && ++p->ignored >= IGNORED_MAX)
                return fail_ignored(p, times, event->random, now_usec);
        publication_enter_working(p, now_usec);
        keep_plan(p, event->plan);
        /* Who withdraws, or stands by, leaves nothing behind that would have to be remembered. */
        if (!p->unclaims && (p->remembered_all || p->withdraw || p->stands_by))
                return publication_go_on(ACTION_UPDATE);
        return publication_go_on(ACTION_REMEMBER);
}

static PublicationStep step_on_prerequisite(Publication *p, const PublicationTimes *times,
                                            const PublicationEvent *event, uint64_t now_usec) {
        /* E5: a CNAME really owns the name; or else somebody was faster, as a new look shows. */
        if ((p->plan_traits & PLAN_TRAIT_NO_CNAME) && event->reply->rcode == LDNS_RCODE_YXRRSET &&
            (!(p->plan_traits & PLAN_TRAIT_FREE) || p->conflicts > 0))
                return fail(p, times, TROUBLE_CNAME, event, now_usec);
        /* There is no RRset at the name: what was seen came from a wildcard, nothing to remove.
           With something wanted it may also be a race: believed when it is said twice. */
        if ((p->plan_traits & PLAN_TRAIT_SRV) && (p->withdraw || p->conflicts > 0) &&
            event->reply->rcode == LDNS_RCODE_NXRRSET)
                return publication_end_well(p, times, event->random, now_usec);
        return step_on_conflict(p, times, event, now_usec);
}

static PublicationStep step_on_answered(Publication *p, const PublicationTimes *times,
                                        const PublicationEvent *event, uint64_t now_usec) {
        p->stale = event->stale;
        p->was_lost = false;
        switch (event->reply->kind) {
        case REPLY_DONE:
                /* A refresh of what is in order is no news: nothing to read back but itself. */
                if (p->plan_verdict == PLAN_IN_ORDER) {
                        if (p->plan_traits & PLAN_TRAIT_ADDS_SRV)
                                p->refreshed_usec = now_usec;
                        return publication_end_well(p, times, event->random, now_usec);
                }
                p->wrote = p->plan_verdict;
                p->reading_back = true;
                return publication_go_on(ACTION_OBSERVE);
        case REPLY_CONFLICT:
                p->plan_verdict = PLAN_IN_ORDER;
                return step_on_prerequisite(p, times, event, now_usec);
        case REPLY_ECHO:
                p->echoed = true;
                p->echo_rcode = (uint16_t)event->reply->rcode;
                return publication_go_on(ACTION_OBSERVE);
        case REPLY_GARBAGE:
        case REPLY_TIMEOUT:
        case REPLY_CLOSED:
                /* It may have been done: plan_verdict stays, so that a look that finds all in
                   order knows by what, be it in the next pass. */
                p->lost = p->was_lost = true;
                publication_doubt(p, times, now_usec);
                break;
        case REPLY_DENIED:
                p->plan_verdict = PLAN_IN_ORDER;
                if (p->server < p->n_primaries && (p->plan_traits & PLAN_TRAIT_CAN_DROP_CLAIM)) {
                        p->claims_denied = true;
                        return observe_at(p, p->server);
                }
                /* Then it was not the claim. */
                p->claims_denied = false;
                break;
        case REPLY_WRONG_SERVER:
        case REPLY_BAD_KEY:
        case REPLY_BAD_TIME:
        case REPLY_ELSEWHERE:
        case REPLY_UNREACHABLE:
        case _REPLY_KIND_MAX:
                p->plan_verdict = PLAN_IN_ORDER;
                break;
        }
        /* The context ended, or failed, before the update could be signed with it. */
        if ((event->reply->error == EKEYEXPIRED || event->reply->error == EKEYREJECTED) &&
            !p->context_renewed)
                return renew(p, RENEW_CONTEXT);
        return step_on_refusal(p, times, event, now_usec);
}

/* What is there is as wanted: that it could not be renewed (E8) is told, and no failure yet. */
static PublicationStep end_unrefreshed(Publication *p, const PublicationTimes *times,
                                       const PublicationEvent *event, uint64_t now_usec) {
        PublicationStep next = publication_end_well(p, times, event->random, now_usec);

        publication_keep_trouble(p, event->cause);
        return next;
}

/* Nothing was sent. Without a ticket no other server helps. */
static PublicationStep step_on_not_signed(Publication *p, const PublicationTimes *times,
                                          const PublicationEvent *event, uint64_t now_usec) {
        const bool is_last =
                event->cause->kind == TROUBLE_NO_CREDENTIALS || p->server + 1 >= p->n_servers;

        if (is_last && p->plan_verdict == PLAN_IN_ORDER)
                return end_unrefreshed(p, times, event, now_usec);
        p->plan_verdict = PLAN_IN_ORDER;
        publication_keep_trouble(p, event->cause);
        return is_last ? publication_end_badly(p, times, event->random, now_usec)
                       : pass_over(p, times, event->random, now_usec);
}

static PublicationStep start_pass(Publication *p, const PublicationTimes *times,
                                  uint64_t now_usec) {
        p->in_pass = true;
        p->wrote = PLAN_IN_ORDER;
        if (!p->lost) {
                p->plan_verdict = PLAN_IN_ORDER;
                p->plan_traits = 0;
        }
        p->conflicts = p->ignored = p->closed = 0;
        p->stands_by = p->removes_strays = false;
        p->context_renewed = p->ticket_renewed = false;
        p->stale = 0;
        p->trouble = (Trouble){0};
        p->refreshes = publication_refresh_is_due(p, times, now_usec);
        if (p->refreshes)
                p->claims_denied = false; /* O10: the policy may be another by now */
        if (p->located)
                return observe_at(p, 0);
        publication_enter_working(p, now_usec);
        return publication_go_on(ACTION_LOCATE);
}

/* Starts over: what is wanted, or the way to the server, is another now. */
static PublicationStep change(Publication *p, const PublicationTimes *times,
                              const PublicationEvent *event, uint64_t now_usec) {
        if (event->overtakes)
                publication_doubt(p, times, now_usec);
        /* An answer that failed to come before the wish changed is as bad as one given up now. */
        p->overtook = now_usec < p->doubt_until_usec;
        p->lost = false;
        p->attempt = 0;
        p->check_usec = 0; /* the interval may be another */
        p->claims_denied = p->claims_denied && !event->relocate;
        p->located = p->located && !event->relocate;
        publication_enter(p, publication_working_state(p), now_usec);
        if (event->start_usec <= now_usec)
                return start_pass(p, times, now_usec);
        p->in_pass = false;
        p->due_usec = event->start_usec;
        return publication_go_on(ACTION_WAIT);
}

static PublicationStep step(Publication *p, const PublicationTimes *times,
                            const PublicationEvent *event, uint64_t now_usec) {
        switch (event->kind) {
        case EVENT_DUE:
                if (p->in_pass) /* the delay after a conflict is over */
                        return observe_at(p, p->server);
                return start_pass(p, times, now_usec);
        case EVENT_CHANGED:
                return change(p, times, event, now_usec);
        case EVENT_LOCATED:
                p->located = true;
                p->n_servers =
                        (uint8_t)(event->n_servers < UINT8_MAX ? event->n_servers : UINT8_MAX);
                p->n_primaries =
                        (uint8_t)(event->n_primaries < UINT8_MAX ? event->n_primaries : UINT8_MAX);
                return observe_at(p, 0);
        case EVENT_NOT_LOCATED:
                return fail(p, times, trouble_of_locating(event->reply, event->trouble), event,
                            now_usec);
        case EVENT_OBSERVED:
                return step_on_observed(p, times, event, now_usec);
        case EVENT_REMEMBERED:
                if (event->error)
                        return fail(p, times, TROUBLE_STATE, event, now_usec);
                return publication_go_on(ACTION_UPDATE);
        case EVENT_NOT_SIGNED:
                return step_on_not_signed(p, times, event, now_usec);
        case EVENT_ANSWERED:
                return step_on_answered(p, times, event, now_usec);
        case _EVENT_KIND_MAX:
                break;
        }
        return publication_go_on(ACTION_WAIT);
}

PublicationStep publication_step(Publication *p, const PublicationTimes *times,
                                 const PublicationEvent *event, uint64_t now_usec) {
        const PublicationStep next = step(p, times, event, now_usec);

        if (next.action == ACTION_LOCATE || (next.action == ACTION_OBSERVE && !event->looked))
                p->asked_usec = now_usec;
        return next;
}
