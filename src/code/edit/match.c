#include "match_private.h"

#include "vdo/base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

/* The guards have seen the hunk with all the context it can have. But the answer says that these
 * lines change, if only in blanks: so they do. */
static void resolve_blanks(struct place *place)
{
    const struct hunk *hunk = place->hunk;
    struct hunk *own = xcalloc(1, sizeof(*own));
    size_t *at = xcalloc(2 * hunk->n + 1, sizeof(*at));

    *own = *hunk;
    own->lines = NULL;
    own->n = 0;
    own->cap = 0;
    own->anchors = NULL;
    own->n_anchors = 0;
    own->relaxed = NULL;
    own->alt = NULL;
    for (size_t i = 0; i < hunk->n; i++) {
        const struct hunk_line *line = &hunk->lines[i];

        at[own->n] = place->at[i];
        *hunk_add_line(own, line->kind, line->ptr, line->len) = *line;
        if (!line->becomes || place->at[i] == SIZE_MAX)
            continue;
        own->lines[own->n - 1].kind = LINE_REMOVE;
        at[own->n] = SIZE_MAX;
        *hunk_add_line(own, LINE_ADD, NULL, 0) = *line->becomes;
        own->lines[own->n - 1].kind = LINE_ADD;
    }
    free(place->at);
    place->at = at;
    place->hunk = own;
    place->own = own;
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

/* 1, or negative when the change has been made already. */
static int accept(struct match_text *text, enum line_key key, const struct old_lines *old,
                  struct place *place, const char *path, struct refusal *why)
{
    int rc = check_not_done(text, key, old, place, path, why);

    if (rc == 0)
        return 1;
    place_release(place);
    return rc;
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
    match_starts(text, layer->key, old, &starts);
    if (hunk->at_eof)
        keep_at_eof(&starts, &text->lines, old->n);
    if (starts.n > 0) {
        start = starts.v[0];
        if (starts.n > 1)
            start = layer->key == KEY_EXACT ? choose_start(&starts, hunk, text) : SIZE_MAX;
        if (start == SIZE_MAX)
            rc = refuse_places(why, &text->lines, path, hunk, starts.v[0], starts.v[1], starts.n);
        else
            rc = check_edges(text, hunk, old, start, path, why);
        if (rc == 0) {
            set_run(out, hunk, old, start, layer->kind);
            rc = accept(text, layer->key, old, out, path, why);
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
        rc = accept(text, KEY_EXACT, old, out, path, why);
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

static void release_readings(struct readings *r)
{
    for (size_t k = 0; k < r->n; k++)
        old_lines_release(&r->v[k]);
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

/* Layers from .. to, each over all readings. */
static int match_layers(struct match_text *text, const struct hunk *hunk, size_t from, size_t to,
                        const char *path, struct place *out, struct refusal *why)
{
    struct readings r;
    int rc = 0;

    make_readings(&r, hunk);
    for (size_t i = from; i < to; i++) {
        for (size_t k = 0; k < r.n && rc == 0; k++)
            rc = try_run(text, &LAYERS[i], hunk, &r.v[k], path, out, why);
    }
    release_readings(&r);
    return rc;
}

static int match_special(struct match_text *text, const struct hunk *hunk, const char *path,
                         struct place *out, struct refusal *why)
{
    static const enum match_kind SPECIAL[] = {MATCH_TYPO, MATCH_MISSING_CONTEXT, MATCH_ELISION};
    struct readings r;
    size_t adds;
    size_t removes;
    int rc = 0;

    make_readings(&r, hunk);
    count_changes(hunk, &adds, &removes);
    for (size_t k = 0; k < r.n && rc == 0 && adds > 0; k++) {
        if (is_done(text, hunk, &r.v[k]))
            rc = refuse(why, REASON_ALREADY_APPLIED,
                        "%s: the change at line %zu of the answer has been made already", path,
                        hunk->answer_line);
    }
    for (size_t i = 0; i < sizeof(SPECIAL) / sizeof(SPECIAL[0]); i++) {
        for (size_t k = 0; k < r.n && rc == 0; k++)
            rc = try_special(text, SPECIAL[i], hunk, &r.v[k], path, out, why);
    }
    release_readings(&r);
    return rc;
}

static int match_reading(struct match_text *text, const struct hunk *hunk, const char *path,
                         struct place *out, struct refusal *why)
{
    const struct hunk *relaxed = hunk->relaxed ? hunk->relaxed : hunk;
    size_t from = behind_anchors(&text->lines, hunk);
    int rc;

    if (!hunk_has_old(hunk))
        return match_bare(text, hunk, path, out, why);
    rc = match_layers(text, hunk, 0, 1, path, out, why);
    if (rc == 0)
        rc = match_layers(text, relaxed, 1, sizeof(LAYERS) / sizeof(LAYERS[0]), path, out, why);
    if (rc == 0)
        rc = match_special(text, relaxed, path, out, why);
    if (rc == 1 && out->hunk == hunk->relaxed && hunk->relaxed)
        resolve_blanks(out);
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

/* Of several readings, has one been made already? Then the others must not be tried. */
static bool one_is_done(struct match_text *text, const struct hunk *hunk)
{
    bool done = false;

    for (const struct hunk *reading = hunk; hunk->alt && reading && !done; reading = reading->alt) {
        struct old_lines all;
        size_t adds;
        size_t removes;

        count_changes(reading, &adds, &removes);
        old_lines_init(&all, reading, 0, 0);
        done = adds > 0 && is_done(text, reading, &all);
        old_lines_release(&all);
    }
    return done;
}

int match_hunk(struct match_text *text, const struct hunk *hunk, const char *path,
               struct place *out, struct refusal *why)
{
    struct refusal first = {0};
    struct place best = {0};
    bool ambiguous = false;

    if (one_is_done(text, hunk))
        return refuse(why, REASON_ALREADY_APPLIED,
                      "%s: the change at line %zu of the answer has been made already", path,
                      hunk->answer_line);
    for (const struct hunk *reading = hunk; reading; reading = reading->alt) {
        struct refusal other = {0};
        struct place place = {0};

        if (match_reading(text, reading, path, &place, &other) == VDO_OK) {
            assert(place.hunk);
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
