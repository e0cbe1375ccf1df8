#include "commit.h"

#include "stage.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/gitrepo/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL STAGE_JOURNAL
#define DIRS    "dirs"

enum { NAME_LEN = 24 };

static int stage_change(const struct stage *stage, const struct change *change, size_t i,
                        struct err *err)
{
    char name[NAME_LEN];
    struct err none = {0};
    int like = -1;
    int rc;

    (void)snprintf(name, sizeof(name), "%zu", i);
    if (path_open_in(stage->dir, change->path, O_RDONLY | O_CLOEXEC, 0, &like, &none))
        like = -1;
    rc = stage_file(stage, name, change->bytes, change->len, change->mode, like, err);
    if (like >= 0)
        (void)close(like);
    return rc;
}

static int write_journal(const struct stage *stage, const struct change *changes, size_t n,
                         struct err *err)
{
    struct strbuf sb;
    int rc;

    strbuf_init(&sb, (VDO_MAX_PATH_BYTES + 32) * (n + 1));
    for (size_t i = 0; i < n; i++)
        (void)strbuf_addf(&sb, "%c %zu %s\n", changes[i].bytes ? 'w' : 'd', i, changes[i].path);
    (void)strbuf_adds(&sb, "end\n");
    rc = stage_file(stage, JOURNAL ".new", sb.ptr, sb.len, 0600, -1, err);
    strbuf_release(&sb);
    if (rc)
        return rc;
    if (renameat(stage->stage_fd, JOURNAL ".new", stage->stage_fd, JOURNAL) ||
        fsync(stage->stage_fd) || fsync(stage->root_fd))
        return stage_fail(err, "write", EDIT_STAGE_DIR "/" JOURNAL);
    return VDO_OK;
}

/* The directory that holds path; *base is its last component. */
static int open_parent(const struct stage *stage, const char *path, const char **base, int *out_fd,
                       struct err *err)
{
    const char *slash = strrchr(path, '/');
    char *parent;
    int rc;

    *base = slash ? slash + 1 : path;
    if (!slash) {
        *out_fd = openat(stage->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return *out_fd < 0 ? stage_fail(err, "open", stage->dir) : VDO_OK;
    }
    parent = xstrndup(path, (size_t)(slash - path));
    rc = path_open_in(stage->dir, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, out_fd, err);
    free(parent);
    return rc;
}

/* Remove one empty directory. False when it holds something. */
static bool remove_empty(const struct stage *stage, const char *path)
{
    struct err none = {0};
    const char *base;
    int fd;
    int rc = open_parent(stage, path, &base, &fd, &none);
    bool gone;

    if (rc)
        return rc == VDO_E_NOT_FOUND;
    gone = unlinkat(fd, base, AT_REMOVEDIR) == 0 || errno == ENOENT;
    (void)close(fd);
    return gone;
}

static void remove_empty_parents(const struct stage *stage, const char *path)
{
    char *parent = xstrdup(path);
    char *slash;

    while ((slash = strrchr(parent, '/'))) {
        *slash = '\0';
        if (!remove_empty(stage, parent))
            break;
    }
    free(parent);
}

/* sync: the directory too, so that the journal may go. */
static int do_step(const struct stage *stage, char what, const char *name, const char *path,
                   bool sync, struct err *err)
{
    const char *base;
    int fd = -1;
    int rc = open_parent(stage, path, &base, &fd, err);

    if (rc == VDO_E_NOT_FOUND && what == 'd') {
        err_clear(err);
        return VDO_OK;
    }
    if (rc)
        return rc;
    if (what == 'w' && renameat(stage->stage_fd, name, fd, base) && errno != ENOENT)
        rc = stage_fail(err, "replace", path);
    if (what == 'd' && unlinkat(fd, base, 0) && errno != ENOENT)
        rc = stage_fail(err, "remove", path);
    if (rc == VDO_OK && sync && fsync(fd))
        rc = stage_fail(err, "sync the directory of", path);
    (void)close(fd);
    if (rc == VDO_OK && what == 'd')
        remove_empty_parents(stage, path);
    return rc;
}

static int do_steps(const struct stage *stage, const struct change *changes, size_t n,
                    struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        char name[NAME_LEN];
        int rc;

        (void)snprintf(name, sizeof(name), "%zu", i);
        rc = do_step(stage, changes[i].bytes ? 'w' : 'd', name, changes[i].path, n > 1, err);
        if (rc)
            return rc;
    }
    return VDO_OK;
}

/* --- recovery ------------------------------------------------------------------------------ */

/* "w 3 src/a.c" */
static int redo_line(const struct stage *stage, char *line, struct err *err)
{
    char *name = line + 2;
    char *path = strchr(name, ' ');
    struct err why = {0};

    if ((line[0] != 'w' && line[0] != 'd') || line[1] != ' ' || !path)
        return err_set(err, VDO_E_IO, "%s/" JOURNAL " is damaged; remove the directory",
                       EDIT_STAGE_DIR);
    *path++ = '\0';
    if (strspn(name, "0123456789") != strlen(name) || path_check(path, &why))
        return err_set(err, VDO_E_IO, "%s/" JOURNAL " is damaged; remove the directory",
                       EDIT_STAGE_DIR);
    return do_step(stage, line[0], name, path, true, err);
}

static int redo(const struct stage *stage, char *journal, struct err *err)
{
    char *line = journal;
    char *next;
    int rc = VDO_OK;

    for (; rc == VDO_OK && (next = strchr(line, '\n')); line = next + 1) {
        *next = '\0';
        if (strcmp(line, "end") == 0)
            return VDO_OK;
        rc = redo_line(stage, line, err);
    }
    return rc ? rc :
                err_set(err, VDO_E_IO, "%s/" JOURNAL " is damaged; remove the directory",
                        EDIT_STAGE_DIR);
}

/* Directories that were made for files which then never came. */
static void remove_made_parents(const struct stage *stage)
{
    struct err none = {0};
    char *list = NULL;
    char *next;

    if (stage_read(stage, DIRS, &list, &none) == VDO_OK) {
        for (char *path = list; (next = strchr(path, '\n')); path = next + 1) {
            *next = '\0';
            if (path_check(path, &none) == VDO_OK)
                remove_empty_parents(stage, path);
        }
    }
    free(list);
}

static int recover_locked(struct stage *stage, struct err *err)
{
    char *journal = NULL;
    int rc;

    if (stage_open(stage))
        return errno == ENOENT ? VDO_OK : stage_fail(err, "open", EDIT_STAGE_DIR);
    if (!stage_is_ours(stage))
        return err_set(err, VDO_E_IO,
                       "%.300s/" EDIT_STAGE_DIR " is not of VDO's making; move it away",
                       stage->dir);
    rc = stage_read(stage, JOURNAL, &journal, err);
    if (rc == VDO_OK)
        rc = redo(stage, journal, err);
    free(journal);
    if (rc == VDO_E_NOT_FOUND)
        remove_made_parents(stage);
    else if (rc)
        return rc;
    rc = stage_remove(stage, err);
    (void)close(stage->stage_fd);
    stage->stage_fd = -1;
    return rc;
}

int commit_recover(const char *dir, struct err *err)
{
    struct stage stage;
    struct stat st;
    int rc;

    {
        char *path = xasprintf("%s/" EDIT_STAGE_DIR, dir);

        rc = lstat(path, &st);
        free(path);
        if (rc)
            return VDO_OK;
    }
    rc = stage_lock(&stage, dir, err);
    if (rc == VDO_OK)
        rc = recover_locked(&stage, err);
    stage_close(&stage);
    return rc;
}

/* Make the directories that are missing, after noting for whom. */
static int make_parents(const struct stage *stage, const struct change *changes, size_t n,
                        struct err *err)
{
    struct strbuf sb;
    int rc = VDO_OK;

    strbuf_init(&sb, (VDO_MAX_PATH_BYTES + 1) * (n + 1));
    for (size_t i = 0; i < n; i++) {
        struct err none = {0};
        const char *base;
        int fd;

        if (!changes[i].bytes)
            continue;
        if (open_parent(stage, changes[i].path, &base, &fd, &none) == VDO_OK)
            (void)close(fd);
        else
            (void)strbuf_addf(&sb, "%s\n", changes[i].path);
    }
    if (sb.len > 0)
        rc = stage_file(stage, DIRS, sb.ptr, sb.len, 0600, -1, err);
    for (size_t i = 0; i < n && rc == VDO_OK && sb.len > 0; i++) {
        if (changes[i].bytes)
            rc = path_make_parents_in(stage->dir, changes[i].path, 0755, err);
    }
    strbuf_release(&sb);
    return rc;
}

/* --- commit -------------------------------------------------------------------------------- */

static int stage_all(struct stage *stage, const struct change *changes, size_t n, struct err *err)
{
    int rc = VDO_OK;

    if (mkdirat(stage->root_fd, EDIT_STAGE_DIR, 0700) || stage_open(stage))
        return stage_fail(err, "make", EDIT_STAGE_DIR);
    rc = stage_sign(stage, n > 1, err);
    for (size_t i = 0; i < n && rc == VDO_OK; i++) {
        if (changes[i].bytes)
            rc = stage_change(stage, &changes[i], i, err);
    }
    if (rc == VDO_OK)
        rc = make_parents(stage, changes, n, err);
    if (rc == VDO_OK && n > 1)
        rc = write_journal(stage, changes, n, err);
    return rc;
}

static int commit_locked(struct stage *stage, const struct change *changes, size_t n,
                         struct err *err)
{
    struct err ignored = {0};
    int rc = recover_locked(stage, err);

    if (rc)
        return rc;
    rc = stage_all(stage, changes, n, err);
    if (rc) { /* nothing has changed yet */
        if (stage->stage_fd >= 0) {
            remove_made_parents(stage);
            (void)stage_remove(stage, &ignored);
        }
        return rc;
    }
    rc = do_steps(stage, changes, n, err);
    return rc ? rc : stage_remove(stage, err);
}

int commit_changes(const char *dir, const struct change *changes, size_t n, struct err *err)
{
    struct stage stage;
    int rc = stage_lock(&stage, dir, err);

    if (rc == VDO_OK)
        rc = commit_locked(&stage, changes, n, err);
    stage_close(&stage);
    return rc;
}
