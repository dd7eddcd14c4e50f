/* daemon/fleet-apply: a configuration of many domains is followed in turns of the loop. Whatever
   comes in between finds the fleet in order, and no pass begins before all is known. */
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "daemon/fleet-self.h"
#include "lib/util.h"
#include "tests/unit/support_fleet.h"
#include "tests/unit/unit.h"

enum {
        N = 2500, /* some turns' worth */
};

static FleetWorld *const w = &fleet_world;
static char error[FLEET_ERROR_MAX];
static char many[N * 24 + 200];

/* d0000.contoso.com to d<n - 1>.contoso.com, behind what the list has, and more. */
static const char *list_many(unsigned n, const char *more) {
        size_t length =
                (size_t)snprintf(many, sizeof(many), "%s[Publish]\nDnsDomainPublishList=\n", more);

        for (unsigned i = 0; i < n; i++)
                length += (size_t)snprintf(many + length, sizeof(many) - length,
                                           "   d%04u.contoso.com\n", i);
        return many;
}

static void set_up(void) {
        fleet_world_open();
        error[0] = '\0';
}

static void tear_down(void) {
        fleet_world_close();
}

static size_t n_drivers(void) {
        FleetCounts counts;
        size_t n = 0;

        fleet_count(w->fleet, &counts);
        for (PublicationState state = 0; state < _PUBLICATION_STATE_MAX; state++)
                n += counts.n[state];
        return n;
}

static void on_driver(const Driver *driver, void *userdata) {
        *(bool *)userdata |= driver_publication(driver)->in_pass;
}

/* Whether a pass goes on. */
static bool has_begun(void) {
        bool has = false;

        (void)fleet_each(w->fleet, "", SIZE_MAX, on_driver, &has);
        return has;
}

/* One event of the loop. */
static void turn(void) {
        ck_assert_int_ge(sd_event_run(w->scratch.event, USEC_PER_SEC), 0);
}

/* What there is to do at once. */
static void rest(void) {
        for (int i = 0; i < 10; i++)
                ck_assert_int_ge(sd_event_run(w->scratch.event, 0), 0);
}

static void finish(void) {
        const int n = w->n_applied + 1;

        while (w->n_applied < n)
                turn();
}

START_TEST(followed_in_turns) {
        size_t n = 0, n_turns = 0;

        fleet_world_start("d0000.contoso.com", NULL, NULL);
        fleet_world_begin("d0000.contoso.com", NULL, list_many(N, ""));
        for (; w->n_applied < 2; n_turns++) {
                turn();
                ck_assert_uint_le(n_drivers() - n, 1100);
                n = n_drivers();
        }
        ck_assert_uint_ge(n_turns, 5);
        ck_assert_uint_eq(n, N);
        ck_assert(!has_begun());
}
END_TEST

/* Whether it was looked at already or not, whether its own or that of another. */
START_TEST(commands_in_the_middle) {
        static const char *const domains[] = {"d0000.contoso.com", "d2499.contoso.com"};
        const char *domain = domains[_i];

        fleet_world_start("contoso.com", NULL, list_many(N, ""));
        fleet_world_begin("contoso.com", NULL, many);
        for (int i = 0; i < 3; i++)
                turn();
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find(domain), error), 0);
        finish();
        ck_assert(driver_is_held(fleet_world_find(domain)));
        fleet_world_apply("contoso.com", NULL, many);
        ck_assert(driver_is_held(fleet_world_find(domain)));
        fleet_world_begin("contoso.com", NULL, many);
        turn();
        ck_assert_int_eq(fleet_publish(w->fleet, fleet_world_find(domain), error), 0);
        finish();
        ck_assert(!driver_is_held(fleet_world_find(domain)));
        fleet_world_apply("contoso.com", NULL, many);
        ck_assert(!driver_is_held(fleet_world_find(domain)));
}
END_TEST

/* What is written at the start does not come between the rows that are read then. */
START_TEST(withdrawn_while_it_starts) {
        fleet_world_remember("_vlmcs._tcp", "d0000.contoso.com", "kms1.contoso.com", false);
        fleet_world_make();
        fleet_world_begin("contoso.com", NULL, list_many(N, ""));
        turn();
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find("d0000.contoso.com"), error), 0);
        finish();
        ck_assert(driver_is_held(fleet_world_find("d0000.contoso.com")));
        ck_assert(driver_has_memory(fleet_world_find("d0000.contoso.com")));
}
END_TEST

/* A command that comes after the signal is the later word, whatever the file has changed; what is
   followed once the signal is obeyed is later still. */
START_TEST(withdrawn_while_it_changes) {
        static const char *const domains[] = {"d0000.contoso.com", "d2499.contoso.com"};
        const char *domain = domains[_i % 2];

        fleet_world_start("contoso.com", NULL, list_many(N, ""));
        if (_i >= 2)
                ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find(domain), error), 0);
        fleet_await(w->fleet, true);
        fleet_world_begin("contoso.com", "Priority=1", many);
        if (_i < 2)
                turn();
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find(domain), error), 0);
        finish();
        fleet_world_apply("contoso.com", "Priority=2", many);
        fleet_await(w->fleet, false);
        ck_assert(driver_is_held(fleet_world_find(domain)));
        fleet_world_apply("contoso.com", "Priority=3", many);
        ck_assert(!driver_is_held(fleet_world_find(domain)));
}
END_TEST

/* It left the list while no srvpubd ran: when it comes back nobody remembers the command. */
START_TEST(withdrawn_before_it_left) {
        fleet_world_start("contoso.com emea.contoso.com", NULL, NULL);
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find("emea.contoso.com"), error), 0);
        (void)fleet_world_rows(); /* it is in the file now */
        fleet_world_stop();
        fleet_world_start("contoso.com", NULL, NULL);
        fleet_world_apply("contoso.com emea.contoso.com", NULL, NULL);
        ck_assert(!driver_is_held(fleet_world_find("emea.contoso.com")));
}
END_TEST

/* What leaves the configuration takes its hold along, however late that was made. */
START_TEST(withdrawn_while_it_leaves) {
        fleet_world_start("contoso.com", NULL, list_many(N, ""));
        fleet_world_begin("contoso.com", NULL, list_many(N - 1, ""));
        turn();
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find("d2499.contoso.com"), error), 0);
        finish();
        fleet_world_apply("contoso.com", NULL, list_many(N, ""));
        ck_assert(!driver_is_held(fleet_world_find("d2499.contoso.com")));
}
END_TEST

/* The end waits until all is known: a record that is remembered is withdrawn. */
START_TEST(stopped_in_the_middle) {
        fleet_world_remember("_vlmcs._tcp", "d2400.contoso.com", "kms1.contoso.com", false);
        fleet_world_start("d2400.contoso.com", NULL, "[Ownership]\nOnStop=withdraw\n");
        fleet_world_begin("d0000.contoso.com", NULL,
                          list_many(N, "[Ownership]\nOnStop=withdraw\n"));
        for (int i = 0; i < _i; i++)
                turn();
        fleet_stop(w->fleet);
        ck_assert_int_eq(fleet_publish(w->fleet, fleet_world_find("d2400.contoso.com"), error),
                         -EINVAL);
        finish();
        ck_assert(!has_begun());
        while (fleet_n_pending(w->fleet) == 0)
                turn();
        ck_assert_uint_eq(fleet_n_pending(w->fleet), 1);
        ck_assert_int_eq(driver_publication(fleet_world_find("d2400.contoso.com"))->state,
                         PUBLICATION_WITHDRAWING);
        rest();
        ck_assert_int_eq(w->n_done, 0);
}
END_TEST

/* With nothing to withdraw it ends by itself, once. */
START_TEST(nothing_left_to_do) {
        fleet_world_start("d0000.contoso.com", NULL, NULL);
        fleet_world_begin("d0000.contoso.com", NULL, list_many(N, ""));
        turn();
        fleet_stop(w->fleet);
        finish();
        ck_assert_int_eq(w->n_done, 0);
        while (w->n_done == 0)
                turn();
        ck_assert(!has_begun());
        rest();
        ck_assert_int_eq(w->n_done, 1);
}
END_TEST

/* Nobody hears of it again. */
START_TEST(given_up_in_the_middle) {
        fleet_world_start("contoso.com", NULL, NULL);
        fleet_world_begin("contoso.com", NULL, list_many(N, ""));
        turn();
        fleet_world_stop();
        ck_assert_int_eq(w->n_applied, 1);
}
END_TEST

static unsigned n_trims;

/* In place of the C library's. */
int malloc_trim(size_t pad) {
        n_trims++;
        return 1;
}

/* When memory is given back next; 0: it is not. */
static uint64_t trim_after_usec(void) {
        uint64_t now_usec, usec;
        int enabled;

        ck_assert_int_ge(sd_event_source_get_enabled(w->fleet->trim, &enabled), 0);
        ck_assert_int_ge(sd_event_now(w->scratch.event, CLOCK_MONOTONIC, &now_usec), 0);
        ck_assert_int_ge(sd_event_source_get_time(w->fleet->trim, &usec), 0);
        return enabled == SD_EVENT_OFF ? 0 : usec - now_usec;
}

static void trim_now(void) {
        const unsigned n = n_trims + 1;

        ck_assert_int_ge(sd_event_source_set_time(w->fleet->trim, 0), 0);
        while (n_trims < n)
                turn();
}

/* Soon after much was done; and once more when its last passes, and its connections, are over. */
START_TEST(memory_is_given_back) {
        fleet_world_start("contoso.com", NULL, NULL);
        fleet_world_settle();
        n_trims = 0;
        fleet_litter(w->fleet, 900);
        ck_assert_uint_eq(trim_after_usec(), 0);
        fleet_litter(w->fleet, 100);
        ck_assert_uint_gt(trim_after_usec(), 0);
        ck_assert_uint_le(trim_after_usec(), USEC_PER_SEC);
        fleet_litter(w->fleet, 100);
        trim_now();
        ck_assert_uint_gt(trim_after_usec(), 5 * USEC_PER_SEC);
        fleet_litter(w->fleet, 999);
        ck_assert_uint_gt(trim_after_usec(), 5 * USEC_PER_SEC);
        trim_now();
        ck_assert_uint_eq(trim_after_usec(), 0);
        fleet_litter(w->fleet, 999);
        ck_assert_uint_eq(trim_after_usec(), 0);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, followed_in_turns);
        tcase_add_loop_test(tcase, commands_in_the_middle, 0, 2);
        tcase_add_test(tcase, withdrawn_while_it_starts);
        tcase_add_loop_test(tcase, withdrawn_while_it_changes, 0, 4);
        tcase_add_test(tcase, withdrawn_before_it_left);
        tcase_add_test(tcase, withdrawn_while_it_leaves);
        tcase_add_loop_test(tcase, stopped_in_the_middle, 0, 5);
        tcase_add_test(tcase, nothing_left_to_do);
        tcase_add_test(tcase, given_up_in_the_middle);
        tcase_add_test(tcase, memory_is_given_back);
}

UNIT_MAIN("fleet-apply", add_tests)
