/* daemon/host-names (E8): a name is looked up once for all who want it, at this machine or at a
   resolver; what was found is known for a moment, and then gone. Time is the suite's. */
#include "daemon/host-names.h"

#include <dlfcn.h>
#include <errno.h>
#include <search.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "lib/util.h"
#include "tests/unit/support_host_names.h"
#include "tests/unit/support_peer.h"
#include "tests/unit/unit.h"

#define NS1 "ns1." NAMES_DOMAIN
#define NS2 "ns2." NAMES_DOMAIN
#define LABEL "a2345678901234567890123456789012345678901234567890123456789012"

enum {
        MANY = 3000,
        KNOWN_MAX = 1024,
        SLICE = 256,
};

static uint64_t clock_offset_usec;
static int n_entries; /* of the tree */

/* --- in place of the C library's -------------------------------------------------------------- */

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret_list) {
        return names_getaddrinfo(node, service, hints, ret_list);
}

/* For sd-event too. */
int clock_gettime(clockid_t clock, struct timespec *ret_time) {
        int r = (int)syscall(SYS_clock_gettime, clock, ret_time);

        if (clock == CLOCK_BOOTTIME)
                ret_time->tv_sec += (time_t)(clock_offset_usec / USEC_PER_SEC);
        return r;
}

void *tsearch(const void *key, void **root, __compar_fn_t compare) {
        __typeof__(tsearch) *real = (__typeof__(real))dlsym(RTLD_NEXT, "tsearch");

        n_entries++;
        return real(key, root, compare);
}

void *tdelete(const void *restrict key, void **restrict root, __compar_fn_t compare) {
        __typeof__(tdelete) *real = (__typeof__(real))dlsym(RTLD_NEXT, "tdelete");

        n_entries--;
        return real(key, root, compare);
}

/* --- the scene -------------------------------------------------------------------------------- */

static void set_up(void) {
        n_entries = 0;
        finding_setup();
}

static void tear_down(void) {
        finding_teardown();
        ck_assert_int_eq(n_entries, 0);
}

/* The loop hears of it. */
static void pass(uint64_t sec) {
        clock_offset_usec += sec * USEC_PER_SEC;
        ck_assert_int_ge(sd_event_run(finding.event, 0), 0);
        peer_settle(finding.event);
}

/* The first so many wait for one name. */
static void ask_many(Source source, size_t n) {
        use(source);
        for (size_t i = 0; i < n; i++)
                ask(&finding.waiters[i], NS1);
}

/* --- once for all ----------------------------------------------------------------------------- */

START_TEST(who_asks_meanwhile_joins) {
        static const char *const spelt[] = {NS1, "NS1." NAMES_DOMAIN, "ns1.CONTOSO.com"};

        use(_i);
        hold();
        for (size_t i = 0; i < N_WAITERS; i++)
                ask(&finding.waiters[i], spelt[i % ELEMENTSOF(spelt)]);
        peer_settle(finding.event);
        ck_assert_int_eq(finding.n_told, 0);
        ck_assert_int_eq(n_entries, 1);
        release();
        wait_told(N_WAITERS);
        for (size_t i = 0; i < N_WAITERS; i++)
                ck_assert_str_eq(finding.waiters[i].text, "192.0.2.1");
        ck_assert_uint_eq(count_asked(), 1);
}
END_TEST

START_TEST(another_name_is_another_lookup) {
        use(_i);
        ask(&finding.waiters[0], NS1);
        ask(&finding.waiters[1], NS2);
        wait_told(2);
        ck_assert_uint_eq(count_asked(), 2);
        ck_assert_int_eq(n_entries, 2);
}
END_TEST

/* --- for a moment ----------------------------------------------------------------------------- */

START_TEST(known_for_a_moment) {
        use(_i);
        expect_found(NS1, "192.0.2.1");
        host_has("192.0.2.2");
        expect_known(NS1, "192.0.2.1");
        pass(4);
        expect_known("NS1." NAMES_DOMAIN, "192.0.2.1");
        pass(1);
        expect_found(NS1, "192.0.2.2");
        expect_known(NS1, "192.0.2.2"); /* asking did not make the former one any older */
}
END_TEST

START_TEST(failure_is_known_for_less) {
        static const char *const reasons[] = {"! Name or service not known",
                                              "! no A or AAAA record"};

        use(_i);
        host_has(NULL);
        expect_found(NS1, reasons[_i]);
        host_has("192.0.2.1");
        expect_known(NS1, reasons[_i]);
        pass(1);
        expect_found(NS1, "192.0.2.1");
        pass(4);
        expect_known(NS1, "192.0.2.1");
}
END_TEST

START_TEST(failure_says_who_said_what) {
        use(RESOLVER);
        finding.rcode = LDNS_RCODE_SERVFAIL;
        ask(&finding.waiters[0], NS1);
        wait_told(1);
        ck_assert_ptr_nonnull(strstr(finding.waiters[0].text, "! 127.0.0.1:"));
        ck_assert_ptr_nonnull(strstr(finding.waiters[0].text, ": SERVFAIL"));
}
END_TEST

/* Nobody has to ask for what is old to go. */
START_TEST(goes_when_it_is_old) {
        use(_i);
        expect_found(NS1, "192.0.2.1");
        pass(3);
        host_has(NULL);
        ask(&finding.waiters[0], NS2);
        wait_told(1);
        ck_assert_int_eq(n_entries, 2);
        pass(3);
        ck_assert_int_eq(n_entries, 1);
        pass(3);
        ck_assert_int_eq(n_entries, 0);
}
END_TEST

/* The oldest goes for the newest. */
START_TEST(not_more_than_so_many_are_known) {
        static Waiter many[MANY];
        char name[64];

        use(MACHINE);
        memset(many, 0, sizeof(many));
        for (int i = 0; i < MANY; i++) {
                (void)snprintf(name, sizeof(name), "ns%d." NAMES_DOMAIN, i);
                ask(&many[i], name);
        }
        ck_assert_int_eq(n_entries, MANY); /* somebody waits for each */
        wait_told(MANY);
        ck_assert_int_eq(n_entries, KNOWN_MAX);
        expect_known(name, "192.0.2.1");
        expect_found("ns0." NAMES_DOMAIN, "192.0.2.1");
        ck_assert_int_eq(n_entries, KNOWN_MAX);
        pass(6);
        ck_assert_int_eq(n_entries, 0);
}
END_TEST

/* --- who goes, and what comes meanwhile ------------------------------------------------------- */

START_TEST(one_may_leave_the_others) {
        hold();
        ask_many(_i, 3);
        host_names_leave(&finding.waiters[0].waiter); /* who began it */
        release();
        wait_told(2);
        ck_assert_int_eq(finding.waiters[0].n_told, 0);
        ck_assert_uint_eq(count_asked(), 1);
        host_names_leave(&finding.waiters[1].waiter); /* it waits no more */
}
END_TEST

START_TEST(last_one_ends_the_lookup) {
        hold();
        ask_many(_i, 2);
        for (size_t i = 0; i < 2; i++)
                host_names_leave(&finding.waiters[i].waiter);
        ck_assert_int_eq(n_entries, 0);
        release();
        peer_settle(finding.event);
        ask(&finding.waiters[2], NS1);
        wait_told(1);
        ck_assert_int_eq(finding.waiters[2].n_told, 1);
}
END_TEST

static void end_others(Waiter *waiter) {
        for (size_t i = 0; i < N_WAITERS; i++)
                if (&finding.waiters[i] != waiter)
                        host_names_leave(&finding.waiters[i].waiter);
}

START_TEST(who_is_told_may_end_the_others) {
        use(_i);
        for (size_t i = 0; i < N_WAITERS; i++) {
                finding.waiters[i].then = end_others;
                ask(&finding.waiters[i], NS1);
        }
        wait_told(1);
        expect_known(NS1, "192.0.2.1");
}
END_TEST

/* All that wait for a name are not told in one go: what else has happened has its turn between. */
START_TEST(many_are_told_in_turns) {
        int n_before = 0, n_turns = 0;

        ask_many(_i, N_WAITERS);
        while (finding.n_told == 0)
                serve_once();
        for (; finding.n_told > n_before; n_turns++) {
                ck_assert_int_le(finding.n_told - n_before, SLICE);
                n_before = finding.n_told;
                if (n_turns == 0)
                        expect_known(NS1, "192.0.2.1"); /* who asks now need not wait */
                ck_assert_int_ge(sd_event_run(finding.event, 0), 0);
        }
        ck_assert_int_eq(finding.n_told, N_WAITERS);
        ck_assert_int_eq(n_turns, (N_WAITERS + SLICE - 1) / SLICE);
        for (size_t i = 0; i < N_WAITERS; i++)
                ck_assert_int_eq(finding.waiters[i].n_told, 1);
        expect_known(NS1, "192.0.2.1");
}
END_TEST

/* Those that are left may go, and all of it may end. */
START_TEST(who_is_left_may_leave) {
        ask_many(_i, N_WAITERS);
        while (finding.n_told == 0)
                serve_once();
        for (size_t i = 0; i < N_WAITERS; i++)
                host_names_leave(&finding.waiters[i].waiter);
        ck_assert_int_eq(n_entries, 1);
        if (_i == MACHINE)
                expect_known(NS1, "192.0.2.1");
}
END_TEST

static void ask_again(Waiter *waiter) {
        waiter->then = NULL;
        ask(waiter, NS1);
}

START_TEST(who_is_told_may_ask_again) {
        use(_i);
        for (size_t i = 0; i < 3; i++) {
                finding.waiters[i].then = ask_again;
                ask(&finding.waiters[i], NS1);
        }
        wait_told(6);
        for (size_t i = 0; i < 3; i++)
                ck_assert_int_eq(finding.waiters[i].n_told, 2);
        ck_assert_uint_eq(count_asked(), 1);
}
END_TEST

/* --- another resolver ------------------------------------------------------------------------- */

START_TEST(another_resolver_knows_nothing) {
        use(_i);
        expect_found(NS1, "192.0.2.1");
        use(!_i);
        ck_assert_int_eq(n_entries, 0);
        host_has("192.0.2.2");
        expect_found(NS1, "192.0.2.2");
}
END_TEST

/* What was asked for before is for those who wait for it. */
START_TEST(another_resolver_is_asked_anew) {
        use(MACHINE);
        hold();
        ask(&finding.waiters[0], NS1);
        use(RESOLVER);
        finding.known[0] = "192.0.2.2"; /* the machine is asked for the other one */
        finding.is_held = false;
        expect_found(NS1, "192.0.2.2");
        ck_assert_int_eq(finding.waiters[0].n_told, 0);
        release();
        wait_told(1);
        ck_assert_str_eq(finding.waiters[0].text, "192.0.2.1");
        ck_assert_int_eq(n_entries, 1);
        expect_known(NS1, "192.0.2.2");
}
END_TEST

static void change_resolver(Waiter *waiter) {
        use(finding.source);
}

START_TEST(who_is_told_may_change_the_resolver) {
        ask_many(_i, 3);
        finding.waiters[1].then = change_resolver;
        wait_told(3);
        for (size_t i = 0; i < 3; i++)
                ck_assert_str_eq(finding.waiters[i].text, "192.0.2.1");
        ck_assert_int_eq(n_entries, 0);
        expect_found(NS1, "192.0.2.1");

        finding.waiters[0].then = change_resolver; /* as he asks */
        ask(&finding.waiters[0], NS1);
        ck_assert_str_eq(finding.waiters[0].text, "192.0.2.1");
        ck_assert_int_eq(n_entries, 0);
}
END_TEST

/* --- addresses -------------------------------------------------------------------------------- */

static const char *const both[] = {"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"};

START_TEST(order_of_the_machine_is_kept) {
        use(MACHINE);
        hosts_have(both, ELEMENTSOF(both));
        expect_found(NS1, "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2");
}
END_TEST

/* The answers come in this order and in that: the addresses do not. */
START_TEST(order_of_a_resolver_is_kept) {
        static const ldns_rr_type lates[] = {0, LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};

        use(RESOLVER);
        hosts_have(both, ELEMENTSOF(both));
        finding.late_type = lates[_i];
        expect_found(NS1, "192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2");
}
END_TEST

/* What is more than fits is left out, and is always the same. */
START_TEST(addresses_are_bounded) {
        static const ldns_rr_type lates[] = {0, LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};
        const char *addresses[NAMES_ADDRESSES_MAX];
        char texts[NAMES_ADDRESSES_MAX][INET6_ADDRSTRLEN];

        for (int i = 0; i < NAMES_ADDRESSES_MAX; i++) {
                (void)snprintf(texts[i], sizeof(texts[i]),
                               i < NAMES_ADDRESSES_MAX / 2 ? "2001:db8::%d" : "192.0.2.%d", i + 1);
                addresses[i] = texts[i];
        }
        hosts_have(addresses, NAMES_ADDRESSES_MAX);
        use(MACHINE);
        expect_found(NS1, "2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4 2001:db8::5 "
                          "2001:db8::6 2001:db8::7 2001:db8::8");
        use(RESOLVER);
        finding.late_type = lates[_i];
        expect_found(NS1, "192.0.2.33 192.0.2.34 192.0.2.35 192.0.2.36 192.0.2.37 192.0.2.38 "
                          "192.0.2.39 192.0.2.40");
        hosts_have(addresses + NAMES_ADDRESSES_MAX / 2 - 12, 15);
        expect_found(NS2, "192.0.2.33 192.0.2.34 192.0.2.35 2001:db8::21 2001:db8::22 "
                          "2001:db8::23 2001:db8::24 2001:db8::25");
}
END_TEST

START_TEST(names_are_bounded) {
        char name[ENDPOINT_HOST_MAX];

        memset(name, 'a', sizeof(name));
        for (size_t i = 50; i < sizeof(name); i += 50)
                name[i] = '.';
        strcpy(name + sizeof(name) - 1 - strlen("." NAMES_DOMAIN), "." NAMES_DOMAIN);
        ck_assert_uint_eq(strlen(name), ENDPOINT_HOST_MAX - 1);
        use(_i);
        expect_found(name, "192.0.2.1");
        expect_known(name, "192.0.2.1");
}
END_TEST

/* He is not told: he knows. */
START_TEST(what_is_no_name_is_an_error) {
        static const char *const wrong[] = {"", "a..b", LABEL "34." NAMES_DOMAIN};

        use(RESOLVER);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                ck_assert_int_eq(try_to_ask(&finding.waiters[i], wrong[i]), -EINVAL);
        peer_settle(finding.event);
        ck_assert_int_eq(finding.n_told, 0);
        ck_assert_int_eq(n_entries, 0);
        expect_found(LABEL "3." NAMES_DOMAIN, "192.0.2.1");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, who_asks_meanwhile_joins, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, another_name_is_another_lookup, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, known_for_a_moment, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, failure_is_known_for_less, 0, _SOURCE_MAX);
        tcase_add_test(tcase, failure_says_who_said_what);
        tcase_add_loop_test(tcase, goes_when_it_is_old, 0, _SOURCE_MAX);
        tcase_add_test(tcase, not_more_than_so_many_are_known);
        tcase_add_loop_test(tcase, one_may_leave_the_others, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, last_one_ends_the_lookup, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, who_is_told_may_end_the_others, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, many_are_told_in_turns, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, who_is_left_may_leave, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, who_is_told_may_ask_again, 0, _SOURCE_MAX);
        tcase_add_loop_test(tcase, another_resolver_knows_nothing, 0, _SOURCE_MAX);
        tcase_add_test(tcase, another_resolver_is_asked_anew);
        tcase_add_loop_test(tcase, who_is_told_may_change_the_resolver, 0, _SOURCE_MAX);
        tcase_add_test(tcase, order_of_the_machine_is_kept);
        tcase_add_loop_test(tcase, order_of_a_resolver_is_kept, 0, 3);
        tcase_add_loop_test(tcase, addresses_are_bounded, 0, 3);
        tcase_add_loop_test(tcase, names_are_bounded, 0, _SOURCE_MAX);
        tcase_add_test(tcase, what_is_no_name_is_an_error);
}

UNIT_MAIN("host-names", add_tests)
