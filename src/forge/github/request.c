#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/base/rand.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/*
 * The tries here bridge a hiccup; whoever calls has a longer patience of his own, which does not
 * hold up a thread.
 */
enum {
    TRIES = 3,
    MAX_REDIRECTS = 3,
    FIRST_WAIT_MS = 1000,
    LONGEST_WAIT_HERE_MS = 5000,
    LONGEST_RETRY_AFTER_MS = 900000,
    CALL_TIMEOUT_MS = 30000,
};

/* One request on its way through retries and redirects. */
struct attempt {
    struct forge_session *s;
    const struct rest_call *call;
    request_authorize_fn authorize;
    char *url;
    char *body;
    bool fresh;    /* the token it was signed with is new */
    bool reminted; /* the token has been thrown away once */
    int lag_waits; /* for a new token to become known everywhere */
    int tries;
    int redirects;
};

static bool is_idempotent(const struct rest_call *call)
{
    return strcmp(call->method, "POST") != 0;
}

/* It may have had its effect, and only looking can tell. */
static void mark_unknown(const struct attempt *a)
{
    if (!is_idempotent(a->call) && a->call->maybe_done)
        *a->call->maybe_done = true;
}

static void note_error(struct github *g, const struct err *err)
{
    (void)pthread_mutex_lock(&g->lock);
    (void)snprintf(g->last_error, sizeof(g->last_error), "%.250s", err->text);
    (void)pthread_mutex_unlock(&g->lock);
}

static int send_signed(struct attempt *a, const struct secret *authorization,
                       struct http_result *result, struct err *err)
{
    struct github_session *session = (struct github_session *)a->s;
    struct http_header headers[4] = {{"Accept", "application/vnd.github+json"},
                                     {"X-GitHub-Api-Version", "2022-11-28"}};
    struct http_call http = {.method = a->call->method,
                             .url = a->url,
                             .headers = headers,
                             .n_headers = 2,
                             .body = a->body,
                             .body_len = a->body ? strlen(a->body) : 0,
                             .timeout_ms = CALL_TIMEOUT_MS,
                             .cancel = a->s->cancel};

    if (a->body)
        headers[http.n_headers++] = (struct http_header){"Content-Type", "application/json"};
    if (secret_is_set(authorization))
        headers[http.n_headers++] =
            (struct http_header){"Authorization", secret_reveal(authorization)};
    return http_call(session->http, &http, result, err);
}

/* By the forge's clock. 1: the time has passed; VDO_E_CANCELLED. */
static int wait_a_little(struct attempt *a, int64_t ms, struct err *err)
{
    const struct clock *clock = github_of(a->s)->clock;
    const struct timespec slice = {.tv_nsec = 20L * 1000000};
    int64_t until = clock_mono_ms(clock) + ms;

    while (clock_mono_ms(clock) < until) {
        if (a->s->cancel && atomic_load(a->s->cancel))
            return err_set(err, VDO_E_CANCELLED, "asked to stop");
        (void)nanosleep(&slice, NULL);
    }
    return 1;
}

/* Between half and the whole of 1, 2, 4 ... s, so that those who failed together part. */
static int wait_for_next_try(struct attempt *a, struct err *err)
{
    int64_t most = (int64_t)FIRST_WAIT_MS << (a->tries - 1);

    return wait_a_little(a, most / 2 + rand_below((uint32_t)(most / 2)), err);
}

/* No answer came. 1: send again; a code: the end. */
static int lose_answer(struct attempt *a, int rc, bool sent, const struct err *why, struct err *err)
{
    if (sent)
        mark_unknown(a);
    if (rc == VDO_E_TEMPORARY && a->tries < TRIES && (is_idempotent(a->call) || !sent))
        return wait_for_next_try(a, err);
    return err_set(err, (enum vdo_code)rc, "%s", why->text);
}

static int take_answer(struct attempt *a, const struct http_result *result,
                       struct rest_answer *answer, struct err *err)
{
    json_t *json = NULL;
    int rc = VDO_OK;

    if (result->body_len > 0)
        rc = js_parse(result->body, result->body_len, &json, err);
    if (!rc && strcmp(a->call->method, "GET") == 0 &&
        !(a->call->wants_list ? json_is_array(json) : json_is_object(json)))
        rc = err_set(err, VDO_E_TEMPORARY, "not the kind of JSON that was asked for");
    if (rc) {
        mark_unknown(a);
        json_decref(json);
        (void)err_wrap(err, "GitHub's answer");
        return VDO_E_TEMPORARY;
    }
    answer->json = json;
    if (a->call->wants_list)
        answer->next_page = answer_next_page(result);
    return VDO_OK;
}

/* An issue that was transferred answers with its place in another repository. */
static bool leaves_repo(const struct attempt *a, const char *url)
{
    static const char part[] = "/repositories/";
    const char *at = strstr(url, part);

    return a->call->repo_id && at && strtoll(at + sizeof(part) - 1, NULL, 10) != a->call->repo_id;
}

/*
 * A renamed repository: the same request again, at an address of the same API only, because it
 * carries our token. After 302 and 303 a POST would have to become a GET, which is not what was
 * asked for. 1: send again; a code: the end.
 */
static int follow(struct attempt *a, const struct http_result *result, struct err *err)
{
    char *to = answer_location(result, github_of(a->s)->api_url);
    bool same = result->status == 301 || result->status == 307 || result->status == 308 ||
                (result->status == 302 && is_idempotent(a->call));
    int rc = 1;

    if (!to || !same)
        rc = answer_fail(result, err);
    else if (!url_same_origin(to, github_of(a->s)->api_url))
        rc = err_set(err, VDO_E_REFUSED, "HTTP %d leads to another server", result->status);
    else if (leaves_repo(a, to))
        rc = err_set(err, VDO_E_NOT_FOUND, "HTTP %d: moved to another repository", result->status);
    else if (++a->redirects > MAX_REDIRECTS)
        rc = err_set(err, VDO_E_TEMPORARY, "HTTP %d: over %d redirects", result->status,
                     MAX_REDIRECTS);
    if (rc != 1) {
        free(to);
        return rc;
    }
    free(a->url);
    a->url = to;
    return 1;
}

/*
 * A token just made may not have reached every machine of GitHub's yet; otherwise it is thrown
 * away once. A JWT is refused when our clock is off: the answer says what time it is.
 */
static int consider_401(struct attempt *a, const struct http_result *result, struct err *err)
{
    struct github *g = github_of(a->s);
    bool by_installation = a->call->signer == SIGN_INSTALLATION && g->app_id;

    if (by_installation && a->fresh && a->lag_waits < (a->reminted ? 3 : 1))
        return wait_a_little(a, (int64_t)FIRST_WAIT_MS << a->lag_waits++, err);
    if (a->reminted || a->call->signer == SIGN_NOBODY || !g->app_id)
        return answer_fail(result, err);
    a->reminted = true;
    if (by_installation) {
        github_drop_token(g, a->call->installation_id);
    } else {
        AUTO_FREE char *date = answer_header(result, "date");

        github_learn_date(g, date);
    }
    return 1;
}

static int consider_5xx(struct attempt *a, const struct http_result *result, struct err *err)
{
    AUTO_FREE char *text = answer_header(result, "retry-after");
    int64_t wait = text ? strtoll(text, NULL, 10) : 0;

    mark_unknown(a);
    if (wait > 0)
        a->s->retry_after_ms =
            wait < LONGEST_RETRY_AFTER_MS / 1000 ? wait * 1000 : LONGEST_RETRY_AFTER_MS;
    if (is_idempotent(a->call) && a->tries < TRIES && a->s->retry_after_ms <= LONGEST_WAIT_HERE_MS)
        return a->s->retry_after_ms ? wait_a_little(a, a->s->retry_after_ms, err) :
                                      wait_for_next_try(a, err);
    return answer_fail(result, err);
}

/* An answer that is no success. 1: send again; a code: the end. */
static int consider(struct attempt *a, const struct http_result *result, struct err *err)
{
    if (result->status >= 300 && result->status < 400)
        return follow(a, result, err);
    if (result->status == 401)
        return consider_401(a, result, err);
    if (result->status == 403 && a->fresh && a->lag_waits < 3 &&
        strcasestr(result->body, "not accessible by integration"))
        return wait_a_little(a, (int64_t)FIRST_WAIT_MS << a->lag_waits++, err);
    if (result->status >= 500)
        return consider_5xx(a, result, err);
    if (result->status == 408)
        mark_unknown(a);
    return answer_fail(result, err);
}

static int read_result(struct attempt *a, const struct http_result *result,
                       struct rest_answer *answer, struct err *err)
{
    int64_t wait_ms = 0;

    answer->status = result->status;
    if (governor_learn(github_of(a->s), a->call->installation_id, result, &wait_ms)) {
        a->s->retry_after_ms = wait_ms;
        return err_set(err, VDO_E_TEMPORARY, "GitHub's rate limit: waiting %lld s",
                       (long long)(wait_ms + 999) / 1000);
    }
    if (result->status >= 200 && result->status < 300)
        return take_answer(a, result, answer, err);
    return consider(a, result, err);
}

/* 1: send again; else the end of the call. */
static int try_once(struct attempt *a, struct rest_answer *answer, struct err *err)
{
    struct github *g = github_of(a->s);
    struct secret authorization = {0};
    struct http_result result = {0};
    struct err why = {0};
    int rc;

    a->s->retry_after_ms = 0;
    rc = governor_enter(g, a->call->installation_id, a->call->creates_content,
                        &a->s->retry_after_ms, err);
    if (rc)
        return rc;
    a->fresh = false;
    /* What it takes to sign has had its own tries. */
    rc = a->authorize(a->s, a->call, &authorization, &a->fresh, err);
    if (rc)
        return rc;
    a->tries++;
    rc = send_signed(a, &authorization, &result, &why);
    secret_release(&authorization);
    rc = rc ? lose_answer(a, rc, result.sent, &why, err) : read_result(a, &result, answer, err);
    http_result_release(&result);
    return rc;
}

int request_send(struct forge_session *s, const struct rest_call *call,
                 request_authorize_fn authorize, struct rest_answer *answer, struct err *err)
{
    struct github *g = github_of(s);
    struct attempt a = {.s = s, .call = call, .authorize = authorize};
    struct err why = {0};
    int rc;

    a.url = call->path[0] == '/' ? xasprintf("%s%s", g->api_url, call->path) : xstrdup(call->path);
    a.body = call->body ? js_dump(call->body) : NULL;
    do {
        rc = try_once(&a, answer, &why);
    } while (rc == 1);
    if (rc) {
        note_error(g, &why);
        (void)err_set(err, (enum vdo_code)rc, "%s %.200s: %s", call->method, call->path, why.text);
    }
    free(a.url);
    free(a.body);
    return rc;
}
