#include "commit.h"

#include "work.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/gitrepo/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL "journal"
#define OWNER   ".owner"

enum { NAME_LEN = 24, OWNER_LEN = 64 };

struct stage {
    const char *dir;
    int root_fd;  /* holds the lock */
    int stage_fd; /* -1: there is none */
};

static int fail(struct err *err, const char *doing, const char *what)
{
    return err_set(err, VDO_E_IO, "%s %.300s: %s", doing, what, strerrordesc_np(errno));
}

static void close_stage(struct stage *stage)
{
    if (stage->stage_fd >= 0)
        (void)close(stage->stage_fd);
    if (stage->root_fd >= 0)
        (void)close(stage->root_fd);
}

static int lock_tree(struct stage *stage, const char *dir, struct err *err)
{
    *stage = (struct stage){.dir = dir, .root_fd = -1, .stage_fd = -1};
    stage->root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (stage->root_fd < 0)
        return fail(err, "open", dir);
    if (flock(stage->root_fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            return err_set(err, VDO_E_TEMPORARY, "another process is changing %.300s", dir);
        return fail(err, "lock", dir);
    }
    return VDO_OK;
}

static int open_stage(struct stage *stage)
{
    stage->stage_fd =
        openat(stage->root_fd, EDIT_STAGE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return stage->stage_fd < 0 ? -1 : 0;
}

/* Remove the stage and all in it: only files are ever put there. What tells that it is ours goes
 * last. */
static int remove_stage(struct stage *stage, struct err *err)
{
    int fd = dup(stage->stage_fd);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!list)
        return fail(err, "list", EDIT_STAGE_DIR);
    rewinddir(list);
    while ((entry = readdir(list))) {
        if (entry->d_name[0] != '.')
            (void)unlinkat(stage->stage_fd, entry->d_name, 0);
    }
    (void)closedir(list);
    (void)unlinkat(stage->stage_fd, OWNER, 0);
    if (unlinkat(stage->root_fd, EDIT_STAGE_DIR, AT_REMOVEDIR) && errno != ENOENT)
        return fail(err, "remove", EDIT_STAGE_DIR);
    return VDO_OK;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Write and sync one file of the stage. like: descriptor of the file it replaces, or -1. */
static int stage_file(const struct stage *stage, const char *name, const char *bytes, size_t len,
                      unsigned mode, int like, struct err *err)
{
    struct stat st;
    int fd =
        openat(stage->stage_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = VDO_OK;

    if (fd < 0)
        return fail(err, "create " EDIT_STAGE_DIR, name);
    if (like >= 0 && fstat(like, &st) == 0 && (st.st_uid != geteuid() || st.st_gid != getegid())) {
        if (fchown(fd, st.st_uid, st.st_gid))
            errno = 0; /* not ours to give: the new file is ours then */
    }
    if (write_all(fd, bytes, len) || fchmod(fd, mode) || fsync(fd))
        rc = fail(err, "write " EDIT_STAGE_DIR, name);
    if (close(fd) && rc == VDO_OK)
        rc = fail(err, "write " EDIT_STAGE_DIR, name);
    return rc;
}

static int stage_change(const struct stage *stage, const struct change *change, size_t i,
                        struct err *err)
{
    char name[NAME_LEN];
    struct err none = {0};
    int like = -1;
    int rc;

    (void)snprintf(name, sizeof(name), "%zu", i);
    if (path_open_in(stage->dir, change->path, O_PATH | O_CLOEXEC, 0, &like, &none))
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
        return fail(err, "write", EDIT_STAGE_DIR "/" JOURNAL);
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
        return *out_fd < 0 ? fail(err, "open", stage->dir) : VDO_OK;
    }
    parent = xstrndup(path, (size_t)(slash - path));
    rc = path_open_in(stage->dir, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, out_fd, err);
    free(parent);
    return rc;
}

static void remove_empty_parents(const struct stage *stage, const char *path)
{
    char *parent = xstrdup(path);
    char *slash;

    while ((slash = strrchr(parent, '/'))) {
        struct err none = {0};
        const char *base;
        int fd;
        int rc;

        *slash = '\0';
        if (open_parent(stage, parent, &base, &fd, &none))
            break;
        rc = unlinkat(fd, base, AT_REMOVEDIR);
        (void)close(fd);
        if (rc)
            break;
    }
    free(parent);
}

static int do_step(const struct stage *stage, char what, const char *name, const char *path,
                   struct err *err)
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
        rc = fail(err, "replace", path);
    if (what == 'd' && unlinkat(fd, base, 0) && errno != ENOENT)
        rc = fail(err, "remove", path);
    if (rc == VDO_OK && fsync(fd))
        rc = fail(err, "sync the directory of", path);
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
        rc = do_step(stage, changes[i].bytes ? 'w' : 'd', name, changes[i].path, err);
        if (rc)
            return rc;
    }
    return VDO_OK;
}

/* --- whose directory is it? -----------------------------------------------------------------

A repository may hold a directory of our name, with a journal that somebody made up. Ours has a file
with the directory's own inode number, which nobody can know before it is checked out. */

static int owner_text(const struct stage *stage, char text[OWNER_LEN])
{
    struct stat st;

    if (fstat(stage->stage_fd, &st))
        return -1;
    (void)snprintf(text, OWNER_LEN, "vdo-edit %llx:%llx\n", (unsigned long long)st.st_dev,
                   (unsigned long long)st.st_ino);
    return 0;
}

static bool is_empty(const struct stage *stage)
{
    int fd = dup(stage->stage_fd);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    bool empty = list != NULL;

    if (!list)
        return false;
    rewinddir(list);
    while ((entry = readdir(list)))
        empty = empty && entry->d_name[0] == '.';
    (void)closedir(list);
    return empty;
}

/* An empty directory is ours too, killed right after it was made: git keeps none. */
static bool is_ours(const struct stage *stage)
{
    char want[OWNER_LEN];
    char have[OWNER_LEN] = "";
    int fd = openat(stage->stage_fd, OWNER, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return errno == ENOENT && is_empty(stage);
    n = read(fd, have, sizeof(have) - 1);
    (void)close(fd);
    if (n == 0)
        return is_empty(stage);
    return n > 0 && owner_text(stage, want) == 0 && strcmp(want, have) == 0;
}

static int sign_stage(const struct stage *stage, struct err *err)
{
    char text[OWNER_LEN];

    if (owner_text(stage, text))
        return fail(err, "look at", EDIT_STAGE_DIR);
    return stage_file(stage, OWNER, text, strlen(text), 0600, -1, err);
}

/* --- recovery ------------------------------------------------------------------------------ */

static int read_journal(const struct stage *stage, char **out, struct err *err)
{
    int fd = openat(stage->stage_fd, JOURNAL, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    size_t len = 0;

    if (fd < 0)
        return errno == ENOENT ? VDO_E_NOT_FOUND : fail(err, "read", JOURNAL);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > (off_t)VDO_MAX_JSON_BYTES) {
        (void)close(fd);
        return err_set(err, VDO_E_IO, "%s/" JOURNAL " is damaged; remove the directory",
                       EDIT_STAGE_DIR);
    }
    *out = xcalloc(1, (size_t)st.st_size + 1);
    while (len < (size_t)st.st_size) {
        ssize_t n = read(fd, *out + len, (size_t)st.st_size - len);

        if (n <= 0)
            break;
        len += (size_t)n;
    }
    (void)close(fd);
    return VDO_OK;
}

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
    return do_step(stage, line[0], name, path, err);
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

static int recover_locked(struct stage *stage, struct err *err)
{
    char *journal = NULL;
    int rc;

    if (open_stage(stage))
        return errno == ENOENT ? VDO_OK : fail(err, "open", EDIT_STAGE_DIR);
    if (!is_ours(stage))
        return err_set(err, VDO_E_IO,
                       "%.300s/" EDIT_STAGE_DIR " is not of VDO's making; move it away",
                       stage->dir);
    rc = read_journal(stage, &journal, err);
    if (rc == VDO_OK)
        rc = redo(stage, journal, err);
    free(journal);
    if (rc && rc != VDO_E_NOT_FOUND)
        return rc;
    rc = remove_stage(stage, err);
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
    rc = lock_tree(&stage, dir, err);
    if (rc == VDO_OK)
        rc = recover_locked(&stage, err);
    close_stage(&stage);
    return rc;
}

/* --- commit -------------------------------------------------------------------------------- */

static int stage_all(struct stage *stage, const struct change *changes, size_t n, struct err *err)
{
    int rc = VDO_OK;

    if (mkdirat(stage->root_fd, EDIT_STAGE_DIR, 0700) || open_stage(stage))
        return fail(err, "make", EDIT_STAGE_DIR);
    rc = sign_stage(stage, err);
    for (size_t i = 0; i < n && rc == VDO_OK; i++) {
        if (changes[i].bytes)
            rc = stage_change(stage, &changes[i], i, err);
    }
    for (size_t i = 0; i < n && rc == VDO_OK; i++) {
        if (changes[i].bytes)
            rc = path_make_parents_in(stage->dir, changes[i].path, 0755, err);
    }
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
        if (stage->stage_fd >= 0)
            (void)remove_stage(stage, &ignored);
        for (size_t i = 0; i < n; i++)
            remove_empty_parents(stage, changes[i].path);
        return rc;
    }
    rc = do_steps(stage, changes, n, err);
    return rc ? rc : remove_stage(stage, err);
}

int commit_changes(const char *dir, const struct change *changes, size_t n, struct err *err)
{
    struct stage stage;
    int rc = lock_tree(&stage, dir, err);

    if (rc == VDO_OK)
        rc = commit_locked(&stage, changes, n, err);
    close_stage(&stage);
    return rc;
}
