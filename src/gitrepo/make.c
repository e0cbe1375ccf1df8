#include "repo.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

/* Everything in the directory, as a tree, with the index left in step so that `git status` is
 * clean. */
static int add_all(git_repository *repo, git_oid *tree, struct err *err)
{
    git_index *index = NULL;
    int rc = git_repository_index(&index, repo);

    if (!rc)
        rc = git_index_add_all(index, NULL, GIT_INDEX_ADD_DEFAULT, NULL, NULL);
    if (!rc)
        rc = git_index_write(index);
    if (!rc)
        rc = git_index_write_tree(tree, index);
    git_index_free(index);
    return rc ? fail_git(err, rc, "add the files") : VDO_OK;
}

static int first_commit(git_repository *repo, const git_oid *tree_id, const char *message,
                        const git_signature *who, struct err *err)
{
    git_tree *tree = NULL;
    git_oid id;
    int rc = git_tree_lookup(&tree, repo, tree_id);

    if (!rc)
        rc = git_commit_create(&id, repo, "HEAD", who, who, NULL, message, tree, 0, NULL);
    git_tree_free(tree);
    return rc ? fail_git(err, rc, "make the first commit") : VDO_OK;
}

int gitrepo_make(const char *dir, const char *message, const char *author_name,
                 const char *author_email, int64_t time_s, struct err *err)
{
    git_repository_init_options options;
    AUTO_FREE char *git_dir = fs_join(dir, ".git");
    git_repository *repo = NULL;
    git_signature *who = NULL;
    git_oid tree;
    int rc;

    if (fs_exists(git_dir))
        return err_set(err, VDO_E_CONFLICT, "%s is a git repository already", dir);
    (void)git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    (void)git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    options.flags = GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKPATH;
    options.initial_head = "main";
    rc = git_repository_init_ext(&repo, dir, &options);
    if (rc)
        return fail_git(err, rc, "make a repository in %s", dir);
    rc = git_signature_new(&who, author_name, author_email, time_s, 0);
    rc = rc ? fail_git(err, rc, "author") : add_all(repo, &tree, err);
    if (!rc)
        rc = first_commit(repo, &tree, message, who, err);
    git_signature_free(who);
    git_repository_free(repo);
    return rc;
}
