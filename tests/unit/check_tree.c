/* lib/tree: what is put in is found, in order and without case, whatever came and went before. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/tree.h"
#include "lib/util.h"
#include "tests/unit/unit.h"

enum {
        N = 2000,
        DEPTH_MAX = 40, /* of so many; it would be 11 at best */
};

typedef struct Thing {
        char name[24];
        TreeNode node;
        bool is_in;
} Thing;

static Thing things[N];
static Tree tree;
static uint64_t seed;

static Thing *thing_of(const TreeNode *node) {
        return (Thing *)((char *)node - offsetof(Thing, node));
}

static const char *name_of(const TreeNode *node) {
        return thing_of(node)->name;
}

static uint32_t draw(uint32_t below) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        return (uint32_t)(seed >> 33) % below;
}

static void set_up(void) {
        tree = (Tree){.name_of = name_of};
        seed = 1;
        for (unsigned i = 0; i < N; i++) {
                things[i] = (Thing){0};
                (void)snprintf(things[i].name, sizeof(things[i].name), "%c%05u.Test",
                               i % 2 ? 'd' : 'D', i);
        }
}

static unsigned depth_of(const TreeNode *node) {
        if (!node)
                return 0;
        const unsigned left = depth_of(node->left), right = depth_of(node->right);
        return 1 + (left > right ? left : right);
}

typedef struct Walk {
        unsigned n, limit;
        const char *last;
} Walk;

static bool on_visit(TreeNode *node, void *userdata) {
        Walk *walk = userdata;

        ck_assert(thing_of(node)->is_in);
        ck_assert_int_lt(strcasecmp(walk->last, name_of(node)), 0);
        walk->last = name_of(node);
        return ++walk->n < walk->limit;
}

/* All that are in, each once, and nothing else. */
static void expect_all(void) {
        Walk walk = {.limit = UINT32_MAX, .last = ""};
        unsigned n = 0;

        for (unsigned i = 0; i < N; i++) {
                n += things[i].is_in;
                ck_assert_ptr_eq(tree_find(&tree, things[i].name),
                                 things[i].is_in ? &things[i].node : NULL);
        }
        ck_assert(tree_each(&tree, "", on_visit, &walk));
        ck_assert_uint_eq(walk.n, n);
        ck_assert_uint_le(depth_of(tree.root), DEPTH_MAX);
}

static void put(unsigned i) {
        tree_insert(&tree, &things[i].node);
        things[i].is_in = true;
}

/* The order in which a configuration has its domains must not make a list of the tree. */
START_TEST(every_order_is_as_good) {
        for (unsigned i = 0; i < N; i++)
                put(_i == 0 ? i : _i == 1 ? N - 1 - i : i * 7 % N);
        expect_all();
        ck_assert_ptr_eq(tree_find(&tree, "D00001.TEST"), &things[1].node);
        ck_assert_ptr_null(tree_find(&tree, "d00001.tes"));
        ck_assert_ptr_null(tree_find(&tree, ""));
}
END_TEST

START_TEST(they_come_and_go) {
        for (unsigned round = 0; round < 20; round++) {
                for (unsigned i = 0; i < N; i++) {
                        Thing *thing = &things[draw(N)];

                        if (thing->is_in)
                                tree_remove(&tree, &thing->node);
                        else
                                tree_insert(&tree, &thing->node);
                        thing->is_in = !thing->is_in;
                }
                expect_all();
        }
        while (tree.root) {
                thing_of(tree.root)->is_in = false;
                tree_remove(&tree, tree.root);
        }
        expect_all();
}
END_TEST

/* Behind a name, be it there or not; in parts of whatever size. */
START_TEST(walked_in_parts) {
        const unsigned limit = (unsigned)_i;
        Walk walk = {.last = "d00010.test0"};
        unsigned n = 0;

        for (unsigned i = 0; i < N; i++)
                put(i);
        do {
                walk.n = 0;
                walk.limit = limit;
                n++;
        } while (!tree_each(&tree, walk.last, on_visit, &walk));
        ck_assert_str_eq(walk.last, things[N - 1].name);
        ck_assert_uint_eq(n, (N - 11) / limit + 1);
        ck_assert(tree_each(&tree, "e", on_visit, &walk));
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_checked_fixture(tcase, set_up, NULL);
        tcase_add_loop_test(tcase, every_order_is_as_good, 0, 3);
        tcase_add_test(tcase, they_come_and_go);
        tcase_add_loop_test(tcase, walked_in_parts, 1, 9);
}

UNIT_MAIN("tree", add_tests)
