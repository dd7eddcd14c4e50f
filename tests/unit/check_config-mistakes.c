/* config_load() with mistakes: one clear line for each, with its file and line, and all in one go.
 */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_config.h"
#include "tests/unit/unit.h"

#define OPEN "[Update]\nSecurity=none\n"
#define LIST "[Publish]\nDnsDomainPublishList="
#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define L59 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvw"
#define U10 "é.é.é.é.é.é.é.é.é.é." /* 80 octets as A-labels */
#define L61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"

#define KEY(algorithm, secret) "key \"k\" { algorithm " algorithm "; secret \"" secret "\"; };\n"

static ConfigBox *box;

static void set_up(void) {
        box = config_box_new();
}

static void tear_down(void) {
        config_box_free(box);
}

/* Each is one error: the line it names, and a piece of what it says. */
static const struct {
        const char *text, *start, *piece;
} mistakes[] = {
        {OPEN LIST "contoso.com,70000,1\n", "c.conf:4: DnsDomainPublishList=contoso.com,70000,1: ",
         "priority \"70000\" is not a whole number from 0 to 65535"},
        {OPEN LIST "contoso..com\n", "c.conf:4: ", "empty label"},
        {OPEN LIST "x" L63 ".com\n", "c.conf:4: ", "a label of 64 octets; 1 to 63"},
        {OPEN LIST "\n a.com\n b..com\n", "c.conf:6: DnsDomainPublishList=b..com: ", "empty"},
        {OPEN "[Service]\nPriorty=5\n", "c.conf:4: Priorty=: ", "did you mean Priority=?"},
        {OPEN "[Service]\nWeight=-1\n", "c.conf:4: Weight=-1: ", "0 to 65535"},
        {OPEN "[Service]\nPort=0\n", "c.conf:4: Port=0: ", "1 to 65535"},
        {OPEN "[Service]\nPort=65536\n", "c.conf:4: Port=65536: ", "1 to 65535"},
        {OPEN "[Service]\nTTL=1 fortnight\n", "c.conf:4: TTL=1 fortnight: ", "1h 30min"},
        {OPEN "[Service]\nTTL=0\n", "c.conf:4: TTL=0: ", "1s to 2147483647s"},
        {OPEN "[Service]\nTTL=2147483648\n", "c.conf:4: ", "1s to 2147483647s"},
        {OPEN "[Service]\nTTL=1500ms\n", "c.conf:4: ", "whole seconds"},
        {OPEN "[Service]\nTTL=infinity\n", "c.conf:4: ", "1s to 2147483647s"},
        {OPEN "[Service]\nTarget=192.0.2.1\n", "c.conf:4: Target=192.0.2.1: ", "address"},
        {OPEN "[Service]\nTarget=\n", "c.conf:4: Target=: ", "empty"},
        {OPEN "[Service]\nTarget=kms\n", "c.conf:4: Target=kms: ", "one label"},
        {OPEN "[Service]\nName=vlmcs\n", "c.conf:4: ", "two labels"},
        {OPEN "[Publish\nLogLevel=bogus\n", "c.conf:3: ", "closing ]"},
        {OPEN "[Servcie]\nPort=0\n", "c.conf:3: [Servcie]: ", "did you mean [Service]?"},
        {OPEN "[Domain]\nTTL=1\n", "c.conf:3: [Domain ]: ", "missing"},
        {OPEN "[Domain a b]\nTTL=1\n", "c.conf:3: [Domain a b]: ", "\" \" in a name"},
        {OPEN "[Host]\nPort=1\n", "c.conf:3: [Host ]: ", "such as [Host kms2.contoso.com]"},
        {OPEN "[Hosts kms2.contoso.com]\n", "c.conf:3: ", "did you mean [Host NAME]?"},
        {OPEN "[Host kms2]\n", "c.conf:3: [Host kms2]: ", "one label"},
        {OPEN "[Host 192.0.2.1]\nfoo=1\n", "c.conf:3: [Host 192.0.2.1]: ", "address"},
        {OPEN "[Host a b.com]\n", "c.conf:3: [Host a b.com]: ", "\" \" in a name"},
        {OPEN "[Host " L63 "." L63 "." L63 "." L59 "]\n", "c.conf:3: ", "251 octets; at most 250"},
        {OPEN "[Service]\nTarget=" U10 U10 U10 "abcdefg.com\n",
         "c.conf:4: ", "251 octets; at most 250"},
        {OPEN "[Host k.a.com]\nPort=0\n", "c.conf:4: Port=0: ", "1 to 65535"},
        {OPEN "[Host k.a.com]\nWeight=x\n", "c.conf:4: Weight=x: ", "0 to 65535"},
        {OPEN "[Host k.a.com]\nTTL=1h\n", "c.conf:4: TTL=: no key of [Host]; ",
         "belongs in [Service]"},
        {OPEN "[Host k.a.com]\nName=x\n", "c.conf:4: Name=: ", "belongs in [Service]"},
        {"Port=1\nName=x\n" OPEN, "c.conf:1: ", "before the first [Section]"},
        {OPEN "Server=not/an/address\n", "c.conf:3: Server=not/an/address: ", "an address or"},
        {OPEN "Server=192.0.2.9\n[Domain a.com]\nServer=192.0.2.1 x/y\n", "c.conf:5: ", "\"x/y\""},
        {OPEN "Server=192.0.2.1 192.0.2.2:0\n", "c.conf:3: ", "\"192.0.2.2:0\""},
        {OPEN "Server=1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8\n"
              "Server=1.1.2.1 1.1.2.2 1.1.2.3 1.1.2.4 1.1.2.5 1.1.2.6 1.1.2.7 1.1.2.8 1.1.3.1\n",
         "c.conf:4: ", "too many; at most 16"},
        {OPEN "[Publish]\nResolver=ns1.example.org\n", "c.conf:4: ", "by address"},
        {OPEN "Port=1\n", "c.conf:3: Port=: ", "belongs in [Service]"},
        {OPEN "Mode=shared\n", "c.conf:3: Mode=: ", "belongs in [Ownership]"},
        {OPEN "Server: 192.0.2.1\n", "c.conf:3: ", "Key=value"},
        {OPEN "Server=192.0.2.1 ; my server\n", "c.conf:3: ", "a line of its own"},
        {OPEN LIST "a.com # mine\n", "c.conf:4: ", "\" \" in a name"},
        {OPEN "Timeout=5s\n  Server=192.0.2.1\n", "c.conf:4: ", "goes on with Timeout="},
        {OPEN "Server=192.0.2.1\n  Zone=a.com\n", "c.conf:4: ", "goes on with Server="},
        {OPEN "Timeout=99ms\n", "c.conf:3: ", "100ms to 1min"},
        {OPEN "Timeout=61s\n", "c.conf:3: ", "100ms to 1min"},
        {OPEN "CheckInterval=8d\n", "c.conf:3: ", "1s to 7d"},
        {OPEN "CheckInterval=infinity\n", "c.conf:3: ", "1s to 7d"},
        {OPEN "RefreshInterval=59s\n", "c.conf:3: ", "or infinity"},
        {OPEN "RetryMin=99ms\n", "c.conf:3: ", "100ms to 1d"},
        {OPEN "RetryMax=25h\n", "c.conf:3: ", "100ms to 1d"},
        {OPEN "RetryMax=4s\n", "c.conf:3: RetryMin=5s is more than RetryMax=4s", "at most"},
        {OPEN "RetryMin=1h\n", "c.conf:3: RetryMin=1h is more than RetryMax=30min", "at most"},
        {OPEN "MaxOutstanding=0\n", "c.conf:3: ", "1 to 1000"},
        {OPEN "MaxOutstanding=1001\n", "c.conf:3: ", "1 to 1000"},
        {OPEN "[Publish]\nStopTimeout=11min\n", "c.conf:4: ", "1s to 10min"},
        {OPEN "[Publish]\nLogLevel=emerg\n", "c.conf:4: ", "err, warning, notice, info, debug"},
        {OPEN "[Publish]\nDnsPublishing=maybe\n", "c.conf:4: ", "yes nor no"},
        {OPEN "[Publish]\nIncludeHomeDomain=x\n", "c.conf:4: ", "auto, no, yes"},
        {OPEN "[Ownership]\nOnStop=drop\n", "c.conf:4: ", "keep, withdraw"},
        {OPEN "[Ownership]\nMode=alone\n", "c.conf:4: ", "shared, exclusive, observe"},
        {OPEN "[Ownership]\nClaims=maybe\n", "c.conf:4: ", "auto, yes, no"},
        {OPEN "[Ownership]\nReclaimExpired=auto\n", "c.conf:4: ", "yes nor no"},
        {OPEN "[Ownership]\nLease=x\n", "c.conf:4: ", "4s to 365d, or 0 for none, is allowed"},
        {OPEN "[Ownership]\nLease=3s\n", "c.conf:4: ", "4s to 365d, or 0 for none, is allowed"},
        {OPEN "[Ownership]\nLease=366d\n", "c.conf:4: ", "4s to 365d, or 0"},
        {OPEN "[Ownership]\nLease=infinity\n", "c.conf:4: ", "4s to 365d, or 0"},
        {OPEN "[Ownership]\nLease=3600500ms\n", "c.conf:4: ", "Lease= is in whole seconds"},
        {"[Update]\nSecurity=gss\n", "c.conf:2: ", "auto, none, tsig, gss-tsig"},
        {"[Update]\nKeyFile=keys/a.key\n", "c.conf:2: ", "a relative path"},
        {"[Update]\nKeyFile=../a.key\n", "c.conf:2: ", "a relative path"},
        {"[Update]\nKeytab=keys/a.keytab\n", "c.conf:2: Keytab=", "a relative path"},
        {OPEN "Principal=a@b@C\n", "c.conf:3: Principal=a@b@C: ", "is no realm"},
        {OPEN "Principal=\"kms1$\"\n", "c.conf:3: ", "without blanks, quotes and backslashes"},
        {OPEN "Realm=CONTOSO COM\n", "c.conf:3: Realm=CONTOSO COM: ", "dots and hyphens"},
        /* Contradictions. */
        {OPEN LIST "\n a.com, 1\n b.com\n A.COM, 2\n",
         "c.conf:7: A.COM: ", "other numbers in c.conf:5 already"},
        {OPEN "[Domain a.com]\nPriority=1\n" LIST "a.com, 1\n", "c.conf:4: Priority= for a.com",
         "(c.conf:6)"},
        {OPEN "[Domain a.com]\nWeight=1\n" LIST "A.com, 1\n", "c.conf:4: Weight= for A.com",
         "(c.conf:6)"},
        {OPEN "[Domain b.com]\nTTL=5\n" LIST "a.com\n",
         "c.conf:3: [Domain b.com]: ", "not in DnsDomainPublishList="},
        {OPEN "[Publish]\nIncludeHomeDomain=no\n[Domain b.com]\nTTL=5\n", "c.conf:5: ", "not in"},
        {OPEN "Zone=a.com\n" LIST "\n x.a.com\n ba.com\n",
         "c.conf:7: ba.com: ", "_vlmcs._tcp.ba.com is outside Zone=a.com (c.conf:3)"},
        {OPEN LIST "a.com\n[Domain a.com]\nZone=b.com\n", "c.conf:4: ", "Zone=b.com (c.conf:6)"},
        {OPEN "[Domain " L63 "." L63 "." L63 "." L61 "]\nTTL=1\n",
         "c.conf:3: ", "has 265 octets; at most 253"},
        {OPEN LIST "a.com\n[Domain a.com]\nRetryMin=1h\n", "c.conf:6: RetryMin=1h is more", ""},
        {OPEN "KeyFile=/nowhere/k\n", "c.conf:2: Security=none, but KeyFile= ", "c.conf:3"},
        {OPEN LIST "a.com\n[Domain a.com]\nKeyFile=/nowhere/k\nSecurity=none\n",
         "c.conf:7: ", "remove one"},
        {OPEN "Keytab=/nowhere/k\n", "c.conf:2: Security=none, but Keytab= ", "c.conf:3"},
        {"[Update]\nSecurity=tsig\nKeytab=/nowhere/k\nRealm=A\n",
         "c.conf:2: Security=tsig, but Keytab= is set too (c.conf:3)", "remove one"},
        {"[Update]\nSecurity=gss-tsig\nKeyFile=/nowhere/k\n",
         "c.conf:2: Security=gss-tsig, but KeyFile= is set too (c.conf:3)", "remove one"},
        {OPEN LIST "a.com\n[Domain a.com]\nKeyFile=/nowhere/k\nSecurity=gss-tsig\n",
         "c.conf:7: Security=gss-tsig, but KeyFile= is set too (c.conf:6)", ""},
        /* O8: a lease outlives several missed checks, and lives in a claim. */
        {OPEN "[Ownership]\nLease=10min\n", "c.conf:4: Lease=10min is less than 4 times ",
         "CheckInterval=15min; it is 1h at least, or 0 for none"},
        {OPEN "CheckInterval=1h\n" LIST "\n a.com\n b.com\n[Domain a.com]\nTTL=5\n[Ownership]\n"
              "Lease=3h\n",
         "c.conf:11: Lease=3h is less than 4 times CheckInterval=1h", "4h at least"},
        {OPEN LIST "a.com\n[Ownership]\nLease=1h\n[Domain a.com]\nCheckInterval=16min\n",
         "c.conf:8: Lease=1h is less than 4 times CheckInterval=16min", "64min"},
        {OPEN LIST "a.com\n[Domain a.com]\nLease=59min\n[Ownership]\nLease=1h\n",
         "c.conf:6: Lease=59min is less ", ""},
        {OPEN "CheckInterval=1fortnight\n[Ownership]\nLease=10min\n", "c.conf:3: ", "not a time"},
        {OPEN "CheckInterval=1fortnight\n" LIST "a.com\n[Domain a.com]\nLease=10min\n",
         "c.conf:3: ", "not a time"},
        {OPEN "[Ownership]\nClaims=no\nLease=1h\n", "c.conf:5: Lease= with Claims=no; ",
         "a lease is written in the claim"},
        {OPEN LIST "\n a.com\n[Ownership]\nLease=1h\n[Domain a.com]\nClaims=no\n",
         "c.conf:9: Lease= with Claims=no; ", ""},
        {OPEN "[Ownership]\nReclaimExpired=yes\nClaims=no\n",
         "c.conf:4: ReclaimExpired=yes with Claims=no; ", "by its claim alone"},
        {OPEN LIST "\n a.com\n[Ownership]\nClaims=no\n[Domain a.com]\nReclaimExpired=yes\n",
         "c.conf:9: ReclaimExpired=yes with ", ""},
        /* Hosts. */
        {OPEN "[Host K1.a.com.]\n[Service]\nTarget=k1.A.com\n",
         "c.conf:3: [Host K1.a.com]: Target= is the same host with the same port (c.conf:5)",
         "remove one"},
        {OPEN "[Service]\nTarget=k1.a.com\nPort=7\n[Host k1.a.com]\nPort=7\n[Host k2.a.com]\n",
         "c.conf:6: [Host k1.a.com]: ", "(c.conf:4)"},
        {OPEN "[Service]\nTarget=k1.a.com\nPort=0\n[Host k1.a.com]\nPort=1688\n",
         "c.conf:5: Port=0: ", ""},
        {OPEN "[Service]\nTarget=k1.a.com\n[Host k1.a.com]\nPort=x\n", "c.conf:6: Port=x: ", ""},
        /* Credentials. */
        {"", "c.conf:1: ", "no credentials for the home domain; set KeyFile= "},
        {LIST "a.com\n", "c.conf:2: no credentials for a.com; ", "Security=none"},
        {LIST "\n a.com\n b.com\n c.com\n[Domain a.com]\nSecurity=none\n",
         "c.conf:4: no credentials for b.com and 1 more; ", "Security=none"},
        {OPEN LIST "\n a.com\n b.com\n[Domain b.com]\nSecurity=auto\n",
         "c.conf:6: ", "no credentials for b.com;"},
        {LIST "a.com\nIncludeHomeDomain=yes\n[Domain a.com]\nSecurity=none\n",
         "c.conf:1: ", "the home domain"},
        {"[Update]\nSecurity=tsig\n" LIST "a.com\n", "c.conf:2: Security=tsig, but ", "for a.com;"},
        {OPEN LIST "a.com\n[Domain a.com]\nSecurity=tsig\n", "c.conf:6: Security=tsig, but ",
         "for a.com;"},
        {"[Update]\nKeyFile=/nowhere/k\n", "c.conf:2: KeyFile=/nowhere/k: ", "No such file"},
        {"[Update]\nKeyFile=k.key\n", "c.conf:2: KeyFile=k.key: ", "$CREDENTIALS_DIRECTORY"},
        {"[Update]\nKeytab=/nowhere/k\n", "c.conf:2: Keytab=/nowhere/k: ", "No such file"},
        {"[Update]\nKeytab=/dev/null\n", "c.conf:2: Keytab=/dev/null: ", "not a regular file"},
        {"[Update]\nKeytab=k\n", "c.conf:2: Keytab=k: ", "$CREDENTIALS_DIRECTORY"},
        {LIST "a.com\n", "c.conf:2: no credentials ", ", or Keytab= to the Kerberos keytab, or "},
        {"[Update]\nSecurity=gss-tsig\n" LIST "\n a.com\n b.com\n",
         "c.conf:2: Security=gss-tsig, but there is no keytab for a.com and 1 more (",
         "/srvpubd/krb5.keytab: cannot be opened: No such file or directory); set Keytab= "},
        {OPEN LIST "a.com\n[Domain a.com]\nSecurity=gss-tsig\nRealm=A\n",
         "c.conf:6: Security=gss-tsig, but there is no keytab for a.com (", "set Keytab="},
        /* An error that may be the reason of another one hides that. */
        {"[Update]\nKeyFil=/nowhere/k\n", "c.conf:2: ", "did you mean KeyFile=?"},
        {"[Update]\nKeytab=a/b\nRealm=A\n", "c.conf:2: ", "a relative path"},
        {LIST "a..com\n[Domain a.com]\nSecurity=none\n", "c.conf:2: ", "empty label"},
        {OPEN "RetryMax=1fortnight\nRetryMin=1h\n", "c.conf:3: ", "not a time"},
};

START_TEST(test_mistakes) {
        config_box_read(box, mistakes[_i].text);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_ptr_null(box->config);
        ck_assert_msg(box->report.n_errors == 1 && box->report.n_messages == 1, "%s\n%s",
                      mistakes[_i].text, box->text);
        ck_assert_msg(strncmp(box->text, mistakes[_i].start, strlen(mistakes[_i].start)) == 0,
                      "%s\n%s", mistakes[_i].text, box->text);
        ck_assert_msg(strstr(box->text, mistakes[_i].piece), "%s\n%s", mistakes[_i].text,
                      box->text);
}
END_TEST

START_TEST(test_binary) {
        static const char bytes[] = "\x7f"
                                    "ELF\2\1\1\0\0\0junk\n[Publish\nPriorty";

        config_box_write_bytes(box, "c.conf", bytes, sizeof(bytes));
        config_box_load(box, NULL);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_uint_eq(box->report.n_messages, 1);
        ck_assert_str_eq(box->text,
                         "c.conf:1: not a text file: a NUL or an octet that is no UTF-8\n");
}
END_TEST

START_TEST(test_missing) {
        config_box_load(box, NULL);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_str_eq(box->text, "c.conf: No such file or directory\n");
}
END_TEST

/* All bad values in one go, of errors of form the first of each file, in the order of the files. */
START_TEST(test_all_at_once) {
        config_box_write(box, "c.conf",
                         "[Service]\nPort=0\nWeight=x\nfoo\nbar\n[Update]\nTimeout=1y\n" LIST
                         "\n a..com\n b.com, 1\n b.com\n");
        config_box_write(box, "c.conf.d/10.conf", "[Publsh]\nx=1\n[Update]\nfoo\nbar\nZone=a/b\n");
        config_box_load(box, NULL);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_uint_eq(box->report.n_errors, 9);
        static const char *const starts[] = {
                "c.conf:2: Port=0",
                "c.conf:3: Weight=x",
                "c.conf:4: neither",
                "c.conf:7: Timeout=1y",
                "c.conf:10: DnsDomainPublishList=a..com",
                "c.conf.d/10.conf:1: [Publsh]",
                "c.conf.d/10.conf:4: neither",
                "c.conf.d/10.conf:6: Zone=a/b",
                "c.conf:12: b.com: listed with other numbers in c.conf:11",
        };
        const char *line = box->text;
        for (size_t i = 0; i < ELEMENTSOF(starts); i++) {
                ck_assert_msg(strncmp(line, starts[i], strlen(starts[i])) == 0, "%s", box->text);
                line += strcspn(line, "\n") + 1;
        }
}
END_TEST

/* What the file holds must not drive the terminal that shows the message; and errors are told up
   to a bound, then counted. */
START_TEST(test_messages) {
        config_box_read(box, OPEN "Zone=\x1b[31m\x7f\n");
        ck_assert_ptr_nonnull(strstr(box->text, "Zone=?[31m?: "));
        ck_assert_ptr_null(strchr(box->text, '\x1b'));

        _cleanup_(freep) char *text = malloc(12000 * 4 + 64);
        ck_assert_ptr_nonnull(text);
        char *end = stpcpy(text, OPEN);
        for (size_t i = 0; i < 12000; i++)
                end = stpcpy(end, "x=1\n");
        config_box_read(box, text);
        ck_assert_uint_eq(box->report.n_errors, 12000);
        ck_assert_uint_eq(box->report.n_messages, 501);
        ck_assert_ptr_nonnull(strstr(box->text, "\nc.conf: 11500 more errors\n"));
}
END_TEST

/* Errors have a bound of their own: many warnings do not hide the one behind them. */
START_TEST(test_many_warnings) {
        _cleanup_(freep) char *text = malloc(600 * 64);
        ck_assert_ptr_nonnull(text);
        char *end = stpcpy(text, OPEN "[Ownership]\nMode=observe\n" LIST "\n");
        for (unsigned i = 0; i < 600; i++)
                end += sprintf(end, " d%u.com\n", i);
        for (unsigned i = 0; i < 600; i++)
                end += sprintf(end, "[Domain d%u.com]\nOnStop=withdraw\n", i);
        (void)stpcpy(end, "x=1\n");
        config_box_read(box, text);
        ck_assert_msg(box->report.n_errors == 1, "%s", box->text);
        ck_assert_uint_eq(box->report.n_messages, 502);
        ck_assert_ptr_nonnull(strstr(box->text, "c.conf: 100 more warnings and notes\n"));
        ck_assert_ptr_nonnull(strstr(box->text, " x=: no key"));
}
END_TEST

/* A bad key file is an error in the line that names it, once, without its secret. */
START_TEST(test_key_files) {
        config_box_write(box, "k.key", "key \"k\" { algorithm hmac-sha256; };\n");
        config_box_write(box, "m.key", KEY("hmac-sha256", "S3cr3t!!"));
        config_box_write(box, "c.conf",
                         "[Update]\nKeyFile=k.key\n" LIST "\n a.com\n b.com\n[Domain a.com]\n"
                         "KeyFile=m.key\n[Domain b.com]\nKeyFile=m.key\n");
        config_box_load(box, box->directory);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_uint_eq(box->report.n_messages, 2);
        ck_assert_ptr_nonnull(strstr(box->text, "c.conf:2: KeyFile=k.key: k.key:1: "));
        ck_assert_ptr_nonnull(strstr(box->text, "\nc.conf:8: KeyFile=m.key: m.key:1: "));
        ck_assert_ptr_null(strstr(box->text, "S3cr3t"));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, test_mistakes, 0, ELEMENTSOF(mistakes));
        tcase_add_test(tcase, test_binary);
        tcase_add_test(tcase, test_missing);
        tcase_add_test(tcase, test_all_at_once);
        tcase_add_test(tcase, test_messages);
        tcase_add_test(tcase, test_many_warnings);
        tcase_add_test(tcase, test_key_files);
        tcase_set_timeout(tcase, 60);
}

UNIT_MAIN("config-mistakes", add_tests)
