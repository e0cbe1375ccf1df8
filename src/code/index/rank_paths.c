#include "rank_docs.h"

#include "words.h"

#include "vdo/base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct path_words {
    uint32_t term[MAX_PATH_TERMS];
    uint8_t dir[MAX_PATH_TERMS];
    bool part[MAX_PATH_TERMS]; /* a word of its own, not a whole of several */
    size_t n;
};

static void add_path_word(struct path_words *w, uint32_t term, uint8_t dir, bool part)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->term[i] == term && w->dir[i] == dir)
            return;
    }
    if (w->n < MAX_PATH_TERMS) {
        w->term[w->n] = term;
        w->dir[w->n] = dir;
        w->part[w->n++] = part;
    }
}

/* Names that say nothing: the directory's name stands for them. */
static bool is_bland(const char *stem, size_t len)
{
    static const char *const names[] = {"index", "__init__", "main",    "mod",   "lib",
                                        "init",  "__main__", "package", "module"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == len && memcmp(stem, names[i], len) == 0)
            return true;
    }
    return false;
}

static void split_path(const char *path, struct path_words *w)
{
    const char *end = path + strlen(path);
    const char *name = strrchr(path, '/');
    const char *dot;
    uint8_t dir = 0;

    w->n = 0;
    name = name ? name + 1 : path;
    dot = strchr(name + 1, '.');
    if (dot)
        end = dot;
    if (is_bland(name, (size_t)(end - name)) && name > path) {
        end = name - 1;
        dir = 0;
    }
    while (end > path) {
        const char *start = end;
        struct word_parts parts;

        while (start > path && start[-1] != '/')
            start--;
        word_split(start, (size_t)(end - start), &parts);
        for (unsigned i = 0; i < parts.n; i++)
            add_path_word(w, parts.part[i], dir, true);
        if (parts.compound)
            add_path_word(w, parts.whole, dir, false);
        if (dir < 200)
            dir++;
        end = start > path ? start - 1 : path;
    }
}

static bool in_scope(const struct query *q, uint32_t term)
{
    for (size_t i = 0; i < q->n_scope; i++) {
        if (q->scope[i] == term)
            return true;
    }
    return false;
}

/* First pass: which query terms stand in which path, and in how many paths. */
static void match_path(struct ranker *r, struct doc *d, const struct path_words *w)
{
    const struct query *q = r->query;

    for (size_t i = 0; i < w->n; i++) {
        const struct query_term *t = query_find(q, w->term[i]);

        if (!t)
            continue;
        r->path_df[t - q->terms]++;
        d->path_term[d->n_path] = (uint16_t)(t - q->terms);
        d->path_dir[d->n_path++] = w->dir[i];
    }
}

/* How many paths hold each of their words, by a table over all numbers modulo its size. */
enum { WORD_TABLE = 1 << 16 };

static void measure_stems(struct ranker *r, const uint32_t *paths_with)
{
    struct path_words w;

    for (size_t k = 0; k < r->n; k++) {
        struct doc *d = &r->docs[k];

        split_path(r->snapshot->files[d->file].path, &w);
        for (size_t i = 0; i < w.n; i++) {
            const struct query_term *t = query_find(r->query, w.term[i]);
            double weight = log(1.0 + (double)r->n / (1.0 + paths_with[w.term[i] % WORD_TABLE]));

            unsigned far = w.dir[i] / 2U;

            if (in_scope(r->query, w.term[i]))
                d->scope += (float)weight / (float)(1U + far);
            if (!w.part[i] || w.dir[i] > 1)
                continue;
            if (w.dir[i] == 1) {
                d->dir_weight += (float)weight;
                d->dir_title += t && t->title > 0 ? (float)weight : 0;
                continue;
            }
            d->stem_weight += (float)weight;
            d->stem_all += t ? (float)weight : 0;
        }
    }
}

void rank_paths(struct ranker *r)
{
    AUTO_FREE uint32_t *paths_with = xcalloc(WORD_TABLE, sizeof(*paths_with));
    struct path_words w;

    for (size_t k = 0; k < r->n; k++) {
        split_path(r->snapshot->files[r->docs[k].file].path, &w);
        match_path(r, &r->docs[k], &w);
        for (size_t i = 0; i < w.n; i++)
            paths_with[w.term[i] % WORD_TABLE]++;
    }
    measure_stems(r, paths_with);
}
