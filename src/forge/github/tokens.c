#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"

#include <string.h>
#include <time.h>

enum { JWT_LIFE_S = 540, JWT_BACK_S = 60, FRESH_MS = 10000 };

int github_jwt(struct github *g, struct secret *out, struct err *err)
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

void github_keep_token(struct github *g, int64_t installation_id, const char *text,
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

bool github_copy_token(struct github *g, int64_t installation_id, int64_t least_ms,
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
