/* GSS contexts at work: one for each ticket and name server, negotiated by TKEY over TCP when it is
   first needed (RFC 3645 3), kept for many requests, made anew before it ends or when the server
   has forgotten it. */
#pragma once

#include "daemon/server.h"
#include "daemon/ticket.h"
#include "lib/auth.h"
#include "lib/reply.h"
#include "lib/tkey.h"

typedef struct Session Session;

/* Borrowed pointers, which outlive the sessions. */
typedef struct SessionTable {
        Session *first;
        sd_event *event;
        Worker *worker;
} SessionTable;

/* host: the name of the server really contacted, of which the service is DNS/<host>; realm NULL: as
   Kerberos finds it (C70). A reference to ticket and server is taken. -ENOMEM. */
int session_get(SessionTable *table, Ticket *ticket, Server *server, const Name *host,
                const char *realm, Session **ret_session);
Session *session_ref(Session *session);
Session *session_unref(Session *session);

/* What went wrong, in the order in which it could: the ticket or the context (gss), the way to the
   server (reply, fault, error), the server's word (verdict, rcode, tkey_error). */
typedef struct SessionTrouble {
        GssError gss;
        bool is_exchange; /* then reply, fault and error say what became of the request */
        ReplyKind reply;
        ReplyFault fault;
        int error;
        TkeyVerdict verdict;
        uint8_t rcode;
        uint16_t tkey_error;
} SessionTrouble;

/* Wait for a context that is good for a while; as with a ticket. auth is borrowed, NULL where
   trouble says why. */
typedef struct SessionWaiter {
        struct SessionWaiter *next;
        void (*on_ready)(struct SessionWaiter *waiter, Auth *auth, const SessionTrouble *trouble);
} SessionWaiter;

/* How long things may take, and how long a failure stands (ticket_wait()). */
typedef struct SessionTimes {
        uint64_t timeout_usec; /* for each answer of the server */
        uint64_t retry_min_usec;
        uint64_t retry_max_usec;
} SessionTimes;

int session_wait(Session *session, const SessionTimes *times, SessionWaiter *waiter);
void session_forget(Session *session, SessionWaiter *waiter);

/* The server did not know this context, or denied what it signed: unless another is there already,
   the next who waits gets a new one, from a new ticket (group membership is in the ticket). */
void session_doubt(Session *session, const Auth *auth);

/* Since when the present context is there (CLOCK_BOOTTIME): what was denied by one that is younger
   than the pass is denied for good. */
uint64_t session_since_usec(const Session *session);
