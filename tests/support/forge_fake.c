#include "forge_fake_private.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char fake_login[] = "vdo[bot]";

void *fake_lock(struct forge_fake *fake)
{
    (void)pthread_mutex_lock(&fake->lock);
    return fake;
}

void fake_unlock(struct forge_fake *fake)
{
    (void)pthread_mutex_unlock(&fake->lock);
}

void fake_check_room(size_t n, size_t max)
{
    if (n >= max) {
        (void)fprintf(stderr, "forge_fake: more rows than this test aid holds\n");
        abort();
    }
}

void fake_replace(char **at, const char *text)
{
    char *copy = xstrdup(text);

    free(*at);
    *at = copy;
}

/* ---- finding; under the lock ---- */

struct fake_repo *fake_find_repo(struct forge_fake *f, const char *name)
{
    for (size_t i = 0; i < f->n_repos; i++)
        if (strcmp(f->repos[i].name, name) == 0)
            return &f->repos[i];
    return NULL;
}

struct fake_issue *fake_find_issue(struct forge_fake *f, const char *repo, int64_t number)
{
    for (size_t i = 0; i < f->n_issues; i++)
        if (f->issues[i].number == number && strcmp(f->issues[i].repo, repo) == 0)
            return &f->issues[i];
    return NULL;
}

struct fake_comment *fake_find_comment(struct forge_fake *f, int64_t id)
{
    for (size_t i = 0; i < f->n_comments; i++)
        if (f->comments[i].id == id && !f->comments[i].deleted)
            return &f->comments[i];
    return NULL;
}

struct fake_pull *fake_find_pull(struct forge_fake *f, const char *repo, const char *head)
{
    for (size_t i = f->n_pulls; i-- > 0;)
        if (strcmp(f->pulls[i].repo, repo) == 0 && strcmp(f->pulls[i].head, head) == 0)
            return &f->pulls[i];
    return NULL;
}

void fake_drop_label(struct fake_issue *issue, const char *label)
{
    for (size_t i = 0; i < issue->n_labels; i++) {
        if (strcmp(issue->labels[i], label) != 0)
            continue;
        free(issue->labels[i]);
        issue->labels[i] = issue->labels[--issue->n_labels];
        return;
    }
}

int64_t fake_add_comment(struct forge_fake *f, const char *repo, int64_t issue, const char *author,
                         const char *body)
{
    struct fake_comment *c;

    fake_check_room(f->n_comments, MAX_ROWS);
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

bool fake_is_wanted(const struct fake_comment *c, const char *repo, int64_t issue, int64_t since,
                    const char *contains)
{
    return !c->deleted && c->issue == issue && strcmp(c->repo, repo) == 0 && c->made_ms >= since &&
           (!contains || strstr(c->body, contains));
}

/* ---- making and filling ---- */

struct forge_fake *forge_fake_new(const struct clock *clock)
{
    struct forge_fake *f = xcalloc(1, sizeof(*f));

    f->forge.ops = &fake_forge_ops;
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
    struct forge_fake *f = fake_lock(fake);
    struct fake_repo *r = fake_find_repo(f, repo);

    if (!r) {
        fake_check_room(f->n_repos, MAX_ROWS);
        r = &f->repos[f->n_repos++];
        r->name = xstrdup(repo);
    }
    r->id = id;
    r->archived = archived;
    fake_replace(&r->default_branch, default_branch);
    fake_replace(&r->git_url, git_url);
    fake_unlock(f);
}

void forge_fake_add_issue(struct forge_fake *fake, const char *repo, int64_t number,
                          const char *author, const char *title, const char *body)
{
    struct forge_fake *f = fake_lock(fake);

    fake_check_room(f->n_issues, MAX_ROWS);
    f->issues[f->n_issues++] = (struct fake_issue){.repo = xstrdup(repo),
                                                   .number = number,
                                                   .author = xstrdup(author),
                                                   .title = xstrdup(title),
                                                   .body = xstrdup(body),
                                                   .reactions = xstrdup("")};
    fake_unlock(f);
}

void forge_fake_edit_issue(struct forge_fake *fake, const char *repo, int64_t number,
                           const char *body)
{
    struct forge_fake *f = fake_lock(fake);
    struct fake_issue *issue = fake_find_issue(f, repo, number);

    if (issue)
        fake_replace(&issue->body, body);
    fake_unlock(f);
}

void forge_fake_set_issue(struct forge_fake *fake, const char *repo, int64_t number, bool open,
                          bool locked, bool is_pull)
{
    struct forge_fake *f = fake_lock(fake);
    struct fake_issue *issue = fake_find_issue(f, repo, number);

    if (issue) {
        issue->closed = !open;
        issue->locked = locked;
        issue->is_pull = is_pull;
    }
    fake_unlock(f);
}

void forge_fake_set_label(struct forge_fake *fake, const char *repo, int64_t number,
                          const char *label, bool present)
{
    struct forge_fake *f = fake_lock(fake);
    struct fake_issue *issue = fake_find_issue(f, repo, number);

    if (issue) {
        fake_drop_label(issue, label);
        if (present) {
            fake_check_room(issue->n_labels, MAX_LABELS);
            issue->labels[issue->n_labels++] = xstrdup(label);
        }
    }
    fake_unlock(f);
}

void forge_fake_set_permission(struct forge_fake *fake, const char *login,
                               enum forge_permission permission)
{
    struct forge_fake *f = fake_lock(fake);
    size_t i = 0;

    while (i < f->n_people && strcmp(f->people[i].login, login) != 0)
        i++;
    if (i == f->n_people) {
        fake_check_room(f->n_people, MAX_ROWS);
        f->people[f->n_people++].login = xstrdup(login);
    }
    f->people[i].permission = permission;
    fake_unlock(f);
}

int64_t forge_fake_say(struct forge_fake *fake, const char *repo, int64_t issue, const char *author,
                       const char *body)
{
    struct forge_fake *f = fake_lock(fake);
    int64_t id = fake_add_comment(f, repo, issue, author, body);

    fake_unlock(f);
    return id;
}

void forge_fake_delete_comment(struct forge_fake *fake, int64_t comment_id)
{
    struct forge_fake *f = fake_lock(fake);
    struct fake_comment *c = fake_find_comment(f, comment_id);

    if (c)
        c->deleted = true;
    fake_unlock(f);
}

void forge_fake_set_pull(struct forge_fake *fake, int64_t number, bool open, bool merged)
{
    struct forge_fake *f = fake_lock(fake);

    for (size_t i = 0; i < f->n_pulls; i++) {
        if (f->pulls[i].number != number)
            continue;
        f->pulls[i].closed = !open;
        f->pulls[i].merged = merged;
    }
    fake_unlock(f);
}

void forge_fake_fail(struct forge_fake *fake, enum fake_call call, int nth, int times,
                     enum fake_when when, enum vdo_code code, int64_t retry_after_ms)
{
    struct forge_fake *f = fake_lock(fake);

    fake_check_room(f->n_faults, MAX_FAULTS);
    f->faults[f->n_faults++] = (struct fault){.call = call,
                                              .from = f->calls[call] + nth,
                                              .to = f->calls[call] + nth + times - 1,
                                              .when = when,
                                              .code = code,
                                              .retry_after_ms = retry_after_ms};
    fake_unlock(f);
}

void forge_fake_heal(struct forge_fake *fake)
{
    struct forge_fake *f = fake_lock(fake);

    f->n_faults = 0;
    fake_unlock(f);
}

/* ---- looking ---- */

int forge_fake_calls(struct forge_fake *fake, enum fake_call call)
{
    struct forge_fake *f = fake_lock(fake);
    int n = f->calls[call];

    fake_unlock(f);
    return n;
}

static bool is_ours(const struct fake_comment *c, const char *repo, int64_t issue)
{
    return fake_is_wanted(c, repo, issue, 0, NULL) && strcmp(c->author, fake_login) == 0;
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
    struct forge_fake *f = fake_lock(fake);
    size_t n = 0;

    for (size_t i = 0; i < f->n_comments; i++)
        n += is_ours(&f->comments[i], repo, issue);
    fake_unlock(f);
    return n;
}

char *forge_fake_comment(struct forge_fake *fake, const char *repo, int64_t issue, size_t i)
{
    struct forge_fake *f = fake_lock(fake);
    const struct fake_comment *c = nth_comment(f, repo, issue, i);
    char *text = c ? xstrdup(c->body) : NULL;

    fake_unlock(f);
    return text;
}

int64_t forge_fake_comment_id(struct forge_fake *fake, const char *repo, int64_t issue, size_t i)
{
    struct forge_fake *f = fake_lock(fake);
    const struct fake_comment *c = nth_comment(f, repo, issue, i);
    int64_t id = c ? c->id : 0;

    fake_unlock(f);
    return id;
}

int forge_fake_edits(struct forge_fake *fake, int64_t comment_id)
{
    struct forge_fake *f = fake_lock(fake);
    const struct fake_comment *c = fake_find_comment(f, comment_id);
    int n = c ? c->edits : 0;

    fake_unlock(f);
    return n;
}

char *forge_fake_reactions(struct forge_fake *fake, const char *repo, int64_t issue,
                           int64_t comment_id)
{
    struct forge_fake *f = fake_lock(fake);
    const struct fake_comment *c = fake_find_comment(f, comment_id);
    const struct fake_issue *i = fake_find_issue(f, repo, issue);
    char *text = NULL;

    if (comment_id)
        text = c ? xstrdup(c->reactions) : NULL;
    else
        text = i ? xstrdup(i->reactions) : NULL;
    fake_unlock(f);
    return text;
}

bool forge_fake_has_label(struct forge_fake *fake, const char *repo, int64_t issue,
                          const char *label)
{
    struct forge_fake *f = fake_lock(fake);
    const struct fake_issue *i = fake_find_issue(f, repo, issue);
    bool has = false;

    for (size_t k = 0; i && k < i->n_labels; k++)
        has = has || strcmp(i->labels[k], label) == 0;
    fake_unlock(f);
    return has;
}

size_t forge_fake_count_pulls(struct forge_fake *fake, const char *repo)
{
    struct forge_fake *f = fake_lock(fake);
    size_t n = 0;

    for (size_t i = 0; i < f->n_pulls; i++)
        n += strcmp(f->pulls[i].repo, repo) == 0;
    fake_unlock(f);
    return n;
}

char *forge_fake_pull_body(struct forge_fake *fake, const char *repo, size_t i)
{
    struct forge_fake *f = fake_lock(fake);
    char *body = NULL;

    for (size_t k = 0; k < f->n_pulls && !body; k++)
        if (strcmp(f->pulls[k].repo, repo) == 0 && i-- == 0)
            body = xstrdup(f->pulls[k].body);
    fake_unlock(f);
    return body;
}
