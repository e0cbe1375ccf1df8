#include "facts.h"

#include "tenant.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* landlock(7): asks for the version instead of making a rule set. */
enum { LANDLOCK_VERSION = 1, NO_LANDLOCK_HEADER_NR = 444 };

static const char *const engine_places[FACTS_ENGINES][3] = {
    {"/usr/bin/podman", "/usr/local/bin/podman", NULL},
    {"/usr/bin/docker", "/usr/local/bin/docker", NULL}};

static bool can_make_user_namespace(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

    if (pid == 0)
        (void)syscall(SYS_exit_group, 0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool has_seccomp(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int landlock_abi(void)
{
    long abi = syscall(NO_LANDLOCK_HEADER_NR, NULL, 0, LANDLOCK_VERSION);

    return abi > 0 ? (int)abi : 0;
}

static bool can_map_ids(void)
{
    char dir[] = "/tmp/vdo-probe-XXXXXX";
    struct tenant tenant;
    bool mapped;

    if (geteuid() != 0 || !mkdtemp(dir))
        return false;
    mapped = tenant_init(&tenant, dir, true, NULL) == VDO_OK && !tenant.work.given;
    tenant_release(&tenant);
    (void)rmdir(dir);
    return mapped;
}

const char *facts_engine(const char *name)
{
    for (int e = 0; e < FACTS_ENGINES; e++) {
        for (const char *const *place = engine_places[e]; *place; place++) {
            if (strcmp(strrchr(*place, '/') + 1, name) == 0 && access(*place, X_OK) == 0)
                return *place;
        }
    }
    return NULL;
}

void facts_find(struct facts *facts)
{
    int n = 0;

    *facts = (struct facts){.user_namespaces = can_make_user_namespace(),
                            .seccomp = has_seccomp(),
                            .landlock_abi = landlock_abi(),
                            .id_mapped = can_map_ids()};
    for (int e = 0; e < FACTS_ENGINES; e++) {
        const char *path = facts_engine(e ? "docker" : "podman");

        if (path)
            facts->engines[n++] = path;
    }
}
