/* Messages for suites that read them: from bytes, and from RRs as text. */
#pragma once

#include <ldns/ldns.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/util.h"

DEFINE_CLEANUP(ldns_pkt, ldns_pkt_free)

/* Must be readable. */
ldns_pkt *packet_from_wire(const uint8_t *wire, size_t size);

/* An authoritative answer that holds the RRs, through wire form so that it is read as any other. */
ldns_pkt *packet_from_text(ldns_pkt_rcode rcode, ldns_pkt_section section, size_t n_rrs,
                           const char *const rrs[]);
