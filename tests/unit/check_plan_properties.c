/* What must hold for every plan, tried on pseudo-random scenes (the seed is fixed) and on exact
   models of four servers: how each compares RDATA, what it makes of an RR that it has, and whether
   a TTL is an RR's or the RRset's. support_ownership.h says what is right. With SRVPUBD_SOAK=1
   there are more of them. */
#include "lib/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support_ownership.h"
#include "tests/unit/support_plan_server.h"
#include "tests/unit/unit.h"

enum {
        ROUNDS = 25000,
        ROUNDS_SOAK = 500000,
};

/* --- scenes ----------------------------------------------------------------------------------- */

static uint32_t pick(uint64_t *random, uint32_t n) {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        return (*random >> 33) % n;
}

/* Few values, so that offers, numbers, cases and publishers meet often. */
static Srv pick_srv(uint64_t *random) {
        static const char *const targets[] = {"a", "A", "b", "B", "c", "a:1689"};
        static const uint32_t ttls[] = {60, 600, 3600};
        Srv srv;

        srv_read_offer(&srv, targets[pick(random, ELEMENTSOF(targets))]);
        srv.priority = pick(random, 3) == 0;
        srv.ttl = ttls[pick(random, ELEMENTSOF(ttls))];
        return srv;
}

static void pick_claim(uint64_t *random, const PlanServer *server, Scene *scene) {
        static const char *const publishers[] = {"me", "me", "me", "p2", "p9"};
        static const uint64_t untils[] = {SCENE_NOW - 1, SCENE_NOW + 1800, SCENE_NOW + 1801,
                                          SCENE_NOW + 3600, SCENE_NOW + 3601};
        const Srv offer = pick_srv(random);
        Claim claim = {
                .id = publisher_id(publishers[pick(random, ELEMENTSOF(publishers))]),
                .host = offer.target,
                .port = offer.port,
                .ttl = pick(random, 4) ? 3600 : 600,
                .since_sec = 100 + 50 * pick(random, 3),
        };

        if (pick(random, 2)) {
                claim.until_sec = untils[pick(random, ELEMENTSOF(untils))];
                claim.lease_sec = pick(random, 4) ? 3600 : 7200;
        }
        scene_add_claim(scene, &claim, offer.ttl);
        SceneTxt *txt = &scene->txt[scene->n_txt - 1];
        txt->dead = claim.until_sec == SCENE_NOW - 1 && !publisher_id_equal(&claim.id, &scene->id);
        if (pick(random, 8) == 0) {
                memcpy(&txt->rdata[txt->size], "\3x=1", 4);
                txt->size += 4;
        }
        plan_server_add_txt(server, scene);
}

static void pick_wishes(uint64_t *random, Scene *scene) {
        PlanInput *input = &scene->input;
        const uint32_t ttl = pick(random, 2) ? 3600 : 600;

        input->n_wanted = pick(random, 4);
        for (size_t i = 0; i < input->n_wanted; i++) {
                scene->wanted[i].srv = pick_srv(random);
                scene->wanted[i].srv.ttl = ttl;
                scene->wanted[i].since_sec = 100 + 50 * pick(random, 3);
        }
        input->n_remembered = pick(random, 3);
        for (size_t i = 0; i < input->n_remembered; i++)
                scene->remembered[i] =
                        (PlanRemembered){.srv = pick_srv(random), .claimed = pick(random, 2)};
        scene->has_from = pick(random, 6) == 0;
        scene->from = pick_srv(random);
}

static void pick_policy(uint64_t *random, Scene *scene) {
        static const Mode modes[] = {MODE_SHARED, MODE_SHARED, MODE_EXCLUSIVE, MODE_OBSERVE};
        PlanInput *input = &scene->input;

        input->mode = modes[pick(random, ELEMENTSOF(modes))];
        input->claims = pick(random, 4);
        input->reclaim = pick(random, 2);
        input->leave_strays = pick(random, 4) == 0;
        input->lease_sec = pick(random, 2) ? 3600 : 0;
        input->keep_remembered = pick(random, 5) == 0;
        scene->has_cname = pick(random, 5) == 0;
}

static void pick_scene(uint64_t *random, const PlanServer *server, Scene *scene) {
        scene_init(scene);
        pick_wishes(random, scene);
        pick_policy(random, scene);
        for (size_t i = pick(random, 5); i > 0; i--) {
                const Srv srv = pick_srv(random);

                plan_server_add_srv(server, scene, &srv);
        }
        for (size_t i = pick(random, 5); i > 0; i--)
                pick_claim(random, server, scene);
        if (pick(random, 5) == 0) {
                scene_add_rdata(scene, (const uint8_t *)"\6v=spf1", 7, 600);
                plan_server_add_txt(server, scene);
        }
}

/* --- the contents afterwards ------------------------------------------------------------------ */

/* O3, O5: of a wanted offer there is one with our numbers, or what another made of it. */
static void check_wanted_srv(const Ownership *o, const Scene *after, const PlanWanted *wanted) {
        const Scene *before = o->scene;
        const bool decides = ownership_decides(o, wanted);

        must(scene_count_offer(after, &wanted->srv) > 0);
        if (!decides && scene_count_offer(before, &wanted->srv) > 0) {
                for (size_t i = 0; i < before->n_srv; i++)
                        if (srv_same_offer(&before->srv[i], &wanted->srv))
                                must(scene_has_srv(after, &before->srv[i]));
                must(scene_count_offer(after, &wanted->srv) ==
                     scene_count_offer(before, &wanted->srv));
                return;
        }
        must(scene_count_offer(after, &wanted->srv) == 1);
        for (size_t i = 0; i < after->n_srv; i++)
                if (srv_same_offer(&after->srv[i], &wanted->srv)) {
                        must(srv_equal(&after->srv[i], &wanted->srv));
                        must(after->srv[i].ttl == o->ttl);
                }
}

/* O4, O10: one claim that is right, or none. O5: a twin's is the latest that was there. */
static void check_wanted_claim(const Ownership *o, const Scene *after, const PlanWanted *wanted) {
        uint64_t later_sec = 0;
        size_t n = 0;

        for (size_t i = 0; i < o->scene->n_txt; i++) {
                const Txt *txt = &o->scene->seen[i];

                if (ownership_is_later(o, wanted, txt) && txt->claim.since_sec > later_sec)
                        later_sec = txt->claim.since_sec;
        }
        for (size_t i = 0; i < after->n_txt; i++)
                if (scene_is_our_claim(after, &after->seen[i], &wanted->srv)) {
                        n++;
                        must(later_sec
                                     ? after->seen[i].claim.since_sec == later_sec &&
                                               scene_has_txt(o->scene, &after->seen[i])
                                     : ownership_claim_is_right(o, wanted, &after->seen[i].claim));
                }
        must(n == after->input.claims);
}

static void check_unwanted(const PlanServer *server, const Ownership *o, const Scene *after) {
        const Scene *before = o->scene;

        for (size_t i = 0; i < before->n_srv; i++) {
                const Srv *srv = &before->srv[i];

                if (!ownership_wanted(o, srv))
                        must(scene_has_srv(after, srv) == !ownership_srv_goes(o, srv));
        }
        for (size_t i = 0; i < before->n_txt; i++) {
                const Txt *txt = &before->seen[i];
                const Srv offer = claim_offer(&txt->claim);

                if (!ownership_wanted(o, &offer) || !scene_is_our_claim(before, txt, &offer))
                        must(scene_has_txt(after, txt) == !ownership_txt_goes(o, txt));
        }
        /* O12: the TTL of what is foreign and unclaimed is as it was, or a server's that has but
           one. */
        for (size_t i = 0; i < after->n_srv; i++) {
                const Srv *srv = &after->srv[i];

                if (!scene_has_srv(before, srv))
                        must(ownership_wanted(o, srv));
                else if (!ownership_wanted(o, srv) && !server->ttl_of_rrset)
                        for (size_t j = 0; j < before->n_srv; j++)
                                if (srv_same_octets(&before->srv[j], srv))
                                        must(before->srv[j].ttl == srv->ttl);
        }
        for (size_t i = 0; i < after->n_txt; i++)
                must(scene_has_txt(before, &after->seen[i]) ||
                     publisher_id_equal(&after->seen[i].claim.id, &after->id));
}

static void check_contents(const PlanServer *server, const Ownership *o, const Scene *after) {
        for (size_t i = 0; i < after->input.n_wanted; i++) {
                const PlanWanted *wanted = ownership_wanted(o, &after->wanted[i].srv);

                if (!wanted)
                        continue;
                check_wanted_srv(o, after, wanted);
                check_wanted_claim(o, after, wanted);
        }
        check_unwanted(server, o, after);
}

/* --- rounds ----------------------------------------------------------------------------------- */

/* O1: without a claim of ours an offer that another claims is that one's, though we wanted it too:
   then we may find that the name is not ours. */
static bool may_stand_by(const Ownership *o) {
        return o->standby || (o->scene->input.mode == MODE_EXCLUSIVE && !o->scene->input.claims &&
                              o->notes & PLAN_NOTE_ALSO_CLAIMED);
}

/* Nothing more to do. */
static void check_quiet(Scene *scene, const Ownership *o) {
        _cleanup_(plan_freep) Plan *plan = scene_plan(scene);

        if (plan->verdict != PLAN_STANDBY || !may_stand_by(o))
                must(plan->verdict == PLAN_IN_ORDER);
        must(plan->n_ops == 0);
}

/* E8: a refresh changes nothing. */
static void check_refresh(const PlanServer *server, Scene *scene, const Ownership *o) {
        static Scene refreshed; /* large */

        scene->input.refresh = true;
        _cleanup_(plan_freep) Plan *plan = scene_plan(scene);
        refreshed = *scene;
        plan_server_apply(server, &refreshed, plan);
        if (plan->verdict != PLAN_STANDBY) {
                must(plan->verdict == PLAN_IN_ORDER);
                must((plan->n_ops > 0) == (scene->input.n_wanted > 0));
        }
        must(refreshed.n_srv == scene->n_srv);
        must(refreshed.n_txt == scene->n_txt);
        must(memcmp(refreshed.srv, scene->srv, scene->n_srv * sizeof(scene->srv[0])) == 0);
        must(memcmp(refreshed.txt, scene->txt, scene->n_txt * sizeof(scene->txt[0])) == 0);
}

static const PlanServer *trying;
static Scene before, after;

START_TEST(plans_on_a_server) {
        const PlanServer *server = trying = &plan_servers[_i];
        const unsigned rounds = getenv("SRVPUBD_SOAK") ? ROUNDS_SOAK : ROUNDS;
        uint64_t random = 20090722 + _i;

        for (unsigned i = 0; i < rounds; i++) {
                Ownership ownership;

                pick_scene(&random, server, &before);
                _cleanup_(plan_freep) Plan *plan = scene_plan(&before);
                ownership_judge(&before, &ownership);
                ownership_check_plan(&ownership, plan);
                after = before;
                plan_server_apply(server, &after, plan);
                (void)scene_observe(&after);
                check_contents(server, &ownership, &after);
                check_quiet(&after, &ownership);
                check_refresh(server, &after, &ownership);
        }
        trying = NULL;
}
END_TEST

/* What a test that failed was about. */
static void tell(void) {
        char text[SCENE_TEXT_MAX];

        if (!trying)
                return;
        scene_print(&before, text);
        fprintf(stderr, "on %s: %s\n", trying->name, text);
        _cleanup_(plan_freep) Plan *plan = scene_plan(&before);
        scene_print_plan(&before, plan, text);
        fprintf(stderr, "    %s\n", text);
        trying = NULL;
}

/* As many SRVs as an answer of 64 KiB can hold. */
START_TEST(large_rrset) {
        enum { N = 3500 };
        const PublisherId id = publisher_id("me");
        _cleanup_(freep) Srv *srv = calloc(N, sizeof(*srv));
        _cleanup_(plan_freep) Plan *plan = NULL;
        PlanWanted wanted = {.since_sec = 1};

        srv_read_offer(&wanted.srv, "a");
        for (size_t i = 0; i < N; i++) {
                srv[i] = wanted.srv;
                srv[i].priority = (uint16_t)i;
                srv[i].port += i % 2;
        }
        const Observation observation = {.authoritative = true, .n_srv = N, .srv = srv};
        const PlanInput input = {
                .id = &id, .wanted = &wanted, .n_wanted = 1, .observation = &observation};
        ck_assert_int_eq(plan_new(&input, &plan), 0);
        ck_assert_int_eq(plan->verdict, PLAN_CHANGE);
        ck_assert_uint_eq(plan->n_ops, N / 2 - 1 + 1);
        ck_assert_uint_eq(plan->n_foreign, N / 2);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, NULL, tell);
        tcase_add_loop_test(tcase, plans_on_a_server, 0, (int)plan_n_servers);
        tcase_add_test(tcase, large_rrset);
}

UNIT_MAIN("plan_properties", add_tests)
