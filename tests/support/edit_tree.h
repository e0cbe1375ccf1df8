/*
 * edit_tree: small source trees for tests: made in a temporary directory, and told as one text so
 * that two of them can be compared.
 */
#ifndef VDO_TESTS_SUPPORT_EDIT_TREE_H
#define VDO_TESTS_SUPPORT_EDIT_TREE_H

#include <stddef.h>
#include <sys/types.h>

/* A new directory below TMPDIR or /tmp; free the path after edit_tree_remove(). */
char *edit_tree_new(void);
/* Remove it with all that is in it and free the path. NULL is fine. */
void edit_tree_remove(char *dir);

/* Write a file with its parents. */
void edit_tree_put(const char *dir, const char *path, const char *content);
void edit_tree_put_bytes(const char *dir, const char *path, const void *bytes, size_t len,
                         mode_t mode);
/* The content; fails the test when there is none. Free with free(). */
char *edit_tree_get(const char *dir, const char *path);

/* Every entry in order with kind, mode and content; free with free(). Empty directories count. */
char *edit_tree_dump(const char *dir);
/* The same without modes and empty directories. */
char *edit_tree_files(const char *dir);

#endif
