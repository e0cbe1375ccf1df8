#include "worktree.h"

#include "path_names.h"
#include "scan.h"
#include "tree_walk.h"
#include "tree_writer.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bringing the files over to a tree. */
struct bring {
    struct worktree *worktree;
    bool *right; /* per index entry: the file is as it should be */
    bool changed;
};

static int check_entry(void *arg, const char *path, const git_tree_entry *entry, struct err *err)
{
    (void)arg;
    (void)entry;
    return check_tree_path(path, err);
}

/* Have the index list what the tree has, keeping what is known of files that stay the same. */
static int load_tree(struct worktree *worktree, const char *treeish, struct err *err)
{
    git_tree *tree = NULL;
    git_oid now;
    int rc = find_tree(worktree->mirror, treeish, &tree, err);

    if (rc)
        return rc;
    if (git_index_entrycount(worktree->index) > 0 &&
        git_index_write_tree_to(&now, worktree->index, worktree->mirror->repo) == 0 &&
        git_oid_equal(&now, git_tree_id(tree))) {
        git_tree_free(tree);
        return VDO_OK;
    }
    git_error_clear();
    rc = tree_walk(worktree->mirror, tree, check_entry, NULL, err);
    if (!rc) {
        rc = git_index_read_tree(worktree->index, tree);
        if (rc)
            rc = fail_git(err, rc, "list the files of %s", treeish);
    }
    git_tree_free(tree);
    return rc;
}

static int remove_path(const struct worktree *worktree, const char *path, struct err *err)
{
    AUTO_FREE char *full = fs_join(worktree->dir, path);

    return fs_remove_tree(full, err);
}

static bool find_entry(git_index *index, const char *path, size_t *out_at)
{
    bool found = git_index_find(out_at, index, path) == 0;

    git_error_clear();
    return found;
}

/* A submodule's directory is kept, and kept empty. */
static int keep_submodule(struct bring *bring, const struct scan_entry *found, size_t at,
                          struct err *err)
{
    if (unlinkat(found->dir_fd, found->name, AT_REMOVEDIR) && errno != ENOENT) {
        int rc = remove_path(bring->worktree, found->path, err);

        if (rc)
            return rc;
    }
    bring->right[at] = false;
    return VDO_OK;
}

static int sort_out(struct scan *scan, const struct scan_dir *dir, const struct scan_entry *found,
                    struct err *err)
{
    struct bring *bring = scan->arg;
    git_index *index = bring->worktree->index;
    const git_index_entry *entry = NULL;
    size_t at;

    (void)dir;
    if (find_entry(index, found->path, &at))
        entry = git_index_get_byindex(index, at);
    if (!entry && S_ISDIR(found->st.st_mode) && index_has_below(index, found->path)) {
        scan_descend(scan, found->path, NULL);
        return VDO_OK;
    }
    if (entry && entry->mode == GIT_FILEMODE_COMMIT && S_ISDIR(found->st.st_mode))
        return keep_submodule(bring, found, at, err);
    if (entry && entry_is_clean(bring->worktree, entry, &found->st)) {
        bring->right[at] = true;
        return VDO_OK;
    }
    return remove_path(bring->worktree, found->path, err);
}

static int write_missing(struct bring *bring, struct tree_writer *writer, size_t at,
                         struct err *err)
{
    struct worktree *worktree = bring->worktree;
    git_index_entry entry = *git_index_get_byindex(worktree->index, at);
    struct stat st;
    int rc = tree_writer_put(writer, entry.path, entry.mode, &entry.id, &st, err);

    if (rc || entry.mode == GIT_FILEMODE_COMMIT)
        return rc;
    entry_set_stat(&entry, &st);
    rc = git_index_add(worktree->index, &entry);
    bring->changed = true;
    return rc ? fail_git(err, rc, "note %.200s", entry.path) : VDO_OK;
}

static int write_all_missing(struct bring *bring, struct err *err)
{
    struct worktree *worktree = bring->worktree;
    size_t n = git_index_entrycount(worktree->index);
    struct tree_writer writer;
    int rc = VDO_OK;

    tree_writer_init(&writer, worktree->mirror, worktree->root_fd);
    for (size_t i = 0; !rc && i < n; i++)
        if (!bring->right[i])
            rc = write_missing(bring, &writer, i, err);
    tree_writer_release(&writer);
    return rc;
}

/* Adding an entry made the index forget the ids of the trees above it; nothing but what stat(2)
 * says has changed, so that reading the tree again brings them back. */
static int remember_trees(struct worktree *worktree, const char *treeish, struct err *err)
{
    git_tree *tree = NULL;
    int rc = find_tree(worktree->mirror, treeish, &tree, err);

    if (rc)
        return rc;
    rc = git_index_read_tree(worktree->index, tree);
    git_tree_free(tree);
    return rc ? fail_git(err, rc, "list the files of %s", treeish) : VDO_OK;
}

static int bring_over(struct worktree *worktree, const char *treeish, struct err *err)
{
    struct bring bring = {.worktree = worktree};
    struct scan scan = {.root_fd = worktree->root_fd, .arg = &bring, .on_entry = sort_out};
    int rc = load_tree(worktree, treeish, err);

    if (rc)
        return rc;
    bring.right = xcalloc(git_index_entrycount(worktree->index) + 1, sizeof(bool));
    rc = scan_run(&scan, err);
    if (!rc)
        rc = write_all_missing(&bring, err);
    if (!rc && bring.changed)
        rc = remember_trees(worktree, treeish, err);
    if (!rc)
        rc = worktree_save(worktree, err);
    free(bring.right);
    return rc;
}

/* A damaged index file is worth nothing but time: begin a new one. */
static int open_index(struct worktree *worktree, struct err *err)
{
    int rc = git_index_open(&worktree->index, worktree->index_path);

    if (rc) {
        git_error_clear();
        (void)unlink(worktree->index_path);
        rc = git_index_open(&worktree->index, worktree->index_path);
    }
    if (rc)
        return fail_git(err, rc, "open %s", worktree->index_path);
    worktree_read_stamp(worktree);
    return VDO_OK;
}

static int open_dirs(struct worktree *worktree, const char *dir, const char *git_dir,
                     struct err *err)
{
    int rc = fs_make_dirs(dir, 0700, err);

    if (!rc)
        rc = fs_make_dirs(git_dir, 0700, err);
    if (rc)
        return rc;
    worktree->dir = realpath(dir, NULL);
    if (!worktree->dir)
        return err_set(err, VDO_E_IO, "find %s: %s", dir, strerrordesc_np(errno));
    worktree->index_path = fs_join(git_dir, "index");
    worktree->root_fd = open(worktree->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (worktree->root_fd < 0 && errno == EACCES && chmod(worktree->dir, S_IRWXU) == 0)
        worktree->root_fd = open(worktree->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (worktree->root_fd < 0)
        return err_set(err, VDO_E_IO, "open %s: %s", dir, strerrordesc_np(errno));
    return VDO_OK;
}

int worktree_open(struct mirror *mirror, const char *dir, const char *git_dir, const char *base,
                  const char *tree, struct worktree **out, struct err *err)
{
    struct worktree *worktree = xcalloc(1, sizeof(*worktree));
    int rc;

    worktree->mirror = mirror;
    worktree->root_fd = -1;
    rc = find_tree(mirror, base, &worktree->base_tree, err);
    if (!rc)
        rc = open_dirs(worktree, dir, git_dir, err);
    if (!rc)
        rc = open_index(worktree, err);
    if (!rc)
        rc = bring_over(worktree, tree, err);
    if (rc) {
        worktree_close(worktree);
        return rc;
    }
    *out = worktree;
    return VDO_OK;
}

void worktree_close(struct worktree *worktree)
{
    if (!worktree)
        return;
    git_index_free(worktree->index);
    git_tree_free(worktree->base_tree);
    if (worktree->root_fd >= 0)
        (void)close(worktree->root_fd);
    free(worktree->index_path);
    free(worktree->dir);
    free(worktree);
}

const char *worktree_dir(const struct worktree *worktree)
{
    return worktree->dir;
}
