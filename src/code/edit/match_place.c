#include "match_private.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>

void place_release(struct place *place)
{
    if (place->own)
        hunk_release(place->own);
    free(place->own);
    free(place->at);
    *place = (struct place){0};
}

void set_place(struct place *out, const struct hunk *hunk, const struct old_lines *old,
               const size_t *at, enum match_kind kind)
{
    *out = (struct place){
        .hunk = hunk, .kind = kind, .skip_head = old->skip_head, .skip_tail = old->skip_tail};
    out->at = xcalloc(hunk->n + 1, sizeof(*out->at));
    for (size_t i = 0; i < hunk->n; i++)
        out->at[i] = SIZE_MAX;
    out->first = SIZE_MAX;
    for (size_t k = 0; k < old->n; k++) {
        out->at[old->from[k]] = at[k];
        if (at[k] == SIZE_MAX)
            continue;
        if (out->first == SIZE_MAX)
            out->first = at[k];
        out->last = at[k];
    }
    if (out->first == SIZE_MAX)
        out->first = 0;
}
