/* Queries to the recursive resolvers: UDP, TCP on TC, the next resolver on no usable answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>
#include <systemd/sd-event.h>

#include "lib/endpoint.h"
#include "lib/name.h"

typedef struct Resolver Resolver;
typedef struct Lookup Lookup;

/* error 0: answer is a NOERROR or NXDOMAIN message, the handler's to read during the call.
   Else a negative errno: -ETIMEDOUT (no resolver answered), -EPROTO (only SERVFAIL, REFUSED or
   garbage); text, else "", names the resolvers asked and what each said. Called once, never from
   within resolver_lookup(); the lookup is freed after the call returns. */
typedef void (*LookupHandler)(Lookup *lookup, int error, const ldns_pkt *answer, const char *text,
                              void *userdata);

/* endpoints: addresses of Resolver=; none: the nameserver lines of /etc/resolv.conf, read again
   when that file changes. At most 32 lookups are on their way at a time, the others wait. -ENOMEM;
   -EINVAL for an endpoint that is no address. */
int resolver_new(sd_event *event, const Endpoint *endpoints, size_t n_endpoints,
                 Resolver **ret_resolver);

/* The same over the nameserver lines of the file at path, there now or later. */
int resolver_new_from_file(sd_event *event, const char *path, Resolver **ret_resolver);

/* Lookups under way go on: the resolver is gone when the last of them is. */
Resolver *resolver_free(Resolver *resolver);

/* Asks for name/type, recursion desired, each resolver twice at most. timeout_usec is for one
   resolver's answer. -ENOMEM. */
int resolver_lookup(Resolver *resolver, const Name *name, ldns_rr_type type, uint64_t timeout_usec,
                    LookupHandler handler, void *userdata, Lookup **ret_lookup);

/* Gives it up without a call. Accepts NULL; not to be called once the handler was. */
Lookup *lookup_free(Lookup *lookup);
