/* One publisher at one record name, and maybe at others of the same zone: lib's publication,
   ledger, leases and plans at work, driven as the daemon does it, with a model of a primary in
   place of the network and rows in place of the disk. Each call is one step, so that others may act
   in between. */
#pragma once

#include <stdio.h>

#include "lib/lease.h"
#include "lib/ledger.h"
#include "tests/unit/support_model_rules.h"

enum {
        MODEL_FLIGHTS_MAX = 6,
};

/* The true time when all begins, and publishers' clocks agree with it. */
#define MODEL_WALL_SEC UINT64_C(1700000000)

/* An update on its way. */
typedef struct ModelFlight {
        ModelMessage *message;
        ModelRight *right;
        bool applied;
        bool is_alone; /* it was refused in a message with others */
        bool given_up; /* nobody waits for its answer any more */
        ldns_pkt_rcode rcode;
        uint64_t deadline_usec; /* given up: it may still arrive before */
} ModelFlight;

/* What publishers share. */
typedef struct ModelNet {
        ModelServer servers[MODEL_NAMES_MAX]; /* one primary, of each record name what it holds */
        uint64_t now_usec;                    /* since boot, everybody's */
        uint64_t random;
        uint64_t n_ids;                /* that were drawn */
        unsigned n_batches, n_refused; /* messages of several names */
        FILE *trace;                   /* NULL: none */
        char fault[MODEL_FAULT_MAX];   /* the first rule that was broken; "": none */
} ModelNet;

typedef struct ModelPublisher {
        ModelParty party;
        ModelNet *net;
        size_t name;                      /* of net->servers */
        struct ModelPublisher *neighbour; /* the same publisher at another name; a ring */
        int64_t clock_sec;                /* what its wall clock is ahead of the true one */
        bool disk_full;
        bool unsynced; /* the last rows may be lost in a crash: rows_before is what is durable */
        size_t n_rows_before;
        ModelRow rows_before[MODEL_ROWS_MAX];

        /* While it runs. */
        Publication publication;
        PublicationTimes times;
        Ledger ledger;
        Wanted wanted;
        LeaseWatch watch;
        PublicationStep step;
        bool srv_seen; /* of an observation the first half is done */
        ModelContents seen;
        Observation *observation;
        Plan *plan;
        size_t n_flights;
        ModelFlight flights[MODEL_FLIGHTS_MAX]; /* in the order sent */

        uint64_t ready_usec;                  /* of a run: when its next step is done */
        unsigned n_sent, n_done, n_conflicts; /* updates: all; accepted; that came too late */
} ModelPublisher;

void model_publisher_init(ModelPublisher *publisher, ModelNet *net, uint8_t index, size_t name);
void model_publisher_new_id(ModelPublisher *publisher);
void model_publisher_done(ModelPublisher *publisher);

/* party holds another configuration now. relocates: one of how, not of what. */
void model_publisher_configure(ModelPublisher *publisher, bool relocates);

/* The daemon starts, with what the disk holds; or it is killed. */
void model_publisher_start(ModelPublisher *publisher);
void model_publisher_crash(ModelPublisher *publisher, bool loses_unsynced);

/* O9: by command. */
void model_publisher_take_over(ModelPublisher *publisher, const Srv *from);

/* What comes next comes without trouble: a look, half an observation, a row on the disk, the update
   applied, its answer. */
void model_publisher_go(ModelPublisher *publisher);

/* What is under way, if anything is, ends so. REPLY_ECHO: of an update, with its true RCODE. */
void model_publisher_fail(ModelPublisher *publisher, ReplyKind reply);

/* The oldest update whose answer nobody waits for arrives after all. */
void model_publisher_arrive(ModelPublisher *publisher);

/* When there is something to do: the due time while it waits, else 0; USEC_INFINITY: never. */
uint64_t model_publisher_due_usec(const ModelPublisher *publisher);

/* Draws from the net's numbers. */
uint32_t model_random(ModelNet *net);
