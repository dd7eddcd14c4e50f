/* Host names -> addresses: each name is looked up once for all who ask, and known for a moment.
   Never blocks. */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "daemon/resolver.h"
#include "daemon/worker.h"

typedef struct HostNames HostNames;

enum {
        HOST_ADDRESSES_MAX = 8, /* of one host; what is more is passed over */
};

/* Without a port. */
typedef union HostAddress {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
} HostAddress;

/* Who wants to know; embedded there, and zeroed before its first use. on_found is called once,
   maybe from within host_names_find(). n 0: none was found, reason says why. Both are to be read
   before anything else is called. */
typedef struct HostWaiter {
        TAILQ_ENTRY(HostWaiter) link;
        struct HostName *host; /* NULL: it does not wait */
        void (*on_found)(struct HostWaiter *waiter, const HostAddress *addresses, size_t n,
                         const char *reason);
} HostWaiter;

int host_names_new(sd_event *event, Worker *worker, HostNames **ret_names);

/* Nobody may wait any more. */
HostNames *host_names_free(HostNames *names);

/* With a resolver A and AAAA are asked for there; without (NULL, as at first) this machine is
   asked: getaddrinfo() in the worker. What is known is dropped; who waits is told what was asked
   for before. */
void host_names_set_resolver(HostNames *names, Resolver *resolver);

/* Names are compared without case. timeout_usec is for an answer of one resolver; who asks first
   sets it. -ENOMEM, -EAGAIN, or -EINVAL for what is no name: then on_found is not called. */
int host_names_find(HostNames *names, const char *name, uint64_t timeout_usec, HostWaiter *waiter);

/* Gives it up without a call; the lookup goes on if others wait for it. */
void host_names_leave(HostWaiter *waiter);
