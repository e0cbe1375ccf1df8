#include "../ask.h"
#include "../workspace.h"

#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Paths that no tool would accept are taken out of a plan, and said. */
static void drop_bad_paths(struct job_run *run, json_t *tasks)
{
    size_t i;
    json_t *task;

    json_array_foreach (tasks, i, task) {
        json_t *files = js_at(task, "files");

        for (size_t f = json_array_size(files); f > 0; f--) {
            const char *path = json_string_value(json_array_get(files, f - 1));
            struct err why = {0};

            if (path && path_check(path, &why) == VDO_OK)
                continue;
            run_log(run, "warn", "the plan named a path that cannot be used: %s", why.text);
            (void)json_array_remove(files, f - 1);
        }
    }
}

static int refuse_empty(struct job_run *run, const json_t *plan, struct err *err)
{
    const char *question = js_str(plan, "questions.0", "");
    const char *summary = js_str(plan, "summary", "");

    if (*question && run_is_github(run) && !(run->job->answer && *run->job->answer)) {
        run->wait_state = JOB_AWAITING_ANSWER;
        (void)snprintf(run->wait_headline, sizeof(run->wait_headline), "question: %s", question);
        return VDO_OK;
    }
    if (*question)
        return err_set(err, VDO_E_REFUSED, "the planner cannot plan without an answer: %s",
                       question);
    return err_set(err, VDO_E_REFUSED, "the plan is empty: %s",
                   *summary ? summary : "the planner named nothing to do");
}

int step_plan(struct job_run *run, struct err *err)
{
    json_auto_t *data = prompt_data(run);
    json_auto_t *plan = NULL;
    json_t *tasks;
    int rc = ask_role(run, ROLE_PLANNER, data, &plan, err);

    if (rc)
        return rc;
    tasks = js_at(plan, "tasks");
    if (json_array_size(tasks) == 0)
        return refuse_empty(run, plan, err);
    drop_bad_paths(run, tasks);
    run->result = json_incref(plan);
    run_note(run, "%zu %s, risk %s", json_array_size(tasks),
             json_array_size(tasks) == 1 ? "task" : "tasks", js_str(plan, "risk", "unknown"));
    return VDO_OK;
}
