/*
 * Answer to an SRV query -> what the primary holds at the record name.
 *
 * Only RRs of class IN whose owner is the record name count: behind a CNAME a server adds the
 * target's records, and those are not ours to judge (RFC 1034 4.3.2). Whether the answer speaks for
 * the zone (AA, rule E4) and whether a CNAME is really there (rule E5) is for the reader to weigh.
 *
 * RDATA that a server has made up must neither stop the daemon nor be taken for half a record: ldns
 * refuses most of it with the whole message, and an SRV that it lets pass with fields missing makes
 * the observation fail.
 */
#include "lib/observation.h"

#include <errno.h>

#include "lib/util.h"

DEFINE_CLEANUP(Observation, observation_free)

static bool rr_is_at(const ldns_rr *rr, ldns_rr_type type, const Name *record) {
        Name owner;

        return ldns_rr_get_type(rr) == type && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
               name_from_rdf(ldns_rr_owner(rr), &owner) >= 0 && name_equal(&owner, record);
}

static size_t rrs_count(const ldns_rr_list *rrs, ldns_rr_type type, const Name *record) {
        size_t n = 0;

        for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++)
                n += rr_is_at(ldns_rr_list_rr(rrs, i), type, record);
        return n;
}

int observation_new(const ldns_pkt *answer, const Name *record, Observation **ret_observation) {
        const ldns_rr_list *rrs = ldns_pkt_answer(answer);
        size_t n_srv = rrs_count(rrs, LDNS_RR_TYPE_SRV, record);

        _cleanup_(observation_freep) Observation *observation =
                calloc(1, sizeof(*observation) + n_srv * sizeof(observation->srv[0]));
        if (!observation)
                return -ENOMEM;

        observation->authoritative = ldns_pkt_aa(answer);
        observation->has_cname = rrs_count(rrs, LDNS_RR_TYPE_CNAME, record) > 0;
        for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(rrs, i);

                if (!rr_is_at(rr, LDNS_RR_TYPE_SRV, record))
                        continue;
                if (srv_from_rr(rr, &observation->srv[observation->n_srv]) < 0)
                        return -EBADMSG;
                observation->n_srv++;
        }

        *ret_observation = TAKE_PTR(observation);
        return 0;
}

Observation *observation_free(Observation *observation) {
        free(observation);
        return NULL;
}
