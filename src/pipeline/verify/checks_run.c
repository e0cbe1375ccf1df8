#include "checks.h"

#include "../command.h"
#include "../setup/setup.h"
#include "reading.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <string.h>
#include <sys/stat.h>

static json_t *not_run(const char *why)
{
    return json_pack("{s:b, s:b, s:i, s:i, s:o}", "ran", 0, "ok", 0, "exit", 0, "ms", 0, "why",
                     js_string_lossy(why, strlen(why)));
}

/* Counts and names of failing tests; their messages are in the reading. */
static json_t *tests_of(const json_t *reading)
{
    json_t *tests = json_copy(js_at(reading, "tests"));
    json_t *failures = json_array();
    json_t *problems = json_array();
    size_t i;
    json_t *failure;

    json_array_foreach (js_at(reading, "tests.failures"), i, failure)
        (void)json_array_append_new(failures,
                                    json_pack("{s:O}", "name", json_object_get(failure, "name")));
    (void)json_object_set_new(tests, "failures", failures);
    json_array_foreach (js_at(reading, "tests.problems"), i, failure)
        (void)json_array_append_new(problems,
                                    json_pack("{s:O}", "file", json_object_get(failure, "file")));
    (void)json_object_set_new(tests, "problems", problems);
    return tests;
}

static json_t *result_of(const struct sandbox_result *done, const json_t *reading)
{
    bool missing = done->end == SANDBOX_EXITED && done->exit_code == 127;
    bool ok = done->end == SANDBOX_EXITED && done->exit_code == 0;
    json_t *unread = js_at(reading, "unread");

    if (missing)
        return not_run("a program it needs is not installed on this machine (exit 127)");
    return json_pack("{s:b, s:b, s:i, s:I, s:s, s:o, s:b, s:o}", "ran", 1, "ok", ok ? 1 : 0, "exit",
                     done->exit_code, "ms", (json_int_t)done->wall_ms, "why", done->limit, "tests",
                     tests_of(reading), "agree", js_bool(reading, "agree", true), "unread",
                     unread ? json_incref(unread) : json_array());
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

/* What the check before has done to the modes of its own directory does not keep this one from
 * running. */
static void open_dir(const struct job_run *run, const char *dir)
{
    if (!run->p->replay)
        (void)chmod(dir, 0700);
}

static int run_check(struct job_run *run, const char *dir, const json_t *check, json_t **out,
                     struct err *err)
{
    const char *line = js_str(check, "run", "");
    struct sandbox_result done = {0};
    struct err why = {0};
    json_t *reading = NULL;
    json_t *result;
    json_t *output;
    int rc = run_has_time(run, err);

    if (rc)
        return rc;
    open_dir(run, dir);
    rc = command_run(run, dir, line, js_int(check, "timeout_ms", 0), NULL, &done, &reading, &why);
    if (rc && rc != VDO_E_REFUSED)
        return err_set(err, why.code, "%s: %s", line, why.text);
    if (!rc && done.end == SANDBOX_CANCELLED) {
        sandbox_result_release(&done);
        json_decref(reading);
        return err_set(err, VDO_E_CANCELLED, "asked to stop");
    }
    if (rc)
        reading = reading_none();
    result = rc ? not_run(why.text) : result_of(&done, reading);
    output = rc ? json_string("") : tail_of(done.output);
    if (!rc)
        sandbox_result_release(&done);
    *out = json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", js_str(check, "name", line), "run", line,
                     "result", result, "output", output, "reading", reading);
    return VDO_OK;
}

int checks_run(struct job_run *run, const char *dir, const json_t *checks, json_t **out,
               struct err *err)
{
    json_auto_t *list = json_array();
    AUTO_FREE char *no_setup = NULL;
    char text[CHECK_TEXT_SIZE];
    size_t i;
    json_t *check;
    int rc = json_array_size(checks) ? setup_run(run, dir, &no_setup, err) : VDO_OK;

    if (rc)
        return rc;
    json_array_foreach (checks, i, check) {
        json_t *item = NULL;

        if (no_setup)
            item = json_pack("{s:O, s:O, s:o, s:s, s:o}", "name", json_object_get(check, "name"),
                             "run", json_object_get(check, "run"), "result", not_run(no_setup),
                             "output", "", "reading", reading_none());
        else
            rc = run_check(run, dir, check, &item, err);
        if (rc)
            return rc;
        run_log(run, "check", "%s: %s", js_str(item, "name", ""),
                report_check_text(json_object_get(item, "result"), text, sizeof(text)));
        (void)json_array_append_new(list, item);
    }
    *out = json_incref(list);
    return VDO_OK;
}
