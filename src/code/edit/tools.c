#include "whole.h"
#include "work.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* text with every LF that has no CR in front of it made CR LF; or a plain copy. */
static char *with_endings(const char *text, size_t len, bool crlf, size_t *out_len)
{
    char *out = xmalloc(2 * len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (crlf && text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
            out[n++] = '\r';
        out[n++] = text[i];
    }
    out[n] = '\0';
    *out_len = n;
    return out;
}

static size_t line_of(const char *bytes, const char *at)
{
    size_t line = 0;

    for (; bytes < at; bytes++)
        line += *bytes == '\n';
    return line;
}

static void note(struct work_file *file, size_t line, enum match_kind kind)
{
    json_t *edit = json_object();

    json_object_set_new(edit, "line", json_integer((json_int_t)line + 1));
    json_object_set_new(edit, "match", json_string(match_kind_name(kind)));
    json_array_append_new(file->edits, edit);
}

/* The replacement holds the search text and stands there already. */
static bool stands_already(const struct work_file *file, const char *at, const char *search,
                           size_t search_len, const char *replace, size_t replace_len)
{
    const char *end = file->bytes + file->len;
    const char *in = replace;

    while ((in = memmem(in, replace_len - (size_t)(in - replace), search, search_len))) {
        const char *from = at - (in - replace);

        if (from >= file->bytes && (size_t)(end - from) >= replace_len &&
            memcmp(from, replace, replace_len) == 0)
            return true;
        in++;
    }
    return false;
}

/* 1: done, 0: the text does not stand there byte for byte, negative: refused. */
static int replace_exact(struct work_file *file, const char *search, size_t search_len,
                         const char *replace, size_t replace_len, struct refusal *why)
{
    const char *end = file->bytes + file->len;
    const char *at = memmem(file->bytes, file->len, search, search_len);
    const char *again;
    size_t head;
    char *bytes;

    if (!at)
        return 0;
    again = memmem(at + 1, (size_t)(end - at - 1), search, search_len);
    if (again)
        return refuse(why, REASON_AMBIGUOUS,
                      "%s: the search text stands there more than once, for example at lines %zu "
                      "and %zu; add lines around it",
                      file->path, line_of(file->bytes, at) + 1, line_of(file->bytes, again) + 1);
    if (stands_already(file, at, search, search_len, replace, replace_len))
        return refuse(why, REASON_ALREADY_APPLIED,
                      "%s line %zu: the replacement stands there already", file->path,
                      line_of(file->bytes, at) + 1);
    note(file, line_of(file->bytes, at), MATCH_EXACT);
    head = (size_t)(at - file->bytes);
    bytes = xmalloc(file->len - search_len + replace_len + 1);
    memcpy(bytes, file->bytes, head);
    memcpy(bytes + head, replace, replace_len);
    memcpy(bytes + head + replace_len, at + search_len, file->len - head - search_len);
    bytes[file->len - search_len + replace_len] = '\0';
    work_set_bytes(file, bytes, file->len - search_len + replace_len);
    return 1;
}

static struct hunk_line *text_lines(const char *text, size_t *out_n)
{
    struct lines lines;
    struct hunk_line *v;

    lines_split(&lines, text, strlen(text));
    lines_drop_cr(&lines);
    v = xcalloc(lines.n + 1, sizeof(*v));
    for (size_t i = 0; i < lines.n; i++)
        v[i] = (struct hunk_line){
            .ptr = lines.v[i].ptr, .len = lines.v[i].len, .cr = lines.v[i].eol == EOL_CRLF};
    *out_n = lines.n;
    lines_release(&lines);
    return v;
}

/* Does a line of the replacement stand for left-out code? */
static bool replacement_is_elided(const struct work_file *file, const char *search,
                                  const char *replace, struct refusal *why)
{
    struct hunk hunk = {0};
    size_t n_search;
    size_t n_replace;
    struct hunk_line *search_lines = text_lines(search, &n_search);
    struct hunk_line *replace_lines = text_lines(replace, &n_replace);
    bool elided;

    hunk_from_blocks(&hunk, search_lines, n_search, replace_lines, n_replace);
    elided = hunk_is_elided(file, &hunk, why);
    hunk_release(&hunk);
    free(search_lines);
    free(replace_lines);
    return elided;
}

/* The same as lines, with the matcher's looser readings. */
static int replace_lines(struct work *work, struct edit_plan *plan, const char *path,
                         const char *search, const char *replace, struct refusal *why,
                         struct err *err)
{
    struct file_op *op = plan_add_op(plan, OP_UPDATE, xstrdup(path), EDIT_SEARCH_REPLACE, 1);
    struct hunk *hunk = op_add_hunk(op, 1);
    size_t n_search;
    size_t n_replace;
    struct hunk_line *search_lines = text_lines(search, &n_search);
    struct hunk_line *replace_lines_ = text_lines(replace, &n_replace);

    hunk_from_blocks(hunk, search_lines, n_search, replace_lines_, n_replace);
    hunk_mark_stuck(hunk);
    hunk_relax(hunk);
    free(search_lines);
    free(replace_lines_);
    return work_do(work, op, why, err);
}

int replace_text(struct work *work, struct edit_plan *plan, const char *path, const char *search,
                 const char *replace, struct refusal *why, struct err *err)
{
    struct work_file *file;
    size_t search_len;
    size_t replace_len;
    char *exact_search;
    char *exact_replace;
    bool crlf;
    int rc = work_open(work, path, &file, why, err);

    if (rc)
        return rc;
    if (strcmp(search, replace) == 0)
        return refuse(why, REASON_EMPTY, "%s: search and replace are the same text", path);
    if (search[0] == '\0' && file->exists && file->len > file->bom)
        return refuse(why, REASON_MALFORMED,
                      "%s exists and is not empty: an empty search text has no place in it", path);
    if (search[0] == '\0' || !file->exists)
        return replace_lines(work, plan, path, search, replace, why, err);
    if (replacement_is_elided(file, search, replace, why))
        return VDO_E_REFUSED;
    crlf = file->eol == EOL_CRLF && !file->mixed;
    exact_search = with_endings(search, strlen(search), crlf, &search_len);
    exact_replace = with_endings(replace, strlen(replace), crlf, &replace_len);
    rc = replace_exact(file, exact_search, search_len, exact_replace, replace_len, why);
    free(exact_search);
    free(exact_replace);
    if (rc != 0)
        return rc < 0 ? rc : VDO_OK;
    return replace_lines(work, plan, path, search, replace, why, err);
}

int write_text(struct work *work, const char *path, const char *content, size_t len,
               struct refusal *why, struct err *err)
{
    struct work_file *file;
    struct file_op op = {.kind = OP_WRITE};
    struct hunk hunk = {0};
    struct lines lines;
    bool elided;
    int rc = work_open(work, path, &file, why, err);

    if (rc)
        return rc;
    if (len > VDO_MAX_SOURCE_FILE)
        return refuse(why, REASON_TOO_LARGE, "%s would have %zu bytes; the limit is %lu", path, len,
                      VDO_MAX_SOURCE_FILE);
    lines_split(&lines, content, len);
    for (size_t i = 0; i < lines.n; i++)
        hunk_add_line(&hunk, LINE_ADD, lines.v[i].ptr, lines.v[i].len);
    op.hunks = &hunk;
    op.n = 1;
    elided = whole_is_elided(file, &op, why);
    hunk_release(&hunk);
    lines_release(&lines);
    if (elided)
        return VDO_E_REFUSED;
    work_set_bytes(file, xmemdup0(content, len), len);
    if (!file->exists)
        file->mode = 0644;
    file->exists = true;
    return VDO_OK;
}
