/* daemon/zone: one search for all who wait, a list of servers that changes only for another one,
   and waiters that end themselves, each other or the zone (E2, E3). All of that where servers are
   given by name, and have to be found; and where they are given by address, and are there at once.
 */
#include "daemon/zone.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_names.h"
#include "tests/unit/support_peer.h"
#include "tests/unit/unit.h"

enum {
        N_WAITERS = 4,
};

typedef enum Given { BY_NAME, BY_ADDRESS, _GIVEN_MAX } Given;

/* Somebody who waits, and what he does when he is told. */
typedef struct Waiter {
        ZoneWaiter waiter; /* first */
        int n_told;
        char text[200];
        void (*then)(struct Waiter *waiter);
} Waiter;

static sd_event *event;
static Worker *worker;
static Hosts *hosts;
static Resolver *resolver;
static AccessTable accesses;
static ZoneTable zones;
static Access *access_to[_GIVEN_MAX];
static Zone *zone; /* its servers are given by name */
static Waiter waiters[N_WAITERS];
static int n_told;

static void on_ready(ZoneWaiter *waiter, const char *text) {
        Waiter *self = (Waiter *)waiter;

        self->n_told++;
        n_told++;
        (void)snprintf(self->text, sizeof(self->text), "%s", text ? text : "");
        if (self->then)
                self->then(self);
}

static Access *access_make(const char *first, const char *second) {
        Endpoint servers[2];
        Settings settings = {
                .servers = servers,
                .n_servers = 1 + (second != NULL),
                .security = SECURITY_NONE,
                .timeout_usec = 50 * USEC_PER_MSEC,
                .max_outstanding = 1,
        };
        Access *access = NULL;

        ck_assert_int_eq(endpoint_from_text(first, &servers[0]), 0);
        if (second)
                ck_assert_int_eq(endpoint_from_text(second, &servers[1]), 0);
        ck_assert_int_eq(access_get(&accesses, &settings, &access), 0);
        return access;
}

static Zone *zone_make(Access *access, const char *mname) {
        Name apex, name;
        Zone *made = NULL;

        ck_assert_int_eq(name_from_text("contoso.com", &apex), 0);
        if (mname)
                ck_assert_int_eq(name_from_text(mname, &name), 0);
        ck_assert_int_eq(zone_get(&zones, &apex, mname ? &name : NULL, access, &made), 0);
        return made;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret_list) {
        return names_getaddrinfo(node, service, hints, ret_list);
}

/* The zone's NS are asked for where nobody listens, and so fail at once. */
static void set_up(void) {
        struct sockaddr_in address;
        char text[ENDPOINT_TEXT_MAX];
        Endpoint endpoint;

        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(worker_new(event, 1, &worker), 0);
        ck_assert_int_eq(hosts_new(event, worker, &hosts), 0);
        close(peer_socket(SOCK_DGRAM, 0, &address));
        (void)snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
        ck_assert_int_eq(endpoint_from_text(text, &endpoint), 0);
        ck_assert_int_eq(resolver_new(event, &endpoint, 1, &resolver), 0);
        zones = (ZoneTable){.hosts = hosts, .resolver = resolver};
        memset(waiters, 0, sizeof(waiters));
        n_told = 0;
        name_is("192.0.2.1");
        access_to[BY_NAME] = access_make("ns1." NAMES_DOMAIN, "192.0.2.2");
        access_to[BY_ADDRESS] = access_make("192.0.2.1", "192.0.2.2");
        zone = zone_make(access_to[BY_NAME], NULL);
}

static void tear_down(void) {
        (void)zone_unref(zone);
        for (size_t i = 0; i < _GIVEN_MAX; i++)
                (void)access_unref(access_to[i]);
        (void)hosts_free(hosts);
        (void)resolver_free(resolver);
        (void)worker_free(worker);
        (void)sd_event_unref(event);
        ck_assert_ptr_null(zones.root);
        ck_assert_uint_eq(accesses.n, 0);
}

static void give(Given given) {
        (void)zone_unref(zone);
        zone = zone_make(access_to[given], NULL);
}

/* What was found of names is looked up anew. */
static void forget_names(void) {
        hosts_set_resolver(hosts, NULL);
}

static void wait_on(Zone *on, Waiter *waiter) {
        waiter->waiter.on_ready = on_ready;
        ck_assert_int_eq(zone_prepare(on, &waiter->waiter), 0);
}

static void prepare(Zone *on) {
        int n_before = n_told;

        wait_on(on, &waiters[0]);
        peer_wait(event, &n_told, n_before + 1);
}

/* --- the list --------------------------------------------------------------------------------- */

START_TEST(servers_are_those_of_server) {
        give(_i);
        ck_assert(!zone_is_ready(zone));
        wait_on(zone, &waiters[0]);
        ck_assert_int_eq(n_told, _i == BY_ADDRESS); /* nothing to wait for */
        peer_wait(event, &n_told, 1);
        ck_assert_str_eq(waiters[0].text, "");
        ck_assert(zone_is_ready(zone));
        ck_assert_uint_eq(zone_n_servers(zone), 2);
        ck_assert_uint_eq(zone_n_primaries(zone), 2); /* all of Server= (E3) */
        ck_assert_str_eq(server_name(zone_server(zone, 0)),
                         _i == BY_NAME ? "ns1." NAMES_DOMAIN " (192.0.2.1)" : "192.0.2.1");
        ck_assert_str_eq(server_name(zone_server(zone, 1)), "192.0.2.2");
}
END_TEST

/* A doubt that finds the same servers voids nothing of what was observed there. */
START_TEST(same_servers_are_no_news) {
        give(_i);
        prepare(zone);
        unsigned generation = zone_generation(zone);
        const Server *first = zone_server(zone, 0);
        zone_doubt(zone);
        ck_assert(!zone_is_ready(zone));
        ck_assert_uint_eq(zone_n_servers(zone), 2);
        forget_names();
        prepare(zone);
        ck_assert(zone_is_ready(zone));
        ck_assert_uint_eq(zone_generation(zone), generation);
        ck_assert_ptr_eq(zone_server(zone, 0), first);
}
END_TEST

/* Another MNAME, which cannot be found: who waits is told, but no server that is known is taken
   away from those who are at work. */
START_TEST(failed_search_takes_no_server_away) {
        Settings discovered = {.timeout_usec = 50 * USEC_PER_MSEC, .max_outstanding = 1};
        Access *access = NULL;

        ck_assert_int_eq(access_get(&accesses, &discovered, &access), 0);
        Zone *found = zone_make(access, "ns1." NAMES_DOMAIN);
        prepare(found);
        ck_assert_str_eq(waiters[0].text, "");
        ck_assert_uint_eq(zone_n_servers(found), 1);
        ck_assert_uint_eq(zone_n_primaries(found), 1); /* the MNAME's (E3) */
        unsigned generation = zone_generation(found);

        (void)zone_unref(zone_make(access, "ns2." NAMES_DOMAIN));
        ck_assert(!zone_is_ready(found));
        name_is(NULL);
        prepare(found);
        ck_assert_ptr_nonnull(strstr(waiters[0].text, "ns2." NAMES_DOMAIN));
        ck_assert(!zone_is_ready(found));
        ck_assert_uint_eq(zone_n_servers(found), 1);
        ck_assert_uint_eq(zone_generation(found), generation);
        (void)zone_unref(found);
        (void)access_unref(access);
}
END_TEST

/* --- who waits -------------------------------------------------------------------------------- */

START_TEST(all_are_told_once) {
        for (size_t i = 0; i < N_WAITERS; i++)
                wait_on(zone, &waiters[i]);
        zone_forget(zone, &waiters[1].waiter);
        peer_wait(event, &n_told, N_WAITERS - 1);
        peer_settle(event);
        for (size_t i = 0; i < N_WAITERS; i++)
                ck_assert_int_eq(waiters[i].n_told, i != 1);
        zone_forget(zone, &waiters[0].waiter); /* who waits no more is passed over */
}
END_TEST

/* Where there is nothing to wait for each is told as he asks, and no other again. */
START_TEST(each_is_told_as_he_asks) {
        give(BY_ADDRESS);
        for (size_t i = 0; i < N_WAITERS; i++) {
                wait_on(zone, &waiters[i]);
                for (size_t j = 0; j < N_WAITERS; j++)
                        ck_assert_int_eq(waiters[j].n_told, j <= i);
        }
        peer_settle(event);
        ck_assert_int_eq(n_told, N_WAITERS);
}
END_TEST

static void forget_others(Waiter *waiter) {
        for (size_t i = 0; i < N_WAITERS; i++)
                if (&waiters[i] != waiter)
                        zone_forget(zone, &waiters[i].waiter);
}

START_TEST(one_may_end_the_others) {
        for (size_t i = 0; i < N_WAITERS; i++) {
                wait_on(zone, &waiters[i]);
                waiters[i].then = forget_others;
        }
        ck_assert_int_eq(n_told, 0);
        peer_wait(event, &n_told, 1);
        peer_settle(event);
        ck_assert_int_eq(n_told, 1);
}
END_TEST

static void ask_again(Waiter *waiter) {
        waiter->then = NULL;
        zone_doubt(zone);
        wait_on(zone, waiter);
}

/* While the others are still to be told; the second answer is there at once, as is the first one
   where servers are given by address. */
START_TEST(who_is_told_may_ask_again) {
        give(_i);
        for (size_t i = 0; i < N_WAITERS; i++) {
                waiters[i].then = ask_again;
                wait_on(zone, &waiters[i]);
        }
        ck_assert_int_eq(n_told, _i == BY_ADDRESS ? 2 * N_WAITERS : 0);
        peer_wait(event, &n_told, 2 * N_WAITERS);
        for (size_t i = 0; i < N_WAITERS; i++)
                ck_assert_int_eq(waiters[i].n_told, 2);
        ck_assert(zone_is_ready(zone));
}
END_TEST

static void leave_zone(Waiter *waiter) {
        zone = zone_unref(zone);
}

/* The last reference goes while the others are still to be told ... */
START_TEST(zone_may_go_while_it_tells) {
        for (size_t i = 0; i < N_WAITERS; i++)
                wait_on(zone, &waiters[i]);
        waiters[N_WAITERS / 2].then = leave_zone;
        peer_wait(event, &n_told, N_WAITERS);
        ck_assert_ptr_null(zone);
        ck_assert_ptr_null(zones.root);
}
END_TEST

/* ... or from within zone_prepare() ... */
START_TEST(zone_may_go_as_it_is_asked) {
        give(BY_ADDRESS);
        waiters[0].then = leave_zone;
        wait_on(zone, &waiters[0]);
        ck_assert_int_eq(n_told, 1);
        ck_assert_ptr_null(zone);
        ck_assert_ptr_null(zones.root);
}
END_TEST

/* ... or while it still searches. */
START_TEST(zone_may_go_while_it_searches) {
        names_hold();
        wait_on(zone, &waiters[0]);
        zone_forget(zone, &waiters[0].waiter);
        zone = zone_unref(zone);
        ck_assert_ptr_null(zones.root);
        names_release();
        peer_settle(event);
        ck_assert_int_eq(n_told, 0);
}
END_TEST

/* --- the table -------------------------------------------------------------------------------- */

START_TEST(zone_is_of_one_apex_and_access) {
        Access *other = access_make("192.0.2.1", NULL);
        Zone *same = zone_make(access_to[BY_NAME], NULL), *another = zone_make(other, NULL);
        Name apex;
        Zone *upper = NULL;

        ck_assert_int_eq(name_from_text("CONTOSO.com", &apex), 0);
        ck_assert_int_eq(zone_get(&zones, &apex, NULL, other, &upper), 0);
        ck_assert_ptr_eq(same, zone);
        ck_assert_ptr_ne(another, zone);
        ck_assert_ptr_eq(upper, another);
        (void)zone_unref(same);
        (void)zone_unref(upper);
        (void)zone_unref(another);
        (void)access_unref(other);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, servers_are_those_of_server, 0, _GIVEN_MAX);
        tcase_add_loop_test(tcase, same_servers_are_no_news, 0, _GIVEN_MAX);
        tcase_add_test(tcase, failed_search_takes_no_server_away);
        tcase_add_test(tcase, all_are_told_once);
        tcase_add_test(tcase, each_is_told_as_he_asks);
        tcase_add_test(tcase, one_may_end_the_others);
        tcase_add_loop_test(tcase, who_is_told_may_ask_again, 0, _GIVEN_MAX);
        tcase_add_test(tcase, zone_may_go_while_it_tells);
        tcase_add_test(tcase, zone_may_go_as_it_is_asked);
        tcase_add_test(tcase, zone_may_go_while_it_searches);
        tcase_add_test(tcase, zone_is_of_one_apex_and_access);
}

UNIT_MAIN("zone", add_tests)
