#include "repo.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { RENAME_LIMIT = 1000, MAX_DIFFED_BYTES = 8 << 20 };

static char action_of(git_delta_t status)
{
    switch (status) {
    case GIT_DELTA_ADDED:
        return 'A';
    case GIT_DELTA_DELETED:
        return 'D';
    case GIT_DELTA_RENAMED:
        return 'R';
    default:
        return 'M';
    }
}

static int list_changes(struct mirror *mirror, const char *from, const char *to, git_diff **out,
                        struct err *err)
{
    git_diff_options options;
    git_diff_find_options find;
    git_tree *old_tree = NULL;
    git_tree *new_tree = NULL;
    int rc = find_tree(mirror, from, &old_tree, err);

    if (!rc)
        rc = find_tree(mirror, to, &new_tree, err);
    if (rc)
        goto out;
    (void)git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    (void)git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION);
    options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
    options.context_lines = 3;
    options.max_size = MAX_DIFFED_BYTES; /* larger files count as binary */
    rc = git_diff_tree_to_tree(out, mirror->repo, old_tree, new_tree, &options);
    find.flags = GIT_DIFF_FIND_RENAMES;
    find.rename_limit = RENAME_LIMIT;
    if (!rc)
        rc = git_diff_find_similar(*out, &find);
    if (rc)
        rc = fail_git(err, rc, "diff of %.12s and %.12s", from, to);
out:
    git_tree_free(old_tree);
    git_tree_free(new_tree);
    return rc;
}

/* As much of a file's patch as fits, in whole lines. */
static void add_text(struct diff *out, struct strbuf *text, const char *patch, size_t len)
{
    size_t room = text->max - text->len;

    if (out->truncated)
        return;
    if (len > room) {
        out->truncated = true;
        len = room;
        while (len > 0 && patch[len - 1] != '\n')
            len--;
    }
    (void)strbuf_add(text, patch, len);
}

static int add_patch(git_patch *patch, struct diff *out, struct diff_file *file,
                     struct strbuf *text, struct err *err)
{
    git_buf bytes = {0};
    size_t added = 0;
    size_t removed = 0;
    int rc = git_patch_line_stats(NULL, &added, &removed, patch);

    if (!rc && !out->truncated)
        rc = git_patch_to_buf(&bytes, patch);
    if (rc)
        return fail_git(err, rc, "diff of %.200s", file->path);
    if (bytes.ptr)
        add_text(out, text, bytes.ptr, bytes.size);
    git_buf_dispose(&bytes);
    file->added = (uint32_t)added;
    file->removed = (uint32_t)removed;
    out->added += file->added;
    out->removed += file->removed;
    return VDO_OK;
}

static int add_file(git_diff *changes, size_t at, struct diff *out, struct strbuf *text,
                    struct err *err)
{
    const git_diff_delta *delta = git_diff_get_delta(changes, at);
    struct diff_file *file = &out->files[out->n_files++];
    git_patch *patch = NULL;
    int rc;

    file->action = action_of(delta->status);
    file->path =
        xstrdup(delta->status == GIT_DELTA_DELETED ? delta->old_file.path : delta->new_file.path);
    if (delta->status == GIT_DELTA_RENAMED)
        file->old_path = xstrdup(delta->old_file.path);
    rc = git_patch_from_diff(&patch, changes, at);
    if (rc)
        return fail_git(err, rc, "diff of %.200s", file->path);
    file->binary = (git_patch_get_delta(patch)->flags & GIT_DIFF_FLAG_BINARY) != 0;
    rc = add_patch(patch, out, file, text, err);
    git_patch_free(patch);
    return rc;
}

static int fill(git_diff *changes, size_t max_text, struct diff *out, struct err *err)
{
    static const char mark[] = "... the rest of the diff is cut ...\n";
    size_t n = git_diff_num_deltas(changes);
    struct strbuf text;
    int rc = VDO_OK;

    if (n > VDO_MAX_TREE_FILES)
        return err_set(err, VDO_E_TOO_LARGE, "diff of over %lu files", VDO_MAX_TREE_FILES);
    strbuf_init(&text, max_text);
    out->files = xcalloc(n + 1, sizeof(*out->files));
    for (size_t i = 0; !rc && i < n; i++)
        rc = add_file(changes, i, out, &text, err);
    if (out->truncated) {
        text.max += sizeof(mark);
        (void)strbuf_adds(&text, mark);
    }
    out->text = strbuf_take(&text, NULL);
    return rc;
}

int mirror_diff(struct mirror *mirror, const char *from, const char *to, size_t max_text,
                struct diff *out, struct err *err)
{
    git_diff *changes = NULL;
    struct diff made = {0};
    int rc = list_changes(mirror, from, to, &changes, err);

    if (!rc)
        rc = fill(changes, max_text, &made, err);
    git_diff_free(changes);
    if (rc)
        diff_release(&made);
    else
        *out = made;
    return rc;
}

void diff_release(struct diff *diff)
{
    if (!diff)
        return;
    for (size_t i = 0; i < diff->n_files; i++) {
        free(diff->files[i].path);
        free(diff->files[i].old_path);
    }
    free(diff->files);
    free(diff->text);
    *diff = (struct diff){0};
}
