/* A domain name in uncompressed wire form (RFC 1035 3.1): compared without case, kept with it. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdint.h>

enum {
        NAME_WIRE_MAX = 255,
        NAME_TEXT_MAX = 1025, /* every octet escaped as \DDD, dots and the final NUL */
};

/* A plain value. length counts the root label; 0 means "no name". */
typedef struct Name {
        uint8_t length;
        uint8_t wire[NAME_WIRE_MAX];
} Name;

/* Reads presentation form, absolute with or without the final dot (RFC 1035 5.1 escapes allowed).
   -EINVAL: empty label, label over 63 octets, name over 255 octets, bad escape. */
int name_from_text(const char *text, Name *ret_name);

/* Writes presentation form without the final dot (the root is "."), escaped so that nothing
   unprintable can reach a log. Returns buffer. */
const char *name_to_text(const Name *name, char buffer[static NAME_TEXT_MAX]);

/* At the border to ldns. -EINVAL for an rdf that is no domain name, NULL too. */
int name_from_rdf(const ldns_rdf *rdf, Name *ret_name);

/* Compares without case (RFC 4343). */
bool name_equal(const Name *a, const Name *b);

/* True if name is apex or below it (RFC 2136 3.4.1.3), without case. */
bool name_is_within(const Name *name, const Name *apex);

/* Number of labels, the root not counted. */
unsigned name_labels(const Name *name);

/* Drops the leftmost label; ret_parent may be name itself. False at the root, *ret_parent
   unwritten. */
bool name_parent(const Name *name, Name *ret_parent);
