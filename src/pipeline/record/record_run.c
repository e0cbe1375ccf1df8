#include "record.h"

#include "../network.h"
#include "../verify/reading.h"
#include "../workspace.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/model/redact.h"

#include <stdlib.h>
#include <string.h>

static json_t *hidden(const char *text)
{
    AUTO_FREE char *clean = redact_dup(text);

    return js_string_lossy(clean, strlen(clean));
}

static json_t *hidden_value(const json_t *value)
{
    AUTO_FREE char *clean = redact_json(value);
    json_t *out = NULL;

    return js_parse(clean, strlen(clean), &out, NULL) == VDO_OK ? out : json_null();
}

static int keep(struct job_run *run, const char *line, json_t *value, struct err *err)
{
    AUTO_FREE char *key =
        xasprintf("%s/%s/%04d/%06d", run->job->id, run->step, run->attempt, run->commands++);
    int rc;

    (void)json_object_set_new(value, "step", json_string(run->step));
    (void)json_object_set_new(value, "attempt", json_integer(run->attempt));
    (void)json_object_set_new(value, "line", hidden(line));
    rc = store_doc_put(run->p->o.store, RECORD_COMMAND_KIND, key, value, err);
    json_decref(value);
    return rc ? (err_wrap(err, "record a command"), rc) : VDO_OK;
}

static int keep_result(struct job_run *run, const char *line, const struct sandbox_result *result,
                       const json_t *reading, struct err *err)
{
    json_t *value = json_pack("{s:i, s:i, s:I, s:I, s:o, s:o}", "end", (int)result->end, "exit",
                              result->exit_code, "ms", (json_int_t)result->wall_ms, "cpu_ms",
                              (json_int_t)result->cpu_ms, "output", hidden(result->output), "limit",
                              hidden(result->limit));

    if (reading)
        (void)json_object_set_new(value, "reading", hidden_value(reading));
    if (result->network)
        (void)json_object_set(value, "network", result->network);
    return keep(run, line, value, err);
}

/* A name that is looked up may be made of a secret. */
static void hide_in_network(struct sandbox_result *result)
{
    json_t *clean = result->network ? hidden_value(result->network) : NULL;

    json_decref(result->network);
    result->network = clean;
}

static int run_and_read(struct job_run *run, const struct sandbox_spec *spec,
                        struct sandbox_result *result, json_t **out_reading, struct err *err)
{
    struct sandbox_spec ours = *spec;
    struct reading *reading;
    int rc;

    ours.at = workspace_place(run);
    reading = out_reading ? reading_new(spec->dir, ours.at) : NULL;
    if (reading) {
        ours.on_output = reading_feed;
        ours.on_output_arg = reading;
    }
    rc = sandbox_run(run->p->o.sandbox, &ours, result, err);
    if (!rc)
        hide_in_network(result);
    if (!rc && reading)
        *out_reading = reading_end(reading, result->exit_code);
    reading_free(reading);
    return rc;
}

static int run_and_keep(struct job_run *run, const char *line, const struct sandbox_spec *spec,
                        struct sandbox_result *result, json_t **out_reading, struct err *err)
{
    struct err why = {0};
    json_t *reading = NULL;
    int kept = VDO_OK;
    int rc = run_and_read(run, spec, result, out_reading ? &reading : NULL, &why);

    if (rc == VDO_OK)
        kept = keep_result(run, line, result, reading, err);
    else if (rc == VDO_E_REFUSED || rc == VDO_E_INVALID)
        kept =
            keep(run, line, json_pack("{s:i, s:o}", "code", rc, "refused", hidden(why.text)), err);
    if (kept && rc == VDO_OK)
        sandbox_result_release(result);
    if (kept || rc) {
        json_decref(reading);
        return kept ? kept : err_set(err, why.code, "%s", why.text);
    }
    if (out_reading)
        *out_reading = reading;
    return VDO_OK;
}

int record_run(struct job_run *run, const char *line, const struct sandbox_spec *spec,
               struct sandbox_result *result, json_t **out_reading, struct err *err)
{
    AUTO_FREE char *clean = redact_dup(line);
    int rc = run->p->replay ?
                 replay_command(run->p->replay, run->step, line, result, out_reading, err) :
                 run_and_keep(run, line, spec, result, out_reading, err);

    if (!rc)
        network_keep(run, clean, spec, result);
    return rc;
}

int record_fact(struct job_run *run, const char *what, json_t **value, struct err *err)
{
    if (run->p->replay)
        return replay_fact(run->p->replay, run->step, what, value, err);
    return keep(run, what, json_pack("{s:o}", "fact", hidden_value(*value)), err);
}

bool record_can_run(const struct job_run *run)
{
    return run->p->replay ? replay_could_run(run->p->replay) : sandbox_available(run->p->o.sandbox);
}

const char *record_isolation(const struct job_run *run)
{
    return run->p->replay ? replay_isolation(run->p->replay) : sandbox_describe(run->p->o.sandbox);
}

bool record_is_replay(const struct job_run *run)
{
    return run->p->replay != NULL;
}

bool record_took_tools(const struct job_run *run)
{
    return replay_took_tools(run->p->replay, run->step);
}
