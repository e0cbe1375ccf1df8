#include "index_struct.h"
#include "walk.h"

#include "vdo/base/mem.h"
#include "vdo/code/index.h"

#include <stdlib.h>
#include <string.h>

/* A deeper listing than this many levels is never tried. */
enum { MAX_LEVELS = 32 };

struct listing {
    char **paths;
    size_t n;
    size_t cap;
};

static int keep_path(void *arg, const struct walk_file *file, struct err *err)
{
    struct listing *l = arg;

    (void)err;
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->paths = xreallocarray(l->paths, l->cap, sizeof(*l->paths));
    }
    l->paths[l->n++] = xstrdup(file->path);
    return 0;
}

/* Length of the part of path that `levels` components below `skip` bytes show; with a slash at its
 * end when it is a directory. */
static size_t shown_part(const char *path, size_t skip, size_t levels)
{
    const char *at = path + skip;

    while (levels-- > 0) {
        const char *slash = strchr(at, '/');

        if (!slash)
            return strlen(path);
        at = slash + 1;
    }
    return (size_t)(at - path);
}

/* How many lines a listing of that many levels takes; writes them when out is given. */
static size_t show(const char *const *paths, size_t n, size_t skip, size_t levels, size_t max,
                   struct strbuf *out)
{
    size_t lines = 0;

    for (size_t i = 0; i < n;) {
        size_t len = shown_part(paths[i], skip, levels);
        size_t first = i++;
        bool folded = paths[first][len - 1] == '/';

        while (folded && i < n && strncmp(paths[first], paths[i], len) == 0)
            i++;
        lines++;
        if (!out)
            continue;
        if (lines > max)
            return lines;
        (void)strbuf_add(out, paths[first], len);
        if (folded)
            (void)strbuf_addf(out, " (%zu %s)", i - first, i - first == 1 ? "file" : "files");
        (void)strbuf_addc(out, '\n');
    }
    return lines;
}

void list_paths(const char *const *paths, size_t n, size_t skip, size_t max, bool cut,
                struct strbuf *out)
{
    size_t levels = MAX_LEVELS;
    size_t lines;

    while (levels > 1 && show(paths, n, skip, levels, 0, NULL) > max)
        levels--;
    lines = show(paths, n, skip, levels, 0, NULL);
    (void)show(paths, n, skip, levels, max, out);
    if (lines > max)
        (void)strbuf_addf(out, "(%zu more entries; list a directory of them)\n", lines - max);
    if (n == 0)
        (void)strbuf_adds(out, "(no files)\n");
    if (cut)
        (void)strbuf_adds(out, "(the tree is larger than can be listed)\n");
}

size_t list_prefix(const char *sub)
{
    size_t skip = 0;

    while (sub && *sub) {
        size_t len = strcspn(sub, "/");

        if (len && !(len == 1 && *sub == '.'))
            skip += len + 1;
        sub += len + (sub[len] == '/');
    }
    return skip;
}

int code_list_dir(const char *dir, const char *sub, size_t max, struct strbuf *out, struct err *err)
{
    struct walk_options options = {.sub = sub};
    struct walk_stats stats = {0};
    struct listing l = {0};
    int rc = walk_tree(dir, &options, keep_path, &l, &stats, err);

    if (!rc)
        list_paths((const char *const *)l.paths, l.n, list_prefix(sub), max ? max : 1, stats.cut,
                   out);
    for (size_t i = 0; i < l.n; i++)
        free(l.paths[i]);
    free(l.paths);
    return rc;
}
