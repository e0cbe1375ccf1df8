#include "indent.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_UNIT = 8 };

/* Widths a tab may stand for, likeliest first. */
static const size_t TABS[] = {4, 2, 8, 3};

static size_t columns(const char *ptr, size_t len, size_t tab)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ptr[i] == '\t' ? tab : 1;
    return n;
}

static bool only(const char *ptr, size_t len, char c)
{
    for (size_t i = 0; i < len; i++) {
        if (ptr[i] != c)
            return false;
    }
    return true;
}

static bool equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static size_t sum(const size_t steps[MAX_UNIT + 1])
{
    size_t all = 0;

    for (size_t step = 2; step <= MAX_UNIT; step++)
        all += steps[step];
    return all;
}

/* The file's habit: tabs or blanks, and how many blanks one step is. */
static void learn_habit(struct indent_map *map, const struct lines *file)
{
    size_t steps[MAX_UNIT + 1] = {0};
    size_t tabs = 0;
    size_t blanks = 0;
    size_t previous = 0;

    for (size_t i = 0; i < file->n; i++) {
        const struct line *line = &file->v[i];
        size_t indent = line_indent(line->ptr, line->len);

        if (indent == line->len)
            continue;
        if (indent > 0 && line->ptr[0] == '\t')
            tabs++;
        else if (indent > 1)
            blanks++;
        if (indent > previous && indent - previous <= MAX_UNIT)
            steps[indent - previous]++;
        previous = indent;
    }
    map->file_tabs = tabs > blanks;
    map->unit = 4;
    if (map->file_tabs)
        return;
    /* the smallest step that is common: continuation lines make larger ones */
    for (size_t step = 2, all = sum(steps); step <= MAX_UNIT; step++) {
        if (steps[step] * 7 >= all && steps[step] > 0) {
            map->unit = step;
            return;
        }
    }
}

static const struct indent_pair *find_pair(const struct indent_map *map, const char *from,
                                           size_t len)
{
    for (size_t i = 0; i < map->n; i++) {
        if (equal(map->v[i].from, map->v[i].from_len, from, len))
            return &map->v[i];
    }
    return NULL;
}

/* Deeper in the answer must not be shallower in the file. */
static bool is_monotone(const struct indent_map *map)
{
    for (size_t i = 0; i < map->n; i++) {
        for (size_t k = 0; k < map->n; k++) {
            const struct indent_pair *a = &map->v[i];
            const struct indent_pair *b = &map->v[k];

            if (a->from_len < b->from_len && memcmp(a->from, b->from, a->from_len) == 0 &&
                columns(a->to, a->to_len, map->unit) > columns(b->to, b->to_len, map->unit))
                return false;
        }
    }
    return true;
}

void indent_map_release(struct indent_map *map)
{
    free(map->v);
    *map = (struct indent_map){0};
}

static char *join(const char *a, size_t a_len, const char *b, size_t b_len, const char *c,
                  size_t c_len, size_t *out_len)
{
    char *text = xmalloc(a_len + b_len + c_len + 1);

    memcpy(text, a, a_len);
    memcpy(text + a_len, b, b_len);
    memcpy(text + a_len + b_len, c, c_len);
    *out_len = a_len + b_len + c_len;
    text[*out_len] = '\0';
    return text;
}

/* An even shift by the same text for every pair: sign +1 adds it, -1 takes it away. */
static bool find_shift(const struct indent_map *map, const char **out, size_t *out_len, int *sign)
{
    const struct indent_pair *first = &map->v[0];

    if (map->n == 0)
        return false;
    *sign = first->to_len >= first->from_len ? 1 : -1;
    *out_len = *sign > 0 ? first->to_len - first->from_len : first->from_len - first->to_len;
    *out = *sign > 0 ? first->to : first->from;
    for (size_t i = 0; i < map->n; i++) {
        const struct indent_pair *p = &map->v[i];
        const char *longer = *sign > 0 ? p->to : p->from;
        size_t longer_len = *sign > 0 ? p->to_len : p->from_len;
        const char *shorter = *sign > 0 ? p->from : p->to;
        size_t shorter_len = *sign > 0 ? p->from_len : p->to_len;

        if (longer_len != shorter_len + *out_len || memcmp(longer, *out, *out_len) != 0 ||
            memcmp(longer + *out_len, shorter, shorter_len) != 0)
            return false;
    }
    return true;
}

/* True when the shift was decided on; out NULL then means "as it is". */
static bool apply_shift(const struct indent_map *map, const char *ptr, size_t len, size_t indent,
                        bool *certain, char **out, size_t *out_len)
{
    const char *shift;
    size_t shift_len;
    int sign;
    size_t now = columns(ptr, indent, map->unit);
    size_t by;

    if (!find_shift(map, &shift, &shift_len, &sign))
        return false;
    by = columns(shift, shift_len, map->unit);
    *certain = true;
    if (by % map->unit != 0) {
        /* not a whole step: the lines that lack a column are the ones that were mistyped */
        bool moved_fits =
            (sign > 0 || now >= by) && (sign > 0 ? now + by : now - by) % map->unit == 0;
        bool stays_fits = now % map->unit == 0;

        *certain = moved_fits != stays_fits;
        if (!*certain || stays_fits)
            return true;
    }
    if (sign > 0)
        *out = join(shift, shift_len, ptr, len, "", 0, out_len);
    else if (shift_len <= indent && memcmp(ptr, shift, shift_len) == 0)
        *out = join(ptr + shift_len, len - shift_len, "", 0, "", 0, out_len);
    else
        *certain = false;
    return true;
}

static char *render(const struct indent_map *map, size_t width, size_t tab, const char *rest,
                    size_t rest_len, size_t *out_len)
{
    size_t tabs = map->file_tabs ? width / tab : 0;
    size_t blanks = map->file_tabs ? width % tab : width;
    char *text = xmalloc(tabs + blanks + rest_len + 1);

    memset(text, '\t', tabs);
    memset(text + tabs, ' ', blanks);
    memcpy(text + tabs + blanks, rest, rest_len);
    *out_len = tabs + blanks + rest_len;
    text[*out_len] = '\0';
    return text;
}

/* Does a tab of this width make every pair differ by the same number of columns? */
static bool find_offset(const struct indent_map *map, size_t tab, long *out)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct indent_pair *p = &map->v[i];
        long offset =
            (long)columns(p->to, p->to_len, tab) - (long)columns(p->from, p->from_len, tab);

        if (i == 0)
            *out = offset;
        else if (*out != offset)
            return false;
    }
    return map->n > 0;
}

static bool is_even(const struct indent_map *map)
{
    const char *shift;
    size_t shift_len;
    long offset;
    int sign;

    if (find_shift(map, &shift, &shift_len, &sign))
        return true;
    for (size_t i = 0; i < sizeof(TABS) / sizeof(TABS[0]); i++) {
        if (find_offset(map, TABS[i], &offset))
            return true;
    }
    return false;
}

/* Each line is off by less than one step: careless, but the step it belongs to is plain. */
static bool is_sloppy(const struct indent_map *map)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct indent_pair *p = &map->v[i];
        size_t from = columns(p->from, p->from_len, map->unit);
        size_t to = columns(p->to, p->to_len, map->unit);

        if ((from > to ? from - to : to - from) >= map->unit)
            return false;
    }
    return true;
}

bool indent_map_init(struct indent_map *map, const struct hunk *hunk, const size_t *at,
                     const struct lines *file)
{
    *map = (struct indent_map){.same = true};
    map->v = xcalloc(hunk->n + 1, sizeof(*map->v));
    for (size_t i = 0; i < hunk->n; i++) {
        const struct hunk_line *h = &hunk->lines[i];
        const struct indent_pair *known;
        struct indent_pair pair;

        if (at[i] == SIZE_MAX || h->kind == LINE_ELISION || line_is_blank(h->ptr, h->len))
            continue;
        pair.from = h->ptr;
        pair.from_len = line_indent(h->ptr, h->len);
        pair.to = file->v[at[i]].ptr;
        pair.to_len = line_indent(pair.to, file->v[at[i]].len);
        known = find_pair(map, pair.from, pair.from_len);
        if (known && !equal(known->to, known->to_len, pair.to, pair.to_len))
            return false;
        if (!equal(pair.from, pair.from_len, pair.to, pair.to_len))
            map->same = false;
        if (!known)
            map->v[map->n++] = pair;
    }
    if (map->same)
        return true;
    learn_habit(map, file);
    return is_monotone(map) && (is_even(map) || is_sloppy(map));
}

/* Is the indentation made otherwise than all of the answer's context: with tabs, or blanks before
 * tabs, where that has none? Then what changed the context has not touched it. */
static bool is_of_another_kind(const struct indent_map *map, const char *ptr, size_t indent)
{
    bool tabs = false;
    bool crossed = false;

    for (size_t i = 0; i < map->n; i++) {
        tabs = tabs || memchr(map->v[i].from, '\t', map->v[i].from_len);
        crossed = crossed || memmem(map->v[i].from, map->v[i].from_len, " \t", 2);
    }
    return (!tabs && memchr(ptr, '\t', indent)) || (!crossed && memmem(ptr, indent, " \t", 2));
}

/* Tabs for blanks or the other way round, perhaps moved by an even number of columns. */
static bool apply_columns(const struct indent_map *map, const char *ptr, size_t len, size_t indent,
                          bool *certain, char **out, size_t *out_len)
{
    bool in_habit = only(ptr, indent, map->file_tabs ? '\t' : ' ');
    bool found = false;

    for (size_t i = 0; i < sizeof(TABS) / sizeof(TABS[0]); i++) {
        long offset;
        long width;
        char *text;
        size_t text_len;

        if (!find_offset(map, TABS[i], &offset))
            continue;
        if (offset == 0 && (in_habit || is_of_another_kind(map, ptr, indent))) {
            /* only the context was written in another way */
            free(*out);
            *out = NULL;
            *certain = true;
            return true;
        }
        width = (long)columns(ptr, indent, TABS[i]) + offset;
        if (width < 0 || (offset != 0 && in_habit))
            continue;
        text = render(map, (size_t)width, TABS[i], ptr + indent, len - indent, &text_len);
        if (found && !equal(text, text_len, *out, *out_len)) {
            free(text);
            free(*out);
            *out = NULL;
            *certain = false;
            return true;
        }
        free(*out);
        *out = text;
        *out_len = text_len;
        found = true;
        *certain = true;
    }
    return found;
}

/* From the deepest known indentation that this one continues by whole steps. */
static bool apply_nearest(const struct indent_map *map, const char *ptr, size_t len, size_t indent,
                          char **out, size_t *out_len)
{
    const struct indent_pair *best = NULL;
    size_t rest;

    for (size_t i = 0; i < map->n; i++) {
        const struct indent_pair *p = &map->v[i];

        if (p->from_len <= indent && memcmp(p->from, ptr, p->from_len) == 0 &&
            (!best || p->from_len > best->from_len))
            best = p;
    }
    if (!best)
        return false;
    rest = indent - best->from_len;
    if (!only(ptr + best->from_len, rest, map->file_tabs ? '\t' : ' ') ||
        columns(ptr + best->from_len, rest, map->unit) % map->unit != 0 ||
        columns(best->to, best->to_len, map->unit) % map->unit != 0)
        return false;
    *out = join(best->to, best->to_len, ptr + best->from_len, len - best->from_len, "", 0, out_len);
    return true;
}

/* The file says the same by other blanks, column for column. */
static bool is_conversion(const struct indent_map *map, size_t *tab)
{
    for (size_t i = 0; i < sizeof(TABS) / sizeof(TABS[0]); i++) {
        long offset;

        if (find_offset(map, TABS[i], &offset) && offset == 0) {
            *tab = TABS[i];
            return true;
        }
    }
    return false;
}

bool indent_swap_of(const struct indent_map *map, struct indent_swap *out)
{
    struct indent_swap swap = {.to_tabs = map->file_tabs};

    if (map->same || !is_conversion(map, &swap.tab))
        return false;
    for (size_t i = 0; i < map->n; i++) {
        if (indent_is_swapped(&swap, map->v[i].to, map->v[i].to_len))
            return false; /* the file has both kinds */
    }
    *out = swap;
    return true;
}

bool indent_is_swapped(const struct indent_swap *swap, const char *ptr, size_t len)
{
    size_t indent = line_indent(ptr, len);

    return swap->to_tabs ? indent >= swap->tab && only(ptr, indent, ' ') :
                           memchr(ptr, '\t', indent) != NULL;
}

char *indent_swapped(const struct indent_swap *swap, const char *ptr, size_t len, size_t *out_len)
{
    const struct indent_map as_file = {.file_tabs = swap->to_tabs};
    size_t indent = line_indent(ptr, len);

    return render(&as_file, columns(ptr, indent, swap->tab), swap->tab, ptr + indent, len - indent,
                  out_len);
}

static bool is_of_the_file(const struct indent_map *map, const char *ptr, size_t indent)
{
    for (size_t i = 0; i < map->n; i++) {
        if (equal(map->v[i].to, map->v[i].to_len, ptr, indent))
            return true;
    }
    return false;
}

bool indent_is_same_line(const struct indent_map *map, const struct hunk_line *a,
                         const struct hunk_line *b)
{
    size_t a_indent = line_indent(a->ptr, a->len);
    size_t b_indent = line_indent(b->ptr, b->len);
    size_t tab;

    return !map->same &&
           equal(a->ptr + a_indent, a->len - a_indent, b->ptr + b_indent, b->len - b_indent) &&
           is_conversion(map, &tab) &&
           columns(a->ptr, a_indent, tab) == columns(b->ptr, b_indent, tab);
}

bool indent_apply(const struct indent_map *map, const struct hunk_line *line, char **out,
                  size_t *out_len)
{
    size_t indent = line_indent(line->ptr, line->len);
    const struct indent_pair *known;
    struct indent_swap swap;
    bool certain = false;
    size_t tab;

    *out = NULL;
    if (map->same || line->len == 0)
        return true;
    if (line_is_blank(line->ptr, line->len)) {
        if (indent_swap_of(map, &swap) && indent_is_swapped(&swap, line->ptr, line->len))
            *out = indent_swapped(&swap, line->ptr, line->len, out_len);
        return true;
    }
    if (is_of_the_file(map, line->ptr, indent) && is_conversion(map, &tab))
        return true; /* written in the file's way while the context was not */
    known = find_pair(map, line->ptr, indent);
    if (known) {
        *out =
            join(known->to, known->to_len, line->ptr + indent, line->len - indent, "", 0, out_len);
        return true;
    }
    if (apply_shift(map, line->ptr, line->len, indent, &certain, out, out_len))
        return certain;
    if (apply_columns(map, line->ptr, line->len, indent, &certain, out, out_len))
        return certain;
    return apply_nearest(map, line->ptr, line->len, indent, out, out_len);
}
