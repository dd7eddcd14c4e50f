/* A message is done as a whole or not at all. Refused, each part of it is sent again alone; until
   then time passes, and others may do what they like. */
#include "tests/unit/support_model_batch.h"

#include <string.h>

#include "lib/message.h"
#include "lib/util.h"
#include "tests/unit/support_model_flight.h"

enum {
        N_PREREQUISITES_OFFSET = 6,
        N_UPDATES_OFFSET = 8,
};

typedef struct Batch {
        size_t n;
        ModelPublisher *parts[MODEL_NAMES_MAX];
} Batch;

static bool is_on_its_way(ModelPublisher *p) {
        const ModelFlight *flight = p->party.running && p->step.action == ACTION_UPDATE
                                            ? model_flight_awaited(p)
                                            : NULL;

        return flight && !flight->applied && !flight->is_alone;
}

static Batch gather(ModelPublisher *p) {
        Batch batch = {0};

        for (ModelPublisher *q = p;;) {
                if (is_on_its_way(q))
                        batch.parts[batch.n++] = q;
                q = q->neighbour;
                if (q == p)
                        return batch;
        }
}

static size_t read_count(const Message *message, size_t offset) {
        return (size_t)message->bytes[offset] << 8 | message->bytes[offset + 1];
}

/* It can be written as one, and nothing of it is lost. */
static bool is_one_message(const Batch *batch) {
        _cleanup_(freep) Message *message = NULL;
        UpdatePart parts[MODEL_NAMES_MAX];
        Name names[MODEL_NAMES_MAX], zone;
        size_t n_prerequisites = 0, n_ops = 0;
        char text[32];

        if (name_from_text("example.test", &zone) < 0)
                abort();
        for (size_t i = 0; i < batch->n; i++) {
                const Plan *plan = batch->parts[i]->plan;

                (void)snprintf(text, sizeof(text), "_vlmcs._tcp.%zu.example.test",
                               batch->parts[i]->name);
                if (name_from_text(text, &names[i]) < 0)
                        abort();
                parts[i] = (UpdatePart){&names[i], plan};
                n_ops += plan->n_ops;
                for (size_t j = 0; j < plan->n_ops; j++)
                        n_prerequisites += plan_op_is_prerequisite(plan->ops[j].kind);
        }
        return message_new_update(&zone, parts, batch->n, &message) == 0 &&
               read_count(message, N_PREREQUISITES_OFFSET) == n_prerequisites &&
               read_count(message, N_UPDATES_OFFSET) == n_ops - n_prerequisites;
}

static ldns_pkt_rcode judge(const Batch *batch) {
        ldns_pkt_rcode rcode = LDNS_RCODE_NOERROR;

        for (size_t i = 0; i < batch->n && rcode == LDNS_RCODE_NOERROR; i++) {
                ModelPublisher *p = batch->parts[i];

                rcode = model_server_judge(&p->net->servers[p->name],
                                           model_flight_awaited(p)->message);
        }
        return rcode;
}

void model_batch_apply(ModelPublisher *p) {
        ModelFlight *flight = model_flight_awaited(p);
        const Batch batch = gather(p);

        if (flight->is_alone || batch.n < 2) {
                model_flight_apply(p, flight);
                return;
        }
        if (!is_one_message(&batch) && !p->net->fault[0])
                (void)snprintf(p->net->fault, MODEL_FAULT_MAX, "%c cannot send them together",
                               'A' + p->party.index);
        const bool is_done = judge(&batch) == LDNS_RCODE_NOERROR;
        for (size_t i = 0; i < batch.n; i++) {
                flight = model_flight_awaited(batch.parts[i]);
                if (is_done)
                        model_flight_apply(batch.parts[i], flight);
                else
                        flight->is_alone = true;
        }
        p->net->n_batches++;
        p->net->n_refused += !is_done;
}
