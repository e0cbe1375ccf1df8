#include "object_copy.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

enum { MAX_COMMITS = 1000, MAX_DEPTH = 1024 };

struct copy {
    struct mirror *mirror;
    git_odb *to;
    struct err *err;
    int depth;
};

static int fail(struct copy *c, int rc, const git_oid *oid)
{
    char hex[GIT_OID_HEX_SIZE];

    oid_to_hex(oid, hex);
    return fail_git(c->err, rc, "copy object %s", hex);
}

static int copy_one(struct copy *c, const git_oid *oid)
{
    git_odb_object *object = NULL;
    git_oid written;
    int rc = git_odb_read(&object, c->mirror->odb, oid);

    if (!rc)
        rc = git_odb_write(&written, c->to, git_odb_object_data(object),
                           git_odb_object_size(object), git_odb_object_type(object));
    git_odb_object_free(object);
    return rc ? fail(c, rc, oid) : VDO_OK;
}

static int copy_tree(struct copy *c, const git_oid *oid);

static int copy_entry(struct copy *c, const git_tree_entry *entry)
{
    const git_oid *oid = git_tree_entry_id(entry);

    if (git_tree_entry_type(entry) == GIT_OBJECT_TREE)
        return copy_tree(c, oid);
    if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB || git_odb_exists(c->to, oid))
        return VDO_OK;
    return copy_one(c, oid);
}

static int copy_tree(struct copy *c, const git_oid *oid)
{
    git_tree *tree = NULL;
    size_t n;
    int rc;

    if (git_odb_exists(c->to, oid))
        return VDO_OK;
    if (++c->depth > MAX_DEPTH)
        return err_set(c->err, VDO_E_TOO_LARGE, "tree is over %d levels deep", MAX_DEPTH);
    rc = git_tree_lookup(&tree, c->mirror->repo, oid);
    if (rc)
        return fail(c, rc, oid);
    n = git_tree_entrycount(tree);
    for (size_t i = 0; !rc && i < n; i++)
        rc = copy_entry(c, git_tree_entry_byindex(tree, i));
    git_tree_free(tree);
    c->depth--;
    return rc ? rc : copy_one(c, oid);
}

/* The commits to copy, each before those it is built on. */
struct list {
    git_oid items[MAX_COMMITS];
    size_t n;
};

static int list_add(struct copy *c, struct list *list, const git_oid *oid)
{
    if (git_odb_exists(c->to, oid))
        return VDO_OK;
    if (list->n == MAX_COMMITS)
        return err_set(c->err, VDO_E_TOO_LARGE, "over %d commits to copy", MAX_COMMITS);
    list->items[list->n++] = *oid;
    return VDO_OK;
}

static int list_missing(struct copy *c, struct list *list, const git_oid *tip)
{
    int rc = list_add(c, list, tip);

    for (size_t i = 0; !rc && i < list->n; i++) {
        git_commit *commit = NULL;
        unsigned n_parents;

        rc = git_commit_lookup(&commit, c->mirror->repo, &list->items[i]);
        if (rc)
            return fail(c, rc, &list->items[i]);
        n_parents = git_commit_parentcount(commit);
        for (unsigned j = 0; !rc && j < n_parents; j++)
            rc = list_add(c, list, git_commit_parent_id(commit, j));
        git_commit_free(commit);
    }
    return rc;
}

static int copy_commit(struct copy *c, const git_oid *oid)
{
    git_commit *commit = NULL;
    int rc = git_commit_lookup(&commit, c->mirror->repo, oid);

    if (rc)
        return fail(c, rc, oid);
    rc = copy_tree(c, git_commit_tree_id(commit));
    git_commit_free(commit);
    return rc ? rc : copy_one(c, oid);
}

int object_copy(struct mirror *mirror, git_repository *target, const git_oid *commit,
                struct err *err)
{
    struct copy c = {.mirror = mirror, .err = err};
    struct list *list = xcalloc(1, sizeof(*list));
    int rc = git_repository_odb(&c.to, target);

    rc = rc ? fail(&c, rc, commit) : list_missing(&c, list, commit);
    for (size_t i = list->n; !rc && i-- > 0;)
        rc = copy_commit(&c, &list->items[i]);
    git_odb_free(c.to);
    free(list);
    return rc;
}
