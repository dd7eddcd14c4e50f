/* What is worth a sysadmin's look stands behind the count of what is published, with one domain as
   an example. */

#include "daemon/status.h"

#include <stdio.h>
#include <string.h>

static void add_state(char text[static STATUS_TEXT_MAX], const FleetCounts *counts,
                      PublicationState state) {
        size_t length = strlen(text), n = counts->n[state];

        if (n > 0)
                (void)snprintf(text + length, STATUS_TEXT_MAX - length, ", %zu %s: %s%s", n,
                               publication_state_to_string(state), counts->example[state],
                               n > 1 ? ", ..." : "");
}

void status_text(const FleetCounts *counts, char text[static STATUS_TEXT_MAX]) {
        (void)snprintf(text, STATUS_TEXT_MAX, "published %zu/%zu", counts->n[PUBLICATION_PUBLISHED],
                       counts->n_wanted);
        add_state(text, counts, PUBLICATION_DENIED);
        add_state(text, counts, PUBLICATION_FAILED);
        add_state(text, counts, PUBLICATION_STANDBY);
        add_state(text, counts, PUBLICATION_WITHDRAWING);
}
