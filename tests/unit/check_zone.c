/* daemon/zone: one search for all who wait, a list of servers that changes only for another one,
   and waiters that end themselves, each other or the zone (E2, E3). */
#include "daemon/zone.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_peer.h"
#include "tests/unit/unit.h"

enum {
        N_WAITERS = 4,
};

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
static Access *access_to_servers;
static Zone *zone;
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

/* Names are asked for at a resolver where nobody listens, and so fail at once, unless a test sets
   none: then as this machine knows them. */
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
        hosts_set_resolver(hosts, resolver);
        zones = (ZoneTable){.hosts = hosts, .resolver = resolver};
        memset(waiters, 0, sizeof(waiters));
        n_told = 0;
        access_to_servers = access_make("192.0.2.1", "192.0.2.2");
        zone = zone_make(access_to_servers, NULL);
}

static void tear_down(void) {
        (void)zone_unref(zone);
        (void)access_unref(access_to_servers);
        (void)hosts_free(hosts);
        (void)resolver_free(resolver);
        (void)worker_free(worker);
        (void)sd_event_unref(event);
        ck_assert_ptr_null(zones.root);
        ck_assert_ptr_null(accesses.first);
}

static void wait_on(Zone *on, Waiter *waiter) {
        waiter->waiter.on_ready = on_ready;
        ck_assert_int_eq(zone_prepare(on, &waiter->waiter), 0);
}

static void prepare(Zone *on) {
        int n_before = n_told;

        wait_on(on, &waiters[0]);
        ck_assert_int_eq(n_told, n_before); /* never from within */
        peer_wait(event, &n_told, n_before + 1);
}

/* --- the list --------------------------------------------------------------------------------- */

START_TEST(servers_are_those_of_server) {
        ck_assert(!zone_is_ready(zone));
        prepare(zone);
        ck_assert_str_eq(waiters[0].text, "");
        ck_assert(zone_is_ready(zone));
        ck_assert_uint_eq(zone_n_servers(zone), 2);
        ck_assert_uint_eq(zone_n_primaries(zone), 2); /* all of Server= (E3) */
        ck_assert_str_eq(server_name(zone_server(zone, 1)), "192.0.2.2");
}
END_TEST

/* A doubt that finds the same servers voids nothing of what was observed there. */
START_TEST(same_servers_are_no_news) {
        prepare(zone);
        unsigned generation = zone_generation(zone);
        const Server *first = zone_server(zone, 0);
        zone_doubt(zone);
        ck_assert(!zone_is_ready(zone));
        ck_assert_uint_eq(zone_n_servers(zone), 2);
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
        Zone *found = zone_make(access, "localhost");
        hosts_set_resolver(hosts, NULL);
        prepare(found);
        ck_assert_str_eq(waiters[0].text, "");
        size_t n = zone_n_servers(found);
        ck_assert_uint_gt(n, 0);
        ck_assert_uint_eq(zone_n_primaries(found), n); /* the MNAME's (E3) */
        unsigned generation = zone_generation(found);

        (void)zone_unref(zone_make(access, "ns2.contoso.com"));
        ck_assert(!zone_is_ready(found));
        hosts_set_resolver(hosts, resolver);
        prepare(found);
        ck_assert_ptr_nonnull(strstr(waiters[0].text, "ns2.contoso.com"));
        ck_assert(!zone_is_ready(found));
        ck_assert_uint_eq(zone_n_servers(found), n);
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
        peer_wait(event, &n_told, 1);
        peer_settle(event);
        ck_assert_int_eq(n_told, 1);
}
END_TEST

static void leave_zone(Waiter *waiter) {
        zone = zone_unref(zone);
}

/* The last reference goes while the others are still to be told. */
START_TEST(zone_may_go_while_it_tells) {
        for (size_t i = 0; i < N_WAITERS; i++)
                wait_on(zone, &waiters[i]);
        for (size_t i = 0; i < N_WAITERS; i++)
                waiters[i].then = leave_zone;
        peer_wait(event, &n_told, N_WAITERS);
        ck_assert_ptr_null(zone);
        ck_assert_ptr_null(zones.root);
}
END_TEST

/* ... or while it still searches. */
START_TEST(zone_may_go_while_it_searches) {
        wait_on(zone, &waiters[0]);
        zone_forget(zone, &waiters[0].waiter);
        zone = zone_unref(zone);
        peer_settle(event);
        ck_assert_int_eq(n_told, 0);
}
END_TEST

/* --- the table -------------------------------------------------------------------------------- */

START_TEST(zone_is_of_one_apex_and_access) {
        Access *other = access_make("192.0.2.1", NULL);
        Zone *same = zone_make(access_to_servers, NULL), *another = zone_make(other, NULL);
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
        tcase_add_test(tcase, servers_are_those_of_server);
        tcase_add_test(tcase, same_servers_are_no_news);
        tcase_add_test(tcase, failed_search_takes_no_server_away);
        tcase_add_test(tcase, all_are_told_once);
        tcase_add_test(tcase, one_may_end_the_others);
        tcase_add_test(tcase, zone_may_go_while_it_tells);
        tcase_add_test(tcase, zone_may_go_while_it_searches);
        tcase_add_test(tcase, zone_is_of_one_apex_and_access);
}

UNIT_MAIN("zone", add_tests)
