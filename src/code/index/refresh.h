/*
 * refresh: bring an index to a commit or a directory, reading only what it has not read before.
 */
#ifndef VDO_CODE_INDEX_REFRESH_H
#define VDO_CODE_INDEX_REFRESH_H

#include "db.h"
#include "snapshot.h"

#include "vdo/base/err.h"

#include <stdatomic.h>
#include <stdint.h>

struct mirror;

struct refresh_stats {
    uint64_t new_blobs; /* contents that were read and analysed */
    uint64_t skipped;   /* paths left out because of their shape */
};

/* out gets the new snapshot; on failure it is untouched. */
int refresh_commit(struct index_db *db, struct mirror *mirror, const char *commit,
                   const atomic_bool *cancel, struct snapshot *out, struct refresh_stats *stats,
                   struct err *err);
int refresh_dir(struct index_db *db, const char *dir, const atomic_bool *cancel,
                struct snapshot *out, struct refresh_stats *stats, struct err *err);

#endif
