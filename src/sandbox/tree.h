/*
 * tree: walking a directory that hostile code has written to, or is writing to right now.
 *
 * Each step goes through the descriptor of the directory above and follows no symbolic link; other
 * file systems mounted inside are left out; depth and number of entries have caps. Threads: any.
 */
#ifndef VDO_SANDBOX_TREE_H
#define VDO_SANDBOX_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum { TREE_MAX_DEPTH = 128 };

struct tree_size {
    int64_t bytes; /* blocks in use; each entry counts as 4 KiB at least, for its inode and name */
    int64_t entries;
    int64_t unreadable; /* directories that could not be listed */
    bool too_deep;      /* something lies deeper than TREE_MAX_DEPTH */
};

/*
 * What lies below the directory.
 *
 * open_all  directories that may not be listed are made listable for a moment
 * before    NULL, or leave out what was made at this time (CLOCK_REALTIME) or later, where the file
 *           system knows; see STATX_BTIME in statx(2)
 * Returns 0 or -1 with errno.
 */
int tree_measure(const char *dir, bool open_all, const struct timespec *before,
                 struct tree_size *out);

/*
 * Give everything in dir, itself included, that belongs to `from` to uid and gid. keep_linked: but
 * not files that have a second name, which may lie outside dir. 0 or -1 with errno.
 */
int tree_change_owner(const char *dir, uid_t from, uid_t uid, gid_t gid, bool keep_linked);

#endif
