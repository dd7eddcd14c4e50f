/* What a primary holds at a record name, read from its answer to an SRV query. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/name.h"
#include "lib/record.h"

typedef struct Observation {
        bool authoritative; /* AA: only such an answer says what the zone holds (rule E4) */
        bool has_cname;     /* a suspicion only: a wildcard may have made it (rule E5) */
        size_t n_srv;
        Srv srv[]; /* each with its own TTL: Samba keeps them apart; wire order, exact case */
} Observation;

/* Reads a NOERROR or NXDOMAIN answer to "record SRV". RRs of other owners (behind a CNAME), types
   and classes are left out. The caller owns the result (observation_free). -ENOMEM; -EBADMSG for
   an SRV at record whose RDATA ends early. */
int observation_new(const ldns_pkt *answer, const Name *record, Observation **ret_observation);
Observation *observation_free(Observation *observation);
