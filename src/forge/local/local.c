#include "vdo/forge/ops.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"
#include "vdo/store/store.h"

#include <stdlib.h>
#include <string.h>

/*
 * A repository is a directory; its issues, comments and pull requests are documents in the store:
 *
 *     local/issue    "<directory>#<number>"   {"title","body","state","labels":[],"author"}
 *     local/comment  "<number, 12 digits>"    {"repo","issue","body","at_ms"}
 *     local/pull     "<directory>#<number>"   {"title","body","head","base","draft","state"}
 *
 * Whoever uses this machine's store is trusted with its repositories: everybody is an
 * administrator.
 */
struct local {
    struct forge forge;
    struct store *store;
    const struct clock *clock;
    struct forge_identity identity;
};

static struct local *local_of(struct forge_session *s)
{
    return (struct local *)s->forge;
}

static void local_close(struct forge *forge)
{
    free(forge);
}

static struct forge_session *local_session_new(struct forge *forge)
{
    (void)forge;
    return xcalloc(1, sizeof(struct forge_session));
}

static void local_session_free(struct forge_session *s)
{
    free(s);
}

static int local_identity(struct forge_session *s, const struct forge_identity **out,
                          struct err *err)
{
    (void)err;
    *out = &local_of(s)->identity;
    return VDO_OK;
}

static int local_get_repo(struct forge_session *s, const struct forge_repo *repo,
                          struct forge_repo_info *out, struct err *err)
{
    (void)s;
    (void)err;
    out->full_name = xstrdup(repo->name);
    out->default_branch = xstrdup("");
    out->html_url = xstrdup("");
    return VDO_OK;
}

static char *key_of(const struct forge_repo *repo, int64_t number)
{
    return xasprintf("%s#%lld", repo->name, (long long)number);
}

static int local_get_issue(struct forge_session *s, const struct forge_repo *repo, int64_t number,
                           struct forge_issue *out, struct err *err)
{
    AUTO_FREE char *key = key_of(repo, number);
    json_auto_t *doc = NULL;
    json_t *label;
    size_t i;
    int rc = store_doc_get(local_of(s)->store, "local/issue", key, &doc, err);

    if (rc)
        return rc;
    out->number = number;
    out->id = number;
    out->title = xstrdup(js_str(doc, "title", ""));
    out->body = xstrdup(js_str(doc, "body", ""));
    out->author = xstrdup(js_str(doc, "author", ""));
    out->open = strcmp(js_str(doc, "state", "open"), "open") == 0;
    out->html_url = xstrdup("");
    out->updated_at = xstrdup("");
    out->labels = xcalloc(json_array_size(js_at(doc, "labels")) + 1, sizeof(*out->labels));
    json_array_foreach (js_at(doc, "labels"), i, label) {
        if (json_is_string(label))
            out->labels[out->n_labels++] = xstrdup(json_string_value(label));
    }
    return VDO_OK;
}

static int local_get_permission(struct forge_session *s, const struct forge_repo *repo,
                                const char *login, enum forge_permission *out, struct err *err)
{
    (void)s;
    (void)repo;
    (void)login;
    (void)err;
    *out = FORGE_ADMIN;
    return VDO_OK;
}

static bool is_wanted(const json_t *doc, const struct forge_repo *repo, int64_t issue,
                      int64_t since_ms, const char *contains)
{
    return js_int(doc, "issue", 0) == issue && strcmp(js_str(doc, "repo", ""), repo->name) == 0 &&
           js_int(doc, "at_ms", 0) >= since_ms &&
           (!contains || strstr(js_str(doc, "body", ""), contains));
}

static int local_list_comments(struct forge_session *s, const struct forge_repo *repo,
                               int64_t issue, int64_t since_ms, const char *contains,
                               struct forge_comment **out, size_t *out_n, struct err *err)
{
    json_auto_t *docs = NULL;
    const char *key;
    json_t *doc;
    int rc = store_doc_list(local_of(s)->store, "local/comment", "", &docs, err);

    if (rc)
        return rc;
    *out = xcalloc(json_object_size(docs) + 1, sizeof(**out));
    *out_n = 0;
    json_object_foreach (docs, key, doc) {
        if (!is_wanted(doc, repo, issue, since_ms, contains))
            continue;
        (*out)[(*out_n)++] = (struct forge_comment){.id = strtoll(key, NULL, 10),
                                                    .body = xstrdup(js_str(doc, "body", "")),
                                                    .author = xstrdup("vdo"),
                                                    .by_us = true};
    }
    return VDO_OK;
}

static int put_comment(struct local *l, int64_t id, json_t *doc_taken, struct err *err)
{
    AUTO_FREE char *key = xasprintf("%012lld", (long long)id);
    int rc = store_doc_put(l->store, "local/comment", key, doc_taken, err);

    json_decref(doc_taken);
    return rc;
}

static int local_create_comment(struct forge_session *s, const struct forge_repo *repo,
                                int64_t issue, const char *body, int64_t *out_id, bool *maybe_done,
                                struct err *err)
{
    struct local *l = local_of(s);
    int64_t id;
    int rc = store_counter_next(l->store, "local/comment", &id, err);

    *maybe_done = false;
    if (!rc)
        rc = put_comment(l, id,
                         json_pack("{s:s, s:I, s:s, s:I}", "repo", repo->name, "issue",
                                   (json_int_t)issue, "body", body, "at_ms",
                                   (json_int_t)clock_now_ms(l->clock)),
                         err);
    if (!rc)
        *out_id = id;
    return rc;
}

static int local_edit_comment(struct forge_session *s, const struct forge_repo *repo,
                              int64_t comment_id, const char *body, struct err *err)
{
    struct local *l = local_of(s);
    AUTO_FREE char *key = xasprintf("%012lld", (long long)comment_id);
    json_t *doc = NULL;
    int rc = store_doc_get(l->store, "local/comment", key, &doc, err);

    (void)repo;
    if (rc)
        return rc;
    (void)json_object_set_new(doc, "body", json_string(body));
    return put_comment(l, comment_id, doc, err);
}

/* Reactions and labels of a local issue are shown to nobody. */
static int local_add_reaction(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                              int64_t target_comment_id, const char *content, struct err *err)
{
    AUTO_FREE char *key = xasprintf("%s#%lld/%lld/%s", repo->name, (long long)issue,
                                    (long long)target_comment_id, content);
    json_auto_t *doc = json_true();

    return store_doc_put(local_of(s)->store, "local/reaction", key, doc, err);
}

static int local_remove_label(struct forge_session *s, const struct forge_repo *repo, int64_t issue,
                              const char *label, struct err *err)
{
    AUTO_FREE char *key = key_of(repo, issue);
    json_auto_t *doc = NULL;
    json_t *labels;
    int rc = store_doc_get(local_of(s)->store, "local/issue", key, &doc, err);

    if (rc)
        return rc;
    labels = js_at(doc, "labels");
    for (size_t i = json_array_size(labels); i > 0; i--) {
        const char *name = json_string_value(json_array_get(labels, i - 1));

        if (name && strcmp(name, label) == 0)
            (void)json_array_remove(labels, i - 1);
    }
    return store_doc_put(local_of(s)->store, "local/issue", key, doc, err);
}

static void read_pull(const char *key, const json_t *doc, struct forge_pull *out)
{
    const char *hash = strrchr(key, '#');

    out->number = hash ? strtoll(hash + 1, NULL, 10) : 0;
    out->html_url = xstrdup("");
    out->head_branch = xstrdup(js_str(doc, "head", ""));
    out->head_sha = xstrdup("");
    out->body = xstrdup(js_str(doc, "body", ""));
    out->open = strcmp(js_str(doc, "state", "open"), "open") == 0;
}

static int local_find_pull(struct forge_session *s, const struct forge_repo *repo,
                           const char *branch, struct forge_pull *out, struct err *err)
{
    AUTO_FREE char *prefix = xasprintf("%s#", repo->name);
    json_auto_t *docs = NULL;
    const char *key;
    json_t *doc;
    int rc = store_doc_list(local_of(s)->store, "local/pull", prefix, &docs, err);

    if (rc)
        return rc;
    json_object_foreach (docs, key, doc) {
        /* A directory's name may go on with '#', too. */
        if (strrchr(key, '#') == key + strlen(repo->name) &&
            strcmp(js_str(doc, "head", ""), branch) == 0)
            return read_pull(key, doc, out), VDO_OK;
    }
    return err_set(err, VDO_E_NOT_FOUND, "no pull request has the head %s", branch);
}

static int local_create_pull(struct forge_session *s, const struct forge_repo *repo,
                             const struct forge_pull_spec *spec, struct forge_pull *out,
                             bool *maybe_done, struct err *err)
{
    struct local *l = local_of(s);
    AUTO_FREE char *counter = xasprintf("local/pull/%s", repo->name);
    AUTO_FREE char *key = NULL;
    json_auto_t *doc =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "title", spec->title, "body", spec->body,
                  "head", spec->head, "base", spec->base, "draft", spec->draft, "state", "open");
    struct forge_pull there = {0};
    int64_t number;
    struct err why = {0};
    int rc = local_find_pull(s, repo, spec->head, &there, &why);

    *maybe_done = false;
    forge_pull_release(&there);
    if (rc == VDO_OK)
        return err_set(err, VDO_E_CONFLICT, "a pull request for %s is there already", spec->head);
    if (rc != VDO_E_NOT_FOUND)
        return err_set(err, (enum vdo_code)rc, "%s", why.text);
    rc = store_counter_next(l->store, counter, &number, err);
    if (rc)
        return rc;
    key = key_of(repo, number);
    rc = store_doc_put(l->store, "local/pull", key, doc, err);
    if (!rc)
        read_pull(key, doc, out);
    return rc;
}

static int local_git_access(struct forge_session *s, const struct forge_repo *repo, char **out_url,
                            const char **out_username, struct secret *out_password, struct err *err)
{
    (void)s;
    if (repo->name[0] != '/')
        return err_set(err, VDO_E_INVALID, "a local repository is an absolute path, not '%s'",
                       repo->name);
    *out_url = xstrdup(repo->name);
    *out_username = NULL;
    secret_release(out_password);
    return VDO_OK;
}

static char *local_web_url(struct forge *forge, const char *repo, const char *kind, const char *ref)
{
    (void)forge;
    (void)repo;
    (void)kind;
    (void)ref;
    return NULL;
}

static json_t *local_report(struct forge *forge)
{
    (void)forge;
    return json_pack("{s:s}", "kind", "local");
}

static const struct forge_ops ops = {
    .close = local_close,
    .session_new = local_session_new,
    .session_free = local_session_free,
    .identity = local_identity,
    .get_repo = local_get_repo,
    .get_issue = local_get_issue,
    .get_permission = local_get_permission,
    .list_comments = local_list_comments,
    .create_comment = local_create_comment,
    .edit_comment = local_edit_comment,
    .add_reaction = local_add_reaction,
    .remove_label = local_remove_label,
    .find_pull = local_find_pull,
    .create_pull = local_create_pull,
    .git_access = local_git_access,
    .web_url = local_web_url,
    .report = local_report,
};

int forge_local_open(const struct forge_options *options, struct forge **out, struct err *err)
{
    static char login[] = "vdo";
    struct local *l;

    if (!options->store)
        return err_set(err, VDO_E_INVALID, "the local forge needs a store");
    l = xcalloc(1, sizeof(*l));
    l->forge.ops = &ops;
    l->store = options->store;
    l->clock = options->clock;
    l->identity = (struct forge_identity){.login = login, .slug = login};
    *out = &l->forge;
    return VDO_OK;
}
