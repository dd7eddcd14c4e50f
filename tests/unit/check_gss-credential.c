/* Tickets from a real KDC, and each fault with the words that go with it (rule E7). */
#include "lib/gss-credential.h"

#include <dlfcn.h>
#include <krb5.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_kdc.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(GssCredential, gss_credential_unref)

#define CLIENT "KMS1$@" KDC_REALM

static const char *client_keytab;

static void setup(void) {
        static char client[KDC_PATH_MAX];

        kdc_setup();
        client_keytab = strcpy(client, kdc_add("KMS1$", "client.keytab"));
}

/* The library's, with the names that it gave written down. */
static char *cache_names[8];
static unsigned n_caches;
static bool is_noting;

krb5_error_code krb5_cc_new_unique(krb5_context krb5, const char *type, const char *hint,
                                   krb5_ccache *ret_cache) {
        __typeof__(krb5_cc_new_unique) *real =
                (__typeof__(real))dlsym(RTLD_NEXT, "krb5_cc_new_unique");

        krb5_error_code code = real(krb5, type, hint, ret_cache);
        if (is_noting && n_caches < ELEMENTSOF(cache_names) &&
            krb5_cc_get_full_name(krb5, *ret_cache, &cache_names[n_caches]) == 0)
                n_caches++;
        return code;
}

static bool cache_exists(const char *name) {
        krb5_principal principal = NULL;
        krb5_context krb5;
        krb5_ccache cache;

        ck_assert_int_eq(krb5_init_context(&krb5), 0);
        ck_assert_int_eq(krb5_cc_resolve(krb5, name, &cache), 0);
        bool exists = krb5_cc_get_principal(krb5, cache, &principal) == 0;
        krb5_free_principal(krb5, principal);
        krb5_cc_close(krb5, cache);
        krb5_free_context(krb5);
        return exists;
}

/* Each has a cache of its own, in memory, which goes with it. */
START_TEST(tickets_and_their_caches) {
        is_noting = true;
        GssCredential *one = kdc_credential(client_keytab, CLIENT);
        GssCredential *two = kdc_credential(client_keytab, CLIENT);

        is_noting = false;
        ck_assert_uint_eq(n_caches, 2);
        ck_assert_int_eq(strncmp(cache_names[0], "MEMORY:", 7), 0);
        ck_assert_str_ne(cache_names[0], cache_names[1]);
        ck_assert(cache_exists(cache_names[0]) && cache_exists(cache_names[1]));
        ck_assert_ptr_null(gss_credential_unref(one));
        ck_assert(!cache_exists(cache_names[0]) && cache_exists(cache_names[1]));
        ck_assert_ptr_null(gss_credential_unref(two));
        ck_assert(!cache_exists(cache_names[1]));
        while (n_caches > 0)
                free(cache_names[--n_caches]);
}
END_TEST

START_TEST(a_ticket) {
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(client_keytab, CLIENT);

        ck_assert_str_eq(gss_credential_principal(credential), CLIENT);
        ck_assert_uint_eq(gss_credential_lifetime_sec(credential), 10 * 3600);
}
END_TEST

static void write_keytab(const char *path, const void *bytes, size_t size) {
        FILE *file = fopen(path, "we");

        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
        ck_assert_int_eq(fclose(file), 0);
}

START_TEST(faults_of_a_keytab) {
        const char *path = kdc_path("bad.keytab");

        assert_fault(kdc_acquire_error(kdc_path("none"), CLIENT), GSS_FAULT_NO_KEYTAB, "none");
        assert_fault(kdc_acquire_error("/dev/null/none", CLIENT), GSS_FAULT_NO_KEYTAB, "");
        assert_fault(kdc_acquire_error(kdc_path("."), CLIENT), GSS_FAULT_KEYTAB_UNREADABLE, "");
        write_keytab(path, "key \"name\" {", 12);
        assert_fault(kdc_acquire_error(path, CLIENT), GSS_FAULT_KEYTAB_MALFORMED, "");
        write_keytab(path, "", 0);
        assert_fault(kdc_acquire_error(path, CLIENT), GSS_FAULT_KEYTAB_MALFORMED, "");
        write_keytab(path, "\5\2", 2);
        assert_fault(kdc_acquire_error(path, CLIENT), GSS_FAULT_NO_PRINCIPAL, CLIENT);
        assert_fault(kdc_acquire_error(client_keytab, "KMS2$@" KDC_REALM), GSS_FAULT_NO_PRINCIPAL,
                     "KMS2$");
        assert_fault(kdc_acquire_error(client_keytab, "KMS1$@OTHER.TEST"), GSS_FAULT_NO_PRINCIPAL,
                     "OTHER.TEST");
}
END_TEST

/* Of this thread alone: the sanitizer's own threads keep theirs. */
START_TEST(a_keytab_of_somebody_else) {
        const char *path = kdc_path("secret.keytab");
        char *principal;
        GssError error;

        write_keytab(path, "\5\2", 2);
        ck_assert_int_eq(chmod(path, 0), 0);
        if (geteuid() == 0) {
                ck_assert_int_eq(chmod(kdc_path("."), 0755), 0);
                ck_assert_int_eq(chmod(kdc_path("krb5.conf"), 0644), 0);
                ck_assert_int_eq(syscall(SYS_setresuid, -1, 65534, -1), 0);
        }
        error = kdc_acquire_error(path, CLIENT);
        ck_assert_int_eq(gss_keytab_find(path, CLIENT, NULL, NULL, &principal, &error), 0);
        if (getuid() == 0)
                ck_assert_int_eq(syscall(SYS_setresuid, -1, 0, -1), 0);
        assert_fault(error, GSS_FAULT_KEYTAB_UNREADABLE, "");
        ck_assert_ptr_null(principal);
}
END_TEST

static const struct {
        const char *what;
        const char *principal, *fqdn, *realm;
        const char *found; /* NULL: none */
} searches[] = {
        {"HOST$ goes before host/FQDN", NULL, "both.example.test", NULL, "BOTH$@OTHER.TEST"},
        {"host/FQDN", NULL, "only.example.test", NULL, "host/only.example.test@EXAMPLE.TEST"},
        {"names have no case", NULL, "ONLY.Example.Test", NULL,
         "host/only.example.test@EXAMPLE.TEST"},
        {"15 characters in Active Directory", NULL, "a-very-long-host-name.example.test", NULL,
         "A-VERY-LONG-HOS$@EXAMPLE.TEST"},
        {"the whole name where it is there", NULL, "another-long-host-name.example.test", NULL,
         "another-long-host-name$@EXAMPLE.TEST"},
        {"a realm that is wanted", NULL, "both.example.test", "OTHER.TEST", "BOTH$@OTHER.TEST"},
        {"in any case", NULL, "both.example.test", "other.test", "BOTH$@OTHER.TEST"},
        {"in no other", NULL, "only.example.test", "OTHER.TEST", NULL},
        {"none", NULL, "none.example.test", NULL, NULL},
        {"a name that begins alike", NULL, "bot.example.test", NULL, NULL},
        {"a host without a domain", NULL, "both", KDC_REALM, "BOTH$@EXAMPLE.TEST"},
        {"what is asked for", "svc", "both.example.test", NULL, "svc@EXAMPLE.TEST"},
        {"with its realm", "svc@EXAMPLE.TEST", NULL, NULL, "svc@EXAMPLE.TEST"},
        {"its realm goes first", "BOTH$@OTHER.TEST", NULL, "EXAMPLE.TEST", "BOTH$@OTHER.TEST"},
        {"its own realm only", "svc@OTHER.TEST", NULL, NULL, NULL},
        {"what is asked for, or none", "nobody", "both.example.test", NULL, NULL},
};

START_TEST(find_the_principal) {
        char *principal = (char *)"unset";
        GssError error;

        if (_i == 0) {
                kdc_add("host/only.example.test", "many.keytab");
                kdc_add("host/both.example.test", "many.keytab");
                kdc_add("BOTH$@OTHER.TEST", "many.keytab");
                kdc_add("BOTH$", "many.keytab");
                kdc_add("A-VERY-LONG-HOS$", "many.keytab");
                kdc_add("ANOTHER-LONG-HO$", "many.keytab");
                kdc_add("another-long-host-name$", "many.keytab");
                kdc_add("svc", "many.keytab");
        }
        ck_assert_int_eq(gss_keytab_find(kdc_path("many.keytab"), searches[_i].principal,
                                         searches[_i].fqdn, searches[_i].realm, &principal, &error),
                         0);
        if (searches[_i].found) {
                ck_assert_msg(principal && strcmp(principal, searches[_i].found) == 0, "%s: %s",
                              searches[_i].what, principal ?: error.text);
                ck_assert_int_eq(error.fault, GSS_FAULT_NONE);
                ck_assert_str_eq(error.text, "");
        } else {
                ck_assert_msg(!principal, "%s: %s", searches[_i].what, principal);
                assert_fault(error, GSS_FAULT_NO_PRINCIPAL, "it has host/only.example.test@");
        }
        free(principal);
}
END_TEST

START_TEST(find_in_what_is_no_keytab) {
        const char *path = kdc_path("no.keytab");
        char *principal;
        GssError error;

        ck_assert_int_eq(gss_keytab_find(path, NULL, "x.y", NULL, &principal, &error), 0);
        ck_assert_ptr_null(principal);
        assert_fault(error, GSS_FAULT_NO_KEYTAB, "no.keytab");
        write_keytab(path, "\5\2", 2);
        ck_assert_int_eq(gss_keytab_find(path, NULL, "x.y", NULL, &principal, &error), 0);
        assert_fault(error, GSS_FAULT_NO_PRINCIPAL, "has no key for x$; it has none at all");
        write_keytab(path, "\5\2\0\0\0\100\0\1\377\377", 10);
        ck_assert_int_eq(gss_keytab_find(path, NULL, "x.y", NULL, &principal, &error), 0);
        ck_assert_ptr_null(principal);
        write_keytab(path, "PK\3\4", 4);
        ck_assert_int_eq(gss_keytab_find(path, NULL, "x.y", NULL, &principal, &error), 0);
        assert_fault(error, GSS_FAULT_KEYTAB_MALFORMED, "");
}
END_TEST

/* A keytab with two principals, x$@R and y$@R, one octet of which is a control character. */
START_TEST(control_characters) {
#define ENTRY(name) "\0\0\0\32\0\1\0\1R\0\2" name "\0\0\0\1\0\0\0\0\1\0\21\0\4abcd"
        const char *path = kdc_path("control.keytab");
        char *principal;
        GssError error;

        write_keytab(path, "\5\2" ENTRY("\033$") ENTRY("y$"), 2 + 2 * 30);
        ck_assert_int_eq(gss_keytab_find(path, NULL, "\033.test", NULL, &principal, &error), 0);
        ck_assert_ptr_null(principal);
        assert_fault(error, GSS_FAULT_NO_PRINCIPAL, "no key for ?$; it has y$@R");
        ck_assert_int_eq(gss_keytab_find(path, NULL, "Y.test", NULL, &principal, &error), 0);
        ck_assert_str_eq(principal, "y$@R");
        free(principal);
}
END_TEST

START_TEST(faults_of_the_account) {
        const char *keytab = kdc_add("gone", "gone.keytab");

        kdc_admin("delprinc -force gone");
        assert_fault(kdc_acquire_error(keytab, "gone@" KDC_REALM), GSS_FAULT_CLIENT_UNKNOWN,
                     "gone@");
        keytab = kdc_add("locked", "locked.keytab");
        kdc_admin("modprinc -allow_tix locked");
        assert_fault(kdc_acquire_error(keytab, "locked@" KDC_REALM), GSS_FAULT_CLIENT_LOCKED, "");
        keytab = kdc_add("expired", "expired.keytab");
        kdc_admin("modprinc -expire 2000-01-01 expired");
        assert_fault(kdc_acquire_error(keytab, "expired@" KDC_REALM), GSS_FAULT_CLIENT_LOCKED, "");
}
END_TEST

/* E7. Without preauthentication the KDC answers, and the answer cannot be read. */
START_TEST(a_password_changed_since) {
        const char *keytab = kdc_add("changed", "changed.keytab");

        kdc_admin("cpw -randkey changed");
        assert_fault(kdc_acquire_error(keytab, "changed@" KDC_REALM), GSS_FAULT_PREAUTH_FAILED, "");
        kdc_admin("modprinc -requires_preauth changed");
        assert_fault(kdc_acquire_error(keytab, "changed@" KDC_REALM), GSS_FAULT_PREAUTH_FAILED, "");
        kdc_admin("ktadd -k %s -norandkey changed", keytab);
        _cleanup_(gss_credential_unrefp) GssCredential *credential =
                kdc_credential(keytab, "changed@" KDC_REALM);
}
END_TEST

/* Of another kind than the KDC has for the account. */
START_TEST(a_key_that_does_not_fit) {
        kdc_admin("addprinc -randkey -e aes128-cts:normal odd");
        kdc_admin("ktadd -k %s -norandkey odd", kdc_path("odd.keytab"));
        kdc_admin("cpw -randkey -e aes256-cts:normal odd");
        assert_fault(kdc_acquire_error(kdc_path("odd.keytab"), "odd@" KDC_REALM),
                     GSS_FAULT_PREAUTH_FAILED, "");
}
END_TEST

START_TEST(no_realm_at_all) {
        setenv("KRB5_CONFIG", "/dev/null", 1);
        GssError error = kdc_acquire_error(client_keytab, "KMS1$");
        setenv("KRB5_CONFIG", kdc_path("krb5.conf"), 1);
        assert_fault(error, GSS_FAULT_NO_REALM, "default realm");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_unchecked_fixture(tcase, setup, kdc_teardown);
        tcase_add_test(tcase, a_ticket);
        tcase_add_test(tcase, tickets_and_their_caches);
        tcase_add_test(tcase, faults_of_a_keytab);
        tcase_add_test(tcase, a_keytab_of_somebody_else);
        tcase_add_loop_test(tcase, find_the_principal, 0, ELEMENTSOF(searches));
        tcase_add_test(tcase, find_in_what_is_no_keytab);
        tcase_add_test(tcase, control_characters);
        tcase_add_test(tcase, faults_of_the_account);
        tcase_add_test(tcase, a_password_changed_since);
        tcase_add_test(tcase, a_key_that_does_not_fit);
        tcase_add_test(tcase, no_realm_at_all);
}

UNIT_MAIN("gss-credential", add_tests)
