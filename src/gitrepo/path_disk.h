/*
 * path_disk: walking below a directory without following symbolic links. Threads: any.
 */
#ifndef VDO_SRC_GITREPO_PATH_DISK_H
#define VDO_SRC_GITREPO_PATH_DISK_H

/* open(2) below root_fd, component by component, for kernels without openat2(2). Returns the
 * descriptor, or -1 with errno; ELOOP at a symbolic link. */
int open_by_steps(int root_fd, const char *path, int flags, unsigned mode);

/* The same by openat2(2) where the kernel has it. path is relative and was not checked otherwise;
 * "" is root itself. ELOOP or EXDEV at a symbolic link. */
int open_below(int root_fd, const char *path, int flags, unsigned mode);

/* Make the directories that lead to path. Returns 0, or -1 with errno. */
int make_parents_below(int root_fd, const char *path, unsigned mode);

#endif
