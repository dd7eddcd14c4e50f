/* Things by name, in order and without case: a treap whose nodes are embedded in the things. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct TreeNode {
        struct TreeNode *left, *right;
        uint32_t weight; /* the tree's */
} TreeNode;

/* Zero but for name_of, which gives the name of the thing that a node is in. */
typedef struct Tree {
        TreeNode *root;
        const char *(*name_of)(const TreeNode *node);
} Tree;

/* NULL: there is none. */
TreeNode *tree_find(const Tree *tree, const char *name);

/* No other of its name may be there. */
void tree_insert(Tree *tree, TreeNode *node);
void tree_remove(Tree *tree, TreeNode *node);

/* Visits those behind the name `after` ("": all) in order, until visit() returns false; it must not
   change the tree. Returns whether all were visited. */
bool tree_each(const Tree *tree, const char *after, bool (*visit)(TreeNode *node, void *userdata),
               void *userdata);
