#include "match_private.h"

#include <stdint.h>
#include <string.h>

/* First line at or behind `from` that reads like the anchor; SIZE_MAX when none does. */
static size_t find_anchor(const struct lines *lines, const struct span *anchor, size_t from)
{
    for (size_t i = from; i < lines->n; i++) {
        if (line_same(KEY_STRIP, anchor->ptr, anchor->len, lines->v[i].ptr, lines->v[i].len))
            return i;
    }
    for (size_t i = from; i < lines->n; i++) { /* a shortened signature */
        const char *ptr = anchor->ptr;
        size_t len = anchor->len;

        line_trim(&ptr, &len);
        if (len > 0 && memmem(lines->v[i].ptr, lines->v[i].len, ptr, len))
            return i;
    }
    return SIZE_MAX;
}

/* Line behind the hunk's anchors, 0 without any; SIZE_MAX when one is not in the file. */
size_t behind_anchors(const struct lines *lines, const struct hunk *hunk)
{
    size_t from = 0;

    for (size_t i = 0; i < hunk->n_anchors; i++) {
        size_t at = find_anchor(lines, &hunk->anchors[i], from);

        if (at == SIZE_MAX)
            return SIZE_MAX;
        from = at; /* the anchor may be the first context line too */
    }
    return from;
}

static bool anchor_is_unique(const struct lines *lines, const struct hunk *hunk)
{
    size_t from = 0;

    for (size_t i = 0; i < hunk->n_anchors; i++) {
        const struct span *anchor = &hunk->anchors[i];
        size_t at = find_anchor(lines, anchor, from);

        if (i == hunk->n_anchors - 1)
            return at != SIZE_MAX &&
                   (at + 1 >= lines->n || find_anchor(lines, anchor, at + 1) == SIZE_MAX);
        from = at + 1;
    }
    return false;
}

bool rest_is_blank(const struct lines *lines, size_t from)
{
    for (; from < lines->n; from++) {
        if (!line_is_blank(lines->v[from].ptr, lines->v[from].len))
            return false;
    }
    return true;
}

/* Drop places that contradict an end-of-file mark. */
void keep_at_eof(struct starts *starts, const struct lines *lines, size_t n_old)
{
    size_t kept = 0;

    for (size_t i = 0; i < starts->n; i++) {
        if (rest_is_blank(lines, starts->v[i] + n_old))
            starts->v[kept++] = starts->v[i];
    }
    starts->n = kept;
}

/* The place nearest to line `wanted` (0-based); SIZE_MAX on a draw. */
static size_t nearest(const struct starts *starts, size_t wanted)
{
    size_t best = SIZE_MAX;
    size_t best_gap = SIZE_MAX;

    for (size_t i = 0; i < starts->n; i++) {
        size_t at = starts->v[i];
        size_t gap = at > wanted ? at - wanted : wanted - at;

        if (gap < best_gap) {
            best = at;
            best_gap = gap;
        } else if (gap == best_gap) {
            best = SIZE_MAX;
        }
    }
    return best;
}

/* One of several places that fit exactly, by line number or by anchor; SIZE_MAX: none is certain.
 */
long wanted_line(const struct match_text *text, const struct hunk *hunk)
{
    return text->renumbered || hunk->old_start < 0 ? 0 : hunk->old_start;
}

size_t choose_start(const struct starts *starts, const struct hunk *hunk,
                    const struct match_text *text)
{
    size_t from;
    size_t best = SIZE_MAX;

    if (wanted_line(text, hunk) > 0)
        return nearest(starts, (size_t)wanted_line(text, hunk) - 1);
    if (hunk->n_anchors == 0 || !anchor_is_unique(&text->lines, hunk))
        return SIZE_MAX;
    from = behind_anchors(&text->lines, hunk);
    for (size_t i = 0; i < starts->n; i++) {
        if (starts->v[i] >= from && starts->v[i] < best)
            best = starts->v[i];
    }
    return best;
}
