/* What daemon/driver does, without a loop: it carries out what the state machine asks for and tells
   it what came of it. An observation is two steps, for others may act between the SRV and the TXT
   answer. Rows are written one at a time before an update is sent (O13); those that are written
   after a pass are on the disk for certain only with the next step, so that a crash in between may
   lose them. What is given up when the wish changes goes on in the network. */
#include "tests/unit/support_model_publisher.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_model_batch.h"
#include "tests/unit/support_model_disk.h"
#include "tests/unit/support_model_flight.h"
#include "tests/unit/support_model_trace.h"

#define TIMEOUT_USEC (5 * USEC_PER_SEC)

uint32_t model_random(ModelNet *net) {
        /* xorshift64* */
        net->random ^= net->random >> 12;
        net->random ^= net->random << 25;
        net->random ^= net->random >> 27;
        return (uint32_t)((net->random * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static uint64_t wall_sec(const ModelPublisher *p) {
        return (uint64_t)((int64_t)(MODEL_WALL_SEC + p->net->now_usec / USEC_PER_SEC) +
                          p->clock_sec);
}

static void drop_plan(ModelPublisher *p) {
        p->plan = plan_free(p->plan);
        free(TAKE_PTR(p->observation));
}

void model_publisher_new_id(ModelPublisher *p) {
        /* Nobody has had it before, whatever was drawn meanwhile. */
        uint64_t bits = (p->net->n_ids++ + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ p->net->random;

        memcpy(p->party.id.bytes, &bits, sizeof(bits));
        memcpy(p->party.id.bytes + sizeof(bits), &p->net->n_ids, sizeof(p->net->n_ids));
}

void model_publisher_init(ModelPublisher *p, ModelNet *net, uint8_t index, size_t name) {
        *p = (ModelPublisher){
                .net = net,
                .name = name,
                .neighbour = p,
                .party = {.index = index, .check_sec = 900},
        };
        model_publisher_new_id(p);
}

static void forget_runtime(ModelPublisher *p) {
        drop_plan(p);
        ledger_done(&p->ledger);
        lease_watch_done(&p->watch);
        wanted_replace(&p->wanted, &(Wanted){0});
        p->step = (PublicationStep){0};
        p->party.running = p->party.takes_over = p->srv_seen = false;
}

void model_publisher_done(ModelPublisher *p) {
        forget_runtime(p);
        model_flight_drop_all(p);
}

/* --- the pass --------------------------------------------------------------------------------- */

/* What is nobody's and is exactly as wanted counts as published by who wants it (O1 b), like what
   it claims. */
static void take_parts(ModelPublisher *p) {
        const ModelContents *seen = &p->seen;

        for (size_t i = 0; p->party.mode != MODE_OBSERVE && i < seen->n_srv; i++) {
                const Srv *srv = &seen->srv[i].srv;
                const bool is_nobodys = model_claims_other(seen, srv, NULL) == 0;

                if (model_party_wants(&p->party, srv) &&
                    (is_nobodys || model_claims_own(seen, srv, &p->party.id) > 0))
                        model_take_part(&p->party, srv)->as_nobodys = is_nobodys;
        }
}

static bool saw_unclaimed(const ModelPublisher *p, const Srv *srv) {
        for (size_t i = 0; i < p->seen.n_srv; i++)
                if (srv_equal(&p->seen.srv[i].srv, srv))
                        return model_claims_other(&p->seen, srv, NULL) == 0;
        return false;
}

/* ... and is its to take away once a pass has ended with it and the disk knows. */
static void adopt(ModelPublisher *p) {
        ModelContents *contents = &p->net->servers[p->name].contents;

        for (size_t i = 0; i < contents->n_srv; i++) {
                const Srv *srv = &contents->srv[i].srv;

                if (model_party_wants(&p->party, srv) && saw_unclaimed(p, srv) &&
                    model_disk_says_bare(p, srv))
                        contents->srv[i].published_by |= (uint8_t)(1 << p->party.index);
        }
}

static void finish_pass(ModelPublisher *p) {
        const PublicationState state = p->publication.state;

        p->party.state = state;
        if (p->publication.trouble.kind == TROUBLE_NONE &&
            (state == PUBLICATION_PUBLISHED || state == PUBLICATION_WITHDRAWN ||
             state == PUBLICATION_STANDBY)) {
                if (state == PUBLICATION_PUBLISHED)
                        adopt(p);
                model_disk_settle(p);
        }
        model_trace_end(p->net->trace, &p->party, &p->publication);
        p->party.takes_over = false;
        drop_plan(p);
        if (state == PUBLICATION_WITHDRAWN) {
                p->party.left = p->party.n_rows == 0;
                forget_runtime(p);
        }
}

static void drive(ModelPublisher *p, PublicationEvent *event) {
        event->random = model_random(p->net);
        p->srv_seen = false;
        p->step = publication_step(&p->publication, &p->times, event, p->net->now_usec);
        if (p->step.ended)
                finish_pass(p);
        else if (p->step.action == ACTION_UPDATE)
                model_flight_send(p, wall_sec(p));
        else if (p->step.action == ACTION_REMEMBER)
                (void)model_disk_begin(p);
}

static void take_settings(ModelPublisher *p) {
        p->times = (PublicationTimes){
                .check_interval_usec = p->party.check_sec * USEC_PER_SEC,
                .refresh_interval_usec =
                        p->party.refresh_sec ? p->party.refresh_sec * USEC_PER_SEC : USEC_INFINITY,
                .retry_min_usec = 5 * USEC_PER_SEC,
                .retry_max_usec = 30 * USEC_PER_MINUTE,
                .settle_usec = 2 * TIMEOUT_USEC,
        };
}

static Offer *new_offer(const Srv *srv, bool derived) {
        Offer *offer;

        if (offer_new(&srv->target, srv->port, derived, &offer) < 0)
                abort();
        return offer;
}

static void take_wish(ModelPublisher *p) {
        const ModelParty *party = &p->party;
        Wanted wanted = {0};

        if (party->n_wanted > 0) {
                wanted.offer = new_offer(&party->wanted[0], party->derived);
                wanted.priority = party->wanted[0].priority;
                wanted.weight = party->wanted[0].weight;
                wanted.ttl_sec = party->wanted[0].ttl;
        }
        if (party->n_wanted > 1 && host_list_new(party->n_wanted - 1, &wanted.hosts) < 0)
                abort();
        for (size_t i = 1; i < party->n_wanted; i++)
                wanted.hosts->hosts[wanted.hosts->n++] = (HostOffer){
                        .offer = new_offer(&party->wanted[i], false),
                        .priority = party->wanted[i].priority,
                        .weight = party->wanted[i].weight,
                };
        wanted_replace(&p->wanted, &wanted);
        (void)offer_unref(wanted.offer);
        (void)host_list_unref(wanted.hosts);
}

static void start_over(ModelPublisher *p, bool relocates) {
        const bool overtakes = model_flight_awaited(p) != NULL;

        model_flight_give_up(p);
        drop_plan(p);
        p->publication.withdraw = p->party.n_wanted == 0;
        drive(p, &(PublicationEvent){
                         .kind = EVENT_CHANGED, .relocate = relocates, .overtakes = overtakes});
}

void model_publisher_configure(ModelPublisher *p, bool relocates) {
        p->party.left = p->party.left && p->party.n_wanted == 0;
        if (!p->party.running)
                return;
        model_disk_abandon(p);
        take_settings(p);
        take_wish(p);
        if (relocates)
                ledger_outdate(&p->ledger);
        start_over(p, relocates);
}

void model_publisher_take_over(ModelPublisher *p, const Srv *from) {
        if (!p->party.running || p->party.n_wanted == 0)
                return;
        model_disk_abandon(p);
        p->party.takes_over = true;
        p->party.from = *from;
        start_over(p, false);
}

void model_publisher_start(ModelPublisher *p) {
        /* Neither in the list nor in the state: no driver is made for it. */
        if (p->party.running || (p->party.n_wanted == 0 && p->party.n_rows == 0))
                return;
        model_disk_sync(p);
        take_settings(p);
        take_wish(p);
        publication_init(&p->publication, p->party.n_wanted == 0, p->net->now_usec);
        model_disk_load(p);
        p->party.running = true;
        p->party.left = false;
        p->party.state = p->publication.state;
        p->step = (PublicationStep){.action = ACTION_WAIT, .ended = true};
}

void model_publisher_crash(ModelPublisher *p, bool loses_unsynced) {
        if (!p->party.running)
                return;
        model_disk_crash(p, loses_unsynced);
        model_flight_give_up(p);
        forget_runtime(p);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* One allocation, as observation_new() makes it. */
static void make_observation(ModelPublisher *p) {
        const ModelContents *seen = &p->seen;
        Observation *o;

        drop_plan(p);
        o = calloc(1, sizeof(*o) + seen->n_srv * sizeof(Srv) + seen->n_txt * sizeof(Txt));
        if (!o)
                abort();
        o->authoritative = true;
        o->n_srv = seen->n_srv;
        o->n_txt = seen->n_txt;
        o->txt = (Txt *)(o + 1);
        o->srv = (Srv *)(o->txt + seen->n_txt);
        for (size_t i = 0; i < seen->n_srv; i++)
                o->srv[i] = seen->srv[i].srv;
        for (size_t i = 0; i < seen->n_txt; i++)
                o->txt[i] = (Txt){
                        .ttl = seen->txt[i].ttl,
                        .size = seen->txt[i].size,
                        .rdata = seen->txt[i].rdata,
                        .is_claim = seen->txt[i].is_claim,
                        .claim = seen->txt[i].claim,
                };
        p->observation = o;
}

static void make_plan(ModelPublisher *p) {
        const ModelParty *party = &p->party;
        const LedgerPolicy policy = {
                .id = &party->id,
                .mode = party->mode,
                .claims = party->claims != CLAIMS_NO && !p->publication.claims_denied,
                .claims_optional = party->claims == CLAIMS_AUTO,
                .reclaim = party->reclaim,
                .lease_sec = party->lease_sec,
                .from = party->takes_over ? &party->from : NULL,
                .now_sec = wall_sec(p),
                .now_usec = p->net->now_usec,
        };

        make_observation(p);
        if (lease_watch(&p->watch, p->observation, policy.id, p->times.check_interval_usec,
                        policy.now_sec, policy.now_usec) < 0 ||
            ledger_plan(&p->ledger, &p->publication, &p->wanted, p->observation, &policy,
                        &p->plan) < 0)
                abort();
        model_trace_plan(p->net->trace, party->index, p->plan);
}

/* SRV, and TXT after it; NXDOMAIN answers both. */
static void observe(ModelPublisher *p) {
        const ModelContents *contents = &p->net->servers[p->name].contents;
        const bool exists = contents->n_srv + contents->n_txt > 0;

        if (!p->srv_seen) {
                p->seen.n_srv = contents->n_srv;
                p->seen.n_txt = 0;
                memcpy(p->seen.srv, contents->srv, contents->n_srv * sizeof(contents->srv[0]));
                p->srv_seen = true;
                if (exists)
                        return;
        } else {
                p->seen.n_txt = contents->n_txt;
                memcpy(p->seen.txt, contents->txt, contents->n_txt * sizeof(contents->txt[0]));
        }
        take_parts(p);
        make_plan(p);
        drive(p, &(PublicationEvent){.kind = EVENT_OBSERVED,
                                     .reply = &(Reply){.kind = REPLY_DONE},
                                     .plan = p->plan,
                                     .authoritative = true});
}

static void remember(ModelPublisher *p) {
        int r = model_disk_end(p);

        if (r == 0 && model_disk_begin(p))
                return;
        drive(p, &(PublicationEvent){.kind = EVENT_REMEMBERED, .error = r});
}

static ReplyKind reply_to(ldns_pkt_rcode rcode) {
        if (rcode == LDNS_RCODE_NOERROR)
                return REPLY_DONE;
        return rcode == LDNS_RCODE_REFUSED ? REPLY_DENIED : REPLY_CONFLICT;
}

static void answer(ModelPublisher *p, ReplyKind kind) {
        ModelFlight *flight = model_flight_awaited(p);
        const Reply reply = {.kind = kind, .rcode = flight->rcode};

        if (kind == REPLY_TIMEOUT || kind == REPLY_CLOSED || kind == REPLY_GARBAGE)
                model_flight_give_up(p);
        else
                model_flight_drop(p, p->n_flights - 1);
        drive(p, &(PublicationEvent){.kind = EVENT_ANSWERED, .reply = &reply});
}

void model_publisher_go(ModelPublisher *p) {
        if (!p->party.running)
                return;
        model_disk_sync(p);
        switch (p->step.action) {
        case ACTION_WAIT:
                drive(p, &(PublicationEvent){.kind = EVENT_DUE});
                break;
        case ACTION_LOCATE:
                drive(p,
                      &(PublicationEvent){.kind = EVENT_LOCATED, .n_servers = 1, .n_primaries = 1});
                break;
        case ACTION_OBSERVE:
                observe(p);
                break;
        case ACTION_REMEMBER:
                remember(p);
                break;
        case ACTION_UPDATE:
                if (!model_flight_awaited(p)->applied)
                        model_batch_apply(p);
                else
                        answer(p, reply_to(model_flight_awaited(p)->rcode));
                break;
        case _PUBLICATION_ACTION_MAX:
                break;
        }
}

void model_publisher_fail(ModelPublisher *p, ReplyKind kind) {
        const Reply reply = {.kind = kind};

        if (!p->party.running || p->step.action == ACTION_WAIT || p->step.action == ACTION_REMEMBER)
                return;
        model_disk_sync(p);
        if (p->step.action == ACTION_UPDATE) {
                /* What never arrived, or was not done, is no update that was applied. */
                if (model_flight_awaited(p)->applied &&
                    (kind == REPLY_UNREACHABLE || kind == REPLY_ELSEWHERE))
                        kind = REPLY_TIMEOUT;
                if (kind == REPLY_ECHO && !model_flight_awaited(p)->applied)
                        model_flight_apply(p, model_flight_awaited(p));
                answer(p, kind);
        } else if (p->step.action == ACTION_LOCATE) {
                drive(p, &(PublicationEvent){.kind = EVENT_NOT_LOCATED,
                                             .trouble = TROUBLE_NOT_LOCATED});
        } else {
                drive(p, &(PublicationEvent){.kind = EVENT_OBSERVED, .reply = &reply});
        }
}

uint64_t model_publisher_due_usec(const ModelPublisher *p) {
        if (!p->party.running)
                return USEC_INFINITY;
        return p->step.action == ACTION_WAIT ? p->publication.due_usec : 0;
}
