#include "stage.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNER ".owner"

enum { OWNER_LEN = 64 };

int stage_fail(struct err *err, const char *doing, const char *what)
{
    return err_set(err, VDO_E_IO, "%s %.300s: %s", doing, what, strerrordesc_np(errno));
}

void stage_close(struct stage *stage)
{
    if (stage->stage_fd >= 0)
        (void)close(stage->stage_fd);
    if (stage->root_fd >= 0)
        (void)close(stage->root_fd);
}

int stage_lock(struct stage *stage, const char *dir, struct err *err)
{
    *stage = (struct stage){.dir = dir, .root_fd = -1, .stage_fd = -1};
    stage->root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (stage->root_fd < 0)
        return stage_fail(err, "open", dir);
    if (flock(stage->root_fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            return err_set(err, VDO_E_TEMPORARY, "another process is changing %.300s", dir);
        return stage_fail(err, "lock", dir);
    }
    return VDO_OK;
}

int stage_open(struct stage *stage)
{
    stage->stage_fd =
        openat(stage->root_fd, EDIT_STAGE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return stage->stage_fd < 0 ? -1 : 0;
}

int stage_remove(struct stage *stage, struct err *err)
{
    int fd = dup(stage->stage_fd);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!list)
        return stage_fail(err, "list", EDIT_STAGE_DIR);
    rewinddir(list);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while ((entry = readdir(list))) {
        if (entry->d_name[0] != '.')
            (void)unlinkat(stage->stage_fd, entry->d_name, 0);
    }
    (void)closedir(list);
    (void)unlinkat(stage->stage_fd, OWNER, 0);
    if (unlinkat(stage->root_fd, EDIT_STAGE_DIR, AT_REMOVEDIR) && errno != ENOENT)
        return stage_fail(err, "remove", EDIT_STAGE_DIR);
    return VDO_OK;
}

static int put_file(const struct stage *stage, const char *name, const char *bytes, size_t len,
                    unsigned mode, int like, bool sync, struct err *err)
{
    struct stat st;
    int fd =
        openat(stage->stage_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = VDO_OK;

    if (fd < 0)
        return stage_fail(err, "create " EDIT_STAGE_DIR, name);
    if (like >= 0 && fstat(like, &st) == 0 && (st.st_uid != geteuid() || st.st_gid != getegid())) {
        if (fchown(fd, st.st_uid, st.st_gid))
            errno = 0; /* not ours to give: the new file is ours then */
    }
    if (fs_write_all(fd, bytes, len) || fchmod(fd, mode) || (sync && fsync(fd)))
        rc = stage_fail(err, "write " EDIT_STAGE_DIR, name);
    if (close(fd) && rc == VDO_OK)
        rc = stage_fail(err, "write " EDIT_STAGE_DIR, name);
    return rc;
}

int stage_file(const struct stage *stage, const char *name, const char *bytes, size_t len,
               unsigned mode, int like, struct err *err)
{
    return put_file(stage, name, bytes, len, mode, like, true, err);
}

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
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while ((entry = readdir(list)))
        empty = empty && entry->d_name[0] == '.';
    (void)closedir(list);
    return empty;
}

bool stage_is_ours(const struct stage *stage)
{
    char want[OWNER_LEN];
    char have[OWNER_LEN] = "";
    int fd = openat(stage->stage_fd, OWNER, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return errno == ENOENT && is_empty(stage);
    n = read(fd, have, sizeof(have) - 1);
    (void)close(fd);
    if (n == 0) /* lost with the power before it was written; a journal is never that early */
        return faccessat(stage->stage_fd, STAGE_JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    return n > 0 && owner_text(stage, want) == 0 && strcmp(want, have) == 0;
}

int stage_sign(const struct stage *stage, bool sync, struct err *err)
{
    char text[OWNER_LEN];

    if (owner_text(stage, text))
        return stage_fail(err, "look at", EDIT_STAGE_DIR);
    return put_file(stage, OWNER, text, strlen(text), 0600, -1, sync, err);
}

int stage_read(const struct stage *stage, const char *name, char **out, struct err *err)
{
    int fd = openat(stage->stage_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    size_t len = 0;

    if (fd < 0)
        return errno == ENOENT ? VDO_E_NOT_FOUND : stage_fail(err, "read " EDIT_STAGE_DIR, name);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > (off_t)VDO_MAX_JSON_BYTES) {
        (void)close(fd);
        return err_set(err, VDO_E_IO, EDIT_STAGE_DIR "/%s is damaged; remove the directory", name);
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
