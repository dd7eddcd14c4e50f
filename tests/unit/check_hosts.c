/* daemon/hosts: what a search finds, in which order and under which name; that it is over at once
   where there is nothing to wait for; and that all searches for a name share one lookup (E8). */
#include "daemon/hosts.h"

#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_names.h"
#include "tests/unit/support_peer.h"
#include "tests/unit/unit.h"

#define TIMEOUT_USEC (60 * USEC_PER_SEC)
#define NS1 "ns1." NAMES_DOMAIN
#define NS2 "ns2." NAMES_DOMAIN

enum {
        N_SEARCHES = 300,
};

/* A search, and what came of it: "HOST NAME; " for each server. */
typedef struct Found {
        HostSearch *search;
        int n_told;
        size_t n;
        HostServer servers[HOST_SERVERS_MAX];
        char text[1500];
        char reason[200];
        void (*then)(struct Found *found);
} Found;

static sd_event *event;
static Worker *worker;
static Hosts *hosts;
static Found founds[N_SEARCHES];
static int n_told;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret_list) {
        return names_getaddrinfo(node, service, hints, ret_list);
}

static void set_up(void) {
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(worker_new(event, 2, &worker), 0);
        ck_assert_int_eq(hosts_new(event, worker, &hosts), 0);
        memset(founds, 0, sizeof(founds));
        n_told = 0;
        name_is("192.0.2.1");
}

static void tear_down(void) {
        (void)hosts_free(hosts);
        (void)worker_free(worker);
        (void)sd_event_unref(event);
}

static void on_hosts(HostSearch *search, const HostServer *servers, size_t n, const char *text,
                     void *userdata) {
        Found *found = userdata;
        size_t at = 0;

        ck_assert_ptr_nonnull(search);
        ck_assert_ptr_eq(search, found->search);
        found->search = NULL;
        found->text[0] = '\0';
        for (size_t i = 0; i < n; i++)
                at += (size_t)snprintf(found->text + at, sizeof(found->text) - at, "%u %s; ",
                                       servers[i].host, server_name(servers[i].server));
        found->n = n;
        memcpy(found->servers, servers, n * sizeof(*servers));
        (void)snprintf(found->reason, sizeof(found->reason), "%s", n > 0 ? "" : text);
        found->n_told++;
        n_told++;
        if (found->then)
                found->then(found);
}

static void search_many(Found *found, const Endpoint *endpoints, size_t n) {
        ck_assert_int_eq(
                hosts_search(hosts, endpoints, n, TIMEOUT_USEC, 1, on_hosts, found, &found->search),
                0);
}

/* servers: as in Server=, with blanks between. */
static void search(Found *found, const char *servers) {
        _cleanup_(freep) char *copy = strdup(servers);
        Endpoint endpoints[8];
        char *rest = NULL;
        size_t n = 0;

        for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
                ck_assert_int_eq(endpoint_from_text(word, &endpoints[n++]), 0);
        search_many(found, endpoints, n);
        memset(endpoints, 0, sizeof(endpoints)); /* it has its own */
}

static const char *find(const char *servers) {
        static Found found;
        int n_before = n_told;

        found = (Found){0};
        search(&found, servers);
        peer_wait(event, &n_told, n_before + 1);
        return found.n > 0 ? found.text : found.reason;
}

/* --- at once, or not -------------------------------------------------------------------------- */

static const struct {
        const char *servers, *found, *found_later;
} ways[] = {
        {"192.0.2.7", "0 192.0.2.7; ", NULL},
        {"192.0.2.7:5353 2001:db8::7", "0 192.0.2.7:5353; 1 2001:db8::7; ", NULL},
        {NS1, NULL, "0 " NS1 " (192.0.2.1); "},
        {NS1 " 192.0.2.7", NULL, "0 " NS1 " (192.0.2.1); 1 192.0.2.7; "},
        {"192.0.2.7 " NS1 ":5353", NULL, "0 192.0.2.7; 1 " NS1 ":5353 (192.0.2.1); "},
        {"", "", NULL},
};

START_TEST(addresses_are_there_and_names_are_not) {
        const char *found = ways[_i].found;

        search(&founds[0], ways[_i].servers);
        ck_assert_int_eq(n_told, found != NULL);
        peer_wait(event, &n_told, 1);
        ck_assert_str_eq(founds[0].text, found ?: ways[_i].found_later);
        ck_assert_str_eq(founds[0].reason, founds[0].n > 0 ? "" : "no server given");

        /* Now both are. */
        search(&founds[1], ways[_i].servers);
        ck_assert_int_eq(n_told, 2);
        ck_assert_str_eq(founds[1].text, founds[0].text);
        ck_assert_uint_eq(names_asked(), found ? 0 : 1);
}
END_TEST

START_TEST(one_lookup_for_all_searches) {
        names_hold();
        for (size_t i = 0; i < N_SEARCHES; i++)
                search(&founds[i], i % 2 > 0 ? NS1 " 192.0.2.7" : "NS1." NAMES_DOMAIN);
        (void)host_search_free(founds[0].search); /* who began it gives up */
        peer_settle(event);
        ck_assert_int_eq(n_told, 0);
        names_release();
        peer_wait(event, &n_told, N_SEARCHES - 1);
        for (size_t i = 0; i < N_SEARCHES; i++)
                ck_assert_int_eq(founds[i].n_told, i > 0);
        ck_assert_uint_eq(names_asked(), 1);
}
END_TEST

/* --- what is found ---------------------------------------------------------------------------- */

START_TEST(port_is_of_the_search) {
        search(&founds[0], NS1);
        search(&founds[1], NS1 ":5353");
        peer_wait(event, &n_told, 2);
        ck_assert_str_eq(founds[0].text, "0 " NS1 " (192.0.2.1); ");
        ck_assert_str_eq(founds[1].text, "0 " NS1 ":5353 (192.0.2.1); ");
        ck_assert_ptr_ne(founds[0].servers[0].server, founds[1].servers[0].server);
        ck_assert_uint_eq(names_asked(), 1);
}
END_TEST

/* A server is one, whatever leads to it; under two names it goes by its address. */
START_TEST(server_is_of_one_address) {
        search(&founds[0], NS1);
        peer_wait(event, &n_told, 1);
        Server *server = founds[0].servers[0].server;
        search(&founds[1], NS1);
        ck_assert_ptr_eq(founds[1].servers[0].server, server);
        ck_assert_str_eq(server_name(server), NS1 " (192.0.2.1)");
        search(&founds[2], NS2 " 192.0.2.1 192.0.2.1:5353");
        peer_wait(event, &n_told, 3);
        ck_assert_str_eq(founds[2].text, "0 192.0.2.1; 1 192.0.2.1; 2 192.0.2.1:5353; ");
        ck_assert_ptr_eq(founds[2].servers[0].server, server);
        ck_assert_ptr_eq(founds[2].servers[1].server, server);
        ck_assert_ptr_ne(founds[2].servers[2].server, server);
}
END_TEST

/* The hosts' order is that of the endpoints, also where a later one is there before. */
START_TEST(order_is_kept) {
        static const char *const addresses[] = {"2001:db8::1", "192.0.2.1", "192.0.2.2"};

        names_are(addresses, ELEMENTSOF(addresses));
        ck_assert_str_eq(find("192.0.2.8 " NS1 " 192.0.2.9"),
                         "0 192.0.2.8; 1 " NS1 " (2001:db8::1); 1 " NS1 " (192.0.2.1); 1 " NS1
                         " (192.0.2.2); 2 192.0.2.9; ");
}
END_TEST

START_TEST(missing_hosts_are_passed_over) {
        name_is(NULL);
        ck_assert_str_eq(find(NS1 " 192.0.2.9"), "1 192.0.2.9; ");
        ck_assert_str_eq(find("192.0.2.9 " NS1), "0 192.0.2.9; ");
        ck_assert_str_eq(find(NS2 " " NS1),
                         "name server " NS1 " has no address: Name or service not known");
        ck_assert_uint_eq(names_asked(), 2);
}
END_TEST

/* 16 servers, 16 hosts, 8 addresses of each. */
START_TEST(what_is_found_is_bounded) {
        char texts[NAMES_ADDRESSES_MAX][24];
        const char *addresses[NAMES_ADDRESSES_MAX];
        Endpoint endpoints[40];

        for (int i = 0; i < NAMES_ADDRESSES_MAX; i++) {
                (void)snprintf(texts[i], sizeof(texts[i]), "192.0.2.%d", i + 1);
                addresses[i] = texts[i];
        }
        names_are(addresses, NAMES_ADDRESSES_MAX);
        search(&founds[0], NS1 " " NS2 " 192.0.2.99");
        peer_wait(event, &n_told, 1);
        ck_assert_uint_eq(founds[0].n, HOST_SERVERS_MAX);
        for (unsigned i = 0; i < HOST_SERVERS_MAX; i++)
                ck_assert_uint_eq(founds[0].servers[i].host, i / 8);

        name_is(NULL);
        for (size_t i = 0; i < ELEMENTSOF(endpoints); i++) {
                endpoints[i] = (Endpoint){.port = 53};
                (void)snprintf(endpoints[i].host, sizeof(endpoints[i].host), "n%zu." NAMES_DOMAIN,
                               i);
        }
        search_many(&founds[1], endpoints, ELEMENTSOF(endpoints));
        peer_wait(event, &n_told, 2);
        ck_assert_uint_eq(names_asked(), 16);
        ck_assert_ptr_nonnull(strstr(founds[1].reason, "n15." NAMES_DOMAIN));
}
END_TEST

/* --- who goes, and what comes meanwhile ------------------------------------------------------- */

START_TEST(given_up_it_says_nothing) {
        search(&founds[0], NS1 " " NS2 " 192.0.2.7");
        (void)host_search_free(founds[0].search);
        ck_assert_ptr_null(host_search_free(NULL));
        peer_settle(event);
        ck_assert_int_eq(n_told, 0);
}
END_TEST

static void end_others(Found *found) {
        for (size_t i = 0; i < N_SEARCHES; i++)
                founds[i].search = host_search_free(founds[i].search);
}

START_TEST(one_may_end_the_others) {
        for (size_t i = 0; i < N_SEARCHES; i++) {
                founds[i].then = end_others;
                search(&founds[i], NS1);
        }
        peer_wait(event, &n_told, 1);
        peer_settle(event);
        ck_assert_int_eq(n_told, 1);
}
END_TEST

static void search_again(Found *found) {
        found->then = NULL;
        search(found, NS1);
}

START_TEST(who_is_told_may_search_again) {
        for (size_t i = 0; i < 3; i++) {
                founds[i].then = search_again;
                search(&founds[i], NS1);
        }
        peer_wait(event, &n_told, 6);
        ck_assert_uint_eq(names_asked(), 1);
}
END_TEST

START_TEST(another_resolver_is_asked_anew) {
        ck_assert_str_eq(find(NS1), "0 " NS1 " (192.0.2.1); ");
        name_is("192.0.2.2");
        ck_assert_str_eq(find(NS1), "0 " NS1 " (192.0.2.1); ");
        hosts_set_resolver(hosts, NULL);
        ck_assert_str_eq(find(NS1), "0 " NS1 " (192.0.2.2); ");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, addresses_are_there_and_names_are_not, 0, ELEMENTSOF(ways));
        tcase_add_test(tcase, one_lookup_for_all_searches);
        tcase_add_test(tcase, port_is_of_the_search);
        tcase_add_test(tcase, server_is_of_one_address);
        tcase_add_test(tcase, order_is_kept);
        tcase_add_test(tcase, missing_hosts_are_passed_over);
        tcase_add_test(tcase, what_is_found_is_bounded);
        tcase_add_test(tcase, given_up_it_says_nothing);
        tcase_add_test(tcase, one_may_end_the_others);
        tcase_add_test(tcase, who_is_told_may_search_again);
        tcase_add_test(tcase, another_resolver_is_asked_anew);
}

UNIT_MAIN("hosts", add_tests)
