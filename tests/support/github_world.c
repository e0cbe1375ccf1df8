#include "github_world.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

struct github_world *github_world_new(bool as_app)
{
    struct github_world *w = xcalloc(1, sizeof(*w));
    struct secret token = {0};
    struct forge_options options = {.kind = "github", .git_url = "https://github.test/"};

    secret_set(&token, "ghp_personal_token", 18);
    w->stub = github_stub_new();
    options.api_url = github_stub_url(w->stub);
    options.clock = github_stub_clock(w->stub);
    if (as_app) {
        options.app_id = STUB_APP_ID;
        options.private_key = github_stub_key();
    } else {
        options.token = &token;
    }
    if (forge_open(&options, &w->forge, &w->err))
        abort();
    secret_release(&token);
    w->session = forge_session_new(w->forge, &w->cancel);
    w->repo = (struct forge_repo){
        .installation_id = as_app ? STUB_INSTALLATION : 0, .id = 5, .name = "acme/app"};
    return w;
}

void github_world_free(struct github_world *w)
{
    forge_session_free(w->session);
    forge_close(w->forge);
    github_stub_free(w->stub);
    free(w);
}

int github_world_setup(void **state)
{
    *state = github_world_new(true);
    return 0;
}

int github_world_teardown(void **state)
{
    github_world_free(*state);
    return 0;
}

void github_world_say(struct github_world *w, const char *method, const char *path, int times,
                      int status, const char *body)
{
    github_stub_add(
        w->stub,
        &(struct stub_reply){
            .method = method, .path = path, .times = times, .status = status, .body = body});
}

int github_world_read_issue(struct github_world *w)
{
    struct forge_issue issue = {0};
    int rc;

    err_clear(&w->err);
    rc = forge_get_issue(w->session, &w->repo, 7, &issue, &w->err);
    forge_issue_release(&issue);
    return rc;
}

int github_world_comment(struct github_world *w, bool *maybe_done)
{
    int64_t id = 0;

    err_clear(&w->err);
    return forge_create_comment(w->session, &w->repo, 7, "Hello", &id, maybe_done, &w->err);
}
