/* See support_update.h. */
#include "tests/unit/support_update.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_message.h"
#include "tests/unit/support_packet.h"
#include "tests/unit/unit.h"

enum {
        BOUND_SEC = 20,
};

UpdateScene updates;

/* --- the scene -------------------------------------------------------------------------------- */

static void zone_make(void) {
        Settings settings = {.timeout_usec = UPDATE_LONG, .max_outstanding = 1};
        Name apex = name_of("contoso.com");

        ck_assert_int_eq(access_get(&updates.accesses, &settings, &updates.access), 0);
        ck_assert_int_eq(zone_get(&updates.zones, &apex, NULL, updates.access, &updates.zone), 0);
}

void updates_setup_in(World *with) {
        updates.world = with;
        zone_make();
        memset(updates.asked, 0, sizeof(updates.asked));
        updates.n_told = 0;
        updates.n_fds = 0;
        updates.terms = (UpdateRequest){
                .zone = updates.zone,
                .server = updates.world->server,
                .auth = updates.world->auth,
                .observed_here = true,
                .timeout_usec = UPDATE_LONG,
        };
}

void updates_setup(void) {
        world_setup(&updates.own_world, 16, 64);
        updates_setup_in(&updates.own_world);
}

void updates_give_up(UpdateAsked *one) {
        one->update = update_free(one->update);
        ck_assert_ptr_null(one->update);
}

void updates_done(void) {
        for (size_t i = 0; i < UPDATES_MAX; i++) {
                updates_give_up(&updates.asked[i]);
                updates.asked[i].plan = plan_free(updates.asked[i].plan);
        }
        updates.zone = zone_unref(updates.zone);
        updates.access = access_unref(updates.access);
        ck_assert_ptr_null(updates.zones.root); /* nobody else holds it */
        for (size_t i = 0; i < updates.n_fds; i++)
                close(updates.fds[i]);
}

void updates_teardown(void) {
        updates_done();
        world_teardown(updates.world);
}

/* --- the side that asks ----------------------------------------------------------------------- */

static void on_answered(const Reply *reply, int error, void *userdata) {
        UpdateAsked *one = userdata;

        ck_assert(!updates.is_asking);
        ck_assert((reply == NULL) == (error < 0));
        ck_assert_ptr_nonnull(one->update); /* it was not given up */
        one->update = NULL;
        one->n_told++;
        updates.n_told++;
        ck_assert_int_eq(one->n_told, 1);
        one->error = error;
        one->kind = reply ? reply->kind : _REPLY_KIND_MAX;
        if (one->then)
                one->then(one);
}

void updates_ask_with(UpdateAsked *one, const char *record, Plan *plan) {
        (void)snprintf(one->record, sizeof(one->record), "%s", record);
        plan_free(one->plan);
        one->plan = plan;
        one->n_told = 0;
        updates.terms.record = one->record;
        updates.terms.plan = plan;
        updates.is_asking = true;
        ck_assert_int_eq(update_new(&updates.terms, on_answered, one, &one->update), 0);
        updates.is_asking = false;
        ck_assert_ptr_nonnull(one->update);
}

const char *updates_name(int number, const char *domain) {
        static char text[64];

        (void)snprintf(text, sizeof(text), "_vlmcs._tcp.a%d.%s", number, domain);
        return text;
}

UpdateAsked *updates_ask(int number) {
        const PlanOp ops[] = {{.kind = PLAN_REQUIRE_NO_SRV},
                              srv_op(PLAN_ADD_SRV, 0, 0, 3600, "kms1.contoso.com")};

        updates_ask_with(&updates.asked[number], updates_name(number, "contoso.com"),
                         plan_with(ops, 2));
        return &updates.asked[number];
}

void updates_ask_many(int from, int n) {
        for (int i = from; i < from + n; i++)
                (void)updates_ask(i);
}

void updates_check_told(int number, ReplyKind kind) {
        ck_assert_msg(updates.asked[number].n_told == 1 && updates.asked[number].kind == kind,
                      "%d: %d times, kind %d in place of %d", number, updates.asked[number].n_told,
                      (int)updates.asked[number].kind, (int)kind);
}

/* --- the server's side ------------------------------------------------------------------------ */

void updates_read(UpdateTaken *one) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_wire(one->message.bytes, one->message.size);
        const ldns_rr_list *rrs = ldns_pkt_authority(packet);
        Name name;
        char text[NAME_TEXT_MAX];

        ck_assert_int_eq(ldns_pkt_get_opcode(packet), LDNS_PACKET_UPDATE);
        ck_assert_uint_le(one->message.size, UPDATE_SIZE_MAX);
        one->n = 0;
        for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
                int number;

                ck_assert_int_eq(name_from_rdf(ldns_rr_owner(ldns_rr_list_rr(rrs, i)), &name), 0);
                ck_assert_int_eq(sscanf(name_to_text(&name, text), "_vlmcs._tcp.a%d.", &number), 1);
                if (one->n > 0 && one->numbers[one->n - 1] == number)
                        continue; /* another RR of the same part */
                ck_assert_uint_lt(one->n, UPDATE_PARTS_MAX);
                one->numbers[one->n++] = number;
        }
        ck_assert_uint_gt(one->n, 0);
}

/* A message that is there, over whatever connection. */
bool updates_try_take(void) {
        int fd;

        while ((fd = peer_try_accept(updates.world->event, updates.world->listener)) >= 0) {
                ck_assert_uint_lt(updates.n_fds, UPDATE_CONNECTIONS_MAX);
                updates.fds[updates.n_fds++] = fd;
        }
        peer_settle(updates.world->event);
        for (size_t i = 0; i < updates.n_fds; i++) {
                const int from = updates.fds[i];
                uint8_t octet;
                ssize_t n = recv(from, &octet, 1, MSG_PEEK);

                if (n == 0) { /* it was kept, and makes room for another */
                        close(from);
                        updates.fds[i--] = updates.fds[--updates.n_fds];
                } else if (n > 0) {
                        peer_receive(updates.world->event, from, &updates.taken.message);
                        updates.taken.fd = from;
                        updates_read(&updates.taken);
                        return true;
                }
        }
        return false;
}

void updates_take(void) {
        const time_t deadline = time(NULL) + BOUND_SEC;

        while (!updates_try_take()) {
                ck_assert_msg(time(NULL) < deadline, "no message comes");
                ck_assert_int_ge(sd_event_run(updates.world->event, USEC_PER_MSEC), 0);
        }
}

void updates_fill(UpdateTaken taken[static UPDATE_BATCHES_MAX]) {
        for (int i = 0; i < UPDATE_BATCHES_MAX; i++) {
                (void)updates_ask(i);
                updates_take();
                updates_check_taken(i, 1);
                taken[i] = updates.taken;
        }
}

bool updates_has(int number) {
        for (size_t i = 0; i < updates.taken.n; i++)
                if (updates.taken.numbers[i] == number)
                        return true;
        return false;
}

/* Exactly these n, the first of them given. */
void updates_check_taken(int from, int n) {
        ck_assert_uint_eq(updates.taken.n, n);
        for (int i = from; i < from + n; i++)
                ck_assert_msg(updates_has(i), "%d is missing", i);
}

void updates_answer_taken(const UpdateTaken *taken, unsigned rcode) {
        peer_answer(taken->fd, &taken->message, rcode);
}

void updates_answer(unsigned rcode) {
        updates_answer_taken(&updates.taken, rcode);
}

void updates_check_silent(void) {
        ck_assert(!updates_try_take());
}
