/* How the daemon fares, in one line for people: "published 7/8, 1 denied: corp.test". */
#pragma once

#include "daemon/fleet.h"

enum {
        STATUS_TEXT_MAX = 600,
};

void status_text(const FleetCounts *counts, char text[static STATUS_TEXT_MAX]);
