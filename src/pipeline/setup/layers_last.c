#include "layers_private.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_HASHES = 10000, HOME_SHARE = 4 /* of max_bytes, at most the n-th part */ };

struct used {
    char *base;
    struct timespec at;
};

static int latest_first(const void *a, const void *b)
{
    const struct timespec *x = &((const struct used *)a)->at;
    const struct timespec *y = &((const struct used *)b)->at;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? 1 : -1;
    return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

static bool note(const char *dir, const char *name, struct used *out)
{
    const char *end = strrchr(name, '.');
    AUTO_FREE char *lock = NULL;
    struct stat st;

    if (!end || end == name || strcmp(end, ".lock") != 0)
        return false;
    lock = fs_join(dir, name);
    if (lstat(lock, &st))
        return false;
    lock[strlen(lock) - strlen(end)] = '\0';
    *out = (struct used){.base = xstrdup(lock), .at = st.st_mtim};
    return true;
}

static size_t list(const char *dir, struct used **out)
{
    struct used *all = NULL;
    size_t room = 0;
    size_t n = 0;
    DIR *d = opendir(dir);
    const struct dirent *entry;

    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (d && n < MOST_HASHES && (entry = readdir(d))) {
        if (n == room) {
            room = room ? room * 2 : 64;
            all = xreallocarray(all, room, sizeof(*all));
        }
        n += note(dir, entry->d_name, &all[n]);
    }
    if (d)
        (void)closedir(d);
    if (n)
        qsort(all, n, sizeof(*all), latest_first);
    *out = all;
    return n;
}

struct layer *layers_last(const struct layers *layers, const char *repository)
{
    AUTO_FREE char *dir = fs_join(layers->top, repository);
    struct used *all = NULL;
    size_t n = list(dir, &all);
    struct layer *last = NULL;

    for (size_t i = 0; i < n; i++) {
        struct layer *layer = last ? NULL : layer_try(layers, all[i].base);

        if (layer && layer_home(layer) && layer_home_bytes(layer) <= layers->max_bytes / HOME_SHARE)
            last = layer;
        else
            layer_drop(layer);
        free(all[i].base);
    }
    free(all);
    return last;
}
