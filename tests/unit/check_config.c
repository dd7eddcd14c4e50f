/* config_load() with configurations that are good: defaults, every key, lists, drop-ins,
   credentials (never a silent downgrade), what [Domain] sections inherit, and a list of 100,000. */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#include "lib/util.h"
#include "tests/unit/support_config.h"
#include "tests/unit/unit.h"

#define OPEN "[Update]\nSecurity=none\n"
#define LIST "[Publish]\nDnsDomainPublishList="

static ConfigBox *box;

static void set_up(void) {
        box = config_box_new();
}

static void tear_down(void) {
        config_box_free(box);
}

START_TEST(test_defaults) {
        config_box_read(box, OPEN);
        ck_assert_msg(box->result == 0, "%s", box->text);
        const Config *config = box->config;
        ck_assert_uint_eq(box->report.n_messages, 0);
        ck_assert_str_eq(config->service, "_vlmcs._tcp");
        ck_assert_ptr_null(config->target);
        ck_assert_uint_eq(config->port, 1688);
        ck_assert_uint_eq(config->priority, 0);
        ck_assert_uint_eq(config->weight, 0);
        ck_assert_uint_eq(config->ttl_sec, 3600);
        ck_assert(config->publishing);
        ck_assert_int_eq(config->log_level, LOG_INFO);
        ck_assert_uint_eq(config->n_resolvers, 0);
        ck_assert_uint_eq(config->stop_timeout_usec, 30 * USEC_PER_SEC);
        ck_assert_int_eq(config->include_home_domain, HOME_DOMAIN_AUTO);
        ck_assert_uint_eq(config->n_domains, 0);
        const Settings *settings = &config->settings;
        ck_assert_uint_eq(settings->n_servers, 0);
        ck_assert_ptr_null(settings->zone);
        ck_assert_int_eq(settings->security, SECURITY_NONE);
        ck_assert_ptr_null(settings->key_file);
        ck_assert_ptr_null(settings->principal);
        ck_assert_ptr_null(settings->realm);
        ck_assert_uint_eq(settings->timeout_usec, 5 * USEC_PER_SEC);
        ck_assert_uint_eq(settings->check_interval_usec, 15 * USEC_PER_MINUTE);
        ck_assert_uint_eq(settings->refresh_interval_usec, USEC_INFINITY);
        ck_assert_uint_eq(settings->retry_min_usec, 5 * USEC_PER_SEC);
        ck_assert_uint_eq(settings->retry_max_usec, 30 * USEC_PER_MINUTE);
        ck_assert_uint_eq(settings->max_outstanding, 32);
        ck_assert_int_eq(settings->mode, MODE_SHARED);
        ck_assert_int_eq(settings->claims, CLAIMS_AUTO);
        ck_assert_uint_eq(settings->lease_usec, 0);
        ck_assert(!settings->reclaim_expired);
        ck_assert_int_eq(settings->on_stop, ON_STOP_KEEP);
        ck_assert_uint_eq(config->n_hosts, 0);
}
END_TEST

START_TEST(test_every_key) {
        config_box_read(box,
                        "[Service]\nName=_x._udp\nTarget=kms1.contoso.com.\nPort=1\nPriority=2\n"
                        "Weight=3\nTTL=1min\n"
                        "[Publish]\nDnsPublishing=off\nLogLevel=debug\nStopTimeout=1s\n"
                        "Resolver=192.0.2.1 [2001:db8::1]:54\nResolver=127.0.0.1:5353\n"
                        "IncludeHomeDomain=yes\n"
                        "DnsDomainPublishList=contoso.com\n"
                        "[Update]\nSecurity=none\nServer=ns1.contoso.com\nZone=contoso.com\n"
                        "Timeout=100ms\nCheckInterval=7d\nRefreshInterval=1min\nRetryMin=1d\n"
                        "RetryMax=1d\nMaxOutstanding=1000\n[Ownership]\nMode=exclusive\n"
                        "Claims=on\nLease=365d\nReclaimExpired=yes\nOnStop=withdraw\n");
        ck_assert_msg(box->result == 0 && box->report.n_messages == 0, "%s", box->text);
        const Config *config = box->config;
        ck_assert_str_eq(config->service, "_x._udp");
        ck_assert_str_eq(config->target, "kms1.contoso.com");
        ck_assert_uint_eq(config->port, 1);
        ck_assert_uint_eq(config->priority, 2);
        ck_assert_uint_eq(config->weight, 3);
        ck_assert_uint_eq(config->ttl_sec, 60);
        ck_assert(!config->publishing);
        ck_assert_int_eq(config->log_level, LOG_DEBUG);
        ck_assert_uint_eq(config->n_resolvers, 3);
        ck_assert_str_eq(config->resolvers[1].host, "2001:db8::1");
        ck_assert_uint_eq(config->resolvers[2].port, 5353);
        ck_assert_uint_eq(config->stop_timeout_usec, USEC_PER_SEC);
        ck_assert_int_eq(config->include_home_domain, HOME_DOMAIN_YES);
        const Settings *settings = config->domains[0].settings;
        ck_assert_ptr_eq(settings, &config->settings);
        ck_assert_uint_eq(settings->n_servers, 1);
        ck_assert_str_eq(settings->zone, "contoso.com");
        ck_assert_uint_eq(settings->timeout_usec, 100 * USEC_PER_MSEC);
        ck_assert_uint_eq(settings->check_interval_usec, 7 * USEC_PER_DAY);
        ck_assert_uint_eq(settings->refresh_interval_usec, USEC_PER_MINUTE);
        ck_assert_uint_eq(settings->retry_min_usec, USEC_PER_DAY);
        ck_assert_uint_eq(settings->retry_max_usec, USEC_PER_DAY);
        ck_assert_uint_eq(settings->max_outstanding, 1000);
        ck_assert_int_eq(settings->mode, MODE_EXCLUSIVE);
        ck_assert_int_eq(settings->claims, CLAIMS_YES);
        ck_assert_uint_eq(settings->lease_usec, 365 * USEC_PER_DAY);
        ck_assert(settings->reclaim_expired);
        ck_assert_int_eq(settings->on_stop, ON_STOP_WITHDRAW);
}
END_TEST

/* The domains as "name priority weight ttl;" */
static const char *domains_text(const Config *config) {
        static char text[512];
        size_t length = 0;

        text[0] = '\0';
        for (size_t i = 0; i < config->n_domains && length < sizeof(text); i++)
                length += (size_t)snprintf(text + length, sizeof(text) - length, "%s %u %u %u;",
                                           config->domains[i].name, config->domains[i].priority,
                                           config->domains[i].weight, config->domains[i].ttl_sec);
        return text;
}

static const struct {
        const char *text, *domains;
} lists[] = {
        {OPEN LIST "a.com\n", "a.com 0 0 3600;"},
        {OPEN LIST "\n    b.com\n\n    # c\n    a.com, 10, 20\nDnsDomainPublishList=c.com,5\n",
         "b.com 0 0 3600;a.com 10 20 3600;c.com 5 0 3600;"},
        {OPEN LIST "a.com\nDnsDomainPublishList=\nDnsDomainPublishList=b.com\n", "b.com 0 0 3600;"},
        {OPEN LIST "a.com, 1\nDnsDomainPublishList=\n  a.com, 2\n", "a.com 2 0 3600;"},
        {OPEN LIST "a.com, 1, 2\nDnsDomainPublishList=A.COM,1,2\n", "a.com 1 2 3600;"},
        {OPEN LIST "a.com\n[Service]\nPriority=7\nWeight=8\nTTL=9\n", "a.com 7 8 9;"},
        {OPEN LIST "\n a.com, 1\n b.com\n[Domain A.com]\nTTL=9\n[Domain b.com]\nWeight=4\n",
         "a.com 1 0 9;b.com 0 4 3600;"},
        {OPEN LIST "a.com\n[Domain a.com]\nTTL=9\nPriority=1\n[Domain A.COM]\nTTL=10\nWeight=2\n",
         "a.com 1 2 10;"},
        {OPEN LIST "a.com\n[Domain a.com]\nTTL=9\nTTL=\n", "a.com 0 0 3600;"},
        {OPEN LIST "müller.example\n[Domain xn--mller-kva.example.]\nTTL=9\n",
         "xn--mller-kva.example 0 0 9;"},
        {OPEN LIST "corp\n", "corp 0 0 3600;"},
        {OPEN "[Service]\nPort=5\nPort=\n" LIST "a.com\n", "a.com 0 0 3600;"},
        {OPEN "Zone=_tcp.a.com\n" LIST "A.com\n", "A.com 0 0 3600;"},
        {OPEN "[Publish]\nIncludeHomeDomain=yes\n" LIST "a.com\n[Domain b.com]\nTTL=5\n",
         "a.com 0 0 3600;"},
};

START_TEST(test_lists) {
        config_box_read(box, lists[_i].text);
        ck_assert_msg(box->result == 0, "%s\n%s", lists[_i].text, box->text);
        ck_assert_str_eq(domains_text(box->config), lists[_i].domains);
}
END_TEST

/* By name (as strcmp() has it), later wins, lists append; what is no *.conf is left alone. */
START_TEST(test_drop_ins) {
        config_box_write(box, "c.conf", OPEN LIST "a.com\n[Service]\nPort=1\nTTL=1\n");
        config_box_write(box, "c.conf.d/B.conf", "[Service]\nPort=2\nTTL=2\n" LIST "b.com\n");
        config_box_write(box, "c.conf.d/a.conf", "[Service]\nPort=3\n" LIST "c.com\n");
        config_box_write(box, "c.conf.d/9.conf", "[Service]\nPort=4\nTTL=4\n" LIST "9.com\n");
        config_box_write(box, "c.conf.d/z.conf~", "[Service]\nPort=5\n");
        config_box_write(box, "c.conf.d/.z.conf", "[Service]\nPort=6\n");
        config_box_load(box, NULL);
        ck_assert_msg(box->result == 0, "%s", box->text);
        ck_assert_uint_eq(box->config->port, 3);
        ck_assert_str_eq(domains_text(box->config), "a.com 0 0 2;9.com 0 0 2;b.com 0 0 2;"
                                                    "c.com 0 0 2;");
        config_box_write(box, "c.conf.d/b.conf", LIST "\n  only.com\n");
        config_box_load(box, NULL);
        ck_assert_str_eq(domains_text(box->config), "only.com 0 0 2;");
}
END_TEST

/* A section or key of one file does not reach into the next. */
START_TEST(test_drop_in_starts_anew) {
        config_box_write(box, "c.conf", OPEN LIST "a.com\n");
        config_box_write(box, "c.conf.d/1.conf", "  b.com\n");
        config_box_load(box, NULL);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_uint_eq(box->report.n_errors, 1);
        ck_assert_ptr_nonnull(strstr(box->text, "c.conf.d/1.conf:1: "));
}
END_TEST

START_TEST(test_inherit) {
        config_box_read(box, OPEN "Server=192.0.2.1 192.0.2.2\nTimeout=2s\nRetryMax=1h\n" LIST
                                  "\n a.com\n b.com\n c.com\n[Domain a.com]\nServer=192.0.2.3\n"
                                  "Zone=a.com\n[Domain b.com]\nTimeout=3s\nOnStop=withdraw\n"
                                  "Server=192.0.2.4\nServer=\n");
        ck_assert_msg(box->result == 0, "%s", box->text);
        const Settings *a = box->config->domains[0].settings;
        const Settings *b = box->config->domains[1].settings;
        ck_assert_ptr_eq(box->config->domains[2].settings, &box->config->settings);
        ck_assert_uint_eq(a->n_servers, 1);
        ck_assert_str_eq(a->servers[0].host, "192.0.2.3");
        ck_assert_str_eq(a->zone, "a.com");
        ck_assert_uint_eq(a->timeout_usec, 2 * USEC_PER_SEC);
        ck_assert_uint_eq(a->retry_max_usec, USEC_PER_HOUR);
        ck_assert_uint_eq(b->n_servers, 2);
        ck_assert_str_eq(b->servers[1].host, "192.0.2.2");
        ck_assert_ptr_null(b->zone);
        ck_assert_uint_eq(b->timeout_usec, 3 * USEC_PER_SEC);
        ck_assert_int_eq(b->on_stop, ON_STOP_WITHDRAW);
        ck_assert_int_eq(a->on_stop, ON_STOP_KEEP);
}
END_TEST

/* "mode claims lease reclaim;" of each domain; lease in seconds. O6, O7, O8, O10. */
static const struct {
        const char *text, *policies;
} policies[] = {
        {OPEN LIST "a.com\n", "0 0 0 0;"},
        {OPEN LIST "\n a.com\n b.com\n[Ownership]\nMode=exclusive\nLease=1h\n[Domain b.com]\n"
                   "Mode=shared\nClaims=yes\n",
         "1 0 3600 0;0 1 3600 0;"},
        {OPEN LIST "\n a.com\n b.com\n[Domain b.com]\nMode=observe\nLease=2h\nReclaimExpired=1\n"
                   "[Ownership]\nClaims=yes\nLease=7d\n",
         "0 1 604800 0;2 1 7200 1;"},
        {OPEN LIST "\n a.com\n b.com\n[Ownership]\nLease=1h\nReclaimExpired=yes\n[Domain b.com]\n"
                   "Claims=no\nLease=0\nReclaimExpired=no\n",
         "0 0 3600 1;0 2 0 0;"},
        {OPEN LIST "\n a.com\n b.com\n[Domain b.com]\nLease=1h\nLease=\nClaims=off\nClaims=\n",
         "0 0 0 0;0 0 0 0;"},
        /* As short as it may be: four times the interval of the same scope. */
        {OPEN "CheckInterval=1s\n" LIST "a.com\n[Ownership]\nLease=4s\n", "0 0 4 0;"},
        {OPEN LIST "\n a.com\n b.com\n[Domain b.com]\nLease=4s\nCheckInterval=1s\n",
         "0 0 0 0;0 0 4 0;"},
};

static const char *policies_text(const Config *config) {
        static char text[512];
        size_t length = 0;

        text[0] = '\0';
        for (size_t i = 0; i < config->n_domains && length < sizeof(text); i++) {
                const Settings *s = config->domains[i].settings;
                length += (size_t)snprintf(
                        text + length, sizeof(text) - length, "%d %d %llu %d;", s->mode, s->claims,
                        (unsigned long long)(s->lease_usec / USEC_PER_SEC), s->reclaim_expired);
        }
        return text;
}

START_TEST(test_policies) {
        config_box_read(box, policies[_i].text);
        ck_assert_msg(box->result == 0 && box->report.n_messages == 0, "%s\n%s", policies[_i].text,
                      box->text);
        ck_assert_str_eq(policies_text(box->config), policies[_i].policies);
}
END_TEST

/* A daemon that only looks has nothing to withdraw: worth a word, no reason not to start. */
START_TEST(test_observe_warning) {
        config_box_read(box, OPEN "[Ownership]\nMode=observe\nOnStop=withdraw\n" LIST
                                  "\n a.com\n b.com\n[Domain a.com]\nTTL=1\n");
        ck_assert_int_eq(box->result, 0);
        ck_assert_uint_eq(box->report.n_messages, 1);
        ck_assert_int_eq(box->report.messages[0].priority, LOG_WARNING);
        ck_assert_ptr_eq(strstr(box->text, "c.conf:5: OnStop=withdraw with Mode=observe"),
                         box->text);
}
END_TEST

#define KEY(algorithm, secret) "key \"k\" { algorithm " algorithm "; secret \"" secret "\"; };\n"
#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

/* Two words for each of a.com and b.com: "none", or the key file's name. */
static const struct {
        const char *text, *securities;
} securities[] = {
        {"[Update]\nKeyFile=k.key\n" LIST "\n a.com\n b.com\n", "k.key k.key"},
        {"[Update]\nKeyFile=k.key\nSecurity=tsig\n" LIST "\n a.com\n b.com\n", "k.key k.key"},
        {"[Update]\nKeyFile=k.key\n" LIST "\n a.com\n b.com\n[Domain b.com]\nSecurity=none\n",
         "k.key none"},
        {"[Update]\nKeyFile=k.key\n" LIST "\n a.com\n b.com\n[Domain b.com]\nKeyFile=m.key\n",
         "k.key m.key"},
        {OPEN LIST "\n a.com\n b.com\n[Domain b.com]\nKeyFile=m.key\n", "none m.key"},
        {OPEN LIST "\n a.com\n b.com\n[Domain b.com]\nKeyFile=m.key\nSecurity=tsig\n",
         "none m.key"},
        {LIST "\n a.com\n b.com\n[Domain a.com]\nKeyFile=k.key\n[Domain b.com]\nKeyFile=m.key\n",
         "k.key m.key"},
        {"[Update]\nSecurity=tsig\n" LIST "\n a.com\n b.com\n[Domain a.com]\nKeyFile=k.key\n"
         "[Domain b.com]\nSecurity=none\n",
         "k.key none"},
};

static const char *security_text(const Settings *settings) {
        switch (settings->security) {
        case SECURITY_NONE:
                ck_assert_ptr_null(settings->key_file);
                return "none";
        case SECURITY_TSIG:
                ck_assert_ptr_nonnull(settings->key_file);
                ck_assert_int_eq(
                        strncmp(settings->key_file, box->directory, strlen(box->directory)), 0);
                return settings->key_file + strlen(box->directory) + 1;
        case SECURITY_GSS:
        case _SECURITY_MAX:
                break;
        }
        ck_abort();
}

START_TEST(test_security) {
        char text[64];

        config_box_write(box, "k.key", KEY("hmac-sha256", SECRET));
        config_box_write(box, "m.key", KEY("hmac-sha512", SECRET));
        config_box_write(box, "c.conf", securities[_i].text);
        config_box_load(box, box->directory);
        ck_assert_msg(box->result == 0 && box->report.n_messages == 0, "%s\n%s",
                      securities[_i].text, box->text);
        snprintf(text, sizeof(text), "%s %s", security_text(box->config->domains[0].settings),
                 security_text(box->config->domains[1].settings));
        ck_assert_str_eq(text, securities[_i].securities);
}
END_TEST

START_TEST(test_key_warnings) {
        config_box_write(box, "k.key", KEY("hmac-sha1", SECRET));
        ck_assert_int_eq(chmod(config_box_path(box, "k.key"), 0644), 0);
        config_box_write(box, "c.conf", "[Update]\nKeyFile=k.key\n");
        config_box_load(box, box->directory);
        ck_assert_msg(box->result == 0, "%s", box->text);
        ck_assert_uint_eq(box->report.n_errors, 0);
        ck_assert_uint_eq(box->report.n_messages, 2);
        ck_assert_int_eq(box->report.messages[0].priority, LOG_WARNING);
        ck_assert_int_eq(box->report.messages[1].priority, LOG_WARNING);
        ck_assert_ptr_nonnull(strstr(box->text, "c.conf:2: KeyFile=k.key: others"));
        ck_assert_ptr_nonnull(strstr(box->text, "c.conf:2: KeyFile=k.key: the key uses hmac-sha1"));
}
END_TEST

static const struct {
        const char *text;
        bool wanted;
        uint32_t ttl_sec;
} homes[] = {
        {OPEN, true, 3600},
        {OPEN "[Publish]\nIncludeHomeDomain=no\n", false, 0},
        {OPEN LIST "a.com\n", false, 0},
        {OPEN LIST "a.com\nIncludeHomeDomain=yes\n", true, 3600},
        {OPEN LIST "\n a.com\n home.COM\nIncludeHomeDomain=yes\n", false, 0},
        {OPEN "[Domain HOME.com]\nTTL=7\nTimeout=9s\n", true, 7},
        {OPEN "[Domain other.com]\nTTL=7\n", true, 3600},
        {OPEN LIST "a.com\nIncludeHomeDomain=yes\n[Domain home.com]\nTTL=8\nTimeout=9s\n", true, 8},
};

START_TEST(test_home_domain) {
        const char *home = "home.com";
        Domain domain = {0};

        config_box_read(box, homes[_i].text);
        ck_assert_msg(box->result == 0, "%s", box->text);
        ck_assert_int_eq(config_home_domain(box->config, home, &domain), homes[_i].wanted);
        if (!homes[_i].wanted) {
                ck_assert_ptr_null(domain.name);
                return;
        }
        ck_assert_ptr_eq(domain.name, home);
        ck_assert_uint_eq(domain.ttl_sec, homes[_i].ttl_sec);
        ck_assert_uint_eq(domain.settings->timeout_usec,
                          (homes[_i].ttl_sec == 3600 ? 5 : 9) * USEC_PER_SEC);
}
END_TEST

/* 100,000 lines and as many [Host] sections, neither sorted nor unique, within 3 s of this
 * (sanitized) program's time. */
START_TEST(test_many) {
        enum { N = 100000 };
        size_t size;
        _cleanup_(freep) char *text = NULL;
        FILE *stream = open_memstream(&text, &size);

        ck_assert_ptr_nonnull(stream);
        fprintf(stream, OPEN LIST "\n");
        for (unsigned i = 0; i < N; i++)
                fprintf(stream, "    d%u.contoso.com\n", i * 7919U % (N - 1));
        for (unsigned i = 0; i < N; i++)
                fprintf(stream, "[Host kms%u.contoso.com]\nWeight=%u\n", i % CONFIG_HOSTS_MAX,
                        i % 7);
        ck_assert_int_eq(fclose(stream), 0);
        config_box_write_bytes(box, "c.conf", text, size);
        clock_t start = clock();
        config_box_load(box, NULL);
        ck_assert_int_lt((clock() - start) / CLOCKS_PER_SEC, 3);
        ck_assert_msg(box->result == 0, "%s", box->text);
        ck_assert_uint_eq(box->config->n_domains, N - 1);
        ck_assert_uint_eq(box->config->n_hosts, CONFIG_HOSTS_MAX);
        ck_assert_str_eq(box->config->domains[1].name, "d7919.contoso.com");
        ck_assert_uint_le(sizeof(Domain), 32);
}
END_TEST

/* As shipped, all keys commented out, there is one thing left to say: how updates are signed. */
START_TEST(test_shipped) {
        ck_assert_int_eq(config_load("config/srvpubd.conf", NULL, &box->config, &box->report),
                         -EINVAL);
        ck_assert_uint_eq(box->report.n_messages, 1);
        ck_assert_ptr_nonnull(
                strstr(box->report.messages[0].text, "config/srvpubd.conf:1: no credentials"));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, test_defaults);
        tcase_add_test(tcase, test_every_key);
        tcase_add_loop_test(tcase, test_lists, 0, ELEMENTSOF(lists));
        tcase_add_test(tcase, test_drop_ins);
        tcase_add_test(tcase, test_drop_in_starts_anew);
        tcase_add_test(tcase, test_inherit);
        tcase_add_loop_test(tcase, test_policies, 0, ELEMENTSOF(policies));
        tcase_add_test(tcase, test_observe_warning);
        tcase_add_loop_test(tcase, test_security, 0, ELEMENTSOF(securities));
        tcase_add_test(tcase, test_key_warnings);
        tcase_add_loop_test(tcase, test_home_domain, 0, ELEMENTSOF(homes));
        tcase_add_test(tcase, test_many);
        tcase_add_test(tcase, test_shipped);
        tcase_set_timeout(tcase, 60);
}

UNIT_MAIN("config", add_tests)
