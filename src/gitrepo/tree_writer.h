/*
 * tree_writer: makes the files of a git tree on disk, byte for byte: no line endings are changed,
 * no filter runs, no symbolic link is followed.
 */
#ifndef VDO_SRC_GITREPO_TREE_WRITER_H
#define VDO_SRC_GITREPO_TREE_WRITER_H

#include "repo.h"

#include <sys/stat.h>

struct tree_writer {
    struct mirror *mirror;
    int root_fd;
    int dir_fd; /* of the directory written to last; -1: none yet */
    char *dir;
};

/* Borrows the mirror and the descriptor. */
void tree_writer_init(struct tree_writer *writer, struct mirror *mirror, int root_fd);
void tree_writer_release(struct tree_writer *writer);

/*
 * Make one entry, replacing a file or link in the way. mode as git has it. out_st, may be NULL,
 * gets what fstat(2) says of it. VDO_E_REFUSED when a link stands in the way to it; VDO_E_IO.
 */
int tree_writer_put(struct tree_writer *writer, const char *path, unsigned mode, const git_oid *oid,
                    struct stat *out_st, struct err *err);

#endif
