/*
 * syscalls: the system call filter of the sandbox, as a BPF program for bwrap's --seccomp.
 *
 * Everything a build or a test needs is allowed. Refused with EPERM: looking into other processes,
 * kernel keyrings, mounts, new namespaces, kernel modules, clocks, set-user-id bits, injected
 * terminal input. Answered with ENOSYS, so that libraries fall back: clone3, openat2, io_uring,
 * whose arguments a filter cannot see. Calls of another architecture end the process. Source:
 * seccomp(2), libseccomp. Threads: any.
 */
#ifndef VDO_SANDBOX_SYSCALLS_H
#define VDO_SANDBOX_SYSCALLS_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Build the program. measured: memory is measured by a watcher instead of being limited by a
 * control group; then the kinds of memory that no watcher can see are refused as well. out_bytes:
 * free with free(). 0 or VDO_E_IO.
 */
int syscalls_build(bool measured, char **out_bytes, size_t *out_len, struct err *err);

#endif
