#include "replay.h"

#include "../verify/reading.h"
#include "record.h"
#include "replay_diff.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"
#include "vdo/model/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_VERSION = 1, SHORT_ID = 12 };

int replay_new(const json_t *record, struct replay **out, struct err *err)
{
    static const char *const arrays[] = {"steps", "calls", "commands"};

    if (js_int(record, "vdo_record", 0) != RECORD_VERSION)
        return err_set(err, VDO_E_INVALID, "vdo_record: expected %d, this is no record of a job",
                       RECORD_VERSION);
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        if (!json_is_array(json_object_get(record, arrays[i])))
            return err_set(err, VDO_E_INVALID, "%s: expected an array", arrays[i]);
    }
    if (!json_is_object(json_object_get(record, "job")))
        return err_set(err, VDO_E_INVALID, "job: expected an object");
    *out = xcalloc(1, sizeof(**out));
    (*out)->record = record;
    return VDO_OK;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    json_decref(replay->difference);
    free(replay);
}

static const json_t *find_step(const struct replay *replay, const char *name)
{
    const json_t *step;
    size_t i;

    json_array_foreach (json_object_get(replay->record, "steps"), i, step) {
        if (strcmp(js_str(step, "name", ""), name) == 0)
            return step;
    }
    return NULL;
}

const json_t *replay_checkpoint(const struct replay *replay, const char *name)
{
    const json_t *step = find_step(replay, name);

    return strcmp(js_str(step, "state", ""), "done") == 0 ? json_object_get(step, "output") : NULL;
}

/* ---- what differs ---- */

static void replace_all(char **text, const char *from, const char *to)
{
    struct strbuf out;
    const char *at = *text;
    const char *found;

    if (!*from || !strstr(*text, from))
        return;
    strbuf_init(&out, VDO_MAX_JSON_BYTES);
    for (; (found = strstr(at, from)); at = found + strlen(from)) {
        (void)strbuf_add(&out, at, (size_t)(found - at));
        (void)strbuf_adds(&out, to);
    }
    (void)strbuf_adds(&out, at);
    free(*text);
    *text = strbuf_take(&out, NULL);
}

/* A commit id, whole and as commands shorten it. */
static void replace_commit(char **text, const char *from, const char *to)
{
    char short_from[SHORT_ID + 1];
    char short_to[SHORT_ID + 1];

    if (!*from || !*to)
        return;
    replace_all(text, from, to);
    (void)snprintf(short_from, sizeof(short_from), "%s", from);
    (void)snprintf(short_to, sizeof(short_to), "%s", to);
    replace_all(text, short_from, short_to);
}

/* The new value with the names that the record has. base, commit: of the new repository; ""
 * unknown. */
static json_t *renamed(const struct replay *replay, const json_t *now, const char *base,
                       const char *commit)
{
    char *text = json_dumps(now, JSON_COMPACT | JSON_ENCODE_ANY);
    json_t *out = NULL;

    replace_all(&text, replay->dir, js_str(replay->record, "job.repo", ""));
    replace_all(&text, replay->id, js_str(replay->record, "job.id", ""));
    replace_commit(&text, base, js_str(replay_checkpoint(replay, "checkout"), "base_sha", ""));
    replace_commit(&text, commit, js_str(replay_checkpoint(replay, "deliver"), "commit", ""));
    if (js_parse(text, strlen(text), &out, NULL))
        out = json_null();
    free(text);
    return out;
}

static void note(struct replay *replay, const char *what, json_t *difference)
{
    if (replay->difference) {
        json_decref(difference);
        return;
    }
    (void)json_object_set_new(difference, "what", json_string(what));
    replay->difference = difference;
}

static void note_missing(struct replay *replay, const char *what, const char *now)
{
    bool ended = strcmp(js_str(replay->record, "job.state", ""), "completed") != 0;

    /* A job that was stopped has a record that stops. */
    if (!ended)
        note(replay, what,
             json_pack("{s:s, s:s, s:o}", "where", "", "recorded", "(nothing further)", "now",
                       js_string_lossy(now, strlen(now))));
    replay->exhausted = true;
}

/* ---- model calls ---- */

static bool belongs(const struct replay *replay, const json_t *entry, const char *attempt,
                    const char *step)
{
    return strcmp(js_str(entry, "step", ""), step) == 0 &&
           js_int(entry, attempt, 0) == js_int(find_step(replay, step), "attempt", 0);
}

static const json_t *next_command(const struct replay *replay, const char *step, bool fact)
{
    const json_t *commands = json_object_get(replay->record, "commands");
    json_t *command;
    size_t i;

    /* In the order of their keys, which is not that of the steps. */
    json_array_foreach (commands, i, command) {
        if (belongs(replay, command, "attempt", step) && !js_bool(command, "used", false) &&
            (json_object_get(command, "fact") != NULL) == fact)
            return command;
    }
    return NULL;
}

static const json_t *take_command(const struct replay *replay, const char *step, bool fact)
{
    const json_t *command = next_command(replay, step, fact);

    if (command)
        (void)json_object_set_new((json_t *)(uintptr_t)command, "used", json_true());
    return command;
}

/* The next answer within the step's last course; *out_cost takes in the failed attempts before. */
static const json_t *next_answer(struct replay *replay, const char *step, int64_t *out_cost)
{
    const json_t *calls = json_object_get(replay->record, "calls");
    const json_t *call;

    while ((call = json_array_get(calls, replay->next_call))) {
        bool ours = belongs(replay, call, "step_attempt", step);

        if (!ours && find_step(replay, js_str(call, "step", "")) &&
            js_int(call, "step_attempt", 0) ==
                js_int(find_step(replay, js_str(call, "step", "")), "attempt", 0) &&
            js_bool(call, "ok", false))
            return NULL; /* another step's turn */
        replay->next_call++;
        *out_cost += ours ? js_int(call, "cost_microusd", 0) : 0;
        if (ours && js_bool(call, "ok", false))
            return call;
    }
    return NULL;
}

/* A conversation that was too long then was begun anew, which the record shows by its being
 * shorter. */
static bool was_begun_anew(const json_t *recorded, const json_t *request)
{
    return json_array_size(json_object_get(recorded, "turns")) <
           json_array_size(json_object_get(request, "turns"));
}

/* The words in which a role failed that the job then went on without, when that comes next in the
 * step; NULL: it has an answer, or none is recorded. */
static const char *next_failure(struct replay *replay, const char *step, enum role role,
                                const json_t *call)
{
    const json_t *fact = next_command(replay, step, true);

    if (strcmp(js_str(fact, "line", ""), RECORD_FAILED_ROLE) != 0)
        return NULL;
    return call && strcmp(js_str(call, "role", ""), role_name(role)) == 0 ?
               NULL :
               js_str(fact, "fact", "it failed");
}

static int play(void *arg, const char *step, enum role role, const json_t *request,
                json_t **out_response, struct err *err)
{
    struct replay *replay = arg;
    int64_t cost = 0;
    const json_t *call = next_answer(replay, step, &cost);
    const char *failure = next_failure(replay, step, role, call);
    AUTO_FREE char *what = NULL;
    json_auto_t *now = NULL;
    json_t *difference;

    if (failure) {
        replay->next_call -= call != NULL;
        return err_set(err, VDO_E_REFUSED, "%s", failure);
    }
    if (!call) {
        what = xasprintf("a call of the %s in step %s", role_name(role), step);
        note_missing(replay, what, "one more call");
        return err_set(err, VDO_E_INVALID, "the record has no further answer for %s in step %s",
                       role_name(role), step);
    }
    if (was_begun_anew(json_object_get(call, "request"), request)) {
        replay->next_call--;
        return err_set(err, VDO_E_TOO_LARGE, "the prompt was too long");
    }
    replay->calls++;
    what = xasprintf("call %lld, %s in step %s", (long long)replay->calls, role_name(role), step);
    now = renamed(replay, request, "", "");
    difference = replay_diff(json_object_get(call, "request"), now);
    if (difference)
        note(replay, what, difference);
    *out_response = json_copy(json_object_get(call, "response"));
    (void)json_object_set_new(*out_response, "cost_microusd", json_integer((json_int_t)cost));
    return VDO_OK;
}

/* ---- commands ---- */

static void note_line(struct replay *replay, const char *what, const json_t *command,
                      const char *now)
{
    if (strcmp(js_str(command, "line", ""), now) != 0)
        note(replay, what,
             json_pack("{s:s, s:s, s:o}", "where", "line", "recorded", js_str(command, "line", ""),
                       "now", js_string_lossy(now, strlen(now))));
}

int replay_command(struct replay *replay, const char *step, const char *line,
                   struct sandbox_result *result, json_t **out_reading, struct err *err)
{
    const json_t *command = take_command(replay, step, false);
    AUTO_FREE char *clean = redact_dup(line);
    AUTO_FREE char *what =
        xasprintf("command %lld, in step %s", (long long)replay->commands + 1, step);

    if (!command) {
        note_missing(replay, what, clean);
        return err_set(err, VDO_E_INVALID, "the record has no further command in step %s", step);
    }
    replay->commands++;
    note_line(replay, what, command, clean);
    if (js_str(command, "refused", NULL))
        return err_set(err,
                       js_int(command, "code", 0) == VDO_E_REFUSED ? VDO_E_REFUSED : VDO_E_INVALID,
                       "%s", js_str(command, "refused", ""));
    *result = (struct sandbox_result){.end = (enum sandbox_end)js_int(command, "end", 0),
                                      .exit_code = (int)js_int(command, "exit", 0),
                                      .wall_ms = js_int(command, "ms", 0),
                                      .cpu_ms = js_int(command, "cpu_ms", 0),
                                      .output = xstrdup(js_str(command, "output", "")),
                                      .network = json_incref(json_object_get(command, "network"))};
    (void)snprintf(result->limit, sizeof(result->limit), "%s", js_str(command, "limit", ""));
    if (out_reading) {
        const json_t *reading = json_object_get(command, "reading");

        *out_reading = json_is_object(reading) ? json_deep_copy(reading) : reading_none();
    }
    return VDO_OK;
}

int replay_fact(struct replay *replay, const char *step, const char *what, json_t **value,
                struct err *err)
{
    const json_t *fact = take_command(replay, step, true);
    AUTO_FREE char *where = xasprintf("what was found in step %s", step);

    if (!fact) {
        note_missing(replay, where, what);
        return err_set(err, VDO_E_INVALID,
                       "the record does not say what was found of %s in step %s", what, step);
    }
    note_line(replay, where, fact, what);
    json_decref(*value);
    *value = json_deep_copy(json_object_get(fact, "fact"));
    return VDO_OK;
}

bool replay_took_tools(const struct replay *replay, const char *step)
{
    const json_t *calls = json_object_get(replay->record, "calls");
    const json_t *call;

    for (size_t i = replay->next_call; (call = json_array_get(calls, i)); i++) {
        if (belongs(replay, call, "step_attempt", step) && js_bool(call, "ok", false))
            return json_array_size(js_at(call, "request.tools")) > 0;
    }
    return true;
}

bool replay_could_run(const struct replay *replay)
{
    const json_t *verify = replay_checkpoint(replay, "verify");
    const char *skipped = js_str(verify, "skipped", "");

    /* Without isolation it was skipped for that reason; without checks linters were run. */
    return !*skipped || strcmp(skipped, js_str(verify, "isolation", "")) != 0;
}

const char *replay_isolation(const struct replay *replay)
{
    return js_str(replay_checkpoint(replay, "verify"), "isolation", "");
}

void replay_install(struct replay *replay, struct pipeline *pipeline, struct model *model)
{
    pipeline->replay = replay;
    model_set_player(model, play, replay);
}

/* ---- the job ---- */

static char *member(const struct replay *replay, const char *path)
{
    return (char *)(uintptr_t)js_str(replay->record, path, "");
}

int replay_submit(struct replay *replay, struct jobs *jobs, struct store *store, const char *dir,
                  char out_id[RAND_ID_SIZE], struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    char forge[] = "local";
    char trigger[] = "{\"kind\":\"cli\"}";
    struct job job = {.workflow = member(replay, "job.workflow"),
                      .forge = forge,
                      .repo = (char *)(uintptr_t)dir,
                      .title = member(replay, "job.title"),
                      .text = member(replay, "job.text"),
                      .instructions = member(replay, "job.instructions"),
                      .type = member(replay, "job.type"),
                      .priority = member(replay, "job.priority"),
                      .requester = member(replay, "job.requester"),
                      .trigger = trigger,
                      .base_ref = member(replay, "job.base_ref")};
    int rc = jobs_submit(jobs, &job, NULL, 0, out_id, err);

    if (rc)
        return rc;
    (void)snprintf(replay->dir, sizeof(replay->dir), "%s", dir);
    memcpy(replay->id, out_id, RAND_ID_SIZE);
    update.approved_by = js_str(replay->record, "job.approved_by", NULL);
    update.answer = js_str(replay->record, "job.answer", NULL);
    return store_job_update(store, out_id, -1, &update, NULL, 0, err);
}

/* ---- the comparison at the end ---- */

/* What is not the same in two runs of the same job. */
static void drop_volatile(json_t *value, bool with_trees)
{
    static const char *const names[] = {"ms", "default_branch", "html_url",  "branch", "commit",
                                        "pr", "pr_url",         "isolation", NULL};
    const char *name = js_str(value, "name", "");
    const char *key;
    json_t *inner;
    void *next;
    size_t i;

    for (i = 0; json_is_object(value) && names[i]; i++)
        (void)json_object_del(value, names[i]);
    if (!with_trees && json_is_object(value))
        (void)json_object_del(value, "tree");
    if (json_is_object(value) && (strcmp(name, "cost") == 0 || strcmp(name, "isolation") == 0))
        (void)json_object_del(value, "text");
    if (*js_str(value, "skipped", ""))
        (void)json_object_set_new(value, "skipped", json_string("(for a reason)"));
    json_object_foreach_safe(value, next, key, inner) drop_volatile(inner, with_trees);
    json_array_foreach (value, i, inner) {
        drop_volatile(inner, with_trees);
    }
}

static void compare_step(struct replay *replay, const json_t *recorded, const json_t *now,
                         const char *base)
{
    const char *name = js_str(recorded, "name", "");
    AUTO_FREE char *what = xasprintf("the outcome of step %s", name);
    json_auto_t *clean = NULL;
    json_auto_t *a = json_deep_copy(json_object_get(recorded, "output"));
    json_auto_t *b = NULL;
    json_t *difference;
    bool with_trees = !js_bool(replay->record, "files_hidden", false);
    char *text = redact_json(now);

    (void)js_parse(text, strlen(text), &clean, NULL);
    free(text);
    b = renamed(replay, clean ? clean : now, base, js_str(now, "commit", ""));
    drop_volatile(a, with_trees);
    drop_volatile(b, with_trees);
    difference = replay_diff(a, b);
    if (difference)
        note(replay, what, difference);
}

static void compare_steps(struct replay *replay, const json_t *outputs, int64_t *out_steps)
{
    const char *base = js_str(outputs, "checkout.base_sha", "");
    const json_t *step;
    size_t i;

    *out_steps = 0;
    json_array_foreach (json_object_get(replay->record, "steps"), i, step) {
        const json_t *now = json_object_get(outputs, js_str(step, "name", ""));

        if (strcmp(js_str(step, "state", ""), "done") != 0)
            continue;
        ++*out_steps;
        if (now)
            compare_step(replay, step, now, base);
        else
            note(replay, "the steps",
                 json_pack("{s:s, s:s, s:s}", "where", js_str(step, "name", ""), "recorded", "done",
                           "now", "not done"));
    }
}

static json_t *outputs_of(struct store *store, const char *id, struct err *err)
{
    struct job_step *steps = NULL;
    json_t *outputs = json_object();
    size_t n = 0;

    if (store_step_list(store, id, &steps, &n, err)) {
        json_decref(outputs);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        json_t *output = NULL;

        if (steps[i].state == STEP_DONE && steps[i].output &&
            js_parse(steps[i].output, strlen(steps[i].output), &output, NULL) == VDO_OK)
            (void)json_object_set_new(outputs, steps[i].name, output);
        job_step_release(&steps[i]);
    }
    free(steps);
    return outputs;
}

static void compare_end(struct replay *replay, const struct job *job)
{
    const char *recorded = js_str(replay->record, "job.state", "");
    const char *now = job_state_name(job->state);

    if (strcmp(recorded, now) == 0 || replay->exhausted)
        return;
    note(replay, "the end of the job",
         json_pack("{s:s, s:s, s:o}", "where", "state", "recorded", recorded, "now",
                   json_sprintf("%s: %s %s", now, job->headline, job->reason)));
}

int replay_report(struct replay *replay, struct store *store, const char *id, json_t **out,
                  struct err *err)
{
    json_auto_t *outputs = outputs_of(store, id, err);
    struct job job = {0};
    int64_t steps = 0;
    int rc = outputs ? store_job_get(store, id, &job, err) : err->code;

    if (rc)
        return rc;
    compare_steps(replay, outputs, &steps);
    compare_end(replay, &job);
    *out = json_pack("{s:s, s:b, s:I, s:I, s:I, s:s, s:s, s:o}", "job",
                     js_str(replay->record, "job.id", ""), "identical", replay->difference == NULL,
                     "calls", (json_int_t)replay->calls, "commands", (json_int_t)replay->commands,
                     "steps", (json_int_t)steps, "state", job_state_name(job.state),
                     "recorded_state", js_str(replay->record, "job.state", ""), "difference",
                     replay->difference ? json_incref(replay->difference) : json_null());
    job_release(&job);
    return VDO_OK;
}
