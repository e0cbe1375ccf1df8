/* What was found of the host, for people and for programs. */
#include "driver.h"
#include "host.h"

#include "vdo/sandbox/sandbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void line(json_t *lines, const char *name, bool good, bool needed, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

static void line(json_t *lines, const char *name, bool good, bool needed, const char *fmt, ...)
{
    char text[480];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)json_array_append_new(lines, json_pack("{s:s, s:s, s:s}", "fact", name, "status",
                                                 good   ? "ok" :
                                                 needed ? "fail" :
                                                          "note",
                                                 "text", text));
}

static void say_cgroup(json_t *lines, enum cgroup_level level)
{
    if (level == CGROUP_NONE)
        line(
            lines, "cgroup", false, false,
            "neither version 2 delegated nor version 1 writable: memory and processes are measured "
            "and held by resource limits, processors are not limited; start VDO with Delegate=yes "
            "(deploy/vdo.service), or as root where version 1 is mounted");
    else
        line(lines, "cgroup", true, false, "%s: the kernel holds memory, processes and processors",
             level == CGROUP_V2 ? "version 2, delegated" : "version 1, writable");
}

static void say_mapping(json_t *lines, const struct facts *f)
{
    if (geteuid() != 0)
        line(lines, "idmap", true, false, "not needed: the sandbox runs as the user of VDO");
    else if (f->id_mapped)
        line(lines, "idmap", true, false, "id-mapped mounts work (tried on /tmp)");
    else
        line(lines, "idmap", false, false,
             "no id-mapped mounts on /tmp: files change their owner for each run and back, which "
             "takes time in large trees; use a kernel of 5.12 or later and ext4, xfs or btrfs");
}

/* Only where somebody asked, with a place. */
static void say_homes(json_t *lines, const struct sandbox *s)
{
    if (sandbox_has_homes(s))
        line(lines, "homes", true, false,
             "what setup leaves in HOME can be kept (tried in data_dir)");
    else if (s->homes_why[0])
        line(lines, "homes", false, false,
             "what setup leaves in HOME (package caches) is not kept: %s", s->homes_why);
}

static void say_tap(json_t *lines, const struct sandbox *s)
{
    if (!s->needs_bwrap)
        line(lines, "attempts", false, false,
             "what commands try to reach cannot be seen in containers");
    else if (!s->available)
        line(lines, "attempts", false, false, "not looked for: nothing can be run here");
    else if (s->tapped)
        line(lines, "attempts", true, false,
             "what commands without a network try to reach is seen");
    else
        line(lines, "attempts", false, false,
             "what commands without a network try to reach cannot be seen, only with `allow`: %s; "
             "it takes network namespaces with packet sockets, for an ordinary user in a user "
             "namespace that VDO itself may make",
             s->untapped);
}

static void say_engines(json_t *lines, const struct facts *f)
{
    if (f->engines[0])
        line(lines, "container", true, false,
             "%s%s%s found; used only with sandbox.driver: "
             "container",
             f->engines[0], f->engines[1] ? " and " : "", f->engines[1] ? f->engines[1] : "");
    else
        line(lines, "container", true, false,
             "no podman or docker; only sandbox.driver: container needs one");
}

json_t *sandbox_facts(const struct sandbox *s)
{
    const struct facts *f = &s->facts;
    json_t *lines = json_array();

    if (s->needs_bwrap && s->version[0])
        line(lines, "bubblewrap", true, true, "%s", s->version);
    else if (s->needs_bwrap)
        line(lines, "bubblewrap", false, true,
             "not found in /usr/bin or /bin; apt-get install bubblewrap");
    line(lines, "userns", f->user_namespaces, s->needs_bwrap, "%s",
         f->user_namespaces ? "user namespaces can be made" :
                              "user namespaces are forbidden: see user.max_user_namespaces, "
                              "kernel.unprivileged_userns_clone and AppArmor in docs/security.md");
    say_cgroup(lines, s->cgroups.level);
    line(lines, "seccomp", f->seccomp, s->needs_bwrap, "%s",
         f->seccomp ? "system calls can be filtered" :
                      "the kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)");
    line(lines, "landlock", f->landlock_abi > 0, false,
         f->landlock_abi > 0 ? "version %d; nothing relies on it" :
                               "none (%d); nothing relies on it",
         f->landlock_abi);
    say_mapping(lines, f);
    say_homes(lines, s);
    say_tap(lines, s);
    say_engines(lines, f);
    return lines;
}
