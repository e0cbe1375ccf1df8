#include "forge_fake.h"

#include "vdo/base/mem.h"
#include "vdo/forge/ops.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROWS = 4096, MAX_LABELS = 32, MAX_FAULTS = 64, OUR_ID = 4242 };

struct fake_repo {
    char *name;
    int64_t id;
    char *default_branch;
    char *git_url;
    bool archived;
};

struct fake_issue {
    char *repo;
    int64_t number;
    char *author;
    char *title;
    char *body;
    bool closed;
    bool locked;
    bool is_pull;
    char *labels[MAX_LABELS];
    size_t n_labels;
    char *reactions;
};

struct fake_comment {
    char *repo;
    int64_t issue;
    int64_t id;
    char *author;
    char *body;
    char *reactions;
    int64_t made_ms;
    int edits;
    bool deleted;
};

struct fake_pull {
    char *repo;
    int64_t number;
    char *title;
    char *body;
    char *head;
    char *base;
    bool closed;
    bool merged;
};

struct fake_person {
    char *login;
    enum forge_permission permission;
};

struct fault {
    enum fake_call call;
    int from; /* counted in calls of that kind since the start */
    int to;
    enum fake_when when;
    enum vdo_code code;
    int64_t retry_after_ms;
};

struct forge_fake {
    struct forge forge;
    const struct clock *clock;
    pthread_mutex_t lock; /* guards everything below */
    struct fake_repo repos[MAX_ROWS];
    size_t n_repos;
    struct fake_issue issues[MAX_ROWS];
    size_t n_issues;
    struct fake_comment comments[MAX_ROWS];
    size_t n_comments;
    struct fake_pull pulls[MAX_ROWS];
    size_t n_pulls;
    struct fake_person people[MAX_ROWS];
    size_t n_people;
    struct fault faults[MAX_FAULTS];
    size_t n_faults;
    int calls[FAKE_CALLS];
    int64_t last_id;
};

static const char our_login[] = "vdo[bot]";

static struct forge_fake *fake_of(struct forge_session *s)
{
    return (struct forge_fake *)(void *)s->forge;
}

static void *lock_fake(struct forge_fake *fake)
{
    (void)pthread_mutex_lock(&fake->lock);
    return fake;
}

static void unlock_fake(struct forge_fake *fake)
{
    (void)pthread_mutex_unlock(&fake->lock);
}

static void check_room(size_t n, size_t max)
{
    if (n >= max) {
        (void)fprintf(stderr, "forge_fake: more rows than this test aid holds\n");
        abort();
    }
}

static void replace_text(char **at, const char *text)
{
    char *copy = xstrdup(text);

    free(*at);
    *at = copy;
}

/* ---- finding; under the lock ---- */

static struct fake_repo *find_repo(struct forge_fake *f, const char *name)
{
    for (size_t i = 0; i < f->n_repos; i++)
        if (strcmp(f->repos[i].name, name) == 0)
            return &f->repos[i];
    return NULL;
}

static struct fake_issue *find_issue(struct forge_fake *f, const char *repo, int64_t number)
{
    for (size_t i = 0; i < f->n_issues; i++)
        if (f->issues[i].number == number && strcmp(f->issues[i].repo, repo) == 0)
            return &f->issues[i];
    return NULL;
}

static struct fake_comment *find_comment(struct forge_fake *f, int64_t id)
{
    for (size_t i = 0; i < f->n_comments; i++)
        if (f->comments[i].id == id && !f->comments[i].deleted)
            return &f->comments[i];
    return NULL;
}

static struct fake_pull *find_pull(struct forge_fake *f, const char *repo, const char *head)
{
    for (size_t i = f->n_pulls; i-- > 0;)
        if (strcmp(f->pulls[i].repo, repo) == 0 && strcmp(f->pulls[i].head, head) == 0)
            return &f->pulls[i];
    return NULL;
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
    struct forge_fake *f = lock_fake(fake_of(s));
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
    unlock_fake(fake_of(s));
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
    const struct fake_repo *r = rc ? NULL : find_repo(fake_of(s), repo->name);

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
    const struct fake_issue *i = rc ? NULL : find_issue(fake_of(s), repo->name, number);

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

static bool is_wanted(const struct fake_comment *c, const char *repo, int64_t issue, int64_t since,
                      const char *contains)
{
    return !c->deleted && c->issue == issue && strcmp(c->repo, repo) == 0 && c->made_ms >= since &&
           (!contains || strstr(c->body, contains));
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

    if (!rc && !find_issue(f, repo->name, issue))
        rc = err_set(err, VDO_E_NOT_FOUND, "issue %lld does not exist", (long long)issue);
    if (!rc && !after) {
        list = xcalloc(f->n_comments + 1, sizeof(*list));
        for (size_t i = 0; i < f->n_comments; i++) {
            const struct fake_comment *c = &f->comments[i];

            if (!is_wanted(c, repo->name, issue, since_ms, contains))
                continue;
            list[n++] =
                (struct forge_comment){.id = c->id,
                                       .body = xstrdup(c->body),
                                       .author = xstrdup(c->author),
                                       .author_id = strcmp(c->author, our_login) == 0 ? OUR_ID : 1,
                                       .by_us = strcmp(c->author, our_login) == 0};
        }
        *out = list;
        *out_n = n;
    }
    return finish(s, rc, after, NULL, err);
}

static int64_t add_comment(struct forge_fake *f, const char *repo, int64_t issue,
                           const char *author, const char *body)
{
    struct fake_comment *c;

    check_room(f->n_comments, MAX_ROWS);
    c = &f->comments[f->n_comments++];
    *c = (struct fake_comment){.repo = xstrdup(repo),
                               .issue = issue,
                               .id = ++f->last_id + 900,
                               .author = xstrdup(author),
                               .body = xstrdup(body),
                               .reactions = xstrdup(""),
                               .made_ms = clock_now_ms(f->clock)};
    return c->id;
}

static int check_writable(struct forge_fake *f, const char *repo, int64_t number, struct err *err)
{
    const struct fake_issue *issue = find_issue(f, repo, number);
    const struct fake_repo *r = find_repo(f, repo);

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
        id = add_comment(f, repo->name, issue, our_login, body);
    if (!rc && !after)
        *out_id = id;
    return finish(s, rc, after, maybe_done, err);
}

static int edit_comment(struct forge_session *s, const struct forge_repo *repo, int64_t comment_id,
                        const char *body, struct err *err)
{
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_EDIT_COMMENT, NULL, &after, err);
    struct fake_comment *c = rc ? NULL : find_comment(fake_of(s), comment_id);

    (void)repo;
    if (!rc && !c)
        rc = err_set(err, VDO_E_NOT_FOUND, "comment %lld does not exist", (long long)comment_id);
    if (!rc) {
        replace_text(&c->body, body);
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
    struct fake_comment *c = rc ? NULL : find_comment(f, target_comment_id);
    struct fake_issue *i = rc ? NULL : find_issue(f, repo->name, issue);

    if (!rc && target_comment_id && !c)
        rc = err_set(err, VDO_E_NOT_FOUND, "comment %lld does not exist",
                     (long long)target_comment_id);
    if (!rc && !target_comment_id && !i)
        rc = err_set(err, VDO_E_NOT_FOUND, "issue %lld does not exist", (long long)issue);
    if (!rc)
        note_reaction(target_comment_id ? &c->reactions : &i->reactions, content);
    return finish(s, rc, after, NULL, err);
}

static void drop_label(struct fake_issue *issue, const char *label)
{
    for (size_t i = 0; i < issue->n_labels; i++) {
        if (strcmp(issue->labels[i], label) != 0)
            continue;
        free(issue->labels[i]);
        issue->labels[i] = issue->labels[--issue->n_labels];
        return;
    }
}

static int remove_label(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                        const char *label, struct err *err)
{
    const struct fault *after = NULL;
    int rc = begin(s, FAKE_REMOVE_LABEL, NULL, &after, err);
    struct fake_issue *i = rc ? NULL : find_issue(fake_of(s), repo->name, issue);

    if (!rc && !i)
        rc = err_set(err, VDO_E_NOT_FOUND, "issue %lld does not exist", (long long)issue);
    if (!rc)
        drop_label(i, label);
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
    const struct fake_pull *p = rc ? NULL : find_pull(fake_of(s), repo->name, branch);

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
    struct fake_pull *p = rc ? NULL : find_pull(f, repo->name, spec->head);

    if (!rc && p && !p->closed)
        rc = err_set(err, VDO_E_CONFLICT, "a pull request already exists for %s", spec->head);
    if (!rc) {
        check_room(f->n_pulls, MAX_ROWS);
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
    const struct fake_repo *r = rc ? NULL : find_repo(fake_of(s), repo->name);

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

static const struct forge_ops fake_ops = {
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

/* ---- making and filling ---- */

struct forge_fake *forge_fake_new(const struct clock *clock)
{
    struct forge_fake *f = xcalloc(1, sizeof(*f));

    f->forge.ops = &fake_ops;
    f->clock = clock;
    (void)pthread_mutex_init(&f->lock, NULL);
    return f;
}

static void free_issue(struct fake_issue *issue)
{
    free(issue->repo);
    free(issue->author);
    free(issue->title);
    free(issue->body);
    free(issue->reactions);
    for (size_t i = 0; i < issue->n_labels; i++)
        free(issue->labels[i]);
}

void forge_fake_free(struct forge_fake *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n_repos; i++) {
        free(f->repos[i].name);
        free(f->repos[i].default_branch);
        free(f->repos[i].git_url);
    }
    for (size_t i = 0; i < f->n_issues; i++)
        free_issue(&f->issues[i]);
    for (size_t i = 0; i < f->n_comments; i++) {
        free(f->comments[i].repo);
        free(f->comments[i].author);
        free(f->comments[i].body);
        free(f->comments[i].reactions);
    }
    for (size_t i = 0; i < f->n_pulls; i++) {
        free(f->pulls[i].repo);
        free(f->pulls[i].title);
        free(f->pulls[i].body);
        free(f->pulls[i].head);
        free(f->pulls[i].base);
    }
    for (size_t i = 0; i < f->n_people; i++)
        free(f->people[i].login);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

struct forge *forge_fake_forge(struct forge_fake *fake)
{
    return &fake->forge;
}

void forge_fake_set_repo(struct forge_fake *fake, const char *repo, int64_t id,
                         const char *default_branch, const char *git_url, bool archived)
{
    struct forge_fake *f = lock_fake(fake);
    struct fake_repo *r = find_repo(f, repo);

    if (!r) {
        check_room(f->n_repos, MAX_ROWS);
        r = &f->repos[f->n_repos++];
        r->name = xstrdup(repo);
    }
    r->id = id;
    r->archived = archived;
    replace_text(&r->default_branch, default_branch);
    replace_text(&r->git_url, git_url);
    unlock_fake(f);
}

void forge_fake_add_issue(struct forge_fake *fake, const char *repo, int64_t number,
                          const char *author, const char *title, const char *body)
{
    struct forge_fake *f = lock_fake(fake);

    check_room(f->n_issues, MAX_ROWS);
    f->issues[f->n_issues++] = (struct fake_issue){.repo = xstrdup(repo),
                                                   .number = number,
                                                   .author = xstrdup(author),
                                                   .title = xstrdup(title),
                                                   .body = xstrdup(body),
                                                   .reactions = xstrdup("")};
    unlock_fake(f);
}

void forge_fake_edit_issue(struct forge_fake *fake, const char *repo, int64_t number,
                           const char *body)
{
    struct forge_fake *f = lock_fake(fake);
    struct fake_issue *issue = find_issue(f, repo, number);

    if (issue)
        replace_text(&issue->body, body);
    unlock_fake(f);
}

void forge_fake_set_issue(struct forge_fake *fake, const char *repo, int64_t number, bool open,
                          bool locked, bool is_pull)
{
    struct forge_fake *f = lock_fake(fake);
    struct fake_issue *issue = find_issue(f, repo, number);

    if (issue) {
        issue->closed = !open;
        issue->locked = locked;
        issue->is_pull = is_pull;
    }
    unlock_fake(f);
}

void forge_fake_set_label(struct forge_fake *fake, const char *repo, int64_t number,
                          const char *label, bool present)
{
    struct forge_fake *f = lock_fake(fake);
    struct fake_issue *issue = find_issue(f, repo, number);

    if (issue) {
        drop_label(issue, label);
        if (present) {
            check_room(issue->n_labels, MAX_LABELS);
            issue->labels[issue->n_labels++] = xstrdup(label);
        }
    }
    unlock_fake(f);
}

void forge_fake_set_permission(struct forge_fake *fake, const char *login,
                               enum forge_permission permission)
{
    struct forge_fake *f = lock_fake(fake);
    size_t i = 0;

    while (i < f->n_people && strcmp(f->people[i].login, login) != 0)
        i++;
    if (i == f->n_people) {
        check_room(f->n_people, MAX_ROWS);
        f->people[f->n_people++].login = xstrdup(login);
    }
    f->people[i].permission = permission;
    unlock_fake(f);
}

int64_t forge_fake_say(struct forge_fake *fake, const char *repo, int64_t issue, const char *author,
                       const char *body)
{
    struct forge_fake *f = lock_fake(fake);
    int64_t id = add_comment(f, repo, issue, author, body);

    unlock_fake(f);
    return id;
}

void forge_fake_delete_comment(struct forge_fake *fake, int64_t comment_id)
{
    struct forge_fake *f = lock_fake(fake);
    struct fake_comment *c = find_comment(f, comment_id);

    if (c)
        c->deleted = true;
    unlock_fake(f);
}

void forge_fake_set_pull(struct forge_fake *fake, int64_t number, bool open, bool merged)
{
    struct forge_fake *f = lock_fake(fake);

    for (size_t i = 0; i < f->n_pulls; i++) {
        if (f->pulls[i].number != number)
            continue;
        f->pulls[i].closed = !open;
        f->pulls[i].merged = merged;
    }
    unlock_fake(f);
}

void forge_fake_fail(struct forge_fake *fake, enum fake_call call, int nth, int times,
                     enum fake_when when, enum vdo_code code, int64_t retry_after_ms)
{
    struct forge_fake *f = lock_fake(fake);

    check_room(f->n_faults, MAX_FAULTS);
    f->faults[f->n_faults++] = (struct fault){.call = call,
                                              .from = f->calls[call] + nth,
                                              .to = f->calls[call] + nth + times - 1,
                                              .when = when,
                                              .code = code,
                                              .retry_after_ms = retry_after_ms};
    unlock_fake(f);
}

void forge_fake_heal(struct forge_fake *fake)
{
    struct forge_fake *f = lock_fake(fake);

    f->n_faults = 0;
    unlock_fake(f);
}

/* ---- looking ---- */

int forge_fake_calls(struct forge_fake *fake, enum fake_call call)
{
    struct forge_fake *f = lock_fake(fake);
    int n = f->calls[call];

    unlock_fake(f);
    return n;
}

static bool is_ours(const struct fake_comment *c, const char *repo, int64_t issue)
{
    return is_wanted(c, repo, issue, 0, NULL) && strcmp(c->author, our_login) == 0;
}

/* Under the lock. */
static const struct fake_comment *nth_comment(struct forge_fake *f, const char *repo, int64_t issue,
                                              size_t nth)
{
    for (size_t i = 0; i < f->n_comments; i++)
        if (is_ours(&f->comments[i], repo, issue) && nth-- == 0)
            return &f->comments[i];
    return NULL;
}

size_t forge_fake_count_comments(struct forge_fake *fake, const char *repo, int64_t issue)
{
    struct forge_fake *f = lock_fake(fake);
    size_t n = 0;

    for (size_t i = 0; i < f->n_comments; i++)
        n += is_ours(&f->comments[i], repo, issue);
    unlock_fake(f);
    return n;
}

char *forge_fake_comment(struct forge_fake *fake, const char *repo, int64_t issue, size_t i)
{
    struct forge_fake *f = lock_fake(fake);
    const struct fake_comment *c = nth_comment(f, repo, issue, i);
    char *text = c ? xstrdup(c->body) : NULL;

    unlock_fake(f);
    return text;
}

int64_t forge_fake_comment_id(struct forge_fake *fake, const char *repo, int64_t issue, size_t i)
{
    struct forge_fake *f = lock_fake(fake);
    const struct fake_comment *c = nth_comment(f, repo, issue, i);
    int64_t id = c ? c->id : 0;

    unlock_fake(f);
    return id;
}

int forge_fake_edits(struct forge_fake *fake, int64_t comment_id)
{
    struct forge_fake *f = lock_fake(fake);
    const struct fake_comment *c = find_comment(f, comment_id);
    int n = c ? c->edits : 0;

    unlock_fake(f);
    return n;
}

char *forge_fake_reactions(struct forge_fake *fake, const char *repo, int64_t issue,
                           int64_t comment_id)
{
    struct forge_fake *f = lock_fake(fake);
    const struct fake_comment *c = find_comment(f, comment_id);
    const struct fake_issue *i = find_issue(f, repo, issue);
    char *text = NULL;

    if (comment_id)
        text = c ? xstrdup(c->reactions) : NULL;
    else
        text = i ? xstrdup(i->reactions) : NULL;
    unlock_fake(f);
    return text;
}

bool forge_fake_has_label(struct forge_fake *fake, const char *repo, int64_t issue,
                          const char *label)
{
    struct forge_fake *f = lock_fake(fake);
    const struct fake_issue *i = find_issue(f, repo, issue);
    bool has = false;

    for (size_t k = 0; i && k < i->n_labels; k++)
        has = has || strcmp(i->labels[k], label) == 0;
    unlock_fake(f);
    return has;
}

size_t forge_fake_count_pulls(struct forge_fake *fake, const char *repo)
{
    struct forge_fake *f = lock_fake(fake);
    size_t n = 0;

    for (size_t i = 0; i < f->n_pulls; i++)
        n += strcmp(f->pulls[i].repo, repo) == 0;
    unlock_fake(f);
    return n;
}

char *forge_fake_pull_body(struct forge_fake *fake, const char *repo, size_t i)
{
    struct forge_fake *f = lock_fake(fake);
    char *body = NULL;

    for (size_t k = 0; k < f->n_pulls && !body; k++)
        if (strcmp(f->pulls[k].repo, repo) == 0 && i-- == 0)
            body = xstrdup(f->pulls[k].body);
    unlock_fake(f);
    return body;
}
