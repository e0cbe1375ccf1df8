#include "lines.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

void lines_add(struct lines *lines, const char *ptr, size_t len, enum eol eol)
{
    if (lines->n == lines->cap) {
        lines->cap = lines->cap ? lines->cap * 2 : 64;
        lines->v = xreallocarray(lines->v, lines->cap, sizeof(*lines->v));
    }
    lines->v[lines->n++] = (struct line){ptr, len, eol};
}

void lines_split(struct lines *lines, const char *bytes, size_t len)
{
    const char *end = bytes + len;

    *lines = (struct lines){0};
    while (bytes < end) {
        const char *lf = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t n = (size_t)((lf ? lf : end) - bytes);

        if (!lf)
            lines_add(lines, bytes, n, EOL_NONE);
        else if (n > 0 && bytes[n - 1] == '\r')
            lines_add(lines, bytes, n - 1, EOL_CRLF);
        else
            lines_add(lines, bytes, n, EOL_LF);
        bytes += n + 1;
    }
}

void lines_drop_cr(struct lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        while (lines->v[i].len > 0 && lines->v[i].ptr[lines->v[i].len - 1] == '\r')
            lines->v[i].len--;
    }
}

void lines_release(struct lines *lines)
{
    free(lines->v);
    *lines = (struct lines){0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

size_t line_indent(const char *ptr, size_t len)
{
    size_t n = 0;

    while (n < len && (ptr[n] == ' ' || ptr[n] == '\t'))
        n++;
    return n;
}

size_t line_rstrip(const char *ptr, size_t len)
{
    while (len > 0 && is_blank(ptr[len - 1]))
        len--;
    return len;
}

bool line_is_blank(const char *ptr, size_t len)
{
    return line_rstrip(ptr, len) == 0;
}

void line_trim(const char **ptr, size_t *len)
{
    *len = line_rstrip(*ptr, *len);
    while (*len > 0 && is_blank(**ptr)) {
        (*ptr)++;
        (*len)--;
    }
}

bool line_starts(const char *ptr, size_t len, const char *text)
{
    size_t n = strlen(text);

    return len >= n && memcmp(ptr, text, n) == 0;
}

bool line_is(const char *ptr, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(ptr, text, len) == 0;
}
