/* daemon/access: which settings share one access, and the key file that is read again when it has
   changed (C47: a key is mended on disk, not by a restart). */
#include "daemon/access.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

#define KEY(name) "key \"" name "\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0IQ==\";\n};\n"

static char directory[] = "/tmp/check_access.XXXXXX";
static char path[sizeof(directory) + 10];
static AccessTable table;

static void set_up(void) {
        strcpy(directory + strlen(directory) - 6, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        (void)snprintf(path, sizeof(path), "%s/key", directory);
        table = (AccessTable){0};
}

static void tear_down(void) {
        ck_assert_uint_eq(table.n, 0);
        (void)unlink(path);
        (void)rmdir(directory);
}

/* --- sharing ---------------------------------------------------------------------------------- */

/* Texts on the heap: an access that kept a pointer to them would be seen by the sanitizer. */
static void settings_init(Settings *s) {
        *s = (Settings){
                .servers = calloc(2, sizeof(Endpoint)),
                .n_servers = 2,
                .zone = strdup("contoso.com"),
                .security = SECURITY_TSIG,
                .key_file = strdup("/etc/srvpubd/update.key"),
                .keytab = strdup("/etc/srvpubd/krb5.keytab"),
                .principal = strdup("KMS1$"),
                .realm = strdup("CONTOSO.COM"),
                .timeout_usec = 5 * USEC_PER_SEC,
                .check_interval_usec = 900 * USEC_PER_SEC,
                .refresh_interval_usec = USEC_INFINITY,
                .retry_min_usec = 5 * USEC_PER_SEC,
                .retry_max_usec = 1800 * USEC_PER_SEC,
                .max_outstanding = 32,
                .mode = MODE_EXCLUSIVE,
                .claims = CLAIMS_YES,
                .lease_usec = 3600 * USEC_PER_SEC,
        };
        ck_assert_int_eq(endpoint_from_text("ns1.contoso.com", &s->servers[0]), 0);
        ck_assert_int_eq(endpoint_from_text("[2001:db8::1]:5353", &s->servers[1]), 0);
}

static void settings_done(Settings *s) {
        free(s->servers);
        free(s->zone);
        free(s->key_file);
        free(s->keytab);
        free(s->principal);
        free(s->realm);
}

static Access *get(const Settings *settings) {
        Access *access = NULL;

        ck_assert_int_eq(access_get(&table, settings, &access), 0);
        return access;
}

static void other_text(char **text, const char *other) {
        free(*text);
        *text = other ? strdup(other) : NULL;
}

static void change_nothing(Settings *s) {}

static void change_case_of_server(Settings *s) {
        s->servers[0].host[0] = 'N';
}

static void change_server(Settings *s) {
        s->servers[1].port = 53;
}

static void change_order(Settings *s) {
        Endpoint first = s->servers[0];

        s->servers[0] = s->servers[1];
        s->servers[1] = first;
}

static void change_number(Settings *s) {
        s->n_servers = 1;
}

static void change_zone(Settings *s) {
        other_text(&s->zone, "adsecurity.org");
}

static void change_zone_to_none(Settings *s) {
        other_text(&s->zone, NULL);
}

static void change_security(Settings *s) {
        s->security = SECURITY_NONE;
}

static void change_key_file(Settings *s) {
        other_text(&s->key_file, "/etc/srvpubd/other.key");
}

static void change_keytab(Settings *s) {
        other_text(&s->keytab, "/etc/srvpubd/other.keytab");
}

static void change_principal(Settings *s) {
        other_text(&s->principal, "KMS2$");
}

static void change_principal_to_none(Settings *s) {
        other_text(&s->principal, NULL);
}

static void change_realm(Settings *s) {
        other_text(&s->realm, "contoso.com");
}

static void change_on_stop(Settings *s) {
        s->on_stop = ON_STOP_WITHDRAW;
}

static void change_mode(Settings *s) {
        s->mode = MODE_OBSERVE;
}

static void change_claims(Settings *s) {
        s->claims = CLAIMS_NO;
}

static void change_reclaim_expired(Settings *s) {
        s->reclaim_expired = true;
}

static void change_max_outstanding(Settings *s) {
        s->max_outstanding++;
}

#define CHANGE(field)                             \
        static void change_##field(Settings *s) { \
                s->field##_usec--;                \
        }
CHANGE(timeout)
CHANGE(check_interval)
CHANGE(refresh_interval)
CHANGE(retry_min)
CHANGE(retry_max)
CHANGE(lease)

static const struct {
        const char *what;
        void (*change)(Settings *settings);
        bool same;
} changes[] = {
        {"nothing", change_nothing, true},
        {"a server's case", change_case_of_server, true},
        {"a server's port", change_server, false},
        {"the order of the servers", change_order, false},
        {"the number of servers", change_number, false},
        {"Zone=", change_zone, false},
        {"no Zone=", change_zone_to_none, false},
        {"Security=", change_security, false},
        {"KeyFile=", change_key_file, false},
        {"OnStop=", change_on_stop, false},
        {"Mode=", change_mode, false},
        {"Claims=", change_claims, false},
        {"Lease=", change_lease, false},
        {"ReclaimExpired=", change_reclaim_expired, false},
        {"MaxOutstanding=", change_max_outstanding, false},
        {"Timeout=", change_timeout, false},
        {"CheckInterval=", change_check_interval, false},
        {"RefreshInterval=", change_refresh_interval, false},
        {"RetryMin=", change_retry_min, false},
        {"RetryMax=", change_retry_max, false},
};

/* A reload that leaves the settings as they were gives the same access; any other, another. */
START_TEST(equal_settings_share_one) {
        Settings first, second;

        settings_init(&first);
        settings_init(&second);
        changes[_i].change(&second);
        Access *a = get(&first), *b = get(&second), *c = get(&second);
        ck_assert_msg((a == b) == changes[_i].same, "%s", changes[_i].what);
        ck_assert_ptr_eq(b, c);
        settings_done(&first);
        settings_done(&second);
        (void)access_unref(a);
        (void)access_unref(c);
        ck_assert_uint_eq(table.n, 1);
        (void)access_unref(b);
}
END_TEST

/* The last who leaves takes it along. */
START_TEST(not_found_when_nobody_uses_it) {
        Settings s, other;

        settings_init(&s);
        settings_init(&other);
        other.mode = MODE_SHARED;
        (void)access_unref(get(&s));
        for (size_t i = 0; i < ACCESS_PLACES; i++)
                ck_assert_ptr_null(table.places[i]);
        Access *a = get(&s), *b = get(&other);
        (void)access_unref(a);
        Access *c = get(&other);
        ck_assert_ptr_eq(b, c);
        (void)access_unref(b);
        (void)access_unref(c);
        settings_done(&s);
        settings_done(&other);
}
END_TEST

/* Thousands of [Domain]s, each with one thing of its own, stand in places of their own. */
START_TEST(found_without_a_long_search) {
        static Access *accesses[5000];
        char zone[32];
        Settings s;

        settings_init(&s);
        free(TAKE_PTR(s.zone));
        for (size_t i = 0; i < ELEMENTSOF(accesses); i++) {
                (void)snprintf(zone, sizeof(zone), "z%zu.contoso.com", i);
                s.zone = _i == 0 ? zone : NULL;
                s.check_interval_usec = _i == 1 ? i * USEC_PER_SEC : 0;
                if (_i == 2)
                        (void)snprintf(s.servers[0].host, sizeof(s.servers[0].host),
                                       "192.0.%zu.%zu", i / 250, i % 250);
                accesses[i] = get(&s);
        }
        ck_assert_uint_eq(table.n, ELEMENTSOF(accesses));
        for (size_t i = 0; i < ACCESS_PLACES; i++) {
                size_t n = 0;

                for (const Access *access = table.places[i]; access; access = access->next)
                        n++;
                ck_assert_uint_le(n, 30);
        }
        for (size_t i = 0; i < ELEMENTSOF(accesses); i++)
                (void)access_unref(accesses[i]);
        s.zone = NULL;
        settings_done(&s);
}
END_TEST

static const struct {
        const char *what;
        void (*change)(Settings *settings);
} kerberos_changes[] = {
        {"Keytab=", change_keytab},
        {"Principal=", change_principal},
        {"no Principal=", change_principal_to_none},
        {"Realm=", change_realm},
};

/* They count where they are used: a reload that changes what only others inherit changes nothing.
 */
START_TEST(kerberos_counts_with_gss_tsig_alone) {
        for (Security security = SECURITY_NONE; security < _SECURITY_MAX; security++) {
                Settings first, second;
                settings_init(&first);
                settings_init(&second);
                first.security = second.security = security;
                Access *a = get(&first), *same = get(&second);
                ck_assert_ptr_eq(a, same);
                kerberos_changes[_i].change(&second);
                Access *b = get(&second);
                ck_assert_msg((a != b) == (security == SECURITY_GSS), "%s",
                              kerberos_changes[_i].what);
                settings_done(&first);
                settings_done(&second);
                (void)access_unref(a);
                (void)access_unref(same);
                (void)access_unref(b);
        }
}
END_TEST

START_TEST(kerberos_is_copied) {
        Settings s;

        settings_init(&s);
        Access *tsig = get(&s);
        s.security = SECURITY_GSS;
        Access *gss = get(&s);
        settings_done(&s);
        ck_assert_ptr_null(tsig->keytab);
        ck_assert_ptr_null(tsig->principal);
        ck_assert_ptr_null(tsig->realm);
        ck_assert_str_eq(gss->keytab, "/etc/srvpubd/krb5.keytab");
        ck_assert_str_eq(gss->principal, "KMS1$");
        ck_assert_str_eq(gss->realm, "CONTOSO.COM");
        (void)access_unref(tsig);
        (void)access_unref(gss);
}
END_TEST

START_TEST(settings_are_copied) {
        Settings s;

        settings_init(&s);
        Access *access = get(&s);
        settings_done(&s);
        _cleanup_(freep) char *servers = access_servers_text(access);
        ck_assert_str_eq(servers, "ns1.contoso.com [2001:db8::1]:5353");
        ck_assert_str_eq(access->zone, "contoso.com");
        ck_assert_str_eq(access->key_file, "/etc/srvpubd/update.key");
        ck_assert_uint_eq(access->times.retry_max_usec, 1800 * USEC_PER_SEC);
        ck_assert_int_eq(access->mode, MODE_EXCLUSIVE);
        ck_assert_int_eq(access->claims, CLAIMS_YES);
        ck_assert_uint_eq(access->lease_usec, 3600 * USEC_PER_SEC);
        ck_assert(!access->reclaim_expired);
        /* O13: an update without an answer may take effect for some time after its own Timeout=. */
        ck_assert_uint_gt(access->times.settle_usec, access->timeout_usec);
        (void)access_unref(access);
}
END_TEST

START_TEST(no_servers_are_an_empty_text) {
        Access *access = get(&(Settings){.security = SECURITY_NONE});
        _cleanup_(freep) char *servers = access_servers_text(access);

        ck_assert_str_eq(servers, "");
        (void)access_unref(access);
}
END_TEST

/* --- the key ---------------------------------------------------------------------------------- */

static void write_key(const char *text) {
        FILE *file = fopen(path, "we");

        ck_assert_ptr_nonnull(file);
        ck_assert_int_ge(fputs(text, file), 0);
        ck_assert_int_eq(fclose(file), 0);
}

/* The file as a new one, so that its identity differs whatever the clock's grain is. */
static void replace_key(const char *text) {
        char old[sizeof(path) + 4];

        (void)snprintf(old, sizeof(old), "%s.old", path);
        (void)rename(path, old); /* keeps its inode from being used again */
        write_key(text);
        (void)unlink(old);
}

/* A good key's file is looked at now and then only, not before each of thousands of messages. */
static void let_time_pass(Access *access) {
        access->looked_usec = 0;
}

static Access *get_tsig(void) {
        return get(&(Settings){.security = SECURITY_TSIG, .key_file = path});
}

static void assert_key(Access *access, const char *name) {
        char error[KEY_FILE_ERROR_MAX];
        Auth *auth = NULL;

        ck_assert_int_eq(access_auth(access, &auth, error), 0);
        ck_assert_ptr_nonnull(strstr(auth_description(auth), name));
}

static void assert_no_key(Access *access, const char *words) {
        char error[KEY_FILE_ERROR_MAX] = "";
        Auth *auth = NULL;

        ck_assert_int_lt(access_auth(access, &auth, error), 0);
        ck_assert_ptr_null(auth);
        ck_assert_msg(strstr(error, path) && strstr(error, words), "%s", error);
}

START_TEST(without_security_no_file_is_read) {
        Access *access = get(&(Settings){.security = SECURITY_NONE, .key_file = path});
        char error[KEY_FILE_ERROR_MAX];
        Auth *auth = NULL, *again = NULL;

        ck_assert_int_eq(access_auth(access, &auth, error), 0);
        ck_assert_str_eq(auth_description(auth), "");
        ck_assert_int_eq(access_auth(access, &again, error), 0);
        ck_assert_ptr_eq(auth, again);
        (void)access_unref(access);
}
END_TEST

/* A session signs the updates; queries need neither keytab nor ticket. */
START_TEST(queries_go_without_ticket) {
        Access *access = get(&(Settings){.security = SECURITY_GSS, .keytab = "/nonexistent"});
        char error[KEY_FILE_ERROR_MAX] = "";
        Auth *auth = NULL;

        ck_assert_int_eq(access_auth(access, &auth, error), 0);
        ck_assert_str_eq(auth_description(auth), "");
        (void)access_unref(access);
}
END_TEST

START_TEST(unchanged_key_is_read_once) {
        Access *access = get_tsig();
        char error[KEY_FILE_ERROR_MAX];
        Auth *auth = NULL, *again = NULL;

        write_key(KEY("first"));
        ck_assert_int_eq(access_auth(access, &auth, error), 0);
        ck_assert_int_eq(access_auth(access, &again, error), 0);
        ck_assert_ptr_eq(auth, again);
        (void)access_unref(access);
}
END_TEST

/* What was signed with the old one is still verified with it. */
/* Whoever mended the key and reloads wants it used now. */
START_TEST(reload_looks_at_the_key_at_once) {
        Access *access = get_tsig(), *again;

        write_key(KEY("first"));
        assert_key(access, "first");
        replace_key(KEY("second"));
        again = get_tsig();
        ck_assert_ptr_eq(again, access);
        assert_key(again, "second");
        (void)access_unref(again);
        (void)access_unref(access);
}
END_TEST

START_TEST(replaced_key_is_read_again) {
        Access *access = get_tsig();
        char error[KEY_FILE_ERROR_MAX];
        Auth *old = NULL;

        write_key(KEY("first"));
        ck_assert_int_eq(access_auth(access, &old, error), 0);
        old = auth_ref(old);
        replace_key(KEY("other"));
        let_time_pass(access);
        assert_key(access, "other");
        ck_assert_ptr_nonnull(strstr(auth_description(old), "first"));
        (void)auth_unref(old);
        (void)access_unref(access);
}
END_TEST

/* A key that cannot be read is no reason to go on with the one of before, which may be revoked; the
   file is looked at again each time. */
START_TEST(broken_key_is_no_key_until_it_is_mended) {
        Access *access = get_tsig();

        assert_no_key(access, "No such file");
        write_key(KEY("first"));
        assert_key(access, "first");
        replace_key("key \"first\" {\n");
        let_time_pass(access);
        assert_no_key(access, ":");
        assert_no_key(access, ":");
        ck_assert_int_eq(unlink(path), 0);
        assert_no_key(access, "No such file");
        write_key(KEY("second"));
        assert_key(access, "second");
        (void)access_unref(access);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, found_without_a_long_search, 0, 3);
        tcase_add_loop_test(tcase, equal_settings_share_one, 0, ELEMENTSOF(changes));
        tcase_add_test(tcase, not_found_when_nobody_uses_it);
        tcase_add_test(tcase, settings_are_copied);
        tcase_add_loop_test(tcase, kerberos_counts_with_gss_tsig_alone, 0,
                            ELEMENTSOF(kerberos_changes));
        tcase_add_test(tcase, kerberos_is_copied);
        tcase_add_test(tcase, no_servers_are_an_empty_text);
        tcase_add_test(tcase, without_security_no_file_is_read);
        tcase_add_test(tcase, queries_go_without_ticket);
        tcase_add_test(tcase, unchanged_key_is_read_once);
        tcase_add_test(tcase, reload_looks_at_the_key_at_once);
        tcase_add_test(tcase, replaced_key_is_read_again);
        tcase_add_test(tcase, broken_key_is_no_key_until_it_is_mended);
}

UNIT_MAIN("access", add_tests)
