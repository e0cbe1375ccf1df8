#include "vdo/forge/forge.h"

#include "vdo/base/limits.h"
#include "vdo/forge/ops.h"

#include <stdlib.h>
#include <string.h>

void forge_close(struct forge *forge)
{
    if (forge)
        forge->ops->close(forge);
}

struct forge_session *forge_session_new(struct forge *forge, const atomic_bool *cancel)
{
    struct forge_session *s = forge->ops->session_new(forge);

    s->forge = forge;
    s->cancel = cancel;
    s->retry_after_ms = 0;
    return s;
}

void forge_session_free(struct forge_session *session)
{
    if (session)
        session->forge->ops->session_free(session);
}

int64_t forge_retry_after_ms(const struct forge_session *s)
{
    return s->retry_after_ms;
}

static int begin(struct forge_session *s, struct err *err)
{
    s->retry_after_ms = 0;
    if (s->cancel && atomic_load(s->cancel))
        return err_set(err, VDO_E_CANCELLED, "asked to stop");
    return VDO_OK;
}

static int begin_body(struct forge_session *s, const char *body, struct err *err)
{
    if (body && strlen(body) > VDO_MAX_COMMENT_BODY)
        return err_set(err, VDO_E_TOO_LARGE, "the body has more than %lu bytes",
                       VDO_MAX_COMMENT_BODY);
    return begin(s, err);
}

int forge_identity(struct forge_session *s, const struct forge_identity **out, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc : s->forge->ops->identity(s, out, err);
}

int forge_get_repo(struct forge_session *s, const struct forge_repo *repo,
                   struct forge_repo_info *out, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc : s->forge->ops->get_repo(s, repo, out, err);
}

int forge_get_issue(struct forge_session *s, const struct forge_repo *repo, int64_t number,
                    struct forge_issue *out, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc : s->forge->ops->get_issue(s, repo, number, out, err);
}

int forge_get_permission(struct forge_session *s, const struct forge_repo *repo, const char *login,
                         enum forge_permission *out, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc : s->forge->ops->get_permission(s, repo, login, out, err);
}

int forge_list_comments(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        int64_t since_ms, const char *contains, struct forge_comment **out,
                        size_t *out_n, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc :
                s->forge->ops->list_comments(s, repo, issue, since_ms, contains, out, out_n, err);
}

int forge_create_comment(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                         const char *body, int64_t *out_id, bool *maybe_done, struct err *err)
{
    bool ignored = false;
    int rc = begin_body(s, body, err);

    if (!maybe_done)
        maybe_done = &ignored;
    *maybe_done = false;
    return rc ? rc : s->forge->ops->create_comment(s, repo, issue, body, out_id, maybe_done, err);
}

int forge_edit_comment(struct forge_session *s, const struct forge_repo *repo, int64_t comment_id,
                       const char *body, struct err *err)
{
    int rc = begin_body(s, body, err);

    return rc ? rc : s->forge->ops->edit_comment(s, repo, comment_id, body, err);
}

int forge_add_reaction(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                       int64_t target_comment_id, const char *content, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc : s->forge->ops->add_reaction(s, repo, issue, target_comment_id, content, err);
}

int forge_remove_label(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                       const char *label, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc : s->forge->ops->remove_label(s, repo, issue, label, err);
}

int forge_find_pull(struct forge_session *s, const struct forge_repo *repo, const char *branch,
                    struct forge_pull *out, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc : s->forge->ops->find_pull(s, repo, branch, out, err);
}

int forge_create_pull(struct forge_session *s, const struct forge_repo *repo,
                      const struct forge_pull_spec *spec, struct forge_pull *out, bool *maybe_done,
                      struct err *err)
{
    bool ignored = false;
    int rc = begin_body(s, spec->body, err);

    if (!maybe_done)
        maybe_done = &ignored;
    *maybe_done = false;
    return rc ? rc : s->forge->ops->create_pull(s, repo, spec, out, maybe_done, err);
}

int forge_git_access(struct forge_session *s, const struct forge_repo *repo, char **out_url,
                     const char **out_username, struct secret *out_password, struct err *err)
{
    int rc = begin(s, err);

    return rc ? rc : s->forge->ops->git_access(s, repo, out_url, out_username, out_password, err);
}

void forge_git_refused(struct forge_session *s, const struct forge_repo *repo)
{
    if (s->forge->ops->git_refused)
        s->forge->ops->git_refused(s, repo);
}

char *forge_web_url(struct forge *forge, const char *repo, const char *kind, const char *ref)
{
    return forge->ops->web_url(forge, repo, kind, ref);
}

json_t *forge_report(struct forge *forge)
{
    return forge->ops->report(forge);
}
