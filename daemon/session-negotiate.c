/* One negotiation:

       ticket -> step (in a thread) -> TKEY to the server -> step -> ... -> complete
          |            |                     |                 |
          '------------+---------------------+-----------------'--> trouble

   The names of contexts are random and new each time (C61); a context that failed half-way is freed
   (C62). Nothing here is signed but what the new context signs: TKEY answers are judged by lib/gss,
   which ends only in a context that is mutual. */

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "daemon/random.h"
#include "daemon/session-self.h"
#include "lib/tkey.h"
#include "lib/util.h"

_Static_assert((size_t)GSS_TOKEN_MAX == (size_t)TKEY_TOKEN_MAX, "one is carried in the other");

typedef struct Step {
        Job job;
        Session *session;
        GssContext *context;
        uint8_t *token;
        size_t token_size;
        GssStep result;
        int r;
} Step;

void session_drop_negotiation(Session *session) {
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

/* The next who waits gets another one, unless it is younger than that. */
static void doubt_ticket(Session *session, uint64_t age_usec) {
        const uint64_t now = session_now_usec(session);

        ticket_doubt(session->ticket, now > age_usec ? now - age_usec : 0);
}

static void fail_gss(Session *session, const GssError *error) {
        const Trouble trouble = trouble_of_gss(error->fault);

        session_fail(session, &trouble, error->text);
}

/* With a ticket that is there. It ended while it was used, or the KDC takes it no more: another
   krbtgt key, an account made anew. */
static void fail_step(Session *session, const GssError *error) {
        switch (error->fault) {
        case GSS_FAULT_EXPIRED:
                doubt_ticket(session, 0);
                break;
        case GSS_FAULT_OTHER:
        case GSS_FAULT_SERVER_TOKEN:
        case GSS_FAULT_PREAUTH_FAILED:
        case GSS_FAULT_CLIENT_UNKNOWN:
        case GSS_FAULT_CLIENT_LOCKED:
                doubt_ticket(session, session->times.retry_max_usec);
                break;
        case GSS_FAULT_NONE:
        case GSS_FAULT_NO_KEYTAB:
        case GSS_FAULT_KEYTAB_UNREADABLE:
        case GSS_FAULT_KEYTAB_MALFORMED:
        case GSS_FAULT_NO_PRINCIPAL:
        case GSS_FAULT_NO_REALM:
        case GSS_FAULT_KDC_UNREACHABLE:
        case GSS_FAULT_CLOCK_SKEW:
        case GSS_FAULT_SERVER_UNKNOWN:
        case GSS_FAULT_FLAGS:
        case _GSS_FAULT_MAX:
                break;
        }
        fail_gss(session, error);
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
                fail_step(session, &error);
                return;
        }
        r = auth_new_gss(session->context, &session->key_name, &auth);
        if (r < 0) {
                fail_here(session, r);
                return;
        }
        session->context = NULL;
        session_take(session, auth, lifetime_sec);
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
                fail_step(session, &step->result.error);
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
                session_fail(session, &trouble, "");
                return;
        }
        tkey_read(&session->key_name, session->exchange_id, session->answer, session->answer_size,
                  &answer);
        if (answer.verdict != TKEY_ANSWERED) {
                /* The ticket for it may be for a key that it no longer has. */
                if (answer.verdict == TKEY_REFUSED && answer.error == TSIG_BADKEY)
                        doubt_ticket(session, session->times.retry_min_usec);
                trouble = trouble_of_tkey(&answer);
                session_fail(session, &trouble, "");
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
                .is_urgent = true,
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
        /* Realms are told apart by case, but people write them in small letters too. */
        const char *own = strrchr(gss_credential_principal(credential), '@');
        const bool is_own = session->realm && own && strcasecmp(own + 1, session->realm) == 0;
        r = gss_context_new(credential, name_to_text(&session->host, host),
                            is_own ? own + 1 : session->realm, &session->context);
        if (r < 0) {
                fail_here(session, r);
                return;
        }
        begin_step(session, NULL, 0);
}

int session_begin(Session *session) {
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
