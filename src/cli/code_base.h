/*
 * code_base: an index of the code base that `--repo DIR` names, for locate and outline.
 */
#ifndef VDO_CLI_CODE_BASE_H
#define VDO_CLI_CODE_BASE_H

#include "vdo/base/err.h"
#include "vdo/code/index.h"

struct code_base {
    struct code_index *index;
    struct mirror *mirror; /* NULL for a plain directory */
    char *scratch;         /* a directory to remove, or NULL */
};

/*
 * dir    a git repository (its HEAD is read, from the objects), bare or not, or a plain directory
 * cache  where to keep the index between runs; NULL: nowhere
 * Release with code_base_close(), also after a failure.
 */
int code_base_open(struct code_base *base, const char *dir, const char *cache, struct err *err);
void code_base_close(struct code_base *base);

#endif
