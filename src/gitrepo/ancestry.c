#include "ancestry.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

struct seen {
    git_oid items[ANCESTRY_MAX];
    size_t n;
};

static void see(struct seen *seen, const git_oid *oid)
{
    for (size_t i = 0; i < seen->n; i++)
        if (git_oid_equal(&seen->items[i], oid))
            return;
    if (seen->n < ANCESTRY_MAX)
        seen->items[seen->n++] = *oid;
}

static void see_parents(struct seen *seen, git_repository *repo, const git_oid *oid)
{
    git_commit *commit = NULL;
    unsigned n;

    if (git_commit_lookup(&commit, repo, oid)) {
        git_error_clear();
        return;
    }
    n = git_commit_parentcount(commit);
    for (unsigned i = 0; i < n; i++)
        see(seen, git_commit_parent_id(commit, i));
    git_commit_free(commit);
}

bool is_built_on(git_repository *repo, const git_oid *commit, const git_oid *base)
{
    struct seen *seen = xcalloc(1, sizeof(*seen));
    bool found = false;

    see(seen, commit);
    for (size_t i = 0; !found && i < seen->n; i++) {
        found = git_oid_equal(&seen->items[i], base);
        if (!found)
            see_parents(seen, repo, &seen->items[i]);
    }
    free(seen);
    return found;
}
