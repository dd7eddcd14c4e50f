/* What publishers may do and what has to come of it, written from the rules (O1-O13) and from
   nothing else: a second opinion beside lib/plan, on what a primary holds when a message is applied
   and not on what a publisher believes. */
#pragma once

#include "config/config.h"
#include "lib/publication.h"
#include "tests/unit/support_model_server.h"

enum {
        MODEL_WANTED_MAX = 3,
        MODEL_NAMES_MAX = 3,
        MODEL_ROWS_MAX = 24,
        MODEL_FAULT_MAX = 600,
};

/* What the state knows. */
typedef struct ModelRow {
        Srv srv; /* the offer, with the numbers it is configured with */
        uint64_t since_sec;
        bool derived;
        bool confirmed;
        bool claimed;
        bool unsaved; /* the disk was full: only memory knows */
} ModelRow;

/* An offer that a publisher has added, or found and wanted, since its state was lost. */
typedef struct ModelPart {
        Srv offer;
        bool as_nobodys; /* when it looked last, nobody claimed it and it wanted it (O1 b) */
} ModelPart;

/* A publisher as the rules see it: who it is, how it is configured, what its disk holds. */
typedef struct ModelParty {
        uint8_t index;
        PublisherId id;
        Mode mode;
        Claims claims;
        bool reclaim;
        uint32_t lease_sec;
        uint32_t check_sec;
        uint32_t refresh_sec; /* 0: never */
        bool derived;         /* the first wanted is this machine's name */
        size_t n_wanted;
        Srv wanted[MODEL_WANTED_MAX];
        size_t n_rows;
        ModelRow rows[MODEL_ROWS_MAX];
        size_t n_parts;
        ModelPart parts[MODEL_ROWS_MAX];
        bool takes_over;
        Srv from;
        bool running;
        bool left; /* in order: all it had was taken away */
        PublicationState state;
        uint64_t now_sec; /* by its own wall clock */
} ModelParty;

/* What a message was sent with. */
typedef struct ModelRight {
        ModelParty party;
        uint64_t sent_usec;
        ModelContents seen; /* the observation */
} ModelRight;

/* Whether the message, applied by the server to before, kept to the rules; else fault says what it
   broke. Where a server takes a part of an RRset for the whole, what the publisher saw is an
   excuse, for there safety rests on the checks that follow (O11). */
bool model_judge_message(const ModelServer *server, const ModelContents *before,
                         const ModelMessage *message, const ModelRight *right, uint64_t now_usec,
                         char fault[static MODEL_FAULT_MAX]);

/* Whether what there is after a long calm, in which nobody but the publishers has done anything, is
   what has to come of it. */
bool model_judge_end(const ModelServer *server, const ModelParty *parties, size_t n_parties,
                     uint64_t calm_since_usec, char fault[static MODEL_FAULT_MAX]);

/* --- shared by the two ------------------------------------------------------------------------ */

const Srv *model_party_wants(const ModelParty *party, const Srv *offer);
bool model_party_remembers_bare(const ModelParty *party, const Srv *offer);
/* O1. */
bool model_party_holds(const ModelParty *party, const ModelContents *contents, const Srv *offer);
bool model_contents_has(const ModelContents *contents, const Srv *offer);
/* Claims that cover it: of this id; of all others. id NULL: all are others'. */
size_t model_claims_own(const ModelContents *contents, const Srv *offer, const PublisherId *id);
size_t model_claims_other(const ModelContents *contents, const Srv *offer, const PublisherId *id);
