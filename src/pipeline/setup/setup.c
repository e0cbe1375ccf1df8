#include "setup.h"

#include "setup_private.h"

#include "../verify/checks.h"

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

static bool is_same_attempt(const json_t *a, const json_t *b, const char *command)
{
    return strcmp(js_str(a, "host", ""), js_str(b, "host", "")) == 0 &&
           js_int(a, "port", 0) == js_int(b, "port", 0) &&
           js_bool(a, "allowed", false) == js_bool(b, "allowed", false) &&
           strcmp(js_str(a, "command", ""), command) == 0;
}

static bool is_known(const json_t *list, const json_t *attempt, const char *command)
{
    size_t i;
    json_t *known;

    json_array_foreach (list, i, known) {
        if (is_same_attempt(known, attempt, command))
            return true;
    }
    return false;
}

static void keep_attempts(struct job_run *run, const char *command, const json_t *attempts)
{
    size_t i;
    json_t *attempt;

    if (!run->network)
        run->network = json_array();
    json_array_foreach (attempts, i, attempt) {
        json_t *copy;

        if (!js_bool(attempt, "allowed", false))
            run_log(run, "warn", "network: %s:%lld %s, asked for by: %s",
                    js_str(attempt, "host", ""), (long long)js_int(attempt, "port", 0),
                    js_str(attempt, "why", ""), command);
        if (json_array_size(run->network) >= SETUP_MAX_ATTEMPTS ||
            is_known(run->network, attempt, command))
            continue;
        copy = json_deep_copy(attempt);
        (void)json_object_set_new(copy, "command", js_string_lossy(command, strlen(command)));
        (void)json_array_append_new(run->network, copy);
    }
}

json_t *setup_take_network(struct job_run *run)
{
    json_t *network = run->network ? run->network : json_array();

    run->network = NULL;
    return network;
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
    int rc = checks_run_line(run, dir, line, 0, &reach, &done, &why);

    if (rc == VDO_E_REFUSED) {
        *out_why = xstrdup(why.text);
        return VDO_OK;
    }
    if (rc)
        return err_set(err, why.code, "setup: %s", why.text);
    keep_attempts(run, line, done.network);
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
