#include "match.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this many pairs of first and last lines a gap is not looked for. */
enum { MAX_PAIRS = 1000000 };

static bool same_at(const struct match_text *text, const struct old_lines *old, size_t k,
                    size_t line)
{
    const struct line *have;

    if (line >= text->lines.n)
        return false;
    have = &text->lines.v[line];
    return line_same(KEY_EXACT, old->v[k]->ptr, old->v[k]->len, have->ptr, have->len);
}

/* --- one misspelt context line ----------------------------------------------------------- */

static size_t typo_limit(size_t len)
{
    return len < 4 ? 0 : len < 8 ? 1 : len < 24 ? 2 : 3;
}

struct typo {
    struct match_text *text;
    const struct old_lines *old;
    size_t wrong; /* the line that may differ */
    size_t *at;
    size_t start; /* of the place found, SIZE_MAX before */
    int found;
};

/* All lines but `wrong` stand at start: does it read nearly like the file's? */
static void check_typo(struct typo *t, size_t start)
{
    const struct hunk_line *mine = t->old->v[t->wrong];
    const struct line *have;
    size_t limit = typo_limit(mine->len);

    if (start + t->old->n > t->text->lines.n || start == t->start)
        return;
    have = &t->text->lines.v[start + t->wrong];
    if (limit == 0 || line_distance(mine->ptr, mine->len, have->ptr, have->len, limit) > limit)
        return;
    t->start = start;
    if (t->found++ == 0) {
        for (size_t k = 0; k < t->old->n; k++)
            t->at[k] = start + k;
    }
}

static bool all_but(const struct typo *t, size_t start)
{
    for (size_t k = 0; k < t->old->n; k++) {
        if (k != t->wrong && !same_at(t->text, t->old, k, start + k))
            return false;
    }
    return true;
}

struct typo_visit {
    struct typo *typo;
    size_t anchor; /* the old line that was looked up */
};

static bool visit_typo(void *arg, size_t line)
{
    struct typo_visit *v = arg;

    if (line >= v->anchor && all_but(v->typo, line - v->anchor))
        check_typo(v->typo, line - v->anchor);
    return v->typo->found < 2;
}

/* Places of one old line alone. */
static void each_of(struct match_text *text, const struct old_lines *old, size_t k,
                    match_visit_fn visit, void *arg)
{
    size_t from = old->from[k];
    struct old_lines one = {.v = &old->v[k], .from = &from, .n = 1};

    match_each(text, KEY_EXACT, &one, visit, arg);
}

static bool count_visit(void *arg, size_t start)
{
    size_t *count = arg;

    (void)start;
    return ++*count < 10000;
}

static size_t occurrences(struct match_text *text, const struct old_lines *old, size_t k)
{
    size_t count = 0;

    each_of(text, old, k, count_visit, &count);
    return count;
}

// NOLINTNEXTLINE(readability-non-const-parameter): written through struct typo
int match_typo(struct match_text *text, const struct old_lines *old, size_t *at)
{
    struct typo typo = {.text = text, .old = old, .at = at, .start = SIZE_MAX};
    size_t anchor = SIZE_MAX;
    size_t least = SIZE_MAX;
    size_t unknown = 0;

    /* the misspelt line is the one that stands nowhere; the rarest other line is looked up */
    for (size_t k = 0; k < old->n; k++) {
        size_t count = occurrences(text, old, k);

        if (count == 0) {
            typo.wrong = k;
            unknown++;
        } else if (count < least && !line_is_blank(old->v[k]->ptr, old->v[k]->len)) {
            least = count;
            anchor = k;
        }
    }
    if (unknown != 1 || anchor == SIZE_MAX || old->v[typo.wrong]->kind != LINE_CONTEXT)
        return 0;
    each_of(text, old, anchor, visit_typo, &(struct typo_visit){&typo, anchor});
    return typo.found;
}

/* --- lines left out between two parts ---------------------------------------------------- */

/* Must the place of old line k be the same in every reading? */
static bool is_pinned(const struct hunk *hunk, const struct old_lines *old, size_t k)
{
    size_t i = old->from[k];

    return k == 0 || k == old->n - 1 || old->v[k]->kind == LINE_REMOVE ||
           (i > 0 && hunk->lines[i - 1].kind == LINE_ADD) ||
           (i + 1 < hunk->n && hunk->lines[i + 1].kind == LINE_ADD);
}

struct gap {
    struct match_text *text;
    const struct hunk *hunk;
    const struct old_lines *old;
    size_t *at;
    int found;
};

/* One reading: lines 0..split from `first` on, the others up to `last`. */
static void take_reading(struct gap *g, size_t first, size_t last, size_t split)
{
    size_t n = g->old->n;
    bool same = true;

    for (size_t k = 0; k < n && g->found > 0; k++) {
        size_t line = k <= split ? first + k : last - (n - 1 - k);

        if (is_pinned(g->hunk, g->old, k) && g->at[k] != line)
            same = false;
    }
    if (g->found > 0) {
        g->found += !same;
        return;
    }
    for (size_t k = 0; k < n; k++)
        g->at[k] = k <= split ? first + k : last - (n - 1 - k);
    g->found = 1;
}

static size_t match_forward(const struct gap *g, size_t first)
{
    size_t n = 0;

    while (n < g->old->n && same_at(g->text, g->old, n, first + n))
        n++;
    return n;
}

static size_t match_backward(const struct gap *g, size_t last)
{
    size_t n = 0;

    while (n < g->old->n && n <= last && same_at(g->text, g->old, g->old->n - 1 - n, last - n))
        n++;
    return n;
}

static void try_pair(struct gap *g, size_t first, size_t ahead, size_t last, size_t behind)
{
    size_t n = g->old->n;

    if (last < first + n || ahead + behind < n)
        return;
    for (size_t split = 0; split + 1 < n && g->found < 2; split++) {
        if (split + 1 <= ahead && n - 1 - split <= behind && !g->old->v[split]->stuck)
            take_reading(g, first, last, split);
    }
}

struct places {
    size_t *v;
    size_t n;
    size_t cap;
};

static bool add_place(void *arg, size_t start)
{
    struct places *p = arg;

    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 16;
        p->v = xreallocarray(p->v, p->cap, sizeof(*p->v));
    }
    p->v[p->n++] = start;
    return true;
}

static void pair_all(struct gap *g, const struct places *firsts, const struct places *lasts)
{
    size_t *behind = xcalloc(lasts->n + 1, sizeof(*behind));

    for (size_t j = 0; j < lasts->n; j++)
        behind[j] = match_backward(g, lasts->v[j]);
    for (size_t i = 0; i < firsts->n && g->found < 2; i++) {
        size_t ahead = match_forward(g, firsts->v[i]);

        for (size_t j = 0; j < lasts->n && g->found < 2; j++)
            try_pair(g, firsts->v[i], ahead, lasts->v[j], behind[j]);
    }
    free(behind);
}

// NOLINTBEGIN(readability-non-const-parameter): at is written through struct gap
int match_gap(struct match_text *text, const struct hunk *hunk, const struct old_lines *old,
              bool one_line, size_t *at)
// NOLINTEND(readability-non-const-parameter)
{
    struct gap g = {.text = text, .hunk = hunk, .old = old, .at = at};
    struct places firsts = {0};
    struct places lasts = {0};

    if (old->n < 2)
        return 0;
    each_of(text, old, 0, add_place, &firsts);
    if (one_line) {
        for (size_t i = 0; i < firsts.n && g.found < 2; i++) {
            size_t last = firsts.v[i] + old->n;

            try_pair(&g, firsts.v[i], match_forward(&g, firsts.v[i]), last,
                     last < text->lines.n ? match_backward(&g, last) : 0);
        }
    } else {
        each_of(text, old, old->n - 1, add_place, &lasts);
        if (firsts.n * lasts.n <= MAX_PAIRS)
            pair_all(&g, &firsts, &lasts);
    }
    free(firsts.v);
    free(lasts.v);
    return g.found;
}
