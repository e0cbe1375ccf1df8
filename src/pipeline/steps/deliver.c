#include "../changes.h"
#include "../verify/secrets.h"
#include "../workspace.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"
#include "vdo/policy/policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SLUG = 40, MAX_SUFFIX = 9, MAX_BRANCH = 128, MAX_SUBJECT = 72 };

/* Lower-case letters and digits joined by '-', at most MAX_SLUG bytes; "change" when nothing is
 * left. */
static void make_slug(const char *title, char slug[MAX_SLUG + 1])
{
    size_t n = 0;

    for (; *title && n < MAX_SLUG; title++) {
        if (isascii(*title) && isalnum((unsigned char)*title))
            slug[n++] = (char)tolower((unsigned char)*title);
        else if (n > 0 && slug[n - 1] != '-')
            slug[n++] = '-';
    }
    while (n > 0 && slug[n - 1] == '-')
        n--;
    slug[n] = '\0';
    if (n == 0)
        (void)snprintf(slug, MAX_SLUG + 1, "change");
}

static void branch_name(const struct job_run *run, int suffix, char out[MAX_BRANCH])
{
    char slug[MAX_SLUG + 1];
    char tail[8] = "";

    make_slug(run_str(run, "snapshot.title"), slug);
    if (suffix > 1)
        (void)snprintf(tail, sizeof(tail), "-%d", suffix);
    if (run->job->issue)
        (void)snprintf(out, MAX_BRANCH, "vdo/issue-%lld-%s%s", (long long)run->job->issue, slug,
                       tail);
    else
        (void)snprintf(out, MAX_BRANCH, "vdo/%s-%s%s", slug, run->job->id, tail);
}

/* Before anything is written for a person, may that person still ask for it, and is it still
 * wanted? */
static int check_still_wanted(struct job_run *run, struct err *err)
{
    struct forge_repo repo = run_repo(run);
    enum forge_permission has = FORGE_NONE;
    struct forge_issue issue = {0};
    int rc = VDO_OK;

    if (!run_is_github(run))
        return VDO_OK;
    if (run->job->requester && *run->job->requester) {
        rc = forge_get_permission(run->lease->forge, &repo, run->job->requester, &has, err);
        if (!rc)
            rc = policy_may_command(run->p->o.config->trigger.permission, has, err);
        if (rc)
            return err_wrap(err, "requester %s", run->job->requester), rc;
    }
    if (run->job->issue == 0)
        return VDO_OK;
    rc = forge_get_issue(run->lease->forge, &repo, run->job->issue, &issue, err);
    if (!rc && !issue.open)
        rc = err_set(err, VDO_E_CANCELLED, "issue #%lld was closed meanwhile",
                     (long long)run->job->issue);
    forge_issue_release(&issue);
    return rc;
}

static void commit_message(const struct job_run *run, struct strbuf *out)
{
    const char *title = run_str(run, "refine.title");
    const char *summary = run_str(run, "build.summary");

    if (!*title)
        title = run_str(run, "snapshot.title");
    (void)strbuf_addf(out, "%.*s\n",
                      (int)strcspn(title, "\r\n") < MAX_SUBJECT ? (int)strcspn(title, "\r\n") :
                                                                  MAX_SUBJECT,
                      title);
    if (*summary)
        (void)strbuf_addf(out, "\n%.4000s\n", summary);
    (void)strbuf_addc(out, '\n');
    if (run->job->issue)
        (void)strbuf_addf(out, "Fixes: #%lld\n", (long long)run->job->issue);
    (void)strbuf_addf(out, "VDO-Job: %s\n", run->job->id);
    if (run->job->requester && *run->job->requester && run->job->requester_id)
        (void)strbuf_addf(out, "Co-authored-by: %s <%lld+%s@users.noreply.github.com>\n",
                          run->job->requester, (long long)run->job->requester_id,
                          run->job->requester);
}

static int make_commit(struct job_run *run, char oid[GIT_OID_HEX_SIZE], struct err *err)
{
    const struct forge_identity *us = NULL;
    AUTO_FREE char *email = NULL;
    AUTO_FREE char *clean = NULL;
    AUTO_STRBUF message = {0};
    struct commit_spec spec = {.tree = run_tree_oid(run),
                               .parent = run_str(run, "checkout.base_sha"),
                               .author_name = "VDO",
                               .time_s = run->job->created_at_ms / 1000};
    int rc = forge_identity(run->lease->forge, &us, err);

    if (rc)
        return rc;
    email = us->id ? xasprintf("%lld+%s@users.noreply.github.com", (long long)us->id, us->login) :
                     xstrdup("vdo@users.noreply.github.com");
    strbuf_init(&message, 16 * VDO_KIB);
    commit_message(run, &message);
    clean = redact_dup(message.ptr);
    spec.message = clean;
    spec.author_email = email;
    return mirror_commit(run->mirror, &spec, oid, err);
}

/* The first of "name", "name-2" ... that does not belong to somebody else. */
static int push(struct job_run *run, const char *commit, char branch[MAX_BRANCH], struct err *err)
{
    struct git_remote_spec remote = {0};
    struct secret password = {0};
    AUTO_FREE char *url = NULL;
    enum push_outcome outcome;
    int rc = workspace_remote(run, &remote, &url, &password, err);

    for (int suffix = 1; !rc && suffix <= MAX_SUFFIX; suffix++) {
        struct err why = {0};

        branch_name(run, suffix, branch);
        rc = mirror_push(run->mirror, &remote, branch, commit, NULL, &outcome, NULL, &why);
        if (rc != VDO_E_CONFLICT) {
            if (rc)
                err_set(err, why.code, "push %s: %s", branch, why.text);
            workspace_transferred(run, rc);
            break;
        }
        run_log(run, "info", "branch %s belongs to something else", branch);
        rc = suffix == MAX_SUFFIX ?
                 err_set(err, VDO_E_REFUSED, "branches %s and its successors all exist", branch) :
                 VDO_OK;
    }
    secret_release(&password);
    return rc;
}

static char *pull_title(const struct job_run *run)
{
    const char *title = run_str(run, "refine.title");

    if (!*title)
        title = run_str(run, "snapshot.title");
    return xasprintf("%.*s", (int)strcspn(title, "\r\n") < 200 ? (int)strcspn(title, "\r\n") : 200,
                     title);
}

/* The outbox row of the pull request: there from an earlier attempt, or made now. */
static int pull_row(struct job_run *run, const json_t *deliver, char id[RAND_ID_SIZE],
                    struct err *err)
{
    bool draft = run->repo_config->draft >= 0 ? run->repo_config->draft : run->p->o.config->draft;
    AUTO_FREE char *title = pull_title(run);
    AUTO_FREE char *body = NULL;
    struct outbox_row *rows = NULL;
    struct outbox_row row = {0};
    size_t n = 0;
    bool found = false;
    int rc = store_outbox_list(run->p->o.store, run->job->id, &rows, &n, err);

    for (size_t i = 0; i < n; i++) {
        if (!found && strcmp(rows[i].kind, "pull") == 0 && rows[i].state != OUTBOX_FAILED) {
            memcpy(id, rows[i].id, RAND_ID_SIZE);
            found = true;
        }
        outbox_row_release(&rows[i]);
    }
    free(rows);
    if (rc || found)
        return rc;
    rc = report_pull_body(run->p->o.report, run->job, run->out, deliver, &body, err);
    if (rc)
        return rc;
    outbox_row_init(&row, run->job, "pull",
                    json_pack("{s:o, s:o, s:s, s:s, s:b}", "title",
                              js_string_lossy(title, strlen(title)), "body",
                              js_string_lossy(body, strlen(body)), "head",
                              js_str(deliver, "branch", ""), "base", run_str(run, "checkout.base"),
                              "draft", draft));
    memcpy(id, row.id, RAND_ID_SIZE);
    rc = store_outbox_add(run->p->o.store, &row, 1, err);
    outbox_row_release(&row);
    return rc;
}

static int open_pull(struct job_run *run, json_t *deliver, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    struct outbox_row sent = {0};
    json_auto_t *result = NULL;
    char id[RAND_ID_SIZE];
    int rc = pull_row(run, deliver, id, err);

    if (!rc)
        rc = jobs_outbox_flush(run->p->jobs, run->lease->forge, run->job->id, id, &sent, err);
    if (rc)
        return err_wrap(err, "open the pull request"), rc;
    rc = js_parse(sent.result, strlen(sent.result), &result, err);
    outbox_row_release(&sent);
    if (rc)
        return rc;
    update.pr = js_int(result, "number", 0);
    update.pr_url = js_str(result, "url", "");
    (void)json_object_set_new(deliver, "pr", json_integer(update.pr));
    (void)json_object_set_new(deliver, "pr_url", json_string(update.pr_url));
    return store_job_update(run->p->o.store, run->job->id, run->job->epoch, &update, NULL, 0, err);
}

/* files, criteria, verdict, diff. commit: what is about to be pushed. */
static int describe_change(struct job_run *run, const char *commit, json_t **out, struct err *err)
{
    struct diff diff = {0};
    struct job now = {0}; /* the lease's copy does not know what was spent since */
    json_t *deliver = NULL;
    int rc = store_job_get(run->p->o.store, run->job->id, &now, err);

    if (!rc)
        rc = changes_diff(run, run_tree_oid(run), VDO_MAX_DIFF / 8, &diff, err);
    if (!rc && diff.n_files == 0)
        rc = err_set(err, VDO_E_REFUSED,
                     "no change is left at the end: what was built was taken back");
    if (!rc) {
        deliver = changes_deliver(run, run->out, &diff);
        (void)json_object_set_new(deliver, "commit", json_string(commit));
        (void)json_object_set_new(deliver, "verdict", report_verdict(&now, run->out, deliver));
        (void)json_object_set_new(deliver, "diff", js_string_lossy(diff.text, strlen(diff.text)));
        (void)json_object_set_new(deliver, "diff_truncated", json_boolean(diff.truncated));
        *out = deliver;
    }
    diff_release(&diff);
    job_release(&now);
    return rc;
}

int step_deliver(struct job_run *run, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    json_auto_t *deliver = NULL;
    char commit[GIT_OID_HEX_SIZE];
    char branch[MAX_BRANCH];
    int rc = workspace_mirror(run, err);

    if (!rc)
        rc = check_still_wanted(run, err);
    if (!rc)
        rc = secrets_refuse(run, run_tree_oid(run), err);
    if (!rc)
        rc = make_commit(run, commit, err);
    if (!rc)
        rc = describe_change(run, commit, &deliver, err);
    if (!rc)
        rc = push(run, commit, branch, err);
    if (rc)
        return rc;
    update.branch = branch;
    update.head_sha = commit;
    (void)json_object_set_new(deliver, "branch", json_string(branch));
    rc = store_job_update(run->p->o.store, run->job->id, run->job->epoch, &update, NULL, 0, err);
    if (!rc)
        rc = open_pull(run, deliver, err);
    if (rc)
        return rc;
    run->result = json_incref(deliver);
    run_note(run, "%s, pull request %lld", branch, (long long)js_int(deliver, "pr", 0));
    return VDO_OK;
}
