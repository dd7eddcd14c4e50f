/* What one publisher wants at several names of a zone, in one message (rule E9). */
#pragma once

#include "tests/unit/support_model_publisher.h"

/* The update that the publisher waits for comes to the server: alone, or with those of the same
   publisher at other names that are on their way. */
void model_batch_apply(ModelPublisher *publisher);
