/*
 * walk: every regular file of a directory tree, in the order git lists paths.
 *
 * Symbolic links, devices, fifos and sockets are left out, ".git" too. Paths that could not be
 * shown or handed on are left out and counted: invalid UTF-8, control characters, over
 * VDO_MAX_PATH_BYTES, below MAX_DEPTH directories. A directory that cannot be read is left out and
 * counted as well: a tree that changes meanwhile is no failure. Threads: any.
 */
#ifndef VDO_CODE_INDEX_WALK_H
#define VDO_CODE_INDEX_WALK_H

#include "vdo/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct walk_file {
    const char *path;      /* relative to the root */
    const char *name;      /* last component of path */
    const struct stat *st; /* of the file itself */
    int dir_fd;            /* the directory that holds it, for openat(name, O_NOFOLLOW) */
};
/* 0 goes on, a positive number ends the walk early and well, a negative code ends it as failed. */
typedef int (*walk_fn)(void *arg, const struct walk_file *file, struct err *err);

struct walk_options {
    const char *sub;           /* only below this directory; NULL or "": all */
    bool git_ignored;          /* false: what .gitignore names is left out */
    int64_t deadline_mono_ms;  /* 0: none; past it the walk ends early and well */
    const atomic_bool *cancel; /* or NULL; ends in VDO_E_CANCELLED */
};

struct walk_stats {
    uint64_t files;   /* given to the function */
    uint64_t skipped; /* paths left out because of their shape, and directories not readable */
    bool cut;         /* ended at VDO_MAX_TREE_FILES */
    bool late;        /* ended at the deadline */
};

/* .vdoignore files always count. VDO_E_NOT_FOUND when dir (or sub in it) is no directory. */
int walk_tree(const char *dir, const struct walk_options *options, walk_fn fn, void *arg,
              struct walk_stats *stats, struct err *err);

/* The whole of one file the walk stands at, or VDO_E_TOO_LARGE over max. *bytes is reused and grown
 * (free it at the end); a NUL stands behind the last byte. VDO_E_NOT_FOUND when it is gone or no
 * longer a regular file. */
struct walk_buffer {
    char *bytes;
    size_t len;
    size_t cap;
};
int walk_read(const struct walk_file *file, size_t max, struct walk_buffer *buffer);

/* May this path be shown, stored and handed on? */
bool walk_path_is_plain(const char *path);

#endif
