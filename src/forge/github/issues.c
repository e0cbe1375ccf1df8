#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static void read_labels(const json_t *json, struct forge_issue *out)
{
    json_t *labels = js_at(json, "labels");
    size_t i;
    json_t *label;

    out->labels = xcalloc(json_array_size(labels) + 1, sizeof(*out->labels));
    json_array_foreach (labels, i, label) {
        const char *name =
            json_is_string(label) ? json_string_value(label) : js_str(label, "name", "");

        if (*name)
            out->labels[out->n_labels++] = xstrdup(name);
    }
}

int github_get_issue(struct forge_session *s, const struct forge_repo *repo, int64_t number,
                     struct forge_issue *out, struct err *err)
{
    AUTO_FREE char *path = xasprintf("/issues/%lld", (long long)number);
    struct rest_answer answer = {0};
    int rc = rest_repo(s, repo, "GET", path, NULL, false, NULL, &answer, err);

    if (rc)
        return rc;
    if (js_int(answer.json, "number", number) != number) {
        json_decref(answer.json);
        return err_set(err, VDO_E_NOT_FOUND, "%s#%lld was moved", repo->name, (long long)number);
    }
    out->number = number;
    out->id = js_int(answer.json, "id", 0);
    out->title = xstrdup(js_str(answer.json, "title", ""));
    out->body = xstrdup(js_str(answer.json, "body", ""));
    out->author = xstrdup(js_str(answer.json, "user.login", ""));
    out->author_id = js_int(answer.json, "user.id", 0);
    out->open = strcmp(js_str(answer.json, "state", ""), "open") == 0;
    out->locked = js_bool(answer.json, "locked", false);
    out->is_pull = json_is_object(js_at(answer.json, "pull_request"));
    out->html_url = xstrdup(js_str(answer.json, "html_url", ""));
    out->updated_at = xstrdup(js_str(answer.json, "updated_at", ""));
    read_labels(answer.json, out);
    json_decref(answer.json);
    return VDO_OK;
}

static bool is_ours(const struct forge_identity *us, const json_t *comment)
{
    int64_t app = js_int(comment, "performed_via_github_app.id", 0);

    if (us->app_id && app == us->app_id)
        return true;
    if (us->id)
        return js_int(comment, "user.id", 0) == us->id;
    return us->login && strcmp(js_str(comment, "user.login", ""), us->login) == 0;
}

int github_list_comments(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                         int64_t since_ms, const char *contains, struct forge_comment **out,
                         size_t *out_n, struct err *err)
{
    const struct forge_identity *us = NULL;
    json_auto_t *list = json_array();
    char since[CLOCK_RFC3339_SIZE];
    AUTO_FREE char *path = xasprintf("/issues/%lld/comments?per_page=100%s%s", (long long)issue,
                                     since_ms ? "&since=" : "",
                                     since_ms ? clock_rfc3339(since_ms, since, sizeof(since)) : "");
    size_t i;
    json_t *item;
    int rc = github_identity(s, &us, err);

    if (!rc)
        rc = rest_list(s, repo, path, list, err);
    if (rc)
        return rc;
    *out = xcalloc(json_array_size(list) + 1, sizeof(**out));
    *out_n = 0;
    json_array_foreach (list, i, item) {
        const char *body = js_str(item, "body", "");

        if (contains && !strstr(body, contains))
            continue;
        (*out)[(*out_n)++] =
            (struct forge_comment){.id = js_int(item, "id", 0),
                                   .body = xstrdup(body),
                                   .author = xstrdup(js_str(item, "user.login", "")),
                                   .author_id = js_int(item, "user.id", 0),
                                   .by_us = is_ours(us, item)};
    }
    return VDO_OK;
}

int github_create_comment(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                          const char *body, int64_t *out_id, bool *maybe_done, struct err *err)
{
    AUTO_FREE char *path = xasprintf("/issues/%lld/comments", (long long)issue);
    json_auto_t *json = json_pack("{s:s}", "body", body);
    struct rest_answer answer = {0};
    int rc = rest_repo(s, repo, "POST", path, json, true, maybe_done, &answer, err);

    int64_t id = js_int(answer.json, "id", 0);

    json_decref(answer.json);
    if (rc)
        return rc;
    if (!id) {
        *maybe_done = true;
        return err_set(err, VDO_E_TEMPORARY, "GitHub's answer does not name the comment");
    }
    *out_id = id;
    return VDO_OK;
}

int github_edit_comment(struct forge_session *s, const struct forge_repo *repo, int64_t comment_id,
                        const char *body, struct err *err)
{
    AUTO_FREE char *path = xasprintf("/issues/comments/%lld", (long long)comment_id);
    json_auto_t *json = json_pack("{s:s}", "body", body);
    struct rest_answer answer = {0};
    int rc = rest_repo(s, repo, "PATCH", path, json, true, NULL, &answer, err);

    json_decref(answer.json);
    return rc;
}

int github_add_reaction(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        int64_t target_comment_id, const char *content, struct err *err)
{
    AUTO_FREE char *path =
        target_comment_id ?
            xasprintf("/issues/comments/%lld/reactions", (long long)target_comment_id) :
            xasprintf("/issues/%lld/reactions", (long long)issue);
    json_auto_t *json = json_pack("{s:s}", "content", content);
    struct rest_answer answer = {0};
    int rc = rest_repo(s, repo, "POST", path, json, false, NULL, &answer, err);

    json_decref(answer.json);
    return rc;
}

int github_remove_label(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        const char *label, struct err *err)
{
    AUTO_FREE char *name = url_encode(label);
    AUTO_FREE char *path = xasprintf("/issues/%lld/labels/%s", (long long)issue, name);
    struct rest_answer answer = {0};
    struct err why = {0};
    int rc = rest_repo(s, repo, "DELETE", path, NULL, false, NULL, &answer, &why);

    json_decref(answer.json);
    if (rc == VDO_E_NOT_FOUND)
        return VDO_OK;
    return rc ? err_set(err, why.code, "%s", why.text) : VDO_OK;
}
