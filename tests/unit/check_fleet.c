/* daemon/fleet: how the drivers fare together, and when that has to be counted anew. */
#include "lib/util.h"
#include "tests/unit/support_fleet.h"
#include "tests/unit/unit.h"

#define KMS1 "_vlmcs._tcp.contoso.com. 3600 IN SRV 0 0 1688 kms1.contoso.com.\n"

static FleetWorld *const w = &fleet_world;
static char error[FLEET_ERROR_MAX];

START_TEST(counted_by_state) {
        FleetCounts counts;

        fleet_world_remember("_vlmcs._tcp", "old.contoso.com", "kms1.contoso.com", false);
        fleet_world_start("contoso.com emea.contoso.com", NULL, NULL);
        fleet_count(w->fleet, &counts);
        ck_assert_uint_eq(counts.n_wanted, 2);
        ck_assert_uint_eq(counts.n[PUBLICATION_LOCATING], 2);
        ck_assert_uint_eq(counts.n[PUBLICATION_WITHDRAWING], 1);
        ck_assert_str_eq(counts.example[PUBLICATION_WITHDRAWING], "old.contoso.com");
        ck_assert_ptr_null(counts.example[PUBLICATION_FAILED]);
}
END_TEST

/* A hundred thousand are not counted for each of their checks. */
START_TEST(counted_anew_when_a_state_changes) {
        static const struct {
                ldns_pkt_rcode rcode;
                PublicationState state;
                bool changes;
        } looks[] = {
                {LDNS_RCODE_NOERROR, PUBLICATION_PUBLISHED, true},
                {LDNS_RCODE_NOERROR, PUBLICATION_PUBLISHED, false},
                {LDNS_RCODE_SERVFAIL, PUBLICATION_FAILED, true},
                {LDNS_RCODE_SERVFAIL, PUBLICATION_FAILED, false},
                {LDNS_RCODE_NOERROR, PUBLICATION_PUBLISHED, true},
        };
        Driver *driver;

        w->srv = KMS1;
        fleet_world_start("contoso.com", NULL, "[Ownership]\nClaims=no\n");
        driver = fleet_world_find("contoso.com");
        for (size_t i = 0; i < ELEMENTSOF(looks); i++) {
                const int n_before = w->n_changed;

                w->query_rcode = looks[i].rcode;
                ck_assert_int_eq(fleet_publish(w->fleet, driver, error), 0);
                fleet_world_wait(&w->n_ended, (int)i + 1);
                ck_assert_int_eq(driver_publication(driver)->state, looks[i].state);
                ck_assert_int_eq(w->n_changed > n_before, looks[i].changes);
        }
}
END_TEST

/* What was withdrawn before the end is not counted for something that the end waits for. */
START_TEST(end_waits_for_its_own) {
        w->srv_after = KMS1;
        fleet_world_start("contoso.com", NULL, "[Ownership]\nClaims=no\n");
        fleet_world_wait(&w->n_ended, 1);
        ck_assert(driver_has_memory(fleet_world_find("contoso.com")));
        w->srv_after = "";
        fleet_world_apply("contoso.com", NULL,
                          "[Publish]\nDnsPublishing=no\n[Ownership]\nClaims=no\n");
        fleet_world_settle();
        ck_assert_int_eq(w->n_updates, 2);
        ck_assert_ptr_null(fleet_find(w->fleet, "contoso.com"));
        ck_assert_uint_eq(fleet_world_end(), 0);
        ck_assert_int_eq(w->n_done, 1);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, fleet_world_open, fleet_world_close);
        tcase_add_test(tcase, counted_by_state);
        tcase_add_test(tcase, end_waits_for_its_own);
        tcase_add_test(tcase, counted_anew_when_a_state_changes);
}

UNIT_MAIN("fleet", add_tests)
