#include "../workspace.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static int fetch(struct job_run *run, struct err *err)
{
    struct git_remote_spec remote = {0};
    struct secret password = {0};
    AUTO_FREE char *url = NULL;
    int rc = workspace_mirror(run, err);

    if (!rc)
        rc = workspace_remote(run, &remote, &url, &password, err);
    if (!rc)
        rc = mirror_fetch(run->mirror, &remote, err);
    workspace_transferred(run, rc);
    secret_release(&password);
    return rc ? (err_wrap(err, "fetch %s", run->job->repo), rc) : VDO_OK;
}

/* "main" of "refs/heads/main": branches go by their short names everywhere. */
static const char *short_name(const char *ref)
{
    static const char heads[] = "refs/heads/";

    return strncmp(ref, heads, sizeof(heads) - 1) == 0 ? ref + sizeof(heads) - 1 : ref;
}

/* The branch the change is made for: asked for, or the repository's own word, or its default. */
static int choose_base(struct job_run *run, char **out_base, char *sha, struct err *err)
{
    const char *asked = run->job->base_ref;
    bool is_asked = asked && *asked;
    const char *base = is_asked ? short_name(asked) : mirror_default_branch(run->mirror);
    struct err why = {0};
    int rc;

    if (!base)
        return err_set(err, VDO_E_REFUSED,
                       "repository %s has no commits on a default branch; push one, or name a base",
                       run->job->repo);
    rc = mirror_resolve(run->mirror, base, sha, &why);
    if (rc == VDO_E_NOT_FOUND && is_asked)
        return err_set(err, VDO_E_REFUSED, "there is no branch, tag or commit '%s' in %s", asked,
                       run->job->repo);
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    *out_base = xstrdup(base);
    return VDO_OK;
}

static json_t *lines_of(const char *text)
{
    json_t *list = json_array();

    while (*text) {
        size_t len = strcspn(text, "\n");

        if (len)
            (void)json_array_append_new(list, js_string_lossy(text, len));
        text += len + (text[len] == '\n');
    }
    return list;
}

static json_t *protected_globs(const struct job_run *run)
{
    json_t *list = json_array();

    for (size_t i = 0; i < run->repo_config->n_protect; i++) {
        const char *glob = run->repo_config->protect[i];

        (void)json_array_append_new(list, js_string_lossy(glob, strlen(glob)));
    }
    return list;
}

/* A base that .github/vdo.yml names holds when nobody asked for another one. */
static int follow_config(struct job_run *run, char **base, char *sha, struct err *err)
{
    const char *named = run->repo_config->base;
    int rc;

    if (!named || !*base || strcmp(named, *base) == 0 ||
        (run->job->base_ref && *run->job->base_ref))
        return VDO_OK;
    rc = mirror_resolve(run->mirror, named, sha, err);
    if (rc == VDO_E_NOT_FOUND) {
        err_clear(err);
        return err_set(err, VDO_E_REFUSED,
                       ".github/vdo.yml names the base '%s', which does not exist", named);
    }
    if (!rc) {
        free(*base);
        *base = xstrdup(named);
    }
    return rc;
}

int step_checkout(struct job_run *run, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    AUTO_FREE char *base = NULL;
    AUTO_STRBUF warnings = {0};
    char sha[GIT_OID_HEX_SIZE];
    int rc = fetch(run, err);

    strbuf_init(&warnings, VDO_MAX_YAML_BYTES);
    if (!rc)
        rc = choose_base(run, &base, sha, err);
    if (rc)
        return rc;
    /* The repository's configuration is found through the checkpoint, as it will be after a
     * restart. */
    (void)json_object_set_new(run->out, "checkout", json_pack("{s:s}", "base_sha", sha));
    rc = workspace_repo_config(run, &warnings, err);
    if (!rc)
        rc = follow_config(run, &base, sha, err);
    (void)json_object_del(run->out, "checkout");
    if (rc)
        return rc;
    run->result = json_pack("{s:s, s:s, s:o, s:o}", "base", base, "base_sha", sha, "warnings",
                            lines_of(warnings.ptr), "protect", protected_globs(run));
    update.base_sha = sha;
    run_note(run, "%s at %.10s", base, sha);
    return store_job_update(run->p->o.store, run->job->id, run->job->epoch, &update, NULL, 0, err);
}
