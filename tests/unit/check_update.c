/* daemon/update: what goes into one message and what never does (E9). How it fails is in
   check_update_trouble, who leaves when in check_update_leaving. */
#include "daemon/update.h"

#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_message.h"
#include "tests/unit/support_packet.h"
#include "tests/unit/support_session.h"
#include "tests/unit/support_tsig.h"
#include "tests/unit/support_update.h"
#include "tests/unit/unit.h"

static UpdateTaken filling[UPDATE_BATCHES_MAX];

/* --- gathering -------------------------------------------------------------------------------- */

START_TEST(one_turn_is_one_message) {
        updates_ask_many(0, 5);
        updates_take();
        updates_check_taken(0, 5);
        updates_check_silent();
        ck_assert_int_eq(updates.n_told, 0);
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 5);
        for (int i = 0; i < 5; i++)
                updates_check_told(i, REPLY_DONE);
        updates_check_silent();
}
END_TEST

/* Each is what it would be alone: owner, prerequisites and updates. */
START_TEST(message_holds_all_of_each) {
        updates_ask_many(0, 3);
        updates_take();
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_wire(updates.taken.message.bytes, updates.taken.message.size);
        const ldns_rr_list *prerequisites = ldns_pkt_answer(packet);
        ck_assert_uint_eq(ldns_rr_list_rr_count(prerequisites), 3);
        for (size_t i = 0; i < 3; i++) {
                const ldns_rr *rr = ldns_rr_list_rr(prerequisites, i);
                const ldns_rr *update = ldns_rr_list_rr(ldns_pkt_authority(packet), i);

                ck_assert_int_eq(ldns_dname_compare(ldns_rr_owner(rr), ldns_rr_owner(update)), 0);
                ck_assert_int_eq(ldns_rr_get_class(rr), LDNS_RR_CLASS_NONE);
                ck_assert_int_eq(ldns_rr_get_class(update), LDNS_RR_CLASS_IN);
        }
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 3);
}
END_TEST

START_TEST(more_gather_while_two_are_outstanding) {
        updates_fill(filling);
        for (int i = 2; i < 6; i++) {
                (void)updates_ask(i);
                updates_check_silent(); /* turns go by */
        }
        updates_answer_taken(&filling[0], LDNS_RCODE_NOERROR);
        updates_take();
        updates_check_taken(2, 4);
        updates_check_told(0, REPLY_DONE);
        updates_answer(LDNS_RCODE_NOERROR);
        updates_answer_taken(&filling[1], LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 6);
        updates_check_silent();
}
END_TEST

/* 250 at once: two full messages go out, the rest waits for an answer; each is in one of them. */
START_TEST(at_most_a_hundred) {
        static UpdateTaken first;
        int n_seen[UPDATES_MAX] = {0};
        size_t sizes[3];

        updates_ask_many(0, 250);
        for (int i = 0; i < 3; i++) {
                updates_take();
                sizes[i] = updates.taken.n;
                for (size_t j = 0; j < updates.taken.n; j++)
                        n_seen[updates.taken.numbers[j]]++;
                if (i == 0)
                        first = updates.taken;
                if (i == 1) {
                        updates_check_silent();
                        updates_answer_taken(&first, LDNS_RCODE_NOERROR);
                }
                if (i > 0)
                        updates_answer(LDNS_RCODE_NOERROR);
        }
        peer_wait(updates.world->event, &updates.n_told, 250);
        ck_assert_uint_eq(sizes[0] + sizes[1] + sizes[2], 250);
        for (int i = 0; i < 250; i++)
                ck_assert_int_eq(n_seen[i], 1);
        updates_check_silent();
}
END_TEST

/* Nobody waits behind who came later. */
START_TEST(first_come_first_served) {
        updates_fill(filling);
        updates_ask_many(UPDATE_BATCHES_MAX, 2 * UPDATE_PARTS_MAX);
        for (int i = 0; i < UPDATE_BATCHES_MAX; i++) {
                updates_answer_taken(&filling[i], LDNS_RCODE_NOERROR);
                updates_take();
                updates_check_taken(UPDATE_BATCHES_MAX + i * UPDATE_PARTS_MAX, UPDATE_PARTS_MAX);
                updates_answer(LDNS_RCODE_NOERROR);
        }
        peer_wait(updates.world->event, &updates.n_told, UPDATE_BATCHES_MAX + 2 * UPDATE_PARTS_MAX);
}
END_TEST

/* What has begun goes before what has not. */
START_TEST(update_goes_before_a_look) {
        static Ask look;

        server_set_limit(updates.world->server, 1);
        (void)updates_ask(0);
        updates_take();
        ask_query(updates.world, &look, 0, UPDATE_LONG);
        (void)updates_ask(1);
        updates_check_silent();
        updates_answer(LDNS_RCODE_NOERROR);
        updates_take();
        updates_check_taken(1, 1);
        look.transaction = transaction_free(look.transaction);
}
END_TEST

/* --- never together --------------------------------------------------------------------------- */

static const struct {
        bool is_again, observed_here, is_alone;
} alone[] = {
        {.is_again = true, .observed_here = true},
        {.observed_here = false},
        {.is_alone = true, .observed_here = true},
};

static void set_alone(int i) {
        updates.terms.is_again = alone[i].is_again;
        updates.terms.observed_here = alone[i].observed_here;
        updates.terms.is_alone = alone[i].is_alone;
}

/* What follows a loss, was not observed here, or is wanted so. */
START_TEST(some_go_alone) {
        const UpdateRequest usual = updates.terms;

        updates_ask_many(0, 2);
        set_alone(_i);
        updates_ask_many(2, 2);
        updates.terms = usual;
        updates_ask_many(4, 2);
        for (int n = 0; n < 6; n += (int)updates.taken.n) {
                updates_take();
                ck_assert_uint_eq(updates.taken.n, updates_has(0) ? 4 : 1);
                updates_answer(LDNS_RCODE_NOERROR);
        }
        peer_wait(updates.world->event, &updates.n_told, 6);
}
END_TEST

/* Nothing says that it is a policy. */
START_TEST(refusal_where_nothing_was_observed) {
        updates.terms.observed_here = false;
        (void)updates_ask(0);
        updates_take();
        updates_answer(LDNS_RCODE_NOTAUTH);
        peer_wait(updates.world->event, &updates.n_told, 1);
        updates_check_told(0, REPLY_WRONG_SERVER);
}
END_TEST

START_TEST(what_follows_a_loss_goes_over_a_fresh_connection) {
        int kept;

        (void)updates_ask(0);
        updates_take();
        kept = updates.taken.fd;
        updates_answer(LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 1);
        updates.terms.is_again = true;
        (void)updates_ask(1);
        updates_take();
        updates_check_taken(1, 1);
        ck_assert_int_ne(updates.taken.fd, kept);
}
END_TEST

/* They do not wait for room either. */
START_TEST(alone_is_not_held_back) {
        updates_fill(filling);
        set_alone(_i);
        (void)updates_ask(UPDATE_BATCHES_MAX);
        updates_take();
        updates_check_taken(UPDATE_BATCHES_MAX, 1);
}
END_TEST

START_TEST(different_keys_share_no_message) {
        const TsigKey key = support_key(TSIG_HMAC_SHA256);
        Auth *other = NULL;

        ck_assert_int_eq(auth_new_tsig(&key, &other), 0);
        for (int i = 0; i < 6; i++) {
                updates.terms.auth = i % 2 ? other : updates.world->auth;
                (void)updates_ask(i);
        }
        auth_unref(other); /* a batch has a reference of its own */
        for (int i = 0; i < 2; i++) {
                updates_take();
                ck_assert_uint_eq(updates.taken.n, 3);
                ck_assert_int_eq(updates.taken.numbers[0] % 2, updates.taken.numbers[1] % 2);
                ck_assert_int_eq(updates.taken.numbers[0] % 2, updates.taken.numbers[2] % 2);
                /* Signed or not, as it should be. */
                ck_assert_int_eq(updates.taken.message.bytes[11], updates.taken.numbers[0] % 2);
                updates_answer(LDNS_RCODE_NOERROR);
        }
        peer_wait(updates.world->event, &updates.n_told, 6);
}
END_TEST

/* Nor do they wait for one another. */
START_TEST(different_servers_share_no_message) {
        struct sockaddr_in address;
        int listener = peer_socket(SOCK_STREAM, 16, &address);
        Server *second = NULL;

        ck_assert_int_eq(server_new(updates.world->event, "second", (struct sockaddr *)&address,
                                    sizeof(address), 64, &second),
                         0);
        updates_fill(filling);
        (void)updates_ask(10);
        updates.terms.server = second;
        updates_ask_many(11, 2);
        second = server_unref(second); /* a batch has a reference of its own */
        updates_check_silent();
        int fd = peer_accept(updates.world->event, listener);
        peer_receive(updates.world->event, fd, &updates.taken.message);
        updates_read(&updates.taken);
        updates_check_taken(11, 2);
        peer_answer(fd, &updates.taken.message, LDNS_RCODE_NOERROR);
        peer_wait(updates.world->event, &updates.n_told, 2);
        close(listener);
        close(fd);
}
END_TEST

START_TEST(different_zones_share_no_message) {
        Name apex = name_of("a1.contoso.com");
        Zone *lower = NULL;

        ck_assert_int_eq(zone_get(&updates.zones, &apex, NULL, updates.access, &lower), 0);
        (void)updates_ask(0);
        updates.terms.zone = lower;
        (void)updates_ask(1);
        for (int i = 0; i < 2; i++) {
                updates_take();
                ck_assert_uint_eq(updates.taken.n, 1);
                updates_answer(LDNS_RCODE_NOERROR);
        }
        peer_wait(updates.world->event, &updates.n_told, 2);
        (void)zone_unref(lower);
}
END_TEST

/* Samba wants one owner name a message. */
START_TEST(gss_goes_alone) {
        updates_done();
        session_setup_realm();
        session_setup(16);
        updates_setup_in(&scene.world);
        updates.terms.auth = session_negotiate();
        updates.fds[updates.n_fds++] = scene.fd;
        updates_ask_many(0, 3);
        for (int i = 0; i < 3; i++) {
                updates_take();
                updates_check_taken(i, 1);
        }
        scene.fd = -1;
        updates_done();
        session_teardown();
        kdc_teardown();
        updates_setup_in(&updates.own_world);
}
END_TEST

/* --- anything at any time --------------------------------------------------------------------- */

enum {
        N_STEPS = 400,
        N_TAKEN = 64,
};

static uint64_t seed;
static int n_given_up;
static bool is_up[UPDATES_MAX]; /* given up */

static void give_up_any(UpdateAsked *one) {
        UpdateAsked *other = &updates.asked[octets_random(&seed) % UPDATES_MAX];

        if (octets_random(&seed) % 4 == 0 && other->update) {
                is_up[other - updates.asked] = true;
                n_given_up++;
                updates_give_up(other);
        }
}

static void answer_any(UpdateTaken *waiting, size_t *n) {
        static const unsigned rcodes[] = {LDNS_RCODE_NOERROR, LDNS_RCODE_NOERROR,
                                          LDNS_RCODE_REFUSED, LDNS_RCODE_NXRRSET,
                                          LDNS_RCODE_SERVFAIL};
        size_t i = octets_random(&seed) % *n;

        peer_answer(waiting[i].fd, &waiting[i].message,
                    rcodes[octets_random(&seed) % ELEMENTSOF(rcodes)]);
        waiting[i] = waiting[--*n];
}

/* Updates come, are answered in any order and in any way, and given up, also from within handlers:
   each that was not given up is told, and told once. */
START_TEST(any_order) {
        static UpdateTaken waiting[N_TAKEN];
        size_t n = 0;
        int n_asked = 0;

        seed = (unsigned)_i + 1;
        n_given_up = 0;
        memset(is_up, 0, sizeof(is_up));
        for (int i = 0; i < N_STEPS || n > 0 || updates.n_told + n_given_up < n_asked; i++) {
                const uint32_t what = octets_random(&seed) % 8;
                UpdateAsked *any = &updates.asked[octets_random(&seed) % UPDATES_MAX];

                ck_assert_int_lt(i, 100 * N_STEPS);
                if (what < 3 && n_asked < UPDATES_MAX) {
                        updates.terms.is_again = octets_random(&seed) % 10 == 0;
                        updates_ask(n_asked)->then = give_up_any;
                        n_asked++;
                } else if (what == 3 && any->update) {
                        is_up[any - updates.asked] = true;
                        n_given_up++;
                        updates_give_up(any);
                } else if (what == 4) {
                        (void)sd_event_run(updates.world->event, 0);
                } else if (what <= 6 && n < N_TAKEN && updates_try_take()) {
                        waiting[n++] = updates.taken;
                } else if (n > 0) {
                        answer_any(waiting, &n);
                }
        }
        ck_assert_int_gt(n_given_up, 0);
        ck_assert_int_gt(updates.n_told, 0);
        for (int i = 0; i < n_asked; i++)
                ck_assert_int_eq(updates.asked[i].n_told, !is_up[i]);
        updates_check_silent();
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, updates_setup, updates_teardown);
        tcase_add_test(tcase, gss_goes_alone);
        tcase_add_test(tcase, one_turn_is_one_message);
        tcase_add_test(tcase, message_holds_all_of_each);
        tcase_add_test(tcase, more_gather_while_two_are_outstanding);
        tcase_add_test(tcase, at_most_a_hundred);
        tcase_add_test(tcase, first_come_first_served);
        tcase_add_loop_test(tcase, some_go_alone, 0, ELEMENTSOF(alone));
        tcase_add_test(tcase, refusal_where_nothing_was_observed);
        tcase_add_test(tcase, what_follows_a_loss_goes_over_a_fresh_connection);
        tcase_add_test(tcase, update_goes_before_a_look);
        tcase_add_loop_test(tcase, alone_is_not_held_back, 0, ELEMENTSOF(alone));
        tcase_add_test(tcase, different_keys_share_no_message);
        tcase_add_test(tcase, different_servers_share_no_message);
        tcase_add_test(tcase, different_zones_share_no_message);
        tcase_add_loop_test(tcase, any_order, 0, 10);
}

UNIT_MAIN("update", add_tests)
