/*
 * snapshot: the files of one commit, or of a directory at one moment, over the blobs of the index.
 *
 * Sorted by the bytes of the path, which is how git sorts. Threads: a struct belongs to one thread.
 */
#ifndef VDO_CODE_INDEX_SNAPSHOT_H
#define VDO_CODE_INDEX_SNAPSHOT_H

#include "lang.h"

#include "vdo/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OID_BYTES = 32 };

struct snap_file {
    const char *path;
    int64_t blob;     /* row of the index; 0: not searched */
    uint64_t size;    /* bytes; 0 unknown */
    int64_t mtime_ns; /* of a directory's file; together with size and ctime tells a change */
    int64_t ctime_ns;
    float churn;    /* how often and how recently it changed between snapshots */
    unsigned flags; /* enum file_flag */
    uint32_t symbols;
    uint8_t oid[OID_BYTES]; /* what its contents are called; zeros when they were not read */
};

struct snapshot {
    struct snap_file *files;
    size_t n;
    size_t cap;
    char **arenas; /* where the paths live */
    size_t n_arenas;
    size_t arena_used;
    int64_t taken_ns; /* when a directory was read; 0 for a commit */
};

void snapshot_release(struct snapshot *s);
/* A zeroed file at the end; the path is copied. Valid until the next one is added. */
struct snap_file *snapshot_add(struct snapshot *s, const char *path);
void snapshot_sort(struct snapshot *s);
/* The file of that path, or NULL; the snapshot is sorted. */
struct snap_file *snapshot_find(const struct snapshot *s, const char *path);

void snapshot_pack(const struct snapshot *s, struct strbuf *out);
/* False when the bytes are not what snapshot_pack() wrote; the snapshot is empty then. */
bool snapshot_unpack(const char *bytes, size_t len, struct snapshot *out);

/*
 * Carry the churn of `before` over: each change since then (another oid, a new path) adds one, what
 * was there counts 0.9 of it. A change of many files at once tells nothing about any of them.
 */
void snapshot_age(struct snapshot *now, const struct snapshot *before);

#endif
