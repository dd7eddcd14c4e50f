/* See support_world.h. */
#include "tests/unit/support_world.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"

int n_completions;

void world_setup(World *world, int backlog, unsigned max_outstanding) {
        n_completions = 0;
        *world = (World){};
        ck_assert_int_ge(sd_event_new(&world->event), 0);
        world->listener = peer_socket(SOCK_STREAM, backlog, &world->address);
        ck_assert_int_eq(server_new(world->event, "peer", (struct sockaddr *)&world->address,
                                    sizeof(world->address), max_outstanding, &world->server),
                         0);
        ck_assert_int_eq(auth_new_none(&world->auth), 0);
}

void world_teardown(World *world) {
        server_unref(world->server);
        auth_unref(world->auth);
        close(world->listener);
        sd_event_unref(world->event);
}

static void ask_on_end(Transaction *transaction, Reply *reply, void *userdata) {
        Ask *ask = userdata;

        ck_assert_ptr_eq(ask->transaction, transaction);
        ask->n_done++;
        ask->order = ++n_completions;
        ask->transaction = NULL;
        ask->reply = *reply;
        ask->reply.packet = NULL;
        ask->has_packet = reply->packet != NULL;
        if (ask->then)
                ask->then(ask);
}

static void ask(World *world, Ask *ask, int number, ldns_pkt_opcode opcode, Message *message,
                uint64_t timeout_usec) {
        TransactionRequest request = {
                .message = message,
                .opcode = opcode,
                .type = opcode == LDNS_PACKET_QUERY ? LDNS_RR_TYPE_SRV : LDNS_RR_TYPE_SOA,
                .name = ask->name,
                .auth = world->auth,
                .is_again = world->is_again,
                .timeout_usec = timeout_usec,
        };
        int n_before = n_completions;

        ask->world = world;
        ask->n_done = 0;
        ck_assert_int_eq(
                transaction_new(world->server, &request, ask_on_end, ask, &ask->transaction), 0);
        ck_assert_int_eq(n_completions, n_before);
}

static void set_name(Ask *ask, int number) {
        char text[16];

        snprintf(text, sizeof(text), "a%d.test", number);
        ck_assert_int_eq(name_from_text(text, &ask->name), 0);
}

void ask_query(World *world, Ask *self, int number, uint64_t timeout_usec) {
        Message *message;

        set_name(self, number);
        ck_assert_int_eq(message_new_query(&self->name, LDNS_RR_TYPE_SRV, false, &message), 0);
        ask(world, self, number, LDNS_PACKET_QUERY, message, timeout_usec);
}

void ask_update(World *world, Ask *self, int number, uint64_t timeout_usec) {
        Message *message;

        set_name(self, number);
        ck_assert_int_eq(message_new_update(&self->name, NULL, 0, &message), 0);
        ask(world, self, number, LDNS_PACKET_UPDATE, message, timeout_usec);
}

int peer_number(const PeerMessage *message) {
        char label[64];
        int number;

        ck_assert_uint_gt(message->size, 12);
        size_t length = message->bytes[12];
        ck_assert_uint_lt(length, sizeof(label));
        memcpy(label, message->bytes + 13, length);
        label[length] = '\0';
        ck_assert_int_eq(sscanf(label, "a%d", &number), 1);
        return number;
}
