#include "repo.h"
#include "tree_walk.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

static int read_blob(struct mirror *mirror, const git_oid *oid, size_t max, char **out_bytes,
                     size_t *out_len, struct err *err)
{
    git_odb_object *object = NULL;
    git_object_t type;
    size_t len;
    char hex[GIT_OID_HEX_SIZE];
    int rc = git_odb_read_header(&len, &type, mirror->odb, oid);

    oid_to_hex(oid, hex);
    if (rc)
        return fail_git(err, rc, "read blob %s", hex);
    if (type != GIT_OBJECT_BLOB)
        return err_set(err, VDO_E_NOT_FOUND, "%s is not a blob", hex);
    if (len > max)
        return err_set(err, VDO_E_TOO_LARGE, "blob %s has %zu bytes, over %zu", hex, len, max);
    rc = git_odb_read(&object, mirror->odb, oid);
    if (rc)
        return fail_git(err, rc, "read blob %s", hex);
    *out_bytes = xmemdup0(git_odb_object_data(object), git_odb_object_size(object));
    if (out_len)
        *out_len = git_odb_object_size(object);
    git_odb_object_free(object);
    return VDO_OK;
}

int mirror_read_blob(struct mirror *mirror, const char *blob_oid, size_t max, char **out_bytes,
                     size_t *out_len, struct err *err)
{
    git_oid oid;
    int rc = parse_oid(blob_oid, &oid, err);

    return rc ? rc : read_blob(mirror, &oid, max, out_bytes, out_len, err);
}

int mirror_read_file(struct mirror *mirror, const char *commit, const char *path, size_t max,
                     char **out_bytes, size_t *out_len, struct err *err)
{
    git_tree_entry *entry = NULL;
    git_tree *tree = NULL;
    int rc = find_tree(mirror, commit, &tree, err);

    if (rc)
        return rc;
    rc = git_tree_entry_bypath(&entry, tree, path);
    git_tree_free(tree);
    if (rc == GIT_ENOTFOUND || (!rc && git_tree_entry_type(entry) != GIT_OBJECT_BLOB)) {
        git_error_clear();
        git_tree_entry_free(entry);
        return err_set(err, VDO_E_NOT_FOUND, "no file '%.200s' at %.12s", path, commit);
    }
    if (rc)
        return fail_git(err, rc, "find '%.200s' at %.12s", path, commit);
    rc = read_blob(mirror, git_tree_entry_id(entry), max, out_bytes, out_len, err);
    git_tree_entry_free(entry);
    return rc;
}

struct walk {
    struct mirror *mirror;
    bool with_sizes;
    tree_entry_fn fn;
    void *arg;
};

static int pass_on(void *arg, const char *path, const git_tree_entry *found, struct err *err)
{
    struct walk *walk = arg;
    char hex[GIT_OID_HEX_SIZE];
    struct tree_entry entry = {.path = path, .oid = hex};
    const git_oid *oid = git_tree_entry_id(found);
    git_object_t type;
    size_t size = 0;

    oid_to_hex(oid, hex);
    entry.mode = git_tree_entry_filemode(found);
    if (walk->with_sizes && entry.mode != GIT_FILEMODE_COMMIT) {
        int rc = git_odb_read_header(&size, &type, walk->mirror->odb, oid);

        if (rc)
            return fail_git(err, rc, "size of %.200s", path);
        entry.size = size;
    }
    return walk->fn(walk->arg, &entry);
}

int mirror_walk(struct mirror *mirror, const char *commit, bool with_sizes, tree_entry_fn fn,
                void *arg, struct err *err)
{
    struct walk walk = {mirror, with_sizes, fn, arg};
    git_tree *tree = NULL;
    int rc = find_tree(mirror, commit, &tree, err);

    if (rc)
        return rc;
    rc = tree_walk(mirror, tree, pass_on, &walk, err);
    git_tree_free(tree);
    return rc;
}

int mirror_message(struct mirror *mirror, const char *commit, char **out, struct err *err)
{
    git_commit *found = NULL;
    git_oid oid;
    int rc = parse_oid(commit, &oid, err);

    if (rc)
        return rc;
    rc = git_commit_lookup(&found, mirror->repo, &oid);
    if (rc)
        return fail_git(err, rc, "commit %s", commit);
    *out = xstrdup(git_commit_message(found));
    git_commit_free(found);
    return VDO_OK;
}
