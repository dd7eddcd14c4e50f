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
#include "lib/util.h"

/* Not begun to be used when less is left. */
#define LEFT_MIN_SEC 60

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
        uint64_t since_usec;
        uint64_t good_until_usec;
        SessionTrouble trouble;

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
        uint32_t lifetime_sec; /* the server's word; 0: none */
};

static uint64_t now_usec(const Session *session) {
        uint64_t usec = 0;

        (void)sd_event_now(session->table->event, CLOCK_BOOTTIME, &usec);
        return usec;
}

/* --- telling ---------------------------------------------------------------------------------- */

static int on_tell(sd_event_source *source, void *userdata) {
        Session *session = session_ref(userdata);

        session->told = TAKE_PTR(session->waiters);
        while (session->told) {
                SessionWaiter *waiter = session->told;

                session->told = waiter->next;
                waiter->on_ready(waiter, session->auth, &session->trouble);
        }
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
                worker_cancel(session->table->worker, &TAKE_PTR(session->step)->job);
        if (session->exchange)
                server_cancel(session->server, TAKE_PTR(session->exchange));
        session->context = gss_context_free(session->context);
        free(TAKE_PTR(session->query));
        free(TAKE_PTR(session->answer));
        session->is_negotiating = false;
}

static void fail(Session *session, const SessionTrouble *trouble) {
        session->trouble = *trouble;
        session->auth = auth_unref(session->auth);
        drop_negotiation(session);
        tell_later(session);
}

static void fail_here(Session *session, int r) {
        fail(session, &(SessionTrouble){.gss = gss_error_new(GSS_FAULT_OTHER, "%s", strerror(-r))});
}

static void complete(Session *session) {
        uint32_t lifetime_sec = gss_context_lifetime_sec(session->context);
        Auth *auth;
        int r = auth_new_gss(session->context, &session->key_name, &auth);

        if (r < 0) {
                fail_here(session, r);
                return;
        }
        session->context = NULL;
        if (session->lifetime_sec > 0 && session->lifetime_sec < lifetime_sec)
                lifetime_sec = session->lifetime_sec;
        (void)auth_unref(session->auth);
        session->auth = auth;
        session->trouble = (SessionTrouble){0};
        session->since_usec = now_usec(session);
        session->good_until_usec = session->since_usec;
        if (lifetime_sec > LEFT_MIN_SEC)
                session->good_until_usec += (lifetime_sec - LEFT_MIN_SEC) * USEC_PER_SEC;
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
                fail(session, &(SessionTrouble){.gss = step->result.error});
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
                r = worker_submit(session->table->worker, &step->job);
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
                session->trouble = (SessionTrouble){
                        .is_exchange = true, .reply = REPLY_CLOSED, .error = ENOMEM};
}

static void exchange_on_failure(void *owner, ReplyKind kind, ReplyFault fault, int error) {
        Session *session = owner;

        session->trouble = (SessionTrouble){
                .is_exchange = true, .reply = kind, .fault = fault, .error = error};
}

static void exchange_on_complete(void *owner) {
        Session *session = owner;
        TkeyAnswer answer;

        session->exchange = NULL;
        if (!session->answer) {
                const SessionTrouble trouble = session->trouble;
                fail(session, &trouble);
                return;
        }
        tkey_read(&session->key_name, session->exchange_id, session->answer, session->answer_size,
                  &answer);
        if (answer.verdict != TKEY_ANSWERED) {
                fail(session, &(SessionTrouble){.verdict = answer.verdict,
                                                .rcode = answer.rcode,
                                                .tkey_error = answer.error});
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
        int r;

        free(TAKE_PTR(session->query));
        free(TAKE_PTR(session->answer));
        session->trouble = (SessionTrouble){0};
        r = tkey_new_query(&session->key_name, result->token, result->token_size,
                           (uint64_t)time(NULL), &session->query);
        if (r == 0)
                r = server_submit(session->server, &owner, session, true, false,
                                  session->times.timeout_usec, &session->exchange);
        if (r < 0)
                fail_here(session, r);
}

static void on_ticket(TicketWaiter *waiter, GssCredential *credential, const GssError *error) {
        Session *session = (Session *)((char *)waiter - offsetof(Session, ticket_waiter));
        char host[NAME_TEXT_MAX];
        int r;

        if (!credential) {
                fail(session, &(SessionTrouble){.gss = *error});
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

static int negotiate(Session *session, const SessionTimes *times) {
        uint8_t random[TKEY_RANDOM_SIZE];
        int r;

        for (size_t i = 0; i < sizeof(random); i += sizeof(uint32_t)) {
                const uint32_t number = random_u32();
                memcpy(random + i, &number, sizeof(number));
        }
        tkey_make_name(random, &session->key_name);
        session->times = *times;
        session->lifetime_sec = 0;
        session->ticket_waiter.on_ready = on_ticket;
        r = ticket_wait(session->ticket, times->retry_min_usec, times->retry_max_usec,
                        &session->ticket_waiter);
        session->is_negotiating = r == 0;
        return r;
}

int session_wait(Session *session, const SessionTimes *times, SessionWaiter *waiter) {
        int r = 0;

        if (session->auth && now_usec(session) < session->good_until_usec)
                tell_later(session);
        else if (!session->is_negotiating)
                r = negotiate(session, times);
        if (r < 0)
                return r;
        waiter->next = session->waiters;
        session->waiters = waiter;
        return 0;
}

void session_doubt(Session *session, const Auth *auth) {
        if (session->auth != auth)
                return;
        ticket_doubt(session->ticket, session->since_usec);
        session->auth = auth_unref(session->auth);
}

uint64_t session_since_usec(const Session *session) {
        return session->since_usec;
}

/* --- the table -------------------------------------------------------------------------------- */

Session *session_ref(Session *session) {
        session->n_refs++;
        return session;
}

static Session *session_free(Session *session) {
        drop_negotiation(session);
        (void)sd_event_source_disable_unref(session->tell);
        (void)auth_unref(session->auth);
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
