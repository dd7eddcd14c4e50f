/* A publication driven by hand, and scripts for it: event -> expected action, state and due time.
   What a driver would tell it besides (whether a refresh is due, whether a former name is kept) is
   found as the driver finds it. */
#pragma once

#include "lib/publication.h"
#include "lib/util.h"

/* With the largest random number every wait is as long as it can be, to the microsecond. */
#define CHECK (15 * USEC_PER_MINUTE)
#define RETRY_MIN (5 * USEC_PER_SEC)
#define RETRY_MAX (30 * USEC_PER_MINUTE)
#define SETTLE (10 * USEC_PER_SEC)
#define SHORTLY (400 * USEC_PER_MSEC) /* after a conflict */
#define STABLE (10 * USEC_PER_MINUTE)
#define STABLE_MAX (12 * USEC_PER_MINUTE)
#define TICK USEC_PER_MSEC /* what passes before an event other than DUE */
#define NEVER USEC_INFINITY

typedef struct Bench {
        Publication publication;
        PublicationTimes times;
        uint64_t now_usec;
        uint32_t random;
        uint64_t check_usec; /* a script's next regular check */
} Bench;

/* An event as a script writes it. */
typedef struct Input {
        EventKind kind;
        ReplyKind reply; /* of NOT_LOCATED: DONE means none */
        ldns_pkt_rcode rcode;
        PlanVerdict seen;   /* of OBSERVED: what the plan finds to do */
        bool no_cname;      /* the plan carries this prerequisite */
        bool no_srv;        /* ... this one */
        bool no_txt;        /* ... this one */
        bool claim;         /* it adds a claim, which may be done without (O10) */
        bool claim_needed;  /* ... which may not */
        bool claim_only;    /* ... and no SRV; nothing where claims are denied */
        bool removes;       /* of STANDBY: something of ours is there */
        bool strays;        /* it removes claims with our id that we know nothing of (O1) */
        bool observes;      /* Mode=observe */
        bool ttl_only;      /* of CHANGE: of nothing but the TTL */
        bool not_authority; /* AA clear */
        bool former;        /* a record under this machine's former name is there */
        uint8_t n_servers, n_primaries;
        TroubleKind trouble; /* also of NOT_SIGNED */
        int error;           /* of REMEMBERED; of ANSWERED: the reply's */
        Staleness stale;     /* of ANSWERED */
        bool relocate;
        bool overtakes; /* of CHANGED: an update was outstanding when this came */
        bool withdraw;  /* of CHANGED */
        uint64_t start_usec;
} Input;

void bench_init(Bench *bench, bool withdraw);
PublicationStep bench_step(Bench *bench, const Input *input);

/* The words of the scripts: events ... */
#define INPUT(event, ...) \
        { .kind = EVENT_##event, __VA_ARGS__ }
#define DUE INPUT(DUE)
#define CHANGED(...) INPUT(CHANGED, __VA_ARGS__)
#define LOCATED(n, primaries) INPUT(LOCATED, .n_servers = n, .n_primaries = primaries)
#define NOT_LOCATED(why) INPUT(NOT_LOCATED, .trouble = TROUBLE_##why)
#define SEEN(to_do, ...) INPUT(OBSERVED, .seen = PLAN_##to_do, __VA_ARGS__)
#define ASKED(answer) INPUT(OBSERVED, .reply = REPLY_##answer)
#define REMEMBERED(e) INPUT(REMEMBERED, .error = e)
#define ANSWER(answer) INPUT(ANSWERED, .reply = REPLY_##answer)
#define ANSWER_RCODE(answer, code) \
        INPUT(ANSWERED, .reply = REPLY_##answer, .rcode = LDNS_RCODE_##code)
#define ANSWER_STALE(answer, code, bits) \
        INPUT(ANSWERED, .reply = REPLY_##answer, .rcode = LDNS_RCODE_##code, .stale = bits)
#define NOT_SIGNED(why) INPUT(NOT_SIGNED, .trouble = TROUBLE_##why)

/* ... and what follows: an action, a wait, the end of the pass. */
#define ON(event, what, then, ...) \
        { .input = event, .action = ACTION_##what, .state = PUBLICATION_##then, __VA_ARGS__ }
#define WAITS(event, then, due) \
        { .input = event, .state = PUBLICATION_##then, .due_usec = due }
#define ENDS(event, then, due, ...) \
        { .input = event, .ended = true, .state = PUBLICATION_##then, .due_usec = due, __VA_ARGS__ }

/* What is zero is expected to be zero: the server; at the end the trouble, what was written and
   what was learned of the server. due counts from now, but CHECK from the regular check before, and
   is looked at where the action is to wait. */
typedef struct Line {
        Input input;
        PublicationAction action;
        bool ended;
        PublicationState state;
        uint64_t due_usec;
        uint8_t server;
        TroubleKind trouble;
        PlanVerdict wrote;
        bool keeps;
        bool claims_denied;
        Renewal renewal;
} Line;

typedef struct Script {
        const char *rule;
        const Line *lines;
        size_t n_lines;
        bool withdraw;
        bool remembered;       /* the state holds all that would be added */
        bool forgets;          /* ... and something that is not wanted any more */
        uint64_t refresh_usec; /* 0: never */
} Script;

#define LINES(...)                            \
        .lines = (const Line[]){__VA_ARGS__}, \
        .n_lines = sizeof((const Line[]){__VA_ARGS__}) / sizeof(Line)

/* Fails the test with the rule and the number of the line where it went another way. */
void run_script(const Script *script);
