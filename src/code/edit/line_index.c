#include "line_index.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

void line_index_build(struct line_index *index, const struct lines *lines, enum line_key key)
{
    size_t slots = 64;

    while (slots < lines->n * 2)
        slots *= 2;
    *index = (struct line_index){.mask = slots - 1, .n = lines->n};
    index->hash = xcalloc(lines->n + 1, sizeof(*index->hash));
    index->next = xcalloc(lines->n + 1, sizeof(*index->next));
    index->head = xcalloc(slots, sizeof(*index->head));
    index->count = xcalloc(slots, sizeof(*index->count));
    for (size_t i = lines->n; i-- > 0;) {
        uint64_t hash = line_hash(key, lines->v[i].ptr, lines->v[i].len);
        size_t slot = (size_t)hash & index->mask;

        while (index->head[slot] && index->hash[index->head[slot] - 1] != hash)
            slot = (slot + 1) & index->mask;
        index->hash[i] = hash;
        index->next[i] = index->head[slot];
        index->head[slot] = (uint32_t)i + 1;
        index->count[slot]++;
    }
}

void line_index_release(struct line_index *index)
{
    free(index->hash);
    free(index->next);
    free(index->head);
    free(index->count);
    *index = (struct line_index){0};
}

uint32_t line_index_find(const struct line_index *index, uint64_t hash, uint32_t *out_count)
{
    size_t slot = (size_t)hash & index->mask;

    while (index->head[slot] && index->hash[index->head[slot] - 1] != hash)
        slot = (slot + 1) & index->mask;
    *out_count = index->count[slot];
    return index->head[slot];
}
