/* daemon/update: who gives up an update, before it is sent, while it is outstanding, or in
   another's handler, is not told, and nobody else feels it. */
#include "daemon/update.h"

#include <errno.h>

#include "lib/util.h"
#include "tests/unit/support_message.h"
#include "tests/unit/support_update.h"
#include "tests/unit/unit.h"

/* --- giving up -------------------------------------------------------------------------------- */

START_TEST(given_up_before_it_is_sent) {
        updates_ask_many(0, 3);
        updates_give_up(&updates.asked[_i]);
        updates_take();
        ck_assert_uint_eq(updates.taken.n, 2);
        ck_assert(!updates_has(_i));
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 2);
        ck_assert_int_eq(updates.asked[_i].n_told, 0);
}
END_TEST

START_TEST(all_given_up_before_it_is_sent) {
        updates_ask_many(0, 3);
        for (int i = 0; i < 3; i++)
                updates_give_up(&updates.asked[(i + _i) % 3]);
        updates_check_silent();
        ck_assert_int_eq(updates.n_told, 0);
        (void)updates_ask(3);
        updates_take();
        updates_check_taken(3, 1);
}
END_TEST

/* Ends at the end, at the start and in the middle of the list; what is asked for later goes behind
   what is left. */
START_TEST(given_up_and_others_come) {
        updates_ask_many(0, 3);
        updates_give_up(&updates.asked[_i]);
        updates_ask_many(3, 2);
        updates_take();
        ck_assert_uint_eq(updates.taken.n, 4);
        ck_assert(!updates_has(_i) && updates_has(3) && updates_has(4));
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 4);
}
END_TEST

START_TEST(given_up_while_outstanding) {
        updates_ask_many(0, 3);
        updates_take();
        updates_check_taken(0, 3);
        updates_give_up(&updates.asked[_i]);
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 2);
        ck_assert_int_eq(updates.asked[_i].n_told, 0);
        updates_check_silent();
}
END_TEST

/* The answer is told to a few in a turn, so that the server is not kept waiting by the others.
   Those who still wait may leave; what they sent has reached the server. */
START_TEST(given_up_while_others_are_told) {
        UpdateAsked *last = &updates.asked[UPDATE_PARTS_MAX - 1];

        updates_ask_many(0, UPDATE_PARTS_MAX);
        updates_take();
        updates_answer(LDNS_RCODE_NOERROR);
        while (updates.n_told == 0)
                ck_assert_int_ge(sd_event_run(updates.world->event, USEC_PER_SEC), 0);
        ck_assert_int_le(updates.n_told, UPDATE_TOLD_MAX);
        ck_assert(update_is_sent(last->update));
        (void)updates_ask(UPDATE_PARTS_MAX);
        updates_give_up(last);
        updates_take();
        updates_check_taken(UPDATE_PARTS_MAX, 1);
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, UPDATE_PARTS_MAX);
        ck_assert_int_eq(last->n_told, 0);
        updates_check_silent();
}
END_TEST

START_TEST(all_given_up_while_others_are_told) {
        updates_ask_many(0, UPDATE_PARTS_MAX);
        updates_take();
        updates_answer(LDNS_RCODE_NOERROR);
        while (updates.n_told == 0)
                ck_assert_int_ge(sd_event_run(updates.world->event, USEC_PER_SEC), 0);
        const int n_told = updates.n_told;
        ck_assert_int_lt(n_told, UPDATE_PARTS_MAX);
        for (int i = 0; i < UPDATE_PARTS_MAX; i++)
                if (updates.asked[i].update)
                        updates_give_up(&updates.asked[i]);
        /* At once: at the end of the process no turn comes any more. */
        ck_assert_ptr_null(*zone_batches(updates.zone));
        updates_check_silent();
        ck_assert_int_eq(updates.n_told, n_told);
}
END_TEST

/* Whoever is left may not be the reason: the message held more. */
START_TEST(one_is_left_when_the_message_is_refused) {
        updates_ask_many(0, 2);
        updates_take();
        updates_check_taken(0, 2);
        updates_give_up(&updates.asked[_i]);
        updates_answer(LDNS_RCODE_REFUSED);
        updates_take();
        updates_check_taken(1 - _i, 1);
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 1);
        updates_check_told(1 - _i, REPLY_DONE);
        updates_check_silent();
}
END_TEST

/* What was not sent yet, because the server has no more to answer at a time, is not sent without
   somebody who wants it: an update that nobody waits for must not arrive much later (O13). */
START_TEST(given_up_while_the_server_is_full) {
        static UpdateTaken first;

        server_set_limit(updates.world->server, 1);
        updates.terms.is_again = true; /* alone */
        (void)updates_ask(0);
        updates_take();
        first = updates.taken;
        updates.terms.is_again = false;
        updates_ask_many(1, 3);
        updates_check_silent();
        updates_give_up(&updates.asked[2]);
        updates_check_silent();
        peer_answer(first.fd, &first.message, LDNS_RCODE_NOERROR);
        updates_take();
        ck_assert_uint_eq(updates.taken.n, 2);
        ck_assert(updates_has(1) && updates_has(3));
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 3);
}
END_TEST

/* What is only gathered, waits for the server, or was refused with others and waits anew, will not
   take effect (O13). */
START_TEST(sent_is_what_the_server_may_have) {
        const UpdateAsked *first = &updates.asked[0], *second = &updates.asked[1];

        server_set_limit(updates.world->server, 1);
        updates_ask_many(0, 2);
        ck_assert(!update_is_sent(first->update) && !update_is_sent(second->update));
        updates_take();
        ck_assert(update_is_sent(first->update) && update_is_sent(second->update));
        (void)updates_ask(2);
        peer_settle(updates.world->event);
        ck_assert(!update_is_sent(updates.asked[2].update));
        updates_answer(LDNS_RCODE_REFUSED);
        updates_take();
        updates_check_taken(2, 1);
        ck_assert(update_is_sent(updates.asked[2].update));
        ck_assert(!update_is_sent(first->update) && !update_is_sent(second->update));
        updates_answer(LDNS_RCODE_NOERROR);
        updates_take();
        ck_assert_uint_eq(updates.taken.n, 1);
        ck_assert(update_is_sent(first->update) != update_is_sent(second->update));
}
END_TEST

/* The server's place for it stays taken, the zone's does not: the next may be sent. */
START_TEST(all_given_up_while_outstanding) {
        static UpdateTaken filling[UPDATE_BATCHES_MAX];

        updates_fill(filling);
        (void)updates_ask(2);
        updates_check_silent();
        updates_give_up(&updates.asked[0]);
        updates_take();
        updates_check_taken(2, 1);
        updates_answer(LDNS_RCODE_NOERROR);
        updates_answer_taken(&filling[0], LDNS_RCODE_REFUSED); /* nobody's */
        peer_wait(updates.world->event, &updates.n_told, 1);
        updates_check_told(2, REPLY_DONE);
        updates_check_silent();
}
END_TEST

static void then_give_up_other(UpdateAsked *one) {
        if (one->other->update)
                updates_give_up(one->other);
}

static void then_ask_again(UpdateAsked *one) {
        one->then = NULL;
        (void)updates_ask((int)(one->other - updates.asked));
}

static void then_drop_zone(UpdateAsked *one) {
        updates.zone = zone_unref(updates.zone);
        updates_give_up(one->other);
}

/* From within a handler: each of three gives up the next. */
START_TEST(given_up_in_anothers_handler) {
        updates_ask_many(0, 3);
        for (int i = 0; i < 3; i++) {
                updates.asked[i].then = then_give_up_other;
                updates.asked[i].other = &updates.asked[(i + 1 + _i) % 3];
        }
        updates_take();
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 2);
        peer_settle(updates.world->event);
        ck_assert_int_eq(updates.n_told, 2);
        updates_check_silent();
}
END_TEST

/* The one who is told gives up the only other: nobody is left to be told. */
START_TEST(last_given_up_in_anothers_handler) {
        updates_ask_many(0, 2);
        for (int i = 0; i < 2; i++) {
                updates.asked[i].then = then_give_up_other;
                updates.asked[i].other = &updates.asked[1 - i];
        }
        updates_take();
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 1);
        peer_settle(updates.world->event);
        ck_assert_int_eq(updates.n_told, 1);
        (void)updates_ask(2);
        updates_take();
        updates_check_taken(2, 1);
}
END_TEST

/* ... of which the message was refused: what is on its way alone is given up, too. */
START_TEST(given_up_in_anothers_handler_after_a_refusal) {
        updates_ask_many(0, 3);
        for (int i = 0; i < 3; i++) {
                updates.asked[i].then = then_give_up_other;
                updates.asked[i].other = &updates.asked[(i + 1) % 3];
        }
        updates_take();
        updates_answer(LDNS_RCODE_REFUSED);
        updates_take();
        ck_assert_uint_eq(updates.taken.n, 1);
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 1);
        ck_assert_ptr_null(updates.asked[(updates.taken.numbers[0] + 1) % 3].update);
        while (updates.n_told < 2)
                if (updates_try_take())
                        updates_answer(LDNS_RCODE_NOERROR);
        peer_settle(updates.world->event);
        ck_assert_int_eq(updates.n_told, 2);
}
END_TEST

/* While the parts are made into messages of their own one is told that it cannot be, and gives up
   one before and one after it. */
START_TEST(given_up_in_the_middle_of_a_split) {
        const PlanOp op = srv_op(PLAN_ADD_SRV, 0, 0, 3600, "kms1.contoso.com");

        updates_ask_many(0, 2);
        updates_ask_with(&updates.asked[2], updates_name(2, "adsecurity.org"), plan_with(&op, 1));
        updates_ask_many(3, 2);
        updates.asked[2].then = then_give_up_other;
        updates.asked[2].other = &updates.asked[_i];
        for (int n = 0; updates.n_told < 4; n++) {
                ck_assert_int_lt(n, 5);
                updates_take();
                updates_answer(LDNS_RCODE_NOERROR);
                peer_settle(updates.world->event);
                if (updates.n_told == 4)
                        break;
        }
        /* It may have been told before. */
        ck_assert_int_le(updates.asked[_i].n_told, 1);
        ck_assert_int_eq(updates.asked[2].error, -EINVAL);
}
END_TEST

static void then_ask_two(UpdateAsked *one) {
        const PlanOp op = srv_op(PLAN_ADD_SRV, 0, 0, 3600, "kms1.contoso.com");
        UpdateAsked *late = updates_ask(UPDATES_MAX - 2), *unsendable = late + 1;

        updates.terms.is_alone = true;
        updates_ask_with(unsendable, updates_name(UPDATES_MAX - 1, "adsecurity.org"),
                         plan_with(&op, 1));
        updates.terms.is_alone = false;
        unsendable->then = then_give_up_other;
        unsendable->other = late;
}

/* A full message waits for room when a later update asks for its turn before it: the older one
   goes in its place. By the time that its own turn comes, that update is given up. */
START_TEST(given_up_when_an_older_one_went_in_its_turn) {
        static UpdateTaken filling[UPDATE_BATCHES_MAX];

        updates_fill(filling);
        updates.asked[0].then = then_ask_two;
        updates_ask_many(2, UPDATE_PARTS_MAX);
        updates_check_silent();
        for (int i = 0; i < UPDATE_BATCHES_MAX; i++)
                updates_answer_taken(&filling[i], LDNS_RCODE_NOERROR);
        updates_take();
        updates_check_taken(2, UPDATE_PARTS_MAX);
        ck_assert_int_eq(updates.n_told, 3);
        ck_assert_int_eq(updates.asked[UPDATES_MAX - 1].error, -EINVAL);
        updates_check_silent();
}
END_TEST

START_TEST(asked_for_in_a_handler) {
        updates_ask_many(0, 3);
        for (int i = 0; i < 3; i++) {
                updates.asked[i].then = then_ask_again;
                updates.asked[i].other = &updates.asked[10 + i];
        }
        updates_take();
        updates_answer(LDNS_RCODE_NOERROR);
        updates_take();
        updates_check_taken(10, 3);
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 6);
}
END_TEST

/* The room that its answer makes is an older one's. */
START_TEST(asked_for_in_a_handler_goes_behind_what_waits) {
        static UpdateTaken filling[UPDATE_BATCHES_MAX];

        updates_fill(filling);
        updates_ask_many(2, UPDATE_PARTS_MAX);
        updates_check_silent();
        updates.asked[0].then = then_ask_again;
        updates.asked[0].other = &updates.asked[UPDATES_MAX - 1];
        updates_answer_taken(&filling[0], LDNS_RCODE_NOERROR);
        updates_take();
        updates_check_taken(2, UPDATE_PARTS_MAX);
        updates_check_silent();
}
END_TEST

START_TEST(zone_freed_with_batches_under_way) {
        updates_ask_many(0, 2);
        updates_take();
        updates_ask_many(2, 2);
        peer_settle(updates.world->event);
        updates.asked[0].then = then_drop_zone;
        updates.asked[0].other = &updates.asked[3];
        updates_answer(LDNS_RCODE_NOERROR);
        updates_take();
        updates_check_taken(2, 2);
        ck_assert_ptr_nonnull(updates.zones.root);
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 3);
        peer_settle(updates.world->event);
        ck_assert_ptr_null(updates.zones.root);
}
END_TEST

/* In each phase at once, as the end of a daemon has it. */
START_TEST(all_freed_in_every_phase) {
        updates_ask_many(0, 2);
        updates_take();
        updates_ask_many(2, 2);
        updates_take();
        updates_answer(LDNS_RCODE_REFUSED);
        peer_settle(updates.world->event);
        updates_ask_many(4, 2);
        updates.terms.is_again = true;
        updates_ask_many(6, 2);
        ck_assert_ptr_null(update_free(NULL));
        for (int i = 0; i < 8; i++)
                updates_give_up(&updates.asked[i]);
        updates.zone = zone_unref(updates.zone);
        ck_assert_ptr_null(updates.zones.root);
        ck_assert_int_eq(updates.n_told, 0);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, updates_setup, updates_teardown);
        tcase_add_loop_test(tcase, given_up_before_it_is_sent, 0, 3);
        tcase_add_loop_test(tcase, all_given_up_before_it_is_sent, 0, 3);
        tcase_add_loop_test(tcase, given_up_and_others_come, 0, 3);
        tcase_add_loop_test(tcase, given_up_while_outstanding, 0, 3);
        tcase_add_test(tcase, given_up_while_others_are_told);
        tcase_add_test(tcase, all_given_up_while_others_are_told);
        tcase_add_loop_test(tcase, one_is_left_when_the_message_is_refused, 0, 2);
        tcase_add_test(tcase, given_up_while_the_server_is_full);
        tcase_add_test(tcase, sent_is_what_the_server_may_have);
        tcase_add_test(tcase, all_given_up_while_outstanding);
        tcase_add_loop_test(tcase, given_up_in_anothers_handler, 0, 2);
        tcase_add_test(tcase, last_given_up_in_anothers_handler);
        tcase_add_test(tcase, given_up_in_anothers_handler_after_a_refusal);
        tcase_add_loop_test(tcase, given_up_in_the_middle_of_a_split, 0, 2);
        tcase_add_loop_test(tcase, given_up_in_the_middle_of_a_split, 3, 5);
        tcase_add_test(tcase, given_up_when_an_older_one_went_in_its_turn);
        tcase_add_test(tcase, asked_for_in_a_handler);
        tcase_add_test(tcase, asked_for_in_a_handler_goes_behind_what_waits);
        tcase_add_test(tcase, zone_freed_with_batches_under_way);
        tcase_add_test(tcase, all_freed_in_every_phase);
}

UNIT_MAIN("update_leaving", add_tests)
