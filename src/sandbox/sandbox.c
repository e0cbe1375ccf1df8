#include "vdo/sandbox/sandbox.h"

#include "host.h"
#include "orphans.h"
#include "syscalls.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <fcntl.h>
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

int sandbox_probe(const char *driver, struct sandbox **out, struct err *err)
{
    struct sandbox *s;
    int rc = VDO_OK;

    if (strcmp(driver, "none") != 0 && strcmp(driver, "auto") != 0 &&
        strcmp(driver, "bubblewrap") != 0)
        return err_set(err, VDO_E_INVALID,
                       "sandbox driver \"%.40s\" is unknown: use auto, bubblewrap or none", driver);
    s = xcalloc(1, sizeof(*s));
    s->needs_bwrap = strcmp(driver, "none") != 0;
    facts_find(&s->facts);
    cgroup_host_find(&s->cgroups);
    if (strcmp(driver, "none") == 0) {
        (void)snprintf(s->why, sizeof(s->why), "turned off by sandbox.driver: none");
    } else if (find_version(s)) {
        (void)orphans_end();
        bwrap_view_find(&s->view);
        rc = syscalls_build(s->cgroups.level == CGROUP_NONE, &s->filter, &s->filter_len, err);
        if (!rc)
            try_once(s);
    }
    if (rc) {
        sandbox_free(s);
        return rc;
    }
    describe(s);
    *out = s;
    return VDO_OK;
}

void sandbox_free(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    free(sandbox->filter);
    cgroup_host_release(&sandbox->cgroups);
    bwrap_view_release(&sandbox->view);
    free(sandbox);
}

bool sandbox_available(const struct sandbox *sandbox)
{
    return sandbox->available;
}

const char *sandbox_describe(const struct sandbox *sandbox)
{
    return sandbox->describe;
}

static json_t *engine_names(const struct facts *facts)
{
    json_t *names = json_array();

    for (const char *const *engine = facts->engines; *engine; engine++)
        (void)json_array_append_new(names, json_string(strrchr(*engine, '/') + 1));
    return names;
}

json_t *sandbox_report(const struct sandbox *sandbox)
{
    const struct facts *facts = &sandbox->facts;
    bool measured = sandbox->cgroups.level == CGROUP_NONE;
    json_t *report = json_pack("{s:s, s:b, s:s, s:s, s:s, s:b, s:s, s:s}", "driver",
                               sandbox->available ? "bubblewrap" : "none", "available",
                               sandbox->available, "why", sandbox->why, "version", sandbox->version,
                               "cgroup", cgroup_level_name(sandbox->cgroups.level), "seccomp",
                               facts->seccomp, "limits", measured ? "measured" : "enforced", "user",
                               geteuid() == 0 ? "another one in each run" : "the one who runs VDO");

    (void)json_object_update_new(
        report, json_pack("{s:b, s:i, s:b, s:o}", "user_namespaces", facts->user_namespaces,
                          "landlock_abi", facts->landlock_abi, "id_mapped_mounts", facts->id_mapped,
                          "engines", engine_names(facts)));
    return report;
}

json_t *sandbox_facts(const struct sandbox *sandbox)
{
    return facts_lines(sandbox);
}

int sandbox_run(const struct sandbox *sandbox, const struct sandbox_spec *spec,
                struct sandbox_result *result, struct err *err)
{
    if (!sandbox->available)
        return err_set(err, VDO_E_REFUSED, "%.480s", sandbox->describe);
    return host_run(sandbox, spec, result, err);
}

void sandbox_result_release(struct sandbox_result *result)
{
    if (!result)
        return;
    free(result->output);
    json_decref(result->network);
    result->output = NULL;
    result->network = NULL;
}
