#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <stdlib.h>
#include <string.h>

static void github_close(struct forge *forge)
{
    struct github *g = (struct github *)forge;

    for (size_t i = 0; i < g->n_tokens; i++)
        secret_release(&g->tokens[i].token);
    secret_release(&g->private_key);
    secret_release(&g->personal);
    free(g->identity.login);
    free(g->identity.slug);
    free(g->api_url);
    free(g->git_url);
    (void)pthread_mutex_destroy(&g->lock);
    free(g);
}

static struct forge_session *github_session_new(struct forge *forge)
{
    struct github_session *s = xcalloc(1, sizeof(*s));

    (void)forge;
    s->http = http_client_new();
    return &s->session;
}

static void github_session_free(struct forge_session *session)
{
    struct github_session *s = (struct github_session *)session;

    http_client_free(s->http);
    free(s);
}

static json_t *github_report(struct forge *forge)
{
    struct github *g = (struct github *)forge;
    json_t *lanes = json_array();
    json_t *out;

    (void)pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->n_lanes; i++) {
        const struct lane *lane = &g->lanes[i];

        (void)json_array_append_new(lanes, json_pack("{s:I, s:I, s:I, s:I}", "installation",
                                                     (json_int_t)lane->installation_id, "remaining",
                                                     (json_int_t)lane->remaining, "reset_ms",
                                                     (json_int_t)lane->reset_ms, "paused_until_ms",
                                                     (json_int_t)lane->paused_until_ms));
    }
    out = json_pack("{s:s, s:I, s:s, s:o}", "kind", "github", "requests", (json_int_t)g->requests,
                    "last_error", g->last_error, "installations", lanes);
    (void)pthread_mutex_unlock(&g->lock);
    return out;
}

static const struct forge_ops ops = {
    .close = github_close,
    .session_new = github_session_new,
    .session_free = github_session_free,
    .identity = github_identity,
    .get_repo = github_get_repo,
    .get_issue = github_get_issue,
    .get_permission = github_get_permission,
    .list_comments = github_list_comments,
    .create_comment = github_create_comment,
    .edit_comment = github_edit_comment,
    .add_reaction = github_add_reaction,
    .remove_label = github_remove_label,
    .find_pull = github_find_pull,
    .create_pull = github_create_pull,
    .git_access = github_git_access,
    .git_refused = github_git_refused,
    .web_url = github_web_url,
    .report = github_report,
};

static char *without_slash(const char *url)
{
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        len--;
    return xmemdup0(url, len);
}

int forge_github_open(const struct forge_options *options, struct forge **out, struct err *err)
{
    bool app = options->app_id > 0 && options->private_key && secret_is_set(options->private_key);
    bool token = options->token && secret_is_set(options->token);
    struct github *g;

    if (!app && !token)
        return err_set(err, VDO_E_INVALID,
                       "no credentials: set github.app_id and github.private_key, or github.token");
    g = xcalloc(1, sizeof(*g));
    g->forge.ops = &ops;
    g->api_url = without_slash(options->api_url);
    g->git_url = without_slash(options->git_url);
    g->clock = options->clock;
    (void)pthread_mutex_init(&g->lock, NULL);
    if (app) {
        g->app_id = options->app_id;
        secret_copy(&g->private_key, options->private_key);
    } else {
        secret_copy(&g->personal, options->token);
    }
    *out = &g->forge;
    return VDO_OK;
}
