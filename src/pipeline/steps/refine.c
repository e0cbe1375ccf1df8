#include "../agent/ask.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>

static int refine_without(struct job_run *run, const char *reason)
{
    run->result = json_pack("{s:s, s:[{s:s, s:s}], s:[], s:s}", "title",
                            run_str(run, "snapshot.title"), "criteria", "id", "C1", "text",
                            run_str(run, "snapshot.title"), "questions", "skipped", reason);
    run_log(run, "warn", "no criteria were made, the title stands for them: %s", reason);
    run_note(run, "skipped: %s", reason);
    return VDO_OK;
}

/* Questions stop a job only where somebody can answer: on a forge, and once. */
static bool must_wait(const struct job_run *run, const json_t *answer)
{
    return run_is_github(run) && json_array_size(js_at(answer, "questions")) > 0 &&
           !(run->job->answer && *run->job->answer);
}

int step_refine(struct job_run *run, struct err *err)
{
    json_auto_t *data = prompt_data(run);
    json_auto_t *answer = NULL;
    AUTO_FREE char *reason = NULL;
    struct err why = {0};
    int rc = ask_role(run, ROLE_REFINER, data, &answer, &why);

    if (rc && ask_can_go_on_without(run, rc, &why, &reason))
        return refine_without(run, reason);
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    if (json_array_size(js_at(answer, "criteria")) == 0 &&
        json_array_size(js_at(answer, "questions")) == 0)
        return refine_without(run, "the refiner named no criteria");
    if (must_wait(run, answer)) {
        AUTO_FREE char *questions = js_dump(js_at(answer, "questions"));

        run->wait_state = JOB_AWAITING_ANSWER;
        run_log(run, "info", "questions: %s", questions);
        (void)snprintf(run->wait_headline, sizeof(run->wait_headline), "question: %s",
                       js_str(answer, "questions.0", ""));
        return VDO_OK;
    }
    (void)json_object_set_new(answer, "skipped", json_null());
    run->result = json_incref(answer);
    run_note(run, "%zu criteria", json_array_size(js_at(answer, "criteria")));
    return VDO_OK;
}
