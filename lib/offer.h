/* What is offered at record names: one target and port, shared, reference counted; and what is
   wanted at one record name: the target's offer with its numbers, and those of further hosts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
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

/* The further hosts of a daemon, the same in every domain; reference counted. */
typedef struct HostOffer {
        Offer *offer; /* the list's */
        uint16_t priority;
        uint16_t weight;
} HostOffer;

typedef struct HostList {
        unsigned n_refs;
        size_t n;
        HostOffer hosts[];
} HostList;

/* With room for n hosts, to be filled in by the caller, who hands over the references. */
int host_list_new(size_t n, HostList **ret_list);
HostList *host_list_unref(HostList *list);

/* offer NULL: nothing is wanted, take away what is ours. */
typedef struct Wanted {
        Offer *offer; /* of the target */
        uint16_t priority;
        uint16_t weight;
        uint32_t ttl_sec;
        HostList *hosts; /* may be NULL */
} Wanted;

/* Whether they ask for the same; when nothing is wanted nothing else counts. */
bool wanted_equal(const Wanted *a, const Wanted *b);

/* Puts another in the place of *wanted, which owns references to its offers. */
void wanted_replace(Wanted *wanted, const Wanted *with);

/* How many offers; the i-th, the target's first; and as an SRV with the numbers and TTL wanted. */
size_t wanted_count(const Wanted *wanted);
Offer *wanted_offer(const Wanted *wanted, size_t i);
Srv wanted_srv(const Wanted *wanted, size_t i);
