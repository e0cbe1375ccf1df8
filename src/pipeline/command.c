#include "command.h"

#include "record/record.h"
#include "setup/devcontainer.h"
#include "setup/setup.h"

/* A command does not outlive its job: what is left of the job's time bounds it too. */
static int64_t time_for(const struct job_run *run, int64_t timeout_ms)
{
    int64_t asked = timeout_ms > 0 ? timeout_ms : run->p->o.config->sandbox.timeout_ms;
    int64_t left = run->deadline_ms - clock_now_ms(run->p->o.clock);

    if (run->p->replay || asked <= left)
        return asked;
    return left > 1000 ? left : 1000;
}

int command_run(struct job_run *run, const char *dir, const char *line, int64_t timeout_ms,
                const struct reach *reach, struct sandbox_result *result, json_t **out_reading,
                struct err *err)
{
    const struct config_sandbox *limits = &run->p->o.config->sandbox;
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const char *const env[] = {"CI=true", "NO_COLOR=1", "PAGER=cat", "PYTHONDONTWRITEBYTECODE=1",
                               NULL};
    struct sandbox_mount mounts[SANDBOX_MAX_MOUNTS];
    struct sandbox_spec spec = {
        .dir = dir,
        .argv = argv,
        .env = env,
        .network = reach && reach->network,
        .allow_hosts = reach ? reach->hosts : NULL,
        .image = devcontainer_of(run),
        .timeout_ms = time_for(run, timeout_ms),
        .memory_bytes = limits->memory_bytes,
        .disk_bytes = limits->disk_bytes,
        .pids = limits->pids,
        .cpus = limits->cpus,
        .cancel = run->lease->stop,
    };

    setup_apply(run, dir, mounts, &spec);
    return record_run(run, line, &spec, result, out_reading, err);
}
