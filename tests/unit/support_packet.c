/* See support_packet.h. */
#include "tests/unit/support_packet.h"

#include <check.h>

ldns_pkt *packet_from_wire(const uint8_t *wire, size_t size) {
        ldns_pkt *packet;

        ck_assert_int_eq(ldns_wire2pkt(&packet, wire, size), LDNS_STATUS_OK);
        return packet;
}

ldns_pkt *packet_from_text(ldns_pkt_rcode rcode, ldns_pkt_section section, size_t n_rrs,
                           const char *const rrs[]) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet = ldns_pkt_new();
        _cleanup_(freep) uint8_t *wire = NULL;
        size_t size;

        ldns_pkt_set_qr(packet, true);
        ldns_pkt_set_aa(packet, true);
        ldns_pkt_set_rcode(packet, rcode);
        for (size_t i = 0; i < n_rrs; i++) {
                ldns_rr *rr;

                ck_assert_int_eq(ldns_rr_new_frm_str(&rr, rrs[i], 0, NULL, NULL), LDNS_STATUS_OK);
                ck_assert(ldns_pkt_push_rr(packet, section, rr));
        }
        ck_assert_int_eq(ldns_pkt2wire(&wire, packet, &size), LDNS_STATUS_OK);
        return packet_from_wire(wire, size);
}
