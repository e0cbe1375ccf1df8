/*
 * blob_writer: files of a worktree into the mirror's object store, byte for byte.
 */
#ifndef VDO_SRC_GITREPO_BLOB_WRITER_H
#define VDO_SRC_GITREPO_BLOB_WRITER_H

#include "repo.h"

#include <sys/stat.h>

/*
 * Store the regular file or symbolic link `name` in dir_fd as a blob. path is for messages. out_st
 * gets what stat(2) says of what was read. VDO_E_TEMPORARY when the file changes meanwhile;
 * VDO_E_INVALID when it is neither; VDO_E_IO.
 */
int blob_store(struct mirror *mirror, int dir_fd, const char *name, const char *path,
               git_oid *out_oid, struct stat *out_st, struct err *err);

#endif
