/*
 * index_tree: a directory of source files and an index of it, for tests of the code index.
 */
#ifndef VDO_TESTS_INDEX_TREE_H
#define VDO_TESTS_INDEX_TREE_H

#include "vdo/code/index.h"

#include <stddef.h>

struct index_tree {
    char *dir;  /* everything */
    char *root; /* dir/tree: the source files */
    char *db;   /* dir/index.db */
    struct code_index *index;
};

/* cmocka set-up and tear-down; *state is a struct index_tree. The index is open. */
int index_tree_setup(void **state);
int index_tree_teardown(void **state);

/* Write a file below root, with its directories. */
void index_tree_put(struct index_tree *t, const char *path, const char *text);
void index_tree_put_bytes(struct index_tree *t, const char *path, const void *bytes, size_t len);
void index_tree_remove(struct index_tree *t, const char *path);

/* Index root; fails the test when that fails. */
struct code_index_stats index_tree_refresh(struct index_tree *t);

/* The n best paths for a text, each with a blank behind it; free with free(). */
char *index_tree_locate(struct index_tree *t, const char *text, size_t n);

#endif
