/* A daemon publishes one offer, or a few, in thousands of domains: they share them. */

#include "lib/offer.h"

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

int host_list_new(size_t n, HostList **ret_list) {
        HostList *list = calloc(1, sizeof(*list) + n * sizeof(list->hosts[0]));

        if (!list)
                return -ENOMEM;
        list->n_refs = 1;
        *ret_list = list;
        return 0;
}

HostList *host_list_unref(HostList *list) {
        if (!list || --list->n_refs > 0)
                return NULL;
        for (size_t i = 0; i < list->n; i++)
                (void)offer_unref(list->hosts[i].offer);
        free(list);
        return NULL;
}

static bool host_list_equal(const HostList *a, const HostList *b) {
        const size_t n_a = a ? a->n : 0, n_b = b ? b->n : 0;

        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (!offer_equal(a->hosts[i].offer, b->hosts[i].offer) ||
                    a->hosts[i].priority != b->hosts[i].priority ||
                    a->hosts[i].weight != b->hosts[i].weight)
                        return false;
        return true;
}

bool wanted_equal(const Wanted *a, const Wanted *b) {
        if (!a->offer || !b->offer)
                return a->offer == b->offer;
        return offer_equal(a->offer, b->offer) && a->priority == b->priority &&
               a->weight == b->weight && a->ttl_sec == b->ttl_sec &&
               host_list_equal(a->hosts, b->hosts);
}

void wanted_replace(Wanted *wanted, const Wanted *with) {
        Offer *old = wanted->offer;
        HostList *old_hosts = wanted->hosts;

        *wanted = *with;
        if (with->offer)
                (void)offer_ref(with->offer);
        if (with->hosts)
                with->hosts->n_refs++;
        (void)offer_unref(old);
        (void)host_list_unref(old_hosts);
}

size_t wanted_count(const Wanted *wanted) {
        if (!wanted->offer)
                return 0;
        return 1 + (wanted->hosts ? wanted->hosts->n : 0);
}

Offer *wanted_offer(const Wanted *wanted, size_t i) {
        return i == 0 ? wanted->offer : wanted->hosts->hosts[i - 1].offer;
}

Srv wanted_srv(const Wanted *wanted, size_t i) {
        Srv srv = offer_srv(wanted_offer(wanted, i));

        srv.priority = i == 0 ? wanted->priority : wanted->hosts->hosts[i - 1].priority;
        srv.weight = i == 0 ? wanted->weight : wanted->hosts->hosts[i - 1].weight;
        srv.ttl = wanted->ttl_sec;
        return srv;
}
