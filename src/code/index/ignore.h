/*
 * ignore: .gitignore and .vdoignore files, as gitignore(5) describes them.
 *
 * Each directory of a walk may add a level; the innermost level with a matching line decides, and
 * within a level the last one. Threads: a level is read by any.
 */
#ifndef VDO_CODE_INDEX_IGNORE_H
#define VDO_CODE_INDEX_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

struct ignore_level;

/*
 * Add a level.
 *
 * up    the level of the directory above, or NULL; must outlive this one
 * base  the directory's path relative to the root, "" for the root itself
 * text  the file's bytes; lines past the 2,000th are left out
 * Returns `up` itself when there is nothing to add. Free with ignore_pop().
 */
struct ignore_level *ignore_push(struct ignore_level *up, const char *base, const char *text,
                                 size_t len);
/* Free levels until `down_to` is the innermost; returns it. */
struct ignore_level *ignore_pop(struct ignore_level *level, struct ignore_level *down_to);

/* path is relative to the root. */
bool ignore_match(const struct ignore_level *level, const char *path, bool is_dir);

#endif
