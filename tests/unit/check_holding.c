/* lib/holding: whose an SRV is (O1). Scenes are written as in support_plan.h; asked about is the
   SRV of "kms1", on port 1688. What follows from it for a plan: check_plan.c. */
#include "lib/holding.h"

#include "tests/unit/support_plan.h"
#include "tests/unit/unit.h"

static const struct {
        const char *rule, *scene;
        bool is_ours, is_claimed;
        size_t n_claims, n_staying;
} cases[] = {
        {"nobody claims it, nobody wants it", "", false, false, 0, 0},
        {"O1 a: our id claims it", "claim me kms1", true, true, 1, 0},
        {"O1 a: without case", "claim me KMS1", true, true, 1, 0},
        {"O1 a: another port, another host", "claim me kms1:1689; claim me kms2", false, false, 0,
         0},
        {"O1 a: others too", "claim p2 kms1; claim me kms1; claim p3 kms1", true, true, 3, 2},
        {"O1 b: unclaimed, and wanted", "want 7 7 kms1", true, false, 0, 0},
        {"O1 b: wanted on another port", "want 0 0 kms1:1689", false, false, 0, 0},
        {"O1 b: wanted, and another claims it", "want 0 0 kms1; claim p2 kms1", false, false, 1, 1},
        {"O1 b: a TXT that is no claim is none", "want 0 0 kms1; txt v=spf1 -all", true, false, 0,
         0},
        {"O1 c: unclaimed, and published without a claim", "was kms1", true, false, 0, 0},
        {"O1 c: published with a claim that is gone", "was kms1 claimed", false, false, 0, 0},
        {"O1 c: another has claimed it since", "was kms1; claim p2 kms1", false, false, 1, 1},
        {"O1: the operator's word comes before a claim that is gone",
         "want 0 0 kms1; was kms1 claimed", true, false, 0, 0},
        {"O8, O9: a claim that goes does not stay", "claim p2 kms1 dead; claim p3 kms1", false,
         false, 2, 1},
        {"O1: our id on what we know nothing of, again: another machine's", "strays; claim me kms1",
         false, false, 1, 1},
        {"O1: but not on what is wanted", "strays; want 0 0 kms1; claim me kms1", true, true, 1, 0},
        {"O1: or remembered", "strays; was kms1 claimed; claim me kms1", true, true, 1, 0},
};

START_TEST(whose_it_is) {
        static Scene scene;
        bool txt_goes[SCENE_SET_MAX];
        Srv srv = {.priority = 9, .weight = 9, .port = 1688};
        Holding holding;

        scene_init(&scene);
        scene_read(&scene, cases[_i].scene);
        srv_read_offer(&srv, "kms1");
        (void)scene_observe(&scene);
        scene.input.observation = &scene.observation;
        scene.input.id = &scene.id;
        scene.input.wanted = scene.wanted;
        scene.input.remembered = scene.remembered;
        for (size_t i = 0; i < scene.n_txt; i++)
                txt_goes[i] = scene.seen[i].dead;
        holding = holding_of(&scene.input, &srv, txt_goes);
        ck_assert_msg(holding.is_ours == cases[_i].is_ours, "%s: ours", cases[_i].rule);
        ck_assert_msg(holding.is_claimed == cases[_i].is_claimed, "%s: claimed", cases[_i].rule);
        ck_assert_msg(holding.n_claims == cases[_i].n_claims, "%s: %zu claims", cases[_i].rule,
                      holding.n_claims);
        ck_assert_msg(holding.n_staying == cases[_i].n_staying, "%s: %zu staying", cases[_i].rule,
                      holding.n_staying);
}
END_TEST

/* Of one offer the first that is wanted speaks. */
START_TEST(first_wanted_counts) {
        static Scene scene;
        Srv srv = {0};

        scene_init(&scene);
        scene_read(&scene, "want 1 0 kms1; want 2 0 KMS1; was kms1; was KMS1 claimed");
        scene.input.wanted = scene.wanted;
        scene.input.remembered = scene.remembered;
        srv_read_offer(&srv, "Kms1");
        ck_assert_ptr_eq(holding_wanted(&scene.input, &srv), &scene.wanted[0]);
        ck_assert_ptr_eq(holding_remembered(&scene.input, &srv), &scene.remembered[0]);
        srv_read_offer(&srv, "kms1:1689");
        ck_assert_ptr_null(holding_wanted(&scene.input, &srv));
        ck_assert_ptr_null(holding_remembered(&scene.input, &srv));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, whose_it_is, 0, ELEMENTSOF(cases));
        tcase_add_test(tcase, first_wanted_counts);
}

UNIT_MAIN("holding", add_tests)
