#include "refresh.h"

#include "classify.h"
#include "ctags.h"
#include "extractor.h"
#include "ignore.h"
#include "walk.h"

#include "vdo/base/clock.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/gitrepo/gitrepo.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_RULES_FILE = 256 * 1024,
    MAX_RULES_FILES = 1000,
    MODE_TYPE = 0170000,
    MODE_LINK = 0120000,
    MODE_MODULE = 0160000,
    DAY_MS = 86400 * 1000,
    /* A file written this shortly before it was read may be written again within one tick of the
     * file system's clock, and look unchanged. */
    RACY_NS = 100 * 1000 * 1000,
};

struct refresh {
    struct index_db *db;
    struct snapshot now;
    struct snapshot before;
    struct extractor *extractor;
    const atomic_bool *cancel;
    struct refresh_stats *stats;
    struct mirror *mirror; /* of a commit */
    struct attributes *attributes[MAX_RULES_FILES];
    size_t n_attributes;
    struct ignore_level *ignores[MAX_RULES_FILES]; /* of a commit */
    char *ignore_bases[MAX_RULES_FILES];
    size_t n_ignores;
    bool changed; /* something differs from `before` */
};

static void release(struct refresh *r)
{
    extractor_free(r->extractor);
    snapshot_release(&r->now);
    snapshot_release(&r->before);
    for (size_t i = 0; i < r->n_attributes; i++)
        attributes_free(r->attributes[i]);
    for (size_t i = 0; i < r->n_ignores; i++) {
        (void)ignore_pop(r->ignores[i], NULL);
        free(r->ignore_bases[i]);
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static char *dir_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? xmemdup0(path, (size_t)(slash - path)) : xstrdup("");
}

static void add_attributes(struct refresh *r, const char *path, const char *bytes, size_t len)
{
    AUTO_FREE char *base = dir_name(path);
    struct attributes *a = attributes_parse(base, bytes, len);

    if (a && r->n_attributes < MAX_RULES_FILES)
        r->attributes[r->n_attributes++] = a;
    else
        attributes_free(a);
}

static bool below(const char *path, const char *base)
{
    size_t len = strlen(base);

    return len == 0 || (strncmp(path, base, len) == 0 && path[len] == '/');
}

static unsigned with_attributes(const struct refresh *r, const char *path, unsigned flags)
{
    for (size_t k = 0; k < r->n_attributes; k++)
        flags = attributes_apply(r->attributes[k], path, flags);
    return flags;
}

static void use_row(struct snap_file *f, const struct blob_row *row)
{
    f->blob = row->id;
    f->flags |= row->flags;
    f->symbols = row->symbols;
}

static int keep_result(struct refresh *r, struct extractor_result *result, struct err *err)
{
    struct snap_file *f = &r->now.files[result->ticket];
    struct blob_row row = {0};
    int rc = index_db_put(r->db, f->oid, result, &row, err);

    free(result->facts);
    if (rc)
        return rc;
    r->stats->new_blobs++;
    use_row(f, &row);
    return VDO_OK;
}

/* Take what is finished; everything when `all`. */
static int take_results(struct refresh *r, bool all, struct err *err)
{
    struct extractor_result result;
    int rc = VDO_OK;

    while (!rc && extractor_take(r->extractor, all || extractor_is_full(r->extractor), &result)) {
        if (r->cancel && atomic_load(r->cancel)) {
            free(result.facts);
            return err_set(err, VDO_E_CANCELLED, "cancelled");
        }
        rc = keep_result(r, &result, err);
    }
    return rc;
}

/* The contents of the file with that number are known by name: use or make their facts. bytes are
 * taken over; NULL when they are not at hand (load reads them). */
static int index_contents(struct refresh *r, size_t i, char *bytes, size_t len, struct err *err)
{
    struct snap_file *f = &r->now.files[i];
    struct blob_row row;
    int rc = index_db_find(r->db, f->oid, &row, err);

    if (rc != VDO_E_NOT_FOUND) {
        free(bytes);
        if (!rc)
            use_row(f, &row);
        return rc;
    }
    extractor_put(r->extractor, i, f->path, bytes, len);
    return take_results(r, false, err);
}

/* Write down the new snapshot, unless nothing changed. */
static int finish(struct refresh *r, struct snapshot *out, struct err *err)
{
    struct err ignored = {0};
    int64_t day = clock_now_ms(clock_real()) / DAY_MS;
    int rc = take_results(r, true, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < r->now.n && r->n_attributes; i++)
        r->now.files[i].flags = with_attributes(r, r->now.files[i].path, r->now.files[i].flags);
    snapshot_age(&r->now, &r->before);
    if (r->changed || r->now.n != r->before.n)
        rc = index_db_save_snapshot(r->db, &r->now, err);
    if (rc)
        return rc;
    if (r->stats->new_blobs)
        (void)index_db_prune(r->db, &r->now, day, &ignored); /* room is only won later */
    *out = r->now;
    r->now = (struct snapshot){0};
    return VDO_OK;
}

static int start(struct refresh *r, struct err *err)
{
    r->extractor = extractor_new(true);
    *r->stats = (struct refresh_stats){0};
    return index_db_load_snapshot(r->db, &r->before, err);
}

/* ---- a directory ---- */

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

static void copy_known(struct snap_file *f, const struct snap_file *old)
{
    f->blob = old->blob;
    f->symbols = old->symbols;
    memcpy(f->oid, old->oid, sizeof(f->oid));
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
        add_attributes(r, file->path, buffer.bytes, buffer.len);
    f->flags = with_attributes(r, f->path, f->flags);
    if (f->flags & FILE_UNREAD) {
        r->changed = r->changed || !old;
        free(buffer.bytes);
        return 0;
    }
    if (unchanged(r, f, old)) {
        free(buffer.bytes);
        copy_known(f, old);
        f->flags |= old->flags & (FILE_BINARY | FILE_GENERATED | FILE_MINIFIED);
        return 0;
    }
    r->changed = true;
    if (!buffer.bytes && walk_read(file, VDO_MAX_SOURCE_FILE, &buffer) != VDO_OK) {
        free(buffer.bytes);
        return 0; /* gone or changed its kind meanwhile: listed, not searched */
    }
    sha256(buffer.bytes, buffer.len, f->oid);
    return index_contents(r, i, buffer.bytes, buffer.len, err);
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
    rc = start(r, err);
    if (!rc)
        rc = walk_tree(dir, &options, visit_file, r, &walked, err);
    if (!rc && walked.cut)
        rc = err_set(err, VDO_E_TOO_LARGE, "%s has over %lu files", dir, VDO_MAX_TREE_FILES);
    stats->skipped = walked.skipped;
    if (!rc)
        rc = finish(r, out, err);
    if (rc)
        index_db_rollback(db);
    release(r);
    free(r);
    return rc;
}

/* ---- a commit ---- */

static unsigned hex_digit(char c)
{
    return c >= 'a' ? (unsigned)(c - 'a' + 10) : (unsigned)(c - '0');
}

static void oid_from_hex(uint8_t oid[OID_BYTES], const char *hex)
{
    memset(oid, 0, OID_BYTES);
    for (size_t i = 0; i < OID_BYTES && hex[2 * i] && hex[2 * i + 1]; i++)
        oid[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
}

static void oid_to_hex(const uint8_t oid[OID_BYTES], char hex[GIT_OID_HEX_SIZE])
{
    for (size_t i = 0; i < (GIT_OID_HEX_SIZE - 1) / 2; i++) {
        hex[2 * i] = "0123456789abcdef"[oid[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[oid[i] & 15];
    }
    hex[GIT_OID_HEX_SIZE - 1] = '\0';
}

static void read_rules(struct refresh *r, const struct tree_entry *entry)
{
    const char *name = base_name(entry->path);
    bool attributes = strcmp(name, ".gitattributes") == 0;
    bool ignore = strcmp(name, ".vdoignore") == 0 && r->n_ignores < MAX_RULES_FILES;
    char *bytes = NULL;
    size_t len = 0;

    if ((!attributes && !ignore) || (entry->mode & MODE_TYPE) == MODE_LINK ||
        mirror_read_blob(r->mirror, entry->oid, MAX_RULES_FILE, &bytes, &len, NULL))
        return;
    if (attributes) {
        add_attributes(r, entry->path, bytes, len);
    } else {
        char *base = dir_name(entry->path);
        struct ignore_level *level = ignore_push(NULL, base, bytes, len);

        if (level) {
            r->ignore_bases[r->n_ignores] = base;
            r->ignores[r->n_ignores++] = level;
        } else {
            free(base);
        }
    }
    free(bytes);
}

static int visit_entry(void *arg, const struct tree_entry *entry)
{
    struct refresh *r = arg;
    unsigned type = entry->mode & MODE_TYPE;
    struct snap_file *f;

    if (r->cancel && atomic_load(r->cancel))
        return VDO_E_CANCELLED;
    if (r->now.n >= VDO_MAX_TREE_FILES)
        return VDO_E_TOO_LARGE;
    if (!walk_path_is_plain(entry->path)) {
        r->stats->skipped++;
        return 0;
    }
    read_rules(r, entry);
    f = snapshot_add(&r->now, entry->path);
    f->flags = classify_path(entry->path);
    if (type == MODE_LINK || type == MODE_MODULE)
        f->flags |= FILE_LINK;
    oid_from_hex(f->oid, entry->oid);
    return 0;
}

/* Is the file, or a directory above it, named by a .vdoignore? */
static bool is_ignored(const struct refresh *r, const char *path)
{
    char part[VDO_MAX_PATH_BYTES + 1];
    size_t len = strlen(path);

    for (size_t k = 0; k < r->n_ignores; k++) {
        size_t base = strlen(r->ignore_bases[k]);

        if (!below(path, r->ignore_bases[k]))
            continue;
        for (size_t i = base + 1; i <= len; i++) {
            if (path[i] != '/' && path[i] != '\0')
                continue;
            memcpy(part, path, i);
            part[i] = '\0';
            if (ignore_match(r->ignores[k], part, path[i] == '/'))
                return true;
        }
    }
    return false;
}

static void drop_ignored(struct refresh *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->now.n && r->n_ignores; i++) {
        if (!is_ignored(r, r->now.files[i].path))
            r->now.files[n++] = r->now.files[i];
    }
    if (r->n_ignores)
        r->now.n = n;
}

static int index_blob(struct refresh *r, size_t i, struct err *err)
{
    struct snap_file *f = &r->now.files[i];
    const struct snap_file *old = snapshot_find(&r->before, f->path);
    struct blob_row row;
    char hex[GIT_OID_HEX_SIZE];
    char *bytes = NULL;
    size_t len = 0;
    int rc;

    f->flags = with_attributes(r, f->path, f->flags);
    r->changed = r->changed || !old || memcmp(old->oid, f->oid, sizeof(f->oid)) != 0;
    if (f->flags & FILE_UNREAD)
        return VDO_OK;
    if (old && old->blob && memcmp(old->oid, f->oid, sizeof(f->oid)) == 0) {
        copy_known(f, old);
        f->flags |= old->flags & (FILE_BINARY | FILE_GENERATED | FILE_MINIFIED);
        return VDO_OK;
    }
    rc = index_db_find(r->db, f->oid, &row, err);
    if (!rc)
        use_row(f, &row);
    if (rc != VDO_E_NOT_FOUND)
        return rc;
    oid_to_hex(f->oid, hex);
    rc = mirror_read_blob(r->mirror, hex, VDO_MAX_SOURCE_FILE, &bytes, &len, NULL);
    if (rc == VDO_E_TOO_LARGE)
        f->flags |= FILE_OVERSIZED;
    if (rc) /* a partial or shallow mirror may lack it: listed, not searched */
        return VDO_OK;
    extractor_put(r->extractor, i, f->path, bytes, len);
    return take_results(r, false, err);
}

static int index_blobs(struct refresh *r, struct err *err)
{
    int rc = VDO_OK;

    for (size_t i = 0; i < r->now.n && !rc; i++) {
        if (r->cancel && atomic_load(r->cancel))
            return err_set(err, VDO_E_CANCELLED, "cancelled");
        rc = index_blob(r, i, err);
    }
    return rc;
}

int refresh_commit(struct index_db *db, struct mirror *mirror, const char *commit,
                   const atomic_bool *cancel, struct snapshot *out, struct refresh_stats *stats,
                   struct err *err)
{
    struct refresh *r = xcalloc(1, sizeof(*r));
    int rc;

    r->db = db;
    r->cancel = cancel;
    r->stats = stats;
    r->mirror = mirror;
    rc = start(r, err);
    if (!rc)
        rc = mirror_walk(mirror, commit, false, visit_entry, r, err);
    if (rc)
        rc = err_set(err, rc, "index commit %s: %s", commit, vdo_code_name(rc));
    if (!rc) {
        snapshot_sort(&r->now);
        drop_ignored(r);
        rc = index_blobs(r, err);
    }
    if (!rc)
        rc = finish(r, out, err);
    if (rc)
        index_db_rollback(db);
    release(r);
    free(r);
    return rc;
}
