#include "refresh_private.h"

#include "walk.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/gitrepo/gitrepo.h"

#include <stdlib.h>
#include <string.h>

enum { MODE_TYPE = 0170000, MODE_LINK = 0120000, MODE_MODULE = 0160000 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool below(const char *path, const char *base)
{
    size_t len = strlen(base);

    return len == 0 || (strncmp(path, base, len) == 0 && path[len] == '/');
}

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
        refresh_add_attributes(r, entry->path, bytes, len);
    } else {
        char *base = refresh_dir_name(entry->path);
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
    /* A submodule is a commit of another repository: there is no file to show. */
    if (type == MODE_MODULE || !walk_path_is_plain(entry->path)) {
        r->stats->skipped++;
        return 0;
    }
    read_rules(r, entry);
    f = snapshot_add(&r->now, entry->path);
    f->flags = classify_path(entry->path);
    if (type == MODE_LINK)
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

    f->flags = refresh_with_attributes(r, f->path, f->flags);
    r->changed = r->changed || !old || memcmp(old->oid, f->oid, sizeof(f->oid)) != 0;
    if (f->flags & FILE_UNREAD)
        return VDO_OK;
    if (old && old->blob && memcmp(old->oid, f->oid, sizeof(f->oid)) == 0) {
        refresh_copy_known(f, old);
        f->flags |= old->flags & (FILE_BINARY | FILE_GENERATED | FILE_MINIFIED);
        return VDO_OK;
    }
    rc = index_db_find(r->db, f->oid, &row, err);
    if (!rc)
        refresh_use_row(f, &row);
    if (rc != VDO_E_NOT_FOUND)
        return rc;
    oid_to_hex(f->oid, hex);
    rc = mirror_read_blob(r->mirror, hex, VDO_MAX_SOURCE_FILE, &bytes, &len, NULL);
    if (rc == VDO_E_TOO_LARGE)
        f->flags |= FILE_OVERSIZED;
    if (rc) /* a partial or shallow mirror may lack it: listed, not searched */
        return VDO_OK;
    extractor_put(r->extractor, i, f->path, bytes, len);
    return refresh_take_results(r, false, err);
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
    rc = refresh_start(r, err);
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
        rc = refresh_finish(r, out, err);
    if (rc)
        index_db_rollback(db);
    refresh_release(r);
    free(r);
    return rc;
}
