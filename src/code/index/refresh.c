#include "refresh_private.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400 * 1000 };

void refresh_release(struct refresh *r)
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

char *refresh_dir_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? xmemdup0(path, (size_t)(slash - path)) : xstrdup("");
}

void refresh_add_attributes(struct refresh *r, const char *path, const char *bytes, size_t len)
{
    AUTO_FREE char *base = refresh_dir_name(path);
    struct attributes *a = attributes_parse(base, bytes, len);

    if (a && r->n_attributes < MAX_RULES_FILES)
        r->attributes[r->n_attributes++] = a;
    else
        attributes_free(a);
}

unsigned refresh_with_attributes(const struct refresh *r, const char *path, unsigned flags)
{
    for (size_t k = 0; k < r->n_attributes; k++)
        flags = attributes_apply(r->attributes[k], path, flags);
    return flags;
}

void refresh_use_row(struct snap_file *f, const struct blob_row *row)
{
    f->blob = row->id;
    f->flags |= row->flags;
    f->symbols = row->symbols;
}

int refresh_index_contents(struct refresh *r, size_t i, char *bytes, size_t len, struct err *err)
{
    struct snap_file *f = &r->now.files[i];
    struct blob_row row;
    int rc = index_db_find(r->db, f->oid, &row, err);

    if (rc != VDO_E_NOT_FOUND) {
        free(bytes);
        if (!rc)
            refresh_use_row(f, &row);
        return rc;
    }
    extractor_put(r->extractor, i, f->path, bytes, len);
    return refresh_take_results(r, false, err);
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
    refresh_use_row(f, &row);
    return VDO_OK;
}

/* Take what is finished; everything when `all`. */
int refresh_take_results(struct refresh *r, bool all, struct err *err)
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

/* Write down the new snapshot, unless nothing changed. */
int refresh_finish(struct refresh *r, struct snapshot *out, struct err *err)
{
    struct err ignored = {0};
    int64_t day = clock_now_ms(clock_real()) / DAY_MS;
    int rc = refresh_take_results(r, true, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < r->now.n && r->n_attributes; i++)
        r->now.files[i].flags =
            refresh_with_attributes(r, r->now.files[i].path, r->now.files[i].flags);
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

int refresh_start(struct refresh *r, struct err *err)
{
    r->extractor = extractor_new(true);
    *r->stats = (struct refresh_stats){0};
    return index_db_load_snapshot(r->db, &r->before, err);
}

void refresh_copy_known(struct snap_file *f, const struct snap_file *old)
{
    f->blob = old->blob;
    f->symbols = old->symbols;
    memcpy(f->oid, old->oid, sizeof(f->oid));
}
