/* A scripted peer as a zone's primary: what it holds is written as text. */
#pragma once

#include <ldns/ldns.h>

#include "tests/unit/support_peer.h"

/* An answer to a query: its question, AA set or not, an RCODE, and RRs as text, separated by
   newlines; "" or NULL none. Sent framed. */
typedef struct PrimaryAnswer {
        bool not_authority;
        ldns_pkt_rcode rcode;
        const char *rrs;
} PrimaryAnswer;

void primary_answer(int fd, const PeerMessage *request, const PrimaryAnswer *answer);

/* What a request asks for: LDNS_RR_TYPE_SOA for an update. */
ldns_rr_type primary_asked_type(const PeerMessage *request);
ldns_pkt_opcode primary_asked_opcode(const PeerMessage *request);

/* All RRs of an update's prerequisite and update sections as text, a line each. malloc'ed. */
char *primary_update_text(const PeerMessage *request);
