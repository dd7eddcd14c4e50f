/*
 * Finding the zone of a record name (rule E2, RFC 2136 4.3).
 *
 * The caller asks for the SOA of the record name. An authoritative server, and so a resolver, puts
 * the SOA of the zone that holds the name into the answer (the name is the apex) or into authority
 * (it is below the apex, existing or not). Behind a CNAME or DNAME the SOA is that of the alias'
 * target, which says nothing about the name: then, and where no SOA came, the name loses its
 * leftmost label and the question is put again.
 *
 * The search ends at the root and at top-level names, which no answer, forged or true, can make us
 * take for the zone; only a domain of one label ("corp") that was configured itself is an apex.
 */
#include "lib/discovery.h"

static bool section_has_alias(const ldns_rr_list *rrs) {
        for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
                ldns_rr_type type = ldns_rr_get_type(ldns_rr_list_rr(rrs, i));

                if (type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_DNAME)
                        return true;
        }
        return false;
}

/* The first SOA of class IN in the section that is at name or above it. */
static bool section_find_soa(const ldns_rr_list *rrs, const Name *name, Name *ret_apex,
                             Name *ret_mname) {
        for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(rrs, i);

                if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA &&
                    ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
                    name_from_rdf(ldns_rr_owner(rr), ret_apex) >= 0 &&
                    name_is_within(name, ret_apex) &&
                    name_from_rdf(ldns_rr_rdf(rr, 0), ret_mname) >= 0)
                        return true;
        }
        return false;
}

static bool apex_is_allowed(const Name *apex, const Name *domain) {
        return name_labels(apex) > 1 || name_equal(apex, domain);
}

void discovery_read(const ldns_pkt *answer, const Name *name, const Name *domain,
                    Discovery *ret_discovery) {
        Discovery discovery = {.step = DISCOVERY_NONE};
        Name apex, mname, parent;

        /* The answer section first: there the name itself is the apex. */
        if (!section_has_alias(ldns_pkt_answer(answer)) &&
            (section_find_soa(ldns_pkt_answer(answer), name, &apex, &mname) ||
             section_find_soa(ldns_pkt_authority(answer), name, &apex, &mname))) {
                if (apex_is_allowed(&apex, domain))
                        discovery = (Discovery){DISCOVERY_FOUND, apex, mname};
        } else if (name_parent(name, &parent) && apex_is_allowed(&parent, domain)) {
                discovery.step = DISCOVERY_DROP_LABEL;
        }
        *ret_discovery = discovery;
}
