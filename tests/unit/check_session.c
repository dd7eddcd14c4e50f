/* daemon/session: contexts negotiated by TKEY with a scripted name server that has a real acceptor
   behind it (RFC 3645 3, points C60 to C66): one negotiation for all who wait, for how long its
   context is used, doubt, deletion, and who leaves when. How it fails is in check_session_trouble.
   The loop's clock is moved, not waited for. */
#include "daemon/session.h"

#include <dlfcn.h>
#include <gssapi/gssapi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_session.h"
#include "tests/unit/unit.h"

enum {
        BOUND_SEC = 20,
        N_ASKS = 200,
};

static SessionAsk asks[N_ASKS];

/* --- in place of the libraries' --------------------------------------------------------------- */

static uint64_t clock_offset_usec;

int sd_event_now(sd_event *loop, clockid_t clock, uint64_t *ret_usec) {
        __typeof__(sd_event_now) *real = (__typeof__(real))dlsym(RTLD_NEXT, "sd_event_now");
        int r = real(loop, clock, ret_usec);

        *ret_usec += clock_offset_usec;
        return r;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint n_steps;
static unsigned n_idle_rounds; /* as another mechanism might want them before Kerberos' own */

OM_uint32 gss_init_sec_context(OM_uint32 *minor, gss_cred_id_t claimant, gss_ctx_id_t *context,
                               gss_name_t target, gss_OID mechanism, OM_uint32 flags,
                               OM_uint32 time_sec, gss_channel_bindings_t bindings,
                               gss_buffer_t token, gss_OID *ret_mechanism, gss_buffer_t ret_token,
                               OM_uint32 *ret_flags, OM_uint32 *ret_time_sec) {
        __typeof__(gss_init_sec_context) *real =
                (__typeof__(real))dlsym(RTLD_NEXT, "gss_init_sec_context");

        atomic_fetch_add(&n_steps, 1);
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
        if (n_idle_rounds > 0) {
                n_idle_rounds--;
                *ret_token = (gss_buffer_desc){.length = 4, .value = strdup("idle")};
                return GSS_S_CONTINUE_NEEDED;
        }
        return real(minor, claimant, context, target, mechanism, flags, time_sec, bindings,
                    *context == GSS_C_NO_CONTEXT ? GSS_C_NO_BUFFER : token, ret_mechanism,
                    ret_token, ret_flags, ret_time_sec);
}

static OM_uint32 forced_lifetime_sec;

OM_uint32 gss_context_time(OM_uint32 *minor, gss_ctx_id_t context, OM_uint32 *ret_time_sec) {
        __typeof__(gss_context_time) *real = (__typeof__(real))dlsym(RTLD_NEXT, "gss_context_time");

        if (forced_lifetime_sec == 0)
                return real(minor, context, ret_time_sec);
        *ret_time_sec = forced_lifetime_sec;
        return GSS_S_COMPLETE;
}

/* --- the scene -------------------------------------------------------------------------------- */

static void set_up(void) {
        memset(asks, 0, sizeof(asks));
        clock_offset_usec = 0;
        n_idle_rounds = 0;
        forced_lifetime_sec = 0;
        atomic_store(&n_steps, 0);
        session_setup(8);
}

static void wait_told(int n) {
        peer_wait(scene.world.event, &scene.n_told, n);
}

/* Runs the loop until that many steps have begun. */
static void wait_for_step(unsigned n) {
        time_t deadline = time(NULL) + BOUND_SEC;

        while (atomic_load(&n_steps) < n) {
                ck_assert_int_lt(time(NULL), deadline);
                ck_assert_int_ge(sd_event_run(scene.world.event, USEC_PER_MSEC), 0);
        }
}

/* --- negotiating ------------------------------------------------------------------------------ */

START_TEST(one_negotiation_for_all) {
        ck_assert_ptr_null(session_auth(scene.session));
        for (unsigned i = 0; i < N_ASKS; i++)
                session_ask(&asks[i]);
        session_accept(0);
        wait_told(N_ASKS);
        for (unsigned i = 0; i < N_ASKS; i++) {
                ck_assert_int_eq(asks[i].n_told, 1);
                ck_assert(asks[i].auth && asks[i].auth == session_auth(scene.session));
        }
        session_assert_silent();
        ck_assert_int_eq(auth_security(asks[0].auth), SECURITY_GSS);
        ck_assert_str_eq(session_text(scene.session), "");
        ck_assert_str_eq(ticket_account(session_ticket(scene.session)), SESSION_CLIENT);

        /* Who asks although it is there is told from the loop too. */
        asks[0].n_told = 0;
        session_ask(&asks[0]);
        wait_told(N_ASKS + 1);
        ck_assert_ptr_eq(asks[0].auth, session_auth(scene.session));
        session_assert_silent();
        ck_assert_uint_eq(atomic_load(&n_steps), 2);
}
END_TEST

/* C62: up to ten steps, and not one more; the key name stays. */
START_TEST(several_rounds) {
        static const Octets idle = {.size = 4, .bytes = "idle"};
        char first[64], name[64];

        n_idle_rounds = _i;
        session_ask(&asks[0]);
        for (int round = 0; round < _i; round++) {
                session_receive(round == 0 ? first : name);
                ck_assert(round == 0 || strcmp(first, name) == 0);
                peer_answer_tkey(scene.fd, &scene.message, &(TkeyAnswerAs){.token = &idle});
        }
        session_accept(0);
        wait_told(1);
        ck_assert((asks[0].auth != NULL) == (_i <= 8));
        ck_assert_uint_eq(atomic_load(&n_steps), _i > 8 ? 10 : _i + 2);
        if (_i > 8)
                ck_assert_int_eq(asks[0].trouble.gss, GSS_FAULT_SERVER_TOKEN);
}
END_TEST

/* --- how long --------------------------------------------------------------------------------- */

/* Not begun to be used when a fifth of its life is left, or a minute. Seconds; server 0: no word,
   for which its answer has a lifetime that is long over. */
static const struct {
        uint32_t server, context, good;
} lives[] = {
        {3600, 36000, 3540}, {36000, 7200, 7140}, {3600, 100, 80},
        {10, 36000, 8},      {4, 36000, 4},       {36000, 4, 4},
        {300, 300, 240},     {299, 36000, 240},   {UINT32_MAX, 600, 540},
};

START_TEST(good_until_shortly_before_its_end) {
        forced_lifetime_sec = lives[_i].context;
        session_ask(&asks[0]);
        session_accept(lives[_i].server);
        wait_told(1);
        Auth *auth = session_auth(scene.session);
        ck_assert(auth && auth == asks[0].auth);
        clock_offset_usec = (lives[_i].good - 1) * USEC_PER_SEC;
        ck_assert_ptr_eq(session_auth(scene.session), auth);
        clock_offset_usec = lives[_i].good * USEC_PER_SEC;
        ck_assert_ptr_null(session_auth(scene.session));

        session_ask(&asks[1]);
        session_accept(0);
        wait_told(2);
        ck_assert_ptr_nonnull(asks[1].auth);
        ck_assert_ptr_eq(asks[1].auth, session_auth(scene.session));
        session_assert_silent(); /* what is over is not deleted */
}
END_TEST

static uint64_t before(uint64_t age_usec) {
        return session_now_usec(scene.session) - age_usec;
}

/* What is older than so much is stale, and what is not the present one any more. */
START_TEST(staleness) {
        Auth *auth = auth_ref(session_negotiate());

        ck_assert_int_eq(session_staleness(scene.session, auth, before(SESSION_RETRY_MIN)), 0);
        clock_offset_usec = SESSION_RETRY_MIN;
        ck_assert_int_eq(session_staleness(scene.session, auth, before(SESSION_RETRY_MIN)),
                         STALE_CONTEXT | STALE_TICKET);
        session_doubt(scene.session, auth, false, false);
        Auth *second = session_negotiate();
        ck_assert_int_eq(session_staleness(scene.session, second, before(SESSION_RETRY_MIN)),
                         STALE_TICKET);
        ck_assert_int_eq(session_staleness(scene.session, auth, before(USEC_PER_HOUR)),
                         STALE_CONTEXT);
        auth_unref(auth);
}
END_TEST

/* --- doubt ------------------------------------------------------------------------------------ */

/* E6.4: once for whoever was refused with it; the ticket stays, or not. */
START_TEST(doubt_makes_a_new_one) {
        const bool renews_ticket = _i;
        Auth *first = auth_ref(session_negotiate());
        uint64_t ticket_usec = ticket_since_usec(session_ticket(scene.session));

        clock_offset_usec = USEC_PER_SEC;
        session_doubt(scene.session, first, renews_ticket, false);
        ck_assert_ptr_null(session_auth(scene.session));
        Auth *second = session_negotiate();
        ck_assert_ptr_ne(first, second);
        ck_assert_int_eq(ticket_since_usec(session_ticket(scene.session)) > ticket_usec,
                         renews_ticket);

        /* Another who had the first one too. */
        ticket_usec = ticket_since_usec(session_ticket(scene.session));
        session_doubt(scene.session, first, renews_ticket, true);
        ck_assert_ptr_eq(session_auth(scene.session), second);
        clock_offset_usec = 2 * USEC_PER_SEC;
        session_ask(&asks[0]);
        wait_told(3);
        ck_assert_ptr_eq(asks[0].auth, second);
        ck_assert_uint_eq(ticket_since_usec(session_ticket(scene.session)), ticket_usec);
        session_assert_silent();
        auth_unref(first);
}
END_TEST

/* Between its coming and the telling of it: who waits gets another one. */
START_TEST(doubted_before_it_is_told) {
        Auth *first = auth_ref(session_negotiate());

        session_ask(&asks[0]);
        session_ask(&asks[1]);
        session_doubt(scene.session, first, false, false);
        session_accept(0);
        wait_told(3);
        ck_assert_ptr_ne(asks[0].auth, first);
        ck_assert_ptr_eq(asks[0].auth, session_auth(scene.session));
        ck_assert_ptr_eq(asks[1].auth, asks[0].auth);
        auth_unref(first);
}
END_TEST

/* --- deleting --------------------------------------------------------------------------------- */

static void negotiate_as(char key_name[static 64]) {
        (void)session_negotiate();
        static TkeyQuery query;
        tkey_query_read(&scene.message, &query);
        strcpy(key_name, query.key_name);
}

/* C66: what is good is deleted at the server, signed with itself; not what the server says it does
   not know. */
START_TEST(deleted_when_doubted) {
        char key_name[64];

        negotiate_as(key_name);
        session_doubt(scene.session, session_auth(scene.session), true, true);
        session_receive_deletion(key_name);
        peer_settle(scene.world.event);
        ck_assert_ptr_null(scene.sessions.deletions);
        negotiate_as(key_name);
        session_doubt(scene.session, session_auth(scene.session), true, false);
        session_assert_silent();
}
END_TEST

START_TEST(deleted_with_the_session) {
        char key_name[64];

        negotiate_as(key_name);
        scene.session = session_unref(scene.session);
        ck_assert_ptr_null(scene.sessions.first);
        session_receive_deletion(key_name);
        peer_settle(scene.world.event);
        ck_assert_ptr_null(scene.sessions.deletions);
}
END_TEST

START_TEST(not_deleted_when_it_is_over) {
        (void)session_negotiate();
        clock_offset_usec = 3600 * USEC_PER_SEC;
        scene.session = session_unref(scene.session);
        session_assert_silent();
}
END_TEST

static int n_closed;

static void on_closed(void *userdata) {
        ck_assert_ptr_eq(userdata, &scene);
        n_closed++;
}

/* At the end all are deleted; that is waited for, however it ends. */
START_TEST(table_closes) {
        char key_name[64];

        n_closed = 0;
        scene.sessions.on_closed = on_closed;
        scene.sessions.userdata = &scene;
        ck_assert(!session_table_close(&scene.sessions));
        negotiate_as(key_name);
        ck_assert(session_table_close(&scene.sessions));
        ck_assert_ptr_null(session_auth(scene.session));
        ck_assert_int_eq(n_closed, 0);
        if (_i == 0) {
                session_receive_deletion(key_name);
        } else {
                /* A query is sent once more where a kept connection goes. */
                close(scene.fd);
                scene.fd = peer_accept(scene.world.event, scene.world.listener);
                peer_receive(scene.world.event, scene.fd, &scene.message);
                close(scene.fd);
                scene.fd = -1;
        }
        peer_wait(scene.world.event, &n_closed, 1);
        ck_assert(!session_table_close(&scene.sessions));
}
END_TEST

/* The end does not wait for them. */
START_TEST(table_is_done_with_deletions_under_way) {
        char key_name[64];

        negotiate_as(key_name);
        ck_assert(session_table_close(&scene.sessions));
        if (_i)
                peer_settle(scene.world.event); /* sent */
        session_table_done(&scene.sessions);
        ck_assert_ptr_null(scene.sessions.deletions);
        session_table_done(&scene.sessions);
        peer_settle(scene.world.event);
}
END_TEST

/* --- who leaves ------------------------------------------------------------------------------- */

START_TEST(forgotten_while_they_wait) {
        for (unsigned i = 0; i < 4; i++)
                session_ask(&asks[i]);
        session_forget(scene.session, &asks[0].waiter);
        session_accept(0);
        session_forget(scene.session, &asks[2].waiter);
        wait_told(2);
        peer_settle(scene.world.event);
        ck_assert_int_eq(asks[0].n_told + asks[2].n_told, 0);
        ck_assert_int_eq(asks[1].n_told + asks[3].n_told, 2);
}
END_TEST

static void forget_others(SessionAsk *ask) {
        for (unsigned i = 0; i < 4; i++)
                if (&asks[i] != ask)
                        session_forget(scene.session, &asks[i].waiter);
}

static void leave_session(SessionAsk *ask) {
        scene.session = session_unref(scene.session);
}

START_TEST(one_may_end_the_others) {
        for (unsigned i = 0; i < 4; i++) {
                session_ask(&asks[i]);
                asks[i].then = forget_others;
        }
        session_accept(0);
        wait_told(1);
        peer_settle(scene.world.event);
        ck_assert_int_eq(scene.n_told, 1);
}
END_TEST

/* The last reference goes while others are still to be told: the context is good for all of them.
 */
START_TEST(session_may_go_while_it_tells) {
        for (unsigned i = 0; i < 4; i++)
                session_ask(&asks[i]);
        asks[3].then = leave_session;
        session_accept(0);
        wait_told(4);
        ck_assert_ptr_null(scene.session);
        for (unsigned i = 0; i < 4; i++)
                ck_assert(asks[i].n_told == 1 && asks[i].auth);
}
END_TEST

/* Or at any moment of a negotiation: nobody is told, nothing is waited for, nothing stays. */
enum { AT_TICKET, AT_FIRST_STEP, AT_QUEUED, AT_SENT, AT_SECOND_STEP, AT_COMPLETE, N_MOMENTS };

static void go_to(int moment) {
        char name[64];

        session_ask(&asks[0]);
        if (moment == AT_FIRST_STEP)
                wait_for_step(1);
        if (moment == AT_QUEUED) /* connecting, or about to */
                while (scene.fd < 0) {
                        ck_assert_int_ge(sd_event_run(scene.world.event, USEC_PER_MSEC), 0);
                        scene.fd = accept(scene.world.listener, NULL, NULL);
                }
        if (moment == AT_SENT)
                session_receive(name);
        if (moment >= AT_SECOND_STEP) {
                session_receive(name);
                scene.acceptor = acceptor_new(scene.server_keytab);
                pthread_mutex_lock(&gate);
                peer_accept_tkey(scene.fd, &scene.message, scene.acceptor, 0);
                wait_for_step(2);
                if (moment == AT_COMPLETE)
                        pthread_mutex_unlock(&gate);
        }
        while (moment == AT_COMPLETE && !session_auth(scene.session))
                ck_assert_int_ge(sd_event_run(scene.world.event, USEC_PER_MSEC), 0);
}

START_TEST(session_may_go_at_any_moment) {
        const int moment = _i / 2;
        const bool is_held = moment == AT_FIRST_STEP || moment == AT_SECOND_STEP;
        /* The ticket, with its threads, goes too, or stays. */
        Session *other = _i % 2 ? session_with("ns2.example.test", NULL) : NULL;
        unsigned n_threads = peer_count_threads();
        SessionAsk ask = {};

        if (moment == AT_FIRST_STEP)
                pthread_mutex_lock(&gate);
        go_to(moment);
        session_forget(scene.session, &asks[0].waiter);
        scene.session = session_unref(scene.session);
        ck_assert_ptr_eq(scene.sessions.first, other);
        ck_assert_int_eq(scene.tickets.first != NULL, other != NULL);
        ck_assert_int_eq(scene.sessions.deletions != NULL, moment == AT_COMPLETE);
        if (is_held)
                pthread_mutex_unlock(&gate);
        scene.session = other;
        if (other) { /* which the KDC does not know: told when all before it is over */
                session_ask(&ask);
                wait_told(1);
                other = session_unref(other);
                scene.session = NULL;
        }
        peer_wait_for_threads(scene.world.event, n_threads);
        peer_settle(scene.world.event);
        ck_assert_int_eq(asks[0].n_told, 0);
}
END_TEST

/* --- the table -------------------------------------------------------------------------------- */

START_TEST(equal_ones_are_one) {
        Session *same = session_with("NS1.Example.test", NULL);
        Session *host = session_with("ns2.example.test", NULL);
        Session *realm = session_with(SESSION_HOST, KDC_REALM);

        ck_assert_ptr_eq(same, scene.session);
        ck_assert_ptr_eq(session_with(SESSION_HOST, KDC_REALM), realm);
        ck_assert_ptr_null(session_unref(realm));
        ck_assert(host != scene.session && realm != scene.session && host != realm);
        ck_assert_ptr_eq(session_ticket(host), session_ticket(realm));
        ck_assert(session_note_no_length(host));
        ck_assert(!session_note_no_length(host));
        ck_assert_ptr_null(session_unref(same));
        ck_assert_ptr_null(session_unref(host));
        ck_assert_ptr_null(session_unref(realm));
        ck_assert_ptr_null(session_unref(NULL));
        ck_assert_ptr_eq(scene.sessions.first, scene.session);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_unchecked_fixture(tcase, session_setup_realm, kdc_teardown);
        tcase_add_checked_fixture(tcase, set_up, session_teardown);
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, one_negotiation_for_all);
        tcase_add_loop_test(tcase, several_rounds, 0, 10);
        tcase_add_loop_test(tcase, good_until_shortly_before_its_end, 0, ELEMENTSOF(lives));
        tcase_add_test(tcase, staleness);
        tcase_add_loop_test(tcase, doubt_makes_a_new_one, 0, 2);
        tcase_add_test(tcase, doubted_before_it_is_told);
        tcase_add_test(tcase, deleted_when_doubted);
        tcase_add_test(tcase, deleted_with_the_session);
        tcase_add_test(tcase, not_deleted_when_it_is_over);
        tcase_add_loop_test(tcase, table_closes, 0, 2);
        tcase_add_loop_test(tcase, table_is_done_with_deletions_under_way, 0, 2);
        tcase_add_test(tcase, forgotten_while_they_wait);
        tcase_add_test(tcase, one_may_end_the_others);
        tcase_add_test(tcase, session_may_go_while_it_tells);
        tcase_add_loop_test(tcase, session_may_go_at_any_moment, 0, 2 * N_MOMENTS);
        tcase_add_test(tcase, equal_ones_are_one);
}

UNIT_MAIN("session", add_tests)
