#include "push_local.h"

#include "ancestry.h"
#include "object_copy.h"

#include "vdo/base/mem.h"

#include <string.h>

static int look(git_repository *target, const char *name, struct push_answer *answer,
                struct err *err)
{
    int rc = git_reference_name_to_id(&answer->found, target, name);

    answer->has_found = rc == 0;
    if (rc == 0 || rc == GIT_ENOTFOUND) {
        git_error_clear();
        return VDO_OK;
    }
    return fail_git(err, rc, "read %s", name);
}

/* The branch that HEAD names, born or not, or that a linked worktree has. */
static bool is_checked_out(git_repository *target, const char *name)
{
    git_reference *head = NULL;
    git_reference *branch = NULL;
    bool yes = false;

    if (!git_repository_is_bare(target) && git_reference_lookup(&head, target, "HEAD") == 0 &&
        git_reference_type(head) == GIT_REFERENCE_SYMBOLIC)
        yes = strcmp(git_reference_symbolic_target(head), name) == 0;
    if (!yes && git_reference_lookup(&branch, target, name) == 0)
        yes = git_branch_is_checked_out(branch) == 1 && !git_repository_is_bare(target);
    git_reference_free(head);
    git_reference_free(branch);
    git_error_clear();
    return yes;
}

/* Compare and swap. */
static int move_ref(git_repository *target, const char *name, const struct push_order *order)
{
    static const char note[] = "vdo: push";
    git_reference *ref = NULL;
    int rc;

    if (order->has_expected)
        rc = git_reference_create_matching(&ref, target, name, &order->commit, 1, &order->expected,
                                           note);
    else
        rc = git_reference_create(&ref, target, name, &order->commit, 0, note);
    git_reference_free(ref);
    return rc;
}

/* The ref could not be made: somebody else was faster, or a branch called "a" is in the way of
 * "a/b". */
static int explain(git_repository *target, const char *name, const struct push_order *order, int rc,
                   struct push_answer *answer, struct err *err)
{
    AUTO_FREE char *parent = xstrdup(name);
    struct err git_says = {0};
    bool is_done = false;
    git_oid oid;
    char *slash;
    int code;

    (void)fail_git(&git_says, rc, "make branch %s", order->branch);
    code = look(target, name, answer, err);
    if (!code)
        code = push_judge(order, answer, &is_done, err);
    if (code || is_done)
        return code;
    while ((slash = strrchr(parent, '/')) && slash > parent + strlen("refs/heads")) {
        *slash = '\0';
        if (git_reference_name_to_id(&oid, target, parent) == 0)
            return err_set(err, VDO_E_CONFLICT, "branch %s stands in the way of branch %s",
                           parent + strlen("refs/heads/"), order->branch);
    }
    git_error_clear();
    return err_set(err, git_says.code, "%s", git_says.text);
}

static int push_to(struct mirror *mirror, git_repository *target, const struct push_order *order,
                   struct push_answer *answer, struct err *err)
{
    AUTO_FREE char *name = xasprintf("refs/heads/%s", order->branch);
    bool is_done = false;
    int rc = look(target, name, answer, err);

    if (!rc)
        rc = push_judge(order, answer, &is_done, err);
    if (rc || is_done)
        return rc;
    if (is_checked_out(target, name))
        return err_set(err, VDO_E_REFUSED, "branch %s is checked out in %s", order->branch,
                       git_repository_path(target));
    rc = object_copy(mirror, target, &order->commit, err);
    if (!rc && order->has_expected && !is_built_on(target, &order->commit, &order->expected))
        rc = err_set(err, VDO_E_CONFLICT,
                     "branch %s holds commits that the new one is not built on", order->branch);
    if (rc)
        return rc;
    rc = move_ref(target, name, order);
    if (rc)
        return explain(target, name, order, rc, answer, err);
    answer->outcome = PUSH_DONE;
    answer->has_found = true;
    answer->found = order->commit;
    return VDO_OK;
}

int push_local(struct mirror *mirror, const char *path, const struct push_order *order,
               struct push_answer *answer, struct err *err)
{
    git_repository *target = NULL;
    int rc = git_repository_open_ext(&target, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

    if (rc)
        return fail_git(err, rc, "repository %s", path);
    rc = push_to(mirror, target, order, answer, err);
    git_repository_free(target);
    return rc;
}
