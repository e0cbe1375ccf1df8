#include "setup.h"

#include "setup_private.h"

#include "../command.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

const char *setup_reach(const struct job_run *run)
{
    const struct repo_config *config = run->repo_config;

    if (config->n_setup == 0)
        return "none";
    if (config->n_allow)
        return "allow";
    return config->setup_network ? config->setup_network : run->p->o.config->sandbox.network;
}

/* NULL-ended, or NULL when there are none; free the array only. */
static const char **allowed_hosts(const struct repo_config *config)
{
    const char **hosts = config->n_allow ? xcalloc(config->n_allow + 1, sizeof(*hosts)) : NULL;

    for (size_t i = 0; i < config->n_allow; i++)
        hosts[i] = config->allow[i];
    return hosts;
}

static int run_command(struct job_run *run, const char *dir, const char *line, char **out_why,
                       struct err *err)
{
    AUTO_FREE const char **hosts = allowed_hosts(run->repo_config);
    const struct reach reach = {.network = strcmp(setup_reach(run), "full") == 0, .hosts = hosts};
    struct sandbox_result done = {0};
    struct err why = {0};
    enum runs_on was = run->runs_on;
    int rc;

    run->runs_on = RUNS_ON_SETUP;
    rc = command_run(run, dir, line, 0, &reach, &done, NULL, &why);
    run->runs_on = was;
    if (rc == VDO_E_REFUSED) {
        *out_why = xstrdup(why.text);
        return VDO_OK;
    }
    if (rc)
        return err_set(err, why.code, "setup: %s", why.text);
    if (done.end == SANDBOX_CANCELLED) {
        rc = err_set(err, VDO_E_CANCELLED, "asked to stop");
    } else if (done.end != SANDBOX_EXITED || done.exit_code != 0) {
        *out_why =
            xasprintf("setup '%s' ended with exit code %d %s", line, done.exit_code, done.limit);
        run_log(run, "warn", "setup %s:\n%s", line, done.output);
    }
    sandbox_result_release(&done);
    return rc;
}

int setup_run_commands(struct job_run *run, const char *dir, char **out_why, struct err *err)
{
    const struct repo_config *config = run->repo_config;
    int rc = VDO_OK;

    for (size_t i = 0; i < config->n_setup && !rc && !*out_why; i++)
        rc = run_command(run, dir, config->setup[i], out_why, err);
    return rc;
}
