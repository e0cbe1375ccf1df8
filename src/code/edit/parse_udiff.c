#include "parse.h"

#include "markers.h"
#include "paths.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What stands above the hunks of one file. */
struct header {
    char *old_path; /* as written, cleaned; NULL: not said; owned like the others */
    char *new_path;
    char *git_old; /* from "diff --git" */
    char *git_new;
    char *rename_from;
    char *rename_to;
    bool copy;
    bool adds;    /* "new file mode" */
    bool deletes; /* "deleted file mode" */
    bool binary;
    unsigned mode;
    size_t line;
};

static void release_header(struct header *h)
{
    free(h->old_path);
    free(h->new_path);
    free(h->git_old);
    free(h->git_new);
    free(h->rename_from);
    free(h->rename_to);
}

/* "2024-01-31 10:00" behind a path without a tab between. */
static size_t cut_date(const char *ptr, size_t len)
{
    for (size_t i = 1; i + 11 <= len; i++) {
        if (ptr[i - 1] == ' ' && strspn(ptr + i, "0123456789") == 4 && ptr[i + 4] == '-' &&
            ptr[i + 7] == '-')
            return i - 1;
    }
    return len;
}

static char *header_path(const struct line *line, size_t skip)
{
    const char *ptr = line->ptr + skip;
    size_t len = line->len - skip;
    const char *tab = memchr(ptr, '\t', len);

    if (tab)
        len = (size_t)(tab - ptr);
    if (len == 0 || ptr[0] != '"')
        len = cut_date(ptr, len);
    return path_clean(ptr, len);
}

/* "diff --git a/x b/x": the two names are equal behind their prefixes unless it is a rename. */
static void split_git_line(struct header *h, const struct line *line)
{
    const char *ptr = line->ptr + strlen("diff --git ");
    size_t len = line->len - strlen("diff --git ");
    const char *middle;

    line_trim(&ptr, &len);
    if (len > 0 && ptr[0] == '"')
        middle = memmem(ptr, len, "\" ", 2);
    else if (len % 2 == 1 && ptr[len / 2] == ' ')
        middle = ptr + len / 2 - 1;
    else
        middle = memmem(ptr, len, " b/", 3) ? (const char *)memmem(ptr, len, " b/", 3) - 1 : NULL;
    if (!middle)
        return;
    h->git_old = path_clean(ptr, (size_t)(middle + 1 - ptr));
    h->git_new = path_clean(middle + 2, (size_t)(ptr + len - (middle + 2)));
}

static unsigned file_mode(const struct line *line, size_t skip)
{
    const char *ptr = line->ptr + skip;
    size_t len = line->len - skip;

    line_trim(&ptr, &len);
    if (line_is(ptr, len, "100755"))
        return 0755;
    if (line_is(ptr, len, "100644"))
        return 0644;
    return 1; /* a link or a submodule */
}

static bool starts(const struct line *line, const char *text)
{
    return line_starts(line->ptr, line->len, text);
}

static void take_text(char **out, const struct line *line, const char *prefix)
{
    free(*out);
    *out = header_path(line, strlen(prefix));
}

/* One line between "diff --git" and "---"; false when it is none of these. */
static bool read_extended(struct header *h, const struct line *line)
{
    if (starts(line, "index ") || starts(line, "similarity index") ||
        starts(line, "dissimilarity index"))
        return true;
    if (starts(line, "old mode "))
        return true;
    if (starts(line, "new mode ")) {
        h->mode = file_mode(line, strlen("new mode "));
    } else if (starts(line, "new file mode ")) {
        h->adds = true;
        h->mode = file_mode(line, strlen("new file mode "));
    } else if (starts(line, "deleted file mode ")) {
        h->deletes = true;
    } else if (starts(line, "rename from ")) {
        take_text(&h->rename_from, line, "rename from ");
    } else if (starts(line, "rename to ")) {
        take_text(&h->rename_to, line, "rename to ");
    } else if (starts(line, "copy from ")) {
        h->copy = true;
        take_text(&h->rename_from, line, "copy from ");
    } else if (starts(line, "copy to ")) {
        take_text(&h->rename_to, line, "copy to ");
    } else if (starts(line, "Binary files ") || starts(line, "GIT binary patch")) {
        h->binary = true;
    } else {
        return false;
    }
    return true;
}

static void read_header(struct scan *scan, struct header *h)
{
    const struct line *line = scan_line(scan, scan->i);

    h->line = scan->i;
    if (starts(line, "diff --git ")) {
        split_git_line(h, line);
        line = scan_line(scan, ++scan->i);
        while (line && read_extended(h, line))
            line = scan_line(scan, ++scan->i);
    }
    if (line && starts(line, "--- ") && scan_line(scan, scan->i + 1) &&
        starts(scan_line(scan, scan->i + 1), "+++ ")) {
        h->old_path = header_path(line, 4);
        h->new_path = header_path(scan_line(scan, scan->i + 1), 4);
        scan->i += 2;
    }
}

static bool is_null(const char *path)
{
    return path && strcmp(path, "/dev/null") == 0;
}

/* Behind "a/", "b/" and git's mnemonic prefixes; NULL without one. */
static const char *behind_prefix(const char *path)
{
    return path && strchr("abciow", path[0]) && path[0] && path[1] == '/' && path[2] ? path + 2 :
                                                                                       NULL;
}

/*
 * The file that "--- old" and "+++ new" speak of. Prefixes come off when both have one; when it is
 * not clear whether "a/x" is meant literally, the file that exists decides.
 */
static char *resolve(struct scan *scan, const char *old, const char *new)
{
    const char *a = behind_prefix(old);
    const char *b = behind_prefix(new);

    if (is_null(old))
        return xstrdup(b && new[0] != 'a' ? b : new);
    if (is_null(new))
        return xstrdup(a && (old[0] == 'a' || !work_has_file(scan->work, old)) ? a : old);
    if (a && b && strcmp(a, b) == 0) {
        if (old[0] == new[0] && work_has_file(scan->work, old) && !work_has_file(scan->work, a))
            return xstrdup(old);
        return xstrdup(a);
    }
    if (strcmp(old, new) == 0)
        return xstrdup(old);
    if (a && strcmp(a, new) == 0)
        return xstrdup(new);
    if (b && strcmp(b, old) == 0)
        return xstrdup(old);
    /* two names: "x.orig" and "x", or a rename that does not say so */
    if (b && work_has_file(scan->work, b) && !work_has_file(scan->work, a ? a : old))
        return xstrdup(b);
    if (!b && work_has_file(scan->work, new) && !work_has_file(scan->work, a ? a : old))
        return xstrdup(new);
    return NULL;
}

static char *without_prefix(const char *path)
{
    const char *rest = behind_prefix(path);

    return xstrdup(rest ? rest : path);
}

static int refuse_two_names(struct scan *scan, const struct header *h)
{
    return refuse(
        scan->why, REASON_MALFORMED,
        "line %zu of the answer: \"%s\" and \"%s\" are two files; say \"rename from\" and "
        "\"rename to\", or give both the same path",
        h->line + 1, h->old_path, h->new_path);
}

static bool same_op_goes_on(const struct scan *scan, const char *path)
{
    const struct file_op *op = scan->last_op > 0 && scan->last_op == scan->plan->n ?
                                   &scan->plan->ops[scan->plan->n - 1] :
                                   NULL;

    return op && op->format == EDIT_UDIFF && op->kind == OP_UPDATE && !op->to && path &&
           strcmp(op->path, path) == 0;
}

static int open_headless(struct scan *scan, struct file_op **out)
{
    char *path = scan_take_path(scan);

    if (!path)
        return refuse(scan->why, REASON_MALFORMED,
                      "the hunk at line %zu of the answer names no file; put \"--- a/path\" and "
                      "\"+++ b/path\" above it",
                      scan->i + 1);
    if (same_op_goes_on(scan, path)) {
        *out = &scan->plan->ops[scan->plan->n - 1];
        free(path);
        return VDO_OK;
    }
    *out = plan_add_op(scan->plan, OP_UPDATE, path, EDIT_UDIFF, scan->i + 1);
    return VDO_OK;
}

static int open_op(struct scan *scan, const struct header *h, struct file_op **out)
{
    const char *old = h->old_path ? h->old_path : h->git_old;
    const char *new = h->new_path ? h->new_path : h->git_new;
    enum op_kind kind = OP_UPDATE;
    char *path;

    if (!old && !new && !h->rename_from)
        return open_headless(scan, out);
    if (h->binary || h->mode == 1)
        return refuse(scan->why, REASON_MALFORMED,
                      "line %zu of the answer: binary files, links and submodules are not edited",
                      h->line + 1);
    if (!h->rename_from != !h->rename_to)
        return refuse(scan->why, REASON_MALFORMED,
                      "line %zu of the answer: \"rename from\" and \"rename to\" belong together",
                      h->line + 1);
    if (h->rename_from && h->rename_to) {
        *out = plan_add_op(scan->plan, OP_UPDATE, xstrdup(h->rename_from), EDIT_UDIFF, h->line + 1);
        (*out)->to = xstrdup(h->rename_to);
        (*out)->copy = h->copy;
        (*out)->mode = h->mode;
        return VDO_OK;
    }
    if (is_null(old) || h->adds)
        kind = OP_ADD;
    else if (is_null(new) || h->deletes)
        kind = OP_DELETE;
    if (!old || !new)
        path = without_prefix(old ? old : new);
    else
        path = resolve(scan, old, new);
    if (!path)
        return refuse_two_names(scan, h);
    *out = plan_add_op(scan->plan, kind, path, EDIT_UDIFF, h->line + 1);
    (*out)->mode = h->mode;
    return VDO_OK;
}

static int read_hunk(struct scan *scan, struct file_op *op)
{
    const struct line *line = scan_line(scan, scan->i);
    struct hunk *hunk = op_add_hunk(op, scan->i + 1);
    struct span text = {0};

    if (starts(line, "@@")) { /* a model may leave it out */
        if (starts(line, "@@@"))
            return refuse(scan->why, REASON_MALFORMED,
                          "line %zu of the answer: a combined diff of a merge is not applied",
                          scan->i + 1);
        parse_hunk_header(line, hunk, &text);
        scan->i++;
    }
    parse_hunk_lines(scan, hunk, false);
    return finish_hunk(scan, hunk);
}

/* A new file has one hunk, all of it additions. */
static int check_added(struct scan *scan, const struct file_op *op)
{
    for (size_t i = 0; i < op->n; i++) {
        struct hunk *hunk = &op->hunks[i];

        while (hunk->n > 0 && hunk->lines[hunk->n - 1].loose)
            hunk->n--;
        for (size_t k = 0; k < hunk->n; k++) {
            if (hunk->lines[k].loose && hunk->lines[k].len == 0)
                hunk->lines[k].kind = LINE_ADD; /* an empty line that lost its "+" */
            if (hunk->lines[k].kind != LINE_ADD || i > 0)
                return refuse(scan->why, REASON_MALFORMED,
                              "the new file %s at line %zu of the answer must be one hunk of \"+\" "
                              "lines",
                              op->path, op->answer_line);
        }
    }
    return VDO_OK;
}

static bool hunk_follows(const struct scan *scan, const struct file_op *op)
{
    const struct line *line = scan_line(scan, scan->i);

    if (!line || starts(line, "diff --git "))
        return false;
    return starts(line, "@@") || (op->n == 0 && line->len > 0 && strchr(" +-", line->ptr[0]) &&
                                  !udiff_starts(scan, scan->i));
}

int parse_udiff(struct scan *scan)
{
    struct header h = {0};
    struct file_op *op = NULL;
    int rc;

    read_header(scan, &h);
    rc = open_op(scan, &h, &op);
    release_header(&h);
    if (rc || !op)
        return rc;
    scan_used_path(scan, op->path);
    scan->last_op = scan->plan->n;
    while (rc == VDO_OK && hunk_follows(scan, op))
        rc = read_hunk(scan, op);
    if (rc)
        return rc;
    if (op->kind == OP_ADD)
        return check_added(scan, op);
    if (op->n == 0 && op->kind == OP_UPDATE && !op->to && !op->mode)
        return refuse(scan->why, REASON_TRUNCATED,
                      "the diff of %s at line %zu of the answer has no hunk", op->path,
                      op->answer_line);
    return VDO_OK;
}
