/* The server's side of TKEY for suites: written anew, it shares no code with lib/tkey. */
#pragma once

#include "tests/unit/support_kdc.h"
#include "tests/unit/support_peer.h"

enum {
        TKEY_MODE_GSS = 3,
        TKEY_MODE_DELETE = 5,
};

/* A query as lib/tkey writes it, taken apart. */
typedef struct TkeyQuery {
        char key_name[64];
        uint16_t mode;
        size_t size; /* without a TSIG; less than the message's if it has one */
        Octets token;
} TkeyQuery;

void tkey_query_read(const PeerMessage *message, TkeyQuery *ret_query);

/* What a server answers. What is zero is as it should be. */
typedef struct TkeyAnswerAs {
        const Octets *token; /* NULL: none */
        uint8_t rcode;
        uint16_t error;
        uint32_t lifetime_sec; /* 0: 3600 */
        uint16_t mode;
        const char *name; /* another key name */
        bool no_tkey;     /* the question alone */
        bool no_qr;
        unsigned cut; /* octets that are missing at the end */
} TkeyAnswerAs;

void peer_answer_tkey(int fd, const PeerMessage *message, const TkeyAnswerAs *as);

/* Takes the token of the query with the acceptor and answers with the acceptor's. */
void peer_accept_tkey(int fd, const PeerMessage *message, Acceptor *acceptor,
                      uint32_t lifetime_sec);

/* Whether the query is signed with the context of the acceptor, under the name of its key. */
bool peer_verify_tkey(const PeerMessage *message, Acceptor *acceptor);
