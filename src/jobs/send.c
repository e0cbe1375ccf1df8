#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clocks differ: how much earlier than its row a comment may seem to have been made. */
enum { LOOK_BACK_MS = 60000 };

void outbox_row_init(struct outbox_row *row, const struct job *job, const char *kind,
                     json_t *payload_taken)
{
    memset(row, 0, sizeof(*row));
    (void)rand_id(row->id);
    row->job_id = xstrdup(job->id);
    row->delivery = xstrdup("");
    row->forge = xstrdup(job->forge ? job->forge : "");
    row->installation_id = job->installation_id;
    row->repo_id = job->repo_id;
    row->repo = xstrdup(job->repo ? job->repo : "");
    row->kind = xstrdup(kind);
    row->payload = payload_taken ? js_dump(payload_taken) : xstrdup("{}");
    row->state = OUTBOX_PENDING;
    row->result = xstrdup("null");
    row->reason = xstrdup("");
    json_decref(payload_taken);
}

char *outbox_marker(const char *row_id, char *buf, size_t size)
{
    (void)snprintf(buf, size, "<!-- vdo:%s -->", row_id);
    return buf;
}

struct forge_repo row_repo(const struct outbox_row *row)
{
    return (struct forge_repo){
        .installation_id = row->installation_id, .id = row->repo_id, .name = row->repo};
}

char *body_with_marker(const char *body, const struct outbox_row *row)
{
    char marker[40];

    return xasprintf("%s\n\n%s", body, outbox_marker(row->id, marker, sizeof(marker)));
}

int find_sent_comment(struct forge_session *forge, const struct outbox_row *row, int64_t issue,
                      int64_t *out_id, struct err *err)
{
    struct forge_repo repo = row_repo(row);
    struct forge_comment *comments = NULL;
    char marker[40];
    size_t n = 0;
    int64_t since = row->created_at_ms - LOOK_BACK_MS;
    int rc =
        forge_list_comments(forge, &repo, issue, since,
                            outbox_marker(row->id, marker, sizeof(marker)), &comments, &n, err);

    if (rc)
        return rc;
    *out_id = 0;
    for (size_t i = 0; i < n && !*out_id; i++)
        if (comments[i].by_us)
            *out_id = comments[i].id;
    forge_comments_free(comments, n);
    return VDO_OK;
}

void judge(struct attempt *a, struct forge_session *forge, int rc, bool maybe_sent,
           const struct err *err)
{
    a->verdict = NEVER;
    a->maybe_sent = maybe_sent;
    (void)snprintf(a->reason, sizeof(a->reason), "%s", err->text);
    if (rc == VDO_E_TEMPORARY || rc == VDO_E_IO || rc == VDO_E_CANCELLED) {
        a->verdict = LATER;
        a->wait_ms = forge_retry_after_ms(forge);
    }
}

static void judge_done(struct attempt *a, json_t *result)
{
    a->verdict = SENT;
    a->result = result;
}

/* ---- one function per kind ---- */

static void send_reaction(struct forge_session *forge, const struct outbox_row *row,
                          const json_t *payload, struct attempt *out)
{
    struct forge_repo repo = row_repo(row);
    bool on_comment = strcmp(js_str(payload, "target", ""), "comment") == 0;
    int64_t id = js_int(payload, "id", 0);
    struct err err = {0};
    int rc = forge_add_reaction(forge, &repo, on_comment ? 0 : id, on_comment ? id : 0,
                                js_str(payload, "content", ""), &err);

    if (rc)
        judge(out, forge, rc, false, &err);
    else
        judge_done(out, json_object());
}

static void send_label_remove(struct forge_session *forge, const struct outbox_row *row,
                              const json_t *payload, struct attempt *out)
{
    struct forge_repo repo = row_repo(row);
    struct err err = {0};
    int rc = forge_remove_label(forge, &repo, js_int(payload, "issue", 0),
                                js_str(payload, "name", ""), &err);

    if (rc)
        judge(out, forge, rc, false, &err);
    else
        judge_done(out, json_object());
}

static void send_comment(struct forge_session *forge, const struct outbox_row *row,
                         const json_t *payload, struct attempt *out)
{
    struct forge_repo repo = row_repo(row);
    int64_t issue = js_int(payload, "issue", 0);
    AUTO_FREE char *body = body_with_marker(js_str(payload, "body", ""), row);
    bool maybe = row->maybe_sent;
    struct err err = {0};
    int64_t id = 0;
    int rc = maybe ? find_sent_comment(forge, row, issue, &id, &err) : VDO_OK;

    if (!rc && !id)
        rc = forge_create_comment(forge, &repo, issue, body, &id, &maybe, &err);
    if (rc)
        judge(out, forge, rc, maybe, &err);
    else
        judge_done(out, json_pack("{s:I}", "id", (json_int_t)id));
}

static void judge_pull(struct attempt *out, const struct forge_pull *pull)
{
    judge_done(out, json_pack("{s:I, s:s}", "number", (json_int_t)pull->number, "url",
                              pull->html_url ? pull->html_url : ""));
    (void)snprintf(out->pr_url, sizeof(out->pr_url), "%s", pull->html_url ? pull->html_url : "");
    out->update.pr = pull->number;
    out->update.pr_url = out->pr_url;
    out->has_update = true;
}

/* Is there one from this branch that is open, or is ours by its marker? */
static int find_sent_pull(struct forge_session *forge, const struct outbox_row *row,
                          const char *head, struct forge_pull *out, bool *out_found,
                          struct err *err)
{
    struct forge_repo repo = row_repo(row);
    char marker[40];
    int rc = forge_find_pull(forge, &repo, head, out, err);

    *out_found = false;
    if (rc == VDO_E_NOT_FOUND) {
        err_clear(err);
        return VDO_OK;
    }
    if (rc)
        return rc;
    *out_found = out->open ||
                 (out->body && strstr(out->body, outbox_marker(row->id, marker, sizeof(marker))));
    if (!*out_found)
        forge_pull_release(out);
    return VDO_OK;
}

static void send_pull(struct forge_session *forge, const struct outbox_row *row,
                      const json_t *payload, struct attempt *out)
{
    struct forge_repo repo = row_repo(row);
    AUTO_FREE char *body = body_with_marker(js_str(payload, "body", ""), row);
    struct forge_pull_spec spec = {.title = js_str(payload, "title", ""),
                                   .body = body,
                                   .head = js_str(payload, "head", ""),
                                   .base = js_str(payload, "base", ""),
                                   .draft = js_bool(payload, "draft", true)};
    struct forge_pull pull = {0};
    bool maybe = row->maybe_sent;
    bool found = false;
    struct err err = {0};
    int rc = maybe ? find_sent_pull(forge, row, spec.head, &pull, &found, &err) : VDO_OK;

    if (!rc && !found)
        rc = forge_create_pull(forge, &repo, &spec, &pull, &maybe, &err);
    if (rc == VDO_E_CONFLICT) {
        struct err why = err;

        err_clear(&err);
        rc = find_sent_pull(forge, row, spec.head, &pull, &found, &err);
        if (!rc && !found) {
            rc = VDO_E_CONFLICT;
            err = why;
        }
    }
    if (rc)
        judge(out, forge, rc, maybe, &err);
    else
        judge_pull(out, &pull);
    forge_pull_release(&pull);
}

typedef void (*send_fn)(struct forge_session *forge, const struct outbox_row *row,
                        const json_t *payload, struct attempt *out);

static const struct {
    const char *kind;
    send_fn send;
} kinds[] = {
    {"reaction", send_reaction},
    {"comment", send_comment},
    {"pull", send_pull},
    {"label_remove", send_label_remove},
};

void send_plain(struct forge_session *forge, const struct outbox_row *row, struct attempt *out)
{
    json_auto_t *payload = NULL;
    struct err err = {0};

    out->verdict = NEVER;
    if (js_parse(row->payload, strlen(row->payload), &payload, &err)) {
        (void)snprintf(out->reason, sizeof(out->reason), "its payload is broken: %s", err.text);
        return;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kind, row->kind) == 0) {
            kinds[i].send(forge, row, payload, out);
            return;
        }
    }
    (void)snprintf(out->reason, sizeof(out->reason), "there is no way to send a \"%s\"", row->kind);
}
