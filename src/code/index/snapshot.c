#include "snapshot.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 256 * 1024, MAGIC = 0x56535031, MANY_CHANGES = 100 };

/* What a churn of before counts when files changed since. */
static const float keep = 0.9F;

struct packed_head {
    uint32_t magic;
    uint32_t n;
    int64_t taken_ns;
};

struct packed_file {
    int64_t blob;
    uint64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
    float churn;
    uint32_t flags;
    uint32_t symbols;
    uint8_t oid[OID_BYTES];
    uint32_t path_len; /* the path and a NUL follow */
};

void snapshot_release(struct snapshot *s)
{
    for (size_t i = 0; i < s->n_arenas; i++)
        free(s->arenas[i]);
    free(s->arenas);
    free(s->files);
    memset(s, 0, sizeof(*s));
}

static const char *keep_path(struct snapshot *s, const char *path)
{
    size_t size = strlen(path) + 1;
    char *to;

    if (!s->n_arenas || s->arena_used + size > ARENA_BYTES) {
        s->arenas = xreallocarray(s->arenas, s->n_arenas + 1, sizeof(*s->arenas));
        s->arenas[s->n_arenas++] = xmalloc(size > ARENA_BYTES ? size : ARENA_BYTES);
        s->arena_used = 0;
    }
    to = s->arenas[s->n_arenas - 1] + s->arena_used;
    memcpy(to, path, size);
    s->arena_used += size;
    return to;
}

struct snap_file *snapshot_add(struct snapshot *s, const char *path)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 512;
        s->files = xreallocarray(s->files, s->cap, sizeof(*s->files));
    }
    s->files[s->n] = (struct snap_file){.path = keep_path(s, path)};
    return &s->files[s->n++];
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct snap_file *)a)->path, ((const struct snap_file *)b)->path);
}

void snapshot_sort(struct snapshot *s)
{
    if (s->n)
        qsort(s->files, s->n, sizeof(*s->files), compare_files);
}

struct snap_file *snapshot_find(const struct snapshot *s, const char *path)
{
    struct snap_file key = {.path = path};

    return s->n ? bsearch(&key, s->files, s->n, sizeof(*s->files), compare_files) : NULL;
}

void snapshot_pack(const struct snapshot *s, struct strbuf *out)
{
    struct packed_head head = {MAGIC, (uint32_t)s->n, s->taken_ns};

    (void)strbuf_add(out, &head, sizeof(head));
    for (size_t i = 0; i < s->n; i++) {
        const struct snap_file *f = &s->files[i];
        struct packed_file p;

        memset(&p, 0, sizeof(p));
        p.blob = f->blob;
        p.size = f->size;
        p.mtime_ns = f->mtime_ns;
        p.ctime_ns = f->ctime_ns;
        p.churn = f->churn;
        p.flags = f->flags;
        p.symbols = f->symbols;
        p.path_len = (uint32_t)strlen(f->path);
        memcpy(p.oid, f->oid, sizeof(p.oid));
        (void)strbuf_add(out, &p, sizeof(p));
        (void)strbuf_add(out, f->path, p.path_len + 1UL);
    }
}

static bool unpack_file(const char **at, const char *end, struct snapshot *out)
{
    struct packed_file p;
    struct snap_file *f;

    if ((size_t)(end - *at) < sizeof(p))
        return false;
    memcpy(&p, *at, sizeof(p));
    *at += sizeof(p);
    if ((size_t)(end - *at) <= p.path_len || (*at)[p.path_len] != '\0')
        return false;
    f = snapshot_add(out, *at);
    f->blob = p.blob;
    f->size = p.size;
    f->mtime_ns = p.mtime_ns;
    f->ctime_ns = p.ctime_ns;
    f->churn = p.churn;
    f->flags = p.flags;
    f->symbols = p.symbols;
    memcpy(f->oid, p.oid, sizeof(p.oid));
    *at += p.path_len + 1;
    return true;
}

bool snapshot_unpack(const char *bytes, size_t len, struct snapshot *out)
{
    const char *end = bytes + len;
    struct packed_head head;

    memset(out, 0, sizeof(*out));
    if (len < sizeof(head))
        return false;
    memcpy(&head, bytes, sizeof(head));
    bytes += sizeof(head);
    if (head.magic != MAGIC || head.n > VDO_MAX_TREE_FILES)
        return false;
    out->taken_ns = head.taken_ns;
    for (uint32_t i = 0; i < head.n; i++) {
        if (!unpack_file(&bytes, end, out)) {
            snapshot_release(out);
            return false;
        }
    }
    return true;
}

void snapshot_age(struct snapshot *now, const struct snapshot *before)
{
    size_t changes = 0;
    size_t j = 0;

    for (size_t i = 0; i < now->n; i++) {
        struct snap_file *f = &now->files[i];
        int order = 1;

        while (j < before->n && (order = strcmp(before->files[j].path, f->path)) < 0)
            j++;
        if (order == 0 && j < before->n &&
            memcmp(before->files[j].oid, f->oid, sizeof(f->oid)) == 0) {
            f->churn = before->files[j].churn;
            continue;
        }
        f->churn = -1.0F - (order == 0 && j < before->n ? before->files[j].churn : 0.0F);
        changes++;
    }
    for (size_t i = 0; i < now->n && changes; i++) {
        struct snap_file *f = &now->files[i];
        bool changed = f->churn < 0.0F;
        float old = changed ? -1.0F - f->churn : f->churn;

        f->churn = old * keep + (changed && changes <= MANY_CHANGES && before->n ? 1.0F : 0.0F);
    }
}
