/* Scripted resolvers on the loopback address and lookups that ask them: what the resolver suite
   stands on. */
#pragma once

#include "daemon/resolver.h"
#include "tests/unit/support_peer.h"

enum {
        N_PEERS = 2,
};

/* A resolver: its datagram socket, its listener, and who asked last. */
typedef struct Peer {
        int fd;
        int listener;
        struct sockaddr_in address;
        struct sockaddr_in client;
        char text[64];
} Peer;

typedef struct Query {
        Lookup *lookup;
        int n_done;
        int error;
        unsigned rcode;
        unsigned n_answers;
        char text[512];
        struct Query *frees;
        bool frees_resolver;
} Query;

typedef struct ResolverWorld {
        sd_event *event;
        Resolver *resolver;
        Peer peers[N_PEERS];
        PeerMessage message; /* the last question */
        PeerMessage answer;
        int n_completions; /* of queries */
} ResolverWorld;

extern ResolverWorld world;

/* n_peers: to how many of the peers the resolver goes. */
void resolver_setup(size_t n_peers);
void resolver_teardown(void);

/* Looks up "_vlmcs._tcp.example.test SOA". */
void query_ask(Query *query, uint64_t timeout_usec);

/* Takes the next question; the first looks only at what is there. */
bool peer_try_take(Peer *peer);
void peer_take(Peer *peer);

/* Answers who asked last. */
void peer_say(const Peer *peer, const PeerMessage *what);
void peer_say_rcode(const Peer *peer, unsigned rcode);
void peer_say_truncated(const Peer *peer);
