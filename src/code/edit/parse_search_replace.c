#include "parse.h"

#include "markers.h"

#include "vdo/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct block {
    size_t begin;  /* line of the SEARCH marker */
    size_t search; /* first line behind it */
    size_t end;    /* line of the REPLACE marker */
    size_t *middles;
    size_t n_middles;
    long start_line;
};

static int refuse_open(struct scan *scan, const struct block *block)
{
    return refuse(scan->why, REASON_TRUNCATED,
                  "the SEARCH block at line %zu of the answer has no \">>>>>>> REPLACE\"; the "
                  "answer was cut off",
                  block->begin + 1);
}

/* ":start_line:12", ":end_line:20" and "-------" between the marker and the text. */
static void read_hints(struct scan *scan, struct block *block)
{
    size_t i = scan->i;
    bool hinted = false;
    const struct line *line;

    while ((line = scan_line(scan, i)) && (line_starts(line->ptr, line->len, ":start_line:") ||
                                           line_starts(line->ptr, line->len, ":end_line:"))) {
        if (line->ptr[1] == 's')
            block->start_line = strtol(line->ptr + strlen(":start_line:"), NULL, 10);
        hinted = true;
        i++;
    }
    if (hinted && line && line_run_of(line, '-') >= 3 &&
        line_is_blank(line->ptr + line_run_of(line, '-'), line->len - line_run_of(line, '-')))
        i++;
    if (hinted)
        scan->i = i;
}

int refuse_broken_marker(struct scan *scan)
{
    const struct line *line = scan_here(scan);

    return refuse(scan->why, REASON_MALFORMED,
                  "line %zu of the answer is no proper marker: %.*s; use \"<<<<<<< SEARCH\", "
                  "\"=======\" and \">>>>>>> REPLACE\", each alone on its line",
                  scan->i + 1, (int)(line->len < 60 ? line->len : 60), line->ptr);
}

static int find_marks(struct scan *scan, struct block *block)
{
    for (; scan->i < scan->lines.n; scan->i++) {
        if (marker_of(scan_here(scan)) == MARK_NONE && search_replace_broken(scan_here(scan)))
            return refuse_broken_marker(scan);
        switch (marker_of(scan_here(scan))) {
        case MARK_SEARCH:
            return refuse_open(scan, block);
        case MARK_MIDDLE:
            block->middles =
                xreallocarray(block->middles, block->n_middles + 1, sizeof(*block->middles));
            block->middles[block->n_middles++] = scan->i;
            break;
        case MARK_REPLACE:
            block->end = scan->i++;
            if (block->n_middles > 0)
                return VDO_OK;
            return refuse(scan->why, REASON_MALFORMED,
                          "the SEARCH block at line %zu of the answer has no \"=======\" between "
                          "its two parts",
                          block->begin + 1);
        case MARK_NONE:
            break;
        }
    }
    return refuse_open(scan, block);
}

/* Of several lines of "=" those of the usual length are the separator, or may be. */
static void prefer_usual(struct scan *scan, struct block *block)
{
    size_t usual = line_run_of(scan_line(scan, block->begin), scan->lines.v[block->begin].ptr[0]);
    size_t kept = 0;

    for (size_t i = 0; i < block->n_middles; i++)
        kept += line_run_of(scan_line(scan, block->middles[i]), '=') == usual;
    if (kept == 0 || kept == block->n_middles)
        return;
    kept = 0;
    for (size_t i = 0; i < block->n_middles; i++) {
        if (line_run_of(scan_line(scan, block->middles[i]), '=') == usual)
            block->middles[kept++] = block->middles[i];
    }
    block->n_middles = kept;
}

/* ":start_line:12" or ":end_line: 12" and nothing else. */
static bool is_hint(const struct line *line)
{
    const char *ptr = line->ptr;
    size_t len = line->len;
    size_t n;

    line_trim(&ptr, &len);
    n = line_starts(ptr, len, ":start_line:") ? strlen(":start_line:") :
        line_starts(ptr, len, ":end_line:")   ? strlen(":end_line:") :
                                                0;
    while (n && n < len && (ptr[n] == ' ' || (ptr[n] >= '0' && ptr[n] <= '9')))
        n++;
    return n && n == len;
}

/* What would put a marker into the file: a second separator right behind the first one, a hint of a
 * line in the replacement. */
static int check_marks(struct scan *scan, const struct block *block)
{
    for (size_t k = 0; k + 1 < block->n_middles; k++) {
        if (block->middles[k + 1] == block->middles[k] + 1)
            return refuse(scan->why, REASON_MALFORMED,
                          "the SEARCH block at line %zu of the answer has \"=======\" twice, one "
                          "below the other; put a backslash before the one that is text",
                          block->begin + 1);
    }
    for (size_t i = block->middles[0]; i < block->end; i++) {
        if (is_hint(scan_line(scan, i)))
            return refuse(scan->why, REASON_MALFORMED,
                          "line %zu of the answer: %.*s stands in the replacement; it belongs "
                          "right below the SEARCH marker, or has a backslash before it as text",
                          i + 1, (int)scan_line(scan, i)->len, scan_line(scan, i)->ptr);
    }
    return VDO_OK;
}

/* Lines from .. to of the answer as hunk lines; an escaped marker loses its backslash. */
static struct hunk_line *block_lines(const struct scan *scan, size_t from, size_t to)
{
    struct hunk_line *v = xcalloc(to - from + 1, sizeof(*v));

    for (size_t i = from; i < to; i++) {
        const struct line *line = scan_line(scan, i);
        struct line rest = {line->ptr + 1, line->len - 1, line->eol};
        bool escaped =
            line->len > 3 && line->ptr[0] == '\\' &&
            (marker_of(&rest) != MARK_NONE || line_run_of(&rest, '-') >= 7 || is_hint(&rest));

        v[i - from] = (struct hunk_line){.ptr = escaped ? rest.ptr : line->ptr,
                                         .len = escaped ? rest.len : line->len,
                                         .cr = line->eol == EOL_CRLF};
    }
    return v;
}

/* Blank lines around a block may be mere layout. */
static void loosen_blanks(struct hunk *hunk)
{
    for (size_t i = 0; i < hunk->n; i++) {
        struct hunk_line *line = &hunk->lines[i];

        line->loose = hunk_line_is_old(line) && line_is_blank(line->ptr, line->len);
    }
}

static void fill_hunk(const struct scan *scan, const struct block *block, size_t middle,
                      struct hunk *hunk)
{
    struct hunk_line *search = block_lines(scan, block->search, middle);
    struct hunk_line *replace = block_lines(scan, middle + 1, block->end);

    hunk->old_start = block->start_line > 0 ? block->start_line : 0;
    hunk_from_blocks(hunk, search, middle - block->search, replace, block->end - middle - 1);
    hunk_mark_stuck(hunk);
    loosen_blanks(hunk);
    hunk_relax(hunk);
    free(search);
    free(replace);
}

/* "12 | code": how many bytes the number and the bar take; 0 when the line has none. */
static size_t number_prefix(const struct hunk_line *line, long *out)
{
    size_t i = line_indent(line->ptr, line->len);
    size_t from = i;

    *out = 0;
    while (i < line->len && line->ptr[i] >= '0' && line->ptr[i] <= '9' && i - from < 7)
        *out = *out * 10 + (line->ptr[i++] - '0');
    if (i == from)
        return 0;
    if (i < line->len && line->ptr[i] == ' ' && i + 1 < line->len && line->ptr[i + 1] == '|')
        i++;
    if (i >= line->len || line->ptr[i] != '|')
        return 0;
    i++;
    return i < line->len && line->ptr[i] == ' ' ? i + 1 : i;
}

/* Take the numbers of a listing off all lines; false when one has none or they do not count up. */
static bool strip_numbers(struct hunk_line *v, size_t n, long *first)
{
    long number;
    long previous = 0;

    for (size_t i = 0; i < n; i++) {
        if (number_prefix(&v[i], &number) == 0 || (i > 0 && number <= previous))
            return false;
        previous = number;
        if (i == 0)
            *first = number;
    }
    for (size_t i = 0; i < n; i++) {
        size_t skip = number_prefix(&v[i], &number);

        v[i].ptr += skip;
        v[i].len -= skip;
    }
    return n > 0;
}

/* Another reading, for text copied out of a numbered listing. */
static struct hunk *without_numbers(const struct scan *scan, const struct block *block,
                                    size_t middle)
{
    struct hunk_line *search = block_lines(scan, block->search, middle);
    struct hunk_line *replace = block_lines(scan, middle + 1, block->end);
    struct hunk *hunk = NULL;
    long first = 0;
    long ignored;

    if (strip_numbers(search, middle - block->search, &first)) {
        (void)strip_numbers(replace, block->end - middle - 1, &ignored);
        hunk = xcalloc(1, sizeof(*hunk));
        *hunk = (struct hunk){
            .answer_line = block->begin + 1, .old_start = first, .old_count = -1, .new_count = -1};
        hunk_from_blocks(hunk, search, middle - block->search, replace, block->end - middle - 1);
        hunk_mark_stuck(hunk);
    }
    free(search);
    free(replace);
    return hunk;
}

static struct file_op *open_op(struct scan *scan, char *path, size_t line)
{
    struct file_op *last = scan->plan->n > 0 ? &scan->plan->ops[scan->plan->n - 1] : NULL;

    if (last && last->format == EDIT_SEARCH_REPLACE && strcmp(last->path, path) == 0 &&
        (last->n == 0 || hunk_has_old(&last->hunks[0]))) {
        free(path);
        return last;
    }
    return plan_add_op(scan->plan, OP_UPDATE, path, EDIT_SEARCH_REPLACE, line);
}

static int add_block(struct scan *scan, const struct block *block)
{
    char *path = scan_take_path(scan);
    struct file_op *op;
    struct hunk *hunk;
    struct hunk **alt;

    assert(block->middles && block->n_middles > 0);
    if (!path)
        return refuse(scan->why, REASON_MALFORMED,
                      "the SEARCH block at line %zu of the answer names no file; put the file's "
                      "path alone on the line above it",
                      block->begin + 1);
    scan_used_path(scan, path);
    op = open_op(scan, path, block->begin + 1);
    hunk = op_add_hunk(op, block->begin + 1);
    fill_hunk(scan, block, block->middles[0], hunk);
    alt = &hunk->alt;
    for (size_t i = 1; i < block->n_middles; i++) {
        *alt = xcalloc(1, sizeof(**alt));
        **alt = (struct hunk){.answer_line = block->begin + 1, .old_count = -1, .new_count = -1};
        fill_hunk(scan, block, block->middles[i], *alt);
        alt = &(*alt)->alt;
    }
    *alt = without_numbers(scan, block, block->middles[0]);
    return VDO_OK;
}

int parse_search_replace(struct scan *scan)
{
    struct block block = {.begin = scan->i};
    int rc;

    scan->i++;
    read_hints(scan, &block);
    block.search = scan->i;
    rc = find_marks(scan, &block);
    if (rc == VDO_OK) {
        prefer_usual(scan, &block);
        rc = check_marks(scan, &block);
        if (rc == VDO_OK)
            rc = add_block(scan, &block);
    }
    free(block.middles);
    return rc;
}
