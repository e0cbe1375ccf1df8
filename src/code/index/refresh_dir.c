#include "refresh_private.h"

#include "walk.h"

#include "vdo/base/clock.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

/* A file written this shortly before it was read may be written again within one tick of the file
 * system's clock, and look unchanged. */
enum { RACY_NS = 100 * 1000 * 1000 };

static int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* Was the file read before as it is now? */
static bool unchanged(const struct refresh *r, const struct snap_file *f,
                      const struct snap_file *old)
{
    return old && old->size == f->size && old->mtime_ns == f->mtime_ns &&
           old->ctime_ns == f->ctime_ns && f->mtime_ns &&
           f->ctime_ns < r->before.taken_ns - RACY_NS;
}

static int visit_file(void *arg, const struct walk_file *file, struct err *err)
{
    struct refresh *r = arg;
    struct snap_file *f = snapshot_add(&r->now, file->path);
    const struct snap_file *old = snapshot_find(&r->before, file->path);
    struct walk_buffer buffer = {0};
    size_t i = r->now.n - 1;

    f->size = (uint64_t)file->st->st_size;
    f->mtime_ns = ns_of(&file->st->st_mtim);
    f->ctime_ns = ns_of(&file->st->st_ctim);
    f->flags = classify_path(file->path);
    if (f->size > VDO_MAX_SOURCE_FILE)
        f->flags |= FILE_OVERSIZED;
    if (strcmp(file->name, ".gitattributes") == 0 &&
        walk_read(file, MAX_RULES_FILE, &buffer) == VDO_OK)
        refresh_add_attributes(r, file->path, buffer.bytes, buffer.len);
    f->flags = refresh_with_attributes(r, f->path, f->flags);
    if (f->flags & FILE_UNREAD) {
        r->changed = r->changed || !old;
        free(buffer.bytes);
        return 0;
    }
    if (unchanged(r, f, old)) {
        free(buffer.bytes);
        refresh_copy_known(f, old);
        f->flags |= old->flags & (FILE_BINARY | FILE_GENERATED | FILE_MINIFIED);
        return 0;
    }
    r->changed = true;
    if (!buffer.bytes && walk_read(file, VDO_MAX_SOURCE_FILE, &buffer) != VDO_OK) {
        free(buffer.bytes);
        return 0; /* gone or changed its kind meanwhile: listed, not searched */
    }
    sha256(buffer.bytes, buffer.len, f->oid);
    return refresh_index_contents(r, i, buffer.bytes, buffer.len, err);
}

int refresh_dir(struct index_db *db, const char *dir, const atomic_bool *cancel,
                struct snapshot *out, struct refresh_stats *stats, struct err *err)
{
    struct refresh *r = xcalloc(1, sizeof(*r));
    struct walk_options options = {.git_ignored = true, .cancel = cancel};
    struct walk_stats walked = {0};
    int rc;

    r->db = db;
    r->cancel = cancel;
    r->stats = stats;
    r->now.taken_ns = clock_now_ms(clock_real()) * 1000000;
    rc = refresh_start(r, err);
    if (!rc)
        rc = walk_tree(dir, &options, visit_file, r, &walked, err);
    if (!rc && walked.cut)
        rc = err_set(err, VDO_E_TOO_LARGE, "%s has over %lu files", dir, VDO_MAX_TREE_FILES);
    stats->skipped = walked.skipped;
    if (!rc)
        rc = refresh_finish(r, out, err);
    if (rc)
        index_db_rollback(db);
    refresh_release(r);
    free(r);
    return rc;
}
