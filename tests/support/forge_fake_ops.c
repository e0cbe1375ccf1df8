#include "forge_fake_private.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct forge_fake *fake_of(struct forge_session *s)
{
    return (struct forge_fake *)(void *)s->forge;
}

/* ---- faults ---- */

static const struct fault *count_call(struct forge_fake *f, enum fake_call call)
{
    const struct fault *hit = NULL;

    f->calls[call]++;
    f->calls[FAKE_ANY]++;
    for (size_t i = 0; i < f->n_faults && !hit; i++) {
        const struct fault *fault = &f->faults[i];
        int n = f->calls[fault->call];

        if ((fault->call == call || fault->call == FAKE_ANY) && n >= fault->from && n <= fault->to)
            hit = fault;
    }
    return hit;
}

static int raise_fault(struct forge_session *s, const struct fault *fault, struct err *err)
{
    s->retry_after_ms = fault->retry_after_ms;
    return err_set(err, fault->code, "the fake forge was told to fail");
}

/* A failure before anything happened. *out_after: one to raise when the call has had its effect. */
static int begin(struct forge_session *s, enum fake_call call, bool *maybe_done,
                 const struct fault **out_after, struct err *err)
{
    struct forge_fake *f = fake_lock(fake_of(s));
    const struct fault *fault = count_call(f, call);

    *out_after = NULL;
    if (!fault)
        return VDO_OK;
    if (fault->when == FAKE_AFTER) {
        *out_after = fault;
        return VDO_OK;
    }
    if (maybe_done)
        *maybe_done = fault->when == FAKE_LOST;
    return raise_fault(s, fault, err);
}

static int finish(struct forge_session *s, int rc, const struct fault *after, bool *maybe_done,
                  struct err *err)
{
    if (!rc && after) {
        if (maybe_done)
            *maybe_done = true;
        rc = raise_fault(s, after, err);
    }
    fake_unlock(fake_of(s));
    return rc;
}

/* ---- the struct of functions ---- */

static void close_nothing(struct forge *forge)
{
    (void)forge;
}

static struct forge_session *new_session(struct forge *forge)
{
    (void)forge;
    return xcalloc(1, sizeof(struct forge_session));
}

static void free_session(struct forge_session *s)
{
    free(s);
}

static int identity(struct forge_session *s, const struct forge_identity **out, struct err *err)
{
    static char login[] = "vdo[bot]";
    static char slug[] = "vdo";
    static const struct forge_identity us = {
        .id = OUR_ID, .login = login, .slug = slug, .app_id = 7};

    (void)s;
    (void)err;
    *out = &us;
    return VDO_OK;
}

static int get_repo(struct forge_session *s, const struct forge_repo *repo,
                    struct forge_repo_info *out, struct err *err)
{
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_GET_REPO, NULL, &after, err);
    const struct fake_repo *r = rc ? NULL : fake_find_repo(fake_of(s), repo->name);

    if (!rc && !r)
        rc = err_set(err, VDO_E_NOT_FOUND, "repository %s does not exist", repo->name);
    if (!rc && !after) {
        *out = (struct forge_repo_info){.id = r->id,
                                        .full_name = xstrdup(r->name),
                                        .default_branch = xstrdup(r->default_branch),
                                        .html_url = xasprintf("https://forge.test/%s", r->name),
                                        .archived = r->archived};
    }
    return finish(s, rc, after, NULL, err);
}

static void copy_issue(const struct fake_issue *i, struct forge_issue *out)
{
    *out = (struct forge_issue){
        .number = i->number,
        .id = 100000 + i->number,
        .title = xstrdup(i->title),
        .body = xstrdup(i->body),
        .author = xstrdup(i->author),
        .author_id = 1,
        .open = !i->closed,
        .locked = i->locked,
        .is_pull = i->is_pull,
        .labels = xcalloc(i->n_labels + 1, sizeof(char *)),
        .n_labels = i->n_labels,
        .html_url = xasprintf("https://forge.test/%s/issues/%lld", i->repo, (long long)i->number),
        .updated_at = xstrdup("2026-11-21T08:00:00Z")};
    for (size_t k = 0; k < i->n_labels; k++)
        out->labels[k] = xstrdup(i->labels[k]);
}

static int get_issue(struct forge_session *s, const struct forge_repo *repo, int64_t number,
                     struct forge_issue *out, struct err *err)
{
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_GET_ISSUE, NULL, &after, err);
    const struct fake_issue *i = rc ? NULL : fake_find_issue(fake_of(s), repo->name, number);

    if (!rc && !i)
        rc = err_set(err, VDO_E_NOT_FOUND, "issue %lld does not exist", (long long)number);
    if (!rc && !after)
        copy_issue(i, out);
    return finish(s, rc, after, NULL, err);
}

static int get_permission(struct forge_session *s, const struct forge_repo *repo, const char *login,
                          enum forge_permission *out, struct err *err)
{
    struct forge_fake *f = fake_of(s);
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_GET_PERMISSION, NULL, &after, err);

    (void)repo;
    if (!rc && !after) {
        *out = FORGE_NONE;
        for (size_t i = 0; i < f->n_people; i++)
            if (strcmp(f->people[i].login, login) == 0)
                *out = f->people[i].permission;
    }
    return finish(s, rc, after, NULL, err);
}

static int list_comments(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                         int64_t since_ms, const char *contains, struct forge_comment **out,
                         size_t *out_n, struct err *err)
{
    struct forge_fake *f = fake_of(s);
    const struct fault *after = NULL;
    struct forge_comment *list;
    size_t n = 0;
    int rc = begin(s, FAKE_LIST_COMMENTS, NULL, &after, err);

    if (!rc && !fake_find_issue(f, repo->name, issue))
        rc = err_set(err, VDO_E_NOT_FOUND, "issue %lld does not exist", (long long)issue);
    if (!rc && !after) {
        list = xcalloc(f->n_comments + 1, sizeof(*list));
        for (size_t i = 0; i < f->n_comments; i++) {
            const struct fake_comment *c = &f->comments[i];

            if (!fake_is_wanted(c, repo->name, issue, since_ms, contains))
                continue;
            list[n++] =
                (struct forge_comment){.id = c->id,
                                       .body = xstrdup(c->body),
                                       .author = xstrdup(c->author),
                                       .author_id = strcmp(c->author, fake_login) == 0 ? OUR_ID : 1,
                                       .by_us = strcmp(c->author, fake_login) == 0};
        }
        *out = list;
        *out_n = n;
    }
    return finish(s, rc, after, NULL, err);
}

static int check_writable(struct forge_fake *f, const char *repo, int64_t number, struct err *err)
{
    const struct fake_issue *issue = fake_find_issue(f, repo, number);
    const struct fake_repo *r = fake_find_repo(f, repo);

    if (!issue)
        return err_set(err, VDO_E_NOT_FOUND, "issue %lld does not exist", (long long)number);
    if (issue->locked)
        return err_set(err, VDO_E_REFUSED, "unable to create comment because issue is locked");
    if (r && r->archived)
        return err_set(err, VDO_E_REFUSED, "repository was archived so is read-only");
    return VDO_OK;
}

static int create_comment(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                          const char *body, int64_t *out_id, bool *maybe_done, struct err *err)
{
    struct forge_fake *f = fake_of(s);
    const struct fault *after = NULL;
    int64_t id = 0;
    int rc = begin(s, FAKE_CREATE_COMMENT, maybe_done, &after, err);

    if (!rc)
        rc = check_writable(f, repo->name, issue, err);
    if (!rc)
        id = fake_add_comment(f, repo->name, issue, fake_login, body);
    if (!rc && !after)
        *out_id = id;
    return finish(s, rc, after, maybe_done, err);
}

static int edit_comment(struct forge_session *s, const struct forge_repo *repo, int64_t comment_id,
                        const char *body, struct err *err)
{
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_EDIT_COMMENT, NULL, &after, err);
    struct fake_comment *c = rc ? NULL : fake_find_comment(fake_of(s), comment_id);

    (void)repo;
    if (!rc && !c)
        rc = err_set(err, VDO_E_NOT_FOUND, "comment %lld does not exist", (long long)comment_id);
    if (c) {
        fake_replace(&c->body, body);
        c->edits++;
    }
    return finish(s, rc, after, NULL, err);
}

static void note_reaction(char **reactions, const char *content)
{
    AUTO_FREE char *before = xasprintf(" %s ", *reactions);
    AUTO_FREE char *wanted = xasprintf(" %s ", content);
    char *joined;

    if (strstr(before, wanted))
        return;
    joined = xasprintf("%s%s%s", *reactions, **reactions ? " " : "", content);
    free(*reactions);
    *reactions = joined;
}

static int add_reaction(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        int64_t target_comment_id, const char *content, struct err *err)
{
    struct forge_fake *f = fake_of(s);
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_ADD_REACTION, NULL, &after, err);
    struct fake_comment *c = rc ? NULL : fake_find_comment(f, target_comment_id);
    struct fake_issue *i = rc ? NULL : fake_find_issue(f, repo->name, issue);

    if (!rc && target_comment_id && !c)
        rc = err_set(err, VDO_E_NOT_FOUND, "comment %lld does not exist",
                     (long long)target_comment_id);
    if (!rc && !target_comment_id && !i)
        rc = err_set(err, VDO_E_NOT_FOUND, "issue %lld does not exist", (long long)issue);
    if (!rc && c && target_comment_id)
        note_reaction(&c->reactions, content);
    if (!rc && i && !target_comment_id)
        note_reaction(&i->reactions, content);
    return finish(s, rc, after, NULL, err);
}

static int remove_label(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        const char *label, struct err *err)
{
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_REMOVE_LABEL, NULL, &after, err);
    struct fake_issue *i = rc ? NULL : fake_find_issue(fake_of(s), repo->name, issue);

    if (!rc && !i)
        rc = err_set(err, VDO_E_NOT_FOUND, "issue %lld does not exist", (long long)issue);
    if (i)
        fake_drop_label(i, label);
    return finish(s, rc, after, NULL, err);
}

static void copy_pull(const struct fake_pull *p, struct forge_pull *out)
{
    *out = (struct forge_pull){
        .number = p->number,
        .html_url = xasprintf("https://forge.test/%s/pull/%lld", p->repo, (long long)p->number),
        .head_branch = xstrdup(p->head),
        .head_sha = xstrdup("0000000000000000000000000000000000000000"),
        .body = xstrdup(p->body),
        .open = !p->closed,
        .merged = p->merged};
}

static int lookup_pull(struct forge_session *s, const struct forge_repo *repo, const char *branch,
                       struct forge_pull *out, struct err *err)
{
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_FIND_PULL, NULL, &after, err);
    const struct fake_pull *p = rc ? NULL : fake_find_pull(fake_of(s), repo->name, branch);

    if (!rc && !p)
        rc = err_set(err, VDO_E_NOT_FOUND, "no pull request from %s", branch);
    if (!rc && !after)
        copy_pull(p, out);
    return finish(s, rc, after, NULL, err);
}

static int create_pull(struct forge_session *s, const struct forge_repo *repo,
                       const struct forge_pull_spec *spec, struct forge_pull *out, bool *maybe_done,
                       struct err *err)
{
    struct forge_fake *f = fake_of(s);
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_CREATE_PULL, maybe_done, &after, err);
    struct fake_pull *p = rc ? NULL : fake_find_pull(f, repo->name, spec->head);

    if (!rc && p && !p->closed)
        rc = err_set(err, VDO_E_CONFLICT, "a pull request already exists for %s", spec->head);
    if (!rc) {
        fake_check_room(f->n_pulls, MAX_ROWS);
        p = &f->pulls[f->n_pulls++];
        *p = (struct fake_pull){.repo = xstrdup(repo->name),
                                .number = ++f->last_id + 100,
                                .title = xstrdup(spec->title),
                                .body = xstrdup(spec->body),
                                .head = xstrdup(spec->head),
                                .base = xstrdup(spec->base)};
    }
    if (!rc && !after)
        copy_pull(p, out);
    return finish(s, rc, after, maybe_done, err);
}

static int git_access(struct forge_session *s, const struct forge_repo *repo, char **out_url,
                      const char **out_username, struct secret *out_password, struct err *err)
{
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_GIT_ACCESS, NULL, &after, err);
    const struct fake_repo *r = rc ? NULL : fake_find_repo(fake_of(s), repo->name);

    (void)out_password;
    if (!rc && !r)
        rc = err_set(err, VDO_E_NOT_FOUND, "repository %s does not exist", repo->name);
    if (!rc && !after) {
        *out_url = xstrdup(r->git_url);
        *out_username = NULL;
    }
    return finish(s, rc, after, NULL, err);
}

static char *web_url(struct forge *forge, const char *repo, const char *kind, const char *ref)
{
    (void)forge;
    return xasprintf("https://forge.test/%s/%s/%s", repo, kind, ref);
}

static json_t *report(struct forge *forge)
{
    (void)forge;
    return json_object();
}

const struct forge_ops fake_forge_ops = {
    .close = close_nothing,
    .session_new = new_session,
    .session_free = free_session,
    .identity = identity,
    .get_repo = get_repo,
    .get_issue = get_issue,
    .get_permission = get_permission,
    .list_comments = list_comments,
    .create_comment = create_comment,
    .edit_comment = edit_comment,
    .add_reaction = add_reaction,
    .remove_label = remove_label,
    .find_pull = lookup_pull,
    .create_pull = create_pull,
    .git_access = git_access,
    .web_url = web_url,
    .report = report,
};
