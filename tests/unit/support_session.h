/* A session with a scripted name server, and those who wait for its context. */
#pragma once

#include "daemon/session.h"
#include "tests/unit/support_tkey.h"
#include "tests/unit/support_world.h"

#define SESSION_HOST "ns1.example.test"
#define SESSION_CLIENT "KMS1$@" KDC_REALM
#define SESSION_RETRY_MIN (5 * USEC_PER_SEC)
#define SESSION_RETRY_MAX (30 * USEC_PER_MINUTE)

/* Somebody who waits, and what he does when he is told. */
typedef struct SessionAsk {
        SessionWaiter waiter; /* first */
        int n_told;
        Auth *auth; /* borrowed */
        Trouble trouble;
        void (*then)(struct SessionAsk *ask);
} SessionAsk;

typedef struct SessionScene {
        World world;
        TicketTable tickets;
        SessionTable sessions;
        Session *session;
        Acceptor *acceptor; /* of the last context */
        const char *client_keytab, *server_keytab;
        int fd; /* the last connection; -1: none yet */
        unsigned n_connections;
        PeerMessage message;
        SessionTimes times;
        int n_told;
        bool is_asking;
} SessionScene;

extern SessionScene scene;

/* The realm, with a client and a name server in it. */
void session_setup_realm(void);

/* A session that nobody waits for yet. backlog as for world_setup(). */
void session_setup(int backlog);
void session_teardown(void);

/* One with the same server and ticket, for another host name; the caller's. */
Session *session_with(const char *host, const char *realm);

void session_ask(SessionAsk *ask);

/* Waits for the next TKEY query, which is unsigned, and writes its key name down. */
void session_receive(char ret_key_name[static 64]);

/* Plays one whole negotiation, with an acceptor of its own, up to the server's last answer. */
void session_accept(uint32_t lifetime_sec);

/* All of it, for one who waits: the context is there. */
Auth *session_negotiate(void);

/* Takes the deletion of the last context, and whether it is right, and answers. */
void session_receive_deletion(const char *key_name);

/* Nothing has come to the server. */
void session_assert_silent(void);
