#include "../agent/ask.h"
#include "../plan_files.h"
#include "../workspace.h"

#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A plan that names files which are not there goes back once. What it names then counts as new, and
 * so it does when the planner has nothing more to say. */
static int send_back(struct job_run *run, const json_t *data, json_t **plan, struct err *err)
{
    AUTO_FREE char *wrong = plan_files_unknown(run, *plan);
    AUTO_FREE char *reason = NULL;
    struct err why = {0};
    json_t *again = NULL;
    int rc;

    if (!wrong)
        return VDO_OK;
    run_log(run, "info", "the plan goes back: %.600s", wrong);
    rc = ask_role_again(run, ROLE_PLANNER, data, *plan, wrong, &again, &why);
    if (rc && !ask_can_go_on_without(run, rc, &why, &reason))
        return err_set(err, why.code, "%s", why.text);
    if (rc)
        run_log(run, "warn", "the planner did not mend its plan: %s", reason);
    else if (json_array_size(js_at(again, "tasks")) == 0)
        run_log(run, "warn", "the planner's second plan is empty; the first one holds");
    else {
        json_decref(*plan);
        *plan = again;
        again = NULL;
    }
    json_decref(again);
    return VDO_OK;
}

int step_plan(struct job_run *run, struct err *err)
{
    json_auto_t *data = prompt_data(run);
    json_auto_t *plan = NULL;
    json_t *tasks;
    int rc = workspace_index(run, err);

    if (!rc)
        rc = ask_role(run, ROLE_PLANNER, data, &plan, err);
    if (rc)
        return rc;
    if (json_array_size(js_at(plan, "tasks")) == 0)
        return refuse_empty(run, plan, err);
    rc = send_back(run, data, &plan, err);
    if (rc)
        return rc;
    plan_files_settle(run, plan);
    tasks = js_at(plan, "tasks");
    run->result = json_incref(plan);
    run_note(run, "%zu %s, risk %s", json_array_size(tasks),
             json_array_size(tasks) == 1 ? "task" : "tasks", js_str(plan, "risk", "unknown"));
    return VDO_OK;
}
