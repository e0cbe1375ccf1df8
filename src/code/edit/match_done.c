#include "match_private.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>

/* The hunk as it would be searched for in the changed file. */
static void new_side(struct hunk *out, const struct hunk *hunk, size_t skip_head, size_t skip_tail)
{
    *out = (struct hunk){0};
    for (size_t i = skip_head; i + skip_tail < hunk->n; i++) {
        const struct hunk_line *line = &hunk->lines[i];

        if (line->kind != LINE_REMOVE)
            hunk_add_line(out, LINE_CONTEXT, line->ptr, line->len);
    }
}

static void find_new_side(struct match_text *text, enum line_key key, const struct hunk *hunk,
                          size_t skip_head, size_t skip_tail, struct starts *out)
{
    struct hunk side;
    struct old_lines old;

    new_side(&side, hunk, skip_head, skip_tail);
    old_lines_init(&old, &side, 0, 0);
    match_starts(text, key, &old, out);
    old_lines_release(&old);
    hunk_release(&side);
}

void count_changes(const struct hunk *hunk, size_t *adds, size_t *removes)
{
    *adds = 0;
    *removes = 0;
    for (size_t i = 0; i < hunk->n; i++) {
        *adds += hunk->lines[i].kind == LINE_ADD;
        *removes += hunk->lines[i].kind == LINE_REMOVE;
    }
}

/* The file around the place as it will read; context is the file's own text. */
struct outlook {
    struct span *v; /* owned */
    size_t n;
    size_t from; /* lines from .. to are the hunk's own */
    size_t to;
};

static void add_lines(struct outlook *out, const struct lines *lines, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        out->v[out->n++] = (struct span){lines->v[i].ptr, lines->v[i].len};
}

static void add_region(struct outlook *out, const struct lines *lines, const struct place *place)
{
    const struct hunk *hunk = place->hunk;
    size_t next = place->first;

    for (size_t i = place->skip_head; i + place->skip_tail < hunk->n; i++) {
        const struct hunk_line *line = &hunk->lines[i];
        size_t at = place->at[i];

        if (line->kind == LINE_ADD) {
            out->v[out->n++] = (struct span){line->ptr, line->len};
        } else if (at != SIZE_MAX) {
            add_lines(out, lines, next, at);
            if (line->kind != LINE_REMOVE)
                add_lines(out, lines, at, at + 1);
            next = at + 1;
        }
    }
}

static void look_ahead(struct outlook *out, const struct lines *lines, const struct place *place)
{
    size_t n = place->last + 1 - place->first;
    size_t before = place->first < n ? place->first : n;
    size_t after = lines->n - place->last - 1 < n ? lines->n - place->last - 1 : n;

    *out = (struct outlook){0};
    out->v = xcalloc(before + n + place->hunk->n + after + 1, sizeof(*out->v));
    add_lines(out, lines, place->first - before, place->first);
    out->from = out->n;
    add_region(out, lines, place);
    out->to = out->n;
    add_lines(out, lines, place->last + 1, place->last + 1 + after);
}

/* Do lines from .. to of the hunk, all additions, stand in the file from line `at` on? */
static bool stands_at(const struct lines *lines, enum line_key key, const struct hunk *hunk,
                      size_t from, size_t to, size_t at)
{
    if (at > lines->n || lines->n - at < to - from)
        return false;
    for (size_t i = from; i < to; i++) {
        const struct line *line = &lines->v[at + i - from];

        if (!line_same(key, hunk->lines[i].ptr, hunk->lines[i].len, line->ptr, line->len))
            return false;
    }
    return true;
}

/* One run of additions. Between two lines that stand next to each other it is there when the second
 * one stands behind it once more; where the file goes on, when it does so with the run. */
static bool run_stands(const struct lines *lines, enum line_key key, const struct place *place,
                       size_t from, size_t to)
{
    const struct hunk *hunk = place->hunk;
    size_t n = to - from;
    size_t front = from > place->skip_head ? place->at[from - 1] : SIZE_MAX;
    size_t back = to + place->skip_tail < hunk->n ? place->at[to] : SIZE_MAX;

    if (front != SIZE_MAX && back == front + 1)
        return stands_at(lines, key, hunk, from, to, back) && back + n < lines->n &&
               line_same(key, lines->v[back].ptr, lines->v[back].len, lines->v[back + n].ptr,
                         lines->v[back + n].len);
    return (front != SIZE_MAX && stands_at(lines, key, hunk, from, to, front + 1)) ||
           (back != SIZE_MAX && back >= n && stands_at(lines, key, hunk, from, to, back - n));
}

/* Does the changed text stand in the file so that it covers the place? An insertion that ends as
 * its context does fits again behind itself. */
static bool covers_place(struct match_text *text, enum line_key key, const struct old_lines *old,
                         const struct place *place)
{
    const struct hunk *hunk = place->hunk;
    struct starts starts;
    size_t n = hunk->n - place->skip_head - place->skip_tail; /* nothing is removed */
    bool found = false;

    find_new_side(text, key, hunk, old->skip_head, old->skip_tail, &starts);
    for (size_t i = 0; i < starts.n; i++)
        found = found || (starts.v[i] <= place->last && starts.v[i] + n > place->first);
    free(starts.v);
    return found;
}

/* Only additions, and they stand there already. */
static bool added_before(const struct lines *lines, enum line_key key, const struct place *place)
{
    const struct hunk *hunk = place->hunk;
    size_t end = hunk->n - place->skip_tail;

    for (size_t i = place->skip_head; i < end;) {
        size_t to = i;

        while (to < end && hunk->lines[to].kind == LINE_ADD)
            to++;
        if (to > i && !run_stands(lines, key, place, i, to))
            return false;
        i = to + 1;
    }
    return true;
}

/* Something is removed, and afterwards the same text stands there again: the answer would change
 * the file a second time, so which lines it means is not certain. Lines that differ from what
 * replaces them in blanks only would be replaced by themselves; that is no change. */
static bool fits_again(const struct lines *lines, enum line_key key, const struct place *place,
                       const struct outlook *out)
{
    size_t n = place->last + 1 - place->first;

    for (size_t i = 0; i + n <= out->n; i++) {
        size_t k = 0;

        while (k < n &&
               line_same(key, lines->v[place->first + k].ptr, lines->v[place->first + k].len,
                         out->v[i + k].ptr, out->v[i + k].len))
            k++;
        if (k == n && i + n > out->from && i < out->to + (out->from == out->to) &&
            !(i == out->from && out->to - out->from == n))
            return true;
    }
    return false;
}

/* The answer's line number points at the changed text and not at the text to change. */
static bool changed_is_nearer(struct match_text *text, const struct hunk *hunk,
                              const struct old_lines *old, size_t start)
{
    size_t wanted = (size_t)wanted_line(text, hunk) - 1;
    size_t gap = start > wanted ? start - wanted : wanted - start;
    struct starts starts;
    bool nearer = false;

    if (gap == 0)
        return false;
    find_new_side(text, KEY_EXACT, hunk, old->skip_head, old->skip_tail, &starts);
    for (size_t i = 0; i < starts.n; i++) {
        size_t at = starts.v[i];

        nearer = nearer || (at > wanted ? at - wanted : wanted - at) < gap;
    }
    free(starts.v);
    return nearer;
}

/*
 * The header counts one old line more than there is, and an addition stands at the edge of the hunk
 * with the file going on behind it: the missing line may be the one it belongs next to. A blank
 * line lost with the end of the answer is no such sign.
 */
int check_edges(const struct match_text *text, const struct hunk *hunk, const struct old_lines *old,
                size_t start, const char *path, struct refusal *why)
{
    size_t end = start + old->n;
    size_t last = hunk->n - 1 - old->skip_tail;
    bool head;
    bool tail;

    if (hunk->old_count != (long)old->n + 1)
        return VDO_OK;
    head = hunk->lines[old->skip_head].kind == LINE_ADD && start > 0;
    tail = hunk->lines[last].kind == LINE_ADD && end < text->lines.n &&
           !(hunk->ends_answer && line_is_blank(text->lines.v[end].ptr, text->lines.v[end].len));
    if (!head && !tail)
        return VDO_OK;
    return refuse(why, REASON_NOT_FOUND,
                  "%s line %zu: the hunk at line %zu of the answer lacks a context line next to "
                  "what it adds; give the lines in front of the addition and behind it",
                  path, start + 1, hunk->answer_line);
}

int check_not_done(struct match_text *text, enum line_key key, const struct old_lines *old,
                   const struct place *place, const char *path, struct refusal *why)
{
    const struct hunk *hunk = place->hunk;
    struct outlook out;
    bool there;
    bool again;
    size_t adds;
    size_t removes;

    count_changes(hunk, &adds, &removes);
    look_ahead(&out, &text->lines, place);
    there = adds > 0 && removes == 0 &&
            (added_before(&text->lines, key, place) || covers_place(text, key, old, place));
    again =
        removes > 0 && wanted_line(text, hunk) == 0 && fits_again(&text->lines, key, place, &out);
    free(out.v);
    if (there)
        return refuse(why, REASON_ALREADY_APPLIED, "%s line %zu: the added lines are there already",
                      path, place->first + 1);
    if (again)
        return refuse(why, REASON_AMBIGUOUS,
                      "%s line %zu: after the change the same text stands there again; give more "
                      "context around it",
                      path, place->first + 1);
    if (place->kind == MATCH_EXACT && adds > 0 && wanted_line(text, hunk) > 0 &&
        changed_is_nearer(text, hunk, old, place->first))
        return refuse(why, REASON_ALREADY_APPLIED,
                      "%s: near line %ld the change has been made already", path, hunk->old_start);
    return VDO_OK;
}

bool is_done(struct match_text *text, const struct hunk *hunk, const struct old_lines *old)
{
    static const enum line_key KEYS[] = {KEY_EXACT, KEY_RSTRIP, KEY_STRIP};
    bool found = false;

    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]) && !found; i++) {
        struct starts starts;

        find_new_side(text, KEYS[i], hunk, old->skip_head, old->skip_tail, &starts);
        found = starts.n > 0;
        free(starts.v);
    }
    return found;
}
