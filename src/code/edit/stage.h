/*
 * stage: the hidden directory of a tree in which the new files of an answer wait until all of them
 * are there. commit.c decides what happens with them.
 */
#ifndef VDO_CODE_EDIT_STAGE_H
#define VDO_CODE_EDIT_STAGE_H

#include "work.h"

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define STAGE_JOURNAL "journal"

struct stage {
    const char *dir;
    int root_fd;  /* holds the lock */
    int stage_fd; /* -1: there is none */
};

/* VDO_E_IO with "doing what: why" from errno. */
int stage_fail(struct err *err, const char *doing, const char *what);

/* Lock the tree. VDO_E_TEMPORARY when another process has it; stage_close() in either case. */
int stage_lock(struct stage *stage, const char *dir, struct err *err);
void stage_close(struct stage *stage);

/* Open the directory; -1 with errno. */
int stage_open(struct stage *stage);
/* Remove it and all in it; what tells that it is ours goes last. */
int stage_remove(struct stage *stage, struct err *err);

/*
 * Is the directory of our making? A repository may hold one of our name, with a journal that
 * somebody made up. Ours has a file with the directory's own inode number, which nobody can know
 * before it is checked out. An empty one is ours too, killed right after it was made: git keeps
 * none.
 */
bool stage_is_ours(const struct stage *stage);
/* sync: before there is a journal it must be on disk. */
int stage_sign(const struct stage *stage, bool sync, struct err *err);

/* Write and sync one file of the stage. like: descriptor of the file it replaces, or -1. */
int stage_file(const struct stage *stage, const char *name, const char *bytes, size_t len,
               unsigned mode, int like, struct err *err);
/* Read one, NUL-terminated; VDO_E_NOT_FOUND. Free with free(). */
int stage_read(const struct stage *stage, const char *name, char **out, struct err *err);

#endif
