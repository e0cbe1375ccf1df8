/*
 * tree_list: what a directory held, to see later what a command has done to it. Used inside
 * pipeline only. Threads: a list belongs to one thread.
 */
#ifndef VDO_PIPELINE_TREE_LIST_H
#define VDO_PIPELINE_TREE_LIST_H

#include "vdo/base/err.h"

#include <jansson.h>

struct tree_list;

/* Paths, kinds, execute bits and contents (as SHA-256) of everything below dir. */
int tree_list_read(const char *dir, struct tree_list **out, struct err *err);
void tree_list_free(struct tree_list *list);

/*
 * Compare dir as it is now with the list.
 *
 * out_made     the topmost paths that are new: ["node_modules", "web/node_modules"]; new reference
 * out_changed  NULL, or one path that was changed or removed; free with free()
 * Returns 0, or as dir_walk().
 */
int tree_list_compare(const struct tree_list *list, const char *dir, json_t **out_made,
                      char **out_changed, struct err *err);

#endif
