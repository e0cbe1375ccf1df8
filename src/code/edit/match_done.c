#include "match_private.h"

#include "vdo/base/mem.h"

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

static size_t leading_additions(const struct hunk *hunk, size_t skip_head)
{
    size_t n = 0;

    while (skip_head + n < hunk->n && hunk->lines[skip_head + n].kind == LINE_ADD)
        n++;
    return n;
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

/* Only additions, and they stand there already. */
static bool added_before(struct match_text *text, enum line_key key, const struct hunk *hunk,
                         const struct old_lines *old, size_t start)
{
    size_t lead = leading_additions(hunk, old->skip_head);
    struct starts starts;
    bool found = false;

    if (lead > start)
        return false;
    find_new_side(text, key, hunk, old->skip_head, old->skip_tail, &starts);
    for (size_t i = 0; i < starts.n; i++)
        found = found || starts.v[i] == start - lead;
    free(starts.v);
    return found;
}

/* The file around the place as it will read: for each line its text. */
struct outlook {
    struct span *v; /* owned */
    size_t n;
    size_t from; /* lines from .. to are the hunk's own */
    size_t to;
};

static void look_ahead(struct outlook *out, const struct lines *lines, const struct hunk *hunk,
                       const struct old_lines *old, size_t start)
{
    size_t before = start < old->n ? start : old->n;
    size_t end = start + old->n;

    *out = (struct outlook){0};
    out->v = xcalloc(before + hunk->n + old->n + 1, sizeof(*out->v));
    for (size_t i = start - before; i < start; i++)
        out->v[out->n++] = (struct span){lines->v[i].ptr, lines->v[i].len};
    out->from = out->n;
    for (size_t i = old->skip_head; i + old->skip_tail < hunk->n; i++) {
        if (hunk->lines[i].kind != LINE_REMOVE)
            out->v[out->n++] = (struct span){hunk->lines[i].ptr, hunk->lines[i].len};
    }
    out->to = out->n;
    for (size_t i = end; i < end + old->n && i < lines->n; i++)
        out->v[out->n++] = (struct span){lines->v[i].ptr, lines->v[i].len};
}

/* Something is removed, and afterwards the same text stands there again: the answer would change
 * the file a second time, so which lines it means is not certain. Lines that differ from what
 * replaces them in blanks only would be replaced by themselves; that is no change. */
static bool fits_again(const struct match_text *text, enum line_key key, const struct hunk *hunk,
                       const struct old_lines *old, size_t start)
{
    struct outlook out;
    bool again = false;

    look_ahead(&out, &text->lines, hunk, old, start);
    for (size_t i = 0; i + old->n <= out.n && !again; i++) {
        size_t k = 0;

        while (k < old->n &&
               line_same(key, old->v[k]->ptr, old->v[k]->len, out.v[i + k].ptr, out.v[i + k].len))
            k++;
        again = k == old->n && i + k > out.from && i < out.to + (out.from == out.to) &&
                !(i == out.from && out.to - out.from == old->n);
    }
    free(out.v);
    return again;
}

/* The answer's line number points at the changed text and not at the text to change. */
static bool changed_is_nearer(struct match_text *text, const struct hunk *hunk,
                              const struct old_lines *old, size_t start)
{
    size_t wanted = (size_t)hunk->old_start - 1;
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

int check_not_done(struct match_text *text, enum line_key key, const struct hunk *hunk,
                   const struct old_lines *old, size_t start, const char *path, struct refusal *why)
{
    size_t adds;
    size_t removes;

    count_changes(hunk, &adds, &removes);
    if (adds > 0 && removes == 0 && added_before(text, key, hunk, old, start))
        return refuse(why, REASON_ALREADY_APPLIED, "%s line %zu: the added lines are there already",
                      path, start + 1);
    if (removes > 0 && hunk->old_start <= 0 && fits_again(text, key, hunk, old, start))
        return refuse(why, REASON_AMBIGUOUS,
                      "%s line %zu: after the change the same text stands there again; give more "
                      "context around it",
                      path, start + 1);
    if (key == KEY_EXACT && adds > 0 && hunk->old_start > 0 &&
        changed_is_nearer(text, hunk, old, start))
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
