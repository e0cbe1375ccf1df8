#include "syscalls.h"

#include "vdo/base/mem.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <seccomp.h>

#ifndef TIOCLINUX
#    define TIOCLINUX 0x541C
#endif

/* By name, so that calls newer than the build's headers are refused too. */
static const char *const refused[] = {
    /* other processes */
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    "perf_event_open", "lookup_dcookie",
    /* keyrings, which are not part of any namespace */
    "add_key", "request_key", "keyctl",
    /* mounts and namespaces */
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "setns", "unshare", "open_by_handle_at",
    "name_to_handle_at", "fanotify_init", "quotactl", "quotactl_fd", "acct", "swapon", "swapoff",
    /* the kernel itself */
    "bpf", "userfaultfd", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "create_module", "reboot", "syslog", "nfsservctl", "uselib", "_sysctl", "iopl",
    "ioperm", "modify_ldt", "vm86", "vm86old", "vhangup", "sethostname", "setdomainname",
    "settimeofday", "stime", "clock_settime", "clock_settime64", "clock_adjtime", "move_pages",
    "migrate_pages", "mbind", "set_mempolicy"};

/* A filter cannot read what their pointers point to; callers fall back to the older call. */
static const char *const unknown[] = {"clone3", "openat2", "io_uring_setup", "io_uring_enter",
                                      "io_uring_register"};

/* Memory that is neither resident in a process nor part of a mounted tmpfs. */
static const char *const unmeasurable[] = {"memfd_create", "memfd_secret", "shmget"};

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static int add_names(scmp_filter_ctx ctx, const char *const *names, size_t n, int error)
{
    for (size_t i = 0; i < n; i++) {
        int nr = seccomp_syscall_resolve_name(names[i]);
        int rc;

        if (nr == __NR_SCMP_ERROR)
            continue;
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint32_t)error), nr, 0);
        if (rc)
            return rc;
    }
    return 0;
}

/* Refuse the call when any bit of mask is set in the argument. */
static int refuse_bits(scmp_filter_ctx ctx, const char *name, unsigned arg, uint64_t mask)
{
    int nr = seccomp_syscall_resolve_name(name);
    int rc = 0;

    if (nr == __NR_SCMP_ERROR)
        return 0;
    for (uint64_t bit = 1; bit && !rc; bit <<= 1) {
        if (mask & bit)
            rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nr, 1,
                                  SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, bit, bit));
    }
    return rc;
}

static int refuse_namespaces(scmp_filter_ctx ctx)
{
    return refuse_bits(ctx, "clone", 0,
                       CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                           CLONE_NEWUTS | CLONE_NEWCGROUP);
}

/* The kernel looks at 32 bits of the request only; so must the filter. */
static int refuse_terminal_input(scmp_filter_ctx ctx)
{
    static const uint64_t requests[] = {TIOCSTI, TIOCLINUX};
    int rc = 0;

    for (size_t i = 0; i < N_OF(requests) && !rc; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                              SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xffffffffU, requests[i]));
    return rc;
}

/*
 * The work directory belongs to the one who runs VDO: a set-user-id file in it would be a door for
 * other users of the host.
 */
static int refuse_set_id_bits(scmp_filter_ctx ctx)
{
    static const struct {
        const char *name;
        unsigned arg;
    } calls[] = {{"chmod", 1}, {"fchmod", 1}, {"fchmodat", 2}, {"fchmodat2", 2}, {"creat", 1},
                 {"open", 2},  {"openat", 3}, {"mknod", 1},    {"mknodat", 2}};
    int rc = 0;

    for (size_t i = 0; i < N_OF(calls) && !rc; i++)
        rc = refuse_bits(ctx, calls[i].name, calls[i].arg, S_ISUID | S_ISGID);
    /* A resolver older than the call does not know its name. */
    if (!rc && seccomp_syscall_resolve_name("fchmodat2") == __NR_SCMP_ERROR)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), 452, 0);
    return rc;
}

/* Unix, IPv4, IPv6 and netlink (interface lists); not vsock, packet, ALG and the rest, some of
 * which do not know network namespaces. */
static int refuse_socket_families(scmp_filter_ctx ctx)
{
    const uint32_t action = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    int rc =
        seccomp_rule_add(ctx, action, SCMP_SYS(socket), 1, SCMP_CMP(0, SCMP_CMP_GT, AF_NETLINK, 0));

    for (uint64_t family = 0; family < AF_NETLINK && !rc; family++) {
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
            rc = seccomp_rule_add(ctx, action, SCMP_SYS(socket), 1,
                                  SCMP_CMP(0, SCMP_CMP_EQ, family, 0));
    }
    return rc;
}

static int add_rules(scmp_filter_ctx ctx, bool measured)
{
    int rc = add_names(ctx, refused, N_OF(refused), EPERM);

    if (!rc)
        rc = add_names(ctx, unknown, N_OF(unknown), ENOSYS);
    if (!rc && measured)
        rc = add_names(ctx, unmeasurable, N_OF(unmeasurable), ENOSYS);
    if (!rc)
        rc = refuse_namespaces(ctx);
    if (!rc)
        rc = refuse_terminal_input(ctx);
    if (!rc)
        rc = refuse_set_id_bits(ctx);
    return rc ? rc : refuse_socket_families(ctx);
}

static int export_program(scmp_filter_ctx ctx, char **out_bytes, size_t *out_len)
{
    struct stat st;
    int fd = memfd_create("vdo-seccomp", MFD_CLOEXEC);
    int rc = -1;

    if (fd < 0)
        return -1;
    if (seccomp_export_bpf(ctx, fd) == 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
        char *bytes = xmalloc((size_t)st.st_size);

        if (pread(fd, bytes, (size_t)st.st_size, 0) == st.st_size) {
            *out_bytes = bytes;
            *out_len = (size_t)st.st_size;
            rc = 0;
        } else {
            free(bytes);
        }
    }
    (void)close(fd);
    return rc;
}

int syscalls_build(bool measured, char **out_bytes, size_t *out_len, struct err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc;

    if (!ctx)
        return err_set(err, VDO_E_IO, "build the system call filter: no memory");
    rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!rc)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!rc)
        rc = add_rules(ctx, measured);
    if (rc)
        rc = err_set(err, VDO_E_IO, "build the system call filter: %s", strerrordesc_np(-rc));
    else if (export_program(ctx, out_bytes, out_len))
        rc = err_set(err, VDO_E_IO, "write the system call filter: %s", strerrordesc_np(errno));
    seccomp_release(ctx);
    return rc;
}
