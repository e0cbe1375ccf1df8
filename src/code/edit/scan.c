#include "scan.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

bool scan_wants(const struct scan *scan, enum edit_format format)
{
    return scan->wanted == EDIT_AUTO || scan->wanted == format;
}

const struct line *scan_line(const struct scan *scan, size_t i)
{
    return i < scan->lines.n ? &scan->lines.v[i] : NULL;
}

const struct line *scan_here(const struct scan *scan)
{
    return &scan->lines.v[scan->i];
}

bool line_is_fence(const struct line *line, char *mark, size_t *len, size_t *info_from)
{
    size_t from = line_indent(line->ptr, line->len);
    size_t n = from;

    if (n >= line->len || (line->ptr[n] != '`' && line->ptr[n] != '~'))
        return false;
    while (n < line->len && line->ptr[n] == line->ptr[from])
        n++;
    if (n - from < 3)
        return false;
    *mark = line->ptr[from];
    *len = n - from;
    *info_from = n;
    /* "```code```" on one line opens nothing */
    return *mark != '`' || !memchr(line->ptr + n, '`', line->len - n);
}

bool scan_fence(struct scan *scan, const struct line *line)
{
    struct fence *fence = &scan->fence;
    size_t info;
    size_t len;
    char mark;

    if (!line_is_fence(line, &mark, &len, &info))
        return false;
    if (fence->open && mark == fence->mark && len >= fence->len &&
        line_is_blank(line->ptr + info, line->len - info)) {
        fence->open = false;
        return true;
    }
    if (fence->open && mark != fence->mark)
        return true;
    *fence = (struct fence){.open = true, .mark = mark, .len = len, .line = scan->i};
    return true;
}

void scan_name_file(struct scan *scan, char *path, bool weak)
{
    free(scan->named);
    scan->named = path;
    scan->named_is_weak = weak;
    scan->named_line = scan->i;
}

char *scan_take_path(struct scan *scan)
{
    char *path = scan->named;

    scan->named = NULL;
    return path ? path : xstrdup_or_null(scan->last_path);
}

void scan_used_path(struct scan *scan, const char *path)
{
    free(scan->last_path);
    scan->last_path = xstrdup(path);
    free(scan->named);
    scan->named = NULL;
    scan->parts++;
}
