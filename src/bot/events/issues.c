#include "../call.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_trigger_label(const struct bot_call *call, const char *name)
{
    return strcasecmp(name, call->bot->o.config->trigger.label) == 0;
}

static bool carries_trigger(const struct bot_call *call)
{
    for (size_t i = 0; i < call->issue.n_labels; i++) {
        if (is_trigger_label(call, call->issue.labels[i]))
            return true;
    }
    return false;
}

static int cancel_open_job(struct bot_call *call, const char *why, struct err *err)
{
    struct job job = {0};
    int rc = call_find_job(call, true, &job, NULL);

    if (rc == VDO_E_NOT_FOUND)
        return call_done(call, "%s; no job was open", why);
    if (!rc)
        rc = jobs_cancel(call->bot->jobs, job.id, why, err);
    if (!rc) {
        memcpy(call->out->job_id, job.id, sizeof(job.id));
        (void)call_done(call, "job cancelled: %s", why);
    }
    job_release(&job);
    return rc;
}

/* An event from before the last job was made has been answered by that job: opened and labeled come
 * together. */
static bool covered_by_last_job(struct bot_call *call)
{
    struct job job = {0};
    bool covered;

    if (call_find_job(call, false, &job, NULL))
        return false;
    covered = call->delivery->received_at_ms <= job.created_at_ms;
    if (covered) {
        memcpy(call->out->job_id, job.id, sizeof(job.id));
        (void)call_done(call, "covered by job %s", job.id);
    }
    job_release(&job);
    return covered;
}

static int say_refused(struct bot_call *call, const char *key, struct err *err)
{
    json_auto_t *mark = json_true();
    int rc = call_reply(call, "refused.md",
                        json_pack("{s:s, s:s}", "who", call->event->sender, "least",
                                  call->bot->o.config->trigger.permission),
                        err);

    /* In this order: a delivery that is heard again still answers once. */
    return rc ? rc : store_doc_put(call->bot->o.store, "bot/refused", key, mark, err);
}

/* Somebody without the permission set the label: one polite comment for each issue, ever. */
static int refuse_politely(struct bot_call *call, const char *why, struct err *err)
{
    AUTO_FREE char *key =
        xasprintf("%lld/%lld", (long long)call->event->repo_id, (long long)call->event->issue);
    json_auto_t *said = NULL;
    int rc = store_doc_get(call->bot->o.store, "bot/refused", key, &said, err);

    if (rc == VDO_E_NOT_FOUND) {
        err_clear(err);
        rc = say_refused(call, key, err);
    }
    return rc ? rc : call_done(call, "refused: %s", why);
}

static int consider_starting(struct bot_call *call, struct err *err)
{
    struct err why = {0};
    int rc = call_read_issue(call, err);

    if (rc)
        return rc;
    if (!call->issue.open)
        return call_done(call, "ignored: the issue is closed");
    if (call->issue.is_pull)
        return call_done(call, "ignored: labels on pull requests start nothing");
    if (!carries_trigger(call))
        return call_done(call, "ignored: the issue does not carry the label %s now",
                         call->bot->o.config->trigger.label);
    if (covered_by_last_job(call))
        return VDO_OK;
    rc = call_check_permission(call, &why);
    if (rc == VDO_E_REFUSED)
        return refuse_politely(call, why.text, err);
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    return call_start_job(call, "build", err);
}

/* Events come late and out of order: what holds now decides, as for starting. */
static int consider_stopping(struct bot_call *call, bool by_label, struct err *err)
{
    struct err why = {0};
    int rc = call_read_issue(call, &why);

    if (rc == VDO_E_NOT_FOUND)
        return cancel_open_job(call, "the issue is gone", err);
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    if (!call->issue.open)
        return cancel_open_job(call, "the issue was closed", err);
    if (by_label && !carries_trigger(call))
        return cancel_open_job(call, "the label was removed", err);
    return call_done(call, by_label ? "ignored: the issue carries the label again" :
                                      "ignored: the issue is open again");
}

int event_issues(struct bot_call *call, struct err *err)
{
    const char *action = call->event->action;
    const char *label = call->event->label;
    bool ours = !*label || is_trigger_label(call, label);

    if (call->event->issue == 0)
        return call_done(call, "ignored: the event names no issue");
    if (call->event->repo_archived)
        return call_done(call, "ignored: the repository is archived");
    if (strcmp(action, "labeled") == 0)
        return ours ? consider_starting(call, err) : call_done(call, "ignored: label is not ours");
    if (strcmp(action, "unlabeled") == 0)
        return ours ? consider_stopping(call, true, err) :
                      call_done(call, "ignored: label is not ours");
    if (strcmp(action, "opened") == 0 || strcmp(action, "reopened") == 0)
        return consider_starting(call, err);
    if (strcmp(action, "closed") == 0)
        return consider_stopping(call, false, err);
    if (strcmp(action, "deleted") == 0)
        return cancel_open_job(call, "the issue was deleted", err);
    if (strcmp(action, "transferred") == 0)
        return cancel_open_job(call, "the issue was transferred", err);
    return call_done(call, "ignored: issues.%.40s changes nothing", action);
}
