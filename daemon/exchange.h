/* One request on its way through a server: the seam between transaction (which owns what is said)
   and server and connection (which carry it). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "daemon/server.h"
#include "lib/message.h"
#include "lib/reply.h"

typedef struct Connection Connection;
typedef struct Exchange Exchange;
typedef TAILQ_HEAD(ExchangeList, Exchange) ExchangeList;
typedef TAILQ_HEAD(ServerCallList, ServerCall) ServerCallList;

/* What an exchange asks of and tells to its owner: on_send, maybe again after a connection that
   had gone stale, then on_answer or on_failure, then on_complete. */
typedef struct ExchangeOwner {
        /* It goes out now under this id: sets it, signs. The message stays the owner's. */
        int (*on_send)(void *owner, uint16_t id, const Message **ret_message);
        /* How it ended; only to be noted, the connections are being worked on. */
        void (*on_answer)(void *owner, const uint8_t *bytes, size_t size);
        void (*on_failure)(void *owner, ReplyKind kind, ReplyFault fault, int error);
        /* From the loop, at rest: anything may be done. The exchange is gone after the call. */
        void (*on_complete)(void *owner);
} ExchangeOwner;

/* A call in a server's turn: what was answered has been told, and what waits is sent behind it. One
   that is asked for by another call comes in the next turn: who has much to do does it in pieces,
   and what is to be sent is sent in between. Embedded in who wants it, zeroed before its first
   use. */
typedef struct ServerCall {
        TAILQ_ENTRY(ServerCall) link;
        void (*on_turn)(void *userdata);
        void *userdata;
        bool is_asked;
        unsigned turn; /* the server's, when it was asked for */
} ServerCall;

typedef enum ExchangePhase {
        EXCHANGE_QUEUED,
        EXCHANGE_CARRIED, /* assigned to a connection; sent if is_sent */
        EXCHANGE_ENDED,   /* on_complete is still to be called */
} ExchangePhase;

/* How an exchange is to be carried. */
typedef struct ExchangeTerms {
        uint64_t timeout_usec; /* from the moment it leaves the queue */
        bool is_query;         /* may be sent once more where a kept connection had gone stale */
        bool is_again;  /* its like was lost with a connection: it goes over one that proves to live
                         */
        bool is_urgent; /* of something that has begun: goes before what has not */
        const void *lane; /* NULL, or what is of one lane arrives in the order in which it was sent:
                             while some of it is outstanding, the rest takes the same connection */
} ExchangeTerms;

struct Exchange {
        TAILQ_ENTRY(Exchange) link; /* in the server's queue or ended list, or a connection's */
        ExchangePhase phase;
        const ExchangeOwner *events;
        void *owner; /* NULL: given up when sent; only its answer is waited for */
        ExchangeTerms terms;
        uint64_t deadline_usec;    /* CLOCK_BOOTTIME, while it is carried */
        uint64_t n_answers_before; /* of the server's, when it was given to a connection */
        Connection *connection;
        uint16_t id;
        bool is_sent;
        bool is_answered; /* and not with SERVFAIL */
        bool is_late;     /* its time was over */
};

/* Queues a request. The owner keeps a reference to the server until on_complete or
   server_cancel(). -ENOMEM. */
int server_submit(Server *server, const ExchangeOwner *events, void *owner,
                  const ExchangeTerms *terms, Exchange **ret_exchange);

/* Asks for one call, or gives it up; who asks keeps a reference to the server until then. */
void server_call(Server *server, ServerCall *call);
void server_call_off(Server *server, ServerCall *call);

/* Gives it up; the owner hears nothing more of it. If it was sent, its place in the limit stays
   taken until the answer came or the time is over. */
void server_cancel(Server *server, Exchange *exchange);
