/*
 * dir_walk: going through a directory that hostile code has left behind. Used inside pipeline only.
 *
 * Each step goes through the descriptor of the directory above and follows no symbolic link; depth
 * and number of entries have caps. Not for use while something still runs in the directory.
 */
#ifndef VDO_PIPELINE_DIR_WALK_H
#define VDO_PIPELINE_DIR_WALK_H

#include "vdo/base/err.h"

#include <stddef.h>
#include <sys/stat.h>

enum { DIR_WALK_MAX_DEPTH = 128, DIR_WALK_MAX_ENTRIES = 2000000 };

enum dir_walk_next { DIR_WALK_ON, DIR_WALK_PASS_OVER /* do not go into it */, DIR_WALK_END };

/* One entry: name is in the directory dirfd, path is relative to where the walk began. A directory
 * comes before what is in it. */
struct dir_entry {
    int dirfd;
    const char *name;
    const char *path;
    const struct stat *st;
};
typedef enum dir_walk_next (*dir_walk_fn)(void *arg, const struct dir_entry *entry);

/* 0, also when fn ended it; VDO_E_TOO_LARGE past a cap; VDO_E_IO, with the path. */
int dir_walk(const char *dir, dir_walk_fn fn, void *arg, struct err *err);

/*
 * The whole of a regular file of a walk, at most max bytes. 0; VDO_E_TOO_LARGE; VDO_E_IO. Free with
 * free().
 */
int dir_read(const struct dir_entry *entry, size_t max, char **out, size_t *out_len,
             struct err *err);

#endif
