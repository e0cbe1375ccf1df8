#include "layers.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_RECORD = 1 << 20, MOST_HASHES = 100000 };

/* One hash of one repository, found by its lock. */
struct kept {
    char *base;
    int64_t bytes;
    struct timespec used;
};

struct inventory {
    struct kept *list;
    size_t n;
    size_t room;
    int64_t bytes;
};

static int64_t bytes_of(const char *base)
{
    AUTO_FREE char *path = fs_join(base, "layer.json");
    AUTO_FREE char *text = NULL;
    json_auto_t *record = NULL;
    size_t len = 0;

    if (fs_read_file(path, MOST_RECORD, &text, &len, NULL) || js_parse(text, len, &record, NULL))
        return 4096;
    return js_int(record, "bytes", 4096);
}

static void note(struct inventory *all, const char *dir, const char *lock)
{
    AUTO_FREE char *path = fs_join(dir, lock);
    struct stat st;
    struct kept *kept;

    if (all->n >= MOST_HASHES || stat(path, &st))
        return;
    if (all->n == all->room) {
        all->room = all->room ? all->room * 2 : 64;
        all->list = xreallocarray(all->list, all->room, sizeof(*all->list));
    }
    path[strlen(path) - strlen(".lock")] = '\0';
    kept = &all->list[all->n++];
    *kept = (struct kept){.base = xstrdup(path), .bytes = bytes_of(path), .used = st.st_mtim};
    all->bytes += kept->bytes;
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t n = strlen(end);

    return len > n && strcmp(text + len - n, end) == 0;
}

/* depth 0: the repositories; 1: what is kept for one. */
static void collect(struct inventory *all, const char *top, int depth)
{
    DIR *dir = opendir(top);
    const struct dirent *entry;

    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (dir && (entry = readdir(dir))) {
        AUTO_FREE char *path = NULL;

        if (entry->d_name[0] == '.')
            continue;
        path = fs_join(top, entry->d_name);
        if (depth == 0)
            collect(all, path, 1);
        else if (ends_in(entry->d_name, ".lock"))
            note(all, top, entry->d_name);
    }
    if (dir)
        (void)closedir(dir);
}

static int by_use(const void *a, const void *b)
{
    const struct kept *x = a;
    const struct kept *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

/* A layer that is being removed must not look whole when we are killed meanwhile. */
static void remove_layer(const char *base, const char *half_made)
{
    AUTO_FREE char *refused = xasprintf("%s.not", base);
    AUTO_FREE char *lock = xasprintf("%s.lock", base);

    if (rename(base, half_made) == 0)
        (void)fs_remove_tree(half_made, NULL);
    (void)unlink(refused);
    (void)unlink(lock);
}

/* When nobody holds the lock: what is half made belongs to nobody; the rest goes too when it must.
 * True when it went. */
static bool clear(const struct kept *kept, bool all)
{
    AUTO_FREE char *lock_path = xasprintf("%s.lock", kept->base);
    AUTO_FREE char *half_made = xasprintf("%s.new", kept->base);
    int lock = open(lock_path, O_RDWR | O_CLOEXEC);
    bool free_to_go = lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0;

    if (free_to_go)
        (void)fs_remove_tree(half_made, NULL);
    if (free_to_go && all)
        remove_layer(kept->base, half_made);
    if (lock >= 0)
        (void)close(lock);
    return free_to_go && all;
}

int layers_prune(const struct layers *layers)
{
    struct inventory all = {0};
    int removed = 0;

    collect(&all, layers->top, 0);
    if (all.n)
        qsort(all.list, all.n, sizeof(*all.list), by_use);
    for (size_t i = 0; i < all.n; i++) {
        if (clear(&all.list[i], all.bytes > layers->max_bytes)) {
            all.bytes -= all.list[i].bytes;
            removed++;
        }
        free(all.list[i].base);
    }
    free(all.list);
    return removed;
}
