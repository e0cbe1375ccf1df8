#include "network.h"
#include "run.h"
#include "setup/setup.h"
#include "workflow.h"
#include "workspace.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/report/checkpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A step that fails for now is tried again after 5 s, 15 s, 45 s ...; what a forge or a provider
 * asked for wins. */
enum { MAX_STEP_ATTEMPTS = 6, FIRST_RETRY_MS = 5000, LAST_RETRY_MS = 600000 };

int pipeline_new(const struct pipeline_options *options, struct pipeline **out, struct err *err)
{
    struct workflow workflow;
    struct pipeline *p;
    int rc = workflow_load("build", &workflow, err);

    if (rc)
        return rc;
    p = xcalloc(1, sizeof(*p));
    p->o = *options;
    *out = p;
    return VDO_OK;
}

void pipeline_set_jobs(struct pipeline *pipeline, struct jobs *jobs)
{
    pipeline->jobs = jobs;
}

void pipeline_tidy(void *pipeline)
{
    const struct pipeline *p = pipeline;

    setup_tidy(p->o.config);
    workspace_tidy(p->o.store, p->o.config);
}

void pipeline_free(struct pipeline *pipeline)
{
    free(pipeline);
}

/* What the job has used so far, from the ledger: a restart does not forget it. */
static int count_calls(struct job_run *run, struct err *err)
{
    struct model_call *calls = NULL;
    size_t n = 0;
    int rc = store_call_list(run->p->o.store, run->job->id, false, &calls, &n, err);

    for (size_t i = 0; i < n; i++) {
        run->turns++;
        run->output_tokens += calls[i].output_tokens;
        model_call_release(&calls[i]);
    }
    free(calls);
    return rc;
}

static int run_init(struct job_run *run, struct pipeline *p, struct job_lease *lease,
                    struct err *err)
{
    const struct config_limits *limits = &p->o.config->limits;
    int64_t started =
        lease->job.started_at_ms ? lease->job.started_at_ms : clock_now_ms(p->o.clock);
    int rc;

    *run =
        (struct job_run){.p = p, .lease = lease, .job = &lease->job, .step = "", .wait_state = -1};
    run->limits = *limits;
    run->deadline_ms = limits->job_minutes > 0 ? started + limits->job_minutes * 60000 : INT64_MAX;
    rc = checkpoints_load(p->o.store, lease->job.id, &run->out, err);
    if (!rc)
        rc = count_calls(run, err);
    if (!rc && *run_str(run, "checkout.base_sha"))
        rc = workspace_repo_config(run, NULL, err);
    if (!rc)
        run->model = model_session_new(p->o.model, lease->stop);
    return rc;
}

static void run_release(struct job_run *run)
{
    workspace_close(run);
    model_session_free(run->model);
    json_decref(run->out);
    json_decref(run->network);
    json_decref(run->result);
    json_decref(run->so_far);
    json_decref(run->failed);
}

static int finish_job(struct job_run *run, enum job_state state, const char *headline,
                      const char *reason, struct err *err)
{
    struct outbox_row row = {0};
    bool react = run->job->issue > 0 && state != JOB_CANCELLED;
    int rc;

    if (react)
        report_reaction_row(&row, run->job, state == JOB_COMPLETED ? "rocket" : "confused");
    rc = store_job_finish(run->p->o.store, run->job->id, run->job->epoch, state, headline, reason,
                          &row, react ? 1 : 0, err);
    outbox_row_release(&row);
    if (!rc) {
        run_log(run, state == JOB_COMPLETED ? "info" : "warn", "%s%s%s", headline,
                *reason ? ": " : "", reason);
        workspace_drop(run);
        jobs_changed(run->p->jobs, run->job->id);
    }
    return rc;
}

static int begin_step(struct job_run *run, const struct workflow_step *step, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    int rc;

    update.state = (int)step->state;
    update.step = step->name;
    update.headline = step->name;
    update.reason = "";
    run->step = step->name;
    run->note[0] = '\0';
    run->commands = 0;
    run->wait_state = -1;
    json_decref(run->so_far);
    json_decref(run->failed);
    run->so_far = run->failed = NULL;
    rc = store_step_begin(run->p->o.store, run->job->id, run->job->epoch, step->name, &update,
                          &run->attempt, err);
    if (!rc)
        jobs_changed(run->p->jobs, run->job->id);
    return rc;
}

static int end_step(struct job_run *run, enum step_state state, const char *note, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    AUTO_FREE char *output = NULL;
    int rc;

    network_leave(run);
    output = run->result ? js_dump(run->result) : xstrdup("null");
    rc = store_step_finish(run->p->o.store, run->job->id, run->job->epoch, run->step, state, output,
                           note, &update, NULL, 0, err);

    if (!rc && state == STEP_DONE && run->result)
        (void)json_object_set(run->out, run->step, run->result);
    json_decref(run->result);
    run->result = NULL;
    if (!rc) {
        run_log(run, state == STEP_FAILED ? "warn" : "info", "%s%s%s",
                state == STEP_FAILED ? "failed" : "done", *note ? ": " : "", note);
        jobs_changed(run->p->jobs, run->job->id);
    }
    return rc;
}

/* The step asked for a person: the lease is given back, the job waits. */
static int park(struct job_run *run, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    int rc;

    update.state = run->wait_state;
    update.headline = run->wait_headline;
    rc = store_job_release(run->p->o.store, run->job->id, run->job->epoch, &update, err);
    if (!rc) {
        run_log(run, "info", "waiting: %s", run->wait_headline);
        jobs_changed(run->p->jobs, run->job->id);
    }
    return rc;
}

static int cancel(struct job_run *run, struct err *err)
{
    const char *reason = "cancelled on request";
    struct job now = {0};
    int rc;

    if (!run->lease->is_cancelled(run->lease))
        return err_set(err, VDO_E_CANCELLED, "asked to stop");
    if (store_job_get(run->p->o.store, run->job->id, &now, NULL) == VDO_OK && *now.reason)
        reason = now.reason;
    rc = finish_job(run, JOB_CANCELLED, "cancelled", reason, err);
    job_release(&now);
    return rc;
}

static int64_t wait_for_retry(const struct job_run *run)
{
    int64_t wait = FIRST_RETRY_MS;
    int64_t asked = run->model ? model_retry_after_ms(run->model) : 0;
    int64_t forge_asked = forge_retry_after_ms(run->lease->forge);

    for (int i = 1; i < run->attempt && wait < LAST_RETRY_MS; i++)
        wait *= 3;
    wait = wait < LAST_RETRY_MS ? wait : LAST_RETRY_MS;
    wait = wait > asked ? wait : asked;
    return wait > forge_asked ? wait : forge_asked;
}

/* The lease is given back until then: no worker is kept from other jobs by a provider that is down.
 */
static int try_later(struct job_run *run, const struct err *why, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    char reason[RUN_NOTE_SIZE * 2];
    int64_t wait = wait_for_retry(run);
    int rc;

    (void)snprintf(reason, sizeof(reason), "trying again in %lld s: %s: %s",
                   (long long)(wait + 999) / 1000, run->step, why->text);
    update.reason = reason;
    update.run_at_ms = clock_now_ms(run->p->o.clock) + wait;
    run_log(run, "warn", "%s", reason);
    rc = store_job_release(run->p->o.store, run->job->id, run->job->epoch, &update, err);
    if (!rc)
        jobs_changed(run->p->jobs, run->job->id);
    return rc;
}

/* A step ended with a failure; what becomes of the job. */
static int settle_failure(struct job_run *run, int code, const struct err *why, struct err *err)
{
    const char *headline = code == VDO_E_LIMIT ? REPORT_HEADLINE_LIMIT : "failed";
    char kept[RUN_NOTE_SIZE];
    int rc;

    if (code == VDO_E_CONFLICT)
        return err_set(err, VDO_E_CONFLICT, "%s", why->text);
    if (code == VDO_E_CANCELLED && atomic_load(run->lease->stop))
        return cancel(run, err);
    if (code == VDO_E_TEMPORARY && run->attempt < MAX_STEP_ATTEMPTS)
        return try_later(run, why, err);
    json_decref(run->result);
    run->result = run->failed;
    run->failed = NULL;
    headline = js_str(run->result, "headline", headline);
    (void)snprintf(kept, sizeof(kept), "%s", headline);
    rc = end_step(run, STEP_FAILED, why->text, err);
    if (!rc && code == VDO_E_CANCELLED)
        return finish_job(run, JOB_CANCELLED, "cancelled", why->text, err);
    return rc ? rc : finish_job(run, JOB_FAILED, kept, why->text, err);
}

/* *out_stop: the job has reached its end or waits; nothing more to run. */
static int run_step(struct job_run *run, const struct workflow_step *step, bool *out_stop,
                    struct err *err)
{
    struct err why = {0};
    int rc = begin_step(run, step, err);

    if (rc)
        return rc;
    rc = run_may_go_on(run, &why);
    if (!rc)
        rc = step->run(run, &why);
    if (rc) {
        *out_stop = true;
        return settle_failure(run, rc, &why, err);
    }
    if (run->wait_state >= 0) {
        *out_stop = true;
        return park(run, err);
    }
    return end_step(run, STEP_DONE, run->note, err);
}

static int complete(struct job_run *run, struct err *err)
{
    const json_t *deliver = json_object_get(run->out, "deliver");

    if (!deliver)
        return finish_job(run, JOB_COMPLETED, "plan ready", "", err);
    return finish_job(run, JOB_COMPLETED,
                      report_headline(json_object_get(deliver, "verdict"), run->out), "", err);
}

/* The process is going down: the step that was under way has ended, no other begins. */
static int check_draining(const struct job_lease *lease, struct err *err)
{
    if (lease->draining && atomic_load(lease->draining))
        return err_set(err, VDO_E_CANCELLED, "asked to stop");
    return VDO_OK;
}

int pipeline_run(void *pipeline, struct job_lease *lease, struct err *err)
{
    struct workflow workflow;
    struct job_run run = {0};
    bool stop = false;
    int rc = workflow_load(lease->job.workflow, &workflow, err);

    if (!rc)
        rc = run_init(&run, pipeline, lease, err);
    for (size_t i = 0; !rc && !stop && i < workflow.n; i++) {
        if (json_object_get(run.out, workflow.step[i].name))
            continue;
        rc = check_draining(lease, err);
        if (!rc)
            rc = run_step(&run, &workflow.step[i], &stop, err);
    }
    if (!rc && !stop)
        rc = complete(&run, err);
    run_release(&run);
    return rc;
}
