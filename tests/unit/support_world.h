/* A loop, a scripted server and a Server that points to it: what the suites of the TCP side share.
 */
#pragma once

#include "daemon/transaction.h"
#include "tests/unit/support_peer.h"

typedef struct World {
        sd_event *event;
        int listener;
        struct sockaddr_in address;
        Server *server;
        Auth *auth;
        bool is_again; /* what is asked from now on, as in TransactionRequest */
} World;

/* A request made by the test and how it ended. */
typedef struct Ask {
        Transaction *transaction; /* NULL once it ended */
        Name name;
        int n_done;
        Reply reply; /* without its packet */
        bool has_packet;
        int order;                     /* of completion, 1.. */
        void (*then)(struct Ask *ask); /* called in the handler */
        World *world;
        struct Ask *other; /* the test's, for then */
} Ask;

extern int n_completions; /* of asks, since world_setup() */

/* backlog < 0: the address is taken but nothing listens there. */
void world_setup(World *world, int backlog, unsigned max_outstanding);
void world_teardown(World *world);

/* Sends "aNUMBER.test SRV" as a query, or an update of that zone. */
void ask_query(World *world, Ask *ask, int number, uint64_t timeout_usec);
void ask_update(World *world, Ask *ask, int number, uint64_t timeout_usec);

/* The number in the question of a request. */
int peer_number(const PeerMessage *message);
