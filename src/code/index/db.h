/*
 * db: the SQLite file of one repository's index: blobs by the name of their contents, their packed
 * facts, and the snapshot taken last.
 *
 * Threads: a struct belongs to one thread; several may have the same file open.
 */
#ifndef VDO_CODE_INDEX_DB_H
#define VDO_CODE_INDEX_DB_H

#include "extractor.h"
#include "snapshot.h"

#include "vdo/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct index_db;

/* A damaged file and one of another version are made anew. */
int index_db_open(const char *path, struct index_db **out, struct err *err);
void index_db_close(struct index_db *db);
/* Forget everything, after damage was met. */
int index_db_renew(struct index_db *db, struct err *err);

struct blob_row {
    int64_t id;
    unsigned flags; /* of the contents */
    uint32_t symbols;
};
/* VDO_E_NOT_FOUND (err untouched) when these contents were never read. */
int index_db_find(struct index_db *db, const uint8_t oid[OID_BYTES], struct blob_row *out,
                  struct err *err);
/* Keep a result under that name; a row that is there already stays. Opens a transaction when none
 * is open, and commits it from time to time. */
int index_db_put(struct index_db *db, const uint8_t oid[OID_BYTES],
                 const struct extractor_result *result, struct blob_row *out, struct err *err);
/* A stable view for index_db_facts(); end it in every case, or a later write fails for it. */
int index_db_begin_read(struct index_db *db, struct err *err);
void index_db_end_read(struct index_db *db);
/* The facts of a row, borrowed until the next call; aligned for facts_view(). VDO_E_NOT_FOUND (err
 * untouched) when there are none. */
int index_db_facts(struct index_db *db, int64_t id, const void **out, size_t *out_len,
                   struct err *err);

/* Empty when there is none. */
int index_db_load_snapshot(struct index_db *db, struct snapshot *out, struct err *err);
/* Also ends the transaction. */
int index_db_save_snapshot(struct index_db *db, const struct snapshot *snapshot, struct err *err);
/* End the transaction, where one is open. */
int index_db_commit(struct index_db *db, struct err *err);
void index_db_rollback(struct index_db *db);

/* When the index holds far more than this snapshot, drop blobs that were not used since `day`
 * (days since the epoch) and are not in it. */
int index_db_prune(struct index_db *db, const struct snapshot *snapshot, int64_t day,
                   struct err *err);

#endif
