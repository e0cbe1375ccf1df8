#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD_NOT_SEEN_YET_MS = 2000 };

static void read_pull(const json_t *json, struct forge_pull *out)
{
    out->number = js_int(json, "number", 0);
    out->html_url = xstrdup(js_str(json, "html_url", ""));
    out->head_branch = xstrdup(js_str(json, "head.ref", ""));
    out->head_sha = xstrdup(js_str(json, "head.sha", ""));
    out->body = xstrdup(js_str(json, "body", ""));
    out->open = strcmp(js_str(json, "state", ""), "open") == 0;
    out->merged = js_bool(json, "merged", false) || *js_str(json, "merged_at", "") != '\0';
}

/* Branches of forks may have the same name. */
static bool is_from_here(const json_t *pull, const char *branch)
{
    int64_t head = js_int(pull, "head.repo.id", 0);
    int64_t base = js_int(pull, "base.repo.id", 0);

    return strcmp(js_str(pull, "head.ref", ""), branch) == 0 && (!head || !base || head == base);
}

int github_find_pull(struct forge_session *s, const struct forge_repo *repo, const char *branch,
                     struct forge_pull *out, struct err *err)
{
    AUTO_FREE char *owner =
        xmemdup0(repo->name ? repo->name : "", repo->name ? strcspn(repo->name, "/") : 0);
    AUTO_FREE char *head = xasprintf("%s:%s", owner, branch);
    AUTO_FREE char *encoded = url_encode(head);
    AUTO_FREE char *path = xasprintf("/pulls?head=%s&state=all&per_page=100", encoded);
    json_auto_t *list = json_array();
    const json_t *newest = NULL;
    size_t i;
    json_t *item;
    int rc = rest_list(s, repo, path, list, err);

    if (rc)
        return rc;
    json_array_foreach (list, i, item) {
        if (is_from_here(item, branch) &&
            (!newest || js_int(item, "number", 0) > js_int(newest, "number", 0)))
            newest = item;
    }
    if (!newest)
        return err_set(err, VDO_E_NOT_FOUND, "no pull request has the head %s", branch);
    read_pull(newest, out);
    return VDO_OK;
}

/* What GitHub says with 422 decides what can be done about it. */
static int sort_refusal(struct forge_session *s, const struct err *why, struct err *err)
{
    if (strcasestr(why->text, "already exists"))
        return err_set(err, VDO_E_CONFLICT, "%s", why->text);
    if (strcasestr(why->text, "no commits between"))
        return err_set(err, VDO_E_REFUSED, "%s", why->text);
    if (strcasestr(why->text, "head invalid")) {
        s->retry_after_ms = HEAD_NOT_SEEN_YET_MS;
        return err_set(err, VDO_E_TEMPORARY, "the branch is not visible to GitHub yet: %s",
                       why->text);
    }
    return err_set(err, VDO_E_REFUSED, "%s", why->text);
}

int github_create_pull(struct forge_session *s, const struct forge_repo *repo,
                       const struct forge_pull_spec *spec, struct forge_pull *out, bool *maybe_done,
                       struct err *err)
{
    json_auto_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:b}", "title", spec->title, "body", spec->body, "head",
                  spec->head, "base", spec->base, "draft", spec->draft);
    struct rest_answer answer = {0};
    struct err why = {0};
    int rc = rest_repo(s, repo, "POST", "/pulls", json, true, maybe_done, &answer, &why);

    if (rc == VDO_E_REFUSED && answer.status == 422)
        return sort_refusal(s, &why, err);
    if (rc)
        return err_set(err, (enum vdo_code)rc, "%s", why.text);
    if (js_int(answer.json, "number", 0) > 0) {
        read_pull(answer.json, out);
    } else {
        *maybe_done = true;
        rc = err_set(err, VDO_E_TEMPORARY, "GitHub's answer does not name the pull request");
    }
    json_decref(answer.json);
    return rc;
}
