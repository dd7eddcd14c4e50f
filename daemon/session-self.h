/* The inside of a session, for its own files: session (its life) and session-negotiate (how a
   context comes about). */
#pragma once

#include "daemon/exchange.h"
#include "daemon/session.h"
#include "lib/gss.h"

struct Session {
        unsigned n_refs;
        Session *next;
        SessionTable *table;
        Ticket *ticket;
        Server *server;
        Name host;
        char *realm;
        sd_event_source *tell;
        SessionWaiter *waiters;
        SessionWaiter *told; /* of these, while they are told */

        Auth *auth;
        Name auth_name; /* the key name of auth */
        uint64_t since_usec;
        uint64_t good_until_usec;
        bool told_no_length;

        Trouble trouble; /* of the last negotiation, if it failed */
        char text[sizeof((GssError){}.text)];
        uint64_t failed_usec;

        /* While negotiating. */
        bool is_negotiating;
        SessionTimes times;
        TicketWaiter ticket_waiter;
        GssContext *context; /* the step's while there is one */
        struct Step *step;
        Name key_name;
        Exchange *exchange;
        uint16_t exchange_id;
        Message *query;
        uint8_t *answer;
        size_t answer_size;
        Reply reply;           /* instead of an answer */
        uint32_t lifetime_sec; /* the server's word; 0: none */
};

/* Begins to negotiate, with session->times; it ends in session_take() or session_fail(). -ENOMEM.
 */
int session_begin(Session *session);

/* Ends it, wherever it is. */
void session_drop_negotiation(Session *session);

/* The new context, which is taken over, and how long it may be used. */
void session_take(Session *session, Auth *auth, uint32_t lifetime_sec);

/* text: the Kerberos library's words, or "". */
void session_fail(Session *session, const Trouble *trouble, const char *text);
