#include "github.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TRIES = 3, MAX_REDIRECTS = 3, FIRST_WAIT_MS = 500, CALL_TIMEOUT_MS = 30000 };

/* One request on its way through retries and redirects. */
struct attempt {
    struct forge_session *s;
    const struct rest_call *call;
    char *url;
    char *body;
    bool waited;   /* for a new token to become known everywhere */
    bool reminted; /* the token has been thrown away once */
    int tries;
    int redirects;
};

static bool is_idempotent(const struct rest_call *call)
{
    return strcmp(call->method, "POST") != 0;
}

static void note_error(struct github *g, const struct err *err)
{
    (void)pthread_mutex_lock(&g->lock);
    (void)snprintf(g->last_error, sizeof(g->last_error), "%.250s", err->text);
    (void)pthread_mutex_unlock(&g->lock);
}

static int send_once(struct attempt *a, struct http_result *result, bool *fresh, struct err *err)
{
    struct github_session *session = (struct github_session *)a->s;
    struct secret authorization = {0};
    struct http_call http = {.method = a->call->method,
                             .url = a->url,
                             .body = a->body,
                             .body_len = a->body ? strlen(a->body) : 0,
                             .timeout_ms = CALL_TIMEOUT_MS,
                             .cancel = a->s->cancel};
    int rc = github_authorize(a->s, a->call->signer, a->call->installation_id, &authorization,
                              fresh, err);

    if (rc)
        return rc;
    struct http_header headers[] = {{"Accept", "application/vnd.github+json"},
                                    {"X-GitHub-Api-Version", "2022-11-28"},
                                    {"Authorization", secret_reveal(&authorization)},
                                    {"Content-Type", "application/json"}};
    http.headers = headers;
    http.n_headers = a->body ? 4 : 3;
    rc = http_call(session->http, &http, result, err);
    secret_release(&authorization);
    return rc;
}

/* "Validation Failed: PullRequest.head: invalid", from GitHub's error body. */
static void describe(const struct http_result *result, char *buf, size_t size)
{
    json_auto_t *json = NULL;
    const char *message;
    size_t used;
    size_t i;
    json_t *item;

    if (js_parse(result->body, result->body_len, &json, NULL) != VDO_OK) {
        (void)snprintf(buf, size, "HTTP %d", result->status);
        return;
    }
    message = js_str(json, "message", "");
    (void)snprintf(buf, size, "HTTP %d%s%.200s", result->status, *message ? " " : "", message);
    json_array_foreach (js_at(json, "errors"), i, item) {
        used = strlen(buf);
        if (json_is_string(item))
            (void)snprintf(buf + used, size - used, "; %.100s", json_string_value(item));
        else
            (void)snprintf(buf + used, size - used, "; %.40s %.60s %.100s",
                           js_str(item, "field", ""), js_str(item, "code", ""),
                           js_str(item, "message", ""));
    }
}

static int fail_status(struct attempt *a, const struct http_result *result, struct err *err)
{
    char what[480];
    char buf[256];
    const char *needs;

    describe(result, what, sizeof(what));
    switch (result->status) {
    case 401:
        return err_set(err, VDO_E_REFUSED, "GitHub refuses the credentials: %s", what);
    case 403:
        needs = http_result_header(result, "x-accepted-github-permissions", buf, sizeof(buf));
        if (needs && *needs && strcasestr(what, "not accessible"))
            return err_set(err, VDO_E_REFUSED, "%s; the App needs the permission %s", what, needs);
        return err_set(err, VDO_E_REFUSED, "%s", what);
    case 404:
    case 410:
        return err_set(err, VDO_E_NOT_FOUND, "%s", what);
    case 409:
        return err_set(err, VDO_E_CONFLICT, "%s", what);
    case 408:
    case 429:
        return err_set(err, VDO_E_TEMPORARY, "%s", what);
    default:
        break;
    }
    if (result->status >= 500) {
        if (a->call->maybe_done && !is_idempotent(a->call))
            *a->call->maybe_done = true;
        return err_set(err, VDO_E_TEMPORARY, "%s", what);
    }
    return err_set(err, VDO_E_REFUSED, "%s", what);
}

/* rel="next" of a Link header, only within the API itself (RFC 8288). */
static void find_next(struct attempt *a, const struct http_result *result, char *out, size_t size)
{
    char *buf = xmalloc(4096);
    const char *link = http_result_header(result, "link", buf, 4096);
    const char *rel = link ? strstr(link, "rel=\"next\"") : NULL;
    const char *open = NULL;
    const char *close;

    out[0] = '\0';
    for (const char *c = link; rel && c && c < rel; c++) {
        if (*c == '<')
            open = c + 1;
    }
    close = open ? strchr(open, '>') : NULL;
    if (close && (size_t)(close - open) < size) {
        (void)snprintf(out, size, "%.*s", (int)(close - open), open);
        if (!url_same_origin(out, github_of(a->s)->api_url))
            out[0] = '\0';
    }
    free(buf);
}

static int accept_answer(struct attempt *a, const struct http_result *result,
                         struct rest_answer *answer, struct err *err)
{
    int rc = VDO_OK;

    answer->json = NULL;
    if (result->body_len > 0)
        rc = js_parse(result->body, result->body_len, &answer->json, err);
    if (rc)
        return err_wrap(err, "GitHub's answer"), VDO_E_TEMPORARY;
    find_next(a, result, answer->link_next, sizeof(answer->link_next));
    return VDO_OK;
}

/* A moved repository or issue: the same request again, at an address of the same API only. */
static bool follow(struct attempt *a, const struct http_result *result)
{
    char *buf = xmalloc(2048);
    const char *to = http_result_header(result, "location", buf, 2048);
    bool ok = to && a->redirects < MAX_REDIRECTS && url_same_origin(to, github_of(a->s)->api_url) &&
              (is_idempotent(a->call) || result->status == 307 || result->status == 308 ||
               result->status == 301);

    if (ok) {
        free(a->url);
        a->url = xstrdup(to);
        a->redirects++;
    }
    free(buf);
    return ok;
}

/*
 * What to do with an answer that is no success. 1: send again; 0: fail_status() decides; a code:
 * the end.
 */
static int consider_again(struct attempt *a, const struct http_result *result, bool fresh,
                          struct err *err)
{
    struct github *g = github_of(a->s);
    char date[64];
    int rc;

    if (result->status >= 300 && result->status < 400)
        return follow(a, result) ? 1 : 0;
    /* A token just made may not have reached every machine of GitHub's yet. */
    if (result->status == 401 && fresh && !a->waited) {
        a->waited = true;
        rc = github_pause(a->s, 1000, err);
        return rc ? rc : 1;
    }
    if (result->status == 401 && !a->reminted) {
        a->reminted = true;
        if (a->call->signer == SIGN_APP)
            github_learn_date(g, http_result_header(result, "date", date, sizeof(date)));
        else
            github_drop_token(g, a->call->installation_id);
        return 1;
    }
    if (result->status == 403 && fresh && a->tries < TRIES) {
        rc = github_pause(a->s, 1000 * a->tries, err);
        return rc ? rc : 1;
    }
    if (result->status >= 500 && is_idempotent(a->call) && a->tries < TRIES) {
        rc = github_pause(a->s, FIRST_WAIT_MS << a->tries, err);
        return rc ? rc : 1;
    }
    return 0;
}

/* 1: send again; else the end of the call. */
static int try_once(struct attempt *a, struct rest_answer *answer, struct err *err)
{
    struct github *g = github_of(a->s);
    struct http_result result = {0};
    struct err why = {0};
    bool fresh = false;
    int64_t wait_ms = 0;
    int rc = governor_enter(g, a->call->installation_id, a->call->creates_content, &wait_ms, err);

    a->s->retry_after_ms = wait_ms;
    if (rc)
        return rc;
    a->tries++;
    rc = send_once(a, &result, &fresh, &why);
    if (rc == VDO_E_TEMPORARY) {
        if (result.sent && !is_idempotent(a->call) && a->call->maybe_done)
            *a->call->maybe_done = true;
        if (a->tries < TRIES && (is_idempotent(a->call) || !result.sent)) {
            rc = github_pause(a->s, FIRST_WAIT_MS << a->tries, err);
            return rc ? rc : 1;
        }
    }
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    answer->status = result.status;
    if (governor_learn(g, a->call->installation_id, &result, &wait_ms)) {
        a->s->retry_after_ms = wait_ms;
        rc = err_set(err, VDO_E_TEMPORARY, "GitHub's rate limit: waiting %lld s",
                     (long long)(wait_ms + 999) / 1000);
    } else if (result.status >= 200 && result.status < 300) {
        rc = accept_answer(a, &result, answer, err);
    } else {
        rc = consider_again(a, &result, fresh, err);
        if (rc == 0)
            rc = fail_status(a, &result, err);
    }
    http_result_release(&result);
    return rc;
}

int rest_call(struct forge_session *s, const struct rest_call *call, struct rest_answer *answer,
              struct err *err)
{
    struct github *g = github_of(s);
    struct attempt a = {.s = s, .call = call};
    int rc;

    a.url = call->path[0] == '/' ? xasprintf("%s%s", g->api_url, call->path) : xstrdup(call->path);
    a.body = call->body ? js_dump(call->body) : NULL;
    do {
        rc = try_once(&a, answer, err);
    } while (rc == 1);
    if (rc) {
        (void)err_wrap(err, "%s %s", call->method, call->path);
        note_error(g, err ? err : &(struct err){0});
    }
    free(a.url);
    free(a.body);
    return rc;
}

int rest_list(struct forge_session *s, int64_t installation_id, const char *path, json_t *out,
              struct err *err)
{
    AUTO_FREE char *next = xstrdup(path);

    for (int page = 0; *next; page++) {
        struct rest_call call = {.method = "GET",
                                 .path = next,
                                 .signer = SIGN_INSTALLATION,
                                 .installation_id = installation_id};
        struct rest_answer answer = {0};
        bool again;
        int rc;

        if (page >= VDO_MAX_PAGES)
            return err_set(err, VDO_E_TOO_LARGE, "GET %s: over %d pages", path, VDO_MAX_PAGES);
        rc = rest_call(s, &call, &answer, err);
        if (rc)
            return rc;
        (void)json_array_extend(out, answer.json);
        json_decref(answer.json);
        again = strcmp(next, answer.link_next) != 0;
        free(next);
        next = xstrdup(again ? answer.link_next : "");
    }
    return VDO_OK;
}

/* A name goes into a path: two components of the characters that GitHub allows. */
static int check_name(const char *name, struct err *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
    const char *slash = name ? strchr(name, '/') : NULL;

    if (!slash || slash == name || !slash[1] || strchr(slash + 1, '/') || strstr(name, "..") ||
        strspn(name, allowed) != strlen(name))
        return err_set(err, VDO_E_INVALID, "'%.100s' is not a repository's name", name ? name : "");
    return VDO_OK;
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
                             .creates_content = creates_content,
                             .maybe_done = maybe_done};
    int rc = rest_installation(s, repo, &call.installation_id, err);

    return rc ? rc : rest_call(s, &call, answer, err);
}
