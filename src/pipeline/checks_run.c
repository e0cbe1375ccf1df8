#include "checks.h"
#include "record.h"
#include "setup.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int checks_run_line(struct job_run *run, const char *dir, const char *line, int64_t timeout_ms,
                    const struct reach *reach, struct sandbox_result *result, struct err *err)
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
        .network = reach->network,
        .allow_hosts = reach->hosts,
        .mounts = mounts,
        .n_mounts = setup_mounts(run, dir, mounts),
        .timeout_ms = timeout_ms > 0 ? timeout_ms : limits->timeout_ms,
        .memory_bytes = limits->memory_bytes,
        .disk_bytes = limits->disk_bytes,
        .pids = limits->pids,
        .cpus = limits->cpus,
        .cancel = run->lease->stop,
    };

    return record_run(run, line, &spec, result, err);
}

static json_t *not_run(const char *why)
{
    return json_pack("{s:b, s:b, s:i, s:i, s:o}", "ran", 0, "ok", 0, "exit", 0, "ms", 0, "why",
                     js_string_lossy(why, strlen(why)));
}

static json_t *result_of(const struct sandbox_result *done)
{
    bool missing = done->end == SANDBOX_EXITED && done->exit_code == 127;
    bool ok = done->end == SANDBOX_EXITED && done->exit_code == 0;

    if (missing)
        return not_run("a program it needs is not installed on this machine (exit 127)");
    return json_pack("{s:b, s:b, s:i, s:I, s:s}", "ran", 1, "ok", ok ? 1 : 0, "exit",
                     done->exit_code, "ms", (json_int_t)done->wall_ms, "why", done->limit);
}

/* The end of an output tells most; the whole of a long one does not fit a prompt or a checkpoint.
 */
static json_t *tail_of(const char *output)
{
    size_t len = strlen(output);
    const char *from = output;

    if (len > VDO_MAX_TOOL_OUTPUT / 2) {
        from = output + len - VDO_MAX_TOOL_OUTPUT / 2;
        from += strcspn(from, "\n");
    }
    return js_string_lossy(from, strlen(from));
}

static int run_check(struct job_run *run, const char *dir, const json_t *check, json_t **out,
                     struct err *err)
{
    const struct reach nothing = {0};
    const char *line = js_str(check, "run", "");
    struct sandbox_result done = {0};
    struct err why = {0};
    json_t *result;
    json_t *output;
    int rc = checks_run_line(run, dir, line, js_int(check, "timeout_ms", 0), &nothing, &done, &why);

    if (rc && rc != VDO_E_REFUSED)
        return err_set(err, why.code, "%s: %s", line, why.text);
    if (!rc && done.end == SANDBOX_CANCELLED) {
        sandbox_result_release(&done);
        return err_set(err, VDO_E_CANCELLED, "asked to stop");
    }
    result = rc ? not_run(why.text) : result_of(&done);
    output = rc ? json_string("") : tail_of(done.output);
    if (!rc)
        sandbox_result_release(&done);
    *out = json_pack("{s:s, s:s, s:o, s:o}", "name", js_str(check, "name", line), "run", line,
                     "result", result, "output", output);
    return VDO_OK;
}

int checks_run(struct job_run *run, const char *dir, const json_t *checks, json_t **out,
               struct err *err)
{
    json_auto_t *list = json_array();
    AUTO_FREE char *no_setup = NULL;
    char text[160];
    size_t i;
    json_t *check;
    int rc = json_array_size(checks) ? setup_run(run, dir, &no_setup, err) : VDO_OK;

    if (rc)
        return rc;
    json_array_foreach (checks, i, check) {
        json_t *item = NULL;

        if (no_setup)
            item =
                json_pack("{s:O, s:O, s:o, s:s}", "name", json_object_get(check, "name"), "run",
                          json_object_get(check, "run"), "result", not_run(no_setup), "output", "");
        else
            rc = run_check(run, dir, check, &item, err);
        if (rc)
            return rc;
        run_log(run, "check", "%s: %s", js_str(item, "name", ""),
                checks_result_text(json_object_get(item, "result"), text, sizeof(text)));
        (void)json_array_append_new(list, item);
    }
    *out = json_incref(list);
    return VDO_OK;
}

char *checks_result_text(const json_t *result, char *buf, size_t size)
{
    const char *why = js_str(result, "why", "");

    if (!json_is_object(result))
        (void)snprintf(buf, size, "not run");
    else if (!js_bool(result, "ran", false))
        (void)snprintf(buf, size, "not run: %s", why);
    else if (js_bool(result, "ok", false))
        (void)snprintf(buf, size, "passed");
    else if (*why)
        (void)snprintf(buf, size, "failed (%s)", why);
    else
        (void)snprintf(buf, size, "failed (exit %lld)", (long long)js_int(result, "exit", 0));
    return buf;
}
