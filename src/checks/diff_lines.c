#include "diff_lines.h"

#include "vdo/base/limits.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    char path[VDO_MAX_PATH_BYTES + 1]; /* "" before the first file and for a deleted one */
    int line;
    long old_left; /* lines of the hunk still to come */
    long new_left;
    diff_line_fn take;
    void *arg;
};

/* git quotes paths as C strings: "b/\303\274.txt". */
static size_t unquote(const char *text, size_t len, char *out)
{
    static const char letters[] = "abtnvfr";
    static const char bytes[] = "\a\b\t\n\v\f\r";
    size_t n = 0;

    for (size_t i = 0; i < len && text[i] != '"'; i++) {
        const char *letter;

        if (text[i] != '\\' || i + 1 == len) {
            out[n++] = text[i];
            continue;
        }
        i++;
        letter = memchr(letters, text[i], sizeof(letters) - 1);
        if (i + 2 < len && text[i] >= '0' && text[i] <= '3' &&
            isdigit((unsigned char)text[i + 1]) && isdigit((unsigned char)text[i + 2])) {
            out[n++] = (char)((text[i] - '0') * 64 + (text[i + 1] - '0') * 8 + (text[i + 2] - '0'));
            i += 2;
        } else {
            out[n++] = letter ? bytes[letter - letters] : text[i];
        }
    }
    return n;
}

/* "+++ b/src/a.c", "+++ \"b/\\303\\274\"", "+++ /dev/null" */
static void take_path(struct reader *r, const char *text, size_t len)
{
    size_t n = 0;

    if (len > VDO_MAX_PATH_BYTES)
        len = VDO_MAX_PATH_BYTES;
    if (len && text[0] == '"') {
        n = unquote(text + 1, len - 1, r->path);
    } else {
        const char *tab = memchr(text, '\t', len);

        n = tab ? (size_t)(tab - text) : len;
        memcpy(r->path, text, n);
    }
    r->path[n] = '\0';
    if (strcmp(r->path, "/dev/null") == 0)
        r->path[0] = '\0';
    else if (strncmp(r->path, "b/", 2) == 0)
        memmove(r->path, r->path + 2, n - 1);
}

/* "-12,3" or "+12": start and count. */
static const char *range(const char *at, const char *end, char sign, long *start, long *count)
{
    char *rest;

    while (at < end && *at == ' ')
        at++;
    if (at >= end || *at != sign || !isdigit((unsigned char)at[1]))
        return NULL;
    *start = strtol(at + 1, &rest, 10);
    *count = 1;
    if (*rest == ',' && isdigit((unsigned char)rest[1]))
        *count = strtol(rest + 1, &rest, 10);
    return rest;
}

/* The line is followed by something that is no digit: a line feed or the end of a NUL-ended copy.
 */
static void take_hunk(struct reader *r, const char *text, size_t len)
{
    char head[128];
    long old_start;
    long new_start;
    long counts[2];
    const char *at = head;

    len = len < sizeof(head) - 1 ? len : sizeof(head) - 1;
    memcpy(head, text, len);
    head[len] = '\0';
    at = range(at, head + len, '-', &old_start, &counts[0]);
    at = at ? range(at, head + len, '+', &new_start, &counts[1]) : NULL;
    if (!at || new_start > 1000000000)
        return;
    r->line = (int)new_start;
    r->old_left = counts[0];
    r->new_left = counts[1];
}

static void take_line(struct reader *r, const char *text, size_t len)
{
    char kind = len ? text[0] : ' ';

    if (r->old_left <= 0 && r->new_left <= 0) {
        if (len > 4 && memcmp(text, "+++ ", 4) == 0)
            take_path(r, text + 4, len - 4);
        else if (len > 4 && memcmp(text, "@@ ", 3) == 0)
            take_hunk(r, text + 3, len - 3);
        return;
    }
    if (kind == '+') {
        struct added_line added = {r->path, r->line, text + 1, len - 1};

        if (added.len && added.text[added.len - 1] == '\r')
            added.len--;
        if (*r->path)
            r->take(r->arg, &added);
    }
    if (kind == '+' || kind == ' ')
        r->line++, r->new_left--;
    if (kind == '-' || kind == ' ')
        r->old_left--;
}

void diff_added_lines(const char *diff, size_t len, diff_line_fn take, void *arg)
{
    struct reader *r = calloc(1, sizeof(*r));
    const char *end = diff + len;

    if (!r)
        abort();
    r->take = take;
    r->arg = arg;
    while (diff < end) {
        const char *stop = memchr(diff, '\n', (size_t)(end - diff));
        size_t n = stop ? (size_t)(stop - diff) : (size_t)(end - diff);

        take_line(r, diff, n);
        diff += n + 1;
    }
    free(r);
}
