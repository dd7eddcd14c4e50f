/* A treap: ordered by name, and a heap by weight, which is a hash of the name. So its shape is that
   of a tree into which the names came in an order at random, some 40 deep with a hundred thousand,
   whatever order they came in, and costs two pointers a thing. Behind a name it goes on without a
   walk over what is before. */

#include "lib/tree.h"

#include <ctype.h>
#include <stddef.h>
#include <strings.h>

/* FNV-1a, finished so that names that differ in their last letter only are far apart. */
static uint32_t weight_of(const char *name) {
        uint32_t hash = UINT32_C(2166136261);

        for (; *name; name++)
                hash = (hash ^ (uint32_t)tolower((unsigned char)*name)) * UINT32_C(16777619);
        hash = (hash ^ hash >> 16) * UINT32_C(0x85ebca6b);
        return (hash ^ hash >> 13) * UINT32_C(0xc2b2ae35);
}

static int compare(const Tree *tree, const char *name, const TreeNode *node) {
        return strcasecmp(name, tree->name_of(node));
}

TreeNode *tree_find(const Tree *tree, const char *name) {
        TreeNode *node = tree->root;
        int order;

        while (node && (order = compare(tree, name, node)) != 0)
                node = order < 0 ? node->left : node->right;
        return node;
}

/* What is below node goes to both sides of a name. */
static void split(const Tree *tree, TreeNode *node, const char *name, TreeNode **left,
                  TreeNode **right) {
        while (node)
                if (compare(tree, name, node) < 0) {
                        *right = node;
                        right = &node->left;
                        node = node->left;
                } else {
                        *left = node;
                        left = &node->right;
                        node = node->right;
                }
        *left = *right = NULL;
}

void tree_insert(Tree *tree, TreeNode *node) {
        const char *name = tree->name_of(node);
        TreeNode **link = &tree->root;

        node->weight = weight_of(name);
        while (*link && (*link)->weight >= node->weight)
                link = compare(tree, name, *link) < 0 ? &(*link)->left : &(*link)->right;
        split(tree, *link, name, &node->left, &node->right);
        *link = node;
}

void tree_remove(Tree *tree, TreeNode *node) {
        const char *name = tree->name_of(node);
        TreeNode **link = &tree->root, *left = node->left, *right = node->right;

        while (*link != node)
                link = compare(tree, name, *link) < 0 ? &(*link)->left : &(*link)->right;
        while (left && right)
                if (left->weight >= right->weight) {
                        *link = left;
                        link = &left->right;
                        left = left->right;
                } else {
                        *link = right;
                        link = &right->left;
                        right = right->left;
                }
        *link = left ? left : right;
}

/* after NULL: all below node. */
static bool each(const Tree *tree, TreeNode *node, const char *after,
                 bool (*visit)(TreeNode *node, void *userdata), void *userdata) {
        for (; node; node = node->right) {
                if (after && compare(tree, after, node) >= 0)
                        continue;
                if (!each(tree, node->left, after, visit, userdata) || !visit(node, userdata))
                        return false;
                after = NULL;
        }
        return true;
}

bool tree_each(const Tree *tree, const char *after, bool (*visit)(TreeNode *node, void *userdata),
               void *userdata) {
        return each(tree, tree->root, after[0] ? after : NULL, visit, userdata);
}
