/* Contexts between a client and an acceptor with a real KDC behind both (rule E7, points C60, C62,
   C70). The clock that the library sees is moved, not waited for. */
#include "lib/gss.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_kdc.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(GssCredential, gss_credential_unref)
DEFINE_CLEANUP(GssContext, gss_context_free)
DEFINE_CLEANUP(Acceptor, acceptor_free)

#define SERVER "ns1.example.test"
#define CLIENT "KMS1$@" KDC_REALM
#define MESSAGE ((const uint8_t *)"a message")
#define MESSAGE_SIZE 9

static const char *client_keytab, *server_keytab;

/* In place of the C library's: what libkrb5 asks. */
static time_t clock_offset_sec;

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
        struct timespec time_now;

        if (clock_gettime(CLOCK_REALTIME, &time_now) < 0)
                return -1;
        now->tv_sec = time_now.tv_sec + clock_offset_sec;
        now->tv_usec = time_now.tv_nsec / 1000;
        return 0;
}

time_t time(time_t *ret_now) {
        struct timeval now = {};

        (void)gettimeofday(&now, NULL);
        if (ret_now)
                *ret_now = now.tv_sec;
        return now.tv_sec;
}

static void setup(void) {
        static char client[KDC_PATH_MAX], server[KDC_PATH_MAX];

        kdc_setup();
        client_keytab = strcpy(client, kdc_add("KMS1$", "client.keytab"));
        server_keytab = strcpy(server, kdc_add("DNS/" SERVER, "server.keytab"));
}

START_TEST(a_ticket_is_private) {
        setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
        setenv("KRB5_CLIENT_KTNAME", "/nonexistent/keytab", 1);
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        _cleanup_(acceptor_freep) Acceptor *acceptor = acceptor_new(server_keytab);
        _cleanup_(gss_context_freep) GssContext *context =
                kdc_context(credential, SERVER, acceptor);
        ck_assert_str_eq(gss_context_principal(context), CLIENT);
        unsetenv("KRB5CCNAME");
        unsetenv("KRB5_CLIENT_KTNAME");
}
END_TEST

START_TEST(faults_of_the_kdc) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        GssContext *context = NULL;
        GssStep step;

        kdc_stop();
        assert_fault(kdc_acquire_error(client_keytab, CLIENT), GSS_FAULT_KDC_UNREACHABLE,
                     KDC_REALM);
        ck_assert_int_eq(gss_context_new(credential, SERVER, NULL, &context), 0);
        ck_assert_int_eq(gss_context_step(context, NULL, 0, &step), 0);
        gss_context_free(context);
        kdc_start();
        assert_fault(step.error, GSS_FAULT_KDC_UNREACHABLE, KDC_REALM);
        ck_assert(!step.token && !step.is_complete);

        const char *keytab = kdc_path("realms.keytab");
        kdc_admin("addprinc -randkey x@DARK.TEST");
        kdc_admin("addprinc -randkey x@NO.TEST");
        kdc_admin("ktadd -k %s -norandkey x@DARK.TEST x@NO.TEST", keytab);
        assert_fault(kdc_acquire_error(keytab, "x@DARK.TEST"), GSS_FAULT_KDC_UNREACHABLE,
                     "DARK.TEST");
        assert_fault(kdc_acquire_error(keytab, "x@NO.TEST"), GSS_FAULT_NO_REALM, "NO.TEST");
}
END_TEST

/* The library would correct itself by the KDC's clock; but then the name server's is next. */
START_TEST(clocks_apart) {
        kdc_configure("kdc_timesync = 0", "");
        for (int sign = -1; sign <= 1; sign += 2) {
                clock_offset_sec = sign * 3600;
                GssError error = kdc_acquire_error(client_keytab, CLIENT);
                clock_offset_sec = 0;
                assert_fault(error, GSS_FAULT_CLOCK_SKEW, "");
        }
        kdc_admin("modprinc -requires_preauth KMS1$");
        clock_offset_sec = 3600;
        GssError error = kdc_acquire_error(client_keytab, CLIENT);
        clock_offset_sec = 0;
        kdc_admin("modprinc +requires_preauth KMS1$");
        kdc_configure("", "");
        assert_fault(error, GSS_FAULT_CLOCK_SKEW, "");
}
END_TEST

static GssError step_error(GssCredential *credential, const char *server, const char *realm) {
        _cleanup_(gss_context_freep) GssContext *context = NULL;
        GssStep step;

        ck_assert_int_eq(gss_context_new(credential, server, realm, &context), 0);
        ck_assert_int_eq(gss_context_step(context, NULL, 0, &step), 0);
        ck_assert(!step.is_complete);
        ck_assert((step.error.fault == GSS_FAULT_NONE) == (step.token != NULL));
        gss_step_done(&step);
        return step.error;
}

/* C70: the server's realm as krb5.conf maps it, as it is given, or as the KDC says. */
START_TEST(names_of_the_server) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);

        ck_assert_int_eq(step_error(credential, SERVER, NULL).fault, GSS_FAULT_NONE);
        ck_assert_int_eq(step_error(credential, "NS1.Example.test", NULL).fault, GSS_FAULT_NONE);
        ck_assert_int_eq(step_error(credential, SERVER, KDC_REALM).fault, GSS_FAULT_NONE);
        assert_fault(step_error(credential, SERVER, "NO.TEST"), GSS_FAULT_SERVER_UNKNOWN,
                     "krbtgt/NO.TEST@");
        assert_fault(step_error(credential, "ns2.example.test", NULL), GSS_FAULT_SERVER_UNKNOWN,
                     "DNS/ns2.example.test");
        assert_fault(step_error(credential, "ns2.example.test", KDC_REALM),
                     GSS_FAULT_SERVER_UNKNOWN, "DNS/ns2.example.test");
        kdc_configure("", "[domain_realm]\n.example.test = NO.TEST");
        assert_fault(step_error(credential, SERVER, NULL), GSS_FAULT_SERVER_UNKNOWN,
                     "krbtgt/NO.TEST@");
        kdc_configure("", "[domain_realm]\n.example.test = " KDC_REALM);
        ck_assert_int_eq(step_error(credential, SERVER, NULL).fault, GSS_FAULT_NONE);
        kdc_configure("", "");
}
END_TEST

START_TEST(a_context) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        _cleanup_(acceptor_freep) Acceptor *acceptor = acceptor_new(server_keytab);
        _cleanup_(gss_context_freep) GssContext *context =
                kdc_context(credential, SERVER, acceptor);
        uint8_t mic[GSS_MIC_MAX];
        static Octets octets;
        size_t size;

        uint32_t lifetime_sec = gss_context_lifetime_sec(context);
        ck_assert_uint_le(lifetime_sec, 10 * 3600);
        ck_assert_uint_gt(lifetime_sec, 10 * 3600 - 60);
        octets.size = 0;
        octets_add(&octets, MESSAGE, MESSAGE_SIZE);
        ck_assert_int_eq(gss_context_sign(context, MESSAGE, MESSAGE_SIZE, mic, &size), 0);
        ck_assert(acceptor_verify(acceptor, &octets, mic, size));

        size = acceptor_sign(acceptor, &octets, mic);
        ck_assert(!gss_context_verify(context, MESSAGE, MESSAGE_SIZE - 1, mic, size));
        ck_assert(!gss_context_verify(context, MESSAGE, MESSAGE_SIZE, mic, size - 1));
        ck_assert(!gss_context_verify(context, MESSAGE, MESSAGE_SIZE, mic, 0));
        for (size_t i = 0; i < size; i++) {
                mic[i] ^= 1;
                ck_assert(!gss_context_verify(context, MESSAGE, MESSAGE_SIZE, mic, size));
                mic[i] ^= 1;
        }
        ck_assert(gss_context_verify(context, MESSAGE, MESSAGE_SIZE, mic, size));
        ck_assert(!gss_context_verify(context, MESSAGE, MESSAGE_SIZE, mic, size));
}
END_TEST

/* Our own signature is not the other side's (C67). */
START_TEST(no_reflection) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        _cleanup_(acceptor_freep) Acceptor *acceptor = acceptor_new(server_keytab);
        _cleanup_(gss_context_freep) GssContext *context =
                kdc_context(credential, SERVER, acceptor);
        uint8_t mic[GSS_MIC_MAX];
        size_t size;

        ck_assert_int_eq(gss_context_sign(context, MESSAGE, MESSAGE_SIZE, mic, &size), 0);
        ck_assert(!gss_context_verify(context, MESSAGE, MESSAGE_SIZE, mic, size));
}
END_TEST

/* C60: of answers some may be lost, but what comes late, again or out of order is none. The other
   side is as strict, even with what comes after a loss. */
START_TEST(order_is_kept) {
        static const struct {
                unsigned n;
                bool is_taken, is_taken_there;
        } order[] = {{0, true, true}, {1, true, true},   {3, true, false},
                     {4, true, true}, {2, false, false}, {4, false, false}};
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        _cleanup_(acceptor_freep) Acceptor *acceptor = acceptor_new(server_keytab);
        _cleanup_(gss_context_freep) GssContext *context =
                kdc_context(credential, SERVER, acceptor);
        uint8_t ours[5][GSS_MIC_MAX], theirs[5][GSS_MIC_MAX];
        size_t ours_size[5], theirs_size[5];
        static Octets octets;

        octets.size = 0;
        octets_add(&octets, MESSAGE, MESSAGE_SIZE);
        for (unsigned i = 0; i < 5; i++) {
                ck_assert_int_eq(
                        gss_context_sign(context, MESSAGE, MESSAGE_SIZE, ours[i], &ours_size[i]),
                        0);
                theirs_size[i] = acceptor_sign(acceptor, &octets, theirs[i]);
        }
        for (unsigned i = 0; i < ELEMENTSOF(order); i++) {
                unsigned n = order[i].n;
                ck_assert_int_eq(acceptor_verify(acceptor, &octets, ours[n], ours_size[n]),
                                 order[i].is_taken_there);
                ck_assert_int_eq(gss_context_verify(context, MESSAGE, MESSAGE_SIZE, theirs[n],
                                                    theirs_size[n]),
                                 order[i].is_taken);
        }
}
END_TEST

START_TEST(time_goes_by) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);
        _cleanup_(acceptor_freep) Acceptor *acceptor = acceptor_new(server_keytab);
        _cleanup_(gss_context_freep) GssContext *context =
                kdc_context(credential, SERVER, acceptor);
        uint8_t mic[GSS_MIC_MAX];
        size_t size;

        clock_offset_sec = 11 * 3600;
        uint32_t lifetime_sec = gss_context_lifetime_sec(context);
        int r = gss_context_sign(context, MESSAGE, MESSAGE_SIZE, mic, &size);
        GssError error = step_error(credential, SERVER, NULL);
        clock_offset_sec = 0;
        ck_assert_uint_eq(lifetime_sec, 0);
        ck_assert_int_eq(r, -EKEYEXPIRED);
        assert_fault(error, GSS_FAULT_EXPIRED, "");
}
END_TEST

/* E7: half over, the ticket is used as it is; only the caller goes to the KDC for another. */
START_TEST(no_renewal_behind_our_back) {
        const char *keytab = kdc_add("quiet", "quiet.keytab");

        kdc_admin("modprinc -maxlife 8minutes quiet");
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(keytab, "quiet@" KDC_REALM);
        unsigned n_before = kdc_count("AS_REQ");
        ck_assert_uint_gt(n_before, 0);
        ck_assert_uint_eq(gss_credential_lifetime_sec(credential), 480);
        clock_offset_sec = 280;
        GssError error = step_error(credential, SERVER, NULL);
        clock_offset_sec = 0;
        ck_assert_msg(error.fault == GSS_FAULT_NONE, "%s", error.text);
        ck_assert_uint_eq(kdc_count("AS_REQ"), n_before);
        ck_assert_uint_gt(kdc_count("TGS_REQ"), 0);
}
END_TEST

/* One credential, many threads, the last of which frees it. */
static void *thread_main(void *argument) {
        GssCredential *credential = argument;
        GssContext *context = NULL;
        GssStep step = {};
        bool ok = gss_context_new(credential, SERVER, NULL, &context) == 0 &&
                  gss_context_step(context, NULL, 0, &step) == 0 &&
                  step.error.fault == GSS_FAULT_NONE;

        gss_step_done(&step);
        gss_context_free(context);
        gss_credential_unref(credential);
        return ok ? argument : NULL;
}

START_TEST(threads) {
        GssCredential *credential = kdc_credential(client_keytab, CLIENT);
        pthread_t all[8];
        void *ok;

        for (unsigned i = 0; i < ELEMENTSOF(all); i++)
                ck_assert_int_eq(
                        pthread_create(&all[i], NULL, thread_main, gss_credential_ref(credential)),
                        0);
        ck_assert_ptr_null(gss_credential_unref(credential));
        for (unsigned i = 0; i < ELEMENTSOF(all); i++) {
                ck_assert_int_eq(pthread_join(all[i], &ok), 0);
                ck_assert_ptr_nonnull(ok);
        }
        ck_assert_ptr_null(gss_credential_unref(NULL));
        ck_assert_ptr_null(gss_credential_ref(NULL));
        ck_assert_ptr_null(gss_context_free(NULL));
}
END_TEST

START_TEST(every_fault_has_words) {
        for (unsigned i = 0; i < _GSS_FAULT_MAX; i++) {
                ck_assert_str_ne(gss_fault_to_string(i), "?");
                for (unsigned j = 0; j < i; j++)
                        ck_assert_str_ne(gss_fault_to_string(i), gss_fault_to_string(j));
        }
        GssError error = gss_error_new(GSS_FAULT_OTHER, "a\nb\033[1m\200%300s", "x");
        ck_assert(strncmp(error.text, "a?b?[1m?  ", 10) == 0);
        ck_assert_uint_eq(strlen(error.text), sizeof(error.text) - 1);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_unchecked_fixture(tcase, setup, kdc_teardown);
        tcase_add_test(tcase, a_ticket_is_private);
        tcase_add_test(tcase, faults_of_the_kdc);
        tcase_add_test(tcase, clocks_apart);
        tcase_add_test(tcase, names_of_the_server);
        tcase_add_test(tcase, a_context);
        tcase_add_test(tcase, no_reflection);
        tcase_add_test(tcase, order_is_kept);
        tcase_add_test(tcase, time_goes_by);
        tcase_add_test(tcase, no_renewal_behind_our_back);
        tcase_add_test(tcase, threads);
        tcase_add_test(tcase, every_fault_has_words);
}

UNIT_MAIN("gss", add_tests)
