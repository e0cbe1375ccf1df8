#include "vdo/forge/event.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/*
 * What a body must and must not have at its top for the event that the unsigned header names.
 * Events that are not listed are not used. Source: the required members of octokit/webhooks'
 * schemas.
 */
static const struct shape {
    const char *event;
    const char *needs[3];
    const char *lacks[3];
} shapes[] = {
    {"installation", {"installation", NULL}, {"issue", "pull_request", "repositories_added"}},
    {"installation_repositories", {"installation", NULL}, {"issue", "pull_request", NULL}},
    {"issue_comment", {"issue", "comment", NULL}, {NULL}},
    {"issues", {"issue", NULL}, {"comment", "pull_request", NULL}},
    {"ping", {"zen", NULL}, {"issue", "action", "ref"}},
    {"pull_request", {"pull_request", NULL}, {"review", "comment", "issue"}},
    {"push", {"ref", NULL}, {"issue", "action", NULL}},
    {"repository", {"repository", NULL}, {"issue", "pull_request", "ref"}},
};

static const struct shape *find_shape(const char *event)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(shapes[i].event, event) == 0)
            return &shapes[i];
    }
    return NULL;
}

static int check_shape(const struct shape *shape, const json_t *json, struct err *err)
{
    for (size_t i = 0; i < 3 && shape->needs[i]; i++) {
        const json_t *member = json_object_get(json, shape->needs[i]);

        if (!member || json_is_null(member))
            return err_set(err, VDO_E_REFUSED, "event and payload disagree: %s without %s",
                           shape->event, shape->needs[i]);
    }
    for (size_t i = 0; i < 3 && shape->lacks[i]; i++) {
        if (json_object_get(json, shape->lacks[i]))
            return err_set(err, VDO_E_REFUSED, "event and payload disagree: %s with %s",
                           shape->event, shape->lacks[i]);
    }
    return VDO_OK;
}

static char *text(const json_t *json, const char *path)
{
    return xstrdup(js_str(json, path, ""));
}

static void read_labels(const json_t *labels, struct forge_event *out)
{
    size_t i;
    json_t *label;

    out->labels = xcalloc(json_array_size(labels) + 1, sizeof(*out->labels));
    json_array_foreach (labels, i, label) {
        const char *name = js_str(label, "name", "");

        if (*name)
            out->labels[out->n_labels++] = xstrdup(name);
    }
}

static void read_removed(const json_t *repositories, struct forge_event *out)
{
    size_t i;
    json_t *repo;

    out->removed = xcalloc(json_array_size(repositories) + 1, sizeof(*out->removed));
    json_array_foreach (repositories, i, repo) {
        int64_t id = js_int(repo, "id", 0);

        if (id > 0)
            out->removed[out->n_removed++] = id;
    }
}

static void read_common(const json_t *json, struct forge_event *out)
{
    out->action = text(json, "action");
    out->installation_id = js_int(json, "installation.id", 0);
    out->repo_id = js_int(json, "repository.id", 0);
    out->repo = text(json, "repository.full_name");
    out->default_branch = text(json, "repository.default_branch");
    out->repo_archived = js_bool(json, "repository.archived", false);
    out->sender = text(json, "sender.login");
    out->sender_id = js_int(json, "sender.id", 0);
    out->sender_type = text(json, "sender.type");
    out->label = text(json, "label.name");
    out->zen = text(json, "zen");
    out->hook_id = js_int(json, "hook_id", 0);
    out->comment_id = js_int(json, "comment.id", 0);
    out->comment_body = text(json, "comment.body");
    read_removed(js_at(json, "repositories_removed"), out);
    out->via_app_id = js_int(json, "comment.performed_via_github_app.id", 0);
}

/* The issue, or the pull request that stands in its place. */
static void read_subject(const json_t *json, struct forge_event *out)
{
    const json_t *issue = js_at(json, "issue");
    const json_t *pull = js_at(json, "pull_request");
    const json_t *subject = issue ? issue : pull;

    out->is_pull = (!issue && pull) || json_is_object(js_at(issue, "pull_request"));
    out->issue = js_int(subject, "number", 0);
    out->issue_id = js_int(subject, "id", 0);
    out->issue_open = strcmp(js_str(subject, "state", ""), "open") == 0;
    out->title = text(subject, "title");
    out->body = text(subject, "body");
    out->author = text(subject, "user.login");
    out->updated_at = text(subject, "updated_at");
    out->merged = js_bool(pull, "merged", false);
    out->head_branch = text(pull, "head.ref");
    out->head_sha = text(pull, "head.sha");
    read_labels(js_at(subject, "labels"), out);
}

bool forge_event_is_known(const char *event)
{
    return find_shape(event) != NULL;
}

int forge_event_parse(const char *event, const char *body, size_t len, struct forge_event *out,
                      struct err *err)
{
    const struct shape *shape = find_shape(event);
    json_auto_t *json = NULL;
    int rc;

    if (!body)
        return err_set(err, VDO_E_INVALID, "the body is gone or damaged");
    rc = js_parse(body, len, &json, err);
    if (rc)
        return err_wrap(err, "payload"), VDO_E_INVALID;
    if (!json_is_object(json))
        return err_set(err, VDO_E_INVALID, "payload: not a JSON object");
    rc = shape ? check_shape(shape, json, err) : VDO_OK;
    if (rc)
        return rc;
    memset(out, 0, sizeof(*out));
    out->event = xstrdup(event);
    read_common(json, out);
    read_subject(json, out);
    return shape ? VDO_OK : VDO_E_NOT_FOUND;
}

void forge_event_release(struct forge_event *event)
{
    char **const texts[] = {&event->event,       &event->action,       &event->repo,
                            &event->title,       &event->body,         &event->author,
                            &event->label,       &event->comment_body, &event->sender,
                            &event->zen,         &event->sender_type,  &event->updated_at,
                            &event->head_branch, &event->head_sha,     &event->default_branch};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(*texts[i]);
    for (size_t i = 0; i < event->n_labels; i++)
        free(event->labels[i]);
    free(event->labels);
    free(event->removed);
    memset(event, 0, sizeof(*event));
}
