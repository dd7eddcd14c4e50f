/* One publication's life as a state machine without I/O: step(event, now) -> action. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/plan.h"
#include "lib/reply.h"
#include "lib/trouble.h"
#include "lib/util.h"

/* O13: so long a new name of this machine has to stand before what its former one left goes. */
#define PUBLICATION_STABLE_USEC (10 * USEC_PER_MINUTE)

/* What of a GSS-TSIG signature was made so long ago that the server may know better since: bits. */
typedef enum Staleness {
        STALE_CONTEXT = 1 << 0, /* the server may have restarted */
        STALE_TICKET = 1 << 1,  /* the account may have been put into a group */
} Staleness;

/* What the user sees. */
typedef enum _packed_ PublicationState {
        PUBLICATION_LOCATING,
        PUBLICATION_PUBLISHING,
        PUBLICATION_PUBLISHED,
        PUBLICATION_STANDBY,
        PUBLICATION_DENIED,
        PUBLICATION_FAILED,
        PUBLICATION_WITHDRAWING,
        PUBLICATION_WITHDRAWN,
        PUBLICATION_OBSERVED,
        _PUBLICATION_STATE_MAX,
} PublicationState;

typedef enum PublicationAction {
        ACTION_WAIT,     /* nothing until due_usec or an event */
        ACTION_LOCATE,   /* then EVENT_LOCATED or EVENT_NOT_LOCATED */
        ACTION_OBSERVE,  /* SRV query at server; then EVENT_OBSERVED */
        ACTION_REMEMBER, /* make the intent durable; then EVENT_REMEMBERED */
        ACTION_UPDATE,   /* send the plan to server; then EVENT_ANSWERED */
        _PUBLICATION_ACTION_MAX,
} PublicationAction;

typedef enum EventKind {
        EVENT_DUE,     /* due_usec is reached, or somebody wants a look now */
        EVENT_CHANGED, /* what is wanted, or how to reach it, changed: start over */
        EVENT_LOCATED,
        EVENT_NOT_LOCATED, /* reply, if a server's answer was the reason; else trouble */
        EVENT_OBSERVED,    /* reply; plan when it was DONE */
        EVENT_REMEMBERED,  /* error */
        EVENT_NOT_SIGNED,  /* the update could not be: cause; nothing was sent */
        EVENT_ANSWERED,    /* reply */
        _EVENT_KIND_MAX,
} EventKind;

/* Pointers are borrowed for the call. */
typedef struct PublicationEvent {
        EventKind kind;
        uint32_t random;     /* a fresh random number for each event */
        size_t n_servers;    /* of LOCATED */
        bool looked;         /* of LOCATED: the first look was begun on the way there */
        size_t n_primaries;  /* of LOCATED: the first ones, MNAME or Server=, whose word counts (E3)
                              */
        const Reply *reply;  /* of OBSERVED and ANSWERED */
        const Plan *plan;    /* of OBSERVED */
        bool authoritative;  /* of OBSERVED */
        bool relocate;       /* of CHANGED: the way to the server changed */
        bool overtakes;      /* of CHANGED: an update was given up whose answer will not be seen */
        uint64_t start_usec; /* of CHANGED: begin then, not before; 0: at once */
        TroubleKind trouble; /* of NOT_LOCATED without a reply */
        int error;           /* of REMEMBERED */
        const char *detail;  /* of REMEMBERED and NOT_LOCATED: words for who tells of it; or NULL */
        const char *place;   /* of NOT_LOCATED: the server it is about; or NULL */
        const Trouble *cause; /* of NOT_SIGNED */
        Staleness stale;      /* of ANSWERED: of what the update was signed with */
} PublicationEvent;

/* Times a publication obeys; microseconds. */
typedef struct PublicationTimes {
        uint64_t check_interval_usec;
        uint64_t refresh_interval_usec;
        uint64_t retry_min_usec;
        uint64_t retry_max_usec;
        uint64_t settle_usec; /* how long an update without an answer may still take effect */
} PublicationTimes;

/* E6.2, E6.4: what is to be made anew before the next update is signed. */
typedef enum Renewal {
        RENEW_NOTHING,
        RENEW_CONTEXT,
        RENEW_TICKET, /* and the context */
} Renewal;

/* What a step asks for. ended: the pass is over and state, trouble and wrote tell its result. */
typedef struct PublicationStep {
        PublicationAction action;
        bool ended;
        Renewal renewal;
} PublicationStep;

/* A plain value, zero at first but for what publication_init() sets. The driver reads all of it
   and writes only withdraw, remembered_all, forgets, holds_derived and replicates. */
typedef struct Publication {
        PublicationState state;
        PlanVerdict wrote;        /* what the updates of this pass did; PLAN_IN_ORDER: nothing */
        PlanVerdict plan_verdict; /* what the last update did or may have done */
        uint8_t plan_traits;      /* bits: what the last plan carried */
        uint8_t stale;            /* Staleness of what the last update was signed with */
        uint8_t server;
        uint8_t n_servers;
        uint8_t n_primaries;
        uint8_t conflicts;
        uint8_t ignored;
        uint8_t closed;
        bool withdraw : 1;       /* nothing is wanted: take away what is ours */
        bool unclaims : 1;       /* the plan takes a claim of ours that the state says is there */
        bool remembered_all : 1; /* the state already holds what the plan adds */
        bool holds_derived : 1;  /* O13: a record under this machine's former name waits to go */
        bool forgets : 1;        /* ending well would forget what the state knows of a record */
        bool keeps : 1;          /* it ended well, but it is too early to forget that */
        bool replicates : 1;     /* other primaries may undo what was written at one (C56) */
        bool overtook : 1; /* an update of a former wish may undo what is there until the doubt
                              ends */
        bool in_pass : 1;
        bool refreshes : 1; /* this pass does, as was due when it began */
        bool located : 1;
        bool observed_here : 1;
        bool stands_by : 1;      /* the last look found that another holds the name (O6) */
        bool removes_strays : 1; /* a plan of this pass does (Plan) ... */
        bool strays_removed : 1; /* ... and a pass since the start did */
        bool claims_denied : 1;  /* O10: policy refuses claims here; none are written until a
                                    refresh */
        bool echoed : 1;         /* the last update's answer was our own signature (E6.2) */
        bool reading_back : 1;   /* the last update's answer was NOERROR (E4) */
        bool lost : 1;           /* plan_verdict is not sure, and nobody has looked since */
        bool was_lost : 1;       /* so ended the last one that was sent: the next goes alone (E9) */
        bool context_renewed : 1; /* in this pass ... */
        bool ticket_renewed : 1;
        uint16_t echo_rcode;
        unsigned attempt; /* failed passes in a row */
        uint64_t due_usec;
        uint64_t check_usec; /* the next regular check, if no pass is due before; 0: none yet */
        uint64_t since_usec; /* when state was entered */
        uint64_t refreshed_usec;
        uint64_t wrote_usec; /* when a pass last published something; 0: not since the start */
        uint64_t asked_usec; /* when the last look began */
        uint64_t doubt_until_usec; /* an update without an answer may take effect until then */
        Trouble trouble;
} Publication;

/* A publication to be looked at from now on. */
void publication_init(Publication *publication, bool withdraw, uint64_t now_usec);

/* An update may be on its way whose answer will not be seen: its connection ended, its wish was
   changed meanwhile, or the daemon that sent it was killed. For settle_usec from now "it is not
   there" is no reason to forget a record (O13). The machine itself does so for the first two. */
void publication_doubt(Publication *publication, const PublicationTimes *times, uint64_t now_usec);

/* The heart of the exchange (rules E3-E8, O11). Never fails; now_usec never goes back. */
PublicationStep publication_step(Publication *publication, const PublicationTimes *times,
                                 const PublicationEvent *event, uint64_t now_usec);

/* Whether the next observation should renew what is there although it is in order (E8). */
bool publication_wants_refresh(const Publication *publication);

/* O13: whether the record under a former name of this machine has to stay for now: until the new
   one has been published and stable for PUBLICATION_STABLE_USEC. */
bool publication_keeps_derived(const Publication *publication, uint64_t now_usec);

const char *publication_state_to_string(PublicationState state);
