/*
 * The value of an SRV record (RFC 2782): comparison under rule O1 and reading from ldns.
 *
 * Two SRVs are the same offer when target and port agree; priority and weight are its numbers. The
 * TTL belongs to the RRset (rule O12) and takes no part in a comparison. The target's case is kept
 * as it was read, for a deletion has to repeat it exactly (rule O2).
 */
#include "lib/record.h"

#include <errno.h>
#include <inttypes.h>

#include "lib/util.h"

bool srv_same_offer(const Srv *a, const Srv *b) {
        return a->port == b->port && name_equal(&a->target, &b->target);
}

bool srv_equal(const Srv *a, const Srv *b) {
        return srv_same_offer(a, b) && a->priority == b->priority && a->weight == b->weight;
}

const char *srv_to_text(const Srv *srv, char buffer[static SRV_TEXT_MAX]) {
        char target[NAME_TEXT_MAX];

        snprintf(buffer, SRV_TEXT_MAX, "%" PRIu16 " %" PRIu16 " %" PRIu16 " %s%s", srv->priority,
                 srv->weight, srv->port, name_to_text(&srv->target, target),
                 srv->target.length > 1 ? "." : "");
        return buffer;
}

/* RDATA that ended early leaves the fields behind its end out. */
static int rr_read_int16(const ldns_rr *rr, size_t field, uint16_t *ret_value) {
        const ldns_rdf *rdf = ldns_rr_rdf(rr, field);

        if (!rdf || ldns_rdf_size(rdf) != 2)
                return -EINVAL;
        *ret_value = ldns_rdf2native_int16(rdf);
        return 0;
}

int srv_from_rr(const ldns_rr *rr, Srv *ret_srv) {
        if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SRV)
                return -EINVAL;

        /* RFC 2181 8: a TTL with the top bit set is 0. */
        uint32_t ttl = ldns_rr_ttl(rr);
        Srv srv = {.ttl = ttl > INT32_MAX ? 0 : ttl};
        int r = rr_read_int16(rr, 0, &srv.priority);
        if (r >= 0)
                r = rr_read_int16(rr, 1, &srv.weight);
        if (r >= 0)
                r = rr_read_int16(rr, 2, &srv.port);
        if (r >= 0)
                r = name_from_rdf(ldns_rr_rdf(rr, 3), &srv.target);
        if (r < 0)
                return r;

        *ret_srv = srv;
        return 0;
}
