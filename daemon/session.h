/* GSS contexts at work: one for each ticket and name server, negotiated by TKEY over TCP when it is
   first needed (RFC 3645 3), kept for many requests, made anew before it ends or when the server
   has forgotten it, deleted at the server when it is done with. */
#pragma once

#include "daemon/server.h"
#include "daemon/ticket.h"
#include "lib/auth.h"
#include "lib/publication.h"

typedef struct Session Session;
typedef struct SessionDeletion SessionDeletion;

/* Borrowed pointers, which outlive the sessions. */
typedef struct SessionTable {
        Session *first;
        sd_event *event;
        SessionDeletion *deletions; /* under way */
        /* NULL, or called whenever the last deletion under way has ended. */
        void (*on_closed)(void *userdata);
        void *userdata;
} SessionTable;

/* Gives up all contexts and has the servers delete them (C66). false: nothing is to be waited for;
   else on_closed comes. */
bool session_table_close(SessionTable *table);

/* Gives the deletions up that have no answer yet. */
void session_table_done(SessionTable *table);

/* host: the name of the server really contacted, of which the service is DNS/<host>; realm NULL: as
   Kerberos finds it (C70). A reference to ticket and server is taken. -ENOMEM. */
int session_get(SessionTable *table, Ticket *ticket, Server *server, const Name *host,
                const char *realm, Session **ret_session);

/* The equal one if it is there, with a reference; else NULL. */
Session *session_find(const SessionTable *table, const Ticket *ticket, const Server *server,
                      const Name *host, const char *realm);
Session *session_ref(Session *session);
Session *session_unref(Session *session);

/* The context, if there is one that is good for a while: else NULL, wait for one. Borrowed. */
Auth *session_auth(const Session *session);

/* Waits for a context; embedded in who waits. on_ready is called once, from the loop, never from
   within session_wait(). auth is borrowed; NULL where trouble says why. */
typedef struct SessionWaiter {
        struct SessionWaiter *next;
        void (*on_ready)(struct SessionWaiter *waiter, Auth *auth, const Trouble *trouble);
} SessionWaiter;

/* How long things may take, and how long a failure stands for all who ask (ticket_wait()). */
typedef struct SessionTimes {
        uint64_t timeout_usec; /* for each answer of the server */
        uint64_t retry_min_usec;
        uint64_t retry_max_usec;
} SessionTimes;

/* 0 or -ENOMEM. */
int session_wait(Session *session, const SessionTimes *times, SessionWaiter *waiter);
void session_forget(Session *session, SessionWaiter *waiter);

/* What of it is not from after that moment (bits of Staleness, CLOCK_BOOTTIME): a refusal may be
   due to that. A context that is no longer the present one is stale. */
Staleness session_staleness(const Session *session, const Auth *auth, uint64_t usec);

uint64_t session_now_usec(const Session *session); /* CLOCK_BOOTTIME */

/* The server did not know this context, or refused what it signed: unless another is there already,
   the next who waits gets a new one; renews_ticket: from a new ticket (group membership is in the
   ticket). is_known: then the server is told to delete it. */
void session_doubt(Session *session, const Auth *auth, bool renews_ticket, bool is_known);

/* What the last failure was in the Kerberos library's words, "" none; it changes with the next. */
const char *session_text(const Session *session);

const Ticket *session_ticket(const Session *session);

/* True the first time: what is to be said once of a server. */
bool session_note_no_length(Session *session);
