#include "host.h"

#include "vdo/base/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number in a file below /proc/sys, or fallback. */
static long read_setting(const char *path, long fallback)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        (void)close(fd);
    return n > 0 ? strtol(text, NULL, 10) : fallback;
}

static const char *find_remedy(void)
{
    if (read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0) == 1)
        return "AppArmor restricts user namespaces: install an AppArmor profile for bwrap (package "
               "apparmor-profiles: bwrap-userns-restrict), or set "
               "kernel.apparmor_restrict_unprivileged_userns=0 with sysctl";
    if (read_setting("/proc/sys/kernel/unprivileged_userns_clone", 1) == 0)
        return "set kernel.unprivileged_userns_clone=1 with sysctl";
    if (read_setting("/proc/sys/user/max_user_namespaces", 1) == 0)
        return "set user.max_user_namespaces to 10000 with sysctl";
    if (fs_exists("/.dockerenv") || fs_exists("/run/.containerenv"))
        return "this is a container that forbids user namespaces: start it with --security-opt "
               "seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
               "systempaths=unconfined, or run VDO outside of it";
    return "user namespaces, mounts or seccomp are forbidden here; try: bwrap --unshare-all "
           "--ro-bind / / true";
}

void host_diagnose(const char *text, char *why, size_t size)
{
    size_t len = strcspn(text, "\n");

    if (len > 120)
        len = 120;
    (void)snprintf(why, size, "%.*s; %s", (int)len, text, find_remedy());
}
