#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { GIT_TOKEN_LEAST_MS = 600000 };

static int ask_app(struct forge_session *s, struct forge_identity *out, struct err *err)
{
    struct rest_call call = {.method = "GET", .path = "/app", .signer = SIGN_APP};
    struct rest_answer answer = {0};
    AUTO_FREE char *user_path = NULL;
    int rc = rest_call(s, &call, &answer, err);

    if (rc)
        return rc;
    out->app_id = js_int(answer.json, "id", github_of(s)->app_id);
    out->slug = xstrdup(js_str(answer.json, "slug", "vdo"));
    out->login = xasprintf("%s[bot]", out->slug);
    json_decref(answer.json);
    user_path = xasprintf("/users/%s%%5Bbot%%5D", out->slug);
    /* Public, and closed to a JWT. Without the number we still know our name and our App's. */
    call = (struct rest_call){.method = "GET", .path = user_path, .signer = SIGN_NOBODY};
    if (rest_call(s, &call, &answer, NULL) == VDO_OK) {
        out->id = js_int(answer.json, "id", 0);
        json_decref(answer.json);
    }
    return VDO_OK;
}

static int ask_user(struct forge_session *s, struct forge_identity *out, struct err *err)
{
    struct rest_call call = {.method = "GET", .path = "/user", .signer = SIGN_INSTALLATION};
    struct rest_answer answer = {0};
    int rc = rest_call(s, &call, &answer, err);

    if (rc)
        return rc;
    out->id = js_int(answer.json, "id", 0);
    out->login = xstrdup(js_str(answer.json, "login", ""));
    out->slug = xstrdup(out->login);
    json_decref(answer.json);
    return VDO_OK;
}

int github_identity(struct forge_session *s, const struct forge_identity **out, struct err *err)
{
    struct github *g = github_of(s);
    struct forge_identity found = {0};
    bool known;
    int rc;

    (void)pthread_mutex_lock(&g->lock);
    known = g->identity_known;
    (void)pthread_mutex_unlock(&g->lock);
    if (!known) {
        rc = g->app_id ? ask_app(s, &found, err) : ask_user(s, &found, err);
        if (rc)
            return rc;
        (void)pthread_mutex_lock(&g->lock);
        if (!g->identity_known) {
            g->identity = found;
            g->identity_known = true;
            found = (struct forge_identity){0};
        }
        (void)pthread_mutex_unlock(&g->lock);
        free(found.login);
        free(found.slug);
    }
    *out = &g->identity;
    return VDO_OK;
}

int github_get_repo(struct forge_session *s, const struct forge_repo *repo,
                    struct forge_repo_info *out, struct err *err)
{
    struct rest_answer answer = {0};
    int rc = rest_repo(s, repo, "GET", "", NULL, false, NULL, &answer, err);

    if (rc)
        return rc;
    out->id = js_int(answer.json, "id", 0);
    out->full_name = xstrdup(js_str(answer.json, "full_name", repo->name));
    out->default_branch = xstrdup(js_str(answer.json, "default_branch", ""));
    out->html_url = xstrdup(js_str(answer.json, "html_url", ""));
    out->archived = js_bool(answer.json, "archived", false);
    out->is_private = js_bool(answer.json, "private", false);
    json_decref(answer.json);
    if (repo->id && out->id && repo->id != out->id) {
        forge_repo_info_release(out);
        return err_set(err, VDO_E_NOT_FOUND, "%s is another repository now", repo->name);
    }
    return VDO_OK;
}

/* role_name knows triage and maintain; permission only admin, write, read, none. */
static enum forge_permission level_of(const json_t *json)
{
    enum forge_permission by_role = FORGE_NONE;
    enum forge_permission by_permission = FORGE_NONE;

    (void)forge_permission_parse(js_str(json, "role_name", ""), &by_role);
    (void)forge_permission_parse(js_str(json, "permission", ""), &by_permission);
    return by_role > by_permission ? by_role : by_permission;
}

int github_get_permission(struct forge_session *s, const struct forge_repo *repo, const char *login,
                          enum forge_permission *out, struct err *err)
{
    AUTO_FREE char *name = url_encode(login);
    AUTO_FREE char *path = xasprintf("/collaborators/%s/permission", name);
    struct rest_answer answer = {0};
    struct err why = {0};
    int rc = rest_repo(s, repo, "GET", path, NULL, false, NULL, &answer, &why);

    if (rc == VDO_E_NOT_FOUND) {
        *out = FORGE_NONE;
        return VDO_OK;
    }
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    *out = level_of(answer.json);
    json_decref(answer.json);
    return VDO_OK;
}

int github_git_access(struct forge_session *s, const struct forge_repo *repo, char **out_url,
                      const char **out_username, struct secret *out_password, struct err *err)
{
    int64_t installation = 0;
    int rc = rest_installation(s, repo, &installation, err);

    if (!rc)
        rc = github_token(s, installation, GIT_TOKEN_LEAST_MS, out_password, err);
    if (rc)
        return rc;
    *out_url = xasprintf("%s/%s.git", github_of(s)->git_url, repo->name);
    *out_username = "x-access-token";
    return VDO_OK;
}

void github_git_refused(struct forge_session *s, const struct forge_repo *repo)
{
    int64_t installation = 0;

    if (github_of(s)->app_id && rest_installation(s, repo, &installation, NULL) == VDO_OK)
        github_drop_token(github_of(s), installation);
}

char *github_web_url(struct forge *forge, const char *repo, const char *kind, const char *ref)
{
    const struct github *g = (const struct github *)forge;
    const char *part = "tree";

    if (strcmp(kind, "issue") == 0)
        part = "issues";
    else if (strcmp(kind, "pull") == 0)
        part = "pull";
    else if (strcmp(kind, "commit") == 0)
        part = "commit";
    return xasprintf("%s/%s/%s/%s", g->git_url, repo, part, ref);
}
