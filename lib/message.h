/* DNS requests in wire form: queries (RFC 1035 4.1) and updates (RFC 2136 2), id 0, unsigned. */
#pragma once

#include <ldns/ldns.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/name.h"
#include "lib/plan.h"

/* A request as the transport carries it. The wire's first two octets are the id, set when sent;
   bytes is malloc'ed with MESSAGE_TSIG_ROOM octets of spare room behind size for a signature. */
typedef struct Message {
        size_t size;
        size_t capacity;
        uint8_t bytes[];
} Message;

enum {
        MESSAGE_TSIG_ROOM = 512,
        /* No request above 60 KiB is ever built, with its signature. */
        MESSAGE_SIZE_MAX = 60 * 1024 - MESSAGE_TSIG_ROOM,
};

/* One publication's part of an update. */
typedef struct UpdatePart {
        const Name *record; /* owner name of every prerequisite and update of the plan */
        const Plan *plan;
} UpdatePart;

/* A query without recursion desired (to a primary) or with it (to a resolver). The caller frees
   the message with free(). -ENOMEM. */
int message_new_query(const Name *name, ldns_rr_type type, bool recurse, Message **ret_message);

/* RFC 2136 message over the parts of one zone: prerequisites, then updates (2.4, 2.5).
   -EINVAL when a record is outside the zone (C03) or a claim's host too long to be written;
   -EMSGSIZE over MESSAGE_SIZE_MAX; -ENOMEM. */
int message_new_update(const Name *zone, const UpdatePart *parts, size_t n_parts,
                       Message **ret_message);

/* The same update as an nsupdate script: server (in nsupdate's form, HOST or HOST, space, PORT;
   NULL: no such line), zone, prereq and update lines, send. One malloc'ed string, the caller's,
   with nothing unprintable in it but line ends. -EINVAL, -EMSGSIZE as above, and the latter where
   a line would be longer than nsupdate reads (a foreign TXT of over 32 KB); -ENOMEM. */
int message_update_script(const char *server, const Name *zone, const UpdatePart *parts,
                          size_t n_parts, char **ret_script);
