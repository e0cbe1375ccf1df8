#include "worktree.h"

#include "vdo/base/mem.h"

#include <string.h>

void entry_set_stat(git_index_entry *entry, const struct stat *st)
{
    entry->ctime.seconds = (int32_t)st->st_ctim.tv_sec;
    entry->ctime.nanoseconds = (uint32_t)st->st_ctim.tv_nsec;
    entry->mtime.seconds = (int32_t)st->st_mtim.tv_sec;
    entry->mtime.nanoseconds = (uint32_t)st->st_mtim.tv_nsec;
    entry->dev = (uint32_t)st->st_dev;
    entry->ino = (uint32_t)st->st_ino;
    entry->uid = st->st_uid;
    entry->gid = st->st_gid;
    entry->file_size = (uint32_t)st->st_size;
}

static bool same_time(const git_index_time *a, const struct timespec *b)
{
    return a->seconds == (int32_t)b->tv_sec && a->nanoseconds == (uint32_t)b->tv_nsec;
}

static bool is_before(const git_index_time *a, const struct timespec *b)
{
    if (a->seconds != (int32_t)b->tv_sec)
        return a->seconds < (int32_t)b->tv_sec;
    return a->nanoseconds < (uint32_t)b->tv_nsec;
}

static bool same_kind(const git_index_entry *entry, const struct stat *st)
{
    const mode_t ours = S_IRUSR | S_IWUSR; /* taken away by a process: not as we made it */

    if (S_ISLNK(st->st_mode))
        return entry->mode == GIT_FILEMODE_LINK;
    return (st->st_mode & ours) == ours && S_ISREG(st->st_mode) && S_ISREG(entry->mode) &&
           !(entry->mode & S_IXUSR) == !(st->st_mode & S_IXUSR);
}

bool entry_is_clean(const struct worktree *worktree, const git_index_entry *entry,
                    const struct stat *st)
{
    return same_kind(entry, st) && same_time(&entry->mtime, &st->st_mtim) &&
           same_time(&entry->ctime, &st->st_ctim) && entry->ino == (uint32_t)st->st_ino &&
           entry->dev == (uint32_t)st->st_dev && entry->file_size == (uint32_t)st->st_size &&
           is_before(&entry->mtime, &worktree->stamp) && is_before(&entry->ctime, &worktree->stamp);
}

bool index_has_below(git_index *index, const char *path)
{
    AUTO_FREE char *prefix = xasprintf("%s/", path);
    bool found = git_index_find_prefix(NULL, index, prefix) == 0;

    git_error_clear();
    return found;
}

void worktree_read_stamp(struct worktree *worktree)
{
    struct stat st;

    worktree->stamp = (struct timespec){0};
    if (stat(worktree->index_path, &st) == 0)
        worktree->stamp = st.st_mtim;
}

int worktree_save(struct worktree *worktree, struct err *err)
{
    int rc = git_index_write(worktree->index);

    if (rc)
        return fail_git(err, rc, "save %s", worktree->index_path);
    worktree_read_stamp(worktree);
    return VDO_OK;
}
