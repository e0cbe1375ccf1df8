#include "container_args.h"

#include "host.h"
#include "spec.h"

#include "vdo/base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_all(struct args *args, const char *const *texts)
{
    for (; *texts; texts++)
        args_add(args, *texts);
}

#define ADD(args, ...) add_all((args), (const char *const[]){__VA_ARGS__, NULL})

static void add_number(struct args *args, const char *option, int64_t value)
{
    AUTO_FREE char *text = xasprintf("%" PRId64, value);

    ADD(args, option, text);
}

static bool is_podman(const struct sandbox *sandbox)
{
    return strcmp(strrchr(sandbox->engine, '/') + 1, "podman") == 0;
}

static void add_limits(struct args *args, const struct sandbox_spec *spec)
{
    int64_t memory = spec->memory_bytes ? spec->memory_bytes : SPEC_BYTES;
    int64_t disk = spec->disk_bytes ? spec->disk_bytes : SPEC_BYTES;
    int64_t pids = spec->pids ? spec->pids : SPEC_PIDS;
    AUTO_FREE char *tmp =
        xasprintf("/tmp:rw,nosuid,nodev,exec,size=%" PRId64 ",mode=1777", memory / 2);
    AUTO_FREE char *files = xasprintf("nofile=%d:%d", SPEC_FILES, SPEC_FILES);
    AUTO_FREE char *largest = xasprintf("fsize=%" PRId64 ":%" PRId64, disk, disk);
    AUTO_FREE char *tasks = xasprintf("nproc=%" PRId64 ":%" PRId64, pids + 2, pids + 2);

    add_number(args, "--memory", memory);
    add_number(args, "--memory-swap", memory);
    add_number(args, "--pids-limit", pids);
    if (spec->cpus)
        add_number(args, "--cpus", spec->cpus);
    add_number(args, "--shm-size", memory / 4);
    ADD(args, "--tmpfs", tmp, "--ulimit", files, "--ulimit", largest, "--ulimit", tasks, "--ulimit",
        "core=0:0");
}

/* Who the command is: nobody the host knows, or the one who runs VDO. */
static void add_user(struct args *args, const struct container_run *run)
{
    bool other = run->tenant->uid != 0;
    AUTO_FREE char *user = xasprintf("%u:%u", (unsigned)(other ? run->tenant->uid : geteuid()),
                                     (unsigned)(other ? run->tenant->gid : getegid()));

    if (!other && is_podman(run->sandbox))
        ADD(args, "--userns", "keep-id");
    ADD(args, "--user", user);
}

static void add_mounts(struct args *args, const struct sandbox_spec *spec)
{
    const char *place = spec_place(spec);
    AUTO_FREE char *work = xasprintf("type=bind,source=%s,target=%s", spec->dir, place);

    ADD(args, "--mount", work, "--workdir", place);
    if (spec->home) {
        AUTO_FREE char *home = xasprintf("type=bind,source=%s/files,target=" SPEC_HOME, spec->home);

        ADD(args, "--mount", home);
    }
    for (size_t i = 0; i < spec->n_mounts; i++) {
        AUTO_FREE char *layer = xasprintf("type=bind,source=%s,target=%s/%s,readonly",
                                          spec->mounts[i].from, place, spec->mounts[i].to);

        ADD(args, "--mount", layer);
    }
}

static int add_environment(struct args *args, const struct sandbox_spec *spec, struct err *err)
{
    ADD(args, "--env", spec->home ? "HOME=" SPEC_HOME : "HOME=/tmp", "--env", "LANG=C.UTF-8",
        "--env", "TERM=dumb");
    for (const char *const *env = spec->env; env && *env; env++) {
        if (!strchr(*env, '=') || **env == '=')
            return err_set(err, VDO_E_INVALID, "sandbox: \"%.80s\" is not NAME=value", *env);
        ADD(args, "--env", *env);
    }
    return VDO_OK;
}

int container_args(const struct container_run *run, struct args *out, struct err *err)
{
    struct args args = {0};
    int rc;

    args_add(&args, run->sandbox->engine);
    ADD(&args, "run", "--rm", "--name", run->name, "--pull", "never");
    if (!run->spec->network)
        ADD(&args, "--network", "none");
    ADD(&args, "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
        "--hostname", "sandbox", "--log-driver", "none", "--entrypoint", "");
    if (is_podman(run->sandbox)) /* others do not pass the host's on */
        ADD(&args, "--http-proxy=false", "--read-only-tmpfs=false");
    add_limits(&args, run->spec);
    add_user(&args, run);
    add_mounts(&args, run->spec);
    rc = add_environment(&args, run->spec, err);
    if (rc) {
        args_release(&args);
        return rc;
    }
    args_add(&args, run->image);
    add_all(&args, run->spec->argv);
    *out = args;
    return VDO_OK;
}
