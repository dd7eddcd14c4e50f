/* What must hold for every plan, tried on pseudo-random sets (the seed is fixed) and on exact
   models of four servers: how each compares RDATA, what it makes of an RR that it has, and whether
   a TTL is an RR's or the RRset's. */
#include "lib/plan.h"

#include <string.h>

#include "lib/util.h"
#include "tests/unit/unit.h"

DEFINE_CLEANUP(Plan, plan_free)

enum {
        ROUNDS = 4000,
        SET_MAX = 16,
};

typedef struct Set {
        size_t n;
        Srv srv[SET_MAX];
} Set;

typedef enum Again { /* what an add does to an RR that is there */
                     AGAIN_SETS_TTL,
                     AGAIN_SETS_TTL_AND_CASE,
                     AGAIN_NOTHING,
} Again;

typedef struct Server {
        const char *name;
        bool minds_case;
        bool ttl_of_rrset;
        Again again;
} Server;

static const Server servers[] = {
        {"BIND", false, true, AGAIN_SETS_TTL},
        {"Knot", false, true, AGAIN_NOTHING},
        {"PowerDNS", true, true, AGAIN_SETS_TTL},
        {"Samba", false, false, AGAIN_SETS_TTL_AND_CASE},
};

typedef struct Scene {
        const Server *server;
        Set wanted, remembered, zone;
        bool keep, cname;
} Scene;

static bool same_octets(const Srv *a, const Srv *b) {
        return a->priority == b->priority && a->weight == b->weight && a->port == b->port &&
               a->target.length == b->target.length &&
               memcmp(a->target.wire, b->target.wire, a->target.length) == 0;
}

static bool server_takes_as_one(const Server *server, const Srv *a, const Srv *b) {
        return server->minds_case ? same_octets(a, b) : srv_equal(a, b);
}

static Srv *server_find(const Server *server, Set *zone, const Srv *srv) {
        for (size_t i = 0; i < zone->n; i++)
                if (server_takes_as_one(server, &zone->srv[i], srv))
                        return &zone->srv[i];
        return NULL;
}

static void server_add(const Server *server, Set *zone, const Srv *srv) {
        Srv *there = server_find(server, zone, srv);

        if (there && server->again == AGAIN_NOTHING)
                return;
        if (there) {
                there->ttl = srv->ttl;
                if (server->again == AGAIN_SETS_TTL_AND_CASE)
                        there->target = srv->target;
        } else {
                ck_assert_uint_lt(zone->n, SET_MAX);
                zone->srv[zone->n++] = *srv;
        }
        for (size_t i = 0; server->ttl_of_rrset && i < zone->n; i++)
                zone->srv[i].ttl = srv->ttl;
}

static void server_delete(const Server *server, Set *zone, const Srv *srv) {
        Srv *there = server_find(server, zone, srv);

        if (there)
                *there = zone->srv[--zone->n];
}

static void server_apply(const Server *server, Set *zone, const Plan *plan) {
        for (size_t i = 0; i < plan->n_ops; i++)
                if (plan->ops[i].kind == PLAN_ADD)
                        server_add(server, zone, &plan->ops[i].srv);
                else if (plan->ops[i].kind == PLAN_DELETE)
                        server_delete(server, zone, &plan->ops[i].srv);
}

static const Srv *set_find_offer(const Set *set, const Srv *srv) {
        for (size_t i = 0; i < set->n; i++)
                if (srv_same_offer(&set->srv[i], srv))
                        return &set->srv[i];
        return NULL;
}

static bool set_has_octets(const Set *set, const Srv *srv) {
        for (size_t i = 0; i < set->n; i++)
                if (same_octets(&set->srv[i], srv))
                        return true;
        return false;
}

static uint32_t pick(uint64_t *random, uint32_t n) {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        return (*random >> 33) % n;
}

/* Few values, so that offers, numbers and cases meet often. */
static void pick_srv(uint64_t *random, Srv *ret_srv) {
        static const char *targets[] = {"a.x", "A.x", "a.X", "b.x", "B.x", "c.x"};
        static const uint32_t ttls[] = {0, 600, 3600};

        *ret_srv = (Srv){
                .priority = 10 * pick(random, 2),
                .weight = pick(random, 4) == 0,
                .port = 1688 + (pick(random, 4) == 0),
                .ttl = ttls[pick(random, ELEMENTSOF(ttls))],
        };
        ck_assert_int_eq(
                name_from_text(targets[pick(random, ELEMENTSOF(targets))], &ret_srv->target), 0);
}

static void pick_set(uint64_t *random, uint32_t n_max, Set *ret_set) {
        ret_set->n = pick(random, n_max + 1);
        for (size_t i = 0; i < ret_set->n; i++)
                pick_srv(random, &ret_set->srv[i]);
}

static void pick_scene(uint64_t *random, const Server *server, Scene *ret_scene) {
        Set there;

        *ret_scene = (Scene){.server = server, .keep = !pick(random, 4), .cname = !pick(random, 4)};
        pick_set(random, 3, &ret_scene->wanted);
        for (size_t i = 1; i < ret_scene->wanted.n; i++)
                ret_scene->wanted.srv[i].ttl = ret_scene->wanted.srv[0].ttl;
        pick_set(random, 2, &ret_scene->remembered);
        pick_set(random, 7, &there);
        for (size_t i = 0; i < there.n; i++)
                server_add(server, &ret_scene->zone, &there.srv[i]);
}

static Plan *scene_plan(const Scene *scene, bool refresh) {
        const size_t size = scene->zone.n * sizeof(Srv);
        _cleanup_(freep) Observation *observation = calloc(1, sizeof(Observation) + size);
        Plan *plan = NULL;

        observation->authoritative = true;
        observation->has_cname = scene->cname;
        observation->n_srv = scene->zone.n;
        memcpy(observation->srv, scene->zone.srv, size);
        const PlanInput input = {
                .wanted = scene->wanted.srv,
                .n_wanted = scene->wanted.n,
                .remembered = scene->remembered.srv,
                .n_remembered = scene->remembered.n,
                .observation = observation,
                .keep_remembered = scene->keep,
                .refresh = refresh,
        };
        ck_assert_int_eq(plan_new(&input, &plan), 0);
        return plan;
}

/* Prerequisites, deletes, adds; O2: only what was observed, to the octet, and only what is ours;
   O3: only what is wanted; O11 and E5: the one prerequisite that there is, where it belongs. */
static void check_ops(const Scene *scene, const Plan *plan) {
        size_t n[_PLAN_OP_MAX] = {};

        for (size_t i = 0; i < plan->n_ops; i++) {
                const PlanOp *op = &plan->ops[i];

                n[op->kind]++;
                if (i > 0)
                        ck_assert_int_ge(op->kind, plan->ops[i - 1].kind);
                if (op->kind == PLAN_DELETE) {
                        ck_assert(set_has_octets(&scene->zone, &op->srv));
                        ck_assert(set_find_offer(&scene->wanted, &op->srv) ||
                                  set_find_offer(&scene->remembered, &op->srv));
                }
                if (op->kind == PLAN_ADD)
                        ck_assert(set_find_offer(&scene->wanted, &op->srv));
        }
        ck_assert_uint_eq(n[PLAN_REQUIRE_NO_CNAME], scene->cname && n[PLAN_ADD] > 0);
        ck_assert_uint_eq(n[PLAN_REQUIRE_SRV], n[PLAN_DELETE] > 0 && n[PLAN_ADD] == 0);
}

/* O1, O3, O12: a foreign record and its TTL are as before, and none has come. */
static void check_foreign(const Scene *before, const Scene *after) {
        size_t n = 0;

        for (size_t i = 0; i < after->zone.n; i++) {
                const Srv *srv = &after->zone.srv[i];

                if (set_find_offer(&after->wanted, srv) || set_find_offer(&after->remembered, srv))
                        continue;
                n++;
                bool was = false;
                for (size_t j = 0; j < before->zone.n; j++)
                        was |= same_octets(&before->zone.srv[j], srv) &&
                               before->zone.srv[j].ttl == srv->ttl;
                ck_assert(was);
        }
        for (size_t i = 0; i < before->zone.n; i++) {
                const Srv *srv = &before->zone.srv[i];

                n -= !set_find_offer(&before->wanted, srv) &&
                     !set_find_offer(&before->remembered, srv);
        }
        ck_assert_uint_eq(n, 0);
}

/* O3: each wanted offer is there once, with the numbers of the first that wants it. O13: what is
   only remembered has gone, or with keep has stayed to the octet. */
static void check_ours(const Scene *before, const Scene *after, const Plan *plan) {
        for (size_t i = 0; i < after->wanted.n; i++) {
                const Srv *first = set_find_offer(&after->wanted, &after->wanted.srv[i]);
                const Srv *there = set_find_offer(&after->zone, first);

                ck_assert_ptr_nonnull(there);
                ck_assert(srv_equal(there, first));
                ck_assert_uint_eq(there->ttl, plan->ttl);
                for (size_t j = 0; j < after->zone.n; j++)
                        ck_assert(&after->zone.srv[j] == there ||
                                  !srv_same_offer(&after->zone.srv[j], there));
        }
        for (size_t i = 0; i < before->zone.n; i++) {
                const Srv *srv = &before->zone.srv[i];

                if (set_find_offer(&before->remembered, srv) &&
                    !set_find_offer(&before->wanted, srv))
                        ck_assert(set_has_octets(&after->zone, srv) == before->keep);
        }
}

static void check_scene(const Scene *before) {
        _cleanup_(plan_freep) Plan *plan = scene_plan(before, false);
        Scene after = *before;

        check_ops(before, plan);
        ck_assert((plan->verdict == PLAN_IN_ORDER) == (plan->n_ops == 0));
        server_apply(after.server, &after.zone, plan);
        check_foreign(before, &after);
        check_ours(before, &after, plan);

        _cleanup_(plan_freep) Plan *again = scene_plan(&after, false);
        ck_assert_int_eq(again->verdict, PLAN_IN_ORDER);
        ck_assert_uint_eq(again->n_ops, 0);

        /* E8: a refresh changes nothing. */
        _cleanup_(plan_freep) Plan *refresh = scene_plan(&after, true);
        Scene refreshed = after;
        check_ops(&after, refresh);
        ck_assert_int_eq(refresh->verdict, PLAN_IN_ORDER);
        ck_assert_int_eq(refresh->n_ops > 0, after.wanted.n > 0);
        server_apply(refreshed.server, &refreshed.zone, refresh);
        ck_assert_mem_eq(&refreshed.zone, &after.zone, sizeof(Set));
}

START_TEST(plans_on_a_server) {
        uint64_t random = 20090722 + _i;
        Scene scene;

        for (unsigned i = 0; i < ROUNDS; i++) {
                pick_scene(&random, &servers[_i], &scene);
                check_scene(&scene);
        }
}
END_TEST

/* As many SRVs as an answer of 64 KiB can hold. */
START_TEST(large_rrset) {
        enum { N = 3500 };
        _cleanup_(freep) Observation *observation =
                calloc(1, sizeof(Observation) + N * sizeof(Srv));
        _cleanup_(plan_freep) Plan *plan = NULL;
        Srv wanted = {.port = 1688, .ttl = 3600};

        ck_assert_int_eq(name_from_text("a.x", &wanted.target), 0);
        for (size_t i = 0; i < N; i++) {
                observation->srv[i] = wanted;
                observation->srv[i].priority = i;
                observation->srv[i].port += i % 2;
        }
        observation->n_srv = N;
        const PlanInput input = {.wanted = &wanted, .n_wanted = 1, .observation = observation};
        ck_assert_int_eq(plan_new(&input, &plan), 0);
        ck_assert_int_eq(plan->verdict, PLAN_WITHDRAW);
        ck_assert_uint_eq(plan->n_ops, 1 + N / 2 - 1);
        ck_assert_uint_eq(plan->n_foreign, N / 2);
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_loop_test(tcase, plans_on_a_server, 0, ELEMENTSOF(servers));
        tcase_add_test(tcase, large_rrset);
}

UNIT_MAIN("plan_properties", add_tests)
