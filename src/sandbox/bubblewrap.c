#include "driver.h"
#include "host.h"
#include "orphans.h"
#include "syscalls.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROBE_TIMEOUT_MS = 10000 };

/* "bubblewrap 0.8.0" -> version. False when there is no bwrap. */
static bool find_version(struct sandbox *sandbox)
{
    static const char *const argv[] = {"bwrap", "--version", NULL};
    struct proc_spec spec = {.argv = argv, .timeout_ms = PROBE_TIMEOUT_MS, .head_max = 256};
    struct proc_result result;
    struct err why = {0};

    if (proc_run(&spec, &result, &why)) {
        if (why.code == VDO_E_NOT_FOUND)
            (void)snprintf(sandbox->why, sizeof(sandbox->why),
                           "bwrap is missing; apt-get install bubblewrap");
        else
            (void)snprintf(sandbox->why, sizeof(sandbox->why), "%.300s", why.text);
        return false;
    }
    if (sscanf(result.out.head, "bubblewrap %31s", sandbox->version) != 1)
        (void)snprintf(sandbox->version, sizeof(sandbox->version), "of unknown version");
    proc_result_release(&result);
    return true;
}

/* Run something tiny, for real. */
static void try_once(struct sandbox *sandbox)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    char dir[] = "/tmp/vdo-probe-XXXXXX";
    struct sandbox_spec spec = {.dir = dir, .argv = argv, .timeout_ms = PROBE_TIMEOUT_MS};
    struct sandbox_result result;
    struct err why = {0};

    if (!mkdtemp(dir)) {
        (void)snprintf(sandbox->why, sizeof(sandbox->why), "/tmp is not writable");
        return;
    }
    if (host_run(sandbox, &spec, &result, &why)) {
        host_diagnose(why.text, sandbox->why, sizeof(sandbox->why));
    } else {
        sandbox->available = result.end == SANDBOX_EXITED && result.exit_code == 0;
        if (!sandbox->available)
            host_diagnose(result.limit[0] ? result.limit : result.output, sandbox->why,
                          sizeof(sandbox->why));
        sandbox_result_release(&result);
    }
    (void)rmdir(dir);
}

/* With the tap where it can be had; it may not stand in the way of the sandbox itself. */
static void try_with_tap(struct sandbox *s)
{
    s->tapped = tap_probe(s->untapped, sizeof(s->untapped));
    try_once(s);
    if (s->available || !s->tapped)
        return;
    (void)snprintf(s->untapped, sizeof(s->untapped), "%.*s", (int)sizeof(s->untapped) - 1, s->why);
    s->tapped = false;
    s->why[0] = '\0';
    try_once(s);
}

static void describe(struct sandbox *s)
{
    if (!s->available)
        (void)snprintf(s->describe, sizeof(s->describe),
                       "no isolation, so repository code is not run: %s", s->why);
    else if (s->cgroups.level == CGROUP_NONE)
        (void)snprintf(s->describe, sizeof(s->describe),
                       "bubblewrap %s, seccomp, no writable cgroup: memory and processes are "
                       "measured every %d ms",
                       s->version, 20);
    else
        (void)snprintf(s->describe, sizeof(s->describe), "bubblewrap %s, cgroup %s, seccomp",
                       s->version, cgroup_level_name(s->cgroups.level));
}

static int probe(struct sandbox *s, struct err *err)
{
    int rc = VDO_OK;

    if (find_version(s)) {
        (void)orphans_end();
        bwrap_view_find(&s->view);
        rc = syscalls_build(s->cgroups.level == CGROUP_NONE, &s->filter, &s->filter_len, err);
        if (!rc)
            try_with_tap(s);
    }
    describe(s);
    return rc;
}

const struct sandbox_driver driver_bubblewrap = {
    .name = "bubblewrap", .probe = probe, .run = host_run};
