/*
 * fs: files and directories, with caps and whole-or-nothing writes.
 *
 * Paths are bytes, NUL-terminated. Errors name the path. Not for paths that come from a model, a
 * repository or a user: those pass gitrepo/path first. Threads: any.
 */
#ifndef VDO_BASE_FS_H
#define VDO_BASE_FS_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Read a whole regular file.
 *
 * out_bytes  set on success; a NUL stands behind the last byte; free with free()
 * Returns 0; VDO_E_NOT_FOUND; VDO_E_TOO_LARGE past max bytes; VDO_E_INVALID when it is not a
 * regular file; VDO_E_IO.
 */
int fs_read_file(const char *path, size_t max, char **out_bytes, size_t *out_len, struct err *err);

/* Write a file so that it is there whole or not at all: temporary file beside it, fsync, rename,
 * fsync of the directory. mode is what a new file gets. */
int fs_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct err *err);

/* write(2) until all is written. Returns 0; -1 with errno. */
int fs_write_all(int fd, const void *bytes, size_t len);

/* mkdir -p; an existing directory is fine. mode for those made. */
int fs_make_dirs(const char *path, mode_t mode, struct err *err);

/* rm -r without following symbolic links; a path that does not exist is fine. */
int fs_remove_tree(const char *path, struct err *err);

/*
 * Copy a directory tree: regular files with their mode and times, directories, symbolic links as
 * they are. Sockets, devices and fifos are left out. `to` is made when missing; files in the way
 * are replaced.
 */
int fs_copy_tree(const char *from, const char *to, struct err *err);

bool fs_is_dir(const char *path);
bool fs_exists(const char *path);

/* Free bytes on the file system that holds path; -1 when unknown. */
int64_t fs_free_bytes(const char *path);

/* "a" + "/" + "b" without doubling the slash; free with free(). */
char *fs_join(const char *dir, const char *name);

#endif
