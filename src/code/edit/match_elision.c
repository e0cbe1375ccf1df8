#include "match.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Parts of a hunk between "..." lines. */
struct part {
    size_t from; /* old lines from .. from + n */
    size_t n;
    size_t *starts; /* where it stands, ascending */
    size_t n_starts;
    size_t cap;
};

static bool add_start(void *arg, size_t start)
{
    struct part *p = arg;

    if (p->n_starts == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 8;
        p->starts = xreallocarray(p->starts, p->cap, sizeof(*p->starts));
    }
    p->starts[p->n_starts++] = start;
    return true;
}

static int by_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;

    return (x > y) - (x < y);
}

static void find_part(struct match_text *text, const struct old_lines *old, struct part *part)
{
    struct old_lines some = {
        .v = old->v + part->from, .from = old->from + part->from, .n = part->n};

    match_each(text, KEY_EXACT, &some, add_start, part);
    if (part->n_starts > 0)
        qsort(part->starts, part->n_starts, sizeof(*part->starts), by_size);
}

/* Is something added between two "..." with no line to hold on to? */
static bool has_lost_addition(const struct hunk *hunk, const struct old_lines *old)
{
    bool held = false;
    bool added = false;

    for (size_t i = old->skip_head; i + old->skip_tail < hunk->n; i++) {
        switch (hunk->lines[i].kind) {
        case LINE_ADD:
            added = true;
            break;
        case LINE_ELISION:
            if (added && !held)
                return true;
            held = false;
            added = false;
            break;
        case LINE_CONTEXT:
        case LINE_REMOVE:
            held = true;
            break;
        }
    }
    return added && !held;
}

static size_t split_parts(const struct old_lines *old, struct part *parts)
{
    size_t n = 0;

    for (size_t k = 0; k < old->n;) {
        size_t from = k;

        while (k < old->n && old->v[k]->kind != LINE_ELISION)
            k++;
        if (k > from)
            parts[n++] = (struct part){.from = from, .n = k - from};
        k++;
    }
    return n;
}

/* Keep the starts that are part of an arrangement of all parts in order: going back, those with
 * room for the next part behind them; going forth, those with room for the one in front. */
static void keep_possible(struct part *parts, size_t n)
{
    for (size_t p = n - 1; p-- > 0;) {
        size_t last =
            parts[p + 1].n_starts > 0 ? parts[p + 1].starts[parts[p + 1].n_starts - 1] : 0;
        size_t kept = 0;

        while (parts[p + 1].n_starts > 0 && kept < parts[p].n_starts &&
               parts[p].starts[kept] + parts[p].n <= last)
            kept++;
        parts[p].n_starts = kept;
    }
    for (size_t p = 1; p < n; p++) {
        size_t skip = 0;

        if (parts[p - 1].n_starts == 0) {
            parts[p].n_starts = 0;
            continue;
        }
        while (skip < parts[p].n_starts &&
               parts[p].starts[skip] < parts[p - 1].starts[0] + parts[p - 1].n)
            skip++;
        parts[p].n_starts -= skip;
        memmove(parts[p].starts, parts[p].starts + skip,
                parts[p].n_starts * sizeof(*parts[p].starts));
    }
}

/* Does the part remove a line, or stand next to an addition? */
static bool has_change(const struct hunk *hunk, const struct old_lines *old,
                       const struct part *part)
{
    for (size_t k = part->from; k < part->from + part->n; k++) {
        size_t i = old->from[k];

        if (old->v[k]->kind == LINE_REMOVE || (i > 0 && hunk->lines[i - 1].kind == LINE_ADD) ||
            (i + 1 < hunk->n && hunk->lines[i + 1].kind == LINE_ADD))
            return true;
    }
    return false;
}

/* Parts that only lead there may stand in several places; those that change something may not. */
static int arrange(const struct hunk *hunk, const struct old_lines *old, const struct part *parts,
                   size_t n, size_t *at)
{
    size_t end = 0;

    for (size_t k = 0; k < old->n; k++)
        at[k] = SIZE_MAX;
    for (size_t p = 0; p < n; p++) {
        size_t i = 0;

        if (parts[p].n_starts == 0)
            return 0;
        if (parts[p].n_starts > 1 && has_change(hunk, old, &parts[p]))
            return 2;
        while (parts[p].starts[i] < end)
            i++;
        for (size_t k = 0; k < parts[p].n; k++)
            at[parts[p].from + k] = parts[p].starts[i] + k;
        end = parts[p].starts[i] + parts[p].n;
    }
    return 1;
}

int match_elision(struct match_text *text, const struct hunk *hunk, const struct old_lines *old,
                  size_t *at)
{
    struct part *parts = xcalloc(old->n + 1, sizeof(*parts));
    size_t n = split_parts(old, parts);
    int found = 0;

    if (n > 0 && parts[0].n < old->n && !has_lost_addition(hunk, old)) {
        for (size_t p = 0; p < n; p++)
            find_part(text, old, &parts[p]);
        keep_possible(parts, n);
        found = arrange(hunk, old, parts, n, at);
    }
    for (size_t p = 0; p < n; p++)
        free(parts[p].starts);
    free(parts);
    return found;
}
