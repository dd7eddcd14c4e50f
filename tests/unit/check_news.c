/* daemon/news: what the end of a pass is worth telling. A state that stays as it was is no news;
   with LogLevel=debug it is one line. */
#include "daemon/news.h"

#include <string.h>
#include <syslog.h>

#include "lib/util.h"
#include "tests/unit/support_desk.h"
#include "tests/unit/unit.h"

#define IN_ORDER "want 10 20 kms1; srv 10 20 kms1; claim me kms1"
#define SRV_TEXT "_vlmcs._tcp.contoso.com SRV 10 20 1688 kms1. TTL 3600 at 192.0.2.1"

static const Trouble timed_out = {.kind = TROUBLE_REPLY, .reply = REPLY_TIMEOUT};
static const Trouble denied = {.kind = TROUBLE_DENIED,
                               .updating = true,
                               .reply = REPLY_DENIED,
                               .rcode = LDNS_RCODE_REFUSED};

static void set_up(void) {
        desk_open(LOG_INFO);
}

static void tear_down(void) {
        desk_close();
}

static void expect(const char *told, const char *text) {
        ck_assert_msg(strcmp(told, text) == 0, "%s, not\n%s", told, text);
}

static void expect_words(const char *told, const char *begin, const char *words) {
        ck_assert_msg(strncmp(told, begin, strlen(begin)) == 0 && strstr(told, words), "%s", told);
}

/* --- good news -------------------------------------------------------------------------------- */

static const struct {
        PublicationState before;
        PlanVerdict wrote;
        const char *text;
} publishings[] = {
        {PUBLICATION_LOCATING, PLAN_IN_ORDER,
         "contoso.com: published " SRV_TEXT " (it was there already)\n"},
        {PUBLICATION_PUBLISHING, PLAN_PUBLISH, "contoso.com: published " SRV_TEXT " (added)\n"},
        {PUBLICATION_FAILED, PLAN_CHANGE, "contoso.com: published " SRV_TEXT " (changed)\n"},
        {PUBLICATION_STANDBY, PLAN_PUBLISH, "contoso.com: published " SRV_TEXT " (added)\n"},
        {PUBLICATION_OBSERVED, PLAN_WITHDRAW,
         "contoso.com: published " SRV_TEXT " (an old one removed)\n"},
        {PUBLICATION_PUBLISHED, PLAN_PUBLISH,
         "contoso.com: repaired " SRV_TEXT " (it was missing)\n"},
        {PUBLICATION_PUBLISHED, PLAN_CHANGE,
         "contoso.com: repaired " SRV_TEXT " (somebody had changed it)\n"},
        {PUBLICATION_PUBLISHED, PLAN_IN_ORDER, ""},
};

START_TEST(publishing_is_told) {
        desk.source.state_before = publishings[_i].before;
        desk.publication.wrote = publishings[_i].wrote;
        desk.publication.plan_traits = PLAN_TRAIT_ADDS_SRV;
        expect(desk_tell(PUBLICATION_PUBLISHED, IN_ORDER), publishings[_i].text);
}
END_TEST

/* O10: nobody has changed anything where claims are allowed at last. */
START_TEST(claim_alone_is_told) {
        desk.source.state_before = PUBLICATION_PUBLISHED;
        desk.publication.wrote = PLAN_CHANGE;
        expect(desk_tell(PUBLICATION_PUBLISHED, IN_ORDER),
               "contoso.com: repaired " SRV_TEXT " (only its claim was written)\n");
}
END_TEST

START_TEST(all_hosts_are_told) {
        static const char *const texts[] = {
                "10 20 1688 kms1. and 0 0 1688 h1. TTL",
                "10 20 1688 kms1. and 0 0 1688 h1. and 0 0 1688 h2. TTL",
                "10 20 1688 kms1. and 0 0 1688 h1. and 0 0 1688 h2. and 2 more TTL",
        };
        static const size_t n_hosts[] = {1, 2, 4};
        const char *told;

        desk_add_hosts(n_hosts[_i]);
        told = desk_tell(PUBLICATION_PUBLISHED, IN_ORDER);
        ck_assert_msg(strstr(told, texts[_i]), "%s", told);
}
END_TEST

/* The longest that there can be: cut, not overrun. */
START_TEST(long_names_fit) {
        char label[64], name[256];
        const char *told;

        memset(label, 'x', 63);
        label[63] = '\0';
        (void)snprintf(name, sizeof(name), "%s.%s.%s.%.61s", label, label, label, label);
        desk_add_hosts(2);
        ck_assert_int_eq(name_from_text(name, &desk.wanted.offer->target), 0);
        ck_assert_int_eq(name_from_text(name, &desk.wanted.hosts->hosts[0].offer->target), 0);
        ck_assert_int_eq(name_from_text(name, &desk.wanted.hosts->hosts[1].offer->target), 0);
        told = desk_tell(PUBLICATION_PUBLISHED, IN_ORDER);
        ck_assert_msg(strstr(told, " at 192.0.2.1 (it was there already)\n"), "%s", told);
}
END_TEST

START_TEST(withdrawal_is_told) {
        desk.publication.withdraw = true;
        expect(desk_tell(PUBLICATION_WITHDRAWN, ""),
               "contoso.com: withdrawn _vlmcs._tcp.contoso.com SRV at 192.0.2.1 (it was not "
               "there)\n");
        desk.publication.wrote = PLAN_WITHDRAW;
        expect(desk_tell(PUBLICATION_WITHDRAWN, ""),
               "contoso.com: withdrawn _vlmcs._tcp.contoso.com SRV at 192.0.2.1 (removed)\n");
}
END_TEST

/* O1, O5: never told as gone, nor as not there; whether our claim was removed or not. */
static const struct {
        const char *scene, *text;
} stayings[] = {
        {"was kms1 claimed; srv 0 0 kms1; claim me kms1; claim p2 kms1",
         "withdrawn _vlmcs._tcp.contoso.com SRV at 192.0.2.1 (what another publisher claims too "
         "stays)\n"},
        {"was kms1 claimed; srv 0 0 kms1; claim p2 kms1",
         "withdrawn _vlmcs._tcp.contoso.com SRV at 192.0.2.1 (what another publisher claims too "
         "stays)\n"},
        {"was kms1 claimed; srv 0 0 kms1",
         "withdrawn _vlmcs._tcp.contoso.com SRV at 192.0.2.1 (what lost its claim stays)\n"},
};

START_TEST(what_stays_is_not_told_as_gone) {
        static const PlanVerdict wrote[] = {PLAN_IN_ORDER, PLAN_WITHDRAW};

        desk.publication.withdraw = true;
        for (size_t i = 0; i < ELEMENTSOF(wrote); i++) {
                const char *told;

                desk.publication.wrote = wrote[i];
                told = desk_tell(PUBLICATION_WITHDRAWN, stayings[_i].scene);
                expect_words(told, "", stayings[_i].text);
                ck_assert_msg(!strstr(told, "(removed)") && !strstr(told, "not there"), "%s", told);
        }
}
END_TEST

/* O12 */
START_TEST(adopted_ttl_is_told_once) {
        static const char *const adopted = "want 10 20 kms1; srv 10 20 kms1/600; claim me kms1; "
                                           "srv 0 0 kms2/600";
        static const char *const text =
                "contoso.com: TTL 600 instead of the configured 3600: an RRset has one TTL, and "
                "other publishers' records at _vlmcs._tcp.contoso.com have this one\n";

        desk.source.state_before = PUBLICATION_PUBLISHED;
        expect(desk_tell(PUBLICATION_PUBLISHED, adopted), text);
        expect(desk_tell(PUBLICATION_PUBLISHED, adopted), "");
        expect(desk_tell(PUBLICATION_PUBLISHED, IN_ORDER), "");
        expect(desk_tell(PUBLICATION_PUBLISHED, adopted), text);
}
END_TEST

/* --- bad news --------------------------------------------------------------------------------- */

/* E7, pain 9: once, with cause, cure and the next try; again when it is another cause, or has been
   well in between. */
START_TEST(trouble_is_told_once) {
        expect_words(desk_tell_trouble(PUBLICATION_FAILED, &timed_out),
                     "warning: contoso.com: failed: ", " Next try in 8.0 s.\n");
        expect(desk_tell_trouble(PUBLICATION_FAILED, &timed_out), "");
        expect_words(desk_tell_trouble(PUBLICATION_DENIED, &denied),
                     "contoso.com: denied: ", "192.0.2.1");
        expect(desk_tell_trouble(PUBLICATION_DENIED, &denied), "");
        expect_words(desk_tell_trouble(PUBLICATION_FAILED, &timed_out),
                     "warning: contoso.com: failed: ", "192.0.2.1");
        (void)desk_tell(PUBLICATION_PUBLISHED, IN_ORDER);
        expect_words(desk_tell_trouble(PUBLICATION_FAILED, &timed_out),
                     "warning: contoso.com: check failed: ", "192.0.2.1");
}
END_TEST

START_TEST(well_is_well_in_each_state) {
        static const PublicationState states[] = {PUBLICATION_PUBLISHED, PUBLICATION_STANDBY,
                                                  PUBLICATION_OBSERVED, PUBLICATION_WITHDRAWN};

        (void)desk_tell_trouble(PUBLICATION_FAILED, &timed_out);
        (void)desk_tell(states[_i], "exclusive; want 10 20 kms1; srv 0 0 kms2");
        ck_assert_str_ne(desk_tell_trouble(PUBLICATION_FAILED, &timed_out), "");
}
END_TEST

START_TEST(failed_withdrawal_is_told_so) {
        desk.publication.withdraw = true;
        expect_words(desk_tell_trouble(PUBLICATION_FAILED, &timed_out),
                     "warning: contoso.com: withdrawal failed: ", "192.0.2.1");
}
END_TEST

START_TEST(once_has_no_next_try) {
        desk.source.once = true;
        ck_assert_ptr_null(strstr(desk_tell_trouble(PUBLICATION_FAILED, &timed_out), "Next try"));
}
END_TEST

START_TEST(search_names_its_own_server_and_words) {
        const Trouble not_located = {.kind = TROUBLE_NOT_LOCATED};

        desk.source.detail = "no zone was found";
        desk.source.server = "192.0.2.99";
        expect_words(desk_tell_trouble(PUBLICATION_FAILED, &not_located),
                     "warning: contoso.com: failed: ", "no zone was found");
        desk.news.told = 0;
        expect_words(desk_tell_trouble(PUBLICATION_FAILED, &timed_out),
                     "warning: contoso.com: failed: ", "192.0.2.99");
}
END_TEST

/* For a status: cause and cure as sentences. */
START_TEST(trouble_has_its_words) {
        (void)desk_tell_trouble(PUBLICATION_DENIED, &denied);
        _cleanup_(freep) char *text = news_trouble_text(&desk.source);

        ck_assert_ptr_nonnull(text);
        ck_assert_msg(strstr(text, "192.0.2.1") && strstr(text, "REFUSED"), "%s", text);
        ck_assert_ptr_null(strchr(text, '\n'));
}
END_TEST

/* --- details ---------------------------------------------------------------------------------- */

START_TEST(debug_tells_of_what_is_no_news) {
        const char *told;

        log_init(LOG_DEBUG);
        (void)desk_tell(PUBLICATION_PUBLISHED, IN_ORDER);
        expect(desk_tell(PUBLICATION_PUBLISHED, IN_ORDER), "contoso.com: in order at 192.0.2.1\n");
        (void)desk_tell_trouble(PUBLICATION_FAILED, &timed_out);
        told = desk_tell_trouble(PUBLICATION_FAILED, &timed_out);
        expect_words(told, "contoso.com: again: ", " Next try in 8.0 s.\n");
        ck_assert_msg(strchr(told, '\n')[1] == '\0', "%s", told);
}
END_TEST

/* --- plans ------------------------------------------------------------------------------------ */

static const char *gone_of(const char *scene) {
        static char text[2000];
        char *gone;

        (void)desk_tell(PUBLICATION_OBSERVED, scene);
        gone = news_gone_text(desk.plan);
        (void)snprintf(text, sizeof(text), "%s", gone ? gone : "none");
        free(gone);
        return text;
}

/* O8, O9 */
START_TEST(what_goes_of_others_has_a_text) {
        ck_assert_str_eq(gone_of(IN_ORDER), "none");
        ck_assert_str_eq(gone_of("srv 0 0 kms1; claim me kms1"), "none"); /* our own */
        ck_assert_str_eq(gone_of(IN_ORDER "; from kms2; srv 1 2 kms2; claim p2 kms2"),
                         "SRV 1 2 1688 kms2.");
        ck_assert_str_eq(gone_of(IN_ORDER "; reclaim; srv 1 2 kms2; srv 0 0 kms3; claim p2 kms2 "
                                          "until=5 lease=3600 dead; claim p3 kms3 until=5 "
                                          "lease=3600 dead"),
                         "SRV 1 2 1688 kms2., SRV 0 0 1688 kms3.");
        ck_assert_str_eq(gone_of(IN_ORDER "; from kms1; claim p2 kms1"), "claims only");
}
END_TEST

static char *script_of(const char *scene) {
        char *script = NULL;

        (void)desk_tell(PUBLICATION_OBSERVED, scene);
        ck_assert_int_eq(news_plan_script(&desk.source, zone_server(desk.zone, 0), &script), 0);
        return script;
}

START_TEST(plan_is_a_script) {
        _cleanup_(freep) char *script = script_of("no-claims; want 10 20 kms1");

        ck_assert_ptr_nonnull(script);
        expect_words(script, "server 192.0.2.1\nzone contoso.com.\n",
                     "update add _vlmcs._tcp.contoso.com. 3600 SRV 10 20 1688 kms1.\nsend\n");
        ck_assert_ptr_null(script_of("want 10 20 kms1; srv 10 20 kms1; claim me kms1"));
}
END_TEST

/* Only to notice that a text differs; 0 stands for none. */
START_TEST(hash_tells_texts_apart) {
        ck_assert_uint_ne(news_hash(""), 0);
        ck_assert_uint_eq(news_hash("a"), news_hash("a"));
        ck_assert_uint_ne(news_hash("ab"), news_hash("ba"));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, publishing_is_told, 0, ELEMENTSOF(publishings));
        tcase_add_test(tcase, claim_alone_is_told);
        tcase_add_loop_test(tcase, all_hosts_are_told, 0, 3);
        tcase_add_test(tcase, long_names_fit);
        tcase_add_test(tcase, withdrawal_is_told);
        tcase_add_loop_test(tcase, what_stays_is_not_told_as_gone, 0, ELEMENTSOF(stayings));
        tcase_add_test(tcase, adopted_ttl_is_told_once);
        tcase_add_test(tcase, trouble_is_told_once);
        tcase_add_loop_test(tcase, well_is_well_in_each_state, 0, 4);
        tcase_add_test(tcase, failed_withdrawal_is_told_so);
        tcase_add_test(tcase, once_has_no_next_try);
        tcase_add_test(tcase, search_names_its_own_server_and_words);
        tcase_add_test(tcase, trouble_has_its_words);
        tcase_add_test(tcase, debug_tells_of_what_is_no_news);
        tcase_add_test(tcase, what_goes_of_others_has_a_text);
        tcase_add_test(tcase, plan_is_a_script);
        tcase_add_test(tcase, hash_tells_texts_apart);
}

UNIT_MAIN("news", add_tests)
