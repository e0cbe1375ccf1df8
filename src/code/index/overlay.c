#include "index_struct.h"
#include "refresh_private.h"
#include "walk.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/gitrepo/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the repository says of a path holds for its new contents too. */
enum {
    OF_THE_PATH = FILE_TEST | FILE_DOC | FILE_EXAMPLE | FILE_VENDORED | FILE_GENERATED | FILE_LOCK |
                  FILE_LOCALE
};

/* A regular file of at most VDO_MAX_SOURCE_FILE bytes; NULL when it is larger, or cannot be read.
 */
static char *read_contents(int fd, size_t size, size_t *out_len)
{
    char *bytes = size <= VDO_MAX_SOURCE_FILE ? xmalloc(size + 1) : NULL;
    size_t len = 0;

    while (bytes && len < size) {
        ssize_t n = read(fd, bytes + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    if (bytes)
        bytes[len] = '\0';
    *out_len = len;
    return bytes;
}

/* Put the file as it is now into r->now; nothing when it is gone. */
static int look_at(struct refresh *r, const char *dir, const char *path, struct err *err)
{
    const struct snap_file *old = snapshot_find(&r->before, path);
    struct snap_file *f;
    struct stat st;
    char *bytes;
    size_t len;
    int fd;

    if (!walk_path_is_plain(path) || path_open_in(dir, path, O_RDONLY | O_NONBLOCK, 0, &fd, NULL))
        return VDO_OK;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return VDO_OK;
    }
    f = snapshot_add(&r->now, path);
    f->size = (uint64_t)st.st_size;
    f->churn = old ? old->churn : 0;
    f->flags = old ? old->flags & (unsigned)OF_THE_PATH : classify_path(path);
    bytes = f->flags & FILE_UNREAD ? NULL : read_contents(fd, (size_t)st.st_size, &len);
    (void)close(fd);
    if (!bytes) {
        f->flags |= f->size > VDO_MAX_SOURCE_FILE ? FILE_OVERSIZED : 0;
        return VDO_OK;
    }
    sha256(bytes, len, f->oid);
    return refresh_index_contents(r, r->now.n - 1, bytes, len, err);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted(const char *const *paths, size_t n)
{
    const char **copy = xcalloc(n, sizeof(*copy));

    memcpy(copy, paths, n * sizeof(*copy));
    qsort(copy, n, sizeof(*copy), by_bytes);
    return copy;
}

/* All others as they were, and the new ones. */
static void merge(const struct snapshot *before, const struct snapshot *changed,
                  const char *const *paths, size_t n, struct snapshot *out)
{
    const struct snapshot *from[] = {before, changed};
    AUTO_FREE const char **gone = sorted(paths, n);

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < from[k]->n; i++) {
            const struct snap_file *f = &from[k]->files[i];
            struct snap_file *copy;
            const char *path;

            if (k == 0 && bsearch(&f->path, gone, n, sizeof(*gone), by_bytes))
                continue;
            copy = snapshot_add(out, f->path);
            path = copy->path;
            *copy = *f;
            copy->path = path;
        }
    }
    snapshot_sort(out);
}

int code_index_overlay(struct code_index *index, const char *dir, const char *const *paths,
                       size_t n, struct err *err)
{
    struct refresh_stats stats = {0};
    struct snapshot merged = {0};
    struct refresh *r;
    int rc = VDO_OK;

    if (n == 0)
        return VDO_OK;
    r = xcalloc(1, sizeof(*r));
    r->db = index->db;
    r->stats = &stats;
    r->before = index->snapshot; /* lent */
    r->extractor = extractor_new(true);
    for (size_t i = 0; i < n && !rc; i++)
        rc = look_at(r, dir, paths[i], err);
    if (!rc)
        rc = refresh_take_results(r, true, err);
    if (!rc)
        rc = index_db_commit(index->db, err);
    else
        index_db_rollback(index->db);
    if (!rc)
        merge(&index->snapshot, &r->now, paths, n, &merged);
    r->before = (struct snapshot){0};
    refresh_release(r);
    free(r);
    if (rc)
        return rc;
    snapshot_release(&index->snapshot);
    index->snapshot = merged;
    index->new_blobs = stats.new_blobs;
    return VDO_OK;
}
