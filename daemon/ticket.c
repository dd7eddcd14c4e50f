/* At most one acquisition is under way for a ticket, and its end, good or bad, is everybody's: five
   hundred domains ask the KDC once. A failure stands for a while; one that is the account's or its
   key's for long, because an account that is tried with a wrong key again and again gets locked.
   That outlives those who hold the ticket: servers that are found anew, and reloads. */

#include "daemon/ticket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/file-identity.h"
#include "daemon/fqdn.h"
#include "lib/util.h"

enum {
        THREADS = 2,
};

/* Renewed when a fifth of its life is left. */
#define LEFT_MIN(lifetime) ((lifetime) / 5)

typedef struct Acquisition {
        Job job;
        Ticket *ticket;
        char *keytab, *principal, *realm;
        FileIdentity identity; /* of the keytab, before it was read */
        char *account;         /* that was found in it */
        GssCredential *credential;
        GssError error;
        int r;
} Acquisition;

struct Ticket {
        unsigned n_refs;
        Ticket *next;
        TicketTable *table;
        Worker *worker; /* from the first acquisition on */
        char *keytab, *principal, *realm;

        char *account; /* as it was last found in the keytab */

        Acquisition *acquisition;
        sd_event_source *tell;
        TicketWaiter *waiters;
        TicketWaiter *told; /* of these, while they are told */

        GssCredential *credential;
        uint64_t acquired_usec;
        bool is_doubted;

        GssError error; /* of the last try, if it failed */
        uint64_t failed_usec;
        FileIdentity failed_identity;
};

static uint64_t now_usec(const Ticket *ticket) {
        uint64_t usec = 0;

        (void)sd_event_now(ticket->table->event, CLOCK_BOOTTIME, &usec);
        return usec;
}

/* --- the table -------------------------------------------------------------------------------- */

static bool text_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

static Ticket *ticket_free(Ticket *ticket) {
        (void)worker_free(ticket->worker);
        (void)sd_event_source_disable_unref(ticket->tell);
        (void)gss_credential_unref(ticket->credential);
        free(ticket->keytab);
        free(ticket->principal);
        free(ticket->realm);
        free(ticket->account);
        free(ticket);
        return NULL;
}

Ticket *ticket_ref(Ticket *ticket) {
        ticket->n_refs++;
        return ticket;
}

/* Whether another try would be counted against the account. */
static bool is_the_accounts(GssFault fault) {
        return fault == GSS_FAULT_PREAUTH_FAILED || fault == GSS_FAULT_CLIENT_LOCKED ||
               fault == GSS_FAULT_CLIENT_UNKNOWN;
}

/* Nothing is left but what went wrong. */
static void rest(Ticket *ticket) {
        ticket->worker = worker_free(ticket->worker);
        ticket->acquisition = NULL;
        ticket->credential = gss_credential_unref(ticket->credential);
}

Ticket *ticket_unref(Ticket *ticket) {
        if (!ticket || --ticket->n_refs > 0)
                return NULL;
        if (is_the_accounts(ticket->error.fault)) {
                rest(ticket);
                return NULL;
        }
        for (Ticket **at = &ticket->table->first; *at; at = &(*at)->next)
                if (*at == ticket) {
                        *at = ticket->next;
                        break;
                }
        return ticket_free(ticket);
}

void ticket_table_done(TicketTable *table) {
        for (Ticket *ticket; (ticket = table->first);) {
                table->first = ticket->next;
                (void)ticket_free(ticket);
        }
}

static int copy_text(const char *text, char **ret_copy) {
        if (text && !(*ret_copy = strdup(text)))
                return -ENOMEM;
        return 0;
}

static int on_tell(sd_event_source *source, void *userdata);

static int ticket_new(TicketTable *table, const TicketKey *key, Ticket **ret_ticket) {
        Ticket *ticket = calloc(1, sizeof(*ticket));
        int r = -ENOMEM;

        if (!ticket)
                return -ENOMEM;
        *ticket = (Ticket){.n_refs = 1, .table = table};
        if (copy_text(key->keytab, &ticket->keytab) == 0 &&
            copy_text(key->principal, &ticket->principal) == 0 &&
            copy_text(key->realm, &ticket->realm) == 0)
                r = sd_event_add_defer(table->event, &ticket->tell, on_tell, ticket);
        if (r < 0) {
                (void)ticket_free(ticket);
                return r;
        }
        (void)sd_event_source_set_enabled(ticket->tell, SD_EVENT_OFF);
        *ret_ticket = ticket;
        return 0;
}

int ticket_get(TicketTable *table, const TicketKey *key, Ticket **ret_ticket) {
        int r;

        for (Ticket *ticket = table->first; ticket; ticket = ticket->next)
                if (text_equal(ticket->keytab, key->keytab) &&
                    text_equal(ticket->principal, key->principal) &&
                    text_equal(ticket->realm, key->realm)) {
                        *ret_ticket = ticket_ref(ticket);
                        return 0;
                }
        r = ticket_new(table, key, ret_ticket);
        if (r < 0)
                return r;
        (*ret_ticket)->next = table->first;
        table->first = *ret_ticket;
        return 0;
}

/* --- acquiring -------------------------------------------------------------------------------- */

/* In a thread: reads files and asks the KDC. */
static void acquisition_run(Job *job) {
        Acquisition *a = (Acquisition *)job;
        char host[FQDN_MAX] = "", error[FQDN_ERROR_MAX];

        /* HOST$ is found by the short name too. */
        if (!a->principal && !fqdn_find(host, error))
                (void)gethostname(host, sizeof(host) - 1);
        a->identity = file_identity_of(a->keytab);
        a->r = gss_keytab_find(a->keytab, a->principal, host, a->realm, &a->account, &a->error);
        if (a->r == 0 && a->account)
                a->r = gss_credential_acquire(a->keytab, a->account, &a->credential, &a->error);
}

static void acquisition_free(Job *job) {
        Acquisition *a = (Acquisition *)job;

        (void)gss_credential_unref(a->credential);
        free(a->keytab);
        free(a->principal);
        free(a->realm);
        free(a->account);
        free(a);
}

/* Seconds, less those that only serve when another cannot be had. */
static bool has_left(const Ticket *ticket, uint32_t reserve_sec) {
        return (now_usec(ticket) - ticket->acquired_usec) / USEC_PER_SEC + reserve_sec <
               gss_credential_lifetime_sec(ticket->credential);
}

static bool is_good(const Ticket *ticket) {
        return ticket->credential && !ticket->is_doubted && !ticket->error.fault &&
               has_left(ticket, LEFT_MIN(gss_credential_lifetime_sec(ticket->credential)));
}

/* What to do with: while another cannot be had the old one serves to its end. One that is over as
   soon as it is there is for others to refuse. */
static GssCredential *usable(const Ticket *ticket) {
        if (!ticket->credential || !ticket->error.fault)
                return ticket->credential;
        return !ticket->is_doubted && has_left(ticket, 0) ? ticket->credential : NULL;
}

static void tell_later(Ticket *ticket) {
        (void)sd_event_source_set_enabled(ticket->tell, SD_EVENT_ONESHOT);
}

static void acquisition_done(Job *job) {
        Acquisition *a = (Acquisition *)job;
        Ticket *ticket = a->ticket;

        ticket->acquisition = NULL;
        if (a->r < 0)
                a->error = gss_error_new(GSS_FAULT_OTHER, "%s", strerror(-a->r));
        ticket->error = a->error;
        if (a->account) {
                free(ticket->account);
                ticket->account = TAKE_PTR(a->account);
        }
        if (a->credential) {
                (void)gss_credential_unref(ticket->credential);
                ticket->credential = TAKE_PTR(a->credential);
                ticket->acquired_usec = now_usec(ticket);
                ticket->is_doubted = false;
        } else {
                ticket->failed_usec = now_usec(ticket);
                ticket->failed_identity = a->identity;
        }
        acquisition_free(job);
        tell_later(ticket);
}

static int acquire(Ticket *ticket) {
        Acquisition *a = calloc(1, sizeof(*a));
        int r = -ENOMEM;

        if (!a)
                return -ENOMEM;
        a->job = (Job){
                .run = acquisition_run, .on_done = acquisition_done, .on_drop = acquisition_free};
        a->ticket = ticket;
        if (copy_text(ticket->keytab, &a->keytab) == 0 &&
            copy_text(ticket->principal, &a->principal) == 0 &&
            copy_text(ticket->realm, &a->realm) == 0)
                r = ticket->worker ? 0 : worker_new(ticket->table->event, THREADS, &ticket->worker);
        if (r == 0)
                r = worker_submit(ticket->worker, &a->job);
        if (r < 0) {
                acquisition_free(&a->job);
                return r;
        }
        ticket->acquisition = a;
        return 0;
}

/* Whoever waits now is told; who begins to wait in a handler is told the next time. */
static int on_tell(sd_event_source *source, void *userdata) {
        Ticket *ticket = ticket_ref(userdata);

        /* Doubted since it was there. */
        if (ticket->waiters && !ticket->acquisition && ticket->is_doubted && !ticket->error.fault &&
            acquire(ticket) < 0)
                ticket->error = gss_error_new(GSS_FAULT_OTHER, "out of memory");
        /* What is under way is everybody's. */
        if (!ticket->acquisition)
                ticket->told = TAKE_PTR(ticket->waiters);
        /* As it is for the first of them, whatever they do with it. */
        GssCredential *credential = ticket->told ? usable(ticket) : NULL;
        if (credential)
                (void)gss_credential_ref(credential);
        const GssError error = ticket->error;
        while (ticket->told) {
                TicketWaiter *waiter = ticket->told;

                ticket->told = waiter->next;
                waiter->on_ready(waiter, credential, &error);
        }
        (void)gss_credential_unref(credential);
        (void)ticket_unref(ticket);
        return 0;
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Whether what went wrong last still stands. */
static bool is_bad(const Ticket *ticket, uint64_t retry_min_usec, uint64_t retry_max_usec) {
        const uint64_t age_usec = now_usec(ticket) - ticket->failed_usec;
        FileIdentity now;

        if (!ticket->error.fault)
                return false;
        now = file_identity_of(ticket->keytab);
        if (!file_identity_equal(&now, &ticket->failed_identity) && now.inode != 0)
                return false;
        return age_usec < (is_the_accounts(ticket->error.fault) ? retry_max_usec : retry_min_usec);
}

int ticket_wait(Ticket *ticket, uint64_t retry_min_usec, uint64_t retry_max_usec,
                TicketWaiter *waiter) {
        int r = 0;

        if (ticket->acquisition)
                r = 0;
        else if (is_good(ticket) || is_bad(ticket, retry_min_usec, retry_max_usec))
                tell_later(ticket);
        else
                r = acquire(ticket);
        if (r < 0)
                return r;
        waiter->next = ticket->waiters;
        ticket->waiters = waiter;
        return 0;
}

static void forget(TicketWaiter **list, const TicketWaiter *waiter) {
        for (TicketWaiter **at = list; *at; at = &(*at)->next)
                if (*at == waiter) {
                        *at = waiter->next;
                        return;
                }
}

void ticket_forget(Ticket *ticket, TicketWaiter *waiter) {
        forget(&ticket->waiters, waiter);
        forget(&ticket->told, waiter);
}

void ticket_doubt(Ticket *ticket, uint64_t usec) {
        if (ticket->acquired_usec <= usec)
                ticket->is_doubted = true;
}

Worker *ticket_worker(const Ticket *ticket) {
        return ticket->worker;
}

const char *ticket_account(const Ticket *ticket) {
        if (ticket->account)
                return ticket->account;
        return ticket->principal ? ticket->principal : "";
}

const char *ticket_keytab(const Ticket *ticket) {
        return ticket->keytab;
}

uint64_t ticket_since_usec(const Ticket *ticket) {
        return ticket->credential ? ticket->acquired_usec : 0;
}
