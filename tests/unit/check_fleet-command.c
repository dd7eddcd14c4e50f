/* daemon/fleet-command: finding and listing, and what an operator may ask of one domain: withdraw
   and publish (which hold over a restart), forget, takeover; each refusal with its sentence. */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_fleet.h"
#include "tests/unit/unit.h"

#define RR "_vlmcs._tcp.contoso.com. 3600 IN "
#define KMS1 RR "SRV 0 0 1688 kms1.contoso.com.\n"
#define KMS2 RR "SRV 0 0 1688 kms2.contoso.com.\n"
#define NO_CLAIMS "[Ownership]\nClaims=no\n"

static FleetWorld *const w = &fleet_world;
static char error[FLEET_ERROR_MAX];

static void set_up(void) {
        fleet_world_open();
        error[0] = '\0';
}

static void tear_down(void) {
        fleet_world_close();
}

static PublicationState state_of(const char *domain) {
        return driver_publication(fleet_world_find(domain))->state;
}

/* --- looking ---------------------------------------------------------------------------------- */

START_TEST(found_by_domain_or_record_without_case) {
        Driver *driver;

        fleet_world_start("contoso.com emea.contoso.com", NULL, NULL);
        driver = fleet_world_find("emea.contoso.com");
        ck_assert_str_eq(driver_domain(driver), "emea.contoso.com");
        ck_assert_ptr_eq(fleet_find(w->fleet, "EMEA.Contoso.com"), driver);
        ck_assert_ptr_eq(fleet_find(w->fleet, "_VLMCS._tcp.emea.contoso.COM"), driver);
        ck_assert_ptr_ne(fleet_find(w->fleet, "contoso.com"), driver);
        ck_assert_ptr_null(fleet_find(w->fleet, "com"));
        ck_assert_ptr_null(fleet_find(w->fleet, ""));
        ck_assert_ptr_null(fleet_find(w->fleet, "_vlmcs._tcp"));
}
END_TEST

/* Whatever comes over the bus. */
START_TEST(long_names_are_not_found) {
        static char name[5000];

        fleet_world_start("contoso.com", NULL, NULL);
        memset(name, 'a', sizeof(name) - 1);
        ck_assert_ptr_null(fleet_find(w->fleet, name));
}
END_TEST

/* O13: what an earlier service left is found by its domain too, but the present one comes first. */
START_TEST(found_by_domain_of_an_earlier_service) {
        fleet_world_remember("_old._tcp", "contoso.com", "kms1.contoso.com", false);
        fleet_world_remember("_old._tcp", "emea.contoso.com", "kms1.contoso.com", false);
        fleet_world_start("contoso.com", NULL, NULL);
        ck_assert_str_eq(driver_record(fleet_world_find("contoso.com")), "_vlmcs._tcp.contoso.com");
        ck_assert_str_eq(driver_record(fleet_world_find("emea.contoso.com")),
                         "_old._tcp.emea.contoso.com");
        ck_assert_str_eq(driver_record(fleet_world_find("_old._tcp.contoso.com")),
                         "_old._tcp.contoso.com");
}
END_TEST

/* A reload may replace the configuration and yet end before the fleet hears of it. */
START_TEST(found_when_the_configuration_has_gone) {
        fleet_world_start("contoso.com", NULL, NULL);
        config_box_read(w->box, "");
        ck_assert_str_eq(driver_domain(fleet_world_find("contoso.com")), "contoso.com");
        ck_assert_ptr_null(fleet_find(w->fleet, "emea.contoso.com"));
}
END_TEST

static char listed[1000];

static void on_listed(const Driver *driver, void *userdata) {
        (void)strcat(listed, driver_domain(driver));
        (void)strcat(listed, " ");
        *(const char **)userdata = driver_record(driver);
}

/* In pages: each once, in order of record name without case, whatever the length of a page. */
START_TEST(listed_in_pages) {
        size_t n_all = 0, n, limit = (size_t)_i + 1;
        const char *last = "";

        fleet_world_start("d.contoso.com B.contoso.com a.contoso.com c.contoso.com E.contoso.com",
                          NULL, NULL);
        listed[0] = '\0';
        do {
                n = fleet_each(w->fleet, last, limit, on_listed, &last);
                ck_assert_uint_le(n, limit);
                n_all += n;
        } while (n > 0);
        ck_assert_uint_eq(n_all, 5);
        ck_assert_str_eq(listed,
                         "a.contoso.com B.contoso.com c.contoso.com d.contoso.com E.contoso.com ");
        /* Behind one that has gone meanwhile, and behind all. */
        listed[0] = '\0';
        ck_assert_uint_eq(fleet_each(w->fleet, "_vlmcs._tcp.bb", 9, on_listed, &last), 3);
        ck_assert_str_eq(listed, "c.contoso.com d.contoso.com E.contoso.com ");
        ck_assert_uint_eq(fleet_each(w->fleet, "~", 9, on_listed, &last), 0);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

typedef int (*Command)(Fleet *fleet, Driver *driver, char text[static FLEET_ERROR_MAX]);

static int take_over(Fleet *fleet, Driver *driver, char text[static FLEET_ERROR_MAX]) {
        Srv from = {.port = 1688};

        ck_assert_int_eq(name_from_text("kms2.contoso.com", &from.target), 0);
        return fleet_takeover(fleet, driver, &from, text);
}

/* contoso.com is in the list, old.contoso.com has left it, dry.contoso.com is only observed. */
static const struct {
        Command command;
        const char *domain, *words;
} refusals[] = {
        {fleet_publish, "old.contoso.com",
         "old.contoso.com is not published from here any more, only its record is still to be "
         "withdrawn: put it into DnsDomainPublishList= again first"},
        {take_over, "old.contoso.com",
         "old.contoso.com is not published from here any more, only its record is still to be "
         "withdrawn: put it into DnsDomainPublishList= again first"},
        {fleet_withdraw, "old.contoso.com", "old.contoso.com is being withdrawn already"},
        {fleet_forget, "contoso.com",
         "contoso.com is published from here: take it out of DnsDomainPublishList= first; forget "
         "is for a withdrawal that can never be done"},
        {fleet_withdraw, "dry.contoso.com",
         "dry.contoso.com has Mode=observe: nothing is written for it"},
        {take_over, "dry.contoso.com",
         "dry.contoso.com has Mode=observe: nothing is written for it"},
};

START_TEST(what_cannot_be_asked_is_refused) {
        fleet_world_remember("_vlmcs._tcp", "old.contoso.com", "kms1.contoso.com", false);
        fleet_world_start("contoso.com dry.contoso.com", NULL,
                          "[Domain dry.contoso.com]\nMode=observe\n");
        ck_assert_int_eq(
                refusals[_i].command(w->fleet, fleet_world_find(refusals[_i].domain), error),
                -EINVAL);
        ck_assert_str_eq(error, refusals[_i].words);
        ck_assert(!driver_is_held(fleet_world_find(refusals[_i].domain)));
}
END_TEST

/* The bus is served until the end; only what was wanted before it is counted. */
static const Command commands[] = {fleet_publish, fleet_withdraw, fleet_forget, take_over};

START_TEST(nothing_begins_while_stopping) {
        fleet_world_remember("_vlmcs._tcp", "contoso.com", "kms1.contoso.com", false);
        fleet_world_remember("_vlmcs._tcp", "old.contoso.com", "kms1.contoso.com", false);
        fleet_world_start("contoso.com", NULL, "[Ownership]\nOnStop=withdraw\n");
        ck_assert_uint_eq(fleet_world_end(), 1);
        for (unsigned i = 0; i < 2; i++) {
                const char *domain = i ? "old.contoso.com" : "contoso.com";

                error[0] = '\0';
                ck_assert_int_eq(commands[_i](w->fleet, fleet_world_find(domain), error), -EINVAL);
                ck_assert_str_eq(error, "srvpubd is stopping");
        }
        ck_assert_uint_eq(fleet_n_pending(w->fleet), 1);
}
END_TEST

START_TEST(held_domain_is_not_taken_over) {
        fleet_world_start("contoso.com", NULL, NULL);
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find("contoso.com"), error), 0);
        ck_assert_int_eq(take_over(w->fleet, fleet_world_find("contoso.com"), error), -EINVAL);
        ck_assert_str_eq(error, "contoso.com was withdrawn by command: srvpubctl publish "
                                "contoso.com comes before a takeover");
}
END_TEST

/* --- withdraw and publish --------------------------------------------------------------------- */

static void publish_first(void) {
        w->srv_after = KMS1;
        fleet_world_start("contoso.com", NULL, NO_CLAIMS);
        fleet_world_wait(&w->n_ended, 1);
        ck_assert_int_eq(state_of("contoso.com"), PUBLICATION_PUBLISHED);
        ck_assert_str_eq(fleet_world_rows(), "_vlmcs._tcp.contoso.com kms1.contoso.com\n");
}

static void withdraw_first(void) {
        publish_first();
        w->srv_after = "";
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find("contoso.com"), error), 0);
        ck_assert(driver_is_held(fleet_world_find("contoso.com")));
        fleet_world_wait(&w->n_ended, 2);
        ck_assert_int_eq(state_of("contoso.com"), PUBLICATION_WITHDRAWN);
        ck_assert_str_eq(fleet_world_rows(), "");
}

START_TEST(withdrawn_by_command_and_published_again) {
        withdraw_first();
        fleet_world_settle();
        ck_assert_int_eq(w->n_updates, 2);
        /* Asked for again it looks, and stays as it is. */
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find("contoso.com"), error), 0);
        fleet_world_wait(&w->n_ended, 3);
        ck_assert_int_eq(state_of("contoso.com"), PUBLICATION_WITHDRAWN);
        ck_assert_int_eq(w->n_updates, 2);

        w->srv_after = KMS1;
        ck_assert_int_eq(fleet_publish(w->fleet, fleet_world_find("contoso.com"), error), 0);
        ck_assert(!driver_is_held(fleet_world_find("contoso.com")));
        fleet_world_wait(&w->n_ended, 4);
        ck_assert_int_eq(state_of("contoso.com"), PUBLICATION_PUBLISHED);
        ck_assert_int_eq(w->n_updates, 3);
}
END_TEST

START_TEST(publish_looks_at_once) {
        publish_first();
        w->srv = "";
        ck_assert_int_eq(fleet_publish(w->fleet, fleet_world_find("contoso.com"), error), 0);
        fleet_world_wait(&w->n_ended, 2);
        ck_assert_int_eq(w->n_updates, 2);
        ck_assert_int_eq(state_of("contoso.com"), PUBLICATION_PUBLISHED);
}
END_TEST

/* What was withdrawn by command stays so over a restart and a reload, until its own configuration
   is another. */
START_TEST(held_over_a_restart) {
        withdraw_first();
        fleet_world_stop();
        w->n_ended = 0;
        fleet_world_start("contoso.com emea.contoso.com", NULL, NO_CLAIMS);
        ck_assert(driver_is_held(fleet_world_find("contoso.com")));
        ck_assert(!driver_is_held(fleet_world_find("emea.contoso.com")));
        fleet_world_apply("contoso.com emea.contoso.com", NULL,
                          NO_CLAIMS "[Domain emea.contoso.com]\nWeight=5\n");
        ck_assert(driver_is_held(fleet_world_find("contoso.com")));
        fleet_world_apply("contoso.com", NULL, NO_CLAIMS "[Domain contoso.com]\nWeight=5\n");
        ck_assert(!driver_is_held(fleet_world_find("contoso.com")));
        fleet_world_apply("contoso.com", NULL, NO_CLAIMS);
        ck_assert(!driver_is_held(fleet_world_find("contoso.com")));
}
END_TEST

/* ... and nothing begins by the settings of before: their key may have gone with them. */
START_TEST(hold_ends_with_the_new_settings) {
        static const char key[] =
                "key \"k\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0IQ==\";\n};\n";
        char path[100], sections[300];

        (void)snprintf(path, sizeof(path), "%s/key", w->scratch.root);
        (void)snprintf(sections, sizeof(sections),
                       "[Domain contoso.com]\nSecurity=tsig\nKeyFile=%s\n", path);
        file_write(path, key, strlen(key));
        fleet_world_start("contoso.com", NULL, sections);
        while (!driver_publication(fleet_world_find("contoso.com"))->located)
                ck_assert_int_gt(sd_event_run(w->scratch.event, 10 * USEC_PER_SEC), 0);
        ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find("contoso.com"), error), 0);
        ck_assert_int_eq(unlink(path), 0);
        w->srv_after = KMS1;
        fleet_world_apply("contoso.com", NULL, NO_CLAIMS);
        ck_assert_int_eq(w->n_ended, 0);
        fleet_world_wait(&w->n_ended, 1);
        ck_assert_int_eq(state_of("contoso.com"), PUBLICATION_PUBLISHED);
}
END_TEST

/* Off the list and on again, however many reloads are between. */
START_TEST(hold_ends_with_its_domain) {
        withdraw_first();
        for (int i = 0; i < _i; i++)
                fleet_world_apply("contoso.com emea.contoso.com", NULL, NO_CLAIMS);
        ck_assert(driver_is_held(fleet_world_find("contoso.com")));
        fleet_world_apply("emea.contoso.com", NULL, NO_CLAIMS);
        fleet_world_apply("contoso.com emea.contoso.com", NULL, NO_CLAIMS);
        ck_assert(!driver_is_held(fleet_world_find("contoso.com")));
}
END_TEST

/* Who waits for the end of its pass is told that there is none to come. */
START_TEST(what_is_let_go_has_ended) {
        fleet_world_start("contoso.com emea.contoso.com", NULL, NULL);
        ck_assert_int_eq(w->n_ended, 0);
        fleet_world_apply("emea.contoso.com", NULL, NULL);
        ck_assert_int_eq(w->n_ended, 1);
        ck_assert_ptr_null(fleet_find(w->fleet, "contoso.com"));
}
END_TEST

/* O7, O13: what was published before the domain was only observed goes when it leaves the list, at
   once as after a restart. */
START_TEST(observed_domain_leaves) {
        fleet_world_remember("_vlmcs._tcp", "contoso.com", "kms1.contoso.com", false);
        w->srv = KMS1;
        fleet_world_start("contoso.com emea.contoso.com", NULL,
                          "[Domain contoso.com]\nMode=observe\n"
                          "[Domain emea.contoso.com]\nMode=observe\n");
        fleet_world_wait(&w->n_ended, 2);
        ck_assert_int_eq(w->n_updates, 0);
        if (_i > 0) {
                fleet_world_stop();
                fleet_world_start("emea.contoso.com", NULL,
                                  "[Domain emea.contoso.com]\nMode=observe\n");
        } else {
                fleet_world_apply("emea.contoso.com", NULL,
                                  "[Domain emea.contoso.com]\nMode=observe\n");
        }
        fleet_world_wait(&w->n_updates, 1);
        ck_assert_msg(strstr(w->updates, "0\tNONE\tSRV\t0 0 1688 kms1.contoso.com."), "%s",
                      w->updates);
}
END_TEST

static void expect_account(const char *domain, const char *keytab, const char *principal,
                           const char *realm) {
        const Access *access = driver_access(fleet_world_find(domain));

        ck_assert_int_eq(access->security, SECURITY_GSS);
        ck_assert_pstr_eq(access->keytab, keytab);
        ck_assert_pstr_eq(access->principal, principal);
        ck_assert_pstr_eq(access->realm, realm);
}

/* O13: by the account of then, whatever today's configuration says. */
START_TEST(withdrawn_by_the_account_of_then) {
        fleet_world_remember_gss("a.contoso.com", "/nowhere/a.keytab", "KMS1$@A", "B");
        fleet_world_remember_gss("b.contoso.com", "/nowhere/b.keytab", "", "");
        fleet_world_remember("_vlmcs._tcp", "c.contoso.com", "kms1.contoso.com", false);
        fleet_world_start("contoso.com", NULL, "Realm=TODAY\nPrincipal=today\n");
        expect_account("a.contoso.com", "/nowhere/a.keytab", "KMS1$@A", "B");
        expect_account("b.contoso.com", "/nowhere/b.keytab", NULL, NULL);
        const Access *unsigned_then = driver_access(fleet_world_find("c.contoso.com"));
        ck_assert_int_eq(unsigned_then->security, SECURITY_NONE);
        ck_assert_ptr_null(unsigned_then->keytab);
        ck_assert_ptr_null(unsigned_then->principal);
        ck_assert_ptr_null(unsigned_then->realm);
}
END_TEST

/* ... and what was only observed, by the account that it was observed with. */
START_TEST(observed_domain_leaves_by_its_account) {
        char *keytab, *sections;

        config_box_write(w->box, "d.keytab", "\5\2 something");
        keytab = strdup(config_box_path(w->box, "d.keytab"));
        ck_assert_int_gt(asprintf(&sections,
                                  "[Domain d.contoso.com]\nMode=observe\nKeytab=%s\n"
                                  "Principal=KMS1$\nRealm=D\n",
                                  keytab),
                         0);
        fleet_world_remember_gss("d.contoso.com", "/nowhere/former.keytab", "", "");
        fleet_world_start("contoso.com d.contoso.com", NULL, sections);
        expect_account("d.contoso.com", keytab, "KMS1$", "D");
        fleet_world_apply("contoso.com", NULL, NULL);
        expect_account("d.contoso.com", keytab, "KMS1$", "D");
        ck_assert_int_eq(driver_access(fleet_world_find("d.contoso.com"))->mode, MODE_SHARED);
        free(keytab);
        free(sections);
}
END_TEST

/* --- forget ----------------------------------------------------------------------------------- */

/* O13: nothing but this forgets; DNS is not asked and not told. */
START_TEST(forgotten_without_a_message) {
        fleet_world_remember("_vlmcs._tcp", "old.contoso.com", "kms1.contoso.com", false);
        fleet_world_remember("_vlmcs._tcp", "old.contoso.com", "kms2.contoso.com", false);
        fleet_world_start("contoso.com", NULL, NULL);
        ck_assert_int_eq(fleet_forget(w->fleet, fleet_world_find("old.contoso.com"), error), 0);
        ck_assert_str_eq(fleet_world_rows(), "");
        ck_assert_ptr_null(fleet_find(w->fleet, "old.contoso.com"));
        ck_assert_ptr_nonnull(fleet_find(w->fleet, "contoso.com"));
        ck_assert_int_eq(w->n_updates, 0);
}
END_TEST

/* What the state does not take is not forgotten: it would be back at the next start. */
START_TEST(what_cannot_be_forgotten_stays) {
        fleet_world_remember("_vlmcs._tcp", "old.contoso.com", "kms1.contoso.com", false);
        w->state = state_close(w->state);
        w->state = scratch_look(&w->scratch);
        fleet_world_start("contoso.com", NULL, NULL);
        ck_assert_int_eq(fleet_forget(w->fleet, fleet_world_find("old.contoso.com"), error),
                         -EROFS);
        ck_assert_str_eq(error, strerror(EROFS));
        ck_assert(driver_has_memory(fleet_world_find("old.contoso.com")));
}
END_TEST

/* Two operators at once. */
START_TEST(forgotten_twice) {
        Driver *driver;

        fleet_world_remember("_vlmcs._tcp", "old.contoso.com", "kms1.contoso.com", false);
        fleet_world_start("contoso.com", NULL, NULL);
        driver = fleet_world_find("old.contoso.com");
        ck_assert_int_eq(fleet_forget(w->fleet, driver, error), 0);
        ck_assert_ptr_null(fleet_find(w->fleet, "old.contoso.com"));
        (void)fleet_forget(w->fleet, driver, error); /* it is held by who found it before */
        peer_settle(w->scratch.event);
        ck_assert_ptr_null(fleet_find(w->fleet, "old.contoso.com"));
}
END_TEST

/* --- takeover --------------------------------------------------------------------------------- */

/* O9: one message; the other's record goes and ours comes. */
START_TEST(taken_over_in_one_message) {
        w->srv = KMS2;
        w->srv_after = KMS2 KMS1;
        fleet_world_start("contoso.com", NULL, NO_CLAIMS);
        fleet_world_wait(&w->n_ended, 1);
        w->updates[0] = '\0';
        w->srv_after = KMS1;
        ck_assert_int_eq(take_over(w->fleet, fleet_world_find("contoso.com"), error), 0);
        fleet_world_wait(&w->n_ended, 2);
        ck_assert_int_eq(w->n_updates, 2);
        ck_assert_msg(strstr(w->updates, "0\tNONE\tSRV\t0 0 1688 kms2.contoso.com."), "%s",
                      w->updates);
        ck_assert_int_eq(state_of("contoso.com"), PUBLICATION_PUBLISHED);
        /* It was for one pass: should it come back it is foreign. */
        w->srv = KMS1 KMS2;
        ck_assert_int_eq(fleet_publish(w->fleet, fleet_world_find("contoso.com"), error), 0);
        fleet_world_wait(&w->n_ended, 3);
        ck_assert_int_eq(w->n_updates, 2);
}
END_TEST

/* O9: who changes their mind before it is done takes nothing away that nothing comes for. */
START_TEST(overtaken_takeover_takes_nothing) {
        w->srv = KMS2;
        w->srv_after = KMS2 KMS1;
        fleet_world_start("contoso.com", NULL, NO_CLAIMS "OnStop=withdraw\n");
        fleet_world_wait(&w->n_ended, 1);
        w->updates[0] = '\0';
        w->srv_after = KMS2;
        ck_assert_int_eq(take_over(w->fleet, fleet_world_find("contoso.com"), error), 0);
        if (_i == 0)
                ck_assert_int_eq(fleet_withdraw(w->fleet, fleet_world_find("contoso.com"), error),
                                 0);
        else if (_i == 1)
                fleet_world_apply("contoso.com", NULL, NO_CLAIMS "[Publish]\nDnsPublishing=no\n");
        else
                ck_assert_uint_eq(fleet_world_end(), 1);
        fleet_world_wait(&w->n_ended, 2);
        ck_assert_int_eq(w->n_updates, 2);
        ck_assert_msg(strstr(w->updates, "kms1") && !strstr(w->updates, "kms2"), "%s", w->updates);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, found_by_domain_or_record_without_case);
        tcase_add_test(tcase, long_names_are_not_found);
        tcase_add_test(tcase, found_when_the_configuration_has_gone);
        tcase_add_test(tcase, found_by_domain_of_an_earlier_service);
        tcase_add_loop_test(tcase, listed_in_pages, 0, 6);
        tcase_add_loop_test(tcase, what_cannot_be_asked_is_refused, 0, ELEMENTSOF(refusals));
        tcase_add_loop_test(tcase, nothing_begins_while_stopping, 0, ELEMENTSOF(commands));
        tcase_add_test(tcase, held_domain_is_not_taken_over);
        tcase_add_test(tcase, withdrawn_by_command_and_published_again);
        tcase_add_test(tcase, publish_looks_at_once);
        tcase_add_test(tcase, held_over_a_restart);
        tcase_add_test(tcase, hold_ends_with_the_new_settings);
        tcase_add_loop_test(tcase, hold_ends_with_its_domain, 0, 3);
        tcase_add_test(tcase, what_is_let_go_has_ended);
        tcase_add_loop_test(tcase, observed_domain_leaves, 0, 2);
        tcase_add_test(tcase, withdrawn_by_the_account_of_then);
        tcase_add_test(tcase, observed_domain_leaves_by_its_account);
        tcase_add_test(tcase, forgotten_without_a_message);
        tcase_add_test(tcase, what_cannot_be_forgotten_stays);
        tcase_add_test(tcase, forgotten_twice);
        tcase_add_test(tcase, taken_over_in_one_message);
        tcase_add_loop_test(tcase, overtaken_takeover_takes_nothing, 0, 3);
}

UNIT_MAIN("fleet-command", add_tests)
