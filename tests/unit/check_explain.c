/* Troubles in words: what a sysadmin has to find in them, and what no sentence may show, whatever
   comes together in a Trouble. */
#include "lib/explain.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "tests/unit/support_explain.h"
#include "tests/unit/unit.h"

#define SERVER "ns1.corp.test (192.0.2.1)"
#define KEY "hmac-sha256 key kms1-key"
#define RECORD "_vlmcs._tcp.emea.contoso.com"
#define ZONE "contoso.com"
#define DETAIL "what the locator said"

static const ExplainContext with_key = {
        .record = RECORD,
        .zone = ZONE,
        .server = SERVER,
        .key = KEY,
        .key_name = "kms1-key",
        .detail = DETAIL,
        .account = "",
        .keytab = "",
        .targets = "",
        .claims = "",
        .security = SECURITY_TSIG,
        .timeout_usec = 5 * USEC_PER_SEC,
};

static const ExplainContext without_key = {
        .record = RECORD,
        .zone = ZONE,
        .server = SERVER,
        .key = "",
        .key_name = "",
        .detail = DETAIL,
        .account = "",
        .keytab = "",
        .targets = "",
        .claims = "",
        .security = SECURITY_NONE,
        .timeout_usec = 250 * USEC_PER_MSEC,
};

static const ExplainContext no_zone_yet = {
        .record = RECORD,
        .zone = "",
        .server = SERVER,
        .key = "",
        .key_name = "",
        .detail = DETAIL,
        .account = "",
        .keytab = "",
        .targets = "",
        .claims = "",
        .security = SECURITY_NONE,
        .timeout_usec = USEC_PER_MINUTE,
};

#define REPLY(what, ...) \
        { .kind = TROUBLE_REPLY, .reply = REPLY_##what, __VA_ARGS__ }
#define GARBAGE(what) REPLY(GARBAGE, .fault = FAULT_##what)
#define TROUBLE(what, ...) \
        { .kind = TROUBLE_##what, __VA_ARGS__ }
#define RCODE(code) .rcode = LDNS_RCODE_##code

/* The cause as a whole; of the cure some words. */
/* clang-format off */
static const struct {
        Trouble trouble;
        const ExplainContext *context;
        const char *cause;
        const char *cure[3];
        const char *rcode;
} cases[] = {
{TROUBLE(DENIED, .updating = true, RCODE(REFUSED)), &with_key,
        SERVER " accepts " KEY " but its policy refuses the update (REFUSED)",
        {"BIND: update-policy { grant kms1-key name " RECORD ". SRV TXT; };", "Knot: an acl",
         "(rndc thaw " ZONE ")"}, "REFUSED"},
{TROUBLE(DENIED, .updating = true, RCODE(NOTAUTH), .tsig_error = TSIG_BADKEY), &with_key,
        SERVER " accepts " KEY " but its policy refuses the update (NOTAUTH/BADKEY)",
        {"Knot: an acl with action update"}, "NOTAUTH/BADKEY"},
{TROUBLE(DENIED, .updating = true, RCODE(SERVFAIL), .reply = REPLY_ECHO), &with_key,
        SERVER " accepts " KEY " but its policy refuses the update (SERVFAIL)", {"grant"},
        "SERVFAIL"},
{TROUBLE(DENIED, .updating = true, RCODE(REFUSED)), &without_key,
        SERVER " refuses unsigned updates (REFUSED)",
        {"KeyFile= to a TSIG key that may update " ZONE}, "REFUSED"},
{TROUBLE(DENIED, RCODE(REFUSED)), &with_key,
        SERVER " refuses to be asked for the record (REFUSED)", {"allow-query", "match-clients"},
        "REFUSED"},
{TROUBLE(BAD_KEY, RCODE(NOTAUTH), .tsig_error = TSIG_BADKEY), &with_key,
        SERVER " does not know " KEY " (NOTAUTH/BADKEY)", {"same name and algorithm", "KeyFile="},
        "NOTAUTH/BADKEY"},
{TROUBLE(BAD_KEY, RCODE(NOTAUTH), .tsig_error = TSIG_BADSIG), &with_key,
        SERVER " has another secret for " KEY " (NOTAUTH/BADSIG)", {"the same secret", "KeyFile="},
        "NOTAUTH/BADSIG"},
{TROUBLE(BAD_KEY, RCODE(NOTAUTH), .tsig_error = TSIG_BADTIME), &with_key,
        SERVER " rejects signatures by " KEY " (NOTAUTH/BADTIME)", {"clocks"}, "NOTAUTH/BADTIME"},
{TROUBLE(BAD_KEY, RCODE(NOTAUTH), .tsig_error = TSIG_BADTRUNC), &with_key,
        SERVER " rejects signatures by " KEY " (NOTAUTH/BADTRUNC)", {"algorithm"},
        "NOTAUTH/BADTRUNC"},
{TROUBLE(BAD_KEY, RCODE(REFUSED)), &with_key,
        SERVER " refuses requests signed with " KEY " (REFUSED, unsigned)", {"allow it"},
        "REFUSED"},
{TROUBLE(BAD_TIME, RCODE(NOTAUTH), .tsig_error = TSIG_BADTIME, .our_time_sec = 1700000000,
         .server_time_sec = 1700003600), &with_key,
        "the clocks of " SERVER " and of this machine are too far apart (BADTIME)",
        {"it is 2023-11-14 23:13:20 UTC there and 2023-11-14 22:13:20 UTC here, 3600 s apart",
         "correct the wrong clock", "sets none"}, "NOTAUTH/BADTIME"},
{TROUBLE(BAD_TIME, RCODE(NOTAUTH), .our_time_sec = 1700000000, .server_time_sec = 1699999000),
        &with_key, "the clocks of " SERVER " and of this machine are too far apart (BADTIME)",
        {"1000 s apart"}, "NOTAUTH"},
{TROUBLE(BAD_TIME, RCODE(NOTAUTH), .our_time_sec = 1700000000), &with_key,
        "the clocks of " SERVER " and of this machine are too far apart (BADTIME)",
        {"it does not say its time"}, "NOTAUTH"},
{TROUBLE(WRONG_SERVER, RCODE(NOTAUTH)), &with_key,
        SERVER " says that the zone is not its own (NOTAUTH)",
        {"the primary of " ZONE " in Server=", "Zone="}, "NOTAUTH"},
{TROUBLE(WRONG_SERVER, RCODE(NOTZONE)), &with_key,
        SERVER " says that the zone is not its own (NOTZONE)", {"Zone="}, "NOTZONE"},
{TROUBLE(WRONG_SERVER, RCODE(REFUSED)), &no_zone_yet,
        SERVER " does not serve the zone, or refuses to be asked (REFUSED)",
        {"the primary of " RECORD " in Server="}, "REFUSED"},
{TROUBLE(NOT_AUTHORITATIVE), &with_key, SERVER " is not authoritative for the zone",
        {"the primary of " ZONE " in Server="}, "NOERROR"},
{TROUBLE(NOT_AUTHORITATIVE), &no_zone_yet, SERVER " is not authoritative for the zone",
        {"the primary of " RECORD " in Server="}, "NOERROR"},
{TROUBLE(NOT_LOCATED), &no_zone_yet, DETAIL, {"Resolver=", "Server=", "Zone="}, ""},
{TROUBLE(HERE), &with_key, DETAIL, {"tried again"}, ""},
{TROUBLE(NO_CREDENTIALS), &with_key, "the key cannot be used: " DETAIL, {"key file"}, ""},
{TROUBLE(CONFLICT, .updating = true, RCODE(NXRRSET)), &with_key,
        "the record set changed at each try at " SERVER, {"something else writes " RECORD},
        "NXRRSET"},
{TROUBLE(IGNORED, .updating = true), &with_key,
        SERVER " answered NOERROR but does not hold what was sent",
        {"SRV(n) limit in update-policy", "look at " RECORD}, "NOERROR"},
{TROUBLE(CNAME, .updating = true, RCODE(YXRRSET)), &with_key,
        SERVER " holds an alias (CNAME) at the record name", {"remove the CNAME at " RECORD},
        "YXRRSET"},
{TROUBLE(STATE), &with_key, "what is published cannot be remembered: " DETAIL,
        {"nothing is sent before", "state directory"}, ""},
{REPLY(TIMEOUT), &with_key, SERVER " did not answer within 5 s", {"TCP port"}, ""},
{REPLY(TIMEOUT), &without_key, SERVER " did not answer within 0.25 s", {"runs"}, ""},
{REPLY(TIMEOUT), &no_zone_yet, SERVER " did not answer within 60 s", {"runs"}, ""},
{REPLY(UNREACHABLE, .error = -ECONNREFUSED), &with_key,
        SERVER " cannot be reached: Connection refused", {"listens on TCP"}, ""},
{REPLY(UNREACHABLE, .error = EHOSTUNREACH), &with_key,
        SERVER " cannot be reached: No route to host", {"routed"}, ""},
{REPLY(CLOSED), &with_key, SERVER " closed the connection without an answer", {"server's log"},
        ""},
{REPLY(ELSEWHERE, RCODE(SERVFAIL)), &with_key, SERVER " answered SERVFAIL",
        {"not loaded", "server's log"}, "SERVFAIL"},
{REPLY(ELSEWHERE, RCODE(NOTIMPL)), &with_key, SERVER " answered NOTIMP",
        {"no dynamic updates", "Server="}, "NOTIMP"},
{REPLY(ELSEWHERE, RCODE(FORMERR)), &with_key, SERVER " answered FORMERR", {"firewall"}, "FORMERR"},
{REPLY(ELSEWHERE, .rcode = 16), &with_key, SERVER " answered RCODE16", {"server's log"},
        "RCODE16"},
{REPLY(ELSEWHERE, .rcode = 4095), &with_key, SERVER " answered RCODE4095", {"server's log"},
        "RCODE4095"},
{REPLY(DENIED, RCODE(REFUSED)), &with_key, SERVER " answered REFUSED",
        {"only a secondary", "Server="}, "REFUSED"},
{REPLY(ECHO, RCODE(REFUSED)), &with_key,
        SERVER " answered REFUSED and sent our own signature back",
        {"Samba and Windows", "do not know " KEY}, "REFUSED"},
{REPLY(ECHO, RCODE(SERVFAIL), .updating = true), &with_key, SERVER " answered SERVFAIL",
        {"server's log"}, "SERVFAIL"},
{GARBAGE(MALFORMED), &with_key,
        SERVER " gave an answer that cannot be trusted: it is not a well-formed DNS message",
        {"a DNS server listens there"}, ""},
{GARBAGE(COSTLY), &with_key,
        SERVER " gave an answer that cannot be trusted: it holds more than anybody needs at one name",
        {"remove the TXT records"}, ""},
{GARBAGE(BAD_MAC), &with_key,
        SERVER " gave an answer that cannot be trusted: its signature is wrong",
        {"it has " KEY, "secret"}, "NOERROR"},
{GARBAGE(UNSIGNED), &with_key,
        SERVER " gave an answer that cannot be trusted: it is not signed", {"it has " KEY},
        "NOERROR"},
};
/* clang-format on */

START_TEST(trouble_is_explained) {
        Explanation words;
        char buffer[32];

        explain_trouble(&cases[_i].trouble, cases[_i].context, &words);
        ck_assert_str_eq(words.cause, cases[_i].cause);
        for (size_t i = 0; i < ELEMENTSOF(cases[_i].cure) && cases[_i].cure[i]; i++)
                ck_assert_msg(strstr(words.cure, cases[_i].cure[i]), "\"%s\" is not in \"%s\"",
                              cases[_i].cure[i], words.cure);
        ck_assert_str_eq(explain_rcode(&cases[_i].trouble, buffer), cases[_i].rcode);
}
END_TEST

START_TEST(no_trouble_has_no_words) {
        const Trouble none = {0};
        Explanation words;
        char buffer[32];

        explain_trouble(&none, &with_key, &words);
        ck_assert_str_eq(words.cause, "");
        ck_assert_str_eq(words.cure, "");
        ck_assert_str_eq(explain_rcode(&none, buffer), "");
}
END_TEST

START_TEST(what_comes_from_outside_is_no_format) {
        ExplainContext context = with_key;
        Explanation words;

        context.server = context.zone = context.record = context.key = context.detail = "%s%n%%";
        for (int kind = 1; kind < _TROUBLE_KIND_MAX; kind++) {
                explain_trouble(&(Trouble){.kind = (TroubleKind)kind}, &context, &words);
                ck_assert(strstr(words.cause, "%s%n%%") || strstr(words.cure, "%s%n%%"));
        }
}
END_TEST

/* --- every combination ------------------------------------------------------------------------ */

static void fail_on(const char *why, const Trouble *trouble, const Explanation *words) {
        ck_abort_msg("%s: kind %d reply %d fault %d rcode %u: \"%s\", \"%s\"", why, trouble->kind,
                     trouble->reply, trouble->fault, trouble->rcode, words->cause, words->cure);
}

/* Of these the cause lies here, not at a server. */
static bool is_ours(TroubleKind kind) {
        return kind == TROUBLE_NOT_LOCATED || kind == TROUBLE_HERE ||
               kind == TROUBLE_NO_CREDENTIALS || kind == TROUBLE_STATE;
}

/* What is cut ends otherwise than the same sentence about shorter names. */
static bool same_end(const char *a, const char *b) {
        return strcmp(a + strlen(a) - 8, b + strlen(b) - 8) == 0;
}

static void assert_words(const Trouble *trouble, const ExplainContext *context) {
        ExplainContext other = *context;
        Explanation words, others;

        explain_trouble(trouble, context, &words);
        if (!text_is_well_written(words.cause) || !text_is_well_written(words.cure))
                fail_on("badly written", trouble, &words);
        if (!is_ours(trouble->kind) && !strstr(words.cause, context->server))
                fail_on("no server in the cause", trouble, &words);
        other.record = RECORD;
        other.zone = ZONE;
        explain_trouble(trouble, &other, &others);
        if (!same_end(words.cure, others.cure))
                fail_on("cut", trouble, &words);
        if (strcmp(words.cause, others.cause) != 0)
                fail_on("the cause names the domain", trouble, &words);
        other.server += strlen(other.server) - 40;
        other.key = KEY;
        explain_trouble(trouble, &other, &others);
        if (!same_end(words.cause, others.cause))
                fail_on("cut", trouble, &words);
}

static const uint16_t rcodes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 4095};
static const uint16_t tsig_errors[] = {0, TSIG_BADSIG, TSIG_BADKEY, TSIG_BADTIME, 65535};

/* With each RCODE and TSIG error, before and after an update, with a key and without. */
static void assert_all(Trouble trouble, const ExplainContext *signing,
                       const ExplainContext *plain) {
        for (unsigned i = 0; i < ELEMENTSOF(rcodes) * ELEMENTSOF(tsig_errors) * 2; i++) {
                trouble.rcode = rcodes[i % ELEMENTSOF(rcodes)];
                trouble.tsig_error = tsig_errors[i / ELEMENTSOF(rcodes) % ELEMENTSOF(tsig_errors)];
                trouble.updating = i % 2;
                assert_words(&trouble, signing);
                assert_words(&trouble, plain);
        }
}

START_TEST(every_combination_is_well_written) {
        char server[300], record[254], zone[254], key_name[254], key[300];
        ExplainContext signing = with_key, plain;
        Trouble trouble = {
                .kind = (TroubleKind)_i, .our_time_sec = UINT64_MAX, .error = -ETIMEDOUT};

        make_longest_name(record, "_vlmcs._tcp.", "." ZONE);
        make_longest_name(zone, "zone", "." ZONE);
        make_longest_name(key_name, "key", "." ZONE);
        make_longest_name(server, "server", "." ZONE);
        (void)snprintf(server + 253, sizeof(server) - 253, " (%s)",
                       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        (void)snprintf(key, sizeof(key), "hmac-sha512 key %s", key_name);
        signing.server = server;
        signing.record = signing.detail = record;
        signing.zone = zone;
        signing.key = key;
        signing.key_name = key_name;
        plain = signing;
        plain.key = plain.key_name = "";
        plain.security = SECURITY_NONE;
        if (_i != TROUBLE_REPLY) {
                assert_all(trouble, &signing, _i == TROUBLE_BAD_KEY ? &signing : &plain);
                return;
        }
        for (int reply = 0; reply < _REPLY_KIND_MAX; reply++) {
                trouble.reply = (ReplyKind)reply;
                /* Bad signatures and echoes come to signed requests only. */
                if (reply == REPLY_ECHO)
                        assert_all(trouble, &signing, &signing);
                else if (reply != REPLY_GARBAGE)
                        assert_all(trouble, &signing, &plain);
        }
        trouble.reply = REPLY_GARBAGE;
        for (int fault = FAULT_MALFORMED; fault < _REPLY_FAULT_MAX; fault++) {
                trouble.fault = (ReplyFault)fault;
                assert_all(trouble, &signing, &signing);
        }
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, trouble_is_explained, 0, ELEMENTSOF(cases));
        tcase_add_test(tcase, no_trouble_has_no_words);
        tcase_add_test(tcase, what_comes_from_outside_is_no_format);
        tcase_add_loop_test(tcase, every_combination_is_well_written, TROUBLE_REPLY,
                            _TROUBLE_KIND_MAX);
}

UNIT_MAIN("explain", add_tests)
