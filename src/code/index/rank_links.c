#include "rank_docs.h"

#include "classify.h"
#include "links.h"

#include "vdo/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct link_file *link_files(const struct ranker *r)
{
    struct link_file *files = xcalloc(r->n + 1, sizeof(*files));

    for (size_t k = 0; k < r->n; k++) {
        const struct snap_file *f = &r->snapshot->files[r->docs[k].file];

        files[k] = (struct link_file){.path = f->path,
                                      .imports = r->imports.ptr + r->docs[k].imports,
                                      .imports_len = r->docs[k].imports_len,
                                      .flags = f->flags};
    }
    return files;
}

static bool is_source(const struct ranker *r, size_t k)
{
    return !(r->snapshot->files[r->docs[k].file].flags & (FILE_TEST | FILE_DOC | FILE_EXAMPLE));
}

static void raise(float *to, float value)
{
    if (value > *to)
        *to = value;
}

static void imports(struct ranker *r, const struct link_file *files)
{
    AUTO_FREE uint32_t *imported = xcalloc(r->n + 1, sizeof(*imported));
    AUTO_FREE uint32_t *importing = xcalloc(r->n + 1, sizeof(*importing));
    struct link *links = NULL;
    size_t n = 0;

    links_find(files, r->n, &links, &n);
    for (size_t i = 0; i < n; i++) {
        imported[links[i].to] += is_source(r, links[i].from);
        importing[links[i].from]++;
    }
    for (size_t i = 0; i < n; i++) {
        size_t from = links[i].from;
        size_t to = links[i].to;

        if (!is_source(r, from))
            continue;
        raise(&r->out[to].signal[SIG_LINKED],
              r->docs[from].base / (1.0F + logf((float)importing[from])));
        raise(&r->out[from].signal[SIG_LINKED],
              r->docs[to].base / (1.0F + logf(1.0F + (float)imported[to])));
    }
    for (size_t k = 0; k < r->n; k++)
        r->out[k].signal[SIG_IMPORTED] = logf(1.0F + (float)imported[k]) / 5.0F;
    free(links);
}

static void tests(struct ranker *r, const struct link_file *files)
{
    struct link *links = NULL;
    size_t n = 0;

    links_pair_tests(files, r->n, &links, &n);
    for (size_t i = 0; i < n; i++)
        raise(&r->out[links[i].to].signal[SIG_PAIR], r->docs[links[i].from].base);
    free(links);
}

static bool same_dir(const char *a, const char *b)
{
    const char *x = strrchr(a, '/');
    const char *y = strrchr(b, '/');
    size_t n = x ? (size_t)(x - a) : 0;

    return n == (y ? (size_t)(y - b) : 0) && memcmp(a, b, n) == 0;
}

/* Files of one directory stand together in path order, but for its sub-directories; taking those
 * apart is not worth a table. */
static void neighbours(struct ranker *r, const struct link_file *files)
{
    for (size_t i = 0; i < r->n;) {
        float best = 0;
        float second = 0;
        size_t j = i;

        for (; j < r->n && same_dir(files[i].path, files[j].path); j++) {
            float base = is_source(r, j) ? r->docs[j].base : 0;

            second = base > best ? best : base > second ? base : second;
            best = base > best ? base : best;
        }
        for (size_t k = i; k < j; k++)
            r->out[k].signal[SIG_DIR_BEST] = r->docs[k].base >= best ? second : best;
        i = j;
    }
}

void rank_links(struct ranker *r)
{
    AUTO_FREE struct link_file *files = link_files(r);

    imports(r, files);
    tests(r, files);
    neighbours(r, files);
}
