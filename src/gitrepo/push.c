#include "lock.h"
#include "push_local.h"
#include "transfer.h"

#include "vdo/base/mem.h"

#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 30000 };

static int check_branch(const char *branch, struct err *err)
{
    AUTO_FREE char *name = xasprintf("refs/heads/%s", branch);
    int valid = 0;

    if (git_reference_name_is_valid(&valid, name) == 0 && valid && branch[0] != '-')
        return VDO_OK;
    git_error_clear();
    return err_set(err, VDO_E_INVALID, "'%.200s' is not the name of a branch", branch);
}

static int fill_order(struct mirror *mirror, const char *branch, const char *commit,
                      const char *expected_old, struct push_order *order, struct err *err)
{
    git_commit *found = NULL;
    int rc = check_branch(branch, err);

    order->branch = branch;
    order->has_expected = expected_old != NULL;
    if (!rc)
        rc = parse_oid(commit, &order->commit, err);
    if (!rc && expected_old)
        rc = parse_oid(expected_old, &order->expected, err);
    if (rc)
        return rc;
    rc = git_commit_lookup(&found, mirror->repo, &order->commit);
    git_commit_free(found);
    return rc ? fail_git(err, rc, "commit %s", commit) : VDO_OK;
}

/* The child was ended in the middle: the remote may have taken the branch all the same. */
static int settle_cut(struct mirror *mirror, const struct git_remote_spec *remote,
                      const struct push_order *order, int lock_fd, struct push_answer *answer,
                      struct err *why, struct err *err)
{
    struct git_remote_spec again = *remote;
    struct err conflict = {0};
    bool is_done = false;

    if (again.timeout_ms > LOOK_MS)
        again.timeout_ms = LOOK_MS;
    if (why->code != VDO_E_CANCELLED &&
        transfer_run(mirror, &again, "look", order, lock_fd, answer, NULL, NULL) == VDO_OK) {
        int rc = push_judge(order, answer, &is_done, &conflict);

        if (is_done)
            answer->outcome = PUSH_DONE;
        if (is_done)
            return VDO_OK;
        if (rc)
            return err_set(err, conflict.code, "%s", conflict.text);
    }
    return err_set(err, why->code, "%s", why->text);
}

static int push_http(struct mirror *mirror, const struct git_remote_spec *remote,
                     const struct push_order *order, struct push_answer *answer, struct err *err)
{
    struct err why = {0};
    bool was_cut = false;
    int lock_fd = -1;
    int rc = lock_mirror(mirror->dir, remote->timeout_ms, remote->cancel, &lock_fd, err);

    if (rc)
        return rc;
    rc = transfer_run(mirror, remote, "push", order, lock_fd, answer, &was_cut, &why);
    if (rc && was_cut)
        rc = settle_cut(mirror, remote, order, lock_fd, answer, &why, err);
    else if (rc)
        (void)err_set(err, why.code, "%s", why.text);
    (void)close(lock_fd);
    return rc;
}

int mirror_push(struct mirror *mirror, const struct git_remote_spec *remote, const char *branch,
                const char *commit, const char *expected_old, enum push_outcome *outcome,
                char out_found[GIT_OID_HEX_SIZE], struct err *err)
{
    struct push_order order = {0};
    struct push_answer answer = {0};
    bool is_local = false;
    int rc = remote_url_check(remote->url, &is_local, err);

    if (!rc)
        rc = fill_order(mirror, branch, commit, expected_old, &order, err);
    if (rc)
        return rc;
    if (is_local)
        rc = push_local(mirror, remote->url, &order, &answer, err);
    else
        rc = push_http(mirror, remote, &order, &answer, err);
    if (rc == VDO_E_CONFLICT && out_found) {
        out_found[0] = '\0';
        if (answer.has_found)
            oid_to_hex(&answer.found, out_found);
    }
    if (!rc)
        *outcome = answer.outcome;
    return rc;
}
