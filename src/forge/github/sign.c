#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <string.h>

enum { REFRESH_BEFORE_MS = 600000, HARD_STOP_MS = 60000, TOKEN_LIFE_MS = 3600000 };

/* Takes the token. */
static void set_bearer(struct secret *out_header, struct secret *token)
{
    AUTO_FREE char *header = xasprintf("Bearer %s", secret_reveal(token));

    secret_set(out_header, header, strlen(header));
    explicit_bzero(header, strlen(header));
    secret_release(token);
}

static int authorize_app(struct forge_session *s, const struct rest_call *call,
                         struct secret *out_header, bool *fresh, struct err *err)
{
    struct secret jwt = {0};
    int rc = github_jwt(github_of(s), &jwt, err);

    (void)call;
    if (rc)
        return rc;
    *fresh = false;
    set_bearer(out_header, &jwt);
    return VDO_OK;
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
    int rc = request_send(s, &call, authorize_app, &answer, &why);

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
        github_keep_token(g, installation_id, token, expires_ms);
    else
        rc = err_set(err, VDO_E_TEMPORARY, "GitHub answered without a token");
    json_decref(answer.json);
    return rc;
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
    if (github_copy_token(g, installation_id, least_ms, out, fresh))
        return VDO_OK;
    rc = mint(s, installation_id, err);
    if (rc)
        return rc;
    /* A server that hands out short tokens is believed for what they are worth. */
    if (!github_copy_token(g, installation_id, 0, out, fresh))
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
        github_copy_token(github_of(s), installation_id, HARD_STOP_MS, out, fresh)) {
        s->retry_after_ms = 0;
        return VDO_OK;
    }
    return rc ? err_set(err, (enum vdo_code)rc, "%s", why.text) : VDO_OK;
}

int github_authorize(struct forge_session *s, const struct rest_call *call,
                     struct secret *out_header, bool *fresh, struct err *err)
{
    struct secret token = {0};
    int rc;

    if (call->signer == SIGN_NOBODY)
        return VDO_OK;
    if (call->signer == SIGN_APP && github_of(s)->app_id)
        return authorize_app(s, call, out_header, fresh, err);
    rc = take_request_token(s, call->installation_id, &token, fresh, err);
    if (rc)
        return rc;
    set_bearer(out_header, &token);
    return VDO_OK;
}

int github_find_installation(struct forge_session *s, const struct forge_repo *repo,
                             int64_t *out_id, struct err *err)
{
    AUTO_FREE char *path = xasprintf("/repos/%s/installation", repo->name);
    struct rest_call call = {.method = "GET", .path = path, .signer = SIGN_APP};
    struct rest_answer answer = {0};
    struct err why = {0};
    int rc = request_send(s, &call, github_authorize, &answer, &why);

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
