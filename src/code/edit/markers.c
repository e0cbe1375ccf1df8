#include "markers.h"

#include <string.h>

size_t line_run_of(const struct line *line, char sign)
{
    size_t n = 0;

    while (n < line->len && line->ptr[n] == sign)
        n++;
    return n;
}

static bool word_follows(const struct line *line, size_t from, const char *const *words)
{
    const char *ptr = line->ptr + from;
    size_t len = line->len - from;

    if (len == 0 || ptr[0] != ' ')
        return false;
    line_trim(&ptr, &len);
    if (len > 1 && (ptr[len - 1] == '>' || ptr[len - 1] == '<'))
        len = line_rstrip(ptr, len - 1);
    for (; *words; words++) {
        if (line_is(ptr, len, *words))
            return true;
    }
    return false;
}

enum marker marker_of(const struct line *line)
{
    static const char *const SEARCH[] = {"SEARCH", "ORIGINAL", NULL};
    static const char *const REPLACE[] = {"REPLACE", "UPDATED", NULL};
    size_t n;

    if (line->len < 3)
        return MARK_NONE;
    n = line_run_of(line, line->ptr[0]);
    if (n < 3)
        return MARK_NONE;
    if (line->ptr[0] == '=')
        return line_is_blank(line->ptr + n, line->len - n) ? MARK_MIDDLE : MARK_NONE;
    if ((line->ptr[0] == '<' || line->ptr[0] == '-') && word_follows(line, n, SEARCH))
        return MARK_SEARCH;
    if ((line->ptr[0] == '>' || line->ptr[0] == '+') && word_follows(line, n, REPLACE))
        return MARK_REPLACE;
    return MARK_NONE;
}

bool search_replace_starts(const struct scan *scan, size_t i)
{
    return marker_of(scan_line(scan, i)) == MARK_SEARCH;
}

bool search_replace_broken(const struct line *line)
{
    const char *ptr = line->ptr;
    size_t len = line->len;
    size_t n = 0;

    line_trim(&ptr, &len);
    while (n < len && strchr("<>-+=", ptr[n]))
        n++;
    if (n < 2)
        return false;
    ptr += n;
    len -= n;
    line_trim(&ptr, &len);
    return line_is(ptr, len, "SEARCH") || line_is(ptr, len, "REPLACE");
}

bool line_is_mark(const struct line *line, const char *text)
{
    const char *ptr = line->ptr;
    size_t len = line->len;

    line_trim(&ptr, &len);
    return line_is(ptr, len, text);
}

bool line_is_file_mark(const struct line *line)
{
    return line_starts(line->ptr, line->len, "*** Update File:") ||
           line_starts(line->ptr, line->len, "*** Add File:") ||
           line_starts(line->ptr, line->len, "*** Delete File:");
}

bool apply_patch_starts(const struct scan *scan, size_t i)
{
    const struct line *line = scan_line(scan, i);

    return line_is_mark(line, "*** Begin Patch") || line_is_file_mark(line);
}

bool udiff_starts(const struct scan *scan, size_t i)
{
    const struct line *line = scan_line(scan, i);
    const struct line *next = scan_line(scan, i + 1);

    if (line_starts(line->ptr, line->len, "diff --git "))
        return true;
    if (next && line_starts(line->ptr, line->len, "--- ") &&
        line_starts(next->ptr, next->len, "+++ "))
        return true;
    return line_starts(line->ptr, line->len, "@@") &&
           (line->len == 2 || line->ptr[2] == ' ' || line->ptr[2] == '@');
}
