/* Kerberos tickets at work: one for each keytab, principal and realm, shared by all that act under
   it; acquired off the loop when it is first needed, and anew before it ends (rule E7). Each has
   threads of its own: a KDC that is silent for minutes holds up nobody else. */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/worker.h"
#include "lib/gss-credential.h"

typedef struct Ticket Ticket;

/* Borrowed pointers, which outlive the tickets. */
typedef struct TicketTable {
        Ticket *first;
        sd_event *event;
} TicketTable;

/* Who a ticket is for. Texts are copied. */
typedef struct TicketKey {
        const char *keytab;
        const char *principal; /* NULL: this machine's, see gss_keytab_find() */
        const char *realm;     /* NULL: as the keytab has it */
} TicketKey;

/* Finds the equal one or makes it. -ENOMEM. */
int ticket_get(TicketTable *table, const TicketKey *key, Ticket **ret_ticket);
Ticket *ticket_ref(Ticket *ticket);
Ticket *ticket_unref(Ticket *ticket);

/* When nobody holds one any more: until then it is remembered which accounts not to try. */
void ticket_table_done(TicketTable *table);

/* Wait for a ticket that is good for a while; embedded in who waits. on_ready is called once, from
   the loop, never from within ticket_wait(): with a credential (borrowed), or NULL and what is
   wrong. */
typedef struct TicketWaiter {
        struct TicketWaiter *next;
        void (*on_ready)(struct TicketWaiter *waiter, GssCredential *credential,
                         const GssError *error);
} TicketWaiter;

/* retry_min_usec, retry_max_usec: how long a failure stands for all before the KDC is asked again;
   the latter where the account or its key is the cause, lest it be locked, unless the keytab has
   changed. -ENOMEM. */
int ticket_wait(Ticket *ticket, uint64_t retry_min_usec, uint64_t retry_max_usec,
                TicketWaiter *waiter);
void ticket_forget(Ticket *ticket, TicketWaiter *waiter);

/* For what asks the KDC with this ticket; the ticket's, NULL before it was first there. */
Worker *ticket_worker(const Ticket *ticket);

/* Whom it is for: name@REALM once a keytab has told, before that Principal=, or "". */
const char *ticket_account(const Ticket *ticket);
const char *ticket_keytab(const Ticket *ticket);

/* When the present one was acquired (CLOCK_BOOTTIME); 0: there is none. */
uint64_t ticket_since_usec(const Ticket *ticket);

/* What the present one says of this account (its groups) may be outdated: the next who waits gets
   a new one, unless it was acquired after usec (CLOCK_BOOTTIME). */
void ticket_doubt(Ticket *ticket, uint64_t usec);
