/* Looks whether clients can use a target: it needs an address and must not be an alias (RFC 2782).
 */
#pragma once

#include "daemon/resolver.h"

typedef struct TargetCheck TargetCheck;

/* Asks for A and AAAA of target and logs a warning that names it: it has no address, or is a
   CNAME. No answer at all is no reason for one. */
int target_check_new(Resolver *resolver, const Name *target, uint64_t timeout_usec,
                     TargetCheck **ret_check);
TargetCheck *target_check_free(TargetCheck *check);

/* Whether it is this target that was asked for; check may be NULL. */
bool target_check_is_of(const TargetCheck *check, const Name *target);
