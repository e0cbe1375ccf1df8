#include "tree_find.h"
#include "whole.h"
#include "work.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

static void note_edit(struct work_file *file, size_t line, enum match_kind kind)
{
    json_t *edit = json_object();

    json_object_set_new(edit, "line", json_integer((json_int_t)line + 1));
    json_object_set_new(edit, "match", json_string(match_kind_name(kind)));
    json_array_append_new(file->edits, edit);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int refuse_missing(const struct work *work, const struct work_file *file,
                          struct refusal *why)
{
    char *other = tree_find_name(work->options->dir, base_name(file->path));

    if (other)
        (void)refuse(why, REASON_MISSING, "%s does not exist; did you mean %s?", file->path, other);
    else
        (void)refuse(why, REASON_MISSING, "%s does not exist", file->path);
    free(other);
    return VDO_E_REFUSED;
}

/* "path/to/cart.py", taken over from an example of the format, where cart.py exists. */
static bool has_example_directory(struct work *work, const struct work_file *file,
                                  struct refusal *why)
{
    static const char EXAMPLE[] = "path/to/";
    const char *rest = file->path + strlen(EXAMPLE);

    if (strncmp(file->path, EXAMPLE, strlen(EXAMPLE)) != 0 || !work_has_file(work, rest))
        return false;
    (void)refuse(why, REASON_MISSING, "%s does not exist; did you mean %s?", file->path, rest);
    return true;
}

/* A file given whole, with a bare name that one file further down has: its directory was left out,
 * or a second file is wanted. No telling. */
static bool lacks_directory(const struct work *work, const struct work_file *file,
                            struct refusal *why)
{
    char *other;

    if (strchr(file->path, '/'))
        return false;
    other = tree_find_name(work->options->dir, file->path);
    if (other)
        (void)refuse(why, REASON_MISSING,
                     "%s does not exist but %s does; give the full path, or make a new file with "
                     "a diff from /dev/null or \"*** Add File\"",
                     file->path, other);
    free(other);
    return other != NULL;
}

/* In the text as it was read; when it is not there, in the text as it has become. */
static int place_hunk(struct work_file *file, const struct hunk *hunk, struct refusal *why)
{
    const char *path = file->from ? file->from : file->path; /* what the reader has before him */
    struct refusal first = {0};
    struct place place = {0};
    int rc = match_hunk(&file->text, hunk, path, &place, &first);

    if (rc && file->pending &&
        (first.reason == REASON_NOT_FOUND || first.reason == REASON_ALREADY_APPLIED)) {
        struct refusal again = {0};

        work_settle(file);
        file->text.renumbered = true;
        rc = match_hunk(&file->text, hunk, path, &place, &again);
        refusal_release(&again);
    }
    if (rc) {
        *why = first;
        return rc;
    }
    refusal_release(&first);
    note_edit(file, place.first, place.kind);
    rc = work_place(file, &place, why);
    place_release(&place);
    return rc;
}

static int refuse_binary(const struct work_file *file, struct refusal *why)
{
    return refuse(why, REASON_MALFORMED, "%s is not text and is not edited line by line",
                  file->path);
}

static bool is_binary(const struct work_file *file)
{
    return file->bytes && memchr(file->bytes, '\0', file->len) != NULL;
}

/* A block that replaces a text by itself asks for nothing; it must not spoil the others. */
static bool asks_nothing(const struct hunk *hunk)
{
    return !hunk_has_change(hunk) && hunk->old_no_eol == hunk->new_no_eol;
}

static int update_hunks(struct work_file *file, const struct file_op *op, struct refusal *why)
{
    for (size_t i = 0; i < op->n; i++) {
        if (asks_nothing(&op->hunks[i]))
            file->asked_nothing = true;
        else if (place_hunk(file, &op->hunks[i], why))
            return VDO_E_REFUSED;
    }
    return VDO_OK;
}

/* Bring the content to its new path; *out is the file there. */
static int move_file(struct work *work, struct work_file *file, const struct file_op *op,
                     struct work_file **out, struct refusal *why, struct err *err)
{
    struct work_file *target;
    int rc = work_open(work, op->to, &target, why, err);

    if (rc)
        return rc;
    if (target->exists)
        return refuse(why, REASON_EXISTS, "%s cannot move to %s, which exists", file->path, op->to);
    work_settle(file);
    work_set_bytes(target, xmemdup0(file->bytes ? file->bytes : "", file->len), file->len);
    target->exists = true;
    target->mode = op->mode ? op->mode : file->mode;
    target->from = xstrdup(file->from ? file->from : file->path);
    target->copied = op->copy;
    if (!op->copy)
        file->exists = false;
    *out = target;
    return VDO_OK;
}

static int do_add(struct work_file *file, const struct file_op *op, struct refusal *why)
{
    size_t len;
    char *bytes;

    if (whole_is_elided(file, op, why))
        return VDO_E_REFUSED;
    bytes = whole_bytes(file, op, &len);
    if (file->exists) {
        bool same = len == file->len && memcmp(bytes, file->bytes, len) == 0;

        free(bytes);
        if (same)
            return refuse(why, REASON_ALREADY_APPLIED, "%s exists with this content", file->path);
        return refuse(why, REASON_EXISTS, "%s exists; change it with an update, or write it whole",
                      file->path);
    }
    work_set_bytes(file, bytes, len);
    file->exists = true;
    file->mode = op->mode ? op->mode : 0644;
    return VDO_OK;
}

static int do_write(struct work *work, struct work_file *file, const struct file_op *op,
                    struct refusal *why)
{
    size_t len;
    char *bytes;

    if (!file->exists && !file->on_disk &&
        (has_example_directory(work, file, why) || lacks_directory(work, file, why)))
        return VDO_E_REFUSED;
    if (file->exists && is_binary(file))
        return refuse_binary(file, why);
    if (whole_is_elided(file, op, why) || whole_is_cut(file, op, why))
        return VDO_E_REFUSED;
    work_settle(file);
    bytes = whole_bytes(file, op, &len);
    if (file->written && (len != file->len || memcmp(bytes, file->bytes, len) != 0)) {
        free(bytes);
        return refuse(why, REASON_OVERLAP, "the answer gives %s whole more than once", file->path);
    }
    file->written = true;
    work_set_bytes(file, bytes, len);
    if (!file->exists)
        file->mode = op->mode ? op->mode : 0644;
    file->exists = true;
    note_edit(file, 0, MATCH_EXACT);
    return VDO_OK;
}

/* A deletion that shows the content must show all of it. */
static int do_delete(const struct work *work, struct work_file *file, const struct file_op *op,
                     struct refusal *why)
{
    if (!file->exists)
        return refuse_missing(work, file, why);
    if (op->n > 0 && update_hunks(file, op, why))
        return VDO_E_REFUSED;
    work_settle(file);
    if (op->n > 0 && file->len > file->bom)
        return refuse(why, REASON_NOT_FOUND,
                      "%s is to be deleted but has lines that the answer does not show",
                      file->path);
    file->exists = false;
    return VDO_OK;
}

/* A search block without text, or a hunk "-0,0", makes a file. */
static bool makes_file(const struct file_op *op)
{
    const struct hunk *hunk = op->n == 1 ? &op->hunks[0] : NULL;

    if (!hunk || op->to)
        return false;
    for (size_t i = 0; i < hunk->n; i++) {
        if (hunk_line_is_old(&hunk->lines[i]))
            return false;
    }
    return op->format == EDIT_SEARCH_REPLACE || hunk->old_count == 0;
}

static bool was_made(const struct work_file *file, const struct file_op *op)
{
    size_t len;
    char *bytes = whole_bytes(file, op, &len);
    bool same = len > 0 && len == file->len && memcmp(bytes, file->bytes, len) == 0;

    free(bytes);
    return same;
}

static int do_update(struct work *work, struct work_file *file, const struct file_op *op,
                     struct refusal *why, struct err *err)
{
    if (makes_file(op) && (!file->exists || was_made(file, op)))
        return do_add(file, op, why);
    if (!file->exists)
        return refuse_missing(work, file, why);
    if (op->n > 0 && is_binary(file))
        return refuse_binary(file, why);
    for (size_t i = 0; i < op->n; i++) {
        if (hunk_is_elided(file, &op->hunks[i], why))
            return VDO_E_REFUSED;
    }
    if (op->to) {
        int rc = move_file(work, file, op, &file, why, err);

        if (rc)
            return rc;
    } else if (op->mode) {
        file->mode = op->mode;
    }
    return update_hunks(file, op, why);
}

/* git shows a byte order mark as part of the first line; the file's lines are kept without it. */
static void drop_marks(const struct work_file *file, struct hunk *hunk)
{
    for (; hunk; hunk = hunk->alt) {
        if (hunk->relaxed)
            drop_marks(file, hunk->relaxed);
        for (size_t i = 0; i < hunk->n; i++) {
            struct hunk_line *line = &hunk->lines[i];

            if (line->len >= file->bom && memcmp(line->ptr, file->bytes, file->bom) == 0) {
                line->ptr += file->bom;
                line->len -= file->bom;
            }
        }
    }
}

int work_do(struct work *work, struct file_op *op, struct refusal *why, struct err *err)
{
    struct work_file *file;
    int rc = work_open(work, op->path, &file, why, err);

    if (rc)
        return rc;
    for (size_t i = 0; file->exists && file->bom && op->kind != OP_WRITE && i < op->n; i++)
        drop_marks(file, &op->hunks[i]);
    switch (op->kind) {
    case OP_ADD:
        return do_add(file, op, why);
    case OP_WRITE:
        return do_write(work, file, op, why);
    case OP_DELETE:
        return do_delete(work, file, op, why);
    case OP_UPDATE:
        return do_update(work, file, op, why, err);
    }
    return VDO_E_INVALID;
}
