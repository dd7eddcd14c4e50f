/* What a primary holds at a record name, read from its answers to an SRV and a TXT query. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/claim.h"
#include "lib/name.h"
#include "lib/record.h"

typedef struct Txt {
        uint32_t ttl;
        uint16_t size;
        const uint8_t *rdata; /* exactly as the server has it (O2) */
        bool is_claim;        /* else foreign, whatever it says */
        bool dead;            /* its lease has run out (O8); see lib/lease */
        Claim claim;          /* with is_claim */
} Txt;

typedef struct Observation {
        bool authoritative; /* AA: only such an answer says what the zone holds (rule E4) */
        bool has_cname;     /* a suspicion only: a wildcard may have made it (rule E5) */
        size_t n_srv, n_txt;
        Srv *srv; /* each with its own TTL: Samba keeps them apart; wire order, exact case */
        Txt *txt;
} Observation;

/* Reads NOERROR or NXDOMAIN answers to "record SRV" and "record TXT"; txt may be NULL where the SRV
   answer has said that there is no such name. RRs of other owners (behind a CNAME), types and
   classes are left out; authoritative if both are. The caller owns the result (observation_free).
   -ENOMEM; -EBADMSG for an RR at record whose RDATA ends early. */
int observation_new(const ldns_pkt *srv, const ldns_pkt *txt, const Name *record,
                    Observation **ret_observation);
Observation *observation_free(Observation *observation);
