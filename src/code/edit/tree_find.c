#include "tree_find.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ENTRIES = 50000, MAX_DEPTH = 32 };

struct search {
    const char *base;
    char *found;
    size_t count;
    size_t entries;
};

static bool is_left_out(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, ".git") == 0 ||
           strcmp(name, "node_modules") == 0;
}

static void walk(struct search *s, int dir_fd, const char *path, int depth)
{
    DIR *dir = fdopendir(dir_fd);
    struct dirent *entry;

    if (!dir) {
        (void)close(dir_fd);
        return;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (s->count < 2 && (entry = readdir(dir))) {
        struct stat st;
        char *below;

        if (is_left_out(entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        if (++s->entries > MAX_ENTRIES) { /* too large to tell */
            s->count = 2;
            break;
        }
        below = path[0] ? fs_join(path, entry->d_name) : xstrdup(entry->d_name);
        if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH) {
            int fd =
                openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

            if (fd >= 0)
                walk(s, fd, below, depth + 1);
        } else if (S_ISREG(st.st_mode) && strcmp(entry->d_name, s->base) == 0 && s->count++ == 0) {
            s->found = below;
            below = NULL;
        }
        free(below);
    }
    (void)closedir(dir);
}

char *tree_find_name(const char *dir, const char *base)
{
    struct search s = {.base = base};
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        walk(&s, fd, "", 0);
    if (s.count == 1)
        return s.found;
    free(s.found);
    return NULL;
}
