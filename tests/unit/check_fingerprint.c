/* daemon/fingerprint: what makes a domain that was withdrawn by command another one, and that the
   same configuration gives the same number as in the versions before, whose holds are on disk. */
#include "daemon/fingerprint.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

typedef struct Wish {
        Config config;
        Domain domain;
        Settings settings;
        Endpoint server;
        Host host;
} Wish;

static void wish_init(Wish *wish) {
        *wish = (Wish){
                .config = {.service = (char *)"_vlmcs._tcp",
                           .target = (char *)"kms1.contoso.com",
                           .port = 1688,
                           .hosts = &wish->host,
                           .n_hosts = 1},
                .domain = {.name = (char *)"contoso.com",
                           .priority = 10,
                           .weight = 20,
                           .ttl_sec = 3600,
                           .settings = &wish->settings},
                .settings = {.servers = &wish->server,
                             .n_servers = 1,
                             .zone = (char *)"contoso.com",
                             .security = SECURITY_TSIG,
                             .key_file = (char *)"/etc/srvpubd/update.key",
                             .keytab = (char *)"/etc/srvpubd/krb5.keytab",
                             .timeout_usec = 5 * USEC_PER_SEC},
                .host = {.name = (char *)"kms2.contoso.com", .port = 1689},
        };
        ck_assert_int_eq(endpoint_from_text("192.0.2.1", &wish->server), 0);
}

static uint64_t number(const Wish *wish) {
        return fingerprint_make(&wish->config, &wish->domain);
}

START_TEST(numbers_of_before) {
        Wish wish;

        wish_init(&wish);
        ck_assert_uint_eq(number(&wish), UINT64_C(0xf9318ec3e7984ca3));
        wish.settings.security = SECURITY_NONE;
        wish.settings.key_file = NULL;
        wish.config.target = NULL;
        wish.config.n_hosts = 0;
        ck_assert_uint_eq(number(&wish), UINT64_C(0x70eccac2da1d7918));
}
END_TEST

#define CHANGE(name, statement)                       \
        static void change_##name(Wish *wish) {       \
                Settings *settings = &wish->settings; \
                (void)settings;                       \
                statement;                            \
        }
CHANGE(nothing, )
CHANGE(timeout, settings->timeout_usec++)
CHANGE(service, wish->config.service = (char *)"_x._tcp")
CHANGE(target, wish->config.target = NULL)
CHANGE(port, wish->config.port++)
CHANGE(weight, wish->domain.weight++)
CHANGE(ttl, wish->domain.ttl_sec++)
CHANGE(host, wish->host.weight++)
CHANGE(server, wish->server.port++)
CHANGE(zone, settings->zone = NULL)
CHANGE(security, settings->security = SECURITY_NONE)
CHANGE(key_file, settings->key_file = (char *)"/etc/srvpubd/other.key")
CHANGE(mode, settings->mode = MODE_EXCLUSIVE)
CHANGE(claims, settings->claims = CLAIMS_NO)
CHANGE(keytab, settings->keytab = (char *)"/etc/srvpubd/other.keytab")
CHANGE(principal, settings->principal = (char *)"KMS1$")
CHANGE(realm, settings->realm = (char *)"KMS1$")

static const struct {
        void (*change)(Wish *wish);
        bool same, same_with_gss;
} changes[] = {
        {change_nothing, true, true},    {change_timeout, true, true},
        {change_service, false, false},  {change_target, false, false},
        {change_port, false, false},     {change_weight, false, false},
        {change_ttl, false, false},      {change_host, false, false},
        {change_server, false, false},   {change_zone, false, false},
        {change_security, false, false}, {change_key_file, false, false},
        {change_mode, false, false},     {change_claims, false, false},
        {change_keytab, true, false},    {change_principal, true, false},
        {change_realm, true, false},
};

START_TEST(another_wish_is_another_number) {
        for (Security security = SECURITY_TSIG; security <= SECURITY_GSS; security++) {
                Wish before, after;
                wish_init(&before);
                wish_init(&after);
                before.settings.security = after.settings.security = security;
                changes[_i].change(&after);
                ck_assert_int_eq(number(&before) == number(&after),
                                 security == SECURITY_GSS ? changes[_i].same_with_gss
                                                          : changes[_i].same);
        }
}
END_TEST

START_TEST(a_text_does_not_stand_in_for_the_next) {
        Wish first, second;

        wish_init(&first);
        wish_init(&second);
        first.settings.security = second.settings.security = SECURITY_GSS;
        first.settings.principal = (char *)"A";
        second.settings.realm = (char *)"A";
        ck_assert_uint_ne(number(&first), number(&second));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, numbers_of_before);
        tcase_add_loop_test(tcase, another_wish_is_another_number, 0, ELEMENTSOF(changes));
        tcase_add_test(tcase, a_text_does_not_stand_in_for_the_next);
}

UNIT_MAIN("fingerprint", add_tests)
