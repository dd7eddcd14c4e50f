/* A daemon publishes one offer in thousands of domains: they share it. */

#include "daemon/offer.h"

#include <errno.h>
#include <stdlib.h>

int offer_new(const Name *target, uint16_t port, bool derived, Offer **ret_offer) {
        Offer *offer = malloc(sizeof(*offer));

        if (!offer)
                return -ENOMEM;
        *offer = (Offer){.n_refs = 1, .target = *target, .port = port, .derived = derived};
        *ret_offer = offer;
        return 0;
}

Offer *offer_ref(Offer *offer) {
        offer->n_refs++;
        return offer;
}

Offer *offer_unref(Offer *offer) {
        if (offer && --offer->n_refs == 0)
                free(offer);
        return NULL;
}

bool offer_equal(const Offer *a, const Offer *b) {
        return a == b || (a && b && a->port == b->port && name_equal(&a->target, &b->target));
}

Srv offer_srv(const Offer *offer) {
        return (Srv){.port = offer->port, .target = offer->target};
}

bool wanted_equal(const Wanted *a, const Wanted *b) {
        if (!a->offer || !b->offer)
                return a->offer == b->offer;
        return offer_equal(a->offer, b->offer) && a->priority == b->priority &&
               a->weight == b->weight && a->ttl_sec == b->ttl_sec;
}

void wanted_replace(Wanted *wanted, const Wanted *with) {
        Offer *old = wanted->offer;

        *wanted = *with;
        if (with->offer)
                (void)offer_ref(with->offer);
        (void)offer_unref(old);
}

Srv wanted_srv(const Wanted *wanted) {
        Srv srv = {0};

        if (wanted->offer) {
                srv = offer_srv(wanted->offer);
                srv.priority = wanted->priority;
                srv.weight = wanted->weight;
                srv.ttl = wanted->ttl_sec;
        }
        return srv;
}
