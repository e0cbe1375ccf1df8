#include "parse.h"

#include "markers.h"
#include "paths.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct opening {
    char mark;
    size_t len;
    size_t indent;
    size_t info; /* where the info string starts */
};

static bool read_fence_line(const struct line *line, struct opening *out)
{
    out->indent = line_indent(line->ptr, line->len);
    return line_is_fence(line, &out->mark, &out->len, &out->info);
}

static bool is_same_fence(const struct line *line, const struct opening *open, bool *bare)
{
    struct opening here;

    if (!read_fence_line(line, &here) || here.mark != open->mark || here.len < open->len ||
        here.indent > open->indent + 3)
        return false;
    *bare = line_is_blank(line->ptr + here.info, line->len - here.info);
    return true;
}

static bool is_markdown(const char *path)
{
    static const char *const ENDS[] = {".md", ".mdx", ".markdown", ".mkd", ".rmd", ".qmd"};
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); i++) {
        size_t n = strlen(ENDS[i]);

        if (len > n && strcasecmp(path + len - n, ENDS[i]) == 0)
            return true;
    }
    return false;
}

/* Does the line, and the fence behind it, start the next file? */
static bool next_file(const struct scan *scan, size_t i)
{
    const struct line *line = scan_line(scan, i);
    struct opening open;
    bool weak;
    char *path;
    size_t next = i + 1;

    while (next < scan->lines.n && line_is_blank(scan->lines.v[next].ptr, scan->lines.v[next].len))
        next++;
    if (next >= scan->lines.n || !read_fence_line(scan_line(scan, next), &open))
        return false;
    path = path_from_line(scan->work, line, &weak);
    free(path);
    return path && !weak;
}

/*
 * The line that closes the fence opened before `from`; SIZE_MAX when none does. A fence with an
 * info string inside opens another one. In Markdown files bare fences may come in pairs: then the
 * last one before the next file closes.
 */
static size_t find_close(const struct scan *scan, size_t from, const struct opening *open,
                         bool markdown)
{
    size_t depth = 0;
    size_t last = SIZE_MAX;
    size_t bare_count = 0;

    for (size_t i = from; i < scan->lines.n; i++) {
        bool bare;

        if (markdown && last != SIZE_MAX && depth == 0 && bare_count % 2 == 1 && next_file(scan, i))
            break;
        if (!is_same_fence(scan_line(scan, i), open, &bare))
            continue;
        if (!bare) {
            depth++;
        } else if (depth > 0) {
            depth--;
        } else {
            last = i;
            bare_count++;
            if (!markdown)
                return i;
        }
    }
    return bare_count % 2 == 1 && depth == 0 ? last : SIZE_MAX;
}

/* Is it the wrapping of an answer in another format? */
static bool holds_other_format(const struct scan *scan, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (udiff_starts(scan, i) || apply_patch_starts(scan, i) || search_replace_starts(scan, i))
            return true;
    }
    return false;
}

static bool named_right_above(const struct scan *scan)
{
    size_t i = scan->i;

    while (i > 0 && line_is_blank(scan->lines.v[i - 1].ptr, scan->lines.v[i - 1].len))
        i--;
    return i > 0 && scan->named_line == i - 1;
}

/* The file of the fence at scan->i, NULL when it names none. *first is where its content starts. */
static char *fence_path(struct scan *scan, const struct opening *open, size_t *first)
{
    const struct line *line = scan_line(scan, scan->i);
    const struct line *inside = scan_line(scan, scan->i + 1);
    char *path = path_from_info(scan->work, line->ptr + open->info, line->len - open->info);
    bool weak;

    if (path)
        return path;
    if (scan->named &&
        (scan->wanted == EDIT_WHOLE || (!scan->named_is_weak && named_right_above(scan)))) {
        path = scan->named;
        scan->named = NULL;
        return path;
    }
    if (scan->wanted != EDIT_WHOLE || !inside)
        return NULL;
    path = path_from_line(scan->work, inside, &weak);
    if (path && !weak) {
        *first += 1;
        return path;
    }
    free(path);
    return NULL;
}

static void add_lines(struct scan *scan, struct file_op *op, size_t from, size_t to)
{
    struct hunk *hunk = op_add_hunk(op, from + 1);

    for (size_t i = from; i < to; i++) {
        const struct line *line = scan_line(scan, i);

        hunk_add_line(hunk, LINE_ADD, line->ptr, line->len)->cr = line->eol == EOL_CRLF;
    }
}

static int refuse_open(struct scan *scan, const char *path)
{
    return refuse(scan->why, REASON_TRUNCATED,
                  "%s: the fence opened at line %zu of the answer never closes; the answer was cut "
                  "off",
                  path, scan->i + 1);
}

int parse_whole(struct scan *scan)
{
    struct opening open;
    size_t first = scan->i + 1;
    size_t close;
    char *path;

    if (!read_fence_line(scan_line(scan, scan->i), &open))
        return 0;
    path = fence_path(scan, &open, &first);
    if (!path)
        return 0;
    close = find_close(scan, first, &open, is_markdown(path));
    if (scan->wanted == EDIT_AUTO &&
        holds_other_format(scan, first, close == SIZE_MAX ? scan->lines.n : close)) {
        free(scan->named);
        scan->named = path;
        return 0;
    }
    if (close == SIZE_MAX) {
        int rc = refuse_open(scan, path);

        free(path);
        return rc;
    }
    add_lines(scan, plan_add_op(scan->plan, OP_WRITE, path, EDIT_WHOLE, scan->i + 1), first, close);
    scan_used_path(scan, path);
    scan->i = close + 1;
    return 1;
}
