/*
 * refresh_private: what a refresh over a commit and one over a directory have in common.
 */
#ifndef VDO_CODE_INDEX_REFRESH_PRIVATE_H
#define VDO_CODE_INDEX_REFRESH_PRIVATE_H

#include "classify.h"
#include "extractor.h"
#include "ignore.h"
#include "refresh.h"

enum { MAX_RULES_FILE = 256 * 1024, MAX_RULES_FILES = 1000 };

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

/* Read what was there before; r->db, r->cancel and r->stats are set. */
int refresh_start(struct refresh *r, struct err *err);
/* Take what is still on the way, write the snapshot down when something changed, give it out. */
int refresh_finish(struct refresh *r, struct snapshot *out, struct err *err);
void refresh_release(struct refresh *r);

/* The directory part of a path; free with free(). */
char *refresh_dir_name(const char *path);
void refresh_add_attributes(struct refresh *r, const char *path, const char *bytes, size_t len);
/* flags with what the .gitattributes found so far say. */
unsigned refresh_with_attributes(const struct refresh *r, const char *path, unsigned flags);

/* The file's contents are known to the index. */
void refresh_use_row(struct snap_file *f, const struct blob_row *row);
/* ... as they were in the snapshot before. */
void refresh_copy_known(struct snap_file *f, const struct snap_file *old);
/* The contents of the file with that number are known by name: use or make their facts. bytes are
 * taken over. */
int refresh_index_contents(struct refresh *r, size_t i, char *bytes, size_t len, struct err *err);
/* Take what is finished; everything when `all`. */
int refresh_take_results(struct refresh *r, bool all, struct err *err);

#endif
