#include "run.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_log(struct job_run *run, const char *level, const char *fmt, ...)
{
    AUTO_STRBUF text = {0};
    va_list ap;

    strbuf_init(&text, VDO_MAX_LOG_LINE);
    va_start(ap, fmt);
    if (strbuf_vaddf(&text, fmt, ap))
        (void)strbuf_adds(&text, "(line too long)");
    va_end(ap);
    jobs_log(run->p->jobs, run->job->id, run->step, level, text.ptr);
}

int run_headline(struct job_run *run, struct err *err, const char *fmt, ...)
{
    struct job_update update = JOB_UPDATE_NONE;
    char text[RUN_NOTE_SIZE];
    va_list ap;
    int rc;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    update.headline = text;
    rc = store_job_update(run->p->o.store, run->job->id, run->job->epoch, &update, NULL, 0, err);
    if (!rc)
        jobs_changed(run->p->jobs, run->job->id);
    return rc;
}

void run_so_far(struct job_run *run, const char *name, json_t *value)
{
    if (!run->so_far)
        run->so_far = json_object();
    (void)json_object_set(run->so_far, name, value);
}

void run_note(struct job_run *run, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(run->note, sizeof(run->note), fmt, ap);
    va_end(ap);
}

int run_has_time(struct job_run *run, struct err *err)
{
    if (atomic_load(run->lease->stop))
        return err_set(err, VDO_E_CANCELLED, "asked to stop");
    if (clock_now_ms(run->p->o.clock) > run->deadline_ms)
        return err_set(err, VDO_E_LIMIT, "the job used up its %lld minutes (limits.job_minutes)",
                       (long long)run->limits.job_minutes);
    return VDO_OK;
}

int run_may_go_on(struct job_run *run, struct err *err)
{
    const struct config_limits *limits = &run->limits;
    int rc = run_has_time(run, err);

    if (rc)
        return rc;
    if (limits->job_turns > 0 && run->turns >= limits->job_turns)
        return err_set(err, VDO_E_LIMIT, "the job used up its %lld model calls (limits.job_turns)",
                       (long long)limits->job_turns);
    if (limits->job_output_tokens > 0 && run->output_tokens >= limits->job_output_tokens)
        return err_set(err, VDO_E_LIMIT,
                       "the job used up its %lld output tokens (limits.job_output_tokens)",
                       (long long)limits->job_output_tokens);
    return VDO_OK;
}

const char *run_str(const struct job_run *run, const char *path)
{
    return js_str(run->out, path, "");
}

const char *run_tree_oid(const struct job_run *run)
{
    static const char *const newest_first[] = {"review.tree", "verify.tree", "test.tree",
                                               "build.tree", "checkout.base_sha"};

    for (size_t i = 0; i < sizeof(newest_first) / sizeof(newest_first[0]); i++) {
        const char *oid = run_str(run, newest_first[i]);

        if (*oid)
            return oid;
    }
    return "";
}

bool run_is_github(const struct job_run *run)
{
    return strcmp(run->job->forge, "github") == 0;
}

struct forge_repo run_repo(const struct job_run *run)
{
    return (struct forge_repo){.installation_id = run->job->installation_id,
                               .id = run->job->repo_id,
                               .name = run->job->repo};
}
