#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    JWT_LIFE_S = 540,
    JWT_BACK_S = 60,
    REFRESH_BEFORE_MS = 600000,
    HARD_STOP_MS = 60000,
    FRESH_MS = 10000,
    TOKEN_LIFE_MS = 3600000
};

static int make_jwt(struct github *g, struct secret *out, struct err *err)
{
    int64_t now_s = (clock_now_ms(g->clock) + github_clock_offset_ms(g)) / 1000;
    AUTO_FREE char *claims =
        xasprintf("{\"iat\":%lld,\"exp\":%lld,\"iss\":\"%lld\"}", (long long)(now_s - JWT_BACK_S),
                  (long long)(now_s + JWT_LIFE_S), (long long)g->app_id);

    return jwt_sign_rs256(&g->private_key, claims, out, err);
}

void github_learn_date(struct github *g, const char *date)
{
    struct tm tm = {0};

    if (!date || !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return;
    (void)pthread_mutex_lock(&g->lock);
    g->clock_offset_ms = (int64_t)timegm(&tm) * 1000 - clock_now_ms(g->clock);
    (void)pthread_mutex_unlock(&g->lock);
}

int64_t github_clock_offset_ms(struct github *g)
{
    int64_t offset;

    (void)pthread_mutex_lock(&g->lock);
    offset = g->clock_offset_ms;
    (void)pthread_mutex_unlock(&g->lock);
    return offset;
}

static struct installation_token *find_token(struct github *g, int64_t installation_id)
{
    for (size_t i = 0; i < g->n_tokens; i++) {
        if (g->tokens[i].installation_id == installation_id)
            return &g->tokens[i];
    }
    return NULL;
}

void github_drop_token(struct github *g, int64_t installation_id)
{
    struct installation_token *token;

    (void)pthread_mutex_lock(&g->lock);
    token = find_token(g, installation_id);
    if (token)
        token->expires_ms = 0;
    (void)pthread_mutex_unlock(&g->lock);
}

static void keep_token(struct github *g, int64_t installation_id, const char *text,
                       int64_t expires_ms)
{
    struct installation_token *token;

    (void)pthread_mutex_lock(&g->lock);
    token = find_token(g, installation_id);
    if (!token) {
        size_t at = g->n_tokens < GITHUB_MAX_TOKENS ? g->n_tokens++ :
                                                      (size_t)installation_id % GITHUB_MAX_TOKENS;

        token = &g->tokens[at];
    }
    token->installation_id = installation_id;
    secret_set(&token->token, text, strlen(text));
    token->expires_ms = expires_ms;
    token->minted_ms = clock_now_ms(g->clock);
    (void)pthread_mutex_unlock(&g->lock);
}

/* Tokens are opaque and of any length; only their life is looked at, by our clock. */
static int mint(struct forge_session *s, int64_t installation_id, struct err *err)
{
    struct github *g = github_of(s);
    AUTO_FREE char *path =
        xasprintf("/app/installations/%lld/access_tokens", (long long)installation_id);
    struct rest_call call = {.method = "POST", .path = path, .signer = SIGN_APP};
    struct rest_answer answer = {0};
    struct err why = {0};
    const char *token;
    int64_t expires_ms;
    int rc = rest_call(s, &call, &answer, &why);

    /* Not found is what callers take for a missing issue or label. */
    if (rc == VDO_E_NOT_FOUND)
        rc = VDO_E_REFUSED;
    if (rc)
        return err_set(err, (enum vdo_code)rc, "token of installation %lld: %s",
                       (long long)installation_id, why.text);
    token = js_str(answer.json, "token", "");
    if (clock_parse_rfc3339(js_str(answer.json, "expires_at", ""), &expires_ms))
        expires_ms = clock_now_ms(g->clock) + TOKEN_LIFE_MS;
    else
        expires_ms -= github_clock_offset_ms(g);
    if (*token)
        keep_token(g, installation_id, token, expires_ms);
    else
        rc = err_set(err, VDO_E_TEMPORARY, "GitHub answered without a token");
    json_decref(answer.json);
    return rc;
}

static bool copy_token(struct github *g, int64_t installation_id, int64_t least_ms,
                       struct secret *out, bool *fresh)
{
    struct installation_token *token;
    int64_t now = clock_now_ms(g->clock);
    bool good;

    (void)pthread_mutex_lock(&g->lock);
    token = find_token(g, installation_id);
    good = token && token->expires_ms - now > least_ms;
    if (good)
        secret_copy(out, &token->token);
    if (good && fresh)
        *fresh = now - token->minted_ms < FRESH_MS;
    (void)pthread_mutex_unlock(&g->lock);
    return good;
}

static int take_token(struct forge_session *s, int64_t installation_id, int64_t least_ms,
                      struct secret *out, bool *fresh, struct err *err)
{
    struct github *g = github_of(s);
    int rc;

    if (!g->app_id) {
        secret_copy(out, &g->personal);
        return VDO_OK;
    }
    if (copy_token(g, installation_id, least_ms, out, fresh))
        return VDO_OK;
    rc = mint(s, installation_id, err);
    if (rc)
        return rc;
    /* A server that hands out short tokens is believed for what they are worth. */
    if (!copy_token(g, installation_id, 0, out, fresh))
        return err_set(err, VDO_E_TEMPORARY, "the token of installation %lld has run out already",
                       (long long)installation_id);
    return VDO_OK;
}

int github_token(struct forge_session *s, int64_t installation_id, int64_t least_ms,
                 struct secret *out, struct err *err)
{
    return take_token(s, installation_id, least_ms, out, NULL, err);
}

/* For one request a token that is about to be renewed will do while no new one can be had. */
static int take_request_token(struct forge_session *s, int64_t installation_id, struct secret *out,
                              bool *fresh, struct err *err)
{
    struct err why = {0};
    int rc = take_token(s, installation_id, REFRESH_BEFORE_MS, out, fresh, &why);

    if (rc == VDO_E_TEMPORARY &&
        copy_token(github_of(s), installation_id, HARD_STOP_MS, out, fresh)) {
        s->retry_after_ms = 0;
        return VDO_OK;
    }
    return rc ? err_set(err, (enum vdo_code)rc, "%s", why.text) : VDO_OK;
}

int github_authorize(struct forge_session *s, enum github_signer signer, int64_t installation_id,
                     struct secret *out_header, bool *fresh, struct err *err)
{
    struct github *g = github_of(s);
    struct secret token = {0};
    AUTO_FREE char *header = NULL;
    int rc;

    if (signer == SIGN_NOBODY)
        return VDO_OK;
    if (signer == SIGN_APP && g->app_id)
        rc = make_jwt(g, &token, err);
    else
        rc = take_request_token(s, installation_id, &token, fresh, err);
    if (rc)
        return rc;
    header = xasprintf("Bearer %s", secret_reveal(&token));
    secret_set(out_header, header, strlen(header));
    explicit_bzero(header, strlen(header));
    secret_release(&token);
    return VDO_OK;
}

int github_find_installation(struct forge_session *s, const struct forge_repo *repo,
                             int64_t *out_id, struct err *err)
{
    AUTO_FREE char *path = xasprintf("/repos/%s/installation", repo->name);
    struct rest_call call = {.method = "GET", .path = path, .signer = SIGN_APP};
    struct rest_answer answer = {0};
    struct err why = {0};
    int rc = rest_call(s, &call, &answer, &why);

    if (rc == VDO_E_NOT_FOUND)
        return err_set(err, VDO_E_REFUSED, "the App is not installed on %s", repo->name);
    if (rc)
        return err_set(err, (enum vdo_code)rc, "find the installation of %s: %s", repo->name,
                       why.text);
    *out_id = js_int(answer.json, "id", 0);
    json_decref(answer.json);
    return *out_id ?
               VDO_OK :
               err_set(err, VDO_E_TEMPORARY, "the installation of %s has no number", repo->name);
}
