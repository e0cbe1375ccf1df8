#include "match.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_DISTANCE_LEN = 2000, /* longer lines are not compared letter by letter */
    MAX_VOTES = 64,          /* a line that stands in more places says nothing */
    MAX_SHOWN = 12,          /* lines of a candidate */
    MAX_TEXT = 4096,
    MAX_COMPARED = 20000, /* lines of the file that a lone line is compared with */
};

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Optimal string alignment (Damerau-Levenshtein without nested swaps), rows of the table kept
 * three at a time. */
size_t line_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t limit)
{
    size_t *rows;
    size_t *row[3];
    size_t result = limit + 1;

    if ((a_len > b_len ? a_len - b_len : b_len - a_len) > limit || a_len > MAX_DISTANCE_LEN ||
        b_len > MAX_DISTANCE_LEN)
        return limit + 1;
    rows = xcalloc(3 * (b_len + 1), sizeof(*rows));
    for (size_t i = 0; i < 3; i++)
        row[i] = rows + i * (b_len + 1);
    for (size_t j = 0; j <= b_len; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = row[i % 3];
        const size_t *before = row[(i - 1) % 3];
        size_t least = i;

        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t cost = a[i - 1] != b[j - 1];

            now[j] = min3(before[j] + 1, now[j - 1] + 1, before[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                row[(i - 2) % 3][j - 2] + 1 < now[j])
                now[j] = row[(i - 2) % 3][j - 2] + 1;
            least = now[j] < least ? now[j] : least;
        }
        if (least > limit)
            goto out;
    }
    if (row[a_len % 3][b_len] <= limit)
        result = row[a_len % 3][b_len];
out:
    free(rows);
    return result;
}

/* --- the nearest candidate ---------------------------------------------------------------- */

struct votes {
    size_t *starts; /* where the hunk would start, one vote per line that stands in the file */
    size_t n;
    size_t cap;
    size_t k; /* old line that votes now */
    size_t given;
};

static bool vote(void *arg, size_t line)
{
    struct votes *v = arg;

    if (v->n == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 64;
        v->starts = xreallocarray(v->starts, v->cap, sizeof(*v->starts));
    }
    if (line >= v->k)
        v->starts[v->n++] = line - v->k;
    return ++v->given < MAX_VOTES;
}

static int by_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;

    return (x > y) - (x < y);
}

/* The start most lines speak for; SIZE_MAX without any. */
static size_t winner(const struct votes *v)
{
    size_t best = SIZE_MAX;
    size_t best_count = 0;

    for (size_t i = 0; i < v->n;) {
        size_t end = i;

        while (end < v->n && v->starts[end] == v->starts[i])
            end++;
        if (end - i > best_count) {
            best_count = end - i;
            best = v->starts[i];
        }
        i = end;
    }
    return best;
}

static size_t elect(struct match_text *text, const struct old_lines *old)
{
    struct votes v = {0};
    size_t best;

    for (size_t k = 0; k < old->n; k++) {
        struct old_lines one = {.v = &old->v[k], .from = &old->from[k], .n = 1};

        if (line_rstrip(old->v[k]->ptr, old->v[k]->len) < 3)
            continue;
        v.k = k;
        v.given = 0;
        match_each(text, KEY_FOLD, &one, vote, &v);
    }
    if (v.n > 0)
        qsort(v.starts, v.n, sizeof(*v.starts), by_size);
    best = winner(&v);
    free(v.starts);
    return best;
}

/* No line stands in the file: the one that is most like the longest old line. */
static size_t most_similar(const struct match_text *text, const struct old_lines *old)
{
    size_t longest = 0;
    size_t best = SIZE_MAX;
    size_t limit;

    for (size_t k = 0; k < old->n; k++) {
        if (old->v[k]->len > old->v[longest]->len)
            longest = k;
    }
    if (old->v[longest]->len < 6)
        return SIZE_MAX;
    limit = old->v[longest]->len / 3 < 24 ? old->v[longest]->len / 3 : 24;
    for (size_t i = 0; i < text->lines.n && i < MAX_COMPARED && limit > 0; i++) {
        const char *a = old->v[longest]->ptr;
        size_t a_len = old->v[longest]->len;
        const char *b = text->lines.v[i].ptr;
        size_t b_len = text->lines.v[i].len;
        size_t distance;

        line_trim(&a, &a_len);
        line_trim(&b, &b_len);
        distance = line_distance(a, a_len, b, b_len, limit - 1);
        if (distance < limit) {
            limit = distance;
            best = i >= longest ? i - longest : 0;
        }
    }
    return best;
}

static void show(struct strbuf *sb, char mark, long number, const char *ptr, size_t len)
{
    if (number > 0)
        (void)strbuf_addf(sb, "%c%5ld  ", mark, number);
    else
        (void)strbuf_addf(sb, "%c       ", mark);
    (void)strbuf_add(sb, ptr, len < 160 ? len : 160);
    (void)strbuf_addc(sb, '\n');
}

/* The file's lines beside the hunk's: ' ' the same, '-' only in the answer, '+' only in the file.
 */
static char *short_diff(const struct match_text *text, const struct old_lines *old, size_t start)
{
    struct strbuf sb;

    strbuf_init(&sb, MAX_TEXT);
    for (size_t k = 0; k < old->n && k < MAX_SHOWN && start + k < text->lines.n; k++) {
        const struct hunk_line *mine = old->v[k];
        const struct line *have = &text->lines.v[start + k];
        bool same = line_same(KEY_EXACT, mine->ptr, mine->len, have->ptr, have->len);

        if (!same)
            show(&sb, '-', 0, mine->ptr, mine->len);
        show(&sb, same ? ' ' : '+', (long)(start + k) + 1, have->ptr, have->len);
    }
    return strbuf_take(&sb, NULL);
}

void match_candidate(struct match_text *text, const struct hunk *hunk, const char *path,
                     struct refusal *why)
{
    struct old_lines old;
    size_t start;

    old_lines_init(&old, hunk, 0, 0);
    if (old.n > 0) {
        start = elect(text, &old);
        if (start == SIZE_MAX)
            start = most_similar(text, &old);
        if (start != SIZE_MAX)
            refusal_candidate(why, path, (long)start + 1, short_diff(text, &old, start));
    }
    old_lines_release(&old);
}
