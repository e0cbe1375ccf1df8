/*
 * index_struct: the insides of a struct code_index, shared by the files that implement index.h.
 */
#ifndef VDO_CODE_INDEX_INDEX_STRUCT_H
#define VDO_CODE_INDEX_INDEX_STRUCT_H

#include "db.h"
#include "facts.h"
#include "snapshot.h"

#include "vdo/code/index.h"

struct code_index {
    struct index_db *db;
    struct snapshot snapshot;
    uint64_t new_blobs;
    uint64_t skipped;
};

/* The facts of a file, borrowed until the next call; between index_db_begin_read() and
 * index_db_end_read() only. VDO_E_NOT_FOUND (err untouched) when it is not searched. */
int index_facts(struct code_index *index, const struct snap_file *file, struct facts *out,
                struct err *err);

/* Write paths (sorted, all below the first `skip` bytes of each) as at most max lines, folding deep
 * directories. */
void list_paths(const char *const *paths, size_t n, size_t skip, size_t max, bool cut,
                struct strbuf *out);
/* Bytes that a directory takes at the start of the paths below it, its slash included. */
size_t list_prefix(const char *sub);

#endif
