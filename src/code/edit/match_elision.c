#include "match.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>

/* Parts of a hunk between "..." lines. */
struct part {
    size_t from; /* old lines from .. from + n */
    size_t n;
    size_t *starts; /* where it stands, ascending */
    size_t n_starts;
    size_t cap;
    unsigned char *ways; /* for each start: how the parts from here on can be placed, up to 2 */
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
    part->ways = xcalloc(part->n_starts + 1, 1);
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

static void count_ways(struct part *parts, size_t n)
{
    for (size_t p = n; p-- > 0;) {
        const struct part *next = p + 1 < n ? &parts[p + 1] : NULL;
        unsigned sum = 0;
        size_t j = next ? next->n_starts : 0;

        for (size_t i = parts[p].n_starts; i-- > 0;) {
            size_t end = parts[p].starts[i] + parts[p].n;

            while (next && j > 0 && next->starts[j - 1] >= end)
                sum += next->ways[--j];
            if (sum > 2)
                sum = 2;
            parts[p].ways[i] = (unsigned char)(next ? sum : 1);
        }
    }
}

/* The first arrangement; the count of all of them, up to 2, is the answer. */
static int arrange(const struct old_lines *old, const struct part *parts, size_t n, size_t *at)
{
    unsigned total = 0;
    size_t end = 0;

    for (size_t i = 0; i < parts[0].n_starts && total < 2; i++)
        total += parts[0].ways[i];
    if (total == 0)
        return 0;
    for (size_t k = 0; k < old->n; k++)
        at[k] = SIZE_MAX;
    for (size_t p = 0; p < n; p++) {
        size_t i = 0;

        while (parts[p].starts[i] < end || parts[p].ways[i] == 0)
            i++;
        for (size_t k = 0; k < parts[p].n; k++)
            at[parts[p].from + k] = parts[p].starts[i] + k;
        end = parts[p].starts[i] + parts[p].n;
    }
    return total > 1 ? 2 : 1;
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
        count_ways(parts, n);
        found = arrange(old, parts, n, at);
    }
    for (size_t p = 0; p < n; p++) {
        free(parts[p].starts);
        free(parts[p].ways);
    }
    free(parts);
    return found;
}
