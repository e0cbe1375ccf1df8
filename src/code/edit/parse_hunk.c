#include "parse.h"

#include "markers.h"

#include <stdlib.h>
#include <string.h>

static bool read_number(const char **at, const char *end, long *out)
{
    long value = 0;
    const char *from = *at;

    while (*at < end && **at >= '0' && **at <= '9' && *at - from < 9) {
        value = value * 10 + (**at - '0');
        (*at)++;
    }
    *out = value;
    return *at > from;
}

/* "-12,3" or "+12,3"; the count is 1 when it is not there. */
static bool read_range(const char **at, const char *end, char sign, long *start, long *count)
{
    while (*at < end && **at == ' ')
        (*at)++;
    if (*at == end || **at != sign)
        return false;
    (*at)++;
    if (!read_number(at, end, start))
        return false;
    *count = 1;
    if (*at < end && **at == ',') {
        (*at)++;
        return read_number(at, end, count);
    }
    return true;
}

void parse_hunk_header(const struct line *line, struct hunk *hunk, struct span *text)
{
    const char *at = line->ptr + 2;
    const char *end = line->ptr + line->len;
    const char *close;
    long start;
    long old_count;
    long new_start;
    long new_count;

    if (read_range(&at, end, '-', &start, &old_count) &&
        read_range(&at, end, '+', &new_start, &new_count)) {
        /* "-5,0" speaks of the line behind which something goes */
        hunk->old_start = old_count == 0 ? start + 1 : start;
        hunk->old_count = old_count;
        hunk->new_count = new_count;
    } else {
        at = line->ptr + 2;
    }
    close = memmem(at, (size_t)(end - at), "@@", 2);
    if (close && hunk->old_count >= 0) {
        at = close + 2;
    } else if (close) { /* "@@ text @@" or "@@ ... @@" */
        text->ptr = at;
        text->len = (size_t)(close - at);
        line_trim(&text->ptr, &text->len);
        if (text->len > 0)
            return;
        at = close + 2;
    }
    text->ptr = at;
    text->len = (size_t)(end - at);
    line_trim(&text->ptr, &text->len);
}

/* "--- a/x" and "+++ b/x" with "@@" behind them, in the middle of a hunk. */
static bool next_file_starts(const struct scan *scan, size_t i)
{
    const struct line *a = scan_line(scan, i);
    const struct line *b = scan_line(scan, i + 1);
    const struct line *c = scan_line(scan, i + 2);

    return b && line_starts(a->ptr, a->len, "--- ") && line_starts(b->ptr, b->len, "+++ ") &&
           (!c || line_starts(c->ptr, c->len, "@@") || udiff_starts(scan, i));
}

static bool ends_hunk(const struct scan *scan, size_t i, bool envelope)
{
    const struct line *line = scan_line(scan, i);
    size_t len;
    size_t info;
    char mark;

    if (line_starts(line->ptr, line->len, "@@"))
        return true;
    if (envelope)
        return line_starts(line->ptr, line->len, "*** ");
    if (line_starts(line->ptr, line->len, "diff --git ") || next_file_starts(scan, i))
        return true;
    if (line->len > 0 && (line->ptr[0] == '`' || line->ptr[0] == '~') &&
        line_is_fence(line, &mark, &len, &info))
        return true;
    return scan->wanted == EDIT_AUTO &&
           (apply_patch_starts(scan, i) || search_replace_starts(scan, i));
}

/* "\ No newline at end of file" */
static void note_no_eol(struct hunk *hunk)
{
    enum hunk_line_kind kind = hunk->n > 0 ? hunk->lines[hunk->n - 1].kind : LINE_CONTEXT;

    hunk->says_no_eol = true;
    if (kind != LINE_ADD)
        hunk->old_no_eol = true;
    if (kind != LINE_REMOVE)
        hunk->new_no_eol = true;
}

static void add_hunk_line(struct hunk *hunk, const struct line *line)
{
    struct hunk_line *added;

    if (line->len == 0 || (line->ptr[0] != ' ' && line->ptr[0] != '+' && line->ptr[0] != '-')) {
        added = hunk_add_line(hunk, LINE_CONTEXT, line->ptr, line->len);
        added->loose = true;
    } else {
        added = hunk_add_line(hunk,
                              line->ptr[0] == '+' ? LINE_ADD :
                              line->ptr[0] == '-' ? LINE_REMOVE :
                                                    LINE_CONTEXT,
                              line->ptr + 1, line->len - 1);
    }
    added->cr = line->eol == EOL_CRLF;
}

/* The signature of a mailed patch: "-- " and the version of git. */
static bool is_mail_end(const struct scan *scan, size_t i, const struct hunk *hunk)
{
    const struct line *line = scan_line(scan, i);
    const struct line *next = scan_line(scan, i + 1);

    return hunk->old_count >= 0 && line_is(line->ptr, line->len, "-- ") && next && next->len > 0 &&
           next->ptr[0] >= '0' && next->ptr[0] <= '9';
}

void parse_hunk_lines(struct scan *scan, struct hunk *hunk, bool envelope)
{
    for (; scan->i < scan->lines.n; scan->i++) {
        const struct line *line = scan_line(scan, scan->i);

        if (ends_hunk(scan, scan->i, envelope) || (!envelope && is_mail_end(scan, scan->i, hunk)))
            return;
        hunk->ends_answer = line->eol == EOL_NONE;
        if (line->len > 0 && line->ptr[0] == '\\')
            note_no_eol(hunk);
        else
            add_hunk_line(hunk, line);
    }
}

static void count_sides(const struct hunk *hunk, size_t n, long *old, long *new)
{
    *old = 0;
    *new = 0;
    for (size_t i = 0; i < n; i++) {
        *old += hunk->lines[i].kind != LINE_ADD;
        *new += hunk->lines[i].kind != LINE_REMOVE;
    }
}

/* When the header's counts say that loose lines at the end do not belong to the hunk, drop them. */
static void cut_by_counts(struct hunk *hunk)
{
    size_t n = hunk->n;
    long old;
    long new;

    for (;;) {
        count_sides(hunk, n, &old, &new);
        if (old == hunk->old_count && new == hunk->new_count) {
            hunk->n = n;
            return;
        }
        if (n == 0 || !hunk->lines[n - 1].loose)
            return;
        n--;
    }
}

int finish_hunk(struct scan *scan, struct hunk *hunk)
{
    if (hunk->old_count >= 0)
        cut_by_counts(hunk);
    if (!hunk_has_change(hunk))
        return refuse(scan->why, REASON_TRUNCATED,
                      "the hunk at line %zu of the answer changes nothing; the answer was cut off "
                      "or lacks its \"+\" and \"-\"",
                      hunk->answer_line);
    hunk_mark_stuck(hunk);
    hunk_normalise(hunk);
    hunk_relax(hunk);
    return VDO_OK;
}
