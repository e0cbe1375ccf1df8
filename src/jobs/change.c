#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/json/json.h"

#include "room.h"

#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
    return text && *text ? js_string_lossy(text, strlen(text)) : json_null();
}

static json_t *number_or_null(int64_t n)
{
    return n ? json_integer(n) : json_null();
}

static json_t *time_or_null(int64_t at_ms)
{
    char buf[CLOCK_RFC3339_SIZE];

    return at_ms ? json_string(clock_rfc3339(at_ms, buf, sizeof(buf))) : json_null();
}

/* The fields of the API's lists, but for "url", which only web knows. */
static char *job_text(const struct job *j)
{
    json_auto_t *json = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f}", "id", j->id,
        "state", job_state_name(j->state), "headline",
        js_string_lossy(j->headline, strlen(j->headline)), "repo", text_or_null(j->repo), "issue",
        number_or_null(j->issue), "pr", number_or_null(j->pr), "title",
        js_string_lossy(j->title, strlen(j->title)), "type", text_or_null(j->type), "priority",
        text_or_null(j->priority), "branch", text_or_null(j->branch), "created_at",
        time_or_null(j->created_at_ms), "started_at", time_or_null(j->started_at_ms), "finished_at",
        time_or_null(j->finished_at_ms), "cost_usd", (double)j->cost_microusd / 1e6);

    return js_dump(json);
}

void publish_job(struct jobs *jobs, const char *id)
{
    struct err err = {0};
    struct job job = {0};
    AUTO_FREE char *text = NULL;

    if (store_job_get(jobs->o.store, id, &job, &err)) {
        if (err.code != VDO_E_NOT_FOUND)
            note_failure(jobs, "live event", &err);
        return;
    }
    text = job_text(&job);
    bus_publish(jobs->o.bus, "job_update", id, text);
    job_release(&job);
}

int jobs_submit(struct jobs *jobs, struct job *job, const struct outbox_row *rows, size_t n_rows,
                char out_id[RAND_ID_SIZE], struct err *err)
{
    int rc = store_job_create(jobs->o.store, job, rows, n_rows, out_id, err);

    if (rc)
        return rc;
    publish_job(jobs, out_id);
    bus_ring(jobs->o.bus, BUS_JOBS);
    bus_ring(jobs->o.bus, BUS_OUTBOX);
    return VDO_OK;
}

/* After a change by a person: live event, and whoever has to act on it. */
static void tell(struct jobs *jobs, const char *id)
{
    publish_job(jobs, id);
    bus_ring(jobs->o.bus, BUS_JOBS);
    bus_ring(jobs->o.bus, BUS_OUTBOX);
}

int jobs_cancel(struct jobs *jobs, const char *id, const char *reason, struct err *err)
{
    bool final = false;
    int rc = store_job_cancel(jobs->o.store, id, reason, NULL, 0, &final, err);

    if (rc)
        return rc;
    if (!final)
        cancel_slot(jobs, id);
    tell(jobs, id);
    return VDO_OK;
}

int jobs_retry(struct jobs *jobs, const char *id, struct err *err)
{
    int rc = store_job_retry(jobs->o.store, id, NULL, 0, err);

    if (!rc)
        tell(jobs, id);
    return rc;
}

int jobs_wake(struct jobs *jobs, const char *id, const struct job_update *update, struct err *err)
{
    int rc = store_job_wake(jobs->o.store, id, update, err);

    if (!rc)
        tell(jobs, id);
    return rc;
}

void jobs_changed(struct jobs *jobs, const char *id)
{
    struct err err = {0};

    if (store_outbox_touch_progress(jobs->o.store, id, jobs_now(jobs), &err))
        note_failure(jobs, "living comment", &err);
    publish_job(jobs, id);
    bus_ring(jobs->o.bus, BUS_OUTBOX);
}

void jobs_log(struct jobs *jobs, const char *id, const char *step, const char *level,
              const char *text)
{
    AUTO_FREE char *clean = redact_dup(text);
    char at[CLOCK_RFC3339_SIZE];
    json_auto_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:o}", "job", id, "at", clock_rfc3339(jobs_now(jobs), at, sizeof(at)),
        "step", step ? step : "", "level", level, "text", js_string_lossy(clean, strlen(clean)));
    AUTO_FREE char *data = js_dump(json);
    struct err err = {0};

    if (store_log_add(jobs->o.store, id, step, level, clean, &err))
        note_failure(jobs, "log", &err);
    bus_publish(jobs->o.bus, "log", id, data);
}
