#include "repo.h"
#include "tree_walk.h"
#include "tree_writer.h"

#include "vdo/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int put_entry(void *arg, const char *path, const git_tree_entry *entry, struct err *err)
{
    int rc = check_tree_path(path, err);

    if (rc)
        return rc;
    return tree_writer_put(arg, path, git_tree_entry_filemode(entry), git_tree_entry_id(entry),
                           NULL, err);
}

static int write_tree_to(struct mirror *mirror, const git_tree *tree, const char *dir,
                         struct err *err)
{
    struct tree_writer writer;
    int root_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc;

    if (root_fd < 0)
        return err_set(err, VDO_E_IO, "open %s: %s", dir, strerrordesc_np(errno));
    tree_writer_init(&writer, mirror, root_fd);
    rc = tree_walk(mirror, tree, put_entry, &writer, err);
    tree_writer_release(&writer);
    (void)close(root_fd);
    return rc;
}

int mirror_export(struct mirror *mirror, const char *treeish, const char *dir, struct err *err)
{
    git_tree *tree = NULL;
    int rc = find_tree(mirror, treeish, &tree, err);

    if (!rc)
        rc = fs_remove_tree(dir, err);
    if (!rc)
        rc = fs_make_dirs(dir, 0755, err);
    if (!rc)
        rc = write_tree_to(mirror, tree, dir, err);
    git_tree_free(tree);
    return rc;
}
