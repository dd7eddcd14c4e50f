/* Zone discovery (rule E2, RFC 2136 4.3): what an answer to an SOA query says about the zone. */
#pragma once

#include <ldns/ldns.h>

#include "lib/name.h"

typedef enum DiscoveryStep {
        DISCOVERY_FOUND,      /* apex and mname are written */
        DISCOVERY_DROP_LABEL, /* ask again with the leftmost label dropped */
        DISCOVERY_NONE,       /* nothing above but the root or a top-level name: no zone of ours */
        _DISCOVERY_STEP_MAX,
} DiscoveryStep;

typedef struct Discovery {
        DiscoveryStep step;
        Name apex;
        Name mname;
} Discovery;

/* Reads an answer (RCODE NOERROR or NXDOMAIN, or any other with an SOA) to "name SOA", asked on
   the way to the zone of domain. Takes the SOA in answer or authority whose owner is name or above
   it; CNAME or DNAME in the answer, or no SOA: drop a label. Never a zone of no or one label,
   unless it is domain itself. */
void discovery_read(const ldns_pkt *answer, const Name *name, const Name *domain,
                    Discovery *ret_discovery);
