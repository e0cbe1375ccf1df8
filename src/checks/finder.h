/*
 * finder: what looks for checks in a tree; shared by the files that know one ecosystem each.
 */
#ifndef VDO_CHECKS_FINDER_H
#define VDO_CHECKS_FINDER_H

#include "vdo/checks/find.h"

struct finder {
    const struct checks_tree *tree;
    json_t *found;
};

bool finder_has(struct finder *f, const char *path);
/* A file's text; freed by the caller. */
bool finder_read(struct finder *f, const char *path, char **out_text);
/* Does a line of the text match an extended regular expression? */
bool finder_text_matches(const char *text, const char *pattern);
/* Does the file exist, and a line in it match? NULL: any. */
bool finder_matches(struct finder *f, const char *path, const char *pattern);
void finder_add(struct finder *f, const char *name, const char *line, const char *source);

/* package.json: its scripts, by the package manager of the lock file. */
void find_node(struct finder *f);
void find_node_lint(struct finder *f);
/* The ecosystems that one file tells of. */
void find_by_table(struct finder *f);
void find_lint_by_table(struct finder *f);

#endif
