/* See support_primary.h. */
#include "tests/unit/support_primary.h"

#include <check.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_packet.h"

static void push_rrs(ldns_pkt *packet, const char *text) {
        _cleanup_(freep) char *copy = strdup(text);
        char *rest, *line;

        ck_assert_ptr_nonnull(copy);
        for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                ldns_rr *rr;

                ck_assert_int_eq(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL), LDNS_STATUS_OK);
                ck_assert(ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, rr));
        }
}

void primary_answer(int fd, const PeerMessage *request, const PrimaryAnswer *answer) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_wire(request->bytes, request->size);
        _cleanup_(freep) uint8_t *wire = NULL;
        static uint8_t frame[2 + UINT16_MAX];
        size_t size;

        ldns_pkt_set_qr(packet, true);
        ldns_pkt_set_aa(packet, !answer->not_authority);
        ldns_pkt_set_rcode(packet, answer->rcode);
        push_rrs(packet, answer->rrs ? answer->rrs : "");
        ck_assert_int_eq(ldns_pkt2wire(&wire, packet, &size), LDNS_STATUS_OK);
        frame[0] = (uint8_t)(size >> 8);
        frame[1] = (uint8_t)size;
        memcpy(frame + 2, wire, size);
        peer_send(fd, frame, 2 + size);
}

ldns_rr_type primary_asked_type(const PeerMessage *request) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_wire(request->bytes, request->size);

        ck_assert_uint_eq(ldns_rr_list_rr_count(ldns_pkt_question(packet)), 1);
        return ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(packet), 0));
}

ldns_pkt_opcode primary_asked_opcode(const PeerMessage *request) {
        return (ldns_pkt_opcode)(request->bytes[2] >> 3 & 15);
}

/* RFC 2136: prerequisites stand where answers are, updates where authority is. */
char *primary_update_text(const PeerMessage *request) {
        _cleanup_(ldns_pkt_freep) ldns_pkt *packet =
                packet_from_wire(request->bytes, request->size);
        _cleanup_(freep) char *answer = ldns_rr_list2str(ldns_pkt_answer(packet));
        _cleanup_(freep) char *authority = ldns_rr_list2str(ldns_pkt_authority(packet));
        char *text = NULL;

        ck_assert_int_ge(asprintf(&text, "%s%s", answer, authority), 0);
        return text;
}
