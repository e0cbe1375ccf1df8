#include "whole.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BOM "\xEF\xBB\xBF"

enum {
    TAIL_LINES = 3, /* of an answer that must stand in the file to tell where it stopped */
    MIN_LOST = 20,  /* lines; fewer at the end may well have been removed on purpose */
};

static size_t size_of(const struct hunk *hunk)
{
    size_t len = 0;

    for (size_t i = 0; i < hunk->n; i++)
        len += hunk->lines[i].len + 2;
    return len + 4;
}

/* A file that has no newline at its end keeps it so when its last line stays. */
static bool ends_with_newline(const struct work_file *file, const struct hunk *hunk)
{
    const struct lines *had = &file->text.lines;
    const struct hunk_line *last = &hunk->lines[hunk->n - 1];

    if (hunk->new_no_eol)
        return false;
    if (!file->exists || had->n == 0 || had->v[had->n - 1].eol != EOL_NONE)
        return true;
    return !line_same(KEY_EXACT, last->ptr, last->len, had->v[had->n - 1].ptr,
                      had->v[had->n - 1].len);
}

char *whole_bytes(const struct work_file *file, const struct file_op *op, size_t *out_len)
{
    const struct hunk *hunk = op->n > 0 ? &op->hunks[0] : NULL;
    char *bytes = xmalloc(hunk ? size_of(hunk) : 4);
    size_t len = file->exists ? file->bom : 0;

    memcpy(bytes, file->bytes ? file->bytes : "", len);
    for (size_t i = 0; hunk && i < hunk->n; i++) {
        const struct hunk_line *line = &hunk->lines[i];
        bool last = i + 1 == hunk->n;
        size_t skip = i == 0 && file->exists && line_starts(line->ptr, line->len, BOM) ? 3 : 0;

        memcpy(bytes + len, line->ptr + skip, line->len - skip); /* the file's own mark stays */
        len += line->len - skip;
        if (last && !ends_with_newline(file, hunk))
            break;
        if (file->exists && file->eol == EOL_CRLF)
            bytes[len++] = '\r';
        bytes[len++] = '\n';
    }
    bytes[len] = '\0';
    *out_len = len;
    return bytes;
}

/* --- elided ------------------------------------------------------------------------------- */

static bool has_word(const char *text, const char *const *words)
{
    for (; *words; words++) {
        const char *at = strstr(text, *words);

        while (at) {
            size_t len = strlen(*words);

            if ((at == text || !isalpha((unsigned char)at[-1])) && !isalpha((unsigned char)at[len]))
                return true;
            at = strstr(at + 1, *words);
        }
    }
    return false;
}

/* Take off comment marks; false when the line is no comment. */
static bool inside_comment(const char **ptr, size_t *len)
{
    static const char *const OPEN[] = {"{/*", "<!--", "//", "/*", "--[[", "--", "#",
                                       ";",   "%",    "(*", "{-", "'",    "*",  "\"\"\""};
    static const char *const CLOSE[] = {"*/}", "-->", "*/", "]]", "*)", "-}", "\"\"\""};
    bool comment = false;

    line_trim(ptr, len);
    for (size_t i = 0; i < sizeof(OPEN) / sizeof(OPEN[0]) && !comment; i++) {
        if (line_starts(*ptr, *len, OPEN[i])) {
            *ptr += strlen(OPEN[i]);
            *len -= strlen(OPEN[i]);
            comment = true;
        }
    }
    for (size_t i = 0; i < sizeof(CLOSE) / sizeof(CLOSE[0]) && comment; i++) {
        size_t n = strlen(CLOSE[i]);

        if (*len >= n && memcmp(*ptr + *len - n, CLOSE[i], n) == 0)
            *len -= n;
    }
    while (*len > 0 && strchr("/#*-;%", **ptr)) {
        (*ptr)++;
        (*len)--;
    }
    line_trim(ptr, len);
    return comment;
}

/* Lower-case copy with "..." for every way to write an ellipsis. */
static bool simplify(const char *ptr, size_t len, char *out, size_t size)
{
    size_t n = 0;

    if (len + 8 >= size)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (i + 3 <= len && memcmp(ptr + i, "\xE2\x80\xA6", 3) == 0) {
            memcpy(out + n, "...", 3);
            n += 3;
            i += 2;
        } else {
            out[n++] = (char)tolower((unsigned char)ptr[i]);
        }
        if (n + 8 >= size)
            return false;
    }
    out[n] = '\0';
    return true;
}

static bool starts_with_rest(const char *text)
{
    static const char *const STARTS[] = {"rest ",          "the rest ",      "remaining ",
                                         "the remaining ", "remainder ",     "the remainder ",
                                         "existing code ", "other existing "};

    text += strspn(text, "[(");
    for (size_t i = 0; i < sizeof(STARTS) / sizeof(STARTS[0]); i++) {
        if (strncmp(text, STARTS[i], strlen(STARTS[i])) == 0)
            return true;
    }
    return false;
}

bool line_is_elision_comment(const char *ptr, size_t len)
{
    static const char *const LEFT_OUT[] = {"unchanged", "existing",  "rest",      "remaining",
                                           "remainder", "same",      "omitted",   "previous",
                                           "other",     "as before", "snip",      "elided",
                                           "original",  "stays",     "truncated", NULL};
    static const char *const SAME[] = {"unchanged", "same", "as before", "as is",
                                       "omitted",   "here", "continues", NULL};
    char text[160];
    size_t n;
    bool comment = inside_comment(&ptr, &len);
    bool dots;

    if (len == 0 || !simplify(ptr, len, text, sizeof(text)))
        return false;
    n = strlen(text);
    /* "(rest unchanged)" and "[... rest ...]" */
    dots = strncmp(text, "...", 3) == 0 || (n >= 3 && strcmp(text + n - 3, "...") == 0) ||
           strncmp(text, "(...", 4) == 0 || strncmp(text, "[...", 4) == 0;
    if (strcmp(text, "...") == 0)
        return comment;
    if (dots)
        return has_word(text, LEFT_OUT) && (comment || n < 80);
    return comment && n < 70 && starts_with_rest(text) && has_word(text, SAME);
}

static bool file_has_line(const struct work_file *file, const char *ptr, size_t len)
{
    for (size_t i = 0; i < file->text.lines.n; i++) {
        const struct line *line = &file->text.lines.v[i];

        if (line_same(KEY_STRIP, ptr, len, line->ptr, line->len))
            return true;
    }
    return false;
}

/* A comment of dots alone. It is common in examples, so it needs a second sign. */
static bool is_lone_ellipsis(const struct hunk_line *line)
{
    const char *ptr = line->ptr;
    size_t len = line->len;

    (void)inside_comment(&ptr, &len);
    return line_is(ptr, len, "...") || line_is(ptr, len, "\xE2\x80\xA6");
}

static bool refuse_elided(const struct work_file *file, const struct hunk_line *line,
                          struct refusal *why)
{
    (void)refuse(why, REASON_ELIDED,
                 "%s: a line of the answer stands for left-out code (\"%.*s\"); give the whole "
                 "text",
                 file->path, (int)(line->len < 80 ? line->len : 80), line->ptr);
    return true;
}

static bool added_elision(const struct work_file *file, const struct hunk *hunk, size_t i,
                          struct refusal *why)
{
    const struct hunk_line *line = &hunk->lines[i];

    if (line->kind != LINE_ADD || !line_is_elision_comment(line->ptr, line->len) ||
        file_has_line(file, line->ptr, line->len))
        return false;
    return refuse_elided(file, line, why);
}

/* "..." alone where it is no code: in Python it is the body of what the line above opens. */
static bool is_bare_ellipsis(const struct work_file *file, const struct hunk *hunk, size_t i)
{
    const struct hunk_line *line = &hunk->lines[i];
    const char *ptr = line->ptr;
    size_t len = line->len;
    size_t end;

    line_trim(&ptr, &len);
    if (!line_is(ptr, len, "...") && !line_is(ptr, len, "\xE2\x80\xA6"))
        return false;
    while (i > 0 && line_is_blank(hunk->lines[i - 1].ptr, hunk->lines[i - 1].len))
        i--;
    end = i > 0 ? line_rstrip(hunk->lines[i - 1].ptr, hunk->lines[i - 1].len) : 0;
    return !(end > 0 && hunk->lines[i - 1].ptr[end - 1] == ':') &&
           !file_has_line(file, line->ptr, line->len);
}

bool whole_is_elided(const struct work_file *file, const struct file_op *op, struct refusal *why)
{
    const struct hunk *hunk = op->n > 0 ? &op->hunks[0] : NULL;
    bool shrinks = hunk && file->exists && hunk->n < file->text.lines.n;

    for (size_t i = 0; hunk && i < hunk->n; i++) {
        if (shrinks && is_bare_ellipsis(file, hunk, i))
            return refuse_elided(file, &hunk->lines[i], why);
        if (!shrinks && is_lone_ellipsis(&hunk->lines[i]))
            continue;
        if (added_elision(file, hunk, i, why))
            return true;
    }
    return false;
}

bool hunk_is_elided(const struct work_file *file, const struct hunk *hunk, struct refusal *why)
{
    for (size_t i = 0; i < hunk->n; i++) {
        if (!is_lone_ellipsis(&hunk->lines[i]) && added_elision(file, hunk, i, why))
            return true;
    }
    return false;
}

/* --- cut off ------------------------------------------------------------------------------- */

/* How many brackets stay open. Strings and comments are counted like code: only a change of the
 * sum against the file's own counts. */
static long open_brackets(const char *ptr, size_t len)
{
    long depth = 0;

    for (size_t i = 0; i < len; i++) {
        if (ptr[i] == '{' || ptr[i] == '(' || ptr[i] == '[')
            depth++;
        else if (ptr[i] == '}' || ptr[i] == ')' || ptr[i] == ']')
            depth--;
    }
    return depth;
}

/* The old file's line that the new last line is, searched from the end; -1: none. */
static bool stops_before_end(const struct lines *had, const struct hunk *hunk)
{
    const struct hunk_line *last = NULL;
    const struct line *end = NULL;

    for (size_t i = 0; i < hunk->n; i++) {
        if (!line_is_blank(hunk->lines[i].ptr, hunk->lines[i].len))
            last = &hunk->lines[i];
    }
    for (size_t i = 0; i < had->n; i++) {
        if (!line_is_blank(had->v[i].ptr, had->v[i].len))
            end = &had->v[i];
    }
    return last && end && !line_same(KEY_RSTRIP, last->ptr, last->len, end->ptr, end->len);
}

/* Do the last lines of the answer, up to its n-th, stand in the file up to line `end`? */
static bool tail_stands(const struct lines *had, const struct hunk *hunk, size_t n, size_t end)
{
    for (size_t k = 1; k <= TAIL_LINES; k++) {
        if (!line_same(KEY_RSTRIP, hunk->lines[n - k].ptr, hunk->lines[n - k].len,
                       had->v[end - k].ptr, had->v[end - k].len))
            return false;
    }
    return true;
}

/*
 * Do the last lines of the answer stand in the file with a good part of it, and nothing of that in
 * the answer, behind them? Returns how many lines are lost so; 0: none.
 */
static size_t lost_tail(const struct lines *had, const struct hunk *hunk)
{
    size_t n = hunk->n;
    size_t all = had->n;
    size_t least = had->n / 4 > MIN_LOST ? had->n / 4 : MIN_LOST;

    while (n > 0 && line_is_blank(hunk->lines[n - 1].ptr, hunk->lines[n - 1].len))
        n--;
    while (all > 0 && line_is_blank(had->v[all - 1].ptr, had->v[all - 1].len))
        all--;
    if (n < TAIL_LINES || all < TAIL_LINES + least || tail_stands(had, hunk, n, all))
        return 0;
    for (size_t end = all - least; end >= TAIL_LINES; end--) {
        if (tail_stands(had, hunk, n, end))
            return all - end;
    }
    return 0;
}

static size_t open_in(const struct hunk *hunk)
{
    long depth = 0;

    for (size_t i = 0; i < hunk->n; i++)
        depth += open_brackets(hunk->lines[i].ptr, hunk->lines[i].len);
    return depth > 0 ? (size_t)depth : 0;
}

bool whole_is_cut(const struct work_file *file, const struct file_op *op, struct refusal *why)
{
    const struct hunk *hunk = op->n > 0 ? &op->hunks[0] : NULL;
    const struct lines *had = &file->text.lines;
    size_t lost;

    if (!hunk || !file->exists || hunk->n >= had->n)
        return false;
    if (stops_before_end(had, hunk) && open_brackets(file->bytes, file->len) == 0 &&
        open_in(hunk) > 0) {
        (void)refuse(why, REASON_TRUNCATED,
                     "%s: the answer ends before the file does, with %zu brackets open; give the "
                     "whole file",
                     file->path, open_in(hunk));
        return true;
    }
    lost = lost_tail(had, hunk);
    if (lost > 0)
        (void)refuse(why, REASON_TRUNCATED,
                     "%s: the answer ends where the file has %zu more lines; give the whole file, "
                     "or remove them with an edit",
                     file->path, lost);
    return lost > 0;
}
