/* TCP brings an update once or never (E1); but whoever does not wait for it any more cannot call it
   back, and it may arrive as long as the publisher has to doubt it (PublicationTimes.settle_usec),
   also after one that was sent later. Each is judged at the moment when it arrives. */
#include "tests/unit/support_model_flight.h"

#include "tests/unit/support_model_trace.h"

ModelPart *model_take_part(ModelParty *party, const Srv *offer) {
        for (size_t i = 0; i < party->n_parts; i++)
                if (srv_same_offer(&party->parts[i].offer, offer))
                        return &party->parts[i];
        if (party->n_parts == MODEL_ROWS_MAX)
                abort(); /* the model is too small */
        party->parts[party->n_parts] = (ModelPart){.offer = *offer};
        return &party->parts[party->n_parts++];
}

void model_flight_drop(ModelPublisher *p, size_t i) {
        free(p->flights[i].message);
        free(p->flights[i].right);
        p->n_flights--;
        memmove(&p->flights[i], &p->flights[i + 1], (p->n_flights - i) * sizeof(p->flights[0]));
}

void model_flight_drop_all(ModelPublisher *p) {
        while (p->n_flights > 0)
                model_flight_drop(p, 0);
}

ModelFlight *model_flight_awaited(ModelPublisher *p) {
        ModelFlight *last = p->n_flights > 0 ? &p->flights[p->n_flights - 1] : NULL;

        return last && !last->given_up ? last : NULL;
}

void model_flight_send(ModelPublisher *p, uint64_t wall_sec) {
        ModelFlight *flight;

        if (p->n_flights == MODEL_FLIGHTS_MAX)
                model_flight_drop(p, 0);
        flight = &p->flights[p->n_flights++];
        *flight = (ModelFlight){
                .message = model_message_new(p->plan, p->party.index),
                .right = malloc(sizeof(*flight->right)),
        };
        if (!flight->right)
                abort();
        flight->right->party = p->party;
        flight->right->party.now_sec = wall_sec;
        flight->right->sent_usec = p->net->now_usec;
        model_contents_copy(&flight->right->seen, &p->seen);
        p->n_sent++;
        model_trace_message(p->net->trace, "sends", flight->message);
        if (p->party.mode == MODE_OBSERVE && !p->net->fault[0])
                (void)snprintf(p->net->fault, MODEL_FAULT_MAX, "%c observes, and writes",
                               'A' + p->party.index);
}

void model_flight_give_up(ModelPublisher *p) {
        ModelFlight *flight = model_flight_awaited(p);

        if (!flight)
                return;
        flight->given_up = true;
        flight->deadline_usec = p->net->now_usec + p->times.settle_usec;
        if (flight->applied)
                model_flight_drop(p, p->n_flights - 1);
}

/* O9: what it was taken from has nothing to do with it any more. */
static void disown(ModelContents *contents, const ModelParty *taker) {
        for (size_t i = 0; i < contents->n_srv; i++)
                if (srv_same_offer(&contents->srv[i].srv, &taker->from))
                        contents->srv[i].published_by &= (uint8_t)(1 << taker->index);
}

void model_flight_apply(ModelPublisher *p, ModelFlight *flight) {
        static ModelContents before;
        ModelNet *net = p->net;

        model_contents_copy(&before, &net->servers[p->name].contents);
        flight->rcode = model_server_apply(&net->servers[p->name], flight->message, net->now_usec);
        flight->applied = true;
        model_trace_applied(net->trace, p->party.index, flight->rcode,
                            &net->servers[p->name].contents);
        if (flight->rcode != LDNS_RCODE_NOERROR) {
                p->n_conflicts += flight->rcode != LDNS_RCODE_REFUSED;
                return;
        }
        p->n_done++;
        if (flight->right->party.takes_over)
                disown(&net->servers[p->name].contents, &flight->right->party);
        for (size_t i = 0; i < flight->message->n_ops; i++)
                if (flight->message->ops[i].kind == PLAN_ADD_SRV)
                        (void)model_take_part(&p->party, &flight->message->ops[i].srv);
        if (!net->fault[0])
                (void)model_judge_message(&net->servers[p->name], &before, flight->message,
                                          flight->right, net->now_usec, net->fault);
}

void model_publisher_arrive(ModelPublisher *p) {
        for (size_t i = 0; i < p->n_flights; i++) {
                ModelFlight *flight = &p->flights[i];

                if (!flight->given_up)
                        continue;
                if (p->net->now_usec < flight->deadline_usec)
                        model_flight_apply(p, flight);
                model_flight_drop(p, i);
                return;
        }
}
