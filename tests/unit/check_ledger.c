/* lib/ledger: which rows are written before an update is sent, and what they say after a read-back
   (O1, O13). support_ledger.h tells how a row reads. */
#include "lib/ledger.h"

#include <string.h>

#include "tests/unit/support_ledger.h"
#include "tests/unit/unit.h"

static LedgerBench bench;

static void set_up(void) {
        ledger_bench_init(&bench);
}

static void tear_down(void) {
        ledger_bench_done(&bench);
}

/* --- intents ---------------------------------------------------------------------------------- */

static LedgerItem *intend(void) {
        LedgerItem *item = (LedgerItem *)&bench;

        ck_assert_int_eq(ledger_intend(&bench.ledger, &bench.wanted, &item), 0);
        return item;
}

/* One row after the other, until each is durable; a row that is so already is left as it is. */
START_TEST(intents_of_several_hosts) {
        ledger_bench_lay_out(&bench, "b 0 0 since=7 claimed " ROW_OK, "a 1 2; b 0 0; c 3 4", "");
        LedgerItem *item = intend();
        ledger_bench_check(&bench, "O13: a first",
                           "b 0 0 since=7 confirmed claimed current durable; a 1 2");
        ck_assert_ptr_eq(item, ledger_find(&bench.ledger, wanted_offer(&bench.wanted, 0)));
        ck_assert_ptr_eq(intend(), item); /* it could not be written */
        ledger_written(item);
        item = intend();
        ledger_bench_check(&bench, "O13: then c",
                           "b 0 0 since=7 confirmed claimed current durable; "
                           "a 1 2 current durable; c 3 4");
        ck_assert_ptr_eq(item, ledger_find(&bench.ledger, wanted_offer(&bench.wanted, 2)));
        ledger_written(item);
        ck_assert_ptr_null(intend());
        ck_assert_ptr_null(intend());
}
END_TEST

START_TEST(intent_of_nothing) {
        ledger_bench_lay_out(&bench, "old 0 0 since=1", "", "");
        ck_assert_ptr_null(intend());
        ledger_bench_check(&bench, "O13: what is only withdrawn is no intent", "old 0 0 since=1");
}
END_TEST

/* An intent never says claimed; the plan that it is for has the since= that the row will have. */
START_TEST(intent_then_claim) {
        ledger_bench_lay_out(&bench, "", "kms1 0 0", "");
        LedgerItem *item = intend();
        ledger_bench_check(&bench, "O1: not yet claimed", "kms1 0 0");
        ledger_written(item);
        scene_read(&bench.scene, "srv 0 0 kms1; claim me kms1 since=1000000");
        ledger_bench_settle(&bench);
        ledger_bench_check(&bench, "O1: seen claimed",
                           "kms1 0 0 since=1000000 confirmed claimed current durable");
}
END_TEST

/* The way changed: each row that is wanted is written again, as it is. */
START_TEST(outdated_rows_are_written_again) {
        ledger_bench_lay_out(&bench, "kms1 0 0 since=5 claimed " ROW_OK "; old 0 0 " ROW_OK,
                             "kms1 0 0", "srv 0 0 kms1; srv 0 0 old; claim me kms1 since=5");
        ledger_outdate(&bench.ledger);
        ledger_bench_check(&bench, "O13",
                           "kms1 0 0 since=5 confirmed claimed durable; old 0 0 confirmed durable");
        LedgerItem *item = intend();
        ck_assert_ptr_eq(item, &bench.ledger.items[0]);
        bench.publication.keeps = true;
        ledger_bench_settle(&bench);
        ck_assert_str_eq(bench.written, "+kms1 0 0 since=5 confirmed claimed current durable");
        ck_assert_ptr_null(intend());
}
END_TEST

/* --- after a pass ----------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
        const char *rule, *rows, *wanted, *scene, *written, *after;
        PublicationState state;
        bool keeps, cannot_put, cannot_remove;
} ends[] = {
        {"E4: seen with our claim: confirmed and claimed",
         "kms1 0 0 since=100 current durable", "kms1 0 0", "srv 0 0 kms1; claim me kms1",
         "+kms1 0 0 since=100 confirmed claimed current durable",
         "kms1 0 0 since=100 confirmed claimed current durable", .state = PUBLICATION_PUBLISHED},
        {"E4: seen without a claim",
         "kms1 0 0 since=100 current durable", "kms1 0 0", "srv 0 0 kms1; claim p2 kms2",
         "+kms1 0 0 since=100 confirmed current durable",
         "kms1 0 0 since=100 confirmed current durable", .state = PUBLICATION_PUBLISHED},
        {"O1 b: found in order, never written by us: remembered",
         "", "kms1 4 5", "srv 4 5 kms1", "+kms1 4 5 confirmed current durable",
         "kms1 4 5 confirmed current durable", .state = PUBLICATION_PUBLISHED},
        {"O1 a: found claimed by our id, after the state was lost",
         "", "kms1 4 5", "srv 4 5 kms1; claim me kms1 since=7",
         "+kms1 4 5 since=7 confirmed claimed current durable",
         "kms1 4 5 since=7 confirmed claimed current durable", .state = PUBLICATION_PUBLISHED},
        {"O13: as it was: nothing is written",
         "kms1 0 0 since=100 claimed " ROW_OK, "kms1 0 0", "srv 0 0 kms1; claim me kms1", "",
         "kms1 0 0 since=100 confirmed claimed current durable", .state = PUBLICATION_PUBLISHED},
        {"O1: our claim has gone",
         "kms1 0 0 since=100 claimed " ROW_OK, "kms1 0 0", "srv 0 0 kms1",
         "+kms1 0 0 since=100 " ROW_OK, "kms1 0 0 since=100 " ROW_OK, .state = PUBLICATION_PUBLISHED},
        {"O1: what another alone claims is not ours, and an intent for it goes",
         "kms1 0 0 since=100 current durable", "kms1 0 0", "srv 0 0 kms1; claim p2 kms1",
         "-kms1 0 0 since=100 current durable", "", .state = PUBLICATION_PUBLISHED},
        {"O5: what another claims too is ours with our claim",
         "", "kms1 0 0", "srv 0 0 kms1; claim p2 kms1; claim me kms1",
         "+kms1 0 0 since=100 confirmed claimed current durable",
         "kms1 0 0 since=100 confirmed claimed current durable", .state = PUBLICATION_PUBLISHED},
        {"O13: several hosts, and one of before that goes",
         "b 0 0 since=1 " ROW_OK "; old 0 0 since=1 " ROW_OK, "a 0 0; b 0 0",
         "srv 0 0 a; srv 0 0 b; claim me a since=3",
         "+a 0 0 since=3 confirmed claimed current durable; -old 0 0 since=1 " ROW_OK,
         "b 0 0 since=1 " ROW_OK "; a 0 0 since=3 confirmed claimed current durable",
         .state = PUBLICATION_PUBLISHED},
        {"O13: kept: it was too early to forget",
         "old 0 0 since=1 " ROW_OK "; older 0 0 durable", "kms1 0 0", "srv 0 0 kms1",
         "+kms1 0 0 confirmed current durable",
         "old 0 0 since=1 " ROW_OK "; older 0 0 durable; kms1 0 0 confirmed current durable",
         .state = PUBLICATION_PUBLISHED, .keeps = true},
        {"E4: what is not there is not confirmed",
         "kms1 0 0 since=1 current durable", "kms1 0 0", "srv 0 0 kms1:1689; srv 0 0 x", "",
         "kms1 0 0 since=1 current durable", .state = PUBLICATION_PUBLISHED, .keeps = true},
        {"O13: withdrawn: forgotten",
         "old 0 0 since=1 claimed " ROW_OK "; older 0 0 durable", "", "",
         "-old 0 0 since=1 confirmed claimed current durable; -older 0 0 durable", "",
         .state = PUBLICATION_WITHDRAWN},
        {"O6: in standby nothing of ours is there: all is forgotten",
         "kms1 0 0 since=1 " ROW_OK "; old 0 0 durable", "kms1 0 0", "srv 0 0 x; claim p2 x",
         "-kms1 0 0 since=1 " ROW_OK "; -old 0 0 durable", "", .state = PUBLICATION_STANDBY},
        {"O13: a row that never was durable goes without a write, though others are kept",
         "old 0 0 since=1; older 0 0 since=1 " ROW_OK, "", "", "", "older 0 0 since=1 " ROW_OK,
         .state = PUBLICATION_WITHDRAWN, .keeps = true},
        {"O13: and so where the store cannot remove",
         "old 0 0 since=1; older 0 0 since=1 " ROW_OK, "", "", "-older 0 0 since=1 " ROW_OK,
         "older 0 0 since=1 " ROW_OK, .state = PUBLICATION_WITHDRAWN, .cannot_remove = true},
        {"O6: in standby, too early to forget",
         "kms1 0 0 since=1 " ROW_OK, "kms1 0 0", "srv 0 0 x", "", "kms1 0 0 since=1 " ROW_OK,
         .state = PUBLICATION_STANDBY, .keeps = true},
        {"O13: whether the target is configured or this machine's name",
         "KMS1 0 0 since=1 derived " ROW_OK, "kms1 0 0", "srv 0 0 kms1",
         "+kms1 0 0 since=1 " ROW_OK, "kms1 0 0 since=1 " ROW_OK, .state = PUBLICATION_PUBLISHED},
        {"O13: what cannot be written now is written the next time",
         "kms1 0 0 since=1 current durable", "kms1 0 0", "srv 0 0 kms1",
         "+kms1 0 0 since=1 " ROW_OK, "kms1 0 0 since=1 confirmed durable",
         .state = PUBLICATION_PUBLISHED, .cannot_put = true},
        {"O13: what was not written the last time",
         "kms1 0 0 since=1 confirmed durable", "kms1 0 0", "srv 0 0 kms1",
         "+kms1 0 0 since=1 " ROW_OK, "kms1 0 0 since=1 " ROW_OK, .state = PUBLICATION_PUBLISHED},
        {"O13: what cannot be removed now stays for the next check",
         "old 0 0 since=1 " ROW_OK "; older 0 0 " ROW_OK, "", "",
         "-old 0 0 since=1 " ROW_OK "; -older 0 0 " ROW_OK, "old 0 0 since=1 " ROW_OK "; older 0 0 " ROW_OK,
         .state = PUBLICATION_WITHDRAWN, .cannot_remove = true},
};
/* clang-format on */

START_TEST(pass_is_settled) {
        ledger_bench_lay_out(&bench, ends[_i].rows, ends[_i].wanted, ends[_i].scene);
        bench.publication.state = ends[_i].state;
        bench.publication.keeps = ends[_i].keeps;
        bench.cannot_put = ends[_i].cannot_put;
        bench.cannot_remove = ends[_i].cannot_remove;
        ledger_bench_settle(&bench);
        ck_assert_msg(strcmp(bench.written, ends[_i].written) == 0, "%s: wrote\n    %s\nnot %s",
                      ends[_i].rule, bench.written, ends[_i].written);
        ledger_bench_check(&bench, ends[_i].rule, ends[_i].after);
}
END_TEST

/* --- rows ------------------------------------------------------------------------------------- */

START_TEST(row_is_taken_in_once) {
        Offer *other_case = offer_read("KMS1", true), *other_port = offer_read("kms1:1689", false);

        ledger_bench_lay_out(&bench, "kms1 1 2 since=3 confirmed; kms1 9 9 claimed; kms2 0 0", "",
                             "");
        ledger_bench_check(&bench, "O13", "kms1 1 2 since=3 confirmed; kms2 0 0");
        ck_assert_ptr_eq(ledger_find(&bench.ledger, other_case), &bench.ledger.items[0]);
        ck_assert_ptr_null(ledger_find(&bench.ledger, other_port));
        ck_assert_uint_eq(bench.ledger.items[0].offer->n_refs, 1);
        ck_assert_int_eq(ledger_add(&bench.ledger, &(LedgerItem){.offer = other_port}), 0);
        ck_assert_uint_eq(other_port->n_refs, 2);
        ledger_done(&bench.ledger);
        ck_assert_uint_eq(bench.ledger.n, 0);
        ck_assert_uint_eq(other_port->n_refs, 1);
        (void)offer_unref(other_case);
        (void)offer_unref(other_port);
}
END_TEST

START_TEST(only_durable_rows_are_known) {
        ledger_bench_lay_out(&bench, "kms1 0 0 since=1; kms2 0 0 since=1", "", "");
        ck_assert(!ledger_knows(&bench.ledger));
        ledger_written(&bench.ledger.items[1]);
        ck_assert(ledger_knows(&bench.ledger));
        ledger_outdate(&bench.ledger);
        ck_assert(ledger_knows(&bench.ledger));
}
END_TEST

/* The row's offer is the one that is wanted from then on, not what was read from the state. */
START_TEST(row_shares_the_offer_wanted) {
        ledger_bench_lay_out(&bench, "KMS1 0 0 since=1 derived", "kms1 0 0", "srv 0 0 kms1");
        ledger_bench_settle(&bench);
        ck_assert_ptr_eq(bench.ledger.items[0].offer, bench.wanted.offer);
        ck_assert_uint_eq(bench.wanted.offer->n_refs, 2);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, intents_of_several_hosts);
        tcase_add_test(tcase, intent_of_nothing);
        tcase_add_test(tcase, intent_then_claim);
        tcase_add_test(tcase, outdated_rows_are_written_again);
        tcase_add_loop_test(tcase, pass_is_settled, 0, ELEMENTSOF(ends));
        tcase_add_test(tcase, row_is_taken_in_once);
        tcase_add_test(tcase, only_durable_rows_are_known);
        tcase_add_test(tcase, row_shares_the_offer_wanted);
}

UNIT_MAIN("ledger", add_tests)
