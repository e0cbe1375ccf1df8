#include "../agent/agent.h"
#include "../agent/ask.h"
#include "../changes.h"
#include "../workspace.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* What the builder has been reminded of, so that it is reminded once. */
struct reminder {
    struct job_run *run;
    struct agent *agent;
    json_t *reminded; /* ids of tasks */
};

static bool names_file_of(const json_t *task, const json_t *changed)
{
    size_t i;
    json_t *file;

    if (json_array_size(js_at(task, "files")) == 0)
        return true;
    json_array_foreach (js_at(task, "files"), i, file) {
        if (json_object_get(changed, json_string_value(file)))
            return true;
    }
    return false;
}

/*
 * The builder says it has finished. When it has changed something, but none of the files of a task,
 * it is told once; a model that finishes after each task goes on this way, and one that forgot a
 * task is reminded.
 */
static char *remind(void *arg, struct err *err)
{
    struct reminder *r = arg;
    json_auto_t *changed = NULL;
    struct strbuf text;
    bool any = false;
    size_t i;
    json_t *task;

    if (r->agent->writes == 0 || changes_since_base(r->run, &changed, err))
        return NULL;
    strbuf_init(&text, 64 * VDO_KIB);
    (void)strbuf_adds(
        &text,
        "No file of these tasks has been changed yet. Do them now, or call finish again and say why they need "
        "no change:\n");
    json_array_foreach (js_at(r->run->out, "plan.tasks"), i, task) {
        const char *id = js_str(task, "id", "");

        if (names_file_of(task, changed) || json_object_get(r->reminded, id))
            continue;
        (void)json_object_set_new(r->reminded, id, json_true());
        (void)strbuf_addf(&text, "- task %s: %s\n", id, js_str(task, "title", ""));
        any = true;
    }
    if (!any) {
        strbuf_release(&text);
        return NULL;
    }
    return strbuf_take(&text, NULL);
}

static json_t *tasks_touched(const struct job_run *run, const json_t *changed)
{
    json_t *list = json_array();
    size_t i;
    json_t *task;

    json_array_foreach (js_at(run->out, "plan.tasks"), i, task) {
        if (names_file_of(task, changed))
            (void)json_array_append(list, json_object_get(task, "id"));
    }
    return list;
}

static int check_outcome(const struct agent *agent, enum agent_end end, const json_t *changed,
                         struct err *err)
{
    const char *said = agent->summary ? agent->summary : "";

    if (json_object_size(changed) > 0)
        return VDO_OK;
    if (end == AGENT_REPEATED)
        return err_set(err, VDO_E_REFUSED,
                       "no file was changed: the same tool call failed three times");
    if (end == AGENT_NO_ANSWER)
        return err_set(err, VDO_E_REFUSED,
                       "no file was changed: the model gave no usable answer three times%s%.200s",
                       *said ? "; it said: " : "", said);
    return err_set(err, VDO_E_REFUSED, "no file was changed%s%.300s",
                   *said ? "; the builder says: " : "", said);
}

int step_build(struct job_run *run, struct err *err)
{
    json_auto_t *data = prompt_data(run);
    json_auto_t *changed = NULL;
    struct reminder reminder = {.run = run, .reminded = json_object()};
    struct agent agent = {0};
    enum agent_end end = AGENT_FINISHED;
    char tree[GIT_OID_HEX_SIZE];
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = agent_init(&agent, run, ROLE_BUILDER, data, err);
    if (!rc) {
        reminder.agent = &agent;
        agent.more = remind;
        agent.more_arg = &reminder;
        rc = agent_work(&agent, &end, err);
    }
    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    if (!rc)
        rc = changes_since_base(run, &changed, err);
    if (!rc)
        rc = check_outcome(&agent, end, changed, err);
    if (!rc) {
        run->result = json_pack(
            "{s:s, s:I, s:o, s:s, s:o}", "tree", tree, "turns", (json_int_t)agent.turns, "summary",
            js_string_lossy(agent.summary ? agent.summary : "",
                            agent.summary ? strlen(agent.summary) : 0),
            "end", agent_end_name(end), "tasks_touched", tasks_touched(run, changed));
        run_note(run, "%zu %s changed in %lld turns", json_object_size(changed),
                 json_object_size(changed) == 1 ? "file" : "files", (long long)agent.turns);
    }
    json_decref(reminder.reminded);
    agent_release(&agent);
    return rc;
}
