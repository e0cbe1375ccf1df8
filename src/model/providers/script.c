/* Answers from a scripted model file; its shape is on the interfaces page, "Scripted model file".
 */
#include "../script.h"
#include "../stop.h"
#include "../turns.h"

#include "vdo/base/assets.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static bool is_role(const char *name)
{
    for (int i = 0; name && i <= ROLE_REVIEWER; i++) {
        if (strcmp(role_name((enum role)i), name) == 0)
            return true;
    }
    return false;
}

/* A step that no role would come to is a mistake of the file, not of the job. */
static int check_steps(const char *file, const json_t *script, struct err *err)
{
    const json_t *steps = json_object_get(script, "steps");
    const json_t *step;
    size_t i;

    if (!json_is_array(steps))
        return err_set(err, VDO_E_INVALID, "script %s: steps: expected an array", file);
    json_array_foreach (steps, i, step) {
        const json_t *text = js_at(step, "answer.text");
        const json_t *calls = js_at(step, "answer.tool_calls");

        if (!is_role(js_str(step, "role", NULL)))
            return err_set(err, VDO_E_INVALID,
                           "script %s: steps.%zu.role: expected refiner, planner, builder, tester "
                           "or reviewer",
                           file, i);
        if (!json_is_object(json_object_get(step, "answer")))
            return err_set(err, VDO_E_INVALID, "script %s: steps.%zu.answer: expected an object",
                           file, i);
        if (text && (json_is_number(text) || json_is_boolean(text)))
            return err_set(err, VDO_E_INVALID,
                           "script %s: steps.%zu.answer.text: expected a string, an object or an "
                           "array",
                           file, i);
        if (calls && !json_is_null(calls) && !json_is_array(calls))
            return err_set(err, VDO_E_INVALID,
                           "script %s: steps.%zu.answer.tool_calls: expected an array", file, i);
    }
    return VDO_OK;
}

static int load(const struct config_provider *provider, json_t **out, struct err *err)
{
    AUTO_FREE char *bytes = NULL;
    const char *file = provider->file ? provider->file : "";
    size_t len = 0;
    int rc;

    rc = fs_read_file(file, VDO_MAX_JSON_BYTES, &bytes, &len, err);
    if (rc == VDO_E_NOT_FOUND) {
        err_clear(err);
        rc = assets_load(file, &bytes, &len, NULL);
        if (rc)
            (void)err_set(err, rc, "there is no file '%s'", file);
    }
    if (rc)
        return (void)err_wrap(err, "providers.%s.file", provider->name), rc;
    rc = js_parse(bytes, len, out, err);
    if (rc)
        return (void)err_wrap(err, "script %s", file), rc;
    rc = check_steps(file, *out, err);
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

int script_check(const struct config_provider *provider, struct err *err)
{
    json_auto_t *script = NULL;

    return load(provider, &script, err);
}

int script_pick(const json_t *script, const char *role, int64_t position, const char *last_text,
                const json_t **out_answer, int64_t *out_step)
{
    const json_t *step;
    int64_t n = 0;
    size_t i;

    json_array_foreach (json_object_get(script, "steps"), i, step) {
        const char *wanted = js_str(step, "when.contains", NULL);

        if (strcmp(js_str(step, "role", ""), role) != 0)
            continue;
        if (n++ < position || (wanted && !strstr(last_text, wanted)))
            continue;
        *out_answer = json_object_get(step, "answer");
        *out_step = n - 1;
        return VDO_OK;
    }
    return VDO_E_NOT_FOUND;
}

static bool has_conditions(const json_t *script, const char *role)
{
    const json_t *step;
    size_t i;

    json_array_foreach (json_object_get(script, "steps"), i, step) {
        if (strcmp(js_str(step, "role", ""), role) == 0 && json_object_get(step, "when"))
            return true;
    }
    return false;
}

static int64_t step_in_record(const struct model_call *call, const char *role)
{
    json_auto_t *response = NULL;

    if (!call->ok || strcmp(call->role, role) != 0 || !call->response ||
        js_parse(call->response, strlen(call->response), &response, NULL))
        return -1;
    return js_int(response, "script_step", -1);
}

/*
 * Steps that a condition skipped are used up too, so the count of answers does not tell where we
 * are: the record does. A step that was begun again repeats steps of the script; the last course
 * counts.
 */
static int position_from_record(struct store *store, const char *job_id, const char *role,
                                int64_t answers, int64_t *out, struct err *err)
{
    struct model_call *calls = NULL;
    size_t n = 0;
    int64_t *used;
    int64_t n_used = 0;
    int rc = store_call_list(store, job_id, true, &calls, &n, err);

    if (rc)
        return rc;
    used = xcalloc(n + 1, sizeof(*used));
    for (size_t i = 0; i < n; i++) {
        int64_t step = step_in_record(&calls[i], role);

        model_call_release(&calls[i]);
        if (step < 0)
            continue;
        while (n_used > 0 && used[n_used - 1] >= step)
            n_used--;
        used[n_used++] = step;
    }
    *out = answers;
    if (answers > 0 && answers <= n_used)
        *out = used[answers - 1] + 1;
    free(used);
    free(calls);
    return VDO_OK;
}

static int find_position(const struct model_session *session, const json_t *script,
                         const struct model_context *context, const char *role, int64_t *out,
                         struct err *err)
{
    struct store *store = session->model->store;
    int64_t answers = 0;
    int rc;

    if (!store || !context->job_id || !*context->job_id) {
        *out = context->script_position;
        return VDO_OK;
    }
    rc = store_call_position(store, context->job_id, role, &answers, err);
    *out = answers;
    if (!rc && answers > 0 && has_conditions(script, role))
        rc = position_from_record(store, context->job_id, role, answers, out, err);
    return rc;
}

/* Text may be written as JSON, which spares the escaping of structured answers. */
static void add_text(struct wire_answer *answer, const json_t *text)
{
    AUTO_FREE char *dumped = NULL;
    const char *bytes = json_string_value(text);

    if (!bytes && (json_is_object(text) || json_is_array(text)))
        bytes = dumped = json_dumps(text, JSON_COMPACT);
    if (!bytes || !*bytes)
        return;
    (void)turn_add_block(&answer->turn, BLOCK_TEXT, bytes, strlen(bytes));
    wire_on_text(answer, bytes, strlen(bytes));
}

static void add_calls(struct wire_answer *answer, const json_t *calls)
{
    const json_t *call;
    size_t i;

    json_array_foreach (calls, i, call) {
        const json_t *given = json_object_get(call, "arguments");
        AUTO_FREE char *args = json_is_string(given) ? xstrdup(json_string_value(given)) :
                               given ? json_dumps(given, JSON_COMPACT | JSON_ENCODE_ANY) :
                                       xstrdup("");

        (void)turn_add_call(&answer->turn, js_str(call, "id", NULL), js_str(call, "name", ""), args,
                            strlen(args));
        answer->output_bytes += strlen(args);
    }
}

static enum model_stop stop_of(const struct wire_answer *answer, const char *stop)
{
    enum model_stop named;

    if (stop && stop_parse(stop, &named))
        return named;
    return turn_has_calls(&answer->turn) ? STOP_TOOL : STOP_END;
}

static void read_answer(const json_t *from, struct wire_answer *answer)
{
    const json_t *usage = json_object_get(from, "usage");
    const char *stop = js_str(from, "stop", NULL);

    add_text(answer, json_object_get(from, "text"));
    add_calls(answer, json_object_get(from, "tool_calls"));
    answer->stop = stop_of(answer, stop);
    wire_set_stop(answer, stop ? stop : model_stop_name(answer->stop));
    answer->complete = true;
    if (!json_is_object(usage))
        return;
    answer->usage_seen = true;
    answer->usage.input = js_int(usage, "input", 0);
    answer->usage.output = js_int(usage, "output", 0);
    answer->usage.cache_read = js_int(usage, "cache_read", 0);
    answer->usage.cache_write = js_int(usage, "cache_write", 0);
}

int script_answer(const struct model_session *session, const struct config_provider *provider,
                  const struct model_context *context, enum role role, const struct chat *chat,
                  struct wire_answer *answer, int64_t *out_step, struct err *err)
{
    json_auto_t *script = NULL;
    AUTO_FREE char *last = chat_last_text(chat);
    const json_t *found = NULL;
    int64_t position = 0;
    int rc = load(provider, &script, err);

    if (!rc)
        rc = find_position(session, script, context, role_name(role), &position, err);
    if (rc)
        return rc;
    if (script_pick(script, role_name(role), position, last, &found, out_step))
        return err_set(err, VDO_E_INVALID,
                       "script %s has no answer for role %s, turn %lld: add a step to it",
                       provider->file, role_name(role), (long long)position + 1);
    read_answer(found, answer);
    return VDO_OK;
}
