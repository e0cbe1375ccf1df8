#include "vdo/sandbox/sandbox.h"

#include "driver.h"
#include "host.h"
#include "tap.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct sandbox_driver *find_driver(const char *name)
{
    if (strcmp(name, "container") == 0)
        return &driver_container;
    return strcmp(name, "auto") == 0 || strcmp(name, "bubblewrap") == 0 ? &driver_bubblewrap : NULL;
}

int sandbox_probe(const char *driver, const struct sandbox_container *container,
                  struct sandbox **out, struct err *err)
{
    struct sandbox *s;
    int rc = VDO_OK;

    if (strcmp(driver, "none") != 0 && !find_driver(driver))
        return err_set(
            err, VDO_E_INVALID,
            "sandbox driver \"%.40s\" is unknown: use auto, bubblewrap, container or none", driver);
    s = xcalloc(1, sizeof(*s));
    s->driver = find_driver(driver);
    s->needs_bwrap = s->driver == &driver_bubblewrap;
    if (container)
        s->container = *container;
    facts_find(&s->facts);
    cgroup_host_find(&s->cgroups);
    if (s->driver) {
        rc = s->driver->probe(s, err);
    } else {
        (void)snprintf(s->why, sizeof(s->why), "turned off by sandbox.driver: none");
        (void)snprintf(s->describe, sizeof(s->describe),
                       "no isolation, so repository code is not run: %s", s->why);
    }
    if (rc) {
        sandbox_free(s);
        return rc;
    }
    *out = s;
    return VDO_OK;
}

void sandbox_free(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    homes_release(sandbox);
    free(sandbox->filter);
    cgroup_host_release(&sandbox->cgroups);
    bwrap_view_release(&sandbox->view);
    tap_wait_for_all();
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
    bool measured = sandbox->needs_bwrap && sandbox->cgroups.level == CGROUP_NONE;
    json_t *report = json_pack("{s:s, s:b, s:s, s:s, s:s, s:b, s:s, s:s}", "driver",
                               sandbox->available ? sandbox->driver->name : "none", "available",
                               sandbox->available, "why", sandbox->why, "version", sandbox->version,
                               "cgroup", cgroup_level_name(sandbox->cgroups.level), "seccomp",
                               facts->seccomp, "limits", measured ? "measured" : "enforced", "user",
                               geteuid() == 0 ? "another one in each run" : "the one who runs VDO");

    (void)json_object_update_new(
        report, json_pack("{s:b, s:b, s:i, s:b, s:b, s:o}", "attempts_seen", sandbox->tapped,
                          "user_namespaces", facts->user_namespaces, "landlock_abi",
                          facts->landlock_abi, "id_mapped_mounts", facts->id_mapped, "kept_homes",
                          sandbox_has_homes(sandbox), "engines", engine_names(facts)));
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
    return sandbox->driver->run(sandbox, spec, result, err);
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
