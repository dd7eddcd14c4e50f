/* Events out of turn come one after the other, as the history has them; where it says "run", and in
   the calm at the end, time passes from one thing that is due to the next, each step takes some
   milliseconds, and passes of several publishers interleave as those fall.

   The calm is long enough for every lease to run out and every retry to come. In its first part the
   publishers may settle what the history has left; in the second nothing may be written but leases
   and refreshes: else it is a fight. */
#include "tests/unit/support_model_world.h"

#include <inttypes.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_model_publisher.h"
#include "tests/unit/support_model_trace.h"

enum {
        STEPS_MAX = 20000, /* of one run: more is no work but a fight */
        SETTLING_MAX = 14, /* updates of one publisher until there is calm */
};

typedef struct World {
        ModelNet net;
        uint64_t seed;
        bool has_twins;
        size_t n_names;
        size_t n; /* publishers, each at each name; those of one name stand together */
        ModelPublisher publishers[MODEL_NAMES_MAX * MODEL_PUBLISHERS_MAX];
} World;

static void fail(World *world, const char *text, uint8_t who, unsigned n) {
        if (!world->net.fault[0])
                (void)snprintf(world->net.fault, MODEL_FAULT_MAX, "%c %s (%u)", 'A' + who, text, n);
}

/* --- everybody at work ------------------------------------------------------------------------ */

static uint64_t next_usec(const ModelPublisher *p) {
        const uint64_t due_usec = model_publisher_due_usec(p);

        return due_usec > p->ready_usec ? due_usec : p->ready_usec;
}

static ModelPublisher *find_next(World *world) {
        ModelPublisher *next = &world->publishers[0];

        for (size_t i = 1; i < world->n; i++)
                if (next_usec(&world->publishers[i]) < next_usec(next))
                        next = &world->publishers[i];
        return next;
}

static void run(World *world, uint64_t usec) {
        const uint64_t until_usec = world->net.now_usec + usec;
        unsigned n = 0;

        /* Whatever was left out before. */
        world->net.random = ~world->seed;

        for (size_t i = 0; i < world->n; i++)
                world->publishers[i].ready_usec = world->net.now_usec;
        for (;;) {
                ModelPublisher *p = find_next(world);
                const uint64_t usec_then = next_usec(p);

                if (usec_then > until_usec || world->net.fault[0])
                        break;
                world->net.now_usec = usec_then;
                model_publisher_go(p);
                p->ready_usec = usec_then + model_random(&world->net) % (50 * USEC_PER_MSEC);
                if (++n > STEPS_MAX)
                        fail(world, "is at work without end", p->party.index, n);
        }
        world->net.now_usec = until_usec;
}

/* A step out of turn. Only a wait within a pass is waited for. */
static void go(World *world, ModelPublisher *p) {
        const uint64_t due_usec = model_publisher_due_usec(p);

        world->net.now_usec += model_random(&world->net) % (50 * USEC_PER_MSEC);
        if (p->party.running && p->publication.in_pass && due_usec != USEC_INFINITY &&
            due_usec > world->net.now_usec)
                world->net.now_usec = due_usec;
        model_publisher_go(p);
}

/* --- an admin, who edits the first name ------------------------------------------------------- */

static void edit(World *world, const ModelOp *op) {
        const uint64_t now_usec = world->net.now_usec;
        ModelMessage *message = malloc(sizeof(*message) + sizeof(*op));

        if (!message)
                abort();
        message->author = MODEL_ADMIN;
        message->n_ops = 1;
        message->ops[0] = *op;
        (void)model_server_apply(&world->net.servers[0], message, now_usec);
        free(message);
}

/* O1: who published an SRV with a claim does not know it any more when the claim is gone. */
static void disown(World *world, const Srv *offer) {
        ModelContents *contents = &world->net.servers[0].contents;

        for (size_t i = 0; i < contents->n_srv; i++)
                if (!offer || srv_same_offer(&contents->srv[i].srv, offer))
                        contents->srv[i].published_by = 0;
}

static void delete_srvs(World *world, const Srv *offer) {
        ModelContents *contents = &world->net.servers[0].contents;

        for (size_t i = contents->n_srv; i-- > 0;)
                if (!offer || srv_same_offer(&contents->srv[i].srv, offer))
                        contents->srv[i] = contents->srv[--contents->n_srv];
}

static void delete_claims(World *world, const Srv *offer) {
        const ModelContents *contents = &world->net.servers[0].contents;

        for (size_t i = contents->n_txt; i-- > 0;)
                if (!offer ||
                    (contents->txt[i].is_claim && claim_covers(&contents->txt[i].claim, offer)))
                        edit(world, &(ModelOp){.kind = PLAN_DELETE_TXT, .txt = contents->txt[i]});
        disown(world, offer);
}

static void add_txt(World *world, int64_t which) {
        static const char *const texts[] = {"\013hello world", "\010srvpub=1\005id=zz",
                                            "\003a=b\010srvpub=1"};
        const char *text = texts[(uint64_t)which % ELEMENTSOF(texts)];

        edit(world, &(ModelOp){.kind = PLAN_ADD_CLAIM,
                               .ttl = 1800,
                               .txt = model_txt((const uint8_t *)text, strlen(text), 1800)});
}

static void add_claim(World *world, const Srv *offer, uint32_t lease_sec) {
        const uint64_t now_sec = MODEL_WALL_SEC + world->net.now_usec / USEC_PER_SEC;
        const Claim claim = {
                .id.bytes = {0xde, 0xad},
                .host = offer->target,
                .port = offer->port,
                .ttl = 3600,
                .lease_sec = lease_sec,
                .since_sec = now_sec,
                .until_sec = lease_sec ? now_sec + lease_sec : 0,
        };
        uint8_t rdata[CLAIM_RDATA_MAX];

        edit(world, &(ModelOp){.kind = PLAN_ADD_CLAIM,
                               .ttl = 3600,
                               .txt = model_txt(rdata, claim_to_rdata(&claim, rdata), 3600)});
        /* What was nobody's is this one's from now on. */
        disown(world, offer);
}

static void set_ttl(World *world, uint32_t ttl) {
        ModelContents *contents = &world->net.servers[0].contents;

        for (size_t i = 0; i < contents->n_srv; i++)
                contents->srv[i].srv.ttl = ttl;
}

/* --- lives ------------------------------------------------------------------------------------ */

/* It knows nothing any more of what it published without a claim. */
static void lose_state(World *world, ModelPublisher *p, bool loses_id) {
        ModelContents *contents = &world->net.servers[p->name].contents;

        model_publisher_crash(p, false);
        model_publisher_done(p);
        p->party.n_rows = p->party.n_parts = 0;
        p->party.left = false;
        for (size_t i = 0; i < contents->n_srv; i++)
                contents->srv[i].published_by &= (uint8_t) ~(1 << p->party.index);
        if (loses_id && p->name == 0)
                model_publisher_new_id(p);
        else if (loses_id)
                p->party.id = world->publishers[p->party.index].party.id;
}

/* O4: a clone that nobody has noticed, because the machine ids are the same too. Whose a record is
   cannot be told any more; they only must not fight without end. */
static void become_twin(World *world, ModelPublisher *p, int64_t of) {
        const size_t first = p->name * MODEL_PUBLISHERS_MAX;
        const ModelParty *other =
                &world->publishers[first + (uint64_t)of % MODEL_PUBLISHERS_MAX].party;

        lose_state(world, p, false);
        p->party.id = other->id;
        p->party.n_rows = other->n_rows;
        memcpy(p->party.rows, other->rows, other->n_rows * sizeof(other->rows[0]));
        p->party.n_parts = other->n_parts;
        memcpy(p->party.parts, other->parts, other->n_parts * sizeof(other->parts[0]));
        world->has_twins = true;
}

static void take_want(ModelPublisher *p, const ModelEvent *event) {
        p->party.derived = event->derived;
        p->party.n_wanted = event->n_offers;
        for (size_t i = 0; i < event->n_offers; i++)
                p->party.wanted[i] = model_offer_srv(&event->offers[i], event->ttl);
        model_publisher_configure(p, false);
        /* A domain that is in the list again. */
        if (!p->party.running && p->party.state == PUBLICATION_WITHDRAWN)
                model_publisher_start(p);
}

static void take_policy(ModelPublisher *p, const ModelEvent *event) {
        p->party.mode = event->mode;
        p->party.claims = event->claims;
        p->party.reclaim = event->reclaim;
        p->party.lease_sec = event->lease_sec;
        p->party.check_sec = event->check_sec;
        p->party.refresh_sec = event->refresh_sec;
        model_publisher_configure(p, true);
}

/* --- events ----------------------------------------------------------------------------------- */

static void play_at(World *world, const ModelEvent *event, ModelPublisher *p) {
        const Srv offer = model_offer_srv(&event->offer, (uint32_t)event->number);

        switch (event->kind) {
        case MODEL_GO:
                go(world, p);
                break;
        case MODEL_TIMEOUT:
                model_publisher_fail(p, REPLY_TIMEOUT);
                break;
        case MODEL_CLOSE:
                model_publisher_fail(p, REPLY_CLOSED);
                break;
        case MODEL_UNREACHABLE:
                model_publisher_fail(p, REPLY_UNREACHABLE);
                break;
        case MODEL_SERVFAIL:
                model_publisher_fail(p, REPLY_ELSEWHERE);
                break;
        case MODEL_ECHO:
                model_publisher_fail(p, REPLY_ECHO);
                break;
        case MODEL_ARRIVE:
                model_publisher_arrive(p);
                break;
        case MODEL_START:
                model_publisher_start(p);
                break;
        case MODEL_CRASH:
        case MODEL_CRASH_UNSYNCED:
                model_publisher_crash(p, event->kind == MODEL_CRASH_UNSYNCED);
                break;
        case MODEL_AMNESIA:
        case MODEL_REBORN:
                lose_state(world, p, event->kind == MODEL_REBORN);
                break;
        case MODEL_TWIN:
                become_twin(world, p, event->number);
                break;
        case MODEL_DISK_FULL:
        case MODEL_DISK_WELL:
                p->disk_full = event->kind == MODEL_DISK_FULL;
                break;
        case MODEL_CLOCK:
                p->clock_sec = event->number;
                break;
        case MODEL_WANT:
                take_want(p, event);
                break;
        case MODEL_POLICY:
                take_policy(p, event);
                break;
        case MODEL_TAKE_OVER:
                model_publisher_take_over(p, &offer);
                break;
        case MODEL_TIME:
                world->net.now_usec += (uint64_t)event->number * USEC_PER_SEC;
                break;
        case MODEL_RUN:
                run(world, (uint64_t)event->number * USEC_PER_SEC);
                break;
        case MODEL_ADD_SRV:
                edit(world, &(ModelOp){.kind = PLAN_ADD_SRV, .ttl = offer.ttl, .srv = offer});
                break;
        case MODEL_DELETE_SRV:
                delete_srvs(world, &offer);
                break;
        case MODEL_DELETE_SRVS:
                delete_srvs(world, NULL);
                break;
        case MODEL_DELETE_TXTS:
                delete_claims(world, NULL);
                break;
        case MODEL_DELETE_CLAIM:
                delete_claims(world, &offer);
                break;
        case MODEL_ADD_TXT:
                add_txt(world, event->number);
                break;
        case MODEL_ADD_CLAIM:
                add_claim(world, &offer, (uint32_t)event->number);
                break;
        case MODEL_SET_TTL:
                set_ttl(world, (uint32_t)event->number);
                break;
        case _MODEL_EVENT_MAX:
                break;
        }
}

/* A publisher's are at all its names, step by step. */
static void play_event(World *world, const ModelEvent *event) {
        const size_t n_names = event->kind <= MODEL_TAKE_OVER ? world->n_names : 1;
        const int64_t n_times = event->kind == MODEL_GO ? event->number : 1;

        for (int64_t i = 0; i < n_times; i++)
                for (size_t name = 0; name < n_names; name++)
                        play_at(world, event,
                                &world->publishers[name * MODEL_PUBLISHERS_MAX + event->who]);
}

/* --- the calm --------------------------------------------------------------------------------- */

/* How many updates a publisher may well send in so many seconds in which nothing happens: leases
   are renewed at half; a refresh may have to be tried without claims (O10); what a policy refuses
   is tried again after RetryMax. */
static unsigned n_expected(const ModelPublisher *p, uint64_t seconds) {
        const ModelParty *party = &p->party;
        unsigned n = 0;

        if (party->lease_sec > 0)
                n += (unsigned)party->n_wanted * (unsigned)(seconds / (party->lease_sec / 2) + 1);
        if (party->refresh_sec > 0)
                n += 2 * (unsigned)(seconds / party->refresh_sec + 1);
        if (p->net->servers[p->name].srv_only && party->claims == CLAIMS_YES)
                n += (unsigned)(seconds / (14 * 60) + 1);
        return n;
}

/* Renewals may get into each other's way: those that came too late are tried again. */
static void stay_calm(World *world, uint64_t seconds, unsigned extra, const char *complaint) {
        unsigned sent[ELEMENTSOF(world->publishers)], conflicts[ELEMENTSOF(world->publishers)];

        for (size_t i = 0; i < world->n; i++) {
                sent[i] = world->publishers[i].n_sent;
                conflicts[i] = world->publishers[i].n_conflicts;
        }
        run(world, seconds * USEC_PER_SEC);
        for (size_t i = 0; i < world->n; i++) {
                const ModelPublisher *p = &world->publishers[i];
                const unsigned n_late = p->n_conflicts - conflicts[i];
                const unsigned n = n_expected(p, seconds) + extra;

                if (p->n_sent - sent[i] > n + n_late || n_late > n)
                        fail(world, complaint, p->party.index, p->n_sent - sent[i]);
        }
}

static bool has_leases(const World *world) {
        const ModelContents *contents = &world->net.servers[0].contents; /* those by hand */
        bool has = false;

        for (size_t i = 0; i < world->n; i++)
                has |= world->publishers[i].party.lease_sec > 0;
        for (size_t i = 0; i < contents->n_txt; i++)
                has |= contents->txt[i].is_claim && contents->txt[i].claim.until_sec > 0;
        return has;
}

static void judge_end(World *world, size_t name, uint64_t since_usec) {
        const ModelPublisher *publishers = &world->publishers[name * MODEL_PUBLISHERS_MAX];
        ModelParty parties[MODEL_PUBLISHERS_MAX];

        for (size_t i = 0; i < MODEL_PUBLISHERS_MAX; i++) {
                parties[i] = publishers[i].party;
                parties[i].now_sec = MODEL_WALL_SEC + (uint64_t)publishers[i].clock_sec +
                                     world->net.now_usec / USEC_PER_SEC;
        }
        if (!world->net.fault[0] && !world->has_twins)
                (void)model_judge_end(&world->net.servers[name], parties, MODEL_PUBLISHERS_MAX,
                                      since_usec, world->net.fault);
}

static void calm(World *world) {
        const uint64_t since_usec = world->net.now_usec;

        for (size_t i = 0; i < world->n; i++)
                world->publishers[i].disk_full = false;
        /* Two clocks an hour off, a lease, a lease more by our own clock. */
        stay_calm(world, has_leases(world) ? 5 * 3600 : 4500, SETTLING_MAX, "finds no rest");
        stay_calm(world, 5400, 0, "writes although nothing happens");
        for (size_t name = 0; name < world->n_names; name++)
                judge_end(world, name, since_usec);
}

static void trace_event(FILE *trace, const World *world, const ModelEvent *event) {
        if (!trace)
                return;
        fprintf(trace, "%" PRIu64 ".%03" PRIu64 " ", world->net.now_usec / USEC_PER_SEC,
                world->net.now_usec / USEC_PER_MSEC % 1000);
        model_event_print(trace, event);
}

/* One policy lets the first name have no TXT; the others are free. */
static void world_init(World *world, const ModelHistory *history, FILE *trace) {
        world->has_twins = false;
        world->seed = history->seed * UINT64_C(0xd1342543de82ef95) + 1;
        world->n_names = history->n_names;
        world->n = world->n_names * MODEL_PUBLISHERS_MAX;
        world->net = (ModelNet){
                .now_usec = USEC_PER_HOUR,
                .random = world->seed,
                .trace = trace,
        };
        for (size_t name = 0; name < world->n_names; name++)
                world->net.servers[name] = (ModelServer){
                        .kind = &model_kinds[history->kind],
                        .srv_only = history->srv_only && name == 0,
                };
        for (size_t i = 0; i < world->n; i++) {
                ModelPublisher *p = &world->publishers[i];
                ModelPublisher *first = &world->publishers[i % MODEL_PUBLISHERS_MAX];

                model_publisher_init(p, &world->net, (uint8_t)(i % MODEL_PUBLISHERS_MAX),
                                     i / MODEL_PUBLISHERS_MAX);
                p->party.id = first->party.id;
                p->neighbour = first->neighbour;
                first->neighbour = p;
        }
}

bool model_play(const ModelHistory *history, FILE *trace, char fault[static MODEL_FAULT_MAX],
                ModelTally *ret_tally) {
        static World world;
        ModelTally tally = {0};

        world_init(&world, history, trace);
        for (size_t i = 0; i < history->n_events && !world.net.fault[0]; i++) {
                trace_event(trace, &world, &history->events[i]);
                play_event(&world, &history->events[i]);
        }
        if (trace)
                fputs("calm\n", trace);
        if (!world.net.fault[0])
                calm(&world);
        if (trace)
                model_trace_applied(trace, MODEL_ADMIN, LDNS_RCODE_NOERROR,
                                    &world.net.servers[0].contents);
        tally.n_batches = world.net.n_batches;
        tally.n_refused = world.net.n_refused;
        for (size_t i = 0; i < world.n; i++) {
                tally.n_messages += world.publishers[i].n_sent;
                tally.n_conflicts += world.publishers[i].n_sent - world.publishers[i].n_done;
                tally.n_published += world.publishers[i].party.state == PUBLICATION_PUBLISHED;
                tally.n_standby += world.publishers[i].party.state == PUBLICATION_STANDBY;
                model_publisher_done(&world.publishers[i]);
        }
        *ret_tally = tally;
        memcpy(fault, world.net.fault, MODEL_FAULT_MAX);
        return !world.net.fault[0];
}
