#include "code_base.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/gitrepo/gitrepo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_GITFILE = 8192 };

/* The git directory of dir, or NULL when it has none: dir/.git, what a .git file points to, or dir
 * itself when it is bare. */
static char *git_dir_of(const char *dir)
{
    AUTO_FREE char *dot_git = fs_join(dir, ".git");
    AUTO_FREE char *head = fs_join(dir, "HEAD");
    AUTO_FREE char *objects = fs_join(dir, "objects");
    AUTO_FREE char *text = NULL;
    size_t len = 0;

    if (fs_is_dir(dot_git))
        return xstrdup(dot_git);
    if (fs_exists(dot_git) && fs_read_file(dot_git, MAX_GITFILE, &text, &len, NULL) == VDO_OK &&
        strncmp(text, "gitdir: ", 8) == 0) {
        text[strcspn(text, "\r\n")] = '\0';
        return text[8] == '/' ? xstrdup(text + 8) : fs_join(dir, text + 8);
    }
    return fs_exists(head) && fs_is_dir(objects) ? xstrdup(dir) : NULL;
}

static int make_scratch(struct code_base *base, struct err *err)
{
    const char *tmp = secure_getenv("TMPDIR");

    base->scratch = xasprintf("%s/vdo-index-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (mkdtemp(base->scratch))
        return VDO_OK;
    free(base->scratch);
    base->scratch = NULL;
    return err_set(err, VDO_E_IO, "make a temporary directory: %s", strerrordesc_np(errno));
}

static int open_index(struct code_base *base, const char *cache, struct err *err)
{
    AUTO_FREE char *file = NULL;
    int rc = cache ? fs_make_dirs(cache, 0700, err) : make_scratch(base, err);

    if (rc)
        return rc;
    file = fs_join(cache ? cache : base->scratch, "index.db");
    return code_index_open(file, &base->index, err);
}

/* A repository without a commit: its files as they lie there, or none when it is bare. */
static int index_unborn(struct code_base *base, const char *dir, const char *git_dir,
                        struct err *err)
{
    return strcmp(dir, git_dir) == 0 ? VDO_OK : code_index_dir(base->index, dir, NULL, err);
}

static int index_head(struct code_base *base, const char *dir, const char *git_dir, struct err *err)
{
    char oid[GIT_OID_HEX_SIZE];
    struct err unborn = {0};
    int rc = gitrepo_startup(err);

    if (!rc)
        rc = mirror_open(git_dir, &base->mirror, err);
    if (rc)
        return rc;
    if (mirror_resolve(base->mirror, "HEAD", oid, &unborn))
        return index_unborn(base, dir, git_dir, err);
    return code_index_commit(base->index, base->mirror, oid, NULL, err);
}

int code_base_open(struct code_base *base, const char *dir, const char *cache, struct err *err)
{
    AUTO_FREE char *git_dir = NULL;
    int rc;

    memset(base, 0, sizeof(*base));
    if (!fs_is_dir(dir))
        return err_set(err, VDO_E_INVALID, "--repo %s: no such directory", dir);
    rc = proc_start_supervisor(err);
    if (!rc)
        rc = open_index(base, cache, err);
    if (rc)
        return rc;
    git_dir = git_dir_of(dir);
    return git_dir ? index_head(base, dir, git_dir, err) :
                     code_index_dir(base->index, dir, NULL, err);
}

void code_base_close(struct code_base *base)
{
    code_index_close(base->index);
    mirror_close(base->mirror);
    if (base->scratch)
        (void)fs_remove_tree(base->scratch, NULL);
    free(base->scratch);
    memset(base, 0, sizeof(*base));
}
