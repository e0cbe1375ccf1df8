/*
 * idmap: mounts in which files have another owner than on disk.
 *
 * Source: mount_setattr(2), user_namespaces(7). Threads: any.
 */
#ifndef VDO_SANDBOX_IDMAP_H
#define VDO_SANDBOX_IDMAP_H

#include <sys/types.h>

/*
 * A mapping: what is uid's and gid's on disk is to_uid's and to_gid's in a mount that has it, and
 * what they make there is uid's and gid's on disk; other ids are nobody's in it, and can make
 * nothing. It takes a process to make one, so it is worth keeping for the next mount.
 *
 * Returns a descriptor, or -1 with errno.
 */
int idmap_open(uid_t uid, gid_t gid, uid_t to_uid, gid_t to_gid);

/*
 * Give a mount the mapping.
 *
 * mount_fd  a detached mount (open_tree(2)) that was not mapped before
 * Returns 0, or -1 with errno: the kernel (before 5.12) or the file system has no such mounts.
 */
int idmap_mount(int mount_fd, int mapping_fd);

#endif
