#include "remote_fetch.h"

#include "vdo/base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name);
    size_t end_len = strlen(end);

    return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static DIR *open_dir(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (!dir && fd >= 0)
        (void)close(fd);
    return dir;
}

static void sweep_refs(int at, const char *name)
{
    DIR *dir = open_dir(at, name);
    struct dirent *entry;

    if (!dir)
        return;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        if (entry->d_type == DT_DIR)
            sweep_refs(dirfd(dir), entry->d_name);
        else if (ends_with(entry->d_name, ".lock"))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    (void)closedir(dir);
}

static void sweep_packs(int at)
{
    DIR *dir = open_dir(at, "objects/pack");
    struct dirent *entry;

    if (!dir)
        return;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while ((entry = readdir(dir)))
        if (strncmp(entry->d_name, "pack_git2_", 10) == 0)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    (void)closedir(dir);
}

void remote_sweep(git_repository *repo)
{
    DIR *dir = open_dir(AT_FDCWD, git_repository_path(repo));

    if (!dir)
        return;
    sweep_refs(dirfd(dir), "refs");
    sweep_packs(dirfd(dir));
    (void)unlinkat(dirfd(dir), "packed-refs.lock", 0);
    (void)unlinkat(dirfd(dir), "HEAD.lock", 0);
    (void)closedir(dir);
}
