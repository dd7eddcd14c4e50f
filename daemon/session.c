/* The life of contexts: one negotiation at a time for a session, whoever waits, and its end, good
   or bad, is everybody's. A context is used until little of its life is left; one that is still
   good when it is dropped is deleted at its server (C66). */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/session-self.h"
#include "daemon/transaction.h"
#include "lib/tkey.h"
#include "lib/util.h"

/* Not begun to be used when less is left, of a short life a fifth. */
#define LEFT_MIN_SEC UINT32_C(60)
#define DELETION_TIMEOUT_USEC (5 * USEC_PER_SEC)

struct SessionDeletion {
        SessionDeletion *next;
        SessionTable *table;
        Transaction *transaction;
};

uint64_t session_now_usec(const Session *session) {
        uint64_t usec = 0;

        (void)sd_event_now(session->table->event, CLOCK_BOOTTIME, &usec);
        return usec;
}

/* --- deleting --------------------------------------------------------------------------------- */

static void on_deleted(Transaction *transaction, Reply *reply, void *userdata) {
        SessionDeletion *deletion = userdata;
        SessionTable *table = deletion->table;

        for (SessionDeletion **at = &table->deletions; *at; at = &(*at)->next)
                if (*at == deletion) {
                        *at = deletion->next;
                        break;
                }
        free(deletion);
        if (!table->deletions && table->on_closed)
                table->on_closed(table->userdata);
}

/* What comes of it changes nothing here: the server forgets it anyway, some time (C66). */
static void delete_context(Session *session) {
        SessionDeletion *deletion = calloc(1, sizeof(*deletion));
        TransactionRequest request = {
                .opcode = LDNS_PACKET_QUERY,
                .type = LDNS_RR_TYPE_TKEY,
                .name = session->auth_name,
                .auth = session->auth,
                .timeout_usec = DELETION_TIMEOUT_USEC,
        };

        if (!deletion)
                return;
        deletion->table = session->table;
        if (tkey_new_deletion(&session->auth_name, (uint64_t)time(NULL), &request.message) < 0 ||
            transaction_new(session->server, &request, on_deleted, deletion,
                            &deletion->transaction) < 0) {
                free(deletion);
                return;
        }
        deletion->next = session->table->deletions;
        session->table->deletions = deletion;
}

static void drop_auth(Session *session, bool is_known) {
        if (session->auth && is_known && session_now_usec(session) < session->good_until_usec)
                delete_context(session);
        session->auth = auth_unref(session->auth);
}

/* --- telling ---------------------------------------------------------------------------------- */

static int on_tell(sd_event_source *source, void *userdata) {
        Session *session = session_ref(userdata);

        /* Doubted, or at its end, since it was there. */
        if (!session_auth(session) && session->trouble.kind == TROUBLE_NONE && session->waiters &&
            !session->is_negotiating && session_begin(session) < 0)
                session->trouble = trouble_of_gss(GSS_FAULT_OTHER);
        if (!session->is_negotiating)
                session->told = TAKE_PTR(session->waiters);
        /* What is told may begin anew with another word. */
        const Trouble trouble = session->trouble;
        Auth *auth = session->told ? session_auth(session) : NULL;
        if (auth)
                (void)auth_ref(auth);
        while (session->told) {
                SessionWaiter *waiter = session->told;

                session->told = waiter->next;
                waiter->on_ready(waiter, auth, &trouble);
        }
        (void)auth_unref(auth);
        (void)session_unref(session);
        return 0;
}

static void tell_later(Session *session) {
        (void)sd_event_source_set_enabled(session->tell, SD_EVENT_ONESHOT);
}

static void forget(SessionWaiter **list, const SessionWaiter *waiter) {
        for (SessionWaiter **at = list; *at; at = &(*at)->next)
                if (*at == waiter) {
                        *at = waiter->next;
                        return;
                }
}

void session_forget(Session *session, SessionWaiter *waiter) {
        forget(&session->waiters, waiter);
        forget(&session->told, waiter);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static uint64_t left_min_usec(uint32_t lifetime_sec) {
        const uint32_t fifth_sec = lifetime_sec / 5;

        return (fifth_sec < LEFT_MIN_SEC ? fifth_sec : LEFT_MIN_SEC) * USEC_PER_SEC;
}

void session_fail(Session *session, const Trouble *trouble, const char *text) {
        session->trouble = *trouble;
        (void)snprintf(session->text, sizeof(session->text), "%s", text);
        session->failed_usec = session_now_usec(session);
        session->auth = auth_unref(session->auth);
        session_drop_negotiation(session);
        tell_later(session);
}

void session_take(Session *session, Auth *auth, uint32_t lifetime_sec) {
        drop_auth(session, true);
        session->auth = auth;
        session->auth_name = session->key_name;
        session->trouble = (Trouble){0};
        session->since_usec = session_now_usec(session);
        session->good_until_usec =
                session->since_usec + lifetime_sec * USEC_PER_SEC - left_min_usec(lifetime_sec);
        session_drop_negotiation(session);
        tell_later(session);
}

/* What failed a moment ago would fail again. */
static bool is_bad(const Session *session, const SessionTimes *times) {
        return session->trouble.kind != TROUBLE_NONE &&
               session_now_usec(session) - session->failed_usec < times->retry_min_usec;
}

int session_wait(Session *session, const SessionTimes *times, SessionWaiter *waiter) {
        int r = 0;

        session->times = *times;
        if (session_auth(session) || (!session->is_negotiating && is_bad(session, times)))
                tell_later(session);
        else if (!session->is_negotiating)
                r = session_begin(session);
        if (r < 0)
                return r;
        waiter->next = session->waiters;
        session->waiters = waiter;
        return 0;
}

/* --- what others see and say of it ------------------------------------------------------------ */

Auth *session_auth(const Session *session) {
        return session->auth && session_now_usec(session) < session->good_until_usec ? session->auth
                                                                                     : NULL;
}

Staleness session_staleness(const Session *session, const Auth *auth, uint64_t usec) {
        Staleness stale = 0;

        if (session->auth != auth || session->since_usec <= usec)
                stale |= STALE_CONTEXT;
        if (ticket_since_usec(session->ticket) <= usec)
                stale |= STALE_TICKET;
        return stale;
}

void session_doubt(Session *session, const Auth *auth, bool renews_ticket, bool is_known) {
        if (session->auth != auth)
                return;
        if (renews_ticket)
                ticket_doubt(session->ticket, session->since_usec);
        drop_auth(session, is_known);
}

const char *session_text(const Session *session) {
        return session->text;
}

const Ticket *session_ticket(const Session *session) {
        return session->ticket;
}

bool session_note_no_length(Session *session) {
        const bool is_first = !session->told_no_length;

        session->told_no_length = true;
        return is_first;
}

/* --- the table -------------------------------------------------------------------------------- */

Session *session_ref(Session *session) {
        session->n_refs++;
        return session;
}

static Session *session_free(Session *session) {
        session_drop_negotiation(session);
        drop_auth(session, true);
        (void)sd_event_source_disable_unref(session->tell);
        (void)ticket_unref(session->ticket);
        (void)server_unref(session->server);
        free(session->realm);
        free(session);
        return NULL;
}

Session *session_unref(Session *session) {
        if (!session || --session->n_refs > 0)
                return NULL;
        for (Session **at = &session->table->first; *at; at = &(*at)->next)
                if (*at == session) {
                        *at = session->next;
                        break;
                }
        return session_free(session);
}

static bool session_is(const Session *session, const Ticket *ticket, const Server *server,
                       const Name *host, const char *realm) {
        return session->ticket == ticket && session->server == server &&
               name_equal(&session->host, host) &&
               strcmp(session->realm ? session->realm : "", realm ? realm : "") == 0;
}

Session *session_find(const SessionTable *table, const Ticket *ticket, const Server *server,
                      const Name *host, const char *realm) {
        for (Session *session = table->first; session; session = session->next)
                if (session_is(session, ticket, server, host, realm))
                        return session_ref(session);
        return NULL;
}

int session_get(SessionTable *table, Ticket *ticket, Server *server, const Name *host,
                const char *realm, Session **ret_session) {
        Session *session = session_find(table, ticket, server, host, realm);
        int r;

        if (session) {
                *ret_session = session;
                return 0;
        }
        session = calloc(1, sizeof(*session));
        if (!session)
                return -ENOMEM;
        *session = (Session){
                .n_refs = 1,
                .table = table,
                .ticket = ticket_ref(ticket),
                .server = server_ref(server),
                .host = *host,
                .realm = realm ? strdup(realm) : NULL,
        };
        r = realm && !session->realm ? -ENOMEM : 0;
        if (r == 0)
                r = sd_event_add_defer(table->event, &session->tell, on_tell, session);
        if (r < 0) {
                (void)session_free(session);
                return r;
        }
        (void)sd_event_source_set_enabled(session->tell, SD_EVENT_OFF);
        session->next = table->first;
        table->first = session;
        *ret_session = session;
        return 0;
}

bool session_table_close(SessionTable *table) {
        for (Session *session = table->first; session; session = session->next)
                drop_auth(session, true);
        return table->deletions;
}

void session_table_done(SessionTable *table) {
        SessionDeletion *next;

        for (SessionDeletion *deletion = TAKE_PTR(table->deletions); deletion; deletion = next) {
                next = deletion->next;
                (void)transaction_free(deletion->transaction);
                free(deletion);
        }
}
