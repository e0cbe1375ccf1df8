/*
 * scan: the entries of a directory tree, directory by directory, without following symbolic links
 * and with two descriptors open however deep it goes.
 */
#ifndef VDO_SRC_GITREPO_SCAN_H
#define VDO_SRC_GITREPO_SCAN_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/stat.h>

struct scan_dir {
    STAILQ_ENTRY(scan_dir) link;
    char *path; /* "" is the root */
    void *mark; /* the user's, from scan_descend() */
};

struct scan_entry {
    const char *path; /* from the root */
    const char *name; /* its last component, in dir_fd */
    int dir_fd;
    struct stat st;
};

struct scan {
    int root_fd; /* borrowed */
    void *arg;
    /* Before the entries of a directory; has_ignore: it has a ".gitignore". May change dir->mark.
     * May be NULL. */
    int (*on_dir)(struct scan *scan, struct scan_dir *dir, int dir_fd, bool has_ignore,
                  struct err *err);
    int (*on_entry)(struct scan *scan, const struct scan_dir *dir, const struct scan_entry *entry,
                    struct err *err);
    STAILQ_HEAD(, scan_dir) queue;
};

/* Have a directory scanned too; called from on_entry. */
void scan_descend(struct scan *scan, const char *path, void *mark);
/* Scan the root and all that was descended into. 0, VDO_E_IO, or what a callback returned. */
int scan_run(struct scan *scan, struct err *err);

#endif
