/* srvpubctl's command line: what is taken, and what is refused with which words. */

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "daemon/ctl/arguments.h"
#include "lib/util.h"
#include "tests/unit/unit.h"

enum {
        WORDS_MAX = 8,
        LONG_NAME = 300,
};

/* The words behind the program's name. */
static int parse(const char *const words[WORDS_MAX], Arguments *arguments,
                 char error[static ARGUMENTS_ERROR_MAX]) {
        char *argv[WORDS_MAX + 2] = {(char *)"srvpubctl"};
        int argc = 1;

        for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
                argv[argc++] = (char *)words[i];
        error[0] = '\0';
        optind = 0;
        return arguments_parse(argc, argv, arguments, error);
}

static const struct {
        const char *words[WORDS_MAX];
        Arguments arguments; /* names are compared as texts */
} good[] = {
        {{"status"}, {.verb = VERB_STATUS}},
        {{"status", "contoso.com"}, {.verb = VERB_STATUS, .domain = (char *)"contoso.com"}},
        {{"--json", "status"}, {.verb = VERB_STATUS, .json = true}},
        {{"status", "--json", "a.test", "--timeout=7"},
         {.verb = VERB_STATUS,
          .domain = (char *)"a.test",
          .json = true,
          .timeout_usec = 7 * USEC_PER_SEC}},
        {{"plan"}, {.verb = VERB_PLAN}},
        {{"plan", "--nsupdate", "a.test"},
         {.verb = VERB_PLAN, .domain = (char *)"a.test", .nsupdate = true}},
        {{"publish"}, {.verb = VERB_PUBLISH}},
        {{"publish", "a.test."}, {.verb = VERB_PUBLISH, .domain = (char *)"a.test"}},
        {{"withdraw", "--all"}, {.verb = VERB_WITHDRAW, .all = true}},
        {{"withdraw", "_vlmcs._tcp.a.test"},
         {.verb = VERB_WITHDRAW, .domain = (char *)"_vlmcs._tcp.a.test"}},
        {{"forget", "b\303\274cher.example"},
         {.verb = VERB_FORGET, .domain = (char *)"xn--bcher-kva.example"}},
        {{"takeover", "a.test", "--from", "k\303\266nig.a.test", "--port", "65535", "--yes"},
         {.verb = VERB_TAKEOVER,
          .domain = (char *)"a.test",
          .from = (char *)"xn--knig-5qa.a.test",
          .port = 65535,
          .yes = true}},
        {{"takeover", "--from=x.test", "--from=y.test", "a.test"},
         {.verb = VERB_TAKEOVER, .domain = (char *)"a.test", .from = (char *)"y.test"}},
        {{"--help"}, {.verb = VERB_HELP}},
        {{"help"}, {.verb = VERB_HELP}},
        {{"--version"}, {.verb = VERB_VERSION}},
        {{"status", "a", "b", "c", "--help"}, {.verb = VERB_HELP}},
        {{"--", "status", "a.test"}, {.verb = VERB_STATUS, .domain = (char *)"a.test"}},
};

static void assert_same_text(const char *found, const char *expected) {
        ck_assert_str_eq(found ? found : "(none)", expected ? expected : "(none)");
}

START_TEST(arguments_are_taken) {
        char error[ARGUMENTS_ERROR_MAX];
        const Arguments *expected = &good[_i].arguments;
        Arguments found;
        int r = parse(good[_i].words, &found, error);

        ck_assert_msg(r == 0, "%s: %s", good[_i].words[0], error);
        ck_assert_int_eq(found.verb, expected->verb);
        assert_same_text(found.domain, expected->domain);
        assert_same_text(found.from, expected->from);
        ck_assert_uint_eq(found.port, expected->port);
        ck_assert_int_eq(found.json, expected->json);
        ck_assert_int_eq(found.nsupdate, expected->nsupdate);
        ck_assert_int_eq(found.all, expected->all);
        ck_assert_int_eq(found.yes, expected->yes);
        ck_assert_uint_eq(found.timeout_usec, expected->timeout_usec);
        arguments_done(&found);
}
END_TEST

static const struct {
        const char *words[WORDS_MAX];
        const char *error;
} bad[] = {
        {{NULL}, "what is to be done? One of status, plan, publish, withdraw, forget, takeover"},
        {{"stop"}, "\"stop\" is no command"},
        {{"Status"}, "\"Status\" is no command"},
        {{"status", "--pretty"}, "--pretty: there is no such option"},
        {{"status", "-x"}, "-x: there is no such option"},
        {{"status", "--json=yes"}, "--json=yes: there is no such option"},
        {{"status", "--timeout"}, "--timeout: it needs a value"},
        {{"status", "a.test", "b.test"}, "\"b.test\" is too much: one domain at a time"},
        {{"help", "status"}, "\"status\" is too much: it stands alone"},
        {{"status", ""}, ": the name is missing; such as contoso.com"},
        {{"status", "a b"},
         "a b: \" \" in a name; letters, digits, hyphens and underscores are allowed, with dots "
         "between labels"},
        {{"status", "192.0.2.1"}, "192.0.2.1: an address; a name is needed"},
        {{"status", "--all"}, "status knows no --all"},
        {{"publish", "--json"}, "publish knows no --json"},
        {{"publish", "--all"}, "publish knows no --all"},
        {{"status", "--yes"}, "status knows no --yes"},
        {{"plan", "--json", "--nsupdate"}, "--json or --nsupdate, not both"},
        {{"withdraw"}, "withdraw needs a domain, or --all"},
        {{"withdraw", "a.test", "--all"}, "a domain or --all, not both"},
        {{"forget"}, "forget needs a domain"},
        {{"forget", "--all"}, "forget needs a domain"},
        {{"takeover", "--from", "x.test"}, "takeover needs a domain"},
        {{"takeover", "a.test"}, "takeover needs --from HOST: whose record is taken over"},
        {{"takeover", "a.test", "--from", "x..test"},
         "--from: a name with an empty label; labels have 1 to 63 octets, with one dot between "
         "two"},
        {{"takeover", "a.test", "--from", "x.test", "--port", "0"},
         "--port=0: give a number from 1 to 65535"},
        {{"takeover", "a.test", "--from", "x.test", "--port", "65536"},
         "--port=65536: give a number from 1 to 65535"},
        {{"status", "--timeout", "1s"}, "--timeout=1s: give a number from 1 to 86400"},
        {{"status", "--timeout", "-1"}, "--timeout=-1: give a number from 1 to 86400"},
        {{"status", "--timeout", "18446744073709551616"},
         "--timeout=18446744073709551616: give a number from 1 to 86400"},
};

START_TEST(mistakes_are_named) {
        char error[ARGUMENTS_ERROR_MAX];
        Arguments arguments;

        ck_assert_int_eq(parse(bad[_i].words, &arguments, error), -EINVAL);
        ck_assert_str_eq(error, bad[_i].error);
}
END_TEST

START_TEST(what_is_too_long_is_cut) {
        char name[LONG_NAME + 1], error[ARGUMENTS_ERROR_MAX];
        const char *const words[][WORDS_MAX] = {{name},
                                                {"status", "x", name},
                                                {"status", name},
                                                {"status", "--timeout", name},
                                                {"takeover", "a.test", "--from", name}};
        Arguments arguments;

        memset(name, 'x', LONG_NAME);
        name[LONG_NAME] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                ck_assert_int_eq(parse(words[i], &arguments, error), -EINVAL);
                ck_assert_uint_gt(strlen(error), 20);
                ck_assert_uint_lt(strlen(error), ARGUMENTS_ERROR_MAX);
        }
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, arguments_are_taken, 0, ELEMENTSOF(good));
        tcase_add_loop_test(tcase, mistakes_are_named, 0, ELEMENTSOF(bad));
        tcase_add_test(tcase, what_is_too_long_is_cut);
}

UNIT_MAIN("ctl-arguments", add_tests)
