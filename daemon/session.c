/* One negotiation at a time for a session, whoever waits:

       ticket -> step (in a thread) -> TKEY to the server -> step -> ... -> complete
          |            |                     |                 |
          '------------+---------------------+-----------------'--> trouble, everybody's

   The names of contexts are random and new each time (C61); a context that failed half-way is freed
   (C62). Nothing here is signed but what the new context signs: TKEY answers are judged by lib/gss,
   which ends only in a context that is mutual. */

#include "daemon/session.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/exchange.h"
#include "daemon/random.h"
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

typedef struct Step {
        Job job;
        Session *session; /* NULL: given up */
        GssContext *context;
        uint8_t *token;
        size_t token_size;
        GssStep result;
        int r;
} Step;

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
        Step *step;
        Name key_name;
        Exchange *exchange;
        uint16_t exchange_id;
        Message *query;
        uint8_t *answer;
        size_t answer_size;
        Reply reply;           /* instead of an answer */
        uint32_t lifetime_sec; /* the server's word; 0: none */
};

static uint64_t now_usec(const Session *session) {
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
        if (session->auth && is_known && now_usec(session) < session->good_until_usec)
                delete_context(session);
        session->auth = auth_unref(session->auth);
}

/* --- telling ---------------------------------------------------------------------------------- */

static int negotiate(Session *session);

static int on_tell(sd_event_source *source, void *userdata) {
        Session *session = session_ref(userdata);

        /* Doubted, or at its end, since it was there. */
        if (!session_auth(session) && session->trouble.kind == TROUBLE_NONE && session->waiters &&
            !session->is_negotiating && negotiate(session) < 0)
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

/* --- negotiating ------------------------------------------------------------------------------ */

static void drop_negotiation(Session *session) {
        ticket_forget(session->ticket, &session->ticket_waiter);
        if (session->step)
                worker_cancel(ticket_worker(session->ticket), &TAKE_PTR(session->step)->job);
        if (session->exchange)
                server_cancel(session->server, TAKE_PTR(session->exchange));
        session->context = gss_context_free(session->context);
        free(TAKE_PTR(session->query));
        free(TAKE_PTR(session->answer));
        session->is_negotiating = false;
}

static uint64_t left_min_usec(uint32_t lifetime_sec) {
        const uint32_t fifth_sec = lifetime_sec / 5;

        return (fifth_sec < LEFT_MIN_SEC ? fifth_sec : LEFT_MIN_SEC) * USEC_PER_SEC;
}

static void fail(Session *session, const Trouble *trouble, const char *text) {
        session->trouble = *trouble;
        (void)snprintf(session->text, sizeof(session->text), "%s", text);
        session->failed_usec = now_usec(session);
        session->auth = auth_unref(session->auth);
        drop_negotiation(session);
        tell_later(session);
}

static void fail_gss(Session *session, const GssError *error) {
        const Trouble trouble = trouble_of_gss(error->fault);

        /* It ended while it was used. */
        if (error->fault == GSS_FAULT_EXPIRED)
                ticket_doubt(session->ticket, now_usec(session));
        fail(session, &trouble, error->text);
}

static void fail_here(Session *session, int r) {
        const GssError error = gss_error_new(GSS_FAULT_OTHER, "%s", strerror(-r));

        fail_gss(session, &error);
}

static void complete(Session *session) {
        uint32_t lifetime_sec = gss_context_lifetime_sec(session->context);
        Auth *auth;
        int r;

        if (session->lifetime_sec > 0 && session->lifetime_sec < lifetime_sec)
                lifetime_sec = session->lifetime_sec;
        if (lifetime_sec == 0) {
                const GssError error = gss_error_new(GSS_FAULT_EXPIRED, "it was over at once");
                fail_gss(session, &error);
                return;
        }
        r = auth_new_gss(session->context, &session->key_name, &auth);

        if (r < 0) {
                fail_here(session, r);
                return;
        }
        session->context = NULL;
        drop_auth(session, true);
        session->auth = auth;
        session->auth_name = session->key_name;
        session->trouble = (Trouble){0};
        session->since_usec = now_usec(session);
        session->good_until_usec =
                session->since_usec + lifetime_sec * USEC_PER_SEC - left_min_usec(lifetime_sec);
        drop_negotiation(session);
        tell_later(session);
}

static void step_free(Job *job) {
        Step *step = (Step *)job;

        gss_step_done(&step->result);
        (void)gss_context_free(step->context);
        free(step->token);
        free(step);
}

/* In a thread: may ask the KDC. */
static void step_run(Job *job) {
        Step *step = (Step *)job;

        step->r = gss_context_step(step->context, step->token, step->token_size, &step->result);
}

static void send_token(Session *session, const GssStep *result);

static void step_done(Job *job) {
        Step *step = (Step *)job;
        Session *session = step->session;

        session->step = NULL;
        session->context = TAKE_PTR(step->context);
        if (step->r < 0)
                fail_here(session, step->r);
        else if (step->result.error.fault)
                fail_gss(session, &step->result.error);
        else if (step->result.token)
                send_token(session, &step->result);
        else if (step->result.is_complete)
                complete(session);
        else
                fail_here(session, -EPROTO);
        step_free(job);
}

static void begin_step(Session *session, const uint8_t *token, size_t token_size) {
        Step *step = calloc(1, sizeof(*step));
        int r = -ENOMEM;

        if (step && (step->token = malloc(token_size + 1))) {
                if (token_size > 0)
                        memcpy(step->token, token, token_size);
                step->token_size = token_size;
                step->job = (Job){.run = step_run, .on_done = step_done, .on_drop = step_free};
                step->session = session;
                step->context = session->context;
                r = worker_submit(ticket_worker(session->ticket), &step->job);
        }
        if (r < 0) {
                if (step)
                        free(step->token);
                free(step);
                fail_here(session, r);
                return;
        }
        session->context = NULL;
        session->step = step;
}

static int exchange_on_send(void *owner, uint16_t id, const Message **ret_message) {
        Session *session = owner;

        session->exchange_id = id;
        session->query->bytes[0] = id >> 8;
        session->query->bytes[1] = id & 0xff;
        *ret_message = session->query;
        return 0;
}

static void exchange_on_answer(void *owner, const uint8_t *bytes, size_t size) {
        Session *session = owner;

        free(session->answer);
        session->answer = malloc(size + 1);
        session->answer_size = size;
        if (session->answer)
                memcpy(session->answer, bytes, size);
        else
                session->reply = (Reply){.kind = REPLY_CLOSED, .error = ENOMEM};
}

static void exchange_on_failure(void *owner, ReplyKind kind, ReplyFault fault, int error) {
        Session *session = owner;

        session->reply = (Reply){.kind = kind, .fault = fault, .error = error};
}

static void exchange_on_complete(void *owner) {
        Session *session = owner;
        TkeyAnswer answer;
        Trouble trouble;

        session->exchange = NULL;
        if (!session->answer) {
                trouble = trouble_new(TROUBLE_REPLY, &session->reply, 0);
                fail(session, &trouble, "");
                return;
        }
        tkey_read(&session->key_name, session->exchange_id, session->answer, session->answer_size,
                  &answer);
        if (answer.verdict != TKEY_ANSWERED) {
                /* The ticket for it may be for a key that it no longer has. */
                if (answer.verdict == TKEY_REFUSED && answer.error == TSIG_BADKEY)
                        ticket_doubt(session->ticket,
                                     now_usec(session) - session->times.retry_min_usec);
                trouble = trouble_of_tkey(&answer);
                fail(session, &trouble, "");
                return;
        }
        session->lifetime_sec = answer.lifetime_sec;
        begin_step(session, answer.token, answer.token_size);
}

static void send_token(Session *session, const GssStep *result) {
        static const ExchangeOwner owner = {
                .on_send = exchange_on_send,
                .on_answer = exchange_on_answer,
                .on_failure = exchange_on_failure,
                .on_complete = exchange_on_complete,
        };
        const ExchangeTerms terms = {
                .timeout_usec = session->times.timeout_usec,
                .is_query = true,
                /* Sent once: its name and its token are good for one time (C61). */
                .is_again = true,
        };
        int r;

        free(TAKE_PTR(session->query));
        free(TAKE_PTR(session->answer));
        r = tkey_new_query(&session->key_name, result->token, result->token_size,
                           (uint64_t)time(NULL), &session->query);
        if (r == 0)
                r = server_submit(session->server, &owner, session, &terms, &session->exchange);
        if (r < 0)
                fail_here(session, r);
}

static void on_ticket(TicketWaiter *waiter, GssCredential *credential, const GssError *error) {
        Session *session = (Session *)((char *)waiter - offsetof(Session, ticket_waiter));
        char host[NAME_TEXT_MAX];
        int r;

        if (!credential) {
                fail_gss(session, error);
                return;
        }
        r = gss_context_new(credential, name_to_text(&session->host, host), session->realm,
                            &session->context);
        if (r < 0) {
                fail_here(session, r);
                return;
        }
        begin_step(session, NULL, 0);
}

static int negotiate(Session *session) {
        uint8_t random[TKEY_RANDOM_SIZE];
        int r;

        for (size_t i = 0; i < sizeof(random); i += sizeof(uint32_t)) {
                const uint32_t number = random_u32();
                memcpy(random + i, &number, sizeof(number));
        }
        tkey_make_name(random, &session->key_name);
        session->lifetime_sec = 0;
        session->trouble = (Trouble){0};
        session->text[0] = '\0';
        session->ticket_waiter.on_ready = on_ticket;
        r = ticket_wait(session->ticket, session->times.retry_min_usec,
                        session->times.retry_max_usec, &session->ticket_waiter);
        session->is_negotiating = r == 0;
        return r;
}

/* What failed a moment ago would fail again. */
static bool is_bad(const Session *session, const SessionTimes *times) {
        return session->trouble.kind != TROUBLE_NONE &&
               now_usec(session) - session->failed_usec < times->retry_min_usec;
}

int session_wait(Session *session, const SessionTimes *times, SessionWaiter *waiter) {
        int r = 0;

        session->times = *times;
        if (session_auth(session) || (!session->is_negotiating && is_bad(session, times)))
                tell_later(session);
        else if (!session->is_negotiating)
                r = negotiate(session);
        if (r < 0)
                return r;
        waiter->next = session->waiters;
        session->waiters = waiter;
        return 0;
}

/* --- what others see and say of it ------------------------------------------------------------ */

Auth *session_auth(const Session *session) {
        return session->auth && now_usec(session) < session->good_until_usec ? session->auth : NULL;
}

Staleness session_staleness(const Session *session, const Auth *auth, uint64_t age_usec) {
        const uint64_t now = now_usec(session);
        Staleness stale = 0;

        if (session->auth != auth || now - session->since_usec >= age_usec)
                stale |= STALE_CONTEXT;
        if (now - ticket_since_usec(session->ticket) >= age_usec)
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
        drop_negotiation(session);
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

int session_get(SessionTable *table, Ticket *ticket, Server *server, const Name *host,
                const char *realm, Session **ret_session) {
        Session *session;
        int r;

        for (session = table->first; session; session = session->next)
                if (session_is(session, ticket, server, host, realm)) {
                        *ret_session = session_ref(session);
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
