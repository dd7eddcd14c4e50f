/* Somebody who wants to know addresses of names, from this machine or from a scripted resolver:
   what the host-names suite stands on. */
#pragma once

#include <stdbool.h>

#include "daemon/host-names.h"
#include "tests/unit/support_names.h"

enum {
        N_WAITERS = 600,
};

/* Who is asked. */
typedef enum Source { MACHINE, RESOLVER, _SOURCE_MAX } Source;

/* Who wants to know, what he was told, and what he does then. */
typedef struct Waiter {
        HostWaiter waiter; /* first */
        int n_told;
        char text[500]; /* the addresses, or "! " and the reason */
        void (*then)(struct Waiter *waiter);
} Waiter;

typedef struct Finding {
        sd_event *event;
        Worker *worker;
        Resolver *resolver;
        HostNames *names;
        Source source;
        Waiter waiters[N_WAITERS];
        int n_told;
        bool is_held;           /* the resolver answers nothing */
        ldns_pkt_rcode rcode;   /* ... or with this */
        ldns_rr_type late_type; /* is answered after the other one */
        size_t n_known;         /* what the resolver knows: the same as the machine */
        const char *known[NAMES_ADDRESSES_MAX];
} Finding;

extern Finding finding;

/* Each host has the address 192.0.2.1. */
void finding_setup(void);
void finding_teardown(void);

/* Who is asked from now on. */
void use(Source source);

/* What every host has from now on; begins to count anew. */
void hosts_have(const char *const addresses[], size_t n);
void host_has(const char *address);

/* Lookups wait. */
void hold(void);
void release(void);

/* How often a lookup began; one at the resolver is both queries. */
unsigned count_asked(void);

void ask(Waiter *waiter, const char *name);
int try_to_ask(Waiter *waiter, const char *name);

/* The resolver answers one question, and the loop does one thing. */
void serve_once(void);

/* Runs the loop until so many have been told, and looks whether more are. */
void wait_told(int n);

/* It is known: nobody is asked, and who asks is told at once. */
void expect_known(const char *name, const char *text);

/* It is looked up. */
void expect_found(const char *name, const char *text);
