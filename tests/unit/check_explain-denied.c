/* An update that another account's ownership or a policy refuses: which lines an administrator is
   given, for this very node, account and record, in which order, and that no name can make them do
   anything else. */
#include "lib/explain.h"

#include <string.h>
#include <wordexp.h>

#include "lib/record.h"
#include "lib/util.h"
#include "tests/unit/support_explain.h"
#include "tests/unit/unit.h"

#define SERVER "dc1.corp.test (192.0.2.1)"
#define DSACL "samba-tool dsacl set --objectdn="
#define DELETION "samba-tool dns delete -U Administrator "

static const ExplainContext second_host = {
        .record = "_vlmcs._tcp.corp.test",
        .zone = "corp.test",
        .server = SERVER,
        .key = "",
        .key_name = "",
        .detail = "",
        .account = "KMS2$@CORP.TEST",
        .keytab = "/etc/srvpubd/krb5.keytab",
        .targets = "kms1.corp.test 1688 0 0",
        .claims = "",
        .security = SECURITY_GSS,
};

/* E6.2: Samba's and Windows' form. */
static const Trouble owned = {.kind = TROUBLE_DENIED,
                              .updating = true,
                              .reply = REPLY_ECHO,
                              .rcode = LDNS_RCODE_SERVFAIL};

/* E6.1: BIND's. */
static const Trouble refused = {.kind = TROUBLE_DENIED,
                                .updating = true,
                                .reply = REPLY_DENIED,
                                .rcode = LDNS_RCODE_REFUSED};

START_TEST(cures_of_ownership_are_in_order) {
        static const char *const cures[] = {
                "now at _vlmcs._tcp.corp.test: kms1.corp.test 1688 0 0",
                "1. ",
                "one group",
                DSACL "'DC=_vlmcs._tcp,DC=corp.test,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,"
                      "DC=test' --sddl='(A;;RCSDWDWOWPSW;;;SID)'",
                "samba-tool group show GROUP --attributes=objectSid",
                "DNS Manager, View > Advanced",
                "Security",
                "dsacls",
                "2. ",
                "one service account on all hosts (Keytab=, Principal=)",
                "3. ",
                "TXT too",
                DELETION "dc1.corp.test corp.test _vlmcs._tcp SRV 'kms1.corp.test 1688 0 0'",
                "samba-tool dns query -U Administrator dc1.corp.test corp.test _vlmcs._tcp ALL",
                "DNS Manager",
                "next try, with a new ticket",
                "srvpubctl publish corp.test",
        };
        Explanation words;

        explain_well(&owned, &second_host, &words);
        ck_assert_str_eq(words.cause, SERVER " refuses updates by KMS2$@CORP.TEST (SERVFAIL): the "
                                             "name belongs to another account");
        assert_words_in_order(words.cure, cures, ELEMENTSOF(cures));
}
END_TEST

/* --- the node --------------------------------------------------------------------------------- */

static const struct {
        const char *record, *zone, *account;
        const char *dn, *node, *domain;
} nodes[] = {
        {"_vlmcs._tcp.corp.test", "corp.test", "KMS2$@CORP.TEST",
         "DC=_vlmcs._tcp,DC=corp.test,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=test",
         "corp.test _vlmcs._tcp", "corp.test"},
        {"_vlmcs._tcp.emea.corp.test", "corp.test", "KMS2$@CORP.TEST",
         "DC=_vlmcs._tcp.emea,DC=corp.test,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=test",
         "corp.test _vlmcs._tcp.emea", "emea.corp.test"},
        /* A zone beside the domain's own in its directory. */
        {"_vlmcs._tcp.contoso.com", "contoso.com", "vlmcssvc@CORP.TEST",
         "DC=_vlmcs._tcp,DC=contoso.com,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=test",
         "contoso.com _vlmcs._tcp", "contoso.com"},
        {"_vlmcs._tcp.Corp.Test", "corp.test", "kms2$@AD.corp.TEST",
         "DC=_vlmcs._tcp,DC=corp.test,CN=MicrosoftDNS,DC=DomainDnsZones,DC=ad,DC=corp,DC=test",
         "corp.test _vlmcs._tcp", "Corp.Test"},
        {"_vlmcs._tcp", "_vlmcs._tcp", "KMS2$@CORP",
         "DC=@,DC=_vlmcs._tcp,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp", "_vlmcs._tcp @", "''"},
        {"_vl,m\\\"cs._tcp.corp.test", "corp.test", "KMS2$@CORP.TEST",
         "DC=_vl\\2Cm\\22cs._tcp,DC=corp.test,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=test",
         "corp.test '_vl,m\\\"cs._tcp'", "corp.test"},
        {"_vl\\.mcs._tcp.it's", "it's", "KMS2$@CORP.TEST",
         "DC=_vl.mcs._tcp,DC=it\\27s,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=test",
         "'it'\\''s' '_vl\\.mcs._tcp'", "'it'\\''s'"},
        /* Not known: a guess is better than a hole. */
        {"_vlmcs._tcp.corp.test", "corp.test", "",
         "DC=_vlmcs._tcp,DC=corp.test,CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=test",
         "corp.test _vlmcs._tcp", "corp.test"},
};

START_TEST(lines_name_this_very_node) {
        ExplainContext context = second_host;
        char dsacl[300], deletion[300], publish[100];
        const char *const lines[] = {dsacl, deletion, publish};
        Explanation words;

        context.record = nodes[_i].record;
        context.zone = nodes[_i].zone;
        context.account = nodes[_i].account;
        (void)snprintf(dsacl, sizeof(dsacl), DSACL "'%s' --sddl", nodes[_i].dn);
        (void)snprintf(deletion, sizeof(deletion), DELETION "dc1.corp.test %s SRV ",
                       nodes[_i].node);
        (void)snprintf(publish, sizeof(publish), "srvpubctl publish %s", nodes[_i].domain);
        explain_well(&owned, &context, &words);
        assert_words_in_order(words.cure, lines, ELEMENTSOF(lines));
        ck_assert_str_eq(strstr(words.cure, "srvpubctl publish"), publish);
}
END_TEST

START_TEST(lines_name_the_server_without_its_address) {
        static const struct {
                const char *label, *host;
        } servers[] = {
                {"dc1.corp.test (192.0.2.1)", "dc1.corp.test"},
                {"dc1.corp.test:5353 (192.0.2.1)", "dc1.corp.test"},
                {"192.0.2.1", "192.0.2.1"},
                {"192.0.2.1:5353", "192.0.2.1"},
                {"2001:db8::1", "2001:db8::1"},
                {"dc';x;' (192.0.2.1)", "'dc'\\'';x;'\\'"},
        };

        for (size_t i = 0; i < ELEMENTSOF(servers); i++) {
                ExplainContext context = second_host;
                Explanation words;
                char line[200];

                context.server = servers[i].label;
                (void)snprintf(line, sizeof(line), DELETION "%s corp.test _vlmcs._tcp",
                               servers[i].host);
                explain_well(&owned, &context, &words);
                ck_assert_ptr_nonnull(strstr(words.cause, servers[i].label));
                ck_assert_msg(strstr(words.cure, line), "\"%s\"", words.cure);
        }
}
END_TEST

/* --- targets ---------------------------------------------------------------------------------- */

/* The owner of a name stays when its last record is withdrawn. */
START_TEST(without_targets_none_are_named) {
        static const char *const cures[] = {
                "secure dynamic updates",
                "1. ",
                DSACL,
                "2. ",
                "3. ",
                DELETION,
                "'TARGET PORT PRIORITY WEIGHT'",
                "add one before",
        };
        ExplainContext context = second_host;
        Explanation words;

        context.targets = "";
        explain_well(&owned, &context, &words);
        assert_words_in_order(words.cure, cures, ELEMENTSOF(cures));
        ck_assert_ptr_null(strstr(words.cure, "now at"));
}
END_TEST

START_TEST(each_target_is_deleted) {
        static const char *const cures[] = {
                "now at _vlmcs._tcp.corp.test: kms1.corp.test 1688 0 0; kms3.corp.test 1689 1 2 "
                "(port",
                "SRV 'kms1.corp.test 1688 0 0', the same with 'kms3.corp.test 1689 1 2', and with "
                "TXT 'srvpub=1 id=0a host=kms1.corp.test', the same with 'srvpub=1 id=0b'; ",
        };
        ExplainContext context = second_host;
        Explanation words;

        context.targets = "kms1.corp.test 1688 0 0; kms3.corp.test 1689 1 2";
        context.claims = "srvpub=1 id=0a host=kms1.corp.test; srvpub=1 id=0b";
        explain_well(&owned, &context, &words);
        assert_words_in_order(words.cure, cures, ELEMENTSOF(cures));
}
END_TEST

/* As many whole ones as there is room for. */
START_TEST(too_many_targets_are_left_out) {
        char targets[4 * EXPLAIN_TARGETS_MAX] = "";
        ExplainContext context = second_host;
        Explanation words;
        unsigned n = 0;

        while (strlen(targets) < sizeof(targets) - 100)
                (void)snprintf(targets + strlen(targets), 100, "%skms%u.corp.test 1688 0 0",
                               n > 0 ? "; " : "", 1000 + n),
                        n++;
        context.targets = targets;
        explain_well(&owned, &context, &words);
        ck_assert_ptr_nonnull(strstr(words.cure, " 1688 0 0 and more (port"));
        ck_assert_ptr_nonnull(strstr(words.cure, " 1688 0 0'; samba-tool dns query"));
        ck_assert_uint_lt(strlen(words.cure), 2 * EXPLAIN_TARGETS_MAX + 2000);
}
END_TEST

/* O4: anybody's claim may hold more than there is room for. */
START_TEST(claim_that_is_too_long_is_left_out) {
        char claim[2 * EXPLAIN_TARGETS_MAX] = "srvpub=1 x=";
        ExplainContext context = second_host;
        Explanation words;

        memset(claim + strlen(claim), 'x', sizeof(claim) - strlen(claim) - 1);
        claim[sizeof(claim) - 1] = '\0';
        context.claims = claim;
        explain_well(&owned, &context, &words);
        ck_assert_ptr_null(strstr(words.cure, "with TXT"));
        ck_assert_ptr_null(strstr(words.cure, "xxx"));
}
END_TEST

/* Targets come from whoever may write the zone; DNS can hold any octet. */
START_TEST(hostile_target_does_no_harm_when_pasted) {
        static const char *const labels[] = {
                "'; reboot; '",
                "$(reboot)",
                "`reboot`",
                "\"; reboot; \"",
                "\\'; reboot #",
                "a\nreboot\n",
                "|reboot&",
                ">/etc/x",
                "${HOME}",
                "-s/tmp/smb.conf",
                "*?[a-z]~",
                "'\"'\"'reboot'",
                "!!",
                "\x1b[2J",
                "\xff\xfe'",
                "%s%n",
                "; ",
                "' 1 2 3;",
                "--",
                "#",
        };
        Name target = {.length = (uint8_t)(strlen(labels[_i]) + 2)};
        char text[NAME_TEXT_MAX], targets[NAME_TEXT_MAX + 16];
        ExplainContext context = second_host;
        Explanation words;
        wordexp_t line;

        target.wire[0] = (uint8_t)strlen(labels[_i]);
        memcpy(target.wire + 1, labels[_i], strlen(labels[_i]));
        (void)snprintf(targets, sizeof(targets), "%s 1688 0 0", name_to_text(&target, text));
        context.targets = targets;
        explain_trouble(&owned, &context, &words);

        char *start = strstr(words.cure, DELETION),
             *end = strstr(words.cure, "; samba-tool dns query");
        ck_assert(start && end && start < end);
        *end = '\0';
        /* A second command, a substitution or a variable is an error here. */
        ck_assert_msg(wordexp(start, &line, WRDE_NOCMD | WRDE_UNDEF) == 0, "%s", start);
        ck_assert_msg(line.we_wordc == 10, "%s", start);
        ck_assert_str_eq(line.we_wordv[8], "SRV");
        ck_assert_str_eq(line.we_wordv[9] + (targets[0] == '-'), targets);
        ck_assert_int_ne(line.we_wordv[9][0], '-');
        wordfree(&line);
        for (const char *p = words.cure; *p; p++)
                ck_assert(*p >= ' ' && *p <= '~');
}
END_TEST

/* --- policies --------------------------------------------------------------------------------- */

static const struct {
        const char *account;
        const char *lines[2];
} policies[] = {
        {"KMS2$@CORP.TEST",
         {"grant CORP.TEST ms-subdomain-self-rhs _vlmcs._tcp.corp.test. SRV; (where Target= is",
          "grant \"KMS2$@CORP.TEST\" name _vlmcs._tcp.corp.test. SRV TXT;)"}},
        {"host/kms2.corp.test@CORP.TEST",
         {"grant CORP.TEST krb5-subdomain-self-rhs _vlmcs._tcp.corp.test. SRV; (where Target= is",
          "grant \"host/kms2.corp.test@CORP.TEST\" name _vlmcs._tcp.corp.test. SRV TXT;)"}},
        {"vlmcssvc@CORP.TEST",
         {"update-policy: grant \"vlmcssvc@CORP.TEST\" name _vlmcs._tcp.corp.test. SRV TXT; - or"}},
        {"", {"update-policy: grant \"ACCOUNT@REALM\" name _vlmcs._tcp.corp.test. SRV TXT; - or"}},
};

/* What follows is the same as for a name that is owned: it may be BIND9_DLZ. */
START_TEST(policy_fits_the_account) {
        ExplainContext context = second_host;
        Explanation words, others;
        char cause[200];

        context.account = policies[_i].account;
        explain_well(&refused, &context, &words);
        explain_well(&owned, &context, &others);
        (void)snprintf(cause, sizeof(cause),
                       SERVER " knows %s but its policy refuses the update "
                              "(REFUSED)",
                       policies[_i].account[0] ? policies[_i].account : "this machine's account");
        ck_assert_str_eq(words.cause, cause);
        assert_words_in_order(words.cure, policies[_i].lines, ELEMENTSOF(policies[_i].lines));
        const char *dlz = strstr(words.cure, "BIND9_DLZ");
        ck_assert(dlz && strstr(words.cure, "rndc thaw corp.test") < dlz);
        ck_assert_str_eq(words.cure + strlen(words.cure) - strlen(others.cure), others.cure);
        ck_assert(dlz < words.cure + strlen(words.cure) - strlen(others.cure));
        if (_i >= 2)
                ck_assert_ptr_null(strstr(words.cure, "self-rhs"));
}
END_TEST

/* An echo under BIND's RCODE is Samba 4.22's and Windows'; a query has no account. */
START_TEST(form_goes_by_the_reply_not_the_rcode) {
        Trouble trouble = owned;
        Explanation words;

        trouble.rcode = LDNS_RCODE_REFUSED;
        explain_well(&trouble, &second_host, &words);
        ck_assert_ptr_nonnull(
                strstr(words.cause, "(REFUSED): the name belongs to another account"));
        ck_assert_ptr_null(strstr(words.cure, "update-policy"));
        trouble = refused;
        trouble.updating = false;
        explain_well(&trouble, &second_host, &words);
        ck_assert_str_eq(words.cause, SERVER " refuses to be asked for the record (REFUSED)");
        ck_assert_ptr_null(strstr(words.cure, "samba-tool"));
}
END_TEST

/* --- room ------------------------------------------------------------------------------------- */

/* Every name of 253 octets, the targets with octets that take most room; nothing is cut. */
START_TEST(longest_names_fit) {
        char record[254], zone[254], realm[254], server[320], account[600];
        char targets[EXPLAIN_TARGETS_MAX] = "";
        ExplainContext context = second_host;
        Explanation words;

        make_longest_name(record, "_vlmcs._tcp.", ".contoso.com");
        make_longest_name(realm, "R", ".TEST");
        /* Labels of one octet make the longest DN. */
        for (size_t i = 1; i + 6 < strlen(realm); i++)
                realm[i] = i % 2 ? '.' : 'R';
        (void)snprintf(zone, sizeof(zone), "%s", record + strlen("_vlmcs._tcp."));
        (void)snprintf(server, sizeof(server), "%s:65535 (ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff)",
                       record);
        (void)snprintf(account, sizeof(account), "host/%s@%s", record, realm);
        memset(targets, 'x', sizeof(targets) - 1);
        for (size_t i = 1; _i && i < sizeof(targets) - 1; i += 2)
                targets[i] = '\'';
        context.record = record;
        context.zone = zone;
        context.server = server;
        context.account = account;
        context.targets = targets;
        explain_well(&refused, &context, &words);
        const char *domain = strstr(words.cure, "srvpubctl publish ");
        ck_assert_ptr_nonnull(domain);
        ck_assert_str_eq(domain + strlen("srvpubctl publish "), zone);
        ck_assert_uint_lt(strlen(words.cure), EXPLAIN_TEXT_MAX - 200);
}
END_TEST

/* One target whose every octet is escaped, and three of 253 characters. */
START_TEST(targets_that_are_promised_fit) {
        char name[254], targets[EXPLAIN_TARGETS_MAX];

        make_longest_name(name, "kms1", ".corp.test");
        ck_assert_int_lt(snprintf(targets, sizeof(targets),
                                  "%s 65535 65535 65535; %s 65535 65535 "
                                  "65535; %s 65535 65535 65535",
                                  name, name, name),
                         EXPLAIN_TARGETS_MAX);
        ck_assert_int_le(NAME_TEXT_MAX + sizeof(" 65535 65535 65535"), EXPLAIN_TARGETS_MAX);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, cures_of_ownership_are_in_order);
        tcase_add_loop_test(tcase, lines_name_this_very_node, 0, ELEMENTSOF(nodes));
        tcase_add_test(tcase, lines_name_the_server_without_its_address);
        tcase_add_test(tcase, without_targets_none_are_named);
        tcase_add_test(tcase, each_target_is_deleted);
        tcase_add_test(tcase, too_many_targets_are_left_out);
        tcase_add_test(tcase, claim_that_is_too_long_is_left_out);
        tcase_add_loop_test(tcase, hostile_target_does_no_harm_when_pasted, 0, 20);
        tcase_add_loop_test(tcase, policy_fits_the_account, 0, ELEMENTSOF(policies));
        tcase_add_test(tcase, form_goes_by_the_reply_not_the_rcode);
        tcase_add_loop_test(tcase, longest_names_fit, 0, 2);
        tcase_add_test(tcase, targets_that_are_promised_fit);
}

UNIT_MAIN("explain-denied", add_tests)
