/* daemon/ticket: one acquisition for all who wait, told from the loop alone; when there is another
   (rule E7); and who may leave when. Behind it is a real KDC. The loop's clock is moved, not waited
   for, and an acquisition is held in its thread where the suite has to act meanwhile. */
#include "daemon/ticket.h"

#include <dlfcn.h>
#include <krb5.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_kdc.h"
#include "tests/unit/support_peer.h"
#include "tests/unit/unit.h"

#define CLIENT "KMS1$@" KDC_REALM
#define RETRY_MIN (5 * USEC_PER_SEC)
#define RETRY_MAX (30 * USEC_PER_MINUTE)
#define LIFETIME (10 * USEC_PER_HOUR)
#define SLACK USEC_PER_MINUTE /* how long a test may take */

enum {
        BOUND_SEC = 20,
        N_WAITERS = 500,
};

/* Somebody who waits, and what he does when he is told. */
typedef struct Waiter {
        TicketWaiter waiter; /* first */
        int n_told;
        GssCredential *credential; /* borrowed from the ticket */
        GssError error;
        void (*then)(struct Waiter *waiter);
} Waiter;

static sd_event *event;
static TicketTable tickets;
static Ticket *ticket;
static Waiter waiters[N_WAITERS];
static int n_told;
static bool is_asking;
static const char *client_keytab;

/* --- in place of the libraries' --------------------------------------------------------------- */

static uint64_t clock_offset_usec;

int sd_event_now(sd_event *loop, clockid_t clock, uint64_t *ret_usec) {
        __typeof__(sd_event_now) *real = (__typeof__(real))dlsym(RTLD_NEXT, "sd_event_now");
        int r = real(loop, clock, ret_usec);

        *ret_usec += clock_offset_usec;
        return r;
}

static atomic_uint n_acquisitions;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static krb5_error_code forced_code;

krb5_error_code krb5_get_init_creds_keytab(krb5_context krb5, krb5_creds *creds,
                                           krb5_principal client, krb5_keytab keytab,
                                           krb5_deltat start, const char *service,
                                           krb5_get_init_creds_opt *options) {
        __typeof__(krb5_get_init_creds_keytab) *real =
                (__typeof__(real))dlsym(RTLD_NEXT, "krb5_get_init_creds_keytab");

        /* GSS-API tries too in the last 30 s of a ticket, with a keytab that is nowhere. */
        if (options)
                return KRB5_KT_NOTFOUND;
        atomic_fetch_add(&n_acquisitions, 1);
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
        return forced_code ?: real(krb5, creds, client, keytab, start, service, options);
}

static const char *host_name = "kms1.example.test";

int gethostname(char *name, size_t size) {
        (void)snprintf(name, size, "%s", host_name);
        return 0;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret_list) {
        __typeof__(getaddrinfo) *real = (__typeof__(real))dlsym(RTLD_NEXT, "getaddrinfo");

        return strcmp(node, host_name) == 0 ? EAI_AGAIN : real(node, service, hints, ret_list);
}

/* --- the scene -------------------------------------------------------------------------------- */

static void set_up_realm(void) {
        static char client[KDC_PATH_MAX];

        kdc_setup();
        client_keytab = strcpy(client, kdc_add("KMS1$", "client.keytab"));
}

static Ticket *ticket_of(const char *keytab, const char *principal, const char *realm) {
        const TicketKey key = {.keytab = keytab, .principal = principal, .realm = realm};
        Ticket *got = NULL;

        ck_assert_int_eq(ticket_get(&tickets, &key, &got), 0);
        return got;
}

static void set_up(void) {
        ck_assert_int_ge(sd_event_new(&event), 0);
        tickets = (TicketTable){.event = event};
        memset(waiters, 0, sizeof(waiters));
        n_told = 0;
        clock_offset_usec = 0;
        forced_code = 0;
        atomic_store(&n_acquisitions, 0);
        ticket = ticket_of(client_keytab, CLIENT, NULL);
}

static void tear_down(void) {
        ticket = ticket_unref(ticket);
        ticket_table_done(&tickets);
        ck_assert_ptr_null(tickets.first);
        event = sd_event_unref(event);
}

static void on_ready(TicketWaiter *waiter, GssCredential *credential, const GssError *error) {
        Waiter *self = (Waiter *)waiter;

        ck_assert(!is_asking);
        self->n_told++;
        n_told++;
        self->credential = credential;
        self->error = *error;
        ck_assert(credential || error->fault != GSS_FAULT_NONE);
        if (self->then)
                self->then(self);
}

static void wait_as(Waiter *waiter, uint64_t retry_min_usec) {
        waiter->waiter.on_ready = on_ready;
        is_asking = true;
        ck_assert_int_eq(ticket_wait(ticket, retry_min_usec, RETRY_MAX, &waiter->waiter), 0);
        is_asking = false;
}

static void begin_to_wait(Waiter *waiter) {
        wait_as(waiter, RETRY_MIN);
}

/* One more who waits, to the end. */
static Waiter *acquire(void) {
        static Waiter waiter;
        int n_before = n_told;

        waiter = (Waiter){0};
        begin_to_wait(&waiter);
        peer_wait(event, &n_told, n_before + 1);
        return &waiter;
}

static void assert_acquisitions(unsigned n) {
        ck_assert_uint_eq(atomic_load(&n_acquisitions), n);
}

/* Runs the loop until that many have begun. */
static void wait_for_acquisition(unsigned n) {
        time_t deadline = time(NULL) + BOUND_SEC;

        while (atomic_load(&n_acquisitions) < n) {
                ck_assert_int_lt(time(NULL), deadline);
                ck_assert_int_ge(sd_event_run(event, USEC_PER_MSEC), 0);
        }
        assert_acquisitions(n);
}

/* --- one for all ------------------------------------------------------------------------------ */

START_TEST(one_acquisition_for_all) {
        unsigned n_asked = kdc_count("AS_REQ");

        ck_assert_uint_eq(ticket_since_usec(ticket), 0);
        ck_assert_str_eq(ticket_account(ticket), CLIENT);
        for (unsigned i = 0; i < N_WAITERS; i++)
                begin_to_wait(&waiters[i]);
        peer_wait(event, &n_told, N_WAITERS);
        for (unsigned i = 0; i < N_WAITERS; i++) {
                ck_assert_int_eq(waiters[i].n_told, 1);
                ck_assert_ptr_nonnull(waiters[i].credential);
                ck_assert_ptr_eq(waiters[i].credential, waiters[0].credential);
        }
        /* Who comes later has the same, from the loop too. */
        ck_assert_ptr_eq(acquire()->credential, waiters[0].credential);
        peer_settle(event);
        ck_assert_int_eq(n_told, N_WAITERS + 1);
        assert_acquisitions(1);
        ck_assert_uint_le(kdc_count("AS_REQ") - n_asked, 2); /* with preauthentication */
        ck_assert_uint_gt(ticket_since_usec(ticket), 0);
        ck_assert_ptr_nonnull(ticket_worker(ticket));
        ck_assert_str_eq(ticket_keytab(ticket), client_keytab);
}
END_TEST

START_TEST(renewed_before_its_end) {
        ck_assert_uint_eq(gss_credential_lifetime_sec(acquire()->credential),
                          LIFETIME / USEC_PER_SEC);
        for (unsigned i = 1; i <= 3; i++) {
                clock_offset_usec += LIFETIME / 5 * 4 - SLACK;
                (void)acquire();
                assert_acquisitions(i);
                clock_offset_usec += SLACK;
                ck_assert_ptr_nonnull(acquire()->credential);
                assert_acquisitions(i + 1);
        }
}
END_TEST

/* A ticket that is over at once, as a KDC may give them, is asked for once for each who waits. */
START_TEST(short_lives) {
        kdc_admin("addprinc -randkey -maxlife 5seconds brief");
        kdc_admin("ktadd -k %s -norandkey brief", kdc_path("brief.keytab"));
        ticket = ticket_unref(ticket);
        ticket = ticket_of(kdc_path("brief.keytab"), "brief", NULL);
        ck_assert_uint_eq(gss_credential_lifetime_sec(acquire()->credential), 5);
        clock_offset_usec += 4 * USEC_PER_SEC;
        (void)acquire();
        peer_settle(event);
        assert_acquisitions(2);
        ck_assert_str_eq(ticket_account(ticket), "brief@" KDC_REALM);
}
END_TEST

/* --- failures --------------------------------------------------------------------------------- */

/* E7: what another try would be counted against stands for RetryMax. */
static const struct {
        krb5_error_code code;
        GssFault fault;
        uint64_t stands_usec;
} failures[] = {
        {KRB5_KDC_UNREACH, GSS_FAULT_KDC_UNREACHABLE, RETRY_MIN},
        {KRB5KRB_AP_ERR_SKEW, GSS_FAULT_CLOCK_SKEW, RETRY_MIN},
        {KRB5_REALM_UNKNOWN, GSS_FAULT_NO_REALM, RETRY_MIN},
        {KRB5KRB_ERR_GENERIC, GSS_FAULT_OTHER, RETRY_MIN},
        {KRB5KDC_ERR_PREAUTH_FAILED, GSS_FAULT_PREAUTH_FAILED, RETRY_MAX},
        {KRB5KRB_AP_ERR_BAD_INTEGRITY, GSS_FAULT_PREAUTH_FAILED, RETRY_MAX},
        {KRB5KDC_ERR_CLIENT_REVOKED, GSS_FAULT_CLIENT_LOCKED, RETRY_MAX},
        {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, GSS_FAULT_CLIENT_UNKNOWN, RETRY_MAX},
};

START_TEST(failures_stand_for_all) {
        forced_code = failures[_i].code;
        for (unsigned i = 0; i < N_WAITERS; i++)
                begin_to_wait(&waiters[i]);
        peer_wait(event, &n_told, N_WAITERS);
        assert_acquisitions(1);
        for (unsigned i = 0; i < N_WAITERS; i++)
                ck_assert_int_eq(waiters[i].error.fault, failures[_i].fault);
        ck_assert_str_ne(waiters[0].error.text, "");
        ck_assert_uint_eq(ticket_since_usec(ticket), 0);

        forced_code = 0;
        clock_offset_usec = failures[_i].stands_usec / 2;
        ck_assert_str_eq(acquire()->error.text, waiters[0].error.text);
        assert_acquisitions(1);
        clock_offset_usec = failures[_i].stands_usec;
        ck_assert_int_eq(acquire()->error.fault, GSS_FAULT_NONE);
        assert_acquisitions(2);
}
END_TEST

/* The account is asked for once with a key that is not its own any more, whoever wants it, until
   the keytab is another (E7: no lockout). */
START_TEST(a_password_changed_since) {
        const char *keytab = kdc_add("changed", "changed.keytab");
        unsigned n_refused;

        kdc_admin("cpw -randkey changed");
        ticket = ticket_unref(ticket);
        ticket = ticket_of(keytab, "changed", NULL);
        n_refused = kdc_count("PREAUTH_FAILED");
        for (unsigned i = 0; i < 20; i++) {
                ck_assert_int_eq(acquire()->error.fault, GSS_FAULT_PREAUTH_FAILED);
                clock_offset_usec += USEC_PER_MINUTE;
        }
        ck_assert_uint_eq(kdc_count("PREAUTH_FAILED"), n_refused + 1);
        kdc_admin("ktadd -k %s -norandkey changed", keytab);
        ck_assert_int_eq(acquire()->error.fault, GSS_FAULT_NONE);
        ck_assert_uint_eq(kdc_count("PREAUTH_FAILED"), n_refused + 1);
}
END_TEST

/* A keytab that comes is looked at when it is there; that it goes is no reason for another try. */
START_TEST(keytabs_come_and_go) {
        const char *keytab = kdc_path("late.keytab");

        ticket = ticket_unref(ticket);
        ticket = ticket_of(keytab, "late", NULL);
        ck_assert_int_eq(acquire()->error.fault, GSS_FAULT_NO_KEYTAB);
        kdc_add("late", "late.keytab");
        forced_code = KRB5KDC_ERR_PREAUTH_FAILED;
        ck_assert_int_eq(acquire()->error.fault, GSS_FAULT_PREAUTH_FAILED);
        assert_acquisitions(1);
        ck_assert_int_eq(unlink(keytab), 0);
        ck_assert_int_eq(acquire()->error.fault, GSS_FAULT_PREAUTH_FAILED);
        assert_acquisitions(1);
}
END_TEST

/* Domains may have different RetryMin=: what one of them has tried again comes to it, whoever comes
   meanwhile. */
START_TEST(who_tries_again_is_told_of_that) {
        forced_code = KRB5_KDC_UNREACH;
        (void)acquire();
        forced_code = 0;
        clock_offset_usec = RETRY_MIN;
        pthread_mutex_lock(&gate);
        begin_to_wait(&waiters[0]);
        wait_as(&waiters[1], USEC_PER_HOUR);
        wait_for_acquisition(2);
        peer_settle(event);
        pthread_mutex_unlock(&gate);
        peer_wait(event, &n_told, 3);
        ck_assert_ptr_nonnull(waiters[0].credential);
        ck_assert_ptr_nonnull(waiters[1].credential);
}
END_TEST

/* E7: while another cannot be had the old one serves, to its end. */
START_TEST(the_old_one_serves) {
        const GssCredential *first = acquire()->credential;

        forced_code = KRB5_KDC_UNREACH;
        clock_offset_usec = LIFETIME / 5 * 4;
        ck_assert_ptr_eq(acquire()->credential, first);
        ck_assert_ptr_eq(acquire()->credential, first);
        assert_acquisitions(2);
        clock_offset_usec += RETRY_MIN;
        ck_assert_ptr_eq(acquire()->credential, first);
        assert_acquisitions(3);
        clock_offset_usec = LIFETIME;
        ck_assert_int_eq(acquire()->error.fault, GSS_FAULT_KDC_UNREACHABLE);
        ck_assert_ptr_null(acquire()->credential);
        assert_acquisitions(4);
        forced_code = 0;
        clock_offset_usec += RETRY_MIN;
        ck_assert_ptr_nonnull(acquire()->credential);
}
END_TEST

/* --- doubt ------------------------------------------------------------------------------------ */

START_TEST(doubt_renews_what_is_older) {
        GssCredential *first = gss_credential_ref(acquire()->credential);
        uint64_t since_usec = ticket_since_usec(ticket);

        ticket_doubt(ticket, since_usec - 1);
        ck_assert_ptr_eq(acquire()->credential, first);
        clock_offset_usec += USEC_PER_SEC;
        ticket_doubt(ticket, since_usec);
        ticket_doubt(ticket, since_usec);
        ck_assert_ptr_ne(acquire()->credential, first);
        assert_acquisitions(2);
        ck_assert_uint_gt(ticket_since_usec(ticket), since_usec);
        ticket_doubt(ticket, since_usec); /* somebody who had the first one too */
        (void)acquire();
        assert_acquisitions(2);
        gss_credential_unref(first);
}
END_TEST

/* E7: before there is any, doubt is nothing; and a failed renewal is everybody's. */
START_TEST(doubt_and_failure) {
        ticket_doubt(ticket, UINT64_MAX);
        ck_assert_ptr_nonnull(acquire()->credential);
        (void)acquire();
        assert_acquisitions(1);
        ticket_doubt(ticket, UINT64_MAX);
        forced_code = KRB5_KDC_UNREACH;
        ck_assert_int_eq(acquire()->error.fault, GSS_FAULT_KDC_UNREACHABLE);
        ck_assert_str_eq(ticket_account(ticket), CLIENT);
        forced_code = 0;
        clock_offset_usec = RETRY_MIN;
        ck_assert_ptr_nonnull(acquire()->credential);
        assert_acquisitions(3);
}
END_TEST

/* Somebody has yet to be told of the ticket when another one doubts it. */
START_TEST(nobody_gets_what_is_doubted) {
        GssCredential *first = gss_credential_ref(acquire()->credential);

        begin_to_wait(&waiters[0]);
        ticket_doubt(ticket, ticket_since_usec(ticket));
        begin_to_wait(&waiters[1]);
        peer_wait(event, &n_told, 3);
        assert_acquisitions(2);
        ck_assert_ptr_ne(waiters[1].credential, first);
        gss_credential_unref(first);
}
END_TEST

/* --- who leaves ------------------------------------------------------------------------------- */

START_TEST(forgotten_while_they_wait) {
        for (unsigned i = 0; i < 4; i++)
                begin_to_wait(&waiters[i]);
        ticket_forget(ticket, &waiters[0].waiter);
        ticket_forget(ticket, &waiters[2].waiter);
        ticket_forget(ticket, &waiters[2].waiter);
        peer_wait(event, &n_told, 2);
        peer_settle(event);
        ck_assert_int_eq(waiters[0].n_told + waiters[2].n_told, 0);
        ck_assert_int_eq(waiters[1].n_told + waiters[3].n_told, 2);
        ticket_forget(ticket, &waiters[1].waiter);
}
END_TEST

static void forget_others(Waiter *waiter) {
        for (unsigned i = 0; i < 4; i++)
                if (&waiters[i] != waiter)
                        ticket_forget(ticket, &waiters[i].waiter);
}

START_TEST(one_may_end_the_others) {
        for (unsigned i = 0; i < 4; i++) {
                begin_to_wait(&waiters[i]);
                waiters[i].then = forget_others;
        }
        peer_wait(event, &n_told, 1);
        peer_settle(event);
        ck_assert_int_eq(n_told, 1);
}
END_TEST

static void wait_again(Waiter *waiter) {
        if (waiter->n_told < 3)
                begin_to_wait(waiter);
}

/* Who begins to wait in a handler is told the next time, good news or bad. */
START_TEST(waiting_again_in_a_handler) {
        forced_code = _i ? KRB5_KDC_UNREACH : 0;
        waiters[0].then = wait_again;
        begin_to_wait(&waiters[0]);
        begin_to_wait(&waiters[1]);
        peer_wait(event, &n_told, 4);
        peer_settle(event);
        ck_assert_int_eq(waiters[0].n_told, 3);
        ck_assert_int_eq(waiters[1].n_told, 1);
        assert_acquisitions(1);
}
END_TEST

static void leave_ticket(Waiter *waiter) {
        ticket = ticket_unref(ticket);
}

/* The last reference goes while others are still to be told. */
START_TEST(ticket_may_go_while_it_tells) {
        for (unsigned i = 0; i < 4; i++)
                begin_to_wait(&waiters[i]);
        waiters[3].then = leave_ticket;
        peer_wait(event, &n_told, 4);
        ck_assert_ptr_null(ticket);
        ck_assert_ptr_null(tickets.first);
}
END_TEST

/* ... or while it is acquired: nobody waits for the thread, which frees what it has got. */
START_TEST(ticket_may_go_while_it_is_acquired) {
        unsigned n_threads = peer_count_threads();

        pthread_mutex_lock(&gate);
        forced_code = _i ? KRB5_KDC_UNREACH : 0;
        begin_to_wait(&waiters[0]);
        wait_for_acquisition(1);
        ticket_forget(ticket, &waiters[0].waiter);
        ticket = ticket_unref(ticket);
        ck_assert_ptr_null(tickets.first);
        pthread_mutex_unlock(&gate);
        peer_wait_for_threads(event, n_threads);
        ck_assert_int_eq(n_told, 0);
}
END_TEST

/* Nobody waits any more, but what was begun serves the next. */
START_TEST(acquired_for_who_comes) {
        pthread_mutex_lock(&gate);
        begin_to_wait(&waiters[0]);
        wait_for_acquisition(1);
        ticket_forget(ticket, &waiters[0].waiter);
        begin_to_wait(&waiters[1]);
        pthread_mutex_unlock(&gate);
        peer_wait(event, &n_told, 1);
        ck_assert_ptr_nonnull(waiters[1].credential);
        assert_acquisitions(1);
}
END_TEST

/* E7: who comes after all have left, with a reload or for another server, asks no KDC that has just
   refused the account; for other failures nothing is kept. */
START_TEST(refusal_outlives_the_ticket) {
        static const krb5_error_code codes[] = {KRB5KDC_ERR_PREAUTH_FAILED,
                                                KRB5KDC_ERR_CLIENT_REVOKED,
                                                KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, KRB5_KDC_UNREACH};
        const bool is_kept = codes[_i] != KRB5_KDC_UNREACH;

        forced_code = codes[_i];
        ck_assert_ptr_null(acquire()->credential);
        ticket = ticket_unref(ticket);
        ck_assert_int_eq(tickets.first != NULL, is_kept);
        ticket = ticket_of(client_keytab, CLIENT, NULL);
        ck_assert_ptr_null(acquire()->credential);
        assert_acquisitions(is_kept ? 1 : 2);
}
END_TEST

/* --- the table -------------------------------------------------------------------------------- */

START_TEST(equal_keys_are_one) {
        static const TicketKey keys[] = {
                {"a.keytab", NULL, NULL}, {"b.keytab", NULL, NULL}, {"a.keytab", "x", NULL},
                {"a.keytab", "y", NULL},  {"a.keytab", NULL, "R"},  {"a.keytab", "x", "R"},
        };
        Ticket *all[ELEMENTSOF(keys)];

        for (unsigned i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_(freep) char *copy = strdup(keys[i].keytab);
                all[i] = ticket_of(copy, keys[i].principal, keys[i].realm);
                for (unsigned j = 0; j < i; j++)
                        ck_assert_ptr_ne(all[i], all[j]);
        }
        for (unsigned i = 0; i < ELEMENTSOF(keys); i++) {
                Ticket *same = ticket_of(keys[i].keytab, keys[i].principal, keys[i].realm);
                ck_assert_ptr_eq(same, all[i]);
                ck_assert_ptr_null(ticket_unref(same));
                ck_assert_str_eq(ticket_keytab(all[i]), keys[i].keytab);
                ck_assert_str_eq(ticket_account(all[i]), keys[i].principal ?: "");
        }
        for (unsigned i = 0; i < ELEMENTSOF(keys); i++)
                ck_assert_ptr_null(ticket_unref(all[(i + 2) % ELEMENTSOF(keys)]));
        ck_assert_ptr_null(ticket_unref(NULL));
}
END_TEST

/* Without Principal= it is this machine's, also where a resolver does not know its whole name. */
START_TEST(account_of_this_machine) {
        host_name = _i ? "kms1" : "kms1.example.test";
        ticket = ticket_unref(ticket);
        ticket = ticket_of(client_keytab, NULL, _i ? KDC_REALM : NULL);
        ck_assert_str_eq(ticket_account(ticket), "");
        Waiter *waiter = acquire();
        ck_assert_msg(waiter->credential != NULL, "%s", waiter->error.text);
        ck_assert_str_eq(ticket_account(ticket), CLIENT);
}
END_TEST

START_TEST(no_account_of_this_machine) {
        ticket = ticket_unref(ticket);
        ticket = ticket_of(client_keytab, NULL, "OTHER.TEST");
        assert_fault(acquire()->error, GSS_FAULT_NO_PRINCIPAL, CLIENT);
        ck_assert_str_eq(ticket_account(ticket), "");
        assert_acquisitions(0);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_unchecked_fixture(tcase, set_up_realm, kdc_teardown);
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, one_acquisition_for_all);
        tcase_add_test(tcase, renewed_before_its_end);
        tcase_add_test(tcase, short_lives);
        tcase_add_loop_test(tcase, failures_stand_for_all, 0, ELEMENTSOF(failures));
        tcase_add_test(tcase, a_password_changed_since);
        tcase_add_test(tcase, keytabs_come_and_go);
        tcase_add_test(tcase, who_tries_again_is_told_of_that);
        tcase_add_test(tcase, the_old_one_serves);
        tcase_add_test(tcase, doubt_renews_what_is_older);
        tcase_add_test(tcase, doubt_and_failure);
        tcase_add_test(tcase, nobody_gets_what_is_doubted);
        tcase_add_test(tcase, forgotten_while_they_wait);
        tcase_add_test(tcase, one_may_end_the_others);
        tcase_add_loop_test(tcase, waiting_again_in_a_handler, 0, 2);
        tcase_add_test(tcase, ticket_may_go_while_it_tells);
        tcase_add_loop_test(tcase, ticket_may_go_while_it_is_acquired, 0, 2);
        tcase_add_test(tcase, acquired_for_who_comes);
        tcase_add_loop_test(tcase, refusal_outlives_the_ticket, 0, 4);
        tcase_add_test(tcase, equal_keys_are_one);
        tcase_add_loop_test(tcase, account_of_this_machine, 0, 2);
        tcase_add_test(tcase, no_account_of_this_machine);
}

UNIT_MAIN("ticket", add_tests)
