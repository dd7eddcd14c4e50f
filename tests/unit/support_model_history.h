/* A history: what publishers, the network and an admin do, as a list of events that can be written
   as a script, one event a line, and read back. Any part of a history is a history too: an event
   that cannot happen does nothing. */
#pragma once

#include <stdio.h>

#include "tests/unit/support_model_rules.h"

enum {
        MODEL_PUBLISHERS_MAX = 5,
        MODEL_EVENTS_MAX = 160,
};

typedef enum ModelEventKind {
        /* One publisher's next step, as it comes or ... */
        MODEL_GO,
        MODEL_TIMEOUT,
        MODEL_CLOSE,
        MODEL_UNREACHABLE,
        MODEL_SERVFAIL,
        MODEL_ECHO,
        MODEL_ARRIVE, /* an update given up arrives after all */
        /* Its life. */
        MODEL_START,
        MODEL_CRASH,
        MODEL_CRASH_UNSYNCED, /* what it wrote last is not on the disk */
        MODEL_AMNESIA,        /* killed, and its rows are lost */
        MODEL_REBORN,         /* ... and its id */
        MODEL_TWIN,           /* killed, and its disk becomes a copy of that of the number-th */
        MODEL_DISK_FULL,
        MODEL_DISK_WELL,
        MODEL_CLOCK, /* its wall clock is so far ahead */
        /* Its configuration and its operator. */
        MODEL_WANT,
        MODEL_POLICY,
        MODEL_TAKE_OVER,
        /* Time. */
        MODEL_TIME, /* passes, and nobody gets to do anything */
        MODEL_RUN,  /* everybody does what is due, without trouble */
        /* An admin with a text editor. */
        MODEL_ADD_SRV,
        MODEL_DELETE_SRV,   /* an offer's */
        MODEL_DELETE_SRVS,  /* the RRset */
        MODEL_DELETE_TXTS,  /* the RRset */
        MODEL_DELETE_CLAIM, /* an offer's */
        MODEL_ADD_TXT,
        MODEL_ADD_CLAIM, /* of a publisher that nobody knows, with a lease of so many seconds */
        MODEL_SET_TTL,   /* of the SRV RRset */
        _MODEL_EVENT_MAX,
} ModelEventKind;

typedef struct ModelOffer {
        uint8_t host; /* kms0.example.test ...; from MODEL_UPPER on in capitals */
        uint16_t port;
        uint16_t priority;
        uint16_t weight;
} ModelOffer;

enum {
        MODEL_UPPER = 16,
};

typedef struct ModelEvent {
        ModelEventKind kind;
        uint8_t who;
        int64_t number; /* of MODEL_GO: how often */
        ModelOffer offer;
        /* of MODEL_WANT; nothing: withdraw */
        uint32_t ttl;
        bool derived;
        size_t n_offers;
        ModelOffer offers[MODEL_WANTED_MAX];
        /* of MODEL_POLICY */
        Mode mode;
        Claims claims;
        bool reclaim;
        uint32_t lease_sec, check_sec, refresh_sec;
} ModelEvent;

typedef struct ModelHistory {
        uint64_t seed;
        uint8_t kind; /* of model_kinds */
        bool srv_only;
        size_t n_names; /* of one zone, that all publishers want alike */
        size_t n_events;
        ModelEvent events[MODEL_EVENTS_MAX];
} ModelHistory;

Srv model_offer_srv(const ModelOffer *offer, uint32_t ttl);

/* The history that belongs to a seed. */
void model_history_draw(ModelHistory *history, uint64_t seed);

void model_event_print(FILE *file, const ModelEvent *event);
void model_history_print(FILE *file, const ModelHistory *history);

/* Empty lines and those that begin with "#" are passed over. Returns 0, or the number of the first
   line that is none. */
unsigned model_history_parse(FILE *file, ModelHistory *ret_history);
