#include "work.h"

#include "indent.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void prepare(struct work_file *file)
{
    size_t n = file->text.lines.n;

    if (file->removed)
        return;
    file->removed = xcalloc(n + 1, 1);
    file->after = xcalloc(n + 2, sizeof(*file->after));
    file->before = xcalloc(n + 2, sizeof(*file->before));
}

/* --- making what is noted ------------------------------------------------------------------ */

static void add_insertion(struct lines *out, const struct work_file *file, uint32_t slot)
{
    const struct insertion *ins;

    if (slot == 0)
        return;
    ins = &file->insertions[slot - 1];
    for (size_t i = 0; i < ins->n; i++)
        lines_add(out, ins->v[i].ptr, ins->v[i].len, ins->v[i].eol);
}

static bool last_is_new(const struct work_file *file, const struct lines *out)
{
    const struct line *last = &out->v[out->n - 1];

    for (size_t i = 0; i < file->n_insertions; i++) {
        const struct insertion *ins = &file->insertions[i];

        if (ins->n > 0 && ins->v[ins->n - 1].ptr == last->ptr)
            return true;
    }
    return false;
}

/* Every line but the last ends; the last one as the file's last did, unless the answer says
 * otherwise. */
static void end_lines(const struct work_file *file, struct lines *out)
{
    const struct lines *had = &file->text.lines;
    struct line *last = &out->v[out->n - 1];

    for (size_t i = 0; i + 1 < out->n; i++) {
        if (out->v[i].eol == EOL_NONE)
            out->v[i].eol = file->eol;
    }
    if (file->final_eol == 1)
        last->eol = last->eol == EOL_NONE ? file->eol : last->eol;
    else if (file->final_eol == 0 ||
             (last_is_new(file, out) && had->n > 0 && had->v[had->n - 1].eol == EOL_NONE))
        last->eol = EOL_NONE;
}

static char *join_lines(const struct work_file *file, const struct lines *out, size_t *out_len)
{
    size_t len = file->bom;
    char *bytes;
    char *at;

    for (size_t i = 0; i < out->n; i++)
        len += out->v[i].len + (size_t)out->v[i].eol;
    bytes = xmalloc(len + 1);
    memcpy(bytes, file->bytes ? file->bytes : "", file->bom);
    at = bytes + file->bom;
    for (size_t i = 0; i < out->n; i++) {
        memcpy(at, out->v[i].ptr, out->v[i].len);
        at += out->v[i].len;
        if (out->v[i].eol == EOL_CRLF)
            *at++ = '\r';
        if (out->v[i].eol != EOL_NONE)
            *at++ = '\n';
    }
    *at = '\0';
    *out_len = len;
    return bytes;
}

/* Has an old line of the hunk the indentation that the swap would take away? Then the answer writes
 * it as the file does. */
static bool speaks_against(const struct insertion *ins, const struct indent_swap *swap)
{
    return swap->to_tabs ? ins->old_blanks >= swap->tab : ins->old_tabs;
}

/* Additions beside lines without indentation: what other hunks for the file tell of the answer's
 * tabs and blanks holds for them, too. */
static void swap_untold(struct work_file *file)
{
    if (!file->swap.tab || file->swap_is_unclear)
        return;
    for (size_t i = 0; i < file->n_insertions; i++) {
        struct insertion *ins = &file->insertions[i];

        if (!ins->untold || speaks_against(ins, &file->swap))
            continue;
        for (size_t k = 0; k < ins->n; k++) {
            if (ins->owned[k] || !indent_is_swapped(&file->swap, ins->v[k].ptr, ins->v[k].len))
                continue;
            ins->owned[k] =
                indent_swapped(&file->swap, ins->v[k].ptr, ins->v[k].len, &ins->v[k].len);
            ins->v[k].ptr = ins->owned[k];
        }
    }
}

void work_settle(struct work_file *file)
{
    struct lines out = {0};
    size_t len;
    char *bytes;

    if (!file->pending)
        return;
    swap_untold(file);
    add_insertion(&out, file, file->after[0]);
    for (size_t i = 0; i < file->text.lines.n; i++) {
        const struct line *line = &file->text.lines.v[i];

        add_insertion(&out, file, file->before[i]);
        if (!file->removed[i])
            lines_add(&out, line->ptr, line->len, line->eol);
        add_insertion(&out, file, file->after[i + 1]);
    }
    if (out.n > 0)
        end_lines(file, &out);
    bytes = join_lines(file, &out, &len);
    lines_release(&out);
    work_forget(file);
    work_set_bytes(file, bytes, len);
}

/* --- noting a placed hunk ------------------------------------------------------------------ */

struct placing {
    struct work_file *file;
    const struct place *place;
    const struct hunk *hunk;
    struct indent_map map;
    bool answer_has_cr;
    struct refusal *why;
};

/* A file with both line endings takes them from the answer, when the answer has some. */
static enum eol added_eol(const struct placing *p, const struct hunk_line *line)
{
    if (p->file->mixed && p->answer_has_cr)
        return line->cr ? EOL_CRLF : EOL_LF;
    return p->file->eol;
}

static uint32_t *slot_for(const struct placing *p, size_t from, size_t to)
{
    const size_t *at = p->place->at;

    if (from > p->place->skip_head && at[from - 1] != SIZE_MAX)
        return &p->file->after[at[from - 1] + 1];
    if (to + p->place->skip_tail < p->hunk->n && at[to] != SIZE_MAX)
        return &p->file->before[at[to]];
    return &p->file->after[p->place->first]; /* no old line at all: an empty file, or its end */
}

static int refuse_uneven(const struct placing *p)
{
    return refuse(p->why, REASON_AMBIGUOUS,
                  "%s line %zu: the indentation of the answer (line %zu) is not that of the file "
                  "and does not differ evenly from it; copy the lines from the file",
                  p->file->path, p->place->first + 1, p->hunk->answer_line);
}

static int refuse_overlap(const struct placing *p, size_t line)
{
    return refuse(p->why, REASON_OVERLAP,
                  "%s line %zu: two changes of the answer meet there (the second at line %zu of "
                  "the answer); join them into one",
                  p->file->path, line + 1, p->hunk->answer_line);
}

/* The file's line for an addition that only repeats one of the lines removed right in front of the
 * additions; SIZE_MAX: none. *from is where to look on. */
static size_t repeated_line(const struct placing *p, size_t i, size_t first_add, size_t *from)
{
    for (size_t k = *from; k < first_add; k++) {
        if (p->place->at[k] != SIZE_MAX &&
            indent_is_same_line(&p->map, &p->hunk->lines[k], &p->hunk->lines[i])) {
            *from = k + 1;
            return p->place->at[k];
        }
    }
    return SIZE_MAX;
}

static size_t removed_run(const struct placing *p, size_t first_add)
{
    while (first_add > p->place->skip_head && p->hunk->lines[first_add - 1].kind == LINE_REMOVE)
        first_add--;
    return first_add;
}

/* Does the hunk itself tell how its additions are indented? */
static void note_untold(const struct placing *p, struct insertion *ins)
{
    ins->untold = p->map.n == 0 || p->map.same;
    for (size_t i = 0; ins->untold && i < p->hunk->n; i++) {
        const struct hunk_line *line = &p->hunk->lines[i];
        size_t indent = line_indent(line->ptr, line->len);

        if (!hunk_line_is_old(line))
            continue;
        if (memchr(line->ptr, '\t', indent))
            ins->old_tabs = true;
        else if (indent > ins->old_blanks)
            ins->old_blanks = indent;
    }
}

/* Lines from .. to of the hunk are additions. */
static int insert(struct placing *p, size_t from, size_t to)
{
    uint32_t *slot = slot_for(p, from, to);
    struct insertion *ins;
    size_t look = removed_run(p, from);
    size_t n = to - from;

    if (*slot)
        return refuse_overlap(p, p->place->first);
    p->file->insertions =
        xreallocarray(p->file->insertions, p->file->n_insertions + 1, sizeof(*ins));
    ins = &p->file->insertions[p->file->n_insertions++];
    *ins = (struct insertion){
        .v = xcalloc(n, sizeof(*ins->v)), .owned = xcalloc(n, sizeof(char *)), .n = n};
    note_untold(p, ins);
    *slot = (uint32_t)p->file->n_insertions;
    for (size_t i = 0; i < n; i++) {
        const struct hunk_line *line = &p->hunk->lines[from + i];
        size_t repeated = p->map.n > 0 ? repeated_line(p, from + i, from, &look) : SIZE_MAX;
        size_t len = line->len;

        if (repeated != SIZE_MAX) {
            ins->v[i] = p->file->text.lines.v[repeated];
            continue;
        }
        if (p->map.n > 0 && !indent_apply(&p->map, line, &ins->owned[i], &len))
            return refuse_uneven(p);
        ins->v[i].ptr = ins->owned[i] ? ins->owned[i] : line->ptr;
        ins->v[i].len = ins->owned[i] ? len : line->len;
        ins->v[i].eol = added_eol(p, line);
    }
    return VDO_OK;
}

static int note_lines(struct placing *p)
{
    size_t end = p->hunk->n - p->place->skip_tail;

    for (size_t i = p->place->skip_head; i < end;) {
        size_t at = p->place->at[i];
        size_t to = i + 1;

        if (p->hunk->lines[i].kind == LINE_ADD) {
            while (to < end && p->hunk->lines[to].kind == LINE_ADD)
                to++;
            if (insert(p, i, to))
                return VDO_E_REFUSED;
        } else if (at != SIZE_MAX) {
            if (p->file->removed[at])
                return refuse_overlap(p, at);
            p->file->removed[at] = p->hunk->lines[i].kind == LINE_REMOVE;
        }
        i = to;
    }
    return VDO_OK;
}

static bool has_cr(const struct hunk *hunk)
{
    for (size_t i = 0; i < hunk->n; i++) {
        if (hunk->lines[i].cr)
            return true;
    }
    return false;
}

/* Does the hunk reach the file's last line? */
static bool reaches_end(const struct placing *p)
{
    size_t n = p->file->text.lines.n;

    return n == 0 || p->place->last + 1 >= n;
}

/* What this hunk tells of how the answer indents. */
static void learn_swap(struct placing *p)
{
    struct indent_swap swap;
    struct work_file *file = p->file;

    if (!indent_swap_of(&p->map, &swap))
        return;
    if (file->swap.tab && (file->swap.tab != swap.tab || file->swap.to_tabs != swap.to_tabs))
        file->swap_is_unclear = true;
    file->swap = swap;
}

int work_place(struct work_file *file, const struct place *place, struct refusal *why)
{
    struct placing p = {.file = file, .place = place, .hunk = place->hunk, .why = why};
    bool blanks = place->kind == MATCH_INDENTATION || place->kind == MATCH_BLANKS;
    int rc = VDO_OK;

    prepare(file);
    p.answer_has_cr = has_cr(p.hunk);
    if (blanks && !indent_map_init(&p.map, p.hunk, place->at, &file->text.lines))
        rc = refuse_uneven(&p);
    if (rc == VDO_OK && blanks)
        learn_swap(&p);
    if (rc == VDO_OK)
        rc = note_lines(&p);
    if (rc == VDO_OK && p.hunk->says_no_eol && reaches_end(&p))
        file->final_eol = p.hunk->new_no_eol ? 0 : 1;
    if (rc == VDO_OK)
        file->pending = true;
    indent_map_release(&p.map);
    return rc;
}
