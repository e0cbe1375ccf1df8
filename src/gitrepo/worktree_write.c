/*
 * The state of the files as a tree. One scan finds what changed, what is new and what is gone; only
 * when all of it has been stored is the index touched, so that a failure leaves it as it was.
 */
#include "worktree.h"

#include "blob_writer.h"
#include "ignore.h"
#include "path_names.h"
#include "scan.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What holds for the untracked entries of a directory. */
struct dir_mark {
    struct dir_mark *next; /* all marks of one scan, for freeing */
    const struct ignore_rules *rules;
    struct ignore_rules *own; /* the rules that this directory's file adds */
    bool ignored;
};

struct change {
    char *path;
    git_index_entry entry;
};

struct survey {
    struct worktree *worktree;
    bool *seen; /* per index entry */
    struct change *changes;
    size_t n_changes;
    size_t cap;
    size_t n_entries;
    struct dir_mark *marks;
};

static struct dir_mark *add_mark(struct survey *survey, const struct dir_mark *outer)
{
    struct dir_mark *mark = xcalloc(1, sizeof(*mark));

    if (outer) {
        mark->rules = outer->rules;
        mark->ignored = outer->ignored;
    }
    mark->next = survey->marks;
    survey->marks = mark;
    return mark;
}

static void survey_release(struct survey *survey)
{
    while (survey->marks) {
        struct dir_mark *mark = survey->marks;

        survey->marks = mark->next;
        ignore_rules_free(mark->own);
        free(mark);
    }
    for (size_t i = 0; i < survey->n_changes; i++)
        free(survey->changes[i].path);
    free(survey->changes);
    free(survey->seen);
}

static int read_rules(struct scan *scan, struct scan_dir *dir, int dir_fd, bool has_ignore,
                      struct err *err)
{
    struct survey *survey = scan->arg;
    struct dir_mark *mark = dir->mark;
    int rc;

    if (!mark)
        mark = dir->mark = add_mark(survey, NULL);
    if (!has_ignore)
        return VDO_OK;
    rc = ignore_rules_load(dir_fd, dir->path, mark->rules, &mark->own, err);
    if (!rc)
        mark->rules = mark->own;
    return rc;
}

static unsigned mode_of(const struct stat *st)
{
    if (S_ISLNK(st->st_mode))
        return GIT_FILEMODE_LINK;
    return st->st_mode & S_IXUSR ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB;
}

static int store(struct survey *survey, const struct scan_entry *found, struct err *err)
{
    struct change *change;
    struct stat st;
    git_oid oid;
    int rc = blob_store(survey->worktree->mirror, found->dir_fd, found->name, found->path, &oid,
                        &st, err);

    if (rc)
        return rc;
    if (survey->n_changes == survey->cap) {
        survey->cap = survey->cap ? survey->cap * 2 : 16;
        survey->changes = xreallocarray(survey->changes, survey->cap, sizeof(*survey->changes));
    }
    change = &survey->changes[survey->n_changes++];
    *change = (struct change){.path = xstrdup(found->path)};
    change->entry.path = change->path;
    change->entry.id = oid;
    change->entry.mode = mode_of(&st);
    entry_set_stat(&change->entry, &st);
    return VDO_OK;
}

static int check_caps(struct survey *survey, const struct scan_entry *found, struct err *err)
{
    if (++survey->n_entries > VDO_MAX_TREE_FILES)
        return err_set(err, VDO_E_TOO_LARGE, "the worktree has over %lu files", VDO_MAX_TREE_FILES);
    if (strlen(found->path) > VDO_MAX_PATH_BYTES)
        return err_set(err, VDO_E_TOO_LARGE, "the worktree has a path of over %lu bytes: %.100s...",
                       VDO_MAX_PATH_BYTES, found->path);
    return VDO_OK;
}

static bool base_has(const struct survey *survey, const char *path)
{
    git_tree_entry *entry = NULL;
    bool has = git_tree_entry_bypath(&entry, survey->worktree->base_tree, path) == 0;

    git_tree_entry_free(entry);
    git_error_clear();
    return has;
}

static bool is_ignored(const struct survey *survey, const struct dir_mark *mark, const char *path,
                       bool is_dir)
{
    return (mark->ignored || ignore_rules_match(mark->rules, path, is_dir)) &&
           !base_has(survey, path);
}

static void survey_dir(struct scan *scan, const struct dir_mark *mark, const char *path)
{
    struct survey *survey = scan->arg;
    bool ignored = mark->ignored || ignore_rules_match(mark->rules, path, true);
    struct dir_mark *below;

    if (ignored && !index_has_below(survey->worktree->index, path) && !base_has(survey, path))
        return;
    below = add_mark(survey, mark);
    below->ignored = ignored;
    scan_descend(scan, path, below);
}

static int survey_tracked(struct scan *scan, const struct dir_mark *mark, size_t at,
                          const struct scan_entry *found, struct err *err)
{
    struct survey *survey = scan->arg;
    const git_index_entry *entry = git_index_get_byindex(survey->worktree->index, at);

    if (S_ISDIR(found->st.st_mode)) {
        if (entry->mode == GIT_FILEMODE_COMMIT)
            survey->seen[at] = true; /* a submodule: what is in it is not ours */
        else
            survey_dir(scan, mark, found->path);
        return VDO_OK;
    }
    if (!S_ISREG(found->st.st_mode) && !S_ISLNK(found->st.st_mode))
        return VDO_OK;
    survey->seen[at] = true;
    return entry_is_clean(survey->worktree, entry, &found->st) ? VDO_OK : store(survey, found, err);
}

static int survey_entry(struct scan *scan, const struct scan_dir *dir,
                        const struct scan_entry *found, struct err *err)
{
    struct survey *survey = scan->arg;
    const struct dir_mark *mark = dir->mark;
    size_t at;
    int rc;

    if (name_is_dot_git(found->name, strlen(found->name)))
        return VDO_OK;
    rc = check_caps(survey, found, err);
    if (rc)
        return rc;
    if (git_index_find(&at, survey->worktree->index, found->path) == 0)
        return survey_tracked(scan, mark, at, found, err);
    git_error_clear();
    if (S_ISDIR(found->st.st_mode)) {
        survey_dir(scan, mark, found->path);
        return VDO_OK;
    }
    if ((!S_ISREG(found->st.st_mode) && !S_ISLNK(found->st.st_mode)) ||
        is_ignored(survey, mark, found->path, false))
        return VDO_OK;
    return store(survey, found, err);
}

/* Submodules stay even when their directory is gone: an empty directory is easily lost. */
static int drop_missing(struct survey *survey, bool *dropped, struct err *err)
{
    git_index *index = survey->worktree->index;

    for (size_t i = git_index_entrycount(index); i-- > 0;) {
        const git_index_entry *entry = git_index_get_byindex(index, i);
        AUTO_FREE char *path = NULL;
        int rc;

        if (survey->seen[i] || entry->mode == GIT_FILEMODE_COMMIT)
            continue;
        path = xstrdup(entry->path);
        rc = git_index_remove(index, path, 0);
        if (rc)
            return fail_git(err, rc, "drop %.200s", path);
        *dropped = true;
    }
    return VDO_OK;
}

static int apply(struct survey *survey, struct err *err)
{
    bool dropped = false;
    int rc = drop_missing(survey, &dropped, err);

    for (size_t i = 0; !rc && i < survey->n_changes; i++) {
        rc = git_index_add(survey->worktree->index, &survey->changes[i].entry);
        if (rc)
            rc = fail_git(err, rc, "add %.200s", survey->changes[i].path);
    }
    if (rc || (!dropped && survey->n_changes == 0))
        return rc;
    return worktree_save(survey->worktree, err);
}

static int write_tree(struct worktree *worktree, git_oid *oid, struct err *err)
{
    int rc = git_index_write_tree_to(oid, worktree->index, worktree->mirror->repo);

    return rc ? fail_git(err, rc, "write the tree of %s", worktree->dir) : VDO_OK;
}

int worktree_write_tree(struct worktree *worktree, char tree[GIT_OID_HEX_SIZE], struct err *err)
{
    struct survey survey = {.worktree = worktree};
    struct scan scan = {.root_fd = worktree->root_fd,
                        .arg = &survey,
                        .on_dir = read_rules,
                        .on_entry = survey_entry};
    git_oid oid;
    int rc;

    survey.seen = xcalloc(git_index_entrycount(worktree->index) + 1, sizeof(bool));
    rc = scan_run(&scan, err);
    if (!rc)
        rc = apply(&survey, err);
    survey_release(&survey);
    if (!rc)
        rc = write_tree(worktree, &oid, err);
    if (!rc)
        oid_to_hex(&oid, tree);
    return rc;
}
