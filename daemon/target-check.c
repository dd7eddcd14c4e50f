/* RFC 2782: "target" must have one or more address records and must not be an alias. Clients of
   an SRV that breaks this fail in ways that nobody traces back to the record. */

#include "daemon/target-check.h"

#include <errno.h>

#include "daemon/log.h"
#include "lib/util.h"

struct TargetCheck {
        Name target;
        Lookup *lookup[2]; /* A, AAAA */
        bool failed, has_address, told_alias;
        unsigned pending;
};

TargetCheck *target_check_free(TargetCheck *check) {
        if (!check)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(check->lookup); i++)
                (void)lookup_free(check->lookup[i]);
        free(check);
        return NULL;
}

static void tell_alias(TargetCheck *check, const ldns_rr *rr) {
        char target[NAME_TEXT_MAX], alias[NAME_TEXT_MAX];
        Name owner, name;

        if (check->told_alias || name_from_rdf(ldns_rr_owner(rr), &owner) < 0 ||
            !name_equal(&owner, &check->target) || !ldns_rr_rdf(rr, 0) ||
            name_from_rdf(ldns_rr_rdf(rr, 0), &name) < 0)
                return;
        check->told_alias = true;
        log_event(
                LOG_KIND_TARGET_DOUBTFUL, NULL,
                "target %s is an alias (CNAME) of %s: an SRV must name a host itself, some clients "
                "will not find it. Set Target=%s",
                name_to_text(&check->target, target), name_to_text(&name, alias), alias);
}

static void read_answer(TargetCheck *check, const ldns_pkt *answer) {
        const ldns_rr_list *rrs = ldns_pkt_answer(answer);

        for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(rrs, i);
                if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME)
                        tell_alias(check, rr);
                else if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_A ||
                         ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA)
                        check->has_address = true;
        }
}

static void on_lookup(Lookup *lookup, int error, const ldns_pkt *answer, const char *text,
                      void *userdata) {
        TargetCheck *check = userdata;
        char target[NAME_TEXT_MAX];

        check->lookup[lookup == check->lookup[1]] = NULL;
        if (error)
                check->failed = true;
        else
                read_answer(check, answer);
        /* Only two answers that both say so prove that there is no address. */
        if (--check->pending > 0 || check->failed || check->has_address || check->told_alias)
                return;
        log_event(
                LOG_KIND_TARGET_DOUBTFUL, NULL,
                "target %s has no address: clients will find the record but not the host. Add its "
                "A or AAAA record, or correct Target=",
                name_to_text(&check->target, target));
}

int target_check_new(Resolver *resolver, const Name *target, uint64_t timeout_usec,
                     TargetCheck **ret_check) {
        static const ldns_rr_type types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};
        TargetCheck *check = calloc(1, sizeof(*check));

        if (!check)
                return -ENOMEM;
        check->target = *target;
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                int r = resolver_lookup(resolver, target, types[i], timeout_usec, on_lookup, check,
                                        &check->lookup[i]);
                if (r < 0) {
                        (void)target_check_free(check);
                        return r;
                }
                check->pending++;
        }
        *ret_check = check;
        return 0;
}

bool target_check_is_of(const TargetCheck *check, const Name *target) {
        return check && name_equal(&check->target, target);
}
