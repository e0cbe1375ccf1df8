#include "github.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

int rest_call(struct forge_session *s, const struct rest_call *call, struct rest_answer *answer,
              struct err *err)
{
    return request_send(s, call, github_authorize, answer, err);
}

/* One page of a list; *next becomes the address of the one behind it, NULL at the end. */
static int read_page(struct forge_session *s, struct rest_call *call, char **next, json_t *out,
                     struct err *err)
{
    struct rest_answer answer = {0};
    int rc;

    call->path = *next;
    rc = rest_call(s, call, &answer, err);
    if (rc)
        return rc;
    (void)json_array_extend(out, answer.json);
    json_decref(answer.json);
    if (answer.next_page && !url_same_origin(answer.next_page, github_of(s)->api_url))
        rc = err_set(err, VDO_E_REFUSED, "GET %.200s: its next page is on another server", *next);
    if (!rc && answer.next_page && strcmp(answer.next_page, *next) == 0)
        rc = err_set(err, VDO_E_TEMPORARY, "GET %.200s: its next page is itself", *next);
    free(*next);
    *next = answer.next_page;
    return rc;
}

int rest_list(struct forge_session *s, const struct forge_repo *repo, const char *path, json_t *out,
              struct err *err)
{
    struct rest_call call = {
        .method = "GET", .signer = SIGN_INSTALLATION, .repo_id = repo->id, .wants_list = true};
    char *next = NULL;
    int rc = rest_installation(s, repo, &call.installation_id, err);

    if (!rc)
        next = xasprintf("/repos/%s%s", repo->name, path);
    for (int page = 0; !rc && next; page++) {
        if (page < VDO_MAX_PAGES)
            rc = read_page(s, &call, &next, out, err);
        else
            rc = err_set(err, VDO_E_TOO_LARGE, "GET %.200s: over %d pages", path, VDO_MAX_PAGES);
    }
    free(next);
    return rc;
}

/* A name goes into a path: two components of the characters that GitHub allows. */
static bool is_component(const char *text, size_t len)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return len > 0 && strspn(text, allowed) >= len && !(len == 1 && text[0] == '.') &&
           !(len == 2 && text[0] == '.' && text[1] == '.');
}

static int check_name(const char *name, struct err *err)
{
    size_t owner = name ? strcspn(name, "/") : 0;

    if (owner && name[owner] && is_component(name, owner) &&
        is_component(name + owner + 1, strlen(name + owner + 1)))
        return VDO_OK;
    return err_set(err, VDO_E_INVALID, "'%.100s' is not a repository's name", name ? name : "");
}

int rest_installation(struct forge_session *s, const struct forge_repo *repo, int64_t *out_id,
                      struct err *err)
{
    int rc = check_name(repo->name, err);

    if (rc)
        return rc;
    *out_id = repo->installation_id;
    if (*out_id || !github_of(s)->app_id)
        return VDO_OK;
    return github_find_installation(s, repo, out_id, err);
}

int rest_repo(struct forge_session *s, const struct forge_repo *repo, const char *method,
              const char *path, json_t *body, bool creates_content, bool *maybe_done,
              struct rest_answer *answer, struct err *err)
{
    AUTO_FREE char *whole = xasprintf("/repos/%s%s", repo->name ? repo->name : "", path);
    struct rest_call call = {.method = method,
                             .path = whole,
                             .body = body,
                             .signer = SIGN_INSTALLATION,
                             .repo_id = repo->id,
                             .creates_content = creates_content};
    int rc = rest_installation(s, repo, &call.installation_id, err);

    call.maybe_done = maybe_done;
    return rc ? rc : rest_call(s, &call, answer, err);
}
