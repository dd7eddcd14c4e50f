/* daemon/signing: one update's hold on a session of its zone: at once or later, given up at any
   time, longer than the zone has it, and what it has made anew (E6, C66). */
#include "daemon/signing.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_session.h"
#include "tests/unit/unit.h"

static Worker *worker;
static Hosts *hosts;
static AccessTable accesses;
static ZoneTable zones;
static Access *access_to_server;
static Zone *zone;
static Signing *signing;
static Auth *got;
static int n_told;
static bool frees;

static void on_zone(ZoneWaiter *waiter, const char *text) {
        ck_assert_msg(!text, "%s", text);
        n_told++;
}

static Zone *zone_with(const char *mname) {
        ZoneWaiter waiter = {.on_ready = on_zone};
        Name apex, name;
        Zone *made = NULL;

        ck_assert_int_eq(name_from_text("example.test", &apex), 0);
        if (mname)
                ck_assert_int_eq(name_from_text(mname, &name), 0);
        ck_assert_int_eq(zone_get(&zones, &apex, mname ? &name : NULL, access_to_server, &made), 0);
        ck_assert_int_eq(zone_prepare(made, &waiter), 0);
        peer_wait(scene.world.event, &n_told, 1);
        n_told = 0;
        return made;
}

static uint64_t commanded_usec;

static void set_up(void) {
        Endpoint endpoint = {.family = AF_INET, .host = "127.0.0.1"};
        Settings settings = {
                .servers = &endpoint,
                .n_servers = 1,
                .security = SECURITY_GSS,
                .keytab = (char *)scene.client_keytab,
                .principal = SESSION_CLIENT,
                .timeout_usec = 20 * USEC_PER_SEC,
                .retry_min_usec = USEC_PER_HOUR,
                .retry_max_usec = USEC_PER_HOUR,
                .max_outstanding = 8,
        };

        session_setup(8);
        scene.session = session_unref(scene.session);
        endpoint.port = ntohs(scene.world.address.sin_port);
        ck_assert_int_eq(worker_new(scene.world.event, 1, &worker), 0);
        ck_assert_int_eq(hosts_new(scene.world.event, worker, &hosts), 0);
        zones = (ZoneTable){.hosts = hosts, .tickets = &scene.tickets, .sessions = &scene.sessions};
        ck_assert_int_eq(access_get(&accesses, &settings, &access_to_server), 0);
        n_told = 0;
        got = NULL;
        frees = false;
        commanded_usec = 0;
        zone = zone_with(SESSION_HOST);
}

static void tear_down(void) {
        signing = signing_free(signing);
        zone = zone_unref(zone);
        access_to_server = access_unref(access_to_server);
        session_teardown();
        hosts = hosts_free(hosts);
        worker = worker_free(worker);
        ck_assert_ptr_null(zones.root);
}

static void on_signing(Signing *self, Auth *auth, const Trouble *trouble, void *userdata) {
        ck_assert_ptr_eq(self, signing);
        ck_assert_ptr_eq(userdata, &got);
        ck_assert((auth != NULL) == (trouble->kind == TROUBLE_NONE));
        got = auth;
        n_told++;
        if (frees)
                signing = signing_free(signing);
}

/* What is ready is returned; the rest is told. */
static Auth *begin(void) {
        Auth *auth = NULL;

        ck_assert_int_eq(signing_new(zone, 0, access_to_server, commanded_usec, on_signing, &got,
                                     &signing, &auth),
                         0);
        ck_assert_int_eq(n_told, 0);
        return auth;
}

static void begin_and_wait(void) {
        ck_assert_ptr_null(begin());
        session_accept(0);
        peer_wait(scene.world.event, &n_told, 1);
        ck_assert_ptr_nonnull(got);
        n_told = 0;
}

START_TEST(later_and_at_once) {
        begin_and_wait();
        Auth *first = got;
        ck_assert_int_eq(signing_staleness(signing), 0);
        ck_assert(signing_note_no_length(signing));
        signing = signing_free(signing);
        ck_assert_ptr_eq(begin(), first);
        ck_assert(!signing_note_no_length(signing));
        peer_settle(scene.world.event);
        ck_assert_int_eq(n_told, 0);
        session_assert_silent();
        ck_assert_ptr_null(signing_free(NULL));
}
END_TEST

/* C70: nothing is waited for. */
START_TEST(no_name_to_ask_for) {
        Auth *auth = NULL;

        zone = zone_unref(zone);
        zone = zone_with(NULL);
        ck_assert_int_eq(signing_new(zone, 0, access_to_server, commanded_usec, on_signing, &got,
                                     &signing, &auth),
                         -ENOENT);
        ck_assert(!signing && !auth);
}
END_TEST

START_TEST(trouble_is_told) {
        ck_assert_ptr_null(begin());
        char name[64];
        session_receive(name);
        peer_answer_tkey(scene.fd, &scene.message, &(TkeyAnswerAs){.error = TKEY_BADALG});
        peer_wait(scene.world.event, &n_told, 1);
        ck_assert_ptr_null(got);
}
END_TEST

START_TEST(given_up_while_it_waits) {
        ck_assert_ptr_null(begin());
        if (_i)
                frees = true;
        else
                signing = signing_free(signing);
        session_accept(0);
        if (_i)
                peer_wait(scene.world.event, &n_told, 1);
        n_told = 0;
        /* What was begun serves the next. */
        while (!signing) {
                Auth *auth = begin();
                if (!auth)
                        signing = signing_free(signing);
                ck_assert_int_ge(sd_event_run(scene.world.event, USEC_PER_MSEC), 0);
                n_told = 0;
        }
        session_assert_silent();
}
END_TEST

/* The zone may have found other servers meanwhile, or be gone. */
START_TEST(holds_what_it_was_given) {
        begin_and_wait();
        zone = zone_unref(zone);
        ck_assert_ptr_nonnull(scene.sessions.first);
        ck_assert_int_eq(signing_staleness(signing), 0);
        signing_renew(signing, RENEW_CONTEXT);
        ck_assert_int_eq(auth_security(got), SECURITY_GSS);
        ck_assert_int_eq(signing_staleness(signing), STALE_CONTEXT);
        signing = signing_free(signing);
        ck_assert_ptr_null(scene.sessions.first);
}
END_TEST

/* C66: a server that does not know the context is not asked to forget it; one that refused what it
   signed is. Only then the ticket is another. */
START_TEST(renewals) {
        const Renewal renewal = _i ? RENEW_TICKET : RENEW_CONTEXT;
        static TkeyQuery query;

        begin_and_wait();
        tkey_query_read(&scene.message, &query);
        const Session *session = zone_known_session(zone, 0);
        uint64_t ticket_usec = ticket_since_usec(session_ticket(session));
        signing_renew(signing, renewal);
        ck_assert_int_eq(signing_staleness(signing), STALE_CONTEXT);
        if (renewal == RENEW_TICKET)
                session_receive_deletion(query.key_name);
        else
                session_assert_silent();
        signing = signing_free(signing);
        begin_and_wait();
        ck_assert_int_eq(ticket_since_usec(session_ticket(session)) > ticket_usec,
                         renewal == RENEW_TICKET);
        ck_assert_int_eq(signing_staleness(signing), 0);
}
END_TEST

/* RetryMin= is what makes it stale. */
START_TEST(staleness) {
        access_to_server->times.retry_min_usec = 0;
        begin_and_wait();
        ck_assert_int_eq(signing_staleness(signing), STALE_CONTEXT | STALE_TICKET);
}
END_TEST

/* An operator who says "now" has changed something: what was made before that moment is stale. */
START_TEST(commands_make_it_stale) {
        static TkeyQuery query;

        begin_and_wait();
        tkey_query_read(&scene.message, &query);
        const Session *session = zone_known_session(zone, 0);
        signing = signing_free(signing);
        n_told = 0;
        commanded_usec = session_now_usec(session);
        ck_assert_ptr_nonnull(begin());
        ck_assert_int_eq(signing_staleness(signing), STALE_CONTEXT | STALE_TICKET);
        signing_renew(signing, RENEW_TICKET);
        session_receive_deletion(query.key_name);
        signing = signing_free(signing);
        begin_and_wait();
        ck_assert_int_eq(signing_staleness(signing), 0);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_unchecked_fixture(tcase, session_setup_realm, kdc_teardown);
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, later_and_at_once);
        tcase_add_test(tcase, no_name_to_ask_for);
        tcase_add_test(tcase, trouble_is_told);
        tcase_add_loop_test(tcase, given_up_while_it_waits, 0, 2);
        tcase_add_test(tcase, holds_what_it_was_given);
        tcase_add_loop_test(tcase, renewals, 0, 2);
        tcase_add_test(tcase, commands_make_it_stale);
        tcase_add_test(tcase, staleness);
}

UNIT_MAIN("signing", add_tests)
