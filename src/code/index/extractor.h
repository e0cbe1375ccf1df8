/*
 * extractor: contents in, packed facts out, by two threads with a ctags child each.
 *
 * The caller's thread puts contents in and takes results out in between; what is on the way is
 * bounded in bytes, so that memory stays flat whatever the size of the tree. Threads: a struct
 * belongs to one; its own threads end with extractor_free().
 */
#ifndef VDO_CODE_INDEX_EXTRACTOR_H
#define VDO_CODE_INDEX_EXTRACTOR_H

#include "lang.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extractor_result {
    uint64_t ticket; /* what the caller gave */
    unsigned flags;  /* of classify_bytes(); with any of FILE_UNREAD there are no facts */
    char *facts;     /* owned by the caller, or NULL */
    size_t facts_len;
    size_t bytes_len;
    uint32_t lines;
    uint32_t symbols;
};

struct extractor;
/* symbols: ask ctags. */
struct extractor *extractor_new(bool symbols);
/* What is still on the way is dropped. */
void extractor_free(struct extractor *p);

/* Hand over contents; bytes are freed by the extractor. path tells the language. Waits for room. */
void extractor_put(struct extractor *p, uint64_t ticket, const char *path, char *bytes, size_t len);
/* A finished one, if there is any; with wait, the next one, until nothing is on the way. */
bool extractor_take(struct extractor *p, bool wait, struct extractor_result *out);
/* Is so much waiting that results should be taken before more is put in? */
bool extractor_is_full(struct extractor *p);

#endif
