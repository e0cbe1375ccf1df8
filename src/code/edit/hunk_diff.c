#include "lines.h"
#include "plan.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Past this many cells the table is not made and the middle counts as replaced whole. */
enum { MAX_CELLS = 1024 * 1024 };

static bool same(enum line_key key, const struct hunk_line *a, const struct hunk_line *b)
{
    return line_same(key, a->ptr, a->len, b->ptr, b->len);
}

static bool is_elision(const struct hunk_line *line)
{
    const char *ptr = line->ptr;
    size_t len = line->len;

    line_trim(&ptr, &len);
    return line_is(ptr, len, "...") || line_is(ptr, len, "\xE2\x80\xA6");
}

static void put(struct hunk *out, const struct hunk_line *line, enum hunk_line_kind kind)
{
    struct hunk_line *added = hunk_add_line(out, kind, line->ptr, line->len);

    added->cr = line->cr;
    added->loose = line->loose;
    added->stuck = line->stuck;
    if (kind == LINE_CONTEXT && is_elision(line))
        added->kind = LINE_ELISION;
}

/* a and b count as the same line. */
static void put_same(struct hunk *out, const struct hunk_line *a, const struct hunk_line *b)
{
    put(out, a, LINE_CONTEXT);
    if (a->len != b->len || memcmp(a->ptr, b->ptr, a->len) != 0)
        out->lines[out->n - 1].becomes = b->origin;
}

static void put_all(struct hunk *out, const struct hunk_line *v, size_t n, enum hunk_line_kind kind)
{
    for (size_t i = 0; i < n; i++)
        put(out, &v[i], kind);
}

/* lcs[i * (nb + 1) + j]: length for a[i..], b[j..]. */
static uint16_t *lcs_table(enum line_key key, const struct hunk_line *a, size_t na,
                           const struct hunk_line *b, size_t nb)
{
    uint16_t *lcs = xcalloc((na + 1) * (nb + 1), sizeof(*lcs));

    for (size_t i = na; i-- > 0;) {
        for (size_t j = nb; j-- > 0;) {
            uint16_t *cell = &lcs[i * (nb + 1) + j];
            uint16_t right = cell[1];
            uint16_t down = cell[nb + 1];

            if (same(key, &a[i], &b[j]))
                *cell = (uint16_t)(cell[nb + 2] + 1);
            else
                *cell = right > down ? right : down;
        }
    }
    return lcs;
}

static void diff_middle(struct hunk *out, enum line_key key, const struct hunk_line *a, size_t na,
                        const struct hunk_line *b, size_t nb)
{
    uint16_t *lcs;
    size_t i = 0;
    size_t j = 0;

    if (na == 0 || nb == 0 || na > 60000 || nb > 60000 || (na + 1) * (nb + 1) > MAX_CELLS) {
        put_all(out, a, na, LINE_REMOVE);
        put_all(out, b, nb, LINE_ADD);
        return;
    }
    lcs = lcs_table(key, a, na, b, nb);
    while (i < na || j < nb) {
        size_t from_i = i;
        size_t from_j = j;

        /* all removals of a run first, then its additions */
        while (i < na || j < nb) {
            const uint16_t *cell = &lcs[i * (nb + 1) + j];

            if (i < na && j < nb && same(key, &a[i], &b[j]))
                break;
            if (i < na && (j == nb || cell[nb + 1] >= cell[1]))
                i++;
            else
                j++;
        }
        put_all(out, a + from_i, i - from_i, LINE_REMOVE);
        put_all(out, b + from_j, j - from_j, LINE_ADD);
        if (i < na && j < nb) {
            put_same(out, &a[i], &b[j]);
            i++;
            j++;
        }
    }
    free(lcs);
}

static void diff(struct hunk *out, enum line_key key, const struct hunk_line *a, size_t na,
                 const struct hunk_line *b, size_t nb)
{
    size_t head = 0;
    size_t tail = 0;

    while (head < na && head < nb && same(key, &a[head], &b[head]))
        head++;
    while (tail < na - head && tail < nb - head && same(key, &a[na - 1 - tail], &b[nb - 1 - tail]))
        tail++;
    for (size_t i = 0; i < head; i++)
        put_same(out, &a[i], &b[i]);
    diff_middle(out, key, a + head, na - head - tail, b + head, nb - head - tail);
    for (size_t i = 0; i < tail; i++)
        put_same(out, &a[na - tail + i], &b[nb - tail + i]);
}

/* The part of v between two elisions, and where the next one starts. */
static size_t part_end(const struct hunk_line *v, size_t n, size_t from)
{
    while (from < n && !is_elision(&v[from]))
        from++;
    return from;
}

static size_t count_elisions(const struct hunk_line *v, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += is_elision(&v[i]);
    return count;
}

void hunk_from_blocks(struct hunk *hunk, const struct hunk_line *search, size_t n_search,
                      const struct hunk_line *replace, size_t n_replace)
{
    size_t i = 0;
    size_t j = 0;

    /* "..." pairs up in order; without the same number on both sides it is text like any other */
    if (count_elisions(search, n_search) != count_elisions(replace, n_replace)) {
        diff(hunk, KEY_EXACT, search, n_search, replace, n_replace);
        return;
    }
    for (;;) {
        size_t i_end = part_end(search, n_search, i);
        size_t j_end = part_end(replace, n_replace, j);

        diff(hunk, KEY_EXACT, search + i, i_end - i, replace + j, j_end - j);
        if (i_end == n_search)
            return;
        put(hunk, &search[i_end], LINE_CONTEXT);
        i = i_end + 1;
        j = j_end + 1;
    }
}

static size_t run_end(const struct hunk *hunk, size_t from)
{
    while (from < hunk->n &&
           (hunk->lines[from].kind == LINE_REMOVE || hunk->lines[from].kind == LINE_ADD))
        from++;
    return from;
}

static void normalise_run(struct hunk *out, enum line_key key, const struct hunk_line *v, size_t n)
{
    struct hunk_line *old = xcalloc(n, sizeof(*old));
    struct hunk_line *new = xcalloc(n, sizeof(*new));
    size_t n_old = 0;
    size_t n_new = 0;

    for (size_t i = 0; i < n; i++) {
        struct hunk_line *to = v[i].kind == LINE_REMOVE ? &old[n_old++] : &new[n_new++];

        *to = v[i];
        to->origin = &v[i];
    }
    diff(out, key, old, n_old, new, n_new);
    free(old);
    free(new);
}

static struct hunk with_context(const struct hunk *hunk, enum line_key key)
{
    struct hunk out = *hunk;

    out.lines = NULL;
    out.n = 0;
    out.cap = 0;
    for (size_t i = 0; i < hunk->n;) {
        size_t end = run_end(hunk, i);

        if (end > i) {
            normalise_run(&out, key, hunk->lines + i, end - i);
            i = end;
        } else {
            put(&out, &hunk->lines[i], hunk->lines[i].kind);
            i++;
        }
    }
    return out;
}

void hunk_normalise(struct hunk *hunk)
{
    struct hunk out = with_context(hunk, KEY_EXACT);

    free(hunk->lines);
    *hunk = out;
}

static size_t count_context(const struct hunk *hunk)
{
    size_t n = 0;

    for (size_t i = 0; i < hunk->n; i++)
        n += hunk->lines[i].kind != LINE_ADD && hunk->lines[i].kind != LINE_REMOVE;
    return n;
}

void hunk_relax(struct hunk *hunk)
{
    struct hunk out = with_context(hunk, KEY_RSTRIP);

    if (count_context(&out) == count_context(hunk)) {
        free(out.lines);
        return;
    }
    out.alt = NULL;
    out.anchors = NULL; /* stay the other one's */
    out.n_anchors = 0;
    hunk->relaxed = xmalloc(sizeof(*hunk->relaxed));
    *hunk->relaxed = out;
}
