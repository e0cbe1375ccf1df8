#include "index_struct.h"

#include "classify.h"
#include "ctags.h"
#include "refresh.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

int code_index_open(const char *db_path, struct code_index **out, struct err *err)
{
    struct code_index *index = xcalloc(1, sizeof(*index));
    int rc = index_db_open(db_path, &index->db, err);

    if (rc) {
        free(index);
        return rc;
    }
    *out = index;
    return VDO_OK;
}

void code_index_close(struct code_index *index)
{
    if (!index)
        return;
    snapshot_release(&index->snapshot);
    index_db_close(index->db);
    free(index);
}

/* What to index: a commit, or a directory when mirror is NULL. */
struct target {
    struct mirror *mirror;
    const char *name; /* commit id or directory */
    const atomic_bool *cancel;
};

static int refresh(struct code_index *index, const struct target *t, struct err *err)
{
    struct snapshot now = {0};
    struct refresh_stats stats = {0};
    int rc = t->mirror ?
                 refresh_commit(index->db, t->mirror, t->name, t->cancel, &now, &stats, err) :
                 refresh_dir(index->db, t->name, t->cancel, &now, &stats, err);

    if (rc)
        return rc;
    snapshot_release(&index->snapshot);
    index->snapshot = now;
    index->new_blobs = stats.new_blobs;
    index->skipped = stats.skipped;
    return VDO_OK;
}

/* The index is a cache: where the file turns out to be damaged, it is made again, once. */
static int refresh_or_renew(struct code_index *index, const struct target *t, struct err *err)
{
    struct err first = {0};
    int rc = refresh(index, t, &first);

    if (rc == VDO_E_INVALID) {
        rc = index_db_renew(index->db, err);
        return rc ? rc : refresh(index, t, err);
    }
    return rc ? err_set(err, first.code, "%s", first.text) : VDO_OK;
}

int code_index_commit(struct code_index *index, struct mirror *mirror, const char *commit,
                      const atomic_bool *cancel, struct err *err)
{
    struct target target = {.mirror = mirror, .name = commit, .cancel = cancel};

    return refresh_or_renew(index, &target, err);
}

int code_index_dir(struct code_index *index, const char *dir, const atomic_bool *cancel,
                   struct err *err)
{
    struct target target = {.name = dir, .cancel = cancel};

    return refresh_or_renew(index, &target, err);
}

void code_index_stats(const struct code_index *index, struct code_index_stats *out)
{
    *out = (struct code_index_stats){.files = index->snapshot.n,
                                     .new_blobs = index->new_blobs,
                                     .skipped = index->skipped,
                                     .has_ctags = ctags_available()};
    for (size_t i = 0; i < index->snapshot.n; i++) {
        const struct snap_file *f = &index->snapshot.files[i];

        out->indexed += f->blob && !(f->flags & FILE_UNREAD);
        out->symbols += f->symbols;
    }
}

int index_facts(struct code_index *index, const struct snap_file *file, struct facts *out,
                struct err *err)
{
    const void *bytes = NULL;
    size_t len = 0;
    int rc;

    if (!file->blob || file->flags & FILE_UNREAD)
        return VDO_E_NOT_FOUND;
    rc = index_db_facts(index->db, file->blob, &bytes, &len, err);
    if (rc)
        return rc;
    return facts_view(bytes, len, out) ? VDO_OK : VDO_E_NOT_FOUND;
}

bool code_index_has_file(struct code_index *index, const char *path)
{
    return snapshot_find(&index->snapshot, path) != NULL;
}

int code_index_list(struct code_index *index, const char *sub, size_t max, struct strbuf *out,
                    struct err *err)
{
    const struct snapshot *s = &index->snapshot;
    AUTO_FREE const char **paths = xcalloc(s->n + 1, sizeof(*paths));
    AUTO_FREE char *prefix = xstrdup(sub ? sub : "");
    size_t skip = list_prefix(sub);
    size_t n = 0;

    while (strncmp(prefix, "./", 2) == 0)
        memmove(prefix, prefix + 2, strlen(prefix + 1));
    for (size_t i = 0; i < s->n; i++) {
        if (skip == 0 || (strncmp(s->files[i].path, prefix, skip - 1) == 0 &&
                          strlen(s->files[i].path) > skip && s->files[i].path[skip - 1] == '/'))
            paths[n++] = s->files[i].path;
    }
    if (n == 0 && skip)
        return err_set(err, VDO_E_NOT_FOUND, "%s is no directory of the tree", sub);
    list_paths(paths, n, skip, max ? max : 1, false, out);
    return VDO_OK;
}
