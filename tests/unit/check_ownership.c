/* daemon/ownership: what is said of other publishers (O1, O5-O10), in which words, and how often.
   Notes come from plans of scenes, so that what lib/plan notes and what is told fit together. */
#include "daemon/ownership.h"

#include <string.h>
#include <syslog.h>

#include "lib/util.h"
#include "tests/unit/support_desk.h"
#include "tests/unit/unit.h"

#define IN_ORDER "want 10 20 kms1; srv 10 20 kms1; claim me kms1"

static void set_up(void) {
        desk_open(LOG_INFO);
        desk.source.state_before = PUBLICATION_PUBLISHED; /* only what others do is news */
}

static void tear_down(void) {
        desk_close();
}

/* The id of p2 is written P2 here. */
static const char *with_ids(const char *text) {
        static char buffer[8000];
        char digits[PUBLISHER_ID_TEXT_MAX];
        const PublisherId p2 = publisher_id("p2");
        size_t n = 0;

        (void)publisher_id_to_text(&p2, digits);
        for (const char *hit; (hit = strstr(text, digits)); text = hit + strlen(digits))
                n += (size_t)sprintf(buffer + n, "%.*sP2", (int)(hit - text), text);
        (void)sprintf(buffer + n, "%s", text);
        return buffer;
}

static void expect(PublicationState state, const char *scene, const char *text) {
        const char *told = with_ids(desk_tell(state, scene));

        ck_assert_msg(strcmp(told, text) == 0, "%s:\n%s, not\n%s", scene, told, text);
}

/* --- notes ------------------------------------------------------------------------------------ */

static const struct {
        const char *rule, *scene, *text;
} notes[] = {
        {"O5: another publishes the same", IN_ORDER "; claim p2 kms1",
         "contoso.com: publisher P2 publishes kms1:1688 too; the record stays until the last of "
         "its publishers withdraws it. If that was a former installation of this one: srvpubctl "
         "takeover contoso.com --from kms1\n"},
        {"O5: another's numbers",
         "want 10 20 kms1; srv 0 0 kms1; claim me kms1; claim p2 kms1 since=500",
         "contoso.com: kms1:1688 has the priority and weight that publisher P2 was given later "
         "than this one; those configured here are not used. Configure both alike, or change them "
         "here\n"
         "contoso.com: publisher P2 publishes kms1:1688 too; the record stays until the last of "
         "its publishers withdraws it. If that was a former installation of this one: srvpubctl "
         "takeover contoso.com --from kms1\n"},
        {"O1: our claim has gone", IN_ORDER "; was old claimed; srv 0 0 old",
         "warning: contoso.com: a record that was published from here at _vlmcs._tcp.contoso.com "
         "lost its "
         "claim; it is not ours any more and stays. If nobody wants it: srvpubctl takeover "
         "contoso.com --from its target, or remove it by hand\n"},
        {"O6: not alone", "exclusive; " IN_ORDER "; srv 0 0 kms2",
         "warning: contoso.com: Mode=exclusive, but _vlmcs._tcp.contoso.com has records of others "
         "beside "
         "ours; they stay, and so do ours. srvpubctl plan contoso.com shows them\n"},
        {"O1: our id comes back", "strays; " IN_ORDER "; srv 0 0 old; claim me old",
         "warning: contoso.com: claims with this publisher's own id come back at "
         "_vlmcs._tcp.contoso.com after they were removed: another machine runs with a copy of "
         "this state directory and the same machine id. They are left alone. Give the copy a "
         "machine id of its own (remove /etc/machine-id there, run systemd-machine-id-setup) and "
         "restart srvpubd on it\n"},
        {"O5: it stays for others", IN_ORDER "; was old; srv 0 0 old; claim p2 old",
         "contoso.com: withdrawn from here, but the record stays at _vlmcs._tcp.contoso.com: "
         "another publisher claims it too\n"},
};

/* Each is told once, not at each check, and again when it has gone and come back. */
START_TEST(each_is_told_once) {
        expect(PUBLICATION_PUBLISHED, notes[_i].scene, notes[_i].text);
        expect(PUBLICATION_PUBLISHED, notes[_i].scene, "");
        expect(PUBLICATION_PUBLISHED, IN_ORDER, "");
        expect(PUBLICATION_PUBLISHED, notes[_i].scene, notes[_i].text);
}
END_TEST

/* A pass that failed saw less than there is: nothing is said, and nothing is taken for gone. */
START_TEST(failure_says_nothing_of_others) {
        const Trouble trouble = {.kind = TROUBLE_REPLY, .reply = REPLY_TIMEOUT};

        expect(PUBLICATION_PUBLISHED, notes[_i].scene, notes[_i].text);
        ck_assert_ptr_null(strstr(desk_tell_trouble(PUBLICATION_FAILED, &trouble), "publisher"));
        desk.source.state_before = PUBLICATION_PUBLISHED;
        expect(PUBLICATION_PUBLISHED, notes[_i].scene, "");
}
END_TEST

/* O8, O9: what was removed is told each time, with what it was. */
START_TEST(what_was_taken_is_told_each_time) {
        static const char *const dead =
                IN_ORDER "; reclaim; srv 0 0 kms2; claim p2 kms2 until=5 lease=3600 dead";

        desk.source.gone = "SRV 0 0 1688 kms2.";
        desk.publication.wrote = PLAN_WITHDRAW;
        for (unsigned i = 0; i < 2; i++) {
                ck_assert_ptr_nonnull(strstr(desk_tell(PUBLICATION_PUBLISHED, dead),
                                             "contoso.com: removed what a publisher left whose "
                                             "lease had run out: SRV 0 0 1688 kms2.\n"));
                ck_assert_ptr_nonnull(strstr(desk_tell(PUBLICATION_PUBLISHED, IN_ORDER
                                                       "; from kms2; srv 0 0 kms2; claim p2 kms2"),
                                             "contoso.com: taken over: SRV 0 0 1688 kms2.\n"));
        }
}
END_TEST

/* O10 */
START_TEST(denied_claims_are_told_once) {
        static const char *const text =
                "contoso.com: the policy of 192.0.2.1 allows the SRV but no TXT beside it: "
                "published without a claim, and told from others' records by target and port "
                "alone\n";

        desk.publication.claims_denied = true;
        expect(PUBLICATION_PUBLISHED, IN_ORDER, text);
        expect(PUBLICATION_PUBLISHED, IN_ORDER, "");
        desk.publication.claims_denied = false;
        expect(PUBLICATION_PUBLISHED, IN_ORDER, "");
        desk.publication.claims_denied = true;
        expect(PUBLICATION_PUBLISHED, IN_ORDER, text);
}
END_TEST

/* --- standby ---------------------------------------------------------------------------------- */

#define HELD "exclusive; want 10 20 kms1; srv 0 0 kms2"
#define HELD_TEXT                                                                         \
        "contoso.com: standby: kms2:1688 holds _vlmcs._tcp.contoso.com at 192.0.2.1 (no " \
        "publisher claims it); it is taken over when it is free\n"

START_TEST(standby_names_the_holder) {
        expect(PUBLICATION_STANDBY, HELD, HELD_TEXT);
        expect(PUBLICATION_STANDBY, HELD, "");
        expect(PUBLICATION_STANDBY, HELD "; claim p2 kms2",
               "contoso.com: standby: kms2:1688 holds _vlmcs._tcp.contoso.com at 192.0.2.1 "
               "(publisher P2); it is taken over when it is free\n");
        expect(PUBLICATION_STANDBY, "exclusive; want 10 20 kms1; srv 0 0 kms3:1689",
               "contoso.com: standby: kms3:1689 holds _vlmcs._tcp.contoso.com at 192.0.2.1 (no "
               "publisher claims it); it is taken over when it is free\n");
        expect(PUBLICATION_STANDBY, HELD, HELD_TEXT);
}
END_TEST

/* A check that failed in between does not make it news, a time as the holder does. */
START_TEST(standby_is_news_again_after_publishing) {
        const Trouble trouble = {.kind = TROUBLE_REPLY, .reply = REPLY_TIMEOUT};

        expect(PUBLICATION_STANDBY, HELD, HELD_TEXT);
        (void)desk_tell_trouble(PUBLICATION_FAILED, &trouble);
        expect(PUBLICATION_STANDBY, HELD, "");
        (void)desk_tell(PUBLICATION_PUBLISHED, IN_ORDER);
        expect(PUBLICATION_STANDBY, HELD, HELD_TEXT);
}
END_TEST

/* --- observe ---------------------------------------------------------------------------------- */

/* O7 */
START_TEST(observing_tells_what_would_be_done) {
        static const char *const missing =
                "contoso.com: observed _vlmcs._tcp.contoso.com at 192.0.2.1: would add SRV 10 20 "
                "1688 kms1.; 0 records of others\n";

        expect(PUBLICATION_OBSERVED, "observe; want 10 20 kms1", missing);
        expect(PUBLICATION_OBSERVED, "observe; want 10 20 kms1", "");
        expect(PUBLICATION_OBSERVED, "observe; want 10 20 kms1; srv 0 0 kms2",
               "contoso.com: observed _vlmcs._tcp.contoso.com at 192.0.2.1: would add SRV 10 20 "
               "1688 kms1.; 1 record of others\n");
        expect(PUBLICATION_OBSERVED, "observe; " IN_ORDER,
               "contoso.com: observed _vlmcs._tcp.contoso.com at 192.0.2.1: all is in order; 0 "
               "records of others\n");
        expect(PUBLICATION_OBSERVED, "observe; want 10 20 kms1", missing);
}
END_TEST

/* O7, O8: what it would take away it does not say it took. */
START_TEST(observing_takes_nothing) {
        const char *told;

        desk.source.gone = "SRV 0 0 1688 kms2.";
        told = desk_tell(PUBLICATION_OBSERVED,
                         "observe; reclaim; " IN_ORDER
                         "; srv 0 0 kms2; claim p2 kms2 until=5 lease=3600 dead");
        ck_assert_ptr_nonnull(strstr(told, "would remove SRV 0 0 1688 kms2."));
        ck_assert_msg(!strstr(told, "removed"), "%s", told);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, each_is_told_once, 0, ELEMENTSOF(notes));
        tcase_add_loop_test(tcase, failure_says_nothing_of_others, 0, ELEMENTSOF(notes));
        tcase_add_test(tcase, what_was_taken_is_told_each_time);
        tcase_add_test(tcase, denied_claims_are_told_once);
        tcase_add_test(tcase, standby_names_the_holder);
        tcase_add_test(tcase, standby_is_news_again_after_publishing);
        tcase_add_test(tcase, observing_tells_what_would_be_done);
        tcase_add_test(tcase, observing_takes_nothing);
}

UNIT_MAIN("ownership", add_tests)
