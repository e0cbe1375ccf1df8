#include "match.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* More places than this are not told apart; only files of one repeated line have them. */
enum { MAX_PLACES = 100000 };

struct starts {
    size_t *v;
    size_t n;
    size_t cap;
};

static bool collect(void *arg, size_t start)
{
    struct starts *s = arg;

    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->v = xreallocarray(s->v, s->cap, sizeof(*s->v));
    }
    s->v[s->n++] = start;
    return s->n < MAX_PLACES;
}

const char *match_kind_name(enum match_kind kind)
{
    static const char *const NAMES[] = {
        [MATCH_EXACT] = "exact",     [MATCH_TRAILING_BLANKS] = "trailing_blanks",
        [MATCH_BLANKS] = "blanks",   [MATCH_INDENTATION] = "indentation",
        [MATCH_TYPO] = "typo",       [MATCH_MISSING_CONTEXT] = "missing_context",
        [MATCH_ELISION] = "elision",
    };

    return NAMES[kind];
}

void place_release(struct place *place)
{
    free(place->at);
    *place = (struct place){0};
}

/* --- what the answer says about the place ------------------------------------------------ */

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
static size_t behind_anchors(const struct lines *lines, const struct hunk *hunk)
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

static bool rest_is_blank(const struct lines *lines, size_t from)
{
    for (; from < lines->n; from++) {
        if (!line_is_blank(lines->v[from].ptr, lines->v[from].len))
            return false;
    }
    return true;
}

/* Drop places that contradict an end-of-file mark. */
static void keep_at_eof(struct starts *starts, const struct lines *lines, size_t n_old)
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
static size_t choose(const struct starts *starts, const struct hunk *hunk,
                     const struct lines *lines)
{
    size_t from;
    size_t best = SIZE_MAX;

    if (hunk->old_start > 0)
        return nearest(starts, (size_t)hunk->old_start - 1);
    if (hunk->n_anchors == 0 || !anchor_is_unique(lines, hunk))
        return SIZE_MAX;
    from = behind_anchors(lines, hunk);
    for (size_t i = 0; i < starts->n; i++) {
        if (starts->v[i] >= from && starts->v[i] < best)
            best = starts->v[i];
    }
    return best;
}

/* --- has it been done already? ----------------------------------------------------------- */

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

static void find_starts(struct match_text *text, enum line_key key, const struct old_lines *old,
                        struct starts *out)
{
    *out = (struct starts){0};
    if (old->n > 0)
        match_each(text, key, old, collect, out);
}

static void find_new_side(struct match_text *text, enum line_key key, const struct hunk *hunk,
                          size_t skip_head, size_t skip_tail, struct starts *out)
{
    struct hunk side;
    struct old_lines old;

    new_side(&side, hunk, skip_head, skip_tail);
    old_lines_init(&old, &side, 0, 0);
    find_starts(text, key, &old, out);
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

static void count_changes(const struct hunk *hunk, size_t *adds, size_t *removes)
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

/* Only removals, and once they are gone the same text stands there again. */
static bool removes_again(const struct match_text *text, enum line_key key, const struct hunk *hunk,
                          const struct old_lines *old, size_t start)
{
    size_t *left = xcalloc(old->n + 1, sizeof(*left)); /* what stands there afterwards */
    size_t n = 0;
    size_t next = start + old->n;
    bool again = true;

    for (size_t k = 0; k < old->n; k++) {
        if (hunk->lines[old->from[k]].kind != LINE_REMOVE)
            left[n++] = start + k;
    }
    while (n < old->n)
        left[n++] = next++;
    for (size_t k = 0; k < old->n && again; k++) {
        const struct line *line = left[k] < text->lines.n ? &text->lines.v[left[k]] : NULL;

        again = line && line_same(key, old->v[k]->ptr, old->v[k]->len, line->ptr, line->len);
    }
    free(left);
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
static int check_edges(const struct match_text *text, const struct hunk *hunk,
                       const struct old_lines *old, size_t start, const char *path,
                       struct refusal *why)
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

static int check_not_done(struct match_text *text, enum line_key key, const struct hunk *hunk,
                          const struct old_lines *old, size_t start, const char *path,
                          struct refusal *why)
{
    size_t adds;
    size_t removes;

    count_changes(hunk, &adds, &removes);
    if (adds > 0 && removes == 0 && added_before(text, key, hunk, old, start))
        return refuse(why, REASON_ALREADY_APPLIED, "%s line %zu: the added lines are there already",
                      path, start + 1);
    if (removes > 0 && adds == 0 && hunk->old_start <= 0 &&
        removes_again(text, key, hunk, old, start))
        return refuse(why, REASON_AMBIGUOUS,
                      "%s line %zu: the removed lines stand there more than once; give more "
                      "context behind them",
                      path, start + 1);
    if (key == KEY_EXACT && adds > 0 && hunk->old_start > 0 &&
        changed_is_nearer(text, hunk, old, start))
        return refuse(why, REASON_ALREADY_APPLIED,
                      "%s: near line %ld the change has been made already", path, hunk->old_start);
    return VDO_OK;
}

/* --- places ------------------------------------------------------------------------------ */

static void set_place(struct place *out, const struct hunk *hunk, const struct old_lines *old,
                      const size_t *at, enum match_kind kind)
{
    *out = (struct place){.kind = kind, .skip_head = old->skip_head, .skip_tail = old->skip_tail};
    out->at = xcalloc(hunk->n + 1, sizeof(*out->at));
    for (size_t i = 0; i < hunk->n; i++)
        out->at[i] = SIZE_MAX;
    out->first = SIZE_MAX;
    for (size_t k = 0; k < old->n; k++) {
        out->at[old->from[k]] = at[k];
        if (at[k] == SIZE_MAX)
            continue;
        if (out->first == SIZE_MAX)
            out->first = at[k];
        out->last = at[k];
    }
    if (out->first == SIZE_MAX)
        out->first = 0;
}

static void set_run(struct place *out, const struct hunk *hunk, const struct old_lines *old,
                    size_t start, enum match_kind kind)
{
    size_t *at = xcalloc(old->n + 1, sizeof(*at));

    for (size_t k = 0; k < old->n; k++)
        at[k] = start + k;
    set_place(out, hunk, old, at, kind);
    free(at);
}

static int refuse_places(struct refusal *why, const struct lines *lines, const char *path,
                         const struct hunk *hunk, size_t a, size_t b, size_t count)
{
    (void)lines;
    return refuse(why, REASON_AMBIGUOUS,
                  "%s: the text at line %zu of the answer fits in %zu places, for example at "
                  "lines %zu and %zu; add context lines that stand in one of them only",
                  path, hunk->answer_line, count, (a < b ? a : b) + 1, (a < b ? b : a) + 1);
}

struct layer {
    enum line_key key;
    enum match_kind kind;
};

static const struct layer LAYERS[] = {
    {KEY_EXACT, MATCH_EXACT},
    {KEY_RSTRIP, MATCH_TRAILING_BLANKS},
    {KEY_STRIP, MATCH_INDENTATION},
    {KEY_FOLD, MATCH_BLANKS},
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* Brackets alone fit anywhere once indentation does not count. */
static bool has_words(const struct old_lines *old)
{
    for (size_t k = 0; k < old->n; k++) {
        for (size_t i = 0; i < old->v[k]->len; i++) {
            if (is_word(old->v[k]->ptr[i]))
                return true;
        }
    }
    return false;
}

/* 1: found, 0: nothing here, negative: refused. */
static int try_run(struct match_text *text, const struct layer *layer, const struct hunk *hunk,
                   const struct old_lines *old, const char *path, struct place *out,
                   struct refusal *why)
{
    struct starts starts;
    size_t start;
    int rc = 0;

    if (layer->key >= KEY_STRIP && !has_words(old))
        return 0;
    find_starts(text, layer->key, old, &starts);
    if (hunk->at_eof)
        keep_at_eof(&starts, &text->lines, old->n);
    if (starts.n > 0) {
        start = starts.v[0];
        if (starts.n > 1)
            start = layer->key == KEY_EXACT ? choose(&starts, hunk, &text->lines) : SIZE_MAX;
        if (start == SIZE_MAX)
            rc = refuse_places(why, &text->lines, path, hunk, starts.v[0], starts.v[1], starts.n);
        else
            rc = check_edges(text, hunk, old, start, path, why);
        if (rc == 0)
            rc = check_not_done(text, layer->key, hunk, old, start, path, why);
        if (rc == 0) {
            set_run(out, hunk, old, start, layer->kind);
            rc = 1;
        }
    }
    free(starts.v);
    return rc;
}

static int try_special(struct match_text *text, enum match_kind kind, const struct hunk *hunk,
                       const struct old_lines *old, const char *path, struct place *out,
                       struct refusal *why)
{
    size_t *at = xcalloc(old->n + 1, sizeof(*at));
    int found;
    int rc = 0;

    if (kind == MATCH_TYPO)
        found = match_typo(text, old, at);
    else if (kind == MATCH_MISSING_CONTEXT)
        found = match_gap(text, hunk, old, true, at);
    else
        found = match_elision(text, hunk, old, at);
    if (found == 0 && kind == MATCH_ELISION)
        found = match_gap(text, hunk, old, false, at);
    if (found == 1) {
        set_place(out, hunk, old, at, kind);
        rc = 1;
    } else if (found > 1) {
        rc = refuse(why, REASON_AMBIGUOUS,
                    "%s: the text at line %zu of the answer does not stand there as given and "
                    "nearly fits in more than one place; copy the lines from the file",
                    path, hunk->answer_line);
    }
    free(at);
    return rc;
}

/* The readings of a hunk: as it is, and without loose lines at its ends. */
struct readings {
    struct old_lines v[4];
    size_t n;
};

static void add_reading(struct readings *r, const struct hunk *hunk, size_t head, size_t tail)
{
    struct old_lines *old = &r->v[r->n];

    if (head + tail >= hunk->n)
        return;
    old_lines_init(old, hunk, head, tail);
    if (old->n == 0)
        old_lines_release(old);
    else
        r->n++;
}

static void make_readings(struct readings *r, const struct hunk *hunk)
{
    size_t head = 0;
    size_t tail = 0;

    *r = (struct readings){0};
    while (head < hunk->n && hunk->lines[head].loose && hunk_line_is_old(&hunk->lines[head]))
        head++;
    while (tail < hunk->n - head && hunk->lines[hunk->n - 1 - tail].loose &&
           hunk_line_is_old(&hunk->lines[hunk->n - 1 - tail]))
        tail++;
    add_reading(r, hunk, 0, 0);
    if (tail > 0)
        add_reading(r, hunk, 0, tail);
    if (head > 0)
        add_reading(r, hunk, head, 0);
    if (head > 0 && tail > 0)
        add_reading(r, hunk, head, tail);
}

static bool is_done(struct match_text *text, const struct hunk *hunk, const struct old_lines *old)
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

static int match_readings(struct match_text *text, const struct hunk *hunk,
                          const struct readings *r, const char *path, struct place *out,
                          struct refusal *why)
{
    static const enum match_kind SPECIAL[] = {MATCH_TYPO, MATCH_MISSING_CONTEXT, MATCH_ELISION};
    size_t adds;
    size_t removes;
    int rc = 0;

    for (size_t i = 0; i < sizeof(LAYERS) / sizeof(LAYERS[0]); i++) {
        for (size_t k = 0; k < r->n && rc == 0; k++)
            rc = try_run(text, &LAYERS[i], hunk, &r->v[k], path, out, why);
    }
    count_changes(hunk, &adds, &removes);
    for (size_t k = 0; k < r->n && rc == 0 && adds > 0; k++) {
        if (is_done(text, hunk, &r->v[k]))
            rc = refuse(why, REASON_ALREADY_APPLIED,
                        "%s: the change at line %zu of the answer has been made already", path,
                        hunk->answer_line);
    }
    for (size_t i = 0; i < sizeof(SPECIAL) / sizeof(SPECIAL[0]); i++) {
        for (size_t k = 0; k < r->n && rc == 0; k++)
            rc = try_special(text, SPECIAL[i], hunk, &r->v[k], path, out, why);
    }
    return rc;
}

/* A hunk of additions only: its place is certain in an empty file and at a marked end. */
static int match_bare(const struct match_text *text, const struct hunk *hunk, const char *path,
                      struct place *out, struct refusal *why)
{
    struct old_lines none = {0};
    bool empty = rest_is_blank(&text->lines, 0);

    if (!empty && !hunk->at_eof)
        return refuse(why, REASON_AMBIGUOUS,
                      "%s: the addition at line %zu of the answer has no context line; add the "
                      "lines it stands between",
                      path, hunk->answer_line);
    set_place(out, hunk, &none, NULL, MATCH_EXACT);
    out->first = empty ? 0 : text->lines.n;
    out->last = out->first;
    return VDO_OK;
}

static int match_reading(struct match_text *text, const struct hunk *hunk, const char *path,
                         struct place *out, struct refusal *why)
{
    struct readings r;
    size_t from = behind_anchors(&text->lines, hunk);
    int rc;

    make_readings(&r, hunk);
    if (r.n == 0)
        return match_bare(text, hunk, path, out, why);
    rc = match_readings(text, hunk, &r, path, out, why);
    for (size_t k = 0; k < r.n; k++)
        old_lines_release(&r.v[k]);
    if (rc == 1 && hunk->n_anchors > 0 && (from == SIZE_MAX || out->first < from)) {
        place_release(out);
        return refuse(why, REASON_NOT_FOUND,
                      "%s: no line above the place reads like the \"@@\" line of the answer: %.*s",
                      path, (int)(hunk->anchors[0].len < 200 ? hunk->anchors[0].len : 200),
                      hunk->anchors[0].ptr);
    }
    if (rc != 0)
        return rc < 0 ? rc : VDO_OK;
    match_candidate(text, hunk, path, why);
    return refuse(why, REASON_NOT_FOUND,
                  "%s: the text at line %zu of the answer does not stand in the file", path,
                  hunk->answer_line);
}

static size_t count_old(const struct hunk *hunk)
{
    size_t n = 0;

    for (size_t i = 0; i < hunk->n; i++)
        n += hunk_line_is_old(&hunk->lines[i]);
    return n;
}

/* A longer text that stands there byte for byte, the line that looks like a marker included, is no
 * accident. */
static bool is_better(const struct place *place, const struct place *best)
{
    return place->kind == MATCH_EXACT && count_old(place->hunk) > count_old(best->hunk);
}

int match_hunk(struct match_text *text, const struct hunk *hunk, const char *path,
               struct place *out, struct refusal *why)
{
    struct refusal first = {0};
    struct place best = {0};
    bool ambiguous = false;

    for (const struct hunk *reading = hunk; reading; reading = reading->alt) {
        struct refusal other = {0};
        struct place place = {0};

        if (match_reading(text, reading, path, &place, &other) == VDO_OK) {
            place.hunk = reading;
            ambiguous = best.hunk && !is_better(&place, &best);
            if (!ambiguous) {
                place_release(&best);
                best = place;
                place = (struct place){0};
            }
        } else if (reading == hunk) {
            first = other;
            other = (struct refusal){0};
        }
        place_release(&place);
        refusal_release(&other);
    }
    if (best.hunk && !ambiguous) {
        refusal_release(&first);
        *out = best;
        return VDO_OK;
    }
    place_release(&best);
    if (ambiguous) {
        refusal_release(&first);
        return refuse(why, REASON_AMBIGUOUS,
                      "%s: the block at line %zu of the answer can be read in two ways, because "
                      "a line of it looks like a marker",
                      path, hunk->answer_line);
    }
    *why = first;
    return VDO_E_REFUSED;
}
