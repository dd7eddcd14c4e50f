/* What is offered at record names: one target and port. Shared, reference counted. */
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
