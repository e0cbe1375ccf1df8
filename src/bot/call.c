#include "call.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/policy/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How often an issue that is not found is asked for again; how many jobs are listed at a time. */
enum { TRIES_TO_SEE = 1, JOBS_AT_ONCE = 200 };

int call_done(struct bot_call *call, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(call->out->reason, sizeof(call->out->reason), fmt, ap);
    va_end(ap);
    call->out->state = DELIVERY_DONE;
    return VDO_OK;
}

bool call_is_again(const struct bot_call *call)
{
    return call->delivery->attempts > 1;
}

int call_read_issue(struct bot_call *call, struct err *err)
{
    struct err why = {0};
    int rc;

    if (call->issue_read)
        return VDO_OK;
    rc = forge_get_issue(call->forge, &call->repo, call->event->issue, &call->issue, &why);
    if (rc == VDO_E_NOT_FOUND && call->delivery->attempts <= TRIES_TO_SEE)
        rc = VDO_E_TEMPORARY;
    if (rc)
        return err_set(err, (enum vdo_code)rc, "read %s#%lld: %s", call->repo.name,
                       (long long)call->event->issue, why.text);
    call->issue_read = true;
    return VDO_OK;
}

int call_cancel_jobs(struct bot_call *call, int64_t installation_id, int64_t repo_id,
                     const char *why, size_t *count, struct err *err)
{
    struct job_filter filter = {
        .state = -1, .only_open = true, .repo_id = repo_id, .limit = JOBS_AT_ONCE};
    size_t n = JOBS_AT_ONCE;
    int rc = VDO_OK;

    while (!rc && n == JOBS_AT_ONCE) {
        struct job *jobs = NULL;

        n = 0;
        rc = store_job_list(call->bot->o.store, &filter, &jobs, &n, err);
        for (size_t i = 0; i < n; i++) {
            filter.before_seq = jobs[i].seq;
            /* One that has ended by itself meanwhile is refused, which is fine. */
            if ((!installation_id || jobs[i].installation_id == installation_id) &&
                jobs_cancel(call->bot->jobs, jobs[i].id, why, NULL) == VDO_OK)
                (*count)++;
            job_release(&jobs[i]);
        }
        free(jobs);
    }
    return rc;
}

int call_check_permission(struct bot_call *call, struct err *err)
{
    enum forge_permission has = FORGE_NONE;
    int rc = forge_get_permission(call->forge, &call->repo, call->event->sender, &has, err);

    if (rc)
        return err_wrap(err, "permission of %s", call->event->sender), rc;
    rc = policy_may_command(call->bot->o.config->trigger.permission, has, err);
    return rc ? (err_wrap(err, "%s", call->event->sender), rc) : VDO_OK;
}

static int find_by(struct bot_call *call, bool only_open, bool by_pull, struct job *out,
                   struct err *err)
{
    struct job_filter filter = {
        .state = -1, .only_open = only_open, .repo_id = call->event->repo_id, .limit = 1};
    struct job *jobs = NULL;
    size_t n = 0;
    int rc;

    if (by_pull)
        filter.pr = call->event->issue;
    else
        filter.issue = call->event->issue;
    rc = store_job_list(call->bot->o.store, &filter, &jobs, &n, err);
    if (!rc && n == 0)
        rc = VDO_E_NOT_FOUND;
    if (!rc)
        *out = jobs[0];
    free(jobs);
    return rc;
}

int call_find_job(struct bot_call *call, bool only_open, struct job *out, struct err *err)
{
    int rc = find_by(call, only_open, call->event->is_pull, out, err);

    if (rc == VDO_E_NOT_FOUND)
        return err_set(err, VDO_E_NOT_FOUND, "there is no %sjob for #%lld",
                       only_open ? "open " : "", (long long)call->event->issue);
    return rc;
}

static bool has_label(const struct forge_issue *issue, const char *name)
{
    for (size_t i = 0; i < issue->n_labels; i++) {
        if (strcasecmp(issue->labels[i], name) == 0)
            return true;
    }
    return false;
}

/* The first of "<label>:<word>" that the issue carries; fallback when none. */
static const char *labelled(const struct bot_call *call, const char *const *words, size_t n,
                            const char *fallback)
{
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *name = xasprintf("%s:%s", call->bot->o.config->trigger.label, words[i]);

        if (has_label(&call->issue, name))
            return words[i];
    }
    return fallback;
}

static char *describe_trigger(const struct bot_call *call)
{
    json_auto_t *facts =
        json_pack("{s:s, s:I, s:s, s:s}", "kind", call->command ? "comment" : "label", "comment_id",
                  (json_int_t)call->event->comment_id, "delivery", call->delivery->guid,
                  "updated_at", call->event->updated_at);

    if (*call->provider)
        (void)json_object_set_new(facts, "provider", json_string(call->provider));
    return js_dump(facts);
}

/* As of the event, also when it was empty then: what somebody edits into the issue later is not
 * what was asked for. */
static bool event_has_issue(const struct forge_event *event)
{
    return *event->title != '\0';
}

static void fill_job(const struct bot_call *call, const char *workflow, char *trigger,
                     struct job *job)
{
    static const char *const types[] = {"bugfix", "feature", "test", "docs", "refactor", "review"};
    static const char *const priorities[] = {"high", "low"};
    const struct forge_event *event = call->event;

    /* Borrowed: jobs_submit() copies what it keeps. */
    job->workflow = (char *)(uintptr_t)workflow;
    job->forge = call->bot->o.config->forge;
    job->installation_id = event->installation_id;
    job->repo_id = event->repo_id;
    job->repo = event->repo;
    job->issue = event->issue;
    job->title = event_has_issue(event) ? event->title : call->issue.title;
    job->text = event_has_issue(event) ? event->body : call->issue.body;
    job->instructions = (char *)(uintptr_t)(call->instructions ? call->instructions : "");
    job->type = (char *)(uintptr_t)labelled(call, types, 6, "feature");
    job->priority = (char *)(uintptr_t)labelled(call, priorities, 2, "normal");
    job->requester = event->sender;
    job->requester_id = event->sender_id;
    job->trigger = trigger;
    job->base_ref = (char *)(uintptr_t) "";
}

int call_start_job(struct bot_call *call, const char *workflow, struct err *err)
{
    AUTO_FREE char *trigger = describe_trigger(call);
    struct outbox_row rows[2] = {0};
    struct job job = {0};
    char id[RAND_ID_SIZE] = "";
    int rc;

    fill_job(call, workflow, trigger, &job);
    report_reaction_row(&rows[0], &job, "eyes");
    outbox_row_init(&rows[1], &job, "progress", json_pack("{s:I}", "issue", (json_int_t)job.issue));
    rc = jobs_submit(call->bot->jobs, &job, rows, 2, id, err);
    outbox_row_release(&rows[0]);
    outbox_row_release(&rows[1]);
    if (rc && rc != VDO_E_CONFLICT)
        return rc;
    (void)snprintf(call->out->job_id, sizeof(call->out->job_id), "%s", id);
    if (rc == VDO_E_CONFLICT) {
        err_clear(err);
        return call_done(call, "job %s is under way already", id);
    }
    return call_done(call, "job started");
}

static struct job as_job(const struct bot_call *call)
{
    return (struct job){.forge = call->bot->o.config->forge,
                        .installation_id = call->event->installation_id,
                        .repo_id = call->event->repo_id,
                        .repo = call->event->repo,
                        .issue = call->event->issue};
}

static int add_row(struct bot_call *call, struct outbox_row *row, struct err *err)
{
    int rc;

    free(row->delivery);
    row->delivery = xstrdup(call->delivery->guid);
    rc = store_outbox_add(call->bot->o.store, row, 1, err);
    outbox_row_release(row);
    return rc;
}

int call_reply(struct bot_call *call, const char *template_name, json_t *data, struct err *err)
{
    struct outbox_row row = {0};
    struct job job = as_job(call);
    AUTO_FREE char *body = NULL;
    int rc = report_reply(template_name, data, &body, err);

    json_decref(data);
    if (rc)
        return rc;
    outbox_row_init(&row, &job, "comment",
                    json_pack("{s:I, s:o}", "issue", (json_int_t)job.issue, "body",
                              js_string_lossy(body, strlen(body))));
    return add_row(call, &row, err);
}

int call_reply_no_job(struct bot_call *call, const char *verb, const char *reason, struct err *err)
{
    int rc;

    err_clear(err);
    rc = call_reply(call, "no_job.md", json_pack("{s:s}", "verb", verb), err);
    return rc ? rc : call_done(call, "%s", reason);
}

int call_react(struct bot_call *call, const char *content, struct err *err)
{
    AUTO_FREE char *trigger = describe_trigger(call);
    struct outbox_row row = {0};
    struct job job = as_job(call);

    job.trigger = trigger;
    report_reaction_row(&row, &job, content);
    return add_row(call, &row, err);
}
