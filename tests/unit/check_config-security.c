/* config_load() and Kerberos: what Security=, KeyFile= and Keytab= come to, for which domain, what
   is said of it, and the RefreshInterval= that goes with it. Never a silent downgrade (C51). */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/unit/support_config.h"
#include "tests/unit/unit.h"

#define OPEN "[Update]\nSecurity=none\n"
#define LIST "[Publish]\nDnsDomainPublishList="
#define AB LIST "\n a.com\n b.com\n"
#define KEY                                          \
        "key \"k\" { algorithm hmac-sha256; secret " \
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"; };"
#define KEYTAB "\5\2\0\0\0\x2e"
#define DEFAULT SRVPUBD_SYSCONFDIR "/srvpubd/krb5.keytab"

static ConfigBox *box;

static void write_keytab(const char *name) {
        config_box_write_bytes(box, name, KEYTAB, sizeof(KEYTAB));
}

static void set_up(void) {
        box = config_box_new();
        config_box_write(box, "k.key", KEY);
        write_keytab("d");
        write_keytab("e");
        write_keytab("f");
}

static void tear_down(void) {
        config_box_free(box);
}

static void load(const char *text) {
        config_box_write(box, "c.conf", text);
        config_box_load(box, box->directory);
}

/* "none", or the way and the file's name, and what Kerberos is told. */
static void print_settings(FILE *out, const Settings *settings) {
        const char *file =
                settings->security == SECURITY_GSS ? settings->keytab : settings->key_file;
        static const char *const words[] = {"none", "tsig", "gss"};

        ck_assert(settings->security != SECURITY_NONE || !settings->key_file);
        fprintf(out, "%s", words[settings->security]);
        if (file && strcmp(file, DEFAULT) == 0)
                fprintf(out, " default");
        else if (settings->security != SECURITY_NONE)
                fprintf(out, " %s", file + strlen(box->directory) + 1);
        if (settings->security == SECURITY_GSS && (settings->principal || settings->realm))
                fprintf(out, " %s in %s", settings->principal ?: "-", settings->realm ?: "-");
        fprintf(out, "; ");
}

static char *domains_text(void) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        ck_assert_ptr_nonnull(out);
        for (size_t i = 0; i < box->config->n_domains; i++)
                print_settings(out, box->config->domains[i].settings);
        ck_assert_int_eq(fclose(out), 0);
        return text;
}

/* Of a.com and b.com, where no keytab lies at the default path; nothing is said of it. */
static const struct {
        const char *text, *domains;
} ways[] = {
        {"[Update]\nKeytab=e\n" AB, "gss e; gss e; "},
        {"[Update]\nKeytab=e\nSecurity=auto\n" AB, "gss e; gss e; "},
        {"[Update]\nKeytab=e\nSecurity=gss-tsig\nPrincipal=k$@A.B\nRealm=C\n" AB,
         "gss e k$@A.B in C; gss e k$@A.B in C; "},
        /* The nearest word holds. */
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nSecurity=none\n", "gss e; none; "},
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nKeytab=f\n", "gss e; gss f; "},
        {"[Update]\nKeytab=e\nSecurity=gss-tsig\n" AB "[Domain b.com]\nKeyFile=k.key\n",
         "gss e; tsig k.key; "},
        {"[Update]\nKeyFile=k.key\nSecurity=tsig\n" AB "[Domain b.com]\nKeytab=e\n",
         "tsig k.key; gss e; "},
        {"[Update]\nKeyFile=k.key\n" AB "[Domain b.com]\nKeytab=e\nSecurity=auto\n",
         "tsig k.key; gss e; "},
        {OPEN AB "[Domain b.com]\nKeytab=e\n", "none; gss e; "},
        {OPEN AB "[Domain b.com]\nKeytab=e\nSecurity=gss-tsig\n", "none; gss e; "},
        {AB "[Domain a.com]\nKeyFile=k.key\n[Domain b.com]\nKeytab=e\n", "tsig k.key; gss e; "},
        /* One word here, its file there. */
        {"[Update]\nSecurity=gss-tsig\n" AB "[Domain a.com]\nKeytab=e\n[Domain b.com]\n"
         "KeyFile=k.key\n",
         "gss e; tsig k.key; "},
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nSecurity=gss-tsig\n", "gss e; gss e; "},
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nSecurity=auto\n", "gss e; gss e; "},
        {"[Update]\nKeyFile=k.key\n" AB "[Domain b.com]\nSecurity=auto\n",
         "tsig k.key; tsig k.key; "},
        /* An empty value takes back. */
        {"[Update]\nKeytab=e\nKeytab=\nSecurity=none\n" AB, "none; none; "},
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nKeytab=f\nKeytab=\n", "gss e; gss e; "},
        {"[Update]\nKeytab=e\nRealm=A\n" AB "[Domain b.com]\nRealm=B\nRealm=\n",
         "gss e - in A; gss e - in A; "},
        /* Each of the three by itself. */
        {"[Update]\nKeytab=e\nRealm=A\nPrincipal=p\n" AB "[Domain b.com]\nPrincipal=q/r\n",
         "gss e p in A; gss e q/r in A; "},
        {OPEN "Realm=A\nPrincipal=p\n" AB "[Domain b.com]\nKeytab=e\n", "none; gss e p in A; "},
};

/* It may come later: said, and no error. */
START_TEST(test_principal_that_the_keytab_has_not) {
        load("[Update]\nKeytab=e\nPrincipal=k$\n" AB "[Domain b.com]\nPrincipal=q\nRealm=R\n");
        ck_assert_int_eq(box->result, 0);
        ck_assert_str_eq(box->text,
                         "c.conf:3: Principal=k$: e has no key for k$; it has none at all\n"
                         "c.conf:9: Principal=q: e has no key for q@R; it has none at all\n");
        load("[Update]\nKeytab=e\n" AB);
        ck_assert_str_eq(box->text, "");
}
END_TEST

START_TEST(test_ways) {
        load(ways[_i].text);
        /* The keytabs here are empty. */
        ck_assert_msg(box->result == 0 && (box->report.n_messages == 0 ||
                                           strstr(box->text, " has no key for ")),
                      "%s\n%s", ways[_i].text, box->text);
        _cleanup_(freep) char *text = domains_text();
        ck_assert_msg(strcmp(text, ways[_i].domains) == 0, "%s\n%s", ways[_i].text, text);
}
END_TEST

/* And where one does. said: the report. */
static const struct {
        const char *text, *domains, *said;
} defaults[] = {
        {AB, "gss default; gss default; ",
         "c.conf: a.com and 1 more: gss-tsig with " DEFAULT " (Security=auto)\n"},
        {"", "", "c.conf: the home domain: gss-tsig with " DEFAULT " (Security=auto)\n"},
        {"[Update]\nSecurity=gss-tsig\n" AB, "gss default; gss default; ", ""},
        {OPEN AB "[Domain a.com]\nSecurity=auto\n", "gss default; none; ",
         "c.conf: a.com: gss-tsig with " DEFAULT " (Security=auto)\n"},
        {OPEN AB "[Domain b.com]\nSecurity=gss-tsig\nPrincipal=p\n", "none; gss default p in -; ",
         ""},
        {"[Update]\nKeyFile=k.key\n" AB "[Domain b.com]\nSecurity=gss-tsig\n",
         "tsig k.key; gss default; ", ""},
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nKeytab=" DEFAULT "\n", "gss e; gss default; ",
         ""},
        /* What is named goes first. */
        {"[Update]\nKeyFile=k.key\n" AB, "tsig k.key; tsig k.key; ", ""},
        {"[Update]\nKeytab=e\n" AB, "gss e; gss e; ", ""},
        {"[Update]\nKeyFile=k.key\n" AB "[Domain b.com]\nSecurity=auto\n",
         "tsig k.key; tsig k.key; ", ""},
        {OPEN AB, "none; none; ", ""},
};

START_TEST(test_default_keytab) {
        config_box_set_default_keytab(box, "d");
        load(defaults[_i].text);
        ck_assert_msg(box->result == 0, "%s\n%s", defaults[_i].text, box->text);
        _cleanup_(freep) char *text = domains_text();
        ck_assert_msg(strcmp(text, defaults[_i].domains) == 0, "%s\n%s", defaults[_i].text, text);
        ck_assert_str_eq(box->text, defaults[_i].said);
        for (size_t i = 0; i < box->report.n_messages; i++)
                ck_assert_int_eq(box->report.messages[i].priority, LOG_INFO);
}
END_TEST

/* A keytab at the default path that cannot be used does not count, but the error tells of it. */
START_TEST(test_bad_default_keytab) {
        config_box_write(box, "d", "what is this?");
        config_box_set_default_keytab(box, "d");
        load(AB);
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_str_eq(box->text,
                         "c.conf:3: no credentials for a.com and 1 more; set KeyFile= to the TSIG "
                         "key's file, or Keytab= to the Kerberos keytab (" DEFAULT
                         ": is not a keytab), or write Security=none if unsigned updates are "
                         "really meant\n");
        load("[Update]\nSecurity=gss-tsig\n" LIST "a.com\n");
        ck_assert_str_eq(box->text, "c.conf:2: Security=gss-tsig, but there is no keytab for a.com "
                                    "(" DEFAULT ": is not a keytab); set Keytab= to one that the "
                                    "user srvpubd can read\n");
        load("[Update]\nKeytab=e\n" AB "[Domain b.com]\nKeytab=" DEFAULT "\n");
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_uint_eq(box->report.n_messages, 1);
        ck_assert_ptr_nonnull(
                strstr(box->text, "c.conf:8: Keytab=" DEFAULT ": " DEFAULT ": is no"));
        load("[Update]\nKeyFile=k.key\n" AB);
        ck_assert_int_eq(box->result, 0);
        ck_assert_uint_eq(box->report.n_messages, 0);
}
END_TEST

/* Each file is tried once, however many name it; one that is bad is an error where it is named
   first, and so it is when another takes it for a key file. */
START_TEST(test_each_file_once) {
        config_box_write(box, "e", "\5\1 old");
        ck_assert_int_eq(chmod(config_box_path(box, "f"), 0644), 0);
        load("[Update]\nKeytab=f\n" LIST
             "\n a.com\n b.com\n c.com\n d.com\n[Domain a.com]\nKeytab=e\n"
             "[Domain b.com]\nKeytab=e\n[Domain c.com]\nKeytab=f\n[Domain d.com]\nKeyFile=e\n");
        ck_assert_int_eq(box->result, -EINVAL);
        ck_assert_uint_eq(box->report.n_messages, 3);
        ck_assert_ptr_eq(strstr(box->text, "c.conf:2: Keytab=f: others than its owner"), box->text);
        ck_assert_ptr_nonnull(strstr(box->text, "\nc.conf:10: Keytab=e: e: is not a keytab\n"));
        ck_assert_ptr_nonnull(strstr(box->text, "\nc.conf:16: KeyFile=e: e:1: "));
        ck_assert_uint_eq(box->report.n_errors, 2);
}
END_TEST

/* What is worth a word, and no reason not to start. */
static const struct {
        const char *text, *said;
} warnings[] = {
        {OPEN "Principal=p\nRealm=A\n" AB,
         "c.conf:3: Principal= is for gss-tsig, but Security=none is in force here: it has no "
         "effect\n"
         "c.conf:4: Realm= is for gss-tsig, but Security=none is in force here: it has no "
         "effect\n"},
        {"[Update]\nKeyFile=k.key\nRealm=A\n" AB,
         "c.conf:3: Realm= is for gss-tsig, but tsig with KeyFile= is in force here: it has no "
         "effect\n"},
        {"[Update]\nKeyFile=k.key\nKeytab=e\n" AB,
         "c.conf:3: Keytab= is for gss-tsig, but tsig with KeyFile= is in force here: it has no "
         "effect\n"},
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nKeyFile=k.key\nPrincipal=p\n",
         "c.conf:9: Principal= is for gss-tsig, but tsig with KeyFile= is in force here: it has no "
         "effect\n"},
        /* One who could use it has its own. */
        {OPEN "Realm=A\n" AB "[Domain b.com]\nKeytab=e\nRealm=B\n",
         "c.conf:3: Realm= is for gss-tsig, but Security=none is in force here: it has no "
         "effect\n"},
};

START_TEST(test_warnings) {
        load(warnings[_i].text);
        ck_assert_int_eq(box->result, 0);
        ck_assert_str_eq(box->text, warnings[_i].said);
        for (size_t i = 0; i < box->report.n_messages; i++)
                ck_assert_int_eq(box->report.messages[i].priority, LOG_WARNING);
}
END_TEST

START_TEST(test_default_that_others_can_read) {
        ck_assert_int_eq(chmod(config_box_path(box, "d"), 0644), 0);
        config_box_set_default_keytab(box, "d");
        load("[Update]\nSecurity=gss-tsig\n" AB);
        ck_assert_int_eq(box->result, 0);
        ck_assert_str_eq(box->text, "c.conf: " DEFAULT ": others than its owner and group can read "
                                    "the key; chmod o= takes that away\n");
        load("[Update]\nKeyFile=k.key\n" AB);
        ck_assert_str_eq(box->text, "");
}
END_TEST

/* "24h" or "-" for infinity of each domain, else the seconds. */
static const struct {
        const char *text, *intervals;
} refreshes[] = {
        {"[Update]\nKeytab=e\n" AB, "86400 86400 "},
        {"[Update]\nKeyFile=k.key\n" AB, "- - "},
        {OPEN AB, "- - "},
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nKeyFile=k.key\n", "86400 - "},
        {"[Update]\nKeyFile=k.key\n" AB "[Domain b.com]\nKeytab=e\n", "- 86400 "},
        {"[Update]\nKeytab=e\nRefreshInterval=infinity\n" AB "[Domain b.com]\nTTL=1\n", "- - "},
        {"[Update]\nKeytab=e\nRefreshInterval=1h\n" AB "[Domain b.com]\nKeyFile=k.key\n",
         "3600 3600 "},
        {"[Update]\nKeytab=e\n" AB "[Domain b.com]\nRefreshInterval=infinity\n", "86400 - "},
        {OPEN AB "[Domain b.com]\nRefreshInterval=2h\n", "- 7200 "},
        {"[Update]\nKeytab=e\nRefreshInterval=1h\nRefreshInterval=\n" AB, "86400 86400 "},
};

START_TEST(test_refresh_interval) {
        char text[100] = "";

        load(refreshes[_i].text);
        ck_assert_msg(box->result == 0, "%s", box->text);
        for (size_t i = 0; i < box->config->n_domains; i++) {
                uint64_t usec = box->config->domains[i].settings->refresh_interval_usec;
                size_t length = strlen(text);
                if (usec == USEC_INFINITY)
                        snprintf(text + length, sizeof(text) - length, "- ");
                else
                        snprintf(text + length, sizeof(text) - length, "%llu ",
                                 (unsigned long long)(usec / USEC_PER_SEC));
        }
        ck_assert_msg(strcmp(text, refreshes[_i].intervals) == 0, "%s\n%s", refreshes[_i].text,
                      text);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, test_principal_that_the_keytab_has_not);
        tcase_add_loop_test(tcase, test_ways, 0, ELEMENTSOF(ways));
        tcase_add_loop_test(tcase, test_default_keytab, 0, ELEMENTSOF(defaults));
        tcase_add_test(tcase, test_bad_default_keytab);
        tcase_add_test(tcase, test_each_file_once);
        tcase_add_loop_test(tcase, test_warnings, 0, ELEMENTSOF(warnings));
        tcase_add_test(tcase, test_default_that_others_can_read);
        tcase_add_loop_test(tcase, test_refresh_interval, 0, ELEMENTSOF(refreshes));
}

UNIT_MAIN("config-security", add_tests)
