#include "diff_lines.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 1 << 30 };

/* A place in the text of a diff. */
struct cursor {
    const struct diff *diff;
    const char *at;
    size_t file; /* its index + 1; 0: before the first */
    long long old_line;
    long long old_count; /* of the hunk, as its head says */
    long long new_line;
    long long old_left; /* lines of the hunk still to come */
    long long new_left;
};

enum step { STEP_END, STEP_HUNK, STEP_KEPT, STEP_ADDED, STEP_REMOVED, STEP_OTHER };

/* No file has more lines; sums of such numbers do not overflow. */
static long long read_number(const char *text, char **end)
{
    long long n = strtoll(text, end, 10);

    return n < 0 ? 0 : n > MAX_LINES ? MAX_LINES : n;
}

static bool read_hunk(struct cursor *c, const char *line)
{
    long long old_count = 1;
    long long new_count = 1;
    char *end;

    if (strncmp(line, "@@ -", 4) != 0)
        return false;
    c->old_line = read_number(line + 4, &end);
    if (*end == ',')
        old_count = read_number(end + 1, &end);
    if (strncmp(end, " +", 2) != 0)
        return false;
    c->new_line = read_number(end + 2, &end);
    if (*end == ',')
        new_count = read_number(end + 1, &end);
    c->old_count = old_count;
    c->old_left = old_count;
    c->new_left = new_count;
    return true;
}

/* The next line of the text; numbers are those of the line that is given. */
static enum step next(struct cursor *c, const char **out_text, size_t *out_len)
{
    const char *line = c->at;
    size_t len = strcspn(line, "\n");

    if (!*line)
        return STEP_END;
    c->at += len + (line[len] == '\n');
    *out_text = line + 1;
    *out_len = len ? len - 1 : 0;
    if (c->old_left > 0 || c->new_left > 0) {
        switch (*line) {
        case '+':
            c->new_left--;
            c->new_line++;
            return STEP_ADDED;
        case '-':
            c->old_left--;
            c->old_line++;
            return STEP_REMOVED;
        case '\\':
            return STEP_OTHER;
        default:
            c->old_left--;
            c->new_left--;
            c->old_line++;
            c->new_line++;
            return STEP_KEPT;
        }
    }
    if (strncmp(line, "diff --git ", 11) == 0)
        c->file++;
    return read_hunk(c, line) ? STEP_HUNK : STEP_OTHER;
}

static const struct diff_file *file_of(const struct cursor *c)
{
    return c->file > 0 && c->file <= c->diff->n_files ? &c->diff->files[c->file - 1] : NULL;
}

void diff_lines_added(const struct diff *diff, diff_line_fn fn, void *arg)
{
    struct cursor c = {.diff = diff, .at = diff->text ? diff->text : ""};
    const char *text;
    size_t len;
    enum step step;

    while ((step = next(&c, &text, &len)) != STEP_END) {
        if (step == STEP_ADDED && file_of(&c))
            fn(arg, file_of(&c), c.new_line - 1, text, len);
    }
}

struct ranges {
    json_t *all;
    const struct diff_file *file;
    int64_t first;
    int64_t last;
};

static void end_range(struct ranges *r)
{
    const json_t *was = r->file ? json_object_get(r->all, r->file->path) : NULL;
    AUTO_FREE char *text = NULL;

    if (!r->file)
        return;
    if (r->first == r->last)
        text = xasprintf("%s%s%lld", was ? json_string_value(was) : "", was ? ", " : "",
                         (long long)r->first);
    else
        text = xasprintf("%s%s%lld-%lld", was ? json_string_value(was) : "", was ? ", " : "",
                         (long long)r->first, (long long)r->last);
    (void)json_object_set_new(r->all, r->file->path, json_string(text));
}

static void add_to_range(void *arg, const struct diff_file *file, int64_t line, const char *text,
                         size_t len)
{
    struct ranges *r = arg;

    (void)text;
    (void)len;
    if (r->file == file && line == r->last + 1) {
        r->last = line;
        return;
    }
    end_range(r);
    r->file = file;
    r->first = line;
    r->last = line;
}

json_t *diff_lines_text(const struct diff *diff)
{
    struct ranges r = {.all = json_object()};

    diff_lines_added(diff, add_to_range, &r);
    end_range(&r);
    return r.all;
}

bool diff_lines_touch(const struct diff *diff, const char *path, int64_t line)
{
    struct cursor c = {.diff = diff, .at = diff->text ? diff->text : ""};
    const char *text;
    size_t len;
    enum step step;

    while ((step = next(&c, &text, &len)) != STEP_END) {
        const struct diff_file *file = file_of(&c);

        if (step == STEP_HUNK && file &&
            strcmp(file->old_path ? file->old_path : file->path, path) == 0 && line >= c.old_line &&
            line < c.old_line + c.old_count)
            return true;
    }
    for (size_t i = 0; i < diff->n_files; i++) {
        if (diff->files[i].action == 'D' && strcmp(diff->files[i].path, path) == 0)
            return true;
    }
    return false;
}
