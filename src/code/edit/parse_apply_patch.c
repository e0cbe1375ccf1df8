#include "parse.h"

#include "markers.h"
#include "paths.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

static bool starts(const struct line *line, const char *text)
{
    return line_starts(line->ptr, line->len, text);
}

static char *mark_path(const struct line *line)
{
    const char *colon = memchr(line->ptr, ':', line->len);

    return path_clean(colon + 1, (size_t)(line->ptr + line->len - colon - 1));
}

/* "@@", "@@ class A", "@@ -1,2 +3,4 @@ heading"; several may follow each other. */
static void read_hunk_heads(struct scan *scan, struct hunk *hunk)
{
    const struct line *line;

    while ((line = scan_line(scan, scan->i)) && starts(line, "@@")) {
        struct span text = {0};

        parse_hunk_header(line, hunk, &text);
        if (hunk->old_count < 0 && text.len > 0 && !line_is(text.ptr, text.len, "..."))
            hunk_add_anchor(hunk, text.ptr, text.len);
        scan->i++;
    }
}

static int read_hunk(struct scan *scan, struct file_op *op)
{
    struct hunk *hunk = op_add_hunk(op, scan->i + 1);
    const struct line *line;

    read_hunk_heads(scan, hunk);
    parse_hunk_lines(scan, hunk, true);
    line = scan_line(scan, scan->i);
    if (line && line_is_mark(line, "*** End of File")) {
        hunk->at_eof = true;
        scan->i++;
    }
    hunk->appends = hunk->old_count < 0;

    return finish_hunk(scan, hunk);
}

static bool update_ends(const struct scan *scan)
{
    const struct line *line = scan_line(scan, scan->i);

    return !line || starts(line, "*** ");
}

static bool only_blank_left(const struct scan *scan)
{
    size_t i = scan->i;

    while (i < scan->lines.n && line_is_blank(scan->lines.v[i].ptr, scan->lines.v[i].len))
        i++;
    return i == scan->lines.n || starts(scan_line(scan, i), "*** ");
}

/* A file mark may be indented where no hunk is open. */
static bool dedent_mark(struct line *line)
{
    struct line trimmed = *line;

    line_trim(&trimmed.ptr, &trimmed.len);
    if (!line_is_file_mark(&trimmed))
        return false;
    *line = trimmed;
    return true;
}

static int read_update(struct scan *scan)
{
    const struct line *line = scan_line(scan, scan->i);
    struct file_op *op =
        plan_add_op(scan->plan, OP_UPDATE, mark_path(line), EDIT_APPLY_PATCH, ++scan->i);
    int rc = VDO_OK;

    line = scan_line(scan, scan->i);
    if (line && starts(line, "*** Move to:")) {
        op->to = mark_path(line);
        scan->i++;
    }
    scan_used_path(scan, op->path);
    while (rc == VDO_OK && !update_ends(scan) && !only_blank_left(scan))
        rc = read_hunk(scan, op);
    if (rc)
        return rc;
    while (scan_line(scan, scan->i) &&
           line_is_blank(scan->lines.v[scan->i].ptr, scan->lines.v[scan->i].len))
        scan->i++;
    if (op->n == 0 && !op->to)
        return refuse(scan->why, REASON_TRUNCATED,
                      "\"*** Update File: %s\" at line %zu of the answer has no hunk", op->path,
                      op->answer_line);
    return VDO_OK;
}

static int read_add(struct scan *scan)
{
    const struct line *line = scan_line(scan, scan->i);
    struct file_op *op =
        plan_add_op(scan->plan, OP_ADD, mark_path(line), EDIT_APPLY_PATCH, ++scan->i);
    struct hunk *hunk = op_add_hunk(op, scan->i);

    scan_used_path(scan, op->path);
    for (; (line = scan_line(scan, scan->i)) && !starts(line, "*** "); scan->i++) {
        if (line->len > 0 && line->ptr[0] == '+')
            hunk_add_line(hunk, LINE_ADD, line->ptr + 1, line->len - 1)->cr = line->eol == EOL_CRLF;
        else if (line_is_blank(line->ptr, line->len) && !only_blank_left(scan))
            hunk_add_line(hunk, LINE_ADD, "", 0);
        else if (!line_is_blank(line->ptr, line->len))
            return refuse(scan->why, REASON_MALFORMED,
                          "line %zu of the answer: the lines of the new file %s must start with "
                          "\"+\"",
                          scan->i + 1, op->path);
    }
    return VDO_OK;
}

static int read_delete(struct scan *scan)
{
    struct file_op *op = plan_add_op(scan->plan, OP_DELETE, mark_path(scan_line(scan, scan->i)),
                                     EDIT_APPLY_PATCH, scan->i + 1);

    scan->i++;
    scan_used_path(scan, op->path);
    while (scan_line(scan, scan->i) &&
           line_is_blank(scan->lines.v[scan->i].ptr, scan->lines.v[scan->i].len))
        scan->i++;
    return VDO_OK;
}

static int read_file(struct scan *scan, const struct line *line)
{
    if (starts(line, "*** Update File:"))
        return read_update(scan);
    if (starts(line, "*** Add File:"))
        return read_add(scan);
    return read_delete(scan);
}

/* The lines of a patch without an envelope end at a fence or a here-document's end. */
static size_t bare_end(const struct scan *scan)
{
    size_t i = scan->i;

    for (; i < scan->lines.n; i++) {
        const struct line *line = &scan->lines.v[i];
        size_t len;
        size_t info;
        char mark;

        if (line_is_mark(line, "*** End Patch") || line_is_mark(line, "EOF"))
            return i;
        if (line->len > 0 && line->ptr[0] != ' ' && line_is_fence(line, &mark, &len, &info))
            return i;
    }
    return i;
}

static int parse_bare(struct scan *scan)
{
    size_t all = scan->lines.n;
    const struct line *line;
    int rc = VDO_OK;

    scan->lines.n = bare_end(scan);
    while (rc == VDO_OK && (line = scan_line(scan, scan->i)) && line_is_file_mark(line))
        rc = read_file(scan, line);
    scan->lines.n = all;
    line = scan_line(scan, scan->i);
    if (rc == VDO_OK && line && line_is_mark(line, "*** End Patch"))
        scan->i++;
    return rc;
}

/* The end may be indented, too, where the answer has no other: it is no context line then. */
static void dedent_end(struct scan *scan)
{
    struct line *last = NULL;

    for (size_t i = scan->i; i < scan->lines.n; i++) {
        struct line *line = &scan->lines.v[i];

        if (starts(line, "*** End Patch"))
            return;
        if (line_is_mark(line, "*** End Patch"))
            last = line;
    }
    if (last)
        line_trim(&last->ptr, &last->len);
}

int parse_apply_patch(struct scan *scan)
{
    size_t begin = scan->i;
    size_t had = scan->plan->n;
    const struct line *line = scan_line(scan, scan->i);
    int rc = VDO_OK;

    if (!line_is_mark(line, "*** Begin Patch"))
        return parse_bare(scan);
    scan->i++;
    dedent_end(scan);
    while (rc == VDO_OK && (line = scan_line(scan, scan->i))) {
        if (line_is_mark(line, "*** End Patch")) {
            scan->i++;
            if (scan->plan->n == had)
                return refuse(scan->why, REASON_EMPTY,
                              "the patch at line %zu of the answer is empty", begin + 1);
            return VDO_OK;
        }
        if (dedent_mark(&scan->lines.v[scan->i]))
            rc = read_file(scan, line);
        else if (line_is_blank(line->ptr, line->len))
            scan->i++;
        else
            return refuse(scan->why, REASON_MALFORMED,
                          "line %zu of the answer: expected \"*** Update File:\", \"*** Add "
                          "File:\", \"*** Delete File:\" or \"*** End Patch\", found: %.*s",
                          scan->i + 1, (int)(line->len < 80 ? line->len : 80), line->ptr);
    }
    if (rc)
        return rc;
    return refuse(scan->why, REASON_TRUNCATED,
                  "\"*** Begin Patch\" at line %zu of the answer has no \"*** End Patch\"; the "
                  "answer was cut off",
                  begin + 1);
}
