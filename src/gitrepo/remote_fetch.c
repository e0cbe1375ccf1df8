#include "remote_fetch.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <string.h>

static void set_fetch_options(struct link *link, git_fetch_options *options)
{
    (void)git_fetch_options_init(options, GIT_FETCH_OPTIONS_VERSION);
    link_set_callbacks(link, &options->callbacks);
    options->download_tags = GIT_REMOTE_DOWNLOAD_TAGS_AUTO;
    options->prune = GIT_FETCH_NO_PRUNE; /* done by hand, before the refs are written */
#if WITH_LIBGIT2_1_7
    if (!link->is_local) /* libgit2's local transport has no depth */
        options->depth = 1;
#endif
}

/* Point REF_HEAD at the commit of the remote's HEAD. The refspec that fetches it may have taken a
 * branch of that name. */
static int note_head(git_remote *remote, git_repository *repo, struct err *err)
{
    const git_remote_head **heads = NULL;
    git_reference *ref = NULL;
    size_t n = 0;
    int rc = git_remote_ls(&heads, &n, remote);

    if (!rc && n > 0 && strcmp(heads[0]->name, "HEAD") == 0) /* it comes first */
        rc = git_reference_create(&ref, repo, REF_HEAD, &heads[0]->oid, 1, NULL);
    else if (!rc)
        rc = git_reference_remove(repo, REF_HEAD);
    git_reference_free(ref);
    if (rc && rc != GIT_ENOTFOUND)
        return fail_git(err, rc, "note HEAD");
    git_error_clear();
    return VDO_OK;
}

/* Point REF_DEFAULT at what the remote's HEAD names; remove it when that is nothing. */
static int note_default(git_remote *remote, git_repository *repo, struct err *err)
{
    static const char heads[] = "refs/heads/";
    git_buf name = {0};
    git_reference *ref = NULL;
    int rc = git_remote_default_branch(&name, remote);

    if (rc == 0 && strncmp(name.ptr, heads, sizeof(heads) - 1) == 0) {
        AUTO_FREE char *target = xasprintf(REF_ORIGIN "%s", name.ptr + sizeof(heads) - 1);

        rc = git_reference_symbolic_create(&ref, repo, REF_DEFAULT, target, 1, NULL);
        git_reference_free(ref);
    } else {
        rc = git_reference_remove(repo, REF_DEFAULT);
    }
    git_buf_dispose(&name);
    git_error_clear();
    if (rc && rc != GIT_ENOTFOUND)
        return fail_git(err, rc, "note the default branch");
    return VDO_OK;
}

/* Refs that are gone are pruned first: "a" may have become "a/b". */
static int download(struct link *link, git_remote *remote, struct err *err)
{
    char branches[] = "+refs/heads/*:" REF_ORIGIN "*";
    char head[] = "+HEAD:" REF_HEAD;
    char *specs[] = {branches, head};
    const git_strarray refspecs = {specs, 2};
    git_fetch_options options;
    int rc;

    set_fetch_options(link, &options);
    rc = git_remote_download(remote, &refspecs, &options);
    if (!rc)
        rc = git_remote_prune(remote, &options.callbacks);
    if (!rc)
        rc = git_remote_update_tips(remote, &options.callbacks, 0, GIT_REMOTE_DOWNLOAD_TAGS_AUTO,
                                    NULL);
    return rc ? link_fail(link, rc, err) : VDO_OK;
}

int remote_fetch(struct link *link, git_repository *repo, struct err *err)
{
    git_remote *remote = NULL;
    int rc;

    remote_sweep(repo);
    rc = link_connect(link, repo, GIT_DIRECTION_FETCH, &remote, err);
    if (!rc)
        rc = download(link, remote, err);
    if (!rc)
        rc = note_head(remote, repo, err);
    if (!rc)
        rc = note_default(remote, repo, err);
    git_remote_free(remote);
    return rc;
}
