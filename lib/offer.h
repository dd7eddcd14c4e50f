/* What is offered at record names: one target and port, shared, reference counted; and with the
   numbers of one record name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/name.h"
#include "lib/record.h"

typedef struct Offer {
        unsigned n_refs;
        Name target;
        uint16_t port;
        bool derived; /* the target is this machine's FQDN, not Target= */
} Offer;

int offer_new(const Name *target, uint16_t port, bool derived, Offer **ret_offer);
Offer *offer_ref(Offer *offer);
Offer *offer_unref(Offer *offer);

/* Rule O1: the same target, without case, and port. NULL equals only NULL. */
bool offer_equal(const Offer *a, const Offer *b);

/* As an SRV without numbers. */
Srv offer_srv(const Offer *offer);

/* Numbers for the offer at one record name. offer NULL: nothing is wanted, take away what is ours,
   but not before start_usec (CLOCK_BOOTTIME; 0: at once). */
typedef struct Wanted {
        Offer *offer;
        uint16_t priority;
        uint16_t weight;
        uint32_t ttl_sec;
        uint64_t start_usec;
} Wanted;

/* Whether they ask for the same; when nothing is wanted nothing else counts. */
bool wanted_equal(const Wanted *a, const Wanted *b);

/* Puts another in the place of *wanted, which owns a reference to its offer. */
void wanted_replace(Wanted *wanted, const Wanted *with);

/* All zero if nothing is wanted. */
Srv wanted_srv(const Wanted *wanted);
