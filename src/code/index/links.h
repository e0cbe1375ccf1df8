/*
 * links: which files of a snapshot import which, and which test is about which source.
 *
 * Imports are matched by name: relative ones by their place, others by the longest end of the name
 * that is the end of a path. What is found twice goes to the file that is closest. Threads: any.
 */
#ifndef VDO_CODE_INDEX_LINKS_H
#define VDO_CODE_INDEX_LINKS_H

#include <stddef.h>
#include <stdint.h>

struct link_file {
    const char *path;
    const char *imports; /* NUL-terminated names, one after the other */
    size_t imports_len;
    unsigned flags;
};

struct link {
    uint32_t from; /* imports */
    uint32_t to;
};

/* *out is the caller's, freed with free(). */
void links_find(const struct link_file *files, size_t n, struct link **out, size_t *out_n);
/* Pairs of test (from) and source (to), by name. */
void links_pair_tests(const struct link_file *files, size_t n, struct link **out, size_t *out_n);

#endif
