/*
 * userns: a user namespace of VDO's own around a run, for an ordinary user.
 *
 * In it the forked child may make further namespaces and set them up (a network with routes,
 * mounts) as only root may outside. Whoever is executed afterwards has none of these rights: the
 * user keeps his own id, and a program executed by an id other than 0 starts without capabilities.
 * bwrap makes its own user namespace within this one, and what runs there has no rights over what
 * was made here. Source: user_namespaces(7). Threads: for a process with one thread, as a forked
 * child is; only async-signal-safe calls.
 */
#ifndef VDO_SANDBOX_USERNS_H
#define VDO_SANDBOX_USERNS_H

/*
 * Enter a new user namespace in which the effective user and group keep their ids, and no others
 * are known. It counts towards user.max_user_namespaces of the user.
 *
 * flags  CLONE_NEWNET, CLONE_NEWNS ...: further namespaces to make with it, which belong to it; or
 * 0 Returns 0, or -1 with errno: EPERM or EACCES where the host forbids it, ENOSPC past the limit.
 * After -1 the process may be in the new namespace already: it can only end.
 */
int userns_enter(int flags);

#endif
