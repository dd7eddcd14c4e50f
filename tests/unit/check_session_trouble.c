/* daemon/session: negotiations that come to nothing, at each step and in each way (RFC 3645 3.1.3,
   points C60, C62, C64, C70): which trouble is told, in whose words, to all who wait, and for how
   long it stands (E7). */
#include "daemon/session.h"

#include <dlfcn.h>
#include <errno.h>
#include <gssapi/gssapi.h>
#include <krb5.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_session.h"
#include "tests/unit/unit.h"

enum {
        N_ASKS = 20,
        TOO_MUCH = GSS_TOKEN_MAX + 1,
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

static krb5_error_code forced_code;
static atomic_uint n_acquisitions;

krb5_error_code krb5_get_init_creds_keytab(krb5_context krb5, krb5_creds *creds,
                                           krb5_principal client, krb5_keytab keytab,
                                           krb5_deltat start, const char *service,
                                           krb5_get_init_creds_opt *options) {
        __typeof__(krb5_get_init_creds_keytab) *real =
                (__typeof__(real))dlsym(RTLD_NEXT, "krb5_get_init_creds_keytab");

        atomic_fetch_add(&n_acquisitions, 1);
        return forced_code ?: real(krb5, creds, client, keytab, start, service, options);
}

static OM_uint32 hidden_flags;
static size_t forced_token_size;

OM_uint32 gss_init_sec_context(OM_uint32 *minor, gss_cred_id_t claimant, gss_ctx_id_t *context,
                               gss_name_t target, gss_OID mechanism, OM_uint32 flags,
                               OM_uint32 time_sec, gss_channel_bindings_t bindings,
                               gss_buffer_t token, gss_OID *ret_mechanism, gss_buffer_t ret_token,
                               OM_uint32 *ret_flags, OM_uint32 *ret_time_sec) {
        __typeof__(gss_init_sec_context) *real =
                (__typeof__(real))dlsym(RTLD_NEXT, "gss_init_sec_context");

        if (forced_token_size > 0) {
                ret_token->length = forced_token_size;
                ret_token->value = calloc(1, forced_token_size);
                return GSS_S_CONTINUE_NEEDED;
        }
        OM_uint32 major = real(minor, claimant, context, target, mechanism, flags, time_sec,
                               bindings, token, ret_mechanism, ret_token, ret_flags, ret_time_sec);
        *ret_flags &= ~hidden_flags;
        return major;
}

static bool is_over_at_once;

OM_uint32 gss_context_time(OM_uint32 *minor, gss_ctx_id_t context, OM_uint32 *ret_time_sec) {
        __typeof__(gss_context_time) *real = (__typeof__(real))dlsym(RTLD_NEXT, "gss_context_time");

        return is_over_at_once ? GSS_S_CONTEXT_EXPIRED : real(minor, context, ret_time_sec);
}

/* --- the scene -------------------------------------------------------------------------------- */

static void reset(void) {
        memset(asks, 0, sizeof(asks));
        clock_offset_usec = 0;
        forced_code = 0;
        hidden_flags = 0;
        forced_token_size = 0;
        is_over_at_once = false;
        atomic_store(&n_acquisitions, 0);
}

static void set_up(void) {
        reset();
        session_setup(8);
}

static void wait_told(int n) {
        peer_wait(scene.world.event, &scene.n_told, n);
}

/* --- each way to fail ------------------------------------------------------------------------- */

static void at_another_host(const char *host) {
        session_unref(scene.session);
        scene.session = session_with(host, NULL);
        session_ask(&asks[0]);
}

static void no_ticket(void) {
        forced_code = KRB5KDC_ERR_PREAUTH_FAILED;
        session_ask(&asks[0]);
}

static void no_kdc(void) {
        forced_code = KRB5_KDC_UNREACH;
        session_ask(&asks[0]);
}

static void no_service(void) {
        at_another_host("ns9.example.test");
}

static void no_host_name(void) {
        at_another_host("ns@1.example.test");
}

static void too_large(void) {
        forced_token_size = TOO_MUCH;
        session_ask(&asks[0]);
}

static void answer(const TkeyAnswerAs *as) {
        char name[64];

        session_ask(&asks[0]);
        session_receive(name);
        peer_answer_tkey(scene.fd, &scene.message, as);
}

static void closed(void) {
        char name[64];

        session_ask(&asks[0]);
        session_receive(name);
        close(scene.fd);
        scene.fd = -1;
}

static void silent(void) {
        char name[64];

        scene.times.timeout_usec = 50 * USEC_PER_MSEC;
        session_ask(&asks[0]);
        session_receive(name);
}

static void nobody_there(void) {
        session_teardown();
        session_setup(-1);
        session_ask(&asks[0]);
}

static void refused(void) {
        answer(&(TkeyAnswerAs){.rcode = LDNS_RCODE_REFUSED, .no_tkey = true});
}

static void not_implemented(void) {
        answer(&(TkeyAnswerAs){.rcode = LDNS_RCODE_NOTIMPL, .no_tkey = true});
}

static void bad_key(void) {
        answer(&(TkeyAnswerAs){.error = TSIG_BADKEY});
}

static void bad_mode(void) {
        answer(&(TkeyAnswerAs){.error = TKEY_BADMODE});
}

static void bad_name(void) {
        answer(&(TkeyAnswerAs){.error = TKEY_BADNAME});
}

static void bad_algorithm(void) {
        answer(&(TkeyAnswerAs){.error = TKEY_BADALG, .rcode = LDNS_RCODE_NOTAUTH});
}

static void no_tkey(void) {
        answer(&(TkeyAnswerAs){.no_tkey = true});
}

static void foreign(void) {
        answer(&(TkeyAnswerAs){.name = "another"});
}

static void no_answer(void) {
        answer(&(TkeyAnswerAs){.no_qr = true});
}

static void malformed(void) {
        answer(&(TkeyAnswerAs){.cut = 1});
}

static void no_token(void) {
        answer(&(TkeyAnswerAs){});
}

static void garbage(void) {
        static const Octets token = {.size = 7, .bytes = "garbage"};

        answer(&(TkeyAnswerAs){.token = &token});
}

/* The whole of it, with an acceptor. */
static void accepted(void) {
        session_ask(&asks[0]);
        session_accept(0);
}

static void no_replay_detection(void) {
        hidden_flags = GSS_C_REPLAY_FLAG;
        accepted();
}

static void over_at_once(void) {
        is_over_at_once = true;
        accepted();
}

#define GSS(fault) \
        { .kind = TROUBLE_NO_CONTEXT, .gss = GSS_FAULT_##fault }
#define CREDENTIALS(fault) \
        { .kind = TROUBLE_NO_CREDENTIALS, .gss = GSS_FAULT_##fault }
#define TKEY(verdict, code, tkey_code)                                                          \
        {                                                                                       \
                .kind = TROUBLE_NO_CONTEXT, .tkey = TKEY_##verdict, .rcode = LDNS_RCODE_##code, \
                .tkey_error = tkey_code                                                         \
        }
#define REPLY(how, why) \
        { .kind = TROUBLE_REPLY, .reply = REPLY_##how, .error = why }

/* clang-format off */
static const struct {
        const char *what;
        void (*play)(void);
        Trouble trouble;
        const char *words; /* of the library, NULL: none */
} ways[] = {
        {"E7 the ticket", no_ticket, CREDENTIALS(PREAUTH_FAILED), "reauthentication failed"},
        {"the KDC", no_kdc, CREDENTIALS(KDC_UNREACHABLE), "KDC"},
        {"C70 a server that the KDC does not know", no_service, GSS(SERVER_UNKNOWN), "DNS/ns9.example.test"},
        {"a name that is no host's", no_host_name, GSS(OTHER), "Invalid argument"},
        {"a first token that is too large", too_large, GSS(OTHER), "too large"},
        {"E1 closed", closed, REPLY(CLOSED, 0), NULL},
        {"silent", silent, REPLY(TIMEOUT, 0), NULL},
        {"nobody there", nobody_there, REPLY(UNREACHABLE, ECONNREFUSED), NULL},
        {"C64 REFUSED", refused, TKEY(REFUSED, REFUSED, 0), NULL},
        {"C64 NOTIMP", not_implemented, TKEY(REFUSED, NOTIMPL, 0), NULL},
        {"C64 BADKEY", bad_key, TKEY(REFUSED, NOERROR, TSIG_BADKEY), NULL},
        {"C64 BADMODE", bad_mode, TKEY(REFUSED, NOERROR, TKEY_BADMODE), NULL},
        {"C64 BADNAME", bad_name, TKEY(REFUSED, NOERROR, TKEY_BADNAME), NULL},
        {"C64 BADALG", bad_algorithm, TKEY(REFUSED, NOTAUTH, TKEY_BADALG), NULL},
        {"no TKEY", no_tkey, TKEY(NONE, NOERROR, 0), NULL},
        {"another key's", foreign, TKEY(FOREIGN, NOERROR, 0), NULL},
        {"no answer", no_answer, TKEY(NOT_ANSWER, NOERROR, 0), NULL},
        {"malformed", malformed, TKEY(MALFORMED, NOERROR, 0), NULL},
        {"C62 no token", no_token, GSS(SERVER_TOKEN), ""},
        {"C62 a token that is none", garbage, GSS(SERVER_TOKEN), ""},
        {"C60 no replay detection", no_replay_detection, GSS(FLAGS), "replays"},
        {"C65 over at once", over_at_once, CREDENTIALS(EXPIRED), "over"},
};
/* clang-format on */

static void assert_trouble(const SessionAsk *ask, int i) {
        const Trouble *got = &ask->trouble, *expected = &ways[i].trouble;

        ck_assert_msg(ask->n_told == 1 && !ask->auth, "%s: told %d times", ways[i].what,
                      ask->n_told);
        ck_assert_msg(got->kind == expected->kind && got->gss == expected->gss, "%s: %d, %s",
                      ways[i].what, got->kind, gss_fault_to_string(got->gss));
        ck_assert_msg(got->tkey == expected->tkey && got->rcode == expected->rcode &&
                              got->tkey_error == expected->tkey_error,
                      "%s: %s, rcode %u, error %u", ways[i].what, tkey_verdict_to_string(got->tkey),
                      got->rcode, got->tkey_error);
        ck_assert_msg(got->reply == expected->reply && got->error == expected->error &&
                              got->fault == FAULT_NONE,
                      "%s: reply %d, error %d", ways[i].what, got->reply, got->error);
        ck_assert(!got->updating);
}

START_TEST(each_way_to_fail) {
        const char *words = ways[_i].words;

        ways[_i].play();
        for (int i = 1; i < N_ASKS; i++)
                session_ask(&asks[i]);
        wait_told(N_ASKS);
        for (int i = 0; i < N_ASKS; i++)
                assert_trouble(&asks[i], _i);
        ck_assert_ptr_null(session_auth(scene.session));
        const char *text = session_text(scene.session);
        ck_assert_msg(words ? text[0] && strstr(text, words) : !text[0], "%s: %s", ways[_i].what,
                      text);
        peer_settle(scene.world.event);
        ck_assert_int_eq(scene.n_told, N_ASKS);
        ck_assert_ptr_null(scene.sessions.deletions);
}
END_TEST

/* E7: it stands for RetryMin, for all; then the server is asked again, under another name, and what
   went wrong before leaves no trace. */
START_TEST(each_failure_stands_and_heals) {
        unsigned n_acquired;

        ways[_i].play();
        wait_told(1);
        n_acquired = atomic_load(&n_acquisitions);
        if (ways[_i].trouble.kind == TROUBLE_REPLY && scene.fd >= 0) {
                close(scene.fd); /* as the other side has done */
                scene.fd = -1;
        }
        forced_code = 0;
        hidden_flags = 0;
        forced_token_size = 0;
        is_over_at_once = false;
        scene.times.timeout_usec = 20 * USEC_PER_SEC;
        clock_offset_usec = SESSION_RETRY_MIN - USEC_PER_SEC;
        session_ask(&asks[1]);
        wait_told(2);
        assert_trouble(&asks[1], _i);
        session_assert_silent();
        ck_assert_uint_eq(atomic_load(&n_acquisitions), n_acquired);

        if (ways[_i].play == nobody_there || ways[_i].play == no_service ||
            ways[_i].play == no_host_name)
                return;
        /* The account's own stands for longer. */
        clock_offset_usec = ways[_i].play == no_ticket ? SESSION_RETRY_MAX : SESSION_RETRY_MIN;
        ck_assert_int_eq(auth_security(session_negotiate()), SECURITY_GSS);
        ck_assert_str_eq(session_text(scene.session), "");
}
END_TEST

/* What was over at once came of a ticket that is over; and a server that has another key than the
   one of our service ticket, which is kept with the ticket, says BADKEY: what is next is of another
   ticket, if this one is not just made. */
START_TEST(failures_that_doubt_the_ticket) {
        static void (*const plays[])(void) = {bad_algorithm, bad_key, over_at_once};
        const bool doubts = _i / 2 > 0, is_fresh = _i % 2;

        accepted();
        wait_told(1);
        session_doubt(scene.session, session_auth(scene.session), false, false);
        clock_offset_usec = is_fresh ? USEC_PER_SEC : SESSION_RETRY_MIN;
        plays[_i / 2]();
        wait_told(2);
        is_over_at_once = false;
        clock_offset_usec += SESSION_RETRY_MIN;
        (void)session_negotiate();
        ck_assert_uint_eq(atomic_load(&n_acquisitions),
                          doubts && (!is_fresh || plays[_i / 2] == over_at_once) ? 2 : 1);
}
END_TEST

/* A KDC or a server may take no more what it took: then a ticket that is older than RetryMax is
   replaced, and no younger one, so that what lasts asks the KDC no more often (E7). */
START_TEST(old_tickets_are_doubted) {
        const bool is_old = _i;

        accepted();
        wait_told(1);
        session_doubt(scene.session, session_auth(scene.session), false, false);
        clock_offset_usec = SESSION_RETRY_MAX - (is_old ? 0 : USEC_PER_MINUTE);
        garbage();
        wait_told(2);
        clock_offset_usec += SESSION_RETRY_MIN;
        (void)session_negotiate();
        ck_assert_uint_eq(atomic_load(&n_acquisitions), is_old ? 2 : 1);
}
END_TEST

/* C61: a name for each, in lower case, that nobody can guess. */
START_TEST(key_names_are_new_each_time) {
        char names[3][64];

        for (unsigned i = 0; i < ELEMENTSOF(names); i++) {
                session_ask(&asks[i]);
                session_receive(names[i]);
                peer_answer_tkey(scene.fd, &scene.message, &(TkeyAnswerAs){.error = 20});
                wait_told((int)i + 1);
                clock_offset_usec += SESSION_RETRY_MIN;
                ck_assert_uint_eq(strlen(names[i]), 32);
                ck_assert_uint_eq(strspn(names[i], "0123456789abcdef"), 32);
                for (unsigned j = 0; j < i; j++)
                        ck_assert_str_ne(names[i], names[j]);
        }
}
END_TEST

/* C61: what is lost with its connection is not sent again, and so goes out on none that was kept.
 */
START_TEST(tokens_are_sent_once) {
        char name[64];

        accepted();
        wait_told(1);
        session_doubt(scene.session, session_auth(scene.session), false, false);
        session_ask(&asks[1]);
        session_receive(name);
        ck_assert_uint_eq(scene.n_connections, 2);
        close(scene.fd);
        scene.fd = -1;
        wait_told(2);
        ck_assert_int_eq(asks[1].trouble.reply, REPLY_CLOSED);
        session_assert_silent();
}
END_TEST

static unsigned n_more;

static void ask_again(SessionAsk *ask) {
        if (n_more > 0) {
                n_more--;
                session_ask(ask);
        }
}

/* Who asks again in a handler is told again, of the same. */
START_TEST(asking_again_in_a_handler) {
        n_more = 3;
        asks[0].then = ask_again;
        answer(&(TkeyAnswerAs){.error = TSIG_BADKEY});
        session_ask(&asks[1]);
        wait_told(5);
        peer_settle(scene.world.event);
        ck_assert_int_eq(scene.n_told, 5);
        ck_assert_int_eq(asks[1].n_told, 1);
        ck_assert_int_eq(asks[0].trouble.tkey_error, TSIG_BADKEY);
        session_assert_silent();
}
END_TEST

/* Of domains with different RetryMin=: one tries again while the others have yet to be told. */
START_TEST(trouble_is_everybodys) {
        char name[64];

        for (int i = 1; i < 4; i++)
                session_ask(&asks[i]);
        n_more = 1;
        asks[3].then = ask_again;
        scene.times.retry_min_usec = 0;
        answer(&(TkeyAnswerAs){.error = TSIG_BADKEY});
        wait_told(4);
        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(asks[i].trouble.tkey_error, TSIG_BADKEY);
        session_receive(name);
        peer_answer_tkey(scene.fd, &scene.message, &(TkeyAnswerAs){.error = TKEY_BADALG});
        wait_told(5);
        ck_assert_int_eq(asks[3].trouble.tkey_error, TKEY_BADALG);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_unchecked_fixture(tcase, session_setup_realm, kdc_teardown);
        tcase_add_checked_fixture(tcase, set_up, session_teardown);
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, each_way_to_fail, 0, ELEMENTSOF(ways));
        tcase_add_loop_test(tcase, each_failure_stands_and_heals, 0, ELEMENTSOF(ways));
        tcase_add_loop_test(tcase, failures_that_doubt_the_ticket, 0, 6);
        tcase_add_loop_test(tcase, old_tickets_are_doubted, 0, 2);
        tcase_add_test(tcase, key_names_are_new_each_time);
        tcase_add_test(tcase, tokens_are_sent_once);
        tcase_add_test(tcase, asking_again_in_a_handler);
        tcase_add_test(tcase, trouble_is_everybodys);
}

UNIT_MAIN("session_trouble", add_tests)
