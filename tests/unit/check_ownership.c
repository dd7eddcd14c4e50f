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

/* The ids of p2 and p3 are written P2 and P3 here. */
static const char *with_ids(const char *text) {
        static char buffer[8000];

        (void)snprintf(buffer, sizeof(buffer), "%s", text);
        for (char who = '2'; who <= '3'; who++) {
                const PublisherId id = publisher_id((char[]){'p', who, '\0'});
                char digits[PUBLISHER_ID_TEXT_MAX], *hit;

                (void)publisher_id_to_text(&id, digits);
                while ((hit = strstr(buffer, digits))) {
                        hit[0] = 'P';
                        hit[1] = who;
                        memmove(hit + 2, hit + strlen(digits), strlen(hit + strlen(digits)) + 1);
                }
        }
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

/* --- several hosts ---------------------------------------------------------------------------- */

#define TWO "want 10 20 kms1; want 0 0 h1; srv 10 20 kms1; claim me kms1; claim me h1; "
#define TOO(host, options) TOO_OF("P2", host, options)
#define TOO_OF(who, host, options)                                                     \
        "contoso.com: publisher " who " publishes " host                               \
        " too; the record stays until the last of "                                    \
        "its publishers withdraws it. If that was a former installation of this one: " \
        "srvpubctl takeover contoso.com --from " options "\n"
#define NUMBERS(host, whose)                                                                  \
        "contoso.com: " host " has the priority and weight that " whose " was given later "   \
        "than this one; those configured here are not used. Configure both alike, or change " \
        "them here"
#define CLONES                                                                                \
        "; and give that machine a machine id of its own (remove /etc/machine-id there, run " \
        "systemd-machine-id-setup)\n"

/* What is said is of the offers and claims that it is about (O5). */
static const struct {
        const char *scene, *text;
} of_hosts[] = {
        {TWO "srv 0 0 h1; claim p2 kms1; claim p2 h1",
         TOO("kms1:1688", "kms1") TOO("h1:1688", "h1")},
        {TWO "srv 0 0 h1; claim p2 h1", TOO("h1:1688", "h1")},
        /* A claims the one as we do, B decides the other. */
        {TWO "srv 5 5 h1; claim p3 kms1; claim p2 h1 since=500",
         NUMBERS("h1:1688", "publisher P2") "\n" TOO_OF("P3", "kms1:1688", "kms1")
                 TOO("h1:1688", "h1")},
        /* The latest of several; in one second the smaller id's. */
        {TWO "srv 5 5 h1; claim p3 h1 since=300; claim p2 h1 since=500",
         NUMBERS("h1:1688", "publisher P2") "\n" TOO_OF("P3", "h1:1688", "h1")},
        {TWO "srv 5 5 h1; claim p3 h1 since=500; claim p2 h1 since=500",
         NUMBERS("h1:1688", "publisher P2") "\n" TOO_OF("P3", "h1:1688", "h1")},
        /* Our own id, later than we: a clone. */
        {"want 10 20 kms1; srv 5 5 kms1; claim me kms1 since=500",
         "warning: " NUMBERS("kms1:1688", "another machine with this publisher's id") CLONES},
        {"want 10 20 kms1; srv 5 5 kms1; claim me kms1 since=500; claim p2 kms1 since=400",
         "warning: " NUMBERS("kms1:1688", "another machine with this publisher's id")
                 CLONES TOO("kms1:1688", "kms1")},
        /* Who writes no claims has no word: it is not the former claim of our own. */
        {"no-claims; want 10 20 kms1; srv 5 5 kms1; claim me kms1 since=500; claim p2 kms1",
         NUMBERS("kms1:1688", "publisher P2") "\n" TOO("kms1:1688", "kms1")},
};

START_TEST(each_host_has_its_own_words) {
        desk_add_hosts(1);
        if (strncmp(of_hosts[_i].scene, "no-claims", 9) == 0)
                desk.access->claims = CLAIMS_NO;
        expect(PUBLICATION_PUBLISHED, of_hosts[_i].scene, of_hosts[_i].text);
        expect(PUBLICATION_PUBLISHED, of_hosts[_i].scene, "");
}
END_TEST

/* srvpubctl takes the target's port for meant. */
START_TEST(command_names_another_port) {
        desk_add_hosts(1);
        desk.wanted.hosts->hosts[0].offer->port = 1689;
        expect(PUBLICATION_PUBLISHED,
               "want 10 20 kms1; want 0 0 h1:1689; srv 10 20 kms1; srv 0 0 h1:1689; "
               "claim me kms1; claim me h1:1689; claim p2 h1:1689; claim p2 kms1",
               TOO("kms1:1688", "kms1") TOO("h1:1689", "h1 --port 1689"));
        desk.wanted.offer->port = 1690;
        desk.news.told_notes = 0;
        expect(PUBLICATION_PUBLISHED,
               "want 10 20 kms1:1690; want 0 0 h1:1689; srv 10 20 kms1:1690; srv 0 0 h1:1689; "
               "claim me kms1:1690; claim me h1:1689; claim p2 kms1:1690",
               TOO("kms1:1690", "kms1"));
}
END_TEST

/* --- many domains ----------------------------------------------------------------------------- */

static const struct {
        const char *scene, *line;
} many[] = {
        {IN_ORDER "; claim p2 kms1",
         "affected: publisher P2 publishes kms1:1688 too. If that was a former installation of "
         "this one: srvpubctl takeover DOMAIN --from kms1\n"},
        {"want 10 20 kms1; srv 5 5 kms1; claim me kms1 since=500",
         "contested: kms1:1688 has the priority and weight that another machine with this "
         "publisher's id was given later than this one; those configured here are not used. "
         "Configure both alike, or change them here" CLONES},
        {IN_ORDER "; was old claimed; srv 0 0 old",
         "contested: a record that was published from here lost its claim; it is not ours any "
         "more and stays. If nobody wants it: srvpubctl takeover DOMAIN --from its target, or "
         "remove it by hand\n"},
        {"exclusive; " IN_ORDER "; srv 0 0 kms2",
         "contested: Mode=exclusive, but records of others are beside ours; they stay, and so do "
         "ours. srvpubctl plan shows them\n"},
        {IN_ORDER "; was old; srv 0 0 old; claim p2 old",
         "affected: withdrawn from here, but the record stays: another publisher claims it too\n"},
        {"strays; " IN_ORDER "; srv 0 0 old; claim me old",
         "contested: claims with this publisher's own id come back after they were removed: "
         "another machine runs with a copy of this state directory and the same machine id. They "
         "are left alone. Give the copy a machine id of its own (remove /etc/machine-id there, "
         "run systemd-machine-id-setup) and restart srvpubd on it\n"},
        {IN_ORDER "; from kms2; srv 0 0 kms2; claim p2 kms2",
         "cleared of others' records: taken over: SRV 0 0 1688 kms2.\n"},
        {"no-claims; want 10 20 kms1; srv 10 20 kms1",
         "affected: the policy of 192.0.2.1 allows the SRV but no TXT beside it: published "
         "without a claim, and told from others' records by target and port alone\n"},
};

START_TEST(many_domains_are_one_line) {
        static const char *const domains[] = {"contoso.com", "corp.example", "d3.test", "d4.test"};
        static const char *const heads[] = {
                "4 domains (contoso.com, corp.example, d3.test, ...) ",
                "warning: 4 domains (contoso.com, corp.example, d3.test, ...) "};
        const char *told;
        char text[1000];

        desk.source.gone = "SRV 0 0 1688 kms2.";
        desk.publication.wrote = PLAN_CHANGE;
        desk.publication.claims_denied = strncmp(many[_i].scene, "no-claims", 9) == 0;
        desk_gather();
        for (size_t i = 0; i < ELEMENTSOF(domains); i++) {
                desk.source.domain = domains[i];
                desk.source.state_before = PUBLICATION_LOCATING;
                desk.news = (News){0};
                ck_assert_str_eq(desk_tell(PUBLICATION_PUBLISHED, many[_i].scene), "");
        }
        told = with_ids(desk_end());
        (void)snprintf(text, sizeof(text), "%s%s",
                       heads[strncmp(many[_i].line, "contested", 9) == 0], many[_i].line);
        ck_assert_msg(strstr(told, text), "%s, not\n%s", told, text);
        /* That they are published is the other line. */
        ck_assert_msg(strchr(strchr(told, '\n') + 1, '\n')[1] == '\0', "%s", told);
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
        tcase_add_loop_test(tcase, each_host_has_its_own_words, 0, ELEMENTSOF(of_hosts));
        tcase_add_test(tcase, command_names_another_port);
        tcase_add_loop_test(tcase, many_domains_are_one_line, 0, ELEMENTSOF(many));
        tcase_add_test(tcase, what_was_taken_is_told_each_time);
        tcase_add_test(tcase, denied_claims_are_told_once);
        tcase_add_test(tcase, standby_names_the_holder);
        tcase_add_test(tcase, standby_is_news_again_after_publishing);
        tcase_add_test(tcase, observing_tells_what_would_be_done);
        tcase_add_test(tcase, observing_takes_nothing);
}

UNIT_MAIN("ownership", add_tests)
