#include "../workspace.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_FILES = 1000 };

static size_t planned_files(const struct job_run *run, const char **out, size_t max)
{
    size_t n = 0;
    size_t i;
    json_t *task;

    json_array_foreach (js_at(run->out, "plan.tasks"), i, task) {
        size_t f;
        json_t *file;

        json_array_foreach (js_at(task, "files"), f, file) {
            if (n < max)
                out[n++] = json_string_value(file);
        }
    }
    return n;
}

int step_approve(struct job_run *run, struct err *err)
{
    const char *by = run->job->approved_by ? run->job->approved_by : "";
    const char **files = xcalloc(MAX_FILES, sizeof(*files));
    size_t n = planned_files(run, files, MAX_FILES);
    char reason[200] = "";
    bool needs = policy_plan_needs_person(run->repo_config, run_str(run, "plan.risk"), files, n,
                                          reason, sizeof(reason));

    free(files);
    (void)err;
    if (needs && !*by && run_is_github(run)) {
        run->wait_state = JOB_AWAITING_APPROVAL;
        (void)snprintf(run->wait_headline, sizeof(run->wait_headline),
                       "waiting for /vdo approve: %s", reason);
        return VDO_OK;
    }
    /* On a local repository the person who runs the command is the one who approves. */
    run->result = json_pack("{s:s, s:s, s:s}", "mode", needs ? "person" : "auto", "by",
                            needs && !*by ? "the user of this machine" : by, "reason", reason);
    if (needs && !*by)
        run_note(run, "not asked for: who runs it on this machine approves (%s)", reason);
    else
        run_note(run, "%s", needs ? "approved by a person" : "nothing needs a person");
    return VDO_OK;
}
