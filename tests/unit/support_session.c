/* See support_session.h. */
#include "tests/unit/support_session.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

enum {
        BOUND_SEC = 20,
};

SessionScene scene;

void session_setup_realm(void) {
        static char client[KDC_PATH_MAX], server[KDC_PATH_MAX];

        kdc_setup();
        scene.client_keytab = strcpy(client, kdc_add("KMS1$", "client.keytab"));
        scene.server_keytab = strcpy(server, kdc_add("DNS/" SESSION_HOST, "server.keytab"));
}

static Ticket *ticket_make(void) {
        const TicketKey key = {.keytab = scene.client_keytab, .principal = SESSION_CLIENT};
        Ticket *ticket = NULL;

        ck_assert_int_eq(ticket_get(&scene.tickets, &key, &ticket), 0);
        return ticket;
}

Session *session_with(const char *host, const char *realm) {
        Ticket *ticket = ticket_make();
        Session *session = NULL;
        Name name;

        ck_assert_int_eq(name_from_text(host, &name), 0);
        ck_assert_int_eq(
                session_get(&scene.sessions, ticket, scene.world.server, &name, realm, &session),
                0);
        ticket_unref(ticket);
        return session;
}

void session_setup(int backlog) {
        world_setup(&scene.world, backlog, 32);
        scene.tickets = (TicketTable){.event = scene.world.event};
        scene.sessions = (SessionTable){.event = scene.world.event};
        scene.times = (SessionTimes){
                .timeout_usec = 20 * USEC_PER_SEC,
                .retry_min_usec = SESSION_RETRY_MIN,
                .retry_max_usec = SESSION_RETRY_MAX,
        };
        scene.fd = -1;
        scene.n_told = 0;
        scene.n_connections = 0;
        scene.acceptor = NULL;
        scene.session = session_with(SESSION_HOST, NULL);
}

void session_teardown(void) {
        scene.session = session_unref(scene.session);
        session_table_done(&scene.sessions);
        ticket_table_done(&scene.tickets);
        ck_assert_ptr_null(scene.sessions.first);
        ck_assert_ptr_null(scene.tickets.first);
        scene.acceptor = scene.acceptor ? acceptor_free(scene.acceptor) : NULL;
        world_teardown(&scene.world);
        if (scene.fd >= 0)
                close(scene.fd);
}

static void on_ready(SessionWaiter *waiter, Auth *auth, const Trouble *trouble) {
        SessionAsk *ask = (SessionAsk *)waiter;

        ck_assert(!scene.is_asking);
        scene.n_told++;
        ask->n_told++;
        ask->auth = auth;
        ask->trouble = *trouble;
        ck_assert((auth != NULL) == (trouble->kind == TROUBLE_NONE));
        if (ask->then)
                ask->then(ask);
}

void session_ask(SessionAsk *ask) {
        ask->waiter.on_ready = on_ready;
        scene.is_asking = true;
        ck_assert_int_eq(session_wait(scene.session, &scene.times, &ask->waiter), 0);
        scene.is_asking = false;
}

/* A token goes out on a connection that is not kept from before (C61): that one is closed then. */
static void receive(void) {
        time_t deadline = time(NULL) + BOUND_SEC;

        for (;;) {
                int fd = accept4(scene.world.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd >= 0) {
                        if (scene.fd >= 0)
                                close(scene.fd);
                        scene.fd = fd;
                        scene.n_connections++;
                }
                if (scene.fd >= 0 && peer_try_receive(scene.world.event, scene.fd, &scene.message))
                        return;
                ck_assert_int_lt(time(NULL), deadline);
                ck_assert_int_ge(sd_event_run(scene.world.event, USEC_PER_MSEC), 0);
        }
}

void session_receive(char ret_key_name[static 64]) {
        static TkeyQuery query;

        receive();
        tkey_query_read(&scene.message, &query);
        ck_assert_uint_eq(query.mode, TKEY_MODE_GSS);
        ck_assert_uint_eq(query.size, scene.message.size);
        strcpy(ret_key_name, query.key_name);
}

void session_accept(uint32_t lifetime_sec) {
        char key_name[64];

        session_receive(key_name);
        if (scene.acceptor)
                acceptor_free(scene.acceptor);
        scene.acceptor = acceptor_new(scene.server_keytab);
        peer_accept_tkey(scene.fd, &scene.message, scene.acceptor, lifetime_sec);
}

Auth *session_negotiate(void) {
        int n_before = scene.n_told;
        SessionAsk ask = {};

        session_ask(&ask);
        session_accept(0);
        peer_wait(scene.world.event, &scene.n_told, n_before + 1);
        ck_assert_msg(ask.auth != NULL, "%s", session_text(scene.session));
        return ask.auth;
}

void session_receive_deletion(const char *key_name) {
        static TkeyQuery query;

        receive();
        tkey_query_read(&scene.message, &query);
        ck_assert_uint_eq(query.mode, TKEY_MODE_DELETE);
        ck_assert_uint_eq(query.token.size, 0);
        ck_assert_str_eq(query.key_name, key_name);
        ck_assert(peer_verify_tkey(&scene.message, scene.acceptor));
        peer_answer(scene.fd, &scene.message, LDNS_RCODE_NOERROR);
}

void session_assert_silent(void) {
        ck_assert_int_lt(peer_try_accept(scene.world.event, scene.world.listener), 0);
        if (scene.fd >= 0)
                ck_assert(!peer_try_receive(scene.world.event, scene.fd, &scene.message));
}
