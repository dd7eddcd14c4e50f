/* A publisher's updates on their way: each is applied once, soon, late or never. */
#pragma once

#include "tests/unit/support_model_publisher.h"

/* The one whose answer the publisher waits for; NULL: none. */
ModelFlight *model_flight_awaited(ModelPublisher *publisher);

/* Its plan, with the right it has to it at this moment. */
void model_flight_send(ModelPublisher *publisher, uint64_t wall_sec);

/* It waits no longer: what was not applied may still be, for a while. */
void model_flight_give_up(ModelPublisher *publisher);

/* The server does what it says, and it is judged. */
void model_flight_apply(ModelPublisher *publisher, ModelFlight *flight);

void model_flight_drop(ModelPublisher *publisher, size_t i);
void model_flight_drop_all(ModelPublisher *publisher);

/* This publisher has a part in this offer from now on. */
ModelPart *model_take_part(ModelParty *party, const Srv *offer);
