/* An SRV record's value (RFC 2782): validate, compare, read. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/name.h"

/* A plain value; its owner name is kept beside it, not in it. ttl in seconds. */
typedef struct Srv {
        uint16_t priority;
        uint16_t weight;
        uint16_t port;
        uint32_t ttl;
        Name target;
} Srv;

enum {
        SRV_TEXT_MAX = NAME_TEXT_MAX + 32,
};

/* Rule O1: the same (target, port), the target without case: one host's offer of the service. */
bool srv_same_offer(const Srv *a, const Srv *b);

/* The same offer with the same priority and weight; TTL and case do not count. */
bool srv_equal(const Srv *a, const Srv *b);

/* "priority weight port target." as dig +short prints it. Returns buffer. */
const char *srv_to_text(const Srv *srv, char buffer[static SRV_TEXT_MAX]);

/* Reads an SRV RR of any owner, target with its case. -EINVAL if it is not a well-formed SRV. */
int srv_from_rr(const ldns_rr *rr, Srv *ret_srv);
