/* lib/plan-text: what srvpubctl and the journal say of a plan. Scenes are written as in
   support_plan.h. */
#include "lib/plan-text.h"

#include <string.h>

#include "tests/unit/support_plan.h"
#include "tests/unit/unit.h"

/* OTHER stands for the id of p2. */
static const struct {
        const char *what, *scene, *text, *line;
} cases[] = {
        {"nothing is there", "want 10 20 kms1",
         "+ SRV 10 20 1688 kms1. TTL 3600\n"
         "+ claim on kms1:1688 by this publisher\n",
         "would add SRV 10 20 1688 kms1."},
        {"all is in order", "want 0 0 kms1; srv 0 0 kms1; claim me kms1",
         "  SRV 0 0 1688 kms1. TTL 3600 (claimed by this publisher)\n"
         "  claim on kms1:1688 by this publisher\n",
         "all is in order"},
        {"nothing is wanted and nothing is there", "", "", "all is in order"},
        {"other numbers", "no-claims; want 5 0 kms1; srv 0 0 kms1",
         "- SRV 0 0 1688 kms1. TTL 3600 (unclaimed)\n"
         "+ SRV 5 0 1688 kms1. TTL 3600\n",
         "would remove SRV 0 0 1688 kms1., would add SRV 5 0 1688 kms1."},
        {"only the claim is missing", "want 0 0 kms1; srv 0 0 kms1",
         "  SRV 0 0 1688 kms1. TTL 3600 (unclaimed)\n"
         "+ claim on kms1:1688 by this publisher\n",
         "would change claims only"},
        {"one of several goes",
         "srv 0 0 kms1; claim me kms1; srv 3 4 kms2:1689/60; txt v=spf1 -all",
         "- SRV 0 0 1688 kms1. TTL 3600 (claimed by this publisher)\n"
         "  SRV 3 4 1689 kms2. TTL 60 (unclaimed)\n"
         "- claim on kms1:1688 by this publisher\n"
         "  TXT of 12 octets that is no claim\n",
         "would remove SRV 0 0 1688 kms1."},
        {"others claim it too", "want 0 0 kms1; srv 0 0 kms1; claim me kms1; claim p2 kms1",
         "  SRV 0 0 1688 kms1. TTL 3600 (claimed by this and 1 other publisher)\n"
         "  claim on kms1:1688 by this publisher\n"
         "  claim on kms1:1688 by publisher OTHER\n",
         "all is in order"},
        {"only others claim it", "srv 0 0 kms2; claim p2 kms2; claim p3 kms2",
         "  SRV 0 0 1688 kms2. TTL 3600 (claimed by 2 other publishers)\n"
         "  claim on kms2:1688 by publisher OTHER\n"
         "  claim on kms2:1688 by publisher THIRD\n",
         "all is in order"},
        {"another's claim is on another port", "srv 0 0 kms2; claim p2 kms2:1689",
         "  SRV 0 0 1688 kms2. TTL 3600 (unclaimed)\n"
         "  claim on kms2:1689 by publisher OTHER\n",
         "all is in order"},
        {"O6: standby", "exclusive; want 0 0 kms1; srv 0 0 kms2; claim p2 kms2",
         "  SRV 0 0 1688 kms2. TTL 3600 (claimed by 1 other publisher)\n"
         "  claim on kms2:1688 by publisher OTHER\n",
         "would stand by: another holds the name"},
        {"O8: what a dead publisher left goes",
         "reclaim; want 0 0 kms1; srv 0 0 kms1; claim me kms1; srv 0 0 kms2; "
         "claim p2 kms2 until=5 lease=3600 dead",
         "  SRV 0 0 1688 kms1. TTL 3600 (claimed by this publisher)\n"
         "- SRV 0 0 1688 kms2. TTL 3600 (claimed by 1 other publisher)\n"
         "  claim on kms1:1688 by this publisher\n"
         "- claim on kms2:1688 by publisher OTHER (its lease has run out)\n",
         "would remove SRV 0 0 1688 kms2."},
        {"O8: or stays", "srv 0 0 kms2; claim p2 kms2 until=5 lease=3600 dead",
         "  SRV 0 0 1688 kms2. TTL 3600 (claimed by 1 other publisher)\n"
         "  claim on kms2:1688 by publisher OTHER (its lease has run out)\n",
         "all is in order"},
        {"O2: what goes is told by its case",
         "no-claims; want 0 0 kms1; srv 0 0 KMS1; srv 0 0 kms1",
         "- SRV 0 0 1688 KMS1. TTL 3600 (unclaimed)\n"
         "  SRV 0 0 1688 kms1. TTL 3600 (unclaimed)\n"
         "+ SRV 0 0 1688 kms1. TTL 3600\n",
         "would remove SRV 0 0 1688 KMS1., would add SRV 0 0 1688 kms1."},
};

/* With the ids of the publishers in it. */
static const char *with_ids(const char *text, char buffer[static SCENE_TEXT_MAX]) {
        char other[PUBLISHER_ID_TEXT_MAX], third[PUBLISHER_ID_TEXT_MAX];
        const PublisherId p2 = publisher_id("p2"), p3 = publisher_id("p3");
        size_t n = 0;

        (void)publisher_id_to_text(&p2, other);
        (void)publisher_id_to_text(&p3, third);
        while (*text)
                if (strncmp(text, "OTHER", 5) == 0 || strncmp(text, "THIRD", 5) == 0) {
                        n += (size_t)sprintf(buffer + n, "%s", *text == 'O' ? other : third);
                        text += 5;
                } else {
                        buffer[n++] = *text++;
                }
        buffer[n] = '\0';
        return buffer;
}

static char *text_of(Scene *scene, const Plan *plan) {
        char *text = NULL;

        ck_assert_int_eq(plan_to_text(plan, &scene->observation, &scene->id, &text), 0);
        return text;
}

START_TEST(each_record_has_its_line) {
        static Scene scene;
        static char expected[SCENE_TEXT_MAX];
        char *line = NULL;

        scene_init(&scene);
        scene_read(&scene, cases[_i].scene);
        _cleanup_(plan_freep) Plan *plan = scene_plan(&scene);
        _cleanup_(freep) char *text = text_of(&scene, plan);
        ck_assert_msg(strcmp(text, with_ids(cases[_i].text, expected)) == 0, "%s:\n%s, not\n%s",
                      cases[_i].what, text, expected);
        ck_assert_int_eq(plan_to_line(plan, &line), 0);
        ck_assert_msg(strcmp(line, cases[_i].line) == 0, "%s: %s", cases[_i].what, line);
        free(line);
}
END_TEST

/* A host of another's claim, and a target, with what a terminal obeys. */
START_TEST(what_others_write_is_printable) {
        static Scene scene;
        Claim claim = {.id = publisher_id("p2"), .port = 1688, .ttl = 60, .since_sec = 5};
        Srv srv = {.port = 1688, .ttl = 3600};
        char *line = NULL;

        ck_assert_int_eq(name_from_text("k.s1", &claim.host), 0);
        claim.host.wire[1] = '\033';
        srv.target = claim.host;
        scene_init(&scene);
        scene_add_srv(&scene, &srv);
        scene_add_claim(&scene, &claim, 3600);
        scene_add_rdata(&scene, (const uint8_t *)"\3\033[m", 4, 3600);
        _cleanup_(plan_freep) Plan *plan = scene_plan(&scene);
        _cleanup_(freep) char *text = text_of(&scene, plan);
        for (const char *c = text; *c; c++)
                ck_assert_msg((*c >= ' ' && *c <= '~') || *c == '\n', "%s", text);
        ck_assert_int_eq(plan_to_line(plan, &line), 0);
        free(line);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, each_record_has_its_line, 0, ELEMENTSOF(cases));
        tcase_add_test(tcase, what_others_write_is_printable);
}

UNIT_MAIN("plan-text", add_tests)
