/* What Kerberos and TKEY say, in words: of each fault, verdict and error (C64) what a sysadmin has
   to find in the sentences; of each RCODE that they are well written. */
#include "lib/explain.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_explain.h"
#include "tests/unit/unit.h"

#define SERVER "dc1.corp.test (192.0.2.1)"
#define ACCOUNT "KMS2$@CORP.TEST"
#define KEYTAB "/etc/srvpubd/krb5.keytab"
#define DETAIL "the library's words"
#define EXPORT "samba-tool domain exportkeytab FILE --principal='KMS2$'", "ktpass", "net ads keytab"
#define OTHERWISE "KeyFile= with Security=tsig", "a server of the domain in Server="

static const ExplainContext known = {
        .record = "_vlmcs._tcp.corp.test",
        .zone = "corp.test",
        .server = SERVER,
        .key = "",
        .key_name = "",
        .detail = DETAIL,
        .account = ACCOUNT,
        .keytab = KEYTAB,
        .targets = "",
        .claims = "",
        .security = SECURITY_GSS,
        .timeout_usec = 5 * USEC_PER_SEC,
};

/* Nothing is known yet. */
static const ExplainContext unknown = {
        .record = "_vlmcs._tcp.corp.test",
        .zone = "",
        .server = "",
        .key = "",
        .key_name = "",
        .detail = "",
        .account = "",
        .keytab = "",
        .targets = "",
        .claims = "",
        .security = SECURITY_GSS,
};

/* clang-format off */
static const struct {
        const char *cause;
        const char *cure[6];
        const char *without_account;
} faults[_GSS_FAULT_MAX] = {
[GSS_FAULT_NO_KEYTAB] = {"there is no keytab " KEYTAB ": " DETAIL,
        {"Keytab=", "group srvpubd, mode 0640", EXPORT}, "there is no keytab"},
[GSS_FAULT_KEYTAB_UNREADABLE] = {"the keytab " KEYTAB " cannot be read: " DETAIL,
        {"user srvpubd", "chgrp srvpubd " KEYTAB " && chmod 0640 " KEYTAB, "directories"},
        "cannot be read"},
[GSS_FAULT_KEYTAB_MALFORMED] = {KEYTAB " is no keytab: " DETAIL, {"Keytab=", EXPORT},
        "no keytab"},
[GSS_FAULT_NO_PRINCIPAL] = {"the key of " ACCOUNT " is not in the keytab " KEYTAB ": " DETAIL,
        {"Principal=", EXPORT}, "this machine's account"},
[GSS_FAULT_NO_REALM] = {"no KDC is known for " ACCOUNT ": " DETAIL,
        {"krb5.conf", "CORP.TEST = { kdc = ", "_kerberos._udp.CORP.TEST", "Realm="},
        "this machine's account"},
[GSS_FAULT_KDC_UNREACHABLE] = {"no KDC answers for " ACCOUNT ": " DETAIL,
        {"port 88", "krb5.conf", "_kerberos._udp.CORP.TEST"}, "this machine's account"},
[GSS_FAULT_CLOCK_SKEW] = {
        "the clocks of the KDC and of this machine are too far apart: " DETAIL,
        {"5 minutes", "timedatectl", "chronyc", "sets none"}, "clocks"},
[GSS_FAULT_PREAUTH_FAILED] = {
        "the KDC has another key for " ACCOUNT " than the keytab " KEYTAB ": " DETAIL,
        {"password has changed", EXPORT, "RetryMax=", "not locked"}, "this machine's account"},
[GSS_FAULT_CLIENT_UNKNOWN] = {"the KDC does not know " ACCOUNT ": " DETAIL,
        {"not host/NAME", "Principal=", "Realm=", "adcli join"}, "this machine's account"},
[GSS_FAULT_CLIENT_LOCKED] = {
        "the KDC says that " ACCOUNT " is disabled, locked or expired: " DETAIL,
        {"samba-tool user enable", "Active Directory Users and Computers", "kadmin"},
        "this machine's account"},
[GSS_FAULT_SERVER_UNKNOWN] = {"the KDC has no DNS/ service for " SERVER ": " DETAIL,
        {"Server= the name that the domain controller has", "setspn -L", "samba-tool spn list",
         "Realm="}, "DNS/"},
[GSS_FAULT_EXPIRED] = {"the ticket of " ACCOUNT " has expired: " DETAIL,
        {"next try", "clocks"}, "this machine's account"},
[GSS_FAULT_SERVER_TOKEN] = {SERVER " cannot prove who it is: " DETAIL,
        {"tkey-gssapi-keytab", "replication"}, "prove"},
[GSS_FAULT_FLAGS] = {SERVER " offers no context that proves both sides and detects replays",
        {"update that server", "Server="}, "replays"},
[GSS_FAULT_OTHER] = {"Kerberos fails for " ACCOUNT " at " SERVER ": " DETAIL,
        {"logs of the KDC", "kinit -k -t " KEYTAB " 'KMS2$'", "KRB5_TRACE"},
        "this machine's account at the name server"},
};

static const struct {
        TkeyAnswer answer;
        const char *rcode;
        const char *cause;
        const char *cure[3];
} answers[] = {
#define REFUSED(what) SERVER " refuses to agree on a key with " ACCOUNT " (TKEY: " what ")"
#define ERROR(number, name, ...) \
        {{.verdict = TKEY_REFUSED, .error = number}, "NOERROR/" name, REFUSED("NOERROR/" name), \
         {__VA_ARGS__}}
#define RCODE(number, name, ...) \
        {{.verdict = TKEY_REFUSED, .rcode = number}, name, REFUSED(name), {__VA_ARGS__}}
ERROR(16, "BADSIG", "clocks", "log"),
ERROR(17, "BADKEY", "older than the KDC's key or lacks DNS/", "tkey-gssapi-keytab", "clock"),
ERROR(18, "BADTIME", "clocks", "timedatectl"),
ERROR(19, "BADMODE", "another kind", OTHERWISE),
ERROR(20, "BADNAME", "next try takes another name"),
ERROR(21, "BADALG", "another kind", OTHERWISE),
ERROR(22, "BADTRUNC", "tkey-gssapi-keytab", OTHERWISE),
ERROR(LDNS_RCODE_REFUSED, "REFUSED", "tkey-gssapi-keytab", OTHERWISE),
ERROR(LDNS_RCODE_SERVFAIL, "SERVFAIL", "that server's log"),
ERROR(99, "another error", "tkey-gssapi-keytab", OTHERWISE),
RCODE(LDNS_RCODE_FORMERR, "FORMERR", "does no GSS-TSIG", OTHERWISE),
RCODE(LDNS_RCODE_SERVFAIL, "SERVFAIL", "that server's log"),
RCODE(LDNS_RCODE_NXDOMAIN, "NXDOMAIN", "does no GSS-TSIG", OTHERWISE),
RCODE(LDNS_RCODE_NOTIMPL, "NOTIMP", "does no GSS-TSIG", OTHERWISE),
RCODE(LDNS_RCODE_REFUSED, "REFUSED", "does no GSS-TSIG", OTHERWISE),
RCODE(LDNS_RCODE_NOTAUTH, "NOTAUTH", "does no GSS-TSIG", OTHERWISE),
RCODE(11, "RCODE11", "does no GSS-TSIG", OTHERWISE),
{{.verdict = TKEY_REFUSED, .rcode = LDNS_RCODE_NOTAUTH, .error = 17}, "NOTAUTH/BADKEY",
        REFUSED("NOTAUTH/BADKEY"), {"lacks DNS/"}},
{{.verdict = TKEY_NONE}, "NOERROR", SERVER " answers TKEY with NOERROR and no key",
        {"does no GSS-TSIG", OTHERWISE}},
{{.verdict = TKEY_ANSWERED}, "", SERVER " answers TKEY in a way that makes no context: it takes part",
        {"its log"}},
{{.verdict = TKEY_FOREIGN, .error = 17}, "",
        SERVER " answers TKEY in a way that makes no context: it answers for another key",
        {"nothing between"}},
{{.verdict = TKEY_NOT_ANSWER, .rcode = 5}, "",
        SERVER " answers TKEY in a way that makes no context: it does not answer our query",
        {"nothing between"}},
{{.verdict = TKEY_MALFORMED}, "",
        SERVER " answers TKEY in a way that makes no context: its answer is malformed",
        {"nothing between"}},
#undef REFUSED
#undef ERROR
#undef RCODE
};
/* clang-format on */

START_TEST(fault_is_explained) {
        const Trouble trouble = trouble_of_gss((GssFault)_i);
        Explanation words;
        char buffer[32];

        ck_assert_ptr_nonnull(faults[_i].cause);
        explain_well(&trouble, &known, &words);
        ck_assert_str_eq(words.cause, faults[_i].cause);
        assert_words_in_order(words.cure, faults[_i].cure, ELEMENTSOF(faults[_i].cure));
        ck_assert_str_eq(explain_rcode(&trouble, buffer), "");
        explain_well(&trouble, &unknown, &words);
        ck_assert_msg(strstr(words.cause, faults[_i].without_account), "\"%s\"", words.cause);
}
END_TEST

START_TEST(tkey_answer_is_explained) {
        const Trouble trouble = trouble_of_tkey(&answers[_i].answer);
        Explanation words;
        char buffer[32];

        explain_well(&trouble, &known, &words);
        ck_assert_str_eq(words.cause, answers[_i].cause);
        assert_words_in_order(words.cure, answers[_i].cure, ELEMENTSOF(answers[_i].cure));
        ck_assert_str_eq(explain_rcode(&trouble, buffer), answers[_i].rcode);
}
END_TEST

START_TEST(every_tkey_answer_is_well_written) {
        Explanation words;
        char buffer[32];

        for (int verdict = 0; verdict < _TKEY_VERDICT_MAX; verdict++)
                for (uint16_t error = 0; error < 26; error++) {
                        const TkeyAnswer answer = {.verdict = (TkeyVerdict)verdict,
                                                   .rcode = (uint8_t)_i,
                                                   .error = error < 25 ? error : UINT16_MAX};
                        const Trouble trouble = trouble_of_tkey(&answer);
                        explain_well(&trouble, &known, &words);
                        ck_assert_ptr_nonnull(strstr(words.cause, SERVER));
                        ck_assert_ptr_nonnull(strstr(words.cause, explain_rcode(&trouble, buffer)));
                }
}
END_TEST

/* Principal= need not have a realm. */
START_TEST(account_is_named_without_a_realm) {
        static const struct {
                const char *account, *option;
        } accounts[] = {
                {"vlmcssvc", "--principal=vlmcssvc,"},
                {"KMS2$", "--principal='KMS2$',"},
                {"", "--principal=ACCOUNT,"},
        };
        const Trouble trouble = trouble_of_gss(GSS_FAULT_NO_PRINCIPAL);
        ExplainContext context = known;
        Explanation words;

        for (size_t i = 0; i < ELEMENTSOF(accounts); i++) {
                context.account = accounts[i].account;
                explain_well(&trouble, &context, &words);
                ck_assert_msg(strstr(words.cure, accounts[i].option), "\"%s\"", words.cure);
        }
}
END_TEST

/* C65: known to be new, so it is not the keytab or the account. */
START_TEST(lost_context_is_explained) {
        static const struct {
                uint16_t rcode, error;
                const char *text;
        } lost[] = {
                {LDNS_RCODE_NOTAUTH, TSIG_BADKEY, "NOTAUTH/BADKEY"},
                {LDNS_RCODE_NOTAUTH, TSIG_BADSIG, "NOTAUTH/BADSIG"},
                {LDNS_RCODE_REFUSED, 0, "REFUSED"},
        };
        Explanation words;

        for (size_t i = 0; i < ELEMENTSOF(lost); i++) {
                const Trouble trouble = {.kind = TROUBLE_BAD_KEY,
                                         .rcode = lost[i].rcode,
                                         .tsig_error = lost[i].error};
                char expected[200];
                (void)snprintf(expected, sizeof(expected),
                               SERVER
                               " does not know the context that it has just made with " ACCOUNT
                               " (%s)",
                               lost[i].text);
                explain_well(&trouble, &known, &words);
                ck_assert_str_eq(words.cause, expected);
                ck_assert_ptr_nonnull(strstr(words.cure, "load balancer"));
                ck_assert_ptr_nonnull(strstr(words.cure, "Server="));
        }
}
END_TEST

/* Clocks and wrong signatures have no key that an administrator could compare. */
START_TEST(other_troubles_name_no_tsig_key) {
        static const Trouble troubles[] = {
                {.kind = TROUBLE_BAD_TIME,
                 .our_time_sec = 1700000000,
                 .server_time_sec = 1700003600},
                {.kind = TROUBLE_REPLY, .reply = REPLY_GARBAGE, .fault = FAULT_UNSIGNED},
                {.kind = TROUBLE_REPLY, .reply = REPLY_GARBAGE, .fault = FAULT_BAD_MAC},
        };
        Explanation words;

        for (size_t i = 0; i < ELEMENTSOF(troubles); i++) {
                explain_well(&troubles[i], &known, &words);
                ck_assert_ptr_nonnull(strstr(words.cause, SERVER));
                ck_assert_ptr_null(strstr(words.cure, "secret"));
                ck_assert_ptr_null(strstr(words.cure, "KeyFile="));
        }
}
END_TEST

/* Two names as long as can be in the account, a path, the library's words: nothing is cut. */
START_TEST(longest_names_fit) {
        const Trouble trouble = trouble_of_gss((GssFault)_i);
        char name[254], account[600], server[300], keytab[4096], detail[256];
        ExplainContext longest = known;
        Explanation words, others;

        make_longest_name(name, "host", ".CORP.TEST");
        (void)snprintf(account, sizeof(account), "host/%s@%s", name, name);
        (void)snprintf(server, sizeof(server), "%s (%s)", name,
                       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        memset(keytab, 'k', sizeof(keytab) - 1);
        keytab[0] = '/';
        keytab[sizeof(keytab) - 1] = '\0';
        memset(detail, 'd', sizeof(detail) - 1);
        memcpy(detail + sizeof(detail) - sizeof(DETAIL), DETAIL, sizeof(DETAIL));
        longest.account = account;
        longest.server = server;
        longest.keytab = keytab;
        longest.detail = detail;
        explain_well(&trouble, &longest, &words);
        explain_well(&trouble, &known, &others);
        ck_assert_str_eq(words.cause + strlen(words.cause) - 8,
                         others.cause + strlen(others.cause) - 8);
        ck_assert_str_eq(words.cure + strlen(words.cure) - 8,
                         others.cure + strlen(others.cure) - 8);
}
END_TEST

START_TEST(what_comes_from_outside_is_no_format) {
        ExplainContext hostile = known;
        const Trouble trouble = trouble_of_gss((GssFault)_i);
        Explanation words;

        hostile.server = hostile.account = hostile.keytab = hostile.detail = "%s%n%%";
        explain_trouble(&trouble, &hostile, &words);
        ck_assert(strstr(words.cause, "%s%n%%") || strstr(words.cure, "%s%n%%"));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, fault_is_explained, GSS_FAULT_NONE + 1, _GSS_FAULT_MAX);
        tcase_add_loop_test(tcase, tkey_answer_is_explained, 0, ELEMENTSOF(answers));
        tcase_add_loop_test(tcase, every_tkey_answer_is_well_written, 0, 17);
        tcase_add_test(tcase, account_is_named_without_a_realm);
        tcase_add_test(tcase, lost_context_is_explained);
        tcase_add_test(tcase, other_troubles_name_no_tsig_key);
        tcase_add_loop_test(tcase, longest_names_fit, GSS_FAULT_NONE + 1, _GSS_FAULT_MAX);
        tcase_add_loop_test(tcase, what_comes_from_outside_is_no_format, GSS_FAULT_NONE + 1,
                            _GSS_FAULT_MAX);
}

UNIT_MAIN("explain-gss", add_tests)
