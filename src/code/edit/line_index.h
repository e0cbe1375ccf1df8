/* line_index: where each content occurs among lines, for one way of being alike. */
#ifndef VDO_CODE_EDIT_LINE_INDEX_H
#define VDO_CODE_EDIT_LINE_INDEX_H

#include "lines.h"

#include <stddef.h>
#include <stdint.h>

struct line_index {
    uint64_t *hash;  /* of each line */
    uint32_t *next;  /* next line of the same hash + 1; 0 ends */
    uint32_t *head;  /* slot -> first line + 1 */
    uint32_t *count; /* slot -> how many lines */
    size_t mask;
    size_t n;
};

void line_index_build(struct line_index *index, const struct lines *lines, enum line_key key);
void line_index_release(struct line_index *index);
/* The first line of this hash + 1, or 0; follow with index->next[]. How many in out_count. */
uint32_t line_index_find(const struct line_index *index, uint64_t hash, uint32_t *out_count);

#endif
