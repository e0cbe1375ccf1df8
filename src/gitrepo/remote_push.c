#include "remote_push.h"

#include "vdo/base/mem.h"

#include <string.h>

static int find_branch(git_remote *remote, const char *branch, struct push_answer *answer)
{
    AUTO_FREE char *name = xasprintf("refs/heads/%s", branch);
    const git_remote_head **heads = NULL;
    size_t n = 0;
    int rc = git_remote_ls(&heads, &n, remote);

    answer->has_found = false;
    for (size_t i = 0; !rc && i < n; i++) {
        if (strcmp(heads[i]->name, name) == 0) {
            answer->has_found = true;
            answer->found = heads[i]->oid;
        }
    }
    return rc;
}

int remote_look(struct link *link, git_repository *repo, const char *branch,
                struct push_answer *answer, struct err *err)
{
    git_remote *remote = NULL;
    int rc = link_connect(link, repo, GIT_DIRECTION_PUSH, &remote, err);

    if (rc)
        return rc;
    rc = find_branch(remote, branch, answer);
    if (rc)
        rc = link_fail(link, rc, err);
    git_remote_free(remote);
    return rc;
}

int push_judge(const struct push_order *order, struct push_answer *answer, bool *is_done,
               struct err *err)
{
    char hex[GIT_OID_HEX_SIZE];

    *is_done = answer->has_found && git_oid_equal(&answer->found, &order->commit);
    if (*is_done) {
        answer->outcome = PUSH_ALREADY_THERE;
        return VDO_OK;
    }
    if (answer->has_found == order->has_expected &&
        (!order->has_expected || git_oid_equal(&answer->found, &order->expected)))
        return VDO_OK;
    if (!answer->has_found)
        return err_set(err, VDO_E_CONFLICT, "branch %s is gone", order->branch);
    oid_to_hex(&answer->found, hex);
    return err_set(err, VDO_E_CONFLICT, "branch %s %s %s", order->branch,
                   order->has_expected ? "has moved to" : "exists already at", hex);
}

/* Push needs a ref of the mirror to push from. */
static int upload(struct link *link, git_repository *repo, git_remote *remote,
                  const struct push_order *order)
{
    char hex[GIT_OID_HEX_SIZE];
    AUTO_FREE char *from = NULL;
    AUTO_FREE char *spec = NULL;
    git_strarray specs = {&spec, 1};
    git_reference *ref = NULL;
    git_push_options options;
    int rc = git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);

    oid_to_hex(&order->commit, hex);
    from = xasprintf("refs/vdo/push/%s", hex);
    spec = xasprintf("%s:refs/heads/%s", from, order->branch);
    link_set_callbacks(link, &options.callbacks);
    if (!rc)
        rc = git_reference_create(&ref, repo, from, &order->commit, 1, NULL);
    if (!rc)
        rc = git_remote_upload(remote, &specs, &options);
    if (ref)
        (void)git_reference_delete(ref);
    git_reference_free(ref);
    return rc;
}

/* The upload failed or its end is unknown: what the remote has now tells. `why` is the reason so
 * far. */
static int settle(struct link *link, git_repository *repo, const struct push_order *order,
                  struct push_answer *answer, struct err *why, struct err *err)
{
    struct push_answer now = {0};
    struct err conflict = {0};
    bool is_done = false;

    if (remote_look(link, repo, order->branch, &now, NULL) == VDO_OK) {
        int rc = push_judge(order, &now, &is_done, &conflict);

        *answer = now;
        answer->outcome = PUSH_DONE;
        if (is_done)
            return VDO_OK;
        if (rc)
            return err_set(err, conflict.code, "%s", conflict.text);
    }
    return err_set(err, why->code, "%s", why->text);
}

static int finish(struct link *link, git_repository *repo, const struct push_order *order, int rc,
                  struct push_answer *answer, struct err *err)
{
    struct err why = {0};

    if (rc == 0 && link->rejected[0] == '\0') {
        answer->outcome = PUSH_DONE;
        answer->has_found = true;
        answer->found = order->commit;
        return VDO_OK;
    }
    if (rc == 0)
        (void)err_set(&why, VDO_E_REFUSED, "%s does not take branch %s: %s", link->url,
                      order->branch, link->rejected);
    else
        (void)link_fail(link, rc, &why);
    return settle(link, repo, order, answer, &why, err);
}

int remote_push(struct link *link, git_repository *repo, const struct push_order *order,
                struct push_answer *answer, struct err *err)
{
    git_remote *remote = NULL;
    bool is_done = false;
    int rc = link_connect(link, repo, GIT_DIRECTION_PUSH, &remote, err);

    if (rc)
        return rc;
    rc = find_branch(remote, order->branch, answer);
    if (rc)
        rc = link_fail(link, rc, err);
    else
        rc = push_judge(order, answer, &is_done, err);
    if (!rc && !is_done)
        rc = finish(link, repo, order, upload(link, repo, remote, order), answer, err);
    git_remote_free(remote);
    return rc;
}
