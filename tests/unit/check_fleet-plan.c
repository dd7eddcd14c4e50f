/* daemon/fleet-plan: a look that is asked for (srvpubctl plan): answered exactly once, whatever
   happens, bounded in number, and without a change to anything. */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "lib/util.h"
#include "tests/unit/support_fleet.h"
#include "tests/unit/support_stderr.h"
#include "tests/unit/unit.h"

#define RR "_vlmcs._tcp.contoso.com. 3600 IN "
#define KMS1 RR "SRV 0 0 1688 kms1.contoso.com.\n"
#define KMS2 RR "SRV 0 0 1688 kms2.contoso.com.\n"
#define NO_CLAIMS "[Ownership]\nClaims=no\n"

enum {
        LOOKS_MAX = 64,
};

/* Who asked, and what was answered. */
typedef struct Asker {
        int n_done;
        bool well, takes_over;
        char domain[100], record[100], zone[100], server[100], verdict[100], text[2000],
                script[2000];
        void (*then)(void);
} Asker;

static FleetWorld *const w = &fleet_world;
static Asker askers[LOOKS_MAX + 1];
static int n_done;

#define KEEP(field) (void)snprintf(asker->field, sizeof(asker->field), "%s", plan->field)

static void on_planned(const FleetPlan *plan, void *userdata) {
        Asker *asker = userdata;

        asker->n_done++;
        n_done++;
        asker->well = plan->well;
        asker->takes_over = plan->takes_over;
        KEEP(domain);
        KEEP(record);
        KEEP(zone);
        KEEP(server);
        KEEP(verdict);
        KEEP(text);
        KEEP(script);
        if (asker->then)
                asker->then();
}

static void set_up(void) {
        fleet_world_open();
        memset(askers, 0, sizeof(askers));
        n_done = 0;
}

static void tear_down(void) {
        fleet_world_close();
}

/* Published, and its own pass is over. */
static void publish(void) {
        w->srv = KMS1;
        fleet_world_start("contoso.com", NULL, NO_CLAIMS);
        fleet_world_wait(&w->n_ended, 1);
}

static int ask(Asker *asker, const char *domain, const Srv *from) {
        int n_before = n_done;
        int r = fleet_plan(w->fleet, fleet_world_find(domain), from, on_planned, asker);

        ck_assert_int_eq(n_done, n_before); /* never from within */
        return r;
}

static const Asker *plan_of(const char *domain, const Srv *from) {
        ck_assert_int_eq(ask(&askers[0], domain, from), 0);
        fleet_world_wait(&n_done, 1);
        fleet_world_settle();
        ck_assert_int_eq(n_done, 1);
        return &askers[0];
}

/* --- what is answered ------------------------------------------------------------------------- */

START_TEST(plan_has_words_and_a_script) {
        const Asker *plan;

        publish();
        w->srv = KMS2;
        plan = plan_of("contoso.com", NULL);
        ck_assert(plan->well && !plan->takes_over);
        ck_assert_str_eq(plan->domain, "contoso.com");
        ck_assert_str_eq(plan->record, "_vlmcs._tcp.contoso.com");
        ck_assert_str_eq(plan->zone, "contoso.com");
        ck_assert_int_eq(strncmp(plan->server, "127.0.0.1", 9), 0);
        ck_assert_str_eq(plan->verdict, "publish");
        ck_assert_str_eq(plan->text, "  SRV 0 0 1688 kms2.contoso.com. TTL 3600 (unclaimed)\n"
                                     "+ SRV 0 0 1688 kms1.contoso.com. TTL 3600\n");
        ck_assert_ptr_nonnull(strstr(plan->script, "zone contoso.com.\n"));
        ck_assert_ptr_nonnull(strstr(
                plan->script,
                "update add _vlmcs._tcp.contoso.com. 3600 SRV 0 0 1688 kms1.contoso.com.\n"));
}
END_TEST

START_TEST(nothing_to_do_has_no_script) {
        const Asker *plan;

        publish();
        plan = plan_of("contoso.com", NULL);
        ck_assert(plan->well);
        ck_assert_str_eq(plan->verdict, "in order");
        ck_assert_str_eq(plan->script, "");
}
END_TEST

/* O9: what a takeover would do, before it is done. */
START_TEST(takeover_is_shown_first) {
        Srv from = {.port = 1688};
        const Asker *plan;

        publish();
        w->srv = KMS1 KMS2;
        ck_assert_int_eq(name_from_text("kms2.contoso.com", &from.target), 0);
        plan = plan_of("contoso.com", &from);
        ck_assert(plan->well && plan->takes_over);
        ck_assert_ptr_nonnull(strstr(plan->text, "- SRV 0 0 1688 kms2.contoso.com."));
        memset(askers, 0, sizeof(askers));
        n_done = 0;
        ck_assert_int_eq(name_from_text("kms3.contoso.com", &from.target), 0);
        plan = plan_of("contoso.com", &from);
        ck_assert(plan->well && !plan->takes_over);
        ck_assert_int_eq(w->n_updates, 0);
}
END_TEST

/* It changes nothing: neither DNS, nor the state, nor what the domain's own passes know. */
START_TEST(plan_changes_nothing) {
        PublicationState state;
        uint64_t due_usec;

        publish();
        state = driver_publication(fleet_world_find("contoso.com"))->state;
        due_usec = driver_publication(fleet_world_find("contoso.com"))->due_usec;
        w->srv = "";
        ck_assert_str_eq(plan_of("contoso.com", NULL)->verdict, "publish");
        ck_assert_int_eq(w->n_updates, 0);
        ck_assert_str_eq(fleet_world_rows(), "_vlmcs._tcp.contoso.com kms1.contoso.com\n");
        ck_assert_int_eq(driver_publication(fleet_world_find("contoso.com"))->state, state);
        ck_assert_uint_eq(driver_publication(fleet_world_find("contoso.com"))->due_usec, due_usec);
        ck_assert_int_eq(w->n_ended, 1);
}
END_TEST

/* Also of what is only being withdrawn, at once although the withdrawal waits (O13). */
START_TEST(withdrawal_is_planned_at_once) {
        const Asker *plan;

        w->fqdn = _i ? "kms1.contoso.com" : NULL;
        fleet_world_remember("_vlmcs._tcp", "contoso.com", "kms2.contoso.com", _i);
        fleet_world_start("emea.contoso.com", NULL, NO_CLAIMS);
        w->update_rcode = LDNS_RCODE_REFUSED;
        w->srv = KMS2;
        plan = plan_of("contoso.com", NULL);
        ck_assert(plan->well);
        ck_assert(!_i || !strstr(w->updates, "kms2"));
        ck_assert_str_eq(plan->verdict, "withdraw");
        ck_assert_ptr_nonnull(strstr(plan->script, "update delete"));
}
END_TEST

/* O6, O7: whatever the mode, the plan is shown. */
START_TEST(plan_of_each_mode) {
        static const char *const sections[] = {"Mode=observe\n", "Mode=exclusive\n"};
        static const char *const verdicts[] = {"publish", "standby"};
        char text[100];

        w->srv = KMS2;
        (void)snprintf(text, sizeof(text), NO_CLAIMS "%s", sections[_i]);
        fleet_world_start("contoso.com", NULL, text);
        fleet_world_wait(&w->n_ended, 1);
        ck_assert_str_eq(plan_of("contoso.com", NULL)->verdict, verdicts[_i]);
        ck_assert_int_eq(w->n_updates, 0);
}
END_TEST

/* --- failures --------------------------------------------------------------------------------- */

/* To who asked, and nobody else: it is no news of the domain. */
START_TEST(failure_says_why) {
        const Asker *plan;

        publish();
        w->query_rcode = LDNS_RCODE_REFUSED;
        stderr_catch(LOG_DEBUG);
        plan = plan_of("contoso.com", NULL);
        fleet_world_stop(); /* with it goes what is to be told later */
        ck_assert_str_eq(stderr_told(), "");
        stderr_release();
        ck_assert(!plan->well && !plan->takes_over);
        ck_assert_str_eq(plan->domain, "contoso.com");
        ck_assert_msg(strstr(plan->text, "REFUSED"), "%s", plan->text);
        ck_assert_str_eq(plan->script, "");
        ck_assert_str_eq(plan->verdict, "");
}
END_TEST

/* Everybody may ask. */
START_TEST(looks_are_bounded) {
        publish();
        for (size_t i = 0; i < LOOKS_MAX; i++)
                ck_assert_int_eq(ask(&askers[i], "contoso.com", NULL), 0);
        ck_assert_int_eq(ask(&askers[LOOKS_MAX], "contoso.com", NULL), -EBUSY);
        fleet_world_wait(&n_done, LOOKS_MAX);
        fleet_world_settle();
        ck_assert_int_eq(n_done, LOOKS_MAX);
        for (size_t i = 0; i < LOOKS_MAX; i++)
                ck_assert(askers[i].n_done == 1 && askers[i].well);
        ck_assert_int_eq(askers[LOOKS_MAX].n_done, 0);
        ck_assert_int_eq(ask(&askers[LOOKS_MAX], "contoso.com", NULL), 0);
        fleet_world_wait(&n_done, LOOKS_MAX + 1);
}
END_TEST

/* Before it began, and in the middle. */
START_TEST(end_of_the_fleet_answers) {
        publish();
        ck_assert_int_eq(ask(&askers[0], "contoso.com", NULL), 0);
        ck_assert_int_eq(ask(&askers[1], "contoso.com", NULL), 0);
        if (_i > 0)
                peer_settle(w->scratch.event);
        fleet_world_stop();
        ck_assert_int_eq(n_done, 2);
        for (size_t i = 0; i < 2; i++) {
                ck_assert(askers[i].n_done == 1 && !askers[i].well);
                ck_assert_str_eq(askers[i].text, "srvpubd is stopping");
                ck_assert_str_eq(askers[i].domain, "contoso.com");
        }
}
END_TEST

/* The look goes on with what was wanted when it was asked for. */
START_TEST(domain_may_go_meanwhile) {
        publish();
        ck_assert_int_eq(ask(&askers[0], "contoso.com", NULL), 0);
        fleet_world_apply("emea.contoso.com", NULL, NO_CLAIMS);
        fleet_world_wait(&n_done, 1);
        ck_assert(askers[0].well);
        ck_assert_str_eq(askers[0].domain, "contoso.com");
}
END_TEST

static void ask_again(void) {
        askers[0].then = NULL;
        ck_assert_int_eq(ask(&askers[1], "contoso.com", NULL), 0);
}

START_TEST(answer_may_lead_to_another_question) {
        publish();
        askers[0].then = ask_again;
        ck_assert_int_eq(ask(&askers[0], "contoso.com", NULL), 0);
        fleet_world_wait(&n_done, 2);
        ck_assert(askers[1].well);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, plan_has_words_and_a_script);
        tcase_add_test(tcase, nothing_to_do_has_no_script);
        tcase_add_test(tcase, takeover_is_shown_first);
        tcase_add_test(tcase, plan_changes_nothing);
        tcase_add_loop_test(tcase, withdrawal_is_planned_at_once, 0, 2);
        tcase_add_loop_test(tcase, plan_of_each_mode, 0, 2);
        tcase_add_test(tcase, failure_says_why);
        tcase_add_test(tcase, looks_are_bounded);
        tcase_add_loop_test(tcase, end_of_the_fleet_answers, 0, 2);
        tcase_add_test(tcase, domain_may_go_meanwhile);
        tcase_add_test(tcase, answer_may_lead_to_another_question);
}

UNIT_MAIN("fleet-plan", add_tests)
