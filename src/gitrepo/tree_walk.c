#include "tree_walk.h"

#include "path_names.h"

#include "vdo/base/limits.h"

#include <string.h>

enum { MAX_DEPTH = 1024 };

struct walker {
    struct mirror *mirror;
    tree_walk_fn fn;
    void *arg;
    struct err *err;
    struct strbuf path;
    size_t n_entries;
    int depth;
};

static int walk_tree(struct walker *w, const git_tree *tree);

static int walk_below(struct walker *w, const git_tree_entry *entry)
{
    git_tree *below = NULL;
    int rc;

    if (++w->depth > MAX_DEPTH)
        return err_set(w->err, VDO_E_TOO_LARGE, "tree is over %d levels deep", MAX_DEPTH);
    rc = git_tree_lookup(&below, w->mirror->repo, git_tree_entry_id(entry));
    if (rc)
        return fail_git(w->err, rc, "read tree %.200s", w->path.ptr);
    (void)strbuf_addc(&w->path, '/');
    rc = walk_tree(w, below);
    git_tree_free(below);
    w->depth--;
    return rc;
}

static int walk_entry(struct walker *w, const git_tree_entry *entry)
{
    if (++w->n_entries > VDO_MAX_TREE_FILES)
        return err_set(w->err, VDO_E_TOO_LARGE, "tree has over %lu entries", VDO_MAX_TREE_FILES);
    if (strbuf_adds(&w->path, git_tree_entry_name(entry)))
        return err_set(w->err, VDO_E_TOO_LARGE, "tree has a path of over %lu bytes: %.100s...",
                       VDO_MAX_PATH_BYTES, w->path.ptr);
    if (git_tree_entry_type(entry) == GIT_OBJECT_TREE)
        return walk_below(w, entry);
    return w->fn(w->arg, w->path.ptr, entry, w->err);
}

static int walk_tree(struct walker *w, const git_tree *tree)
{
    size_t base = w->path.len;
    size_t count = git_tree_entrycount(tree);
    int rc = VDO_OK;

    for (size_t i = 0; !rc && i < count; i++) {
        rc = walk_entry(w, git_tree_entry_byindex(tree, i));
        strbuf_truncate(&w->path, base);
    }
    return rc;
}

int tree_walk(struct mirror *mirror, const git_tree *tree, tree_walk_fn fn, void *arg,
              struct err *err)
{
    struct walker w = {.mirror = mirror, .fn = fn, .arg = arg, .err = err};
    int rc;

    strbuf_init(&w.path, VDO_MAX_PATH_BYTES);
    rc = walk_tree(&w, tree);
    strbuf_release(&w.path);
    return rc;
}

int check_tree_path(const char *path, struct err *err)
{
    for (const char *name = path;; name++) {
        size_t len = strcspn(name, "/");

        if (len == 0 || (len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0) ||
            name_is_dot_git(name, len))
            return err_set(err, VDO_E_REFUSED,
                           "tree refused: it has the path '%.200s', which is not safe to make",
                           path);
        name += len;
        if (*name == '\0')
            return VDO_OK;
    }
}
