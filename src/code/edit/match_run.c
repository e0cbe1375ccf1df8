#include "match_private.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>

void match_text_release(struct match_text *text)
{
    lines_release(&text->lines);
    for (int key = 0; key < KEY_COUNT; key++) {
        if (text->indexed[key])
            line_index_release(&text->index[key]);
        text->indexed[key] = false;
    }
    text->renumbered = false;
}

static const struct line_index *index_for(struct match_text *text, enum line_key key)
{
    if (!text->indexed[key]) {
        line_index_build(&text->index[key], &text->lines, key);
        text->indexed[key] = true;
    }
    return &text->index[key];
}

void old_lines_init(struct old_lines *old, const struct hunk *hunk, size_t skip_head,
                    size_t skip_tail)
{
    *old = (struct old_lines){.skip_head = skip_head, .skip_tail = skip_tail};
    old->v = xcalloc(hunk->n + 1, sizeof(const struct hunk_line *));
    old->from = xcalloc(hunk->n + 1, sizeof(*old->from));
    for (size_t i = skip_head; i + skip_tail < hunk->n; i++) {
        if (hunk_line_is_old(&hunk->lines[i])) {
            old->v[old->n] = &hunk->lines[i];
            old->from[old->n++] = i;
        }
    }
}

void old_lines_release(struct old_lines *old)
{
    free(old->v);
    free(old->from);
    *old = (struct old_lines){0};
}

static bool fits(const struct match_text *text, const struct line_index *index, enum line_key key,
                 const struct old_lines *old, const uint64_t *hashes, size_t start)
{
    for (size_t k = 0; k < old->n; k++) {
        if (index->hash[start + k] != hashes[k])
            return false;
    }
    for (size_t k = 0; k < old->n; k++) {
        const struct line *line = &text->lines.v[start + k];

        if (!line_same(key, old->v[k]->ptr, old->v[k]->len, line->ptr, line->len))
            return false;
    }
    return true;
}

/* The old line that occurs least often; false when one of them occurs nowhere. */
static bool rarest(const struct line_index *index, const struct old_lines *old, uint64_t *hashes,
                   enum line_key key, size_t *out_k, uint32_t *out_first)
{
    uint32_t least = UINT32_MAX;

    for (size_t k = 0; k < old->n; k++) {
        uint32_t count;
        uint32_t first;

        hashes[k] = line_hash(key, old->v[k]->ptr, old->v[k]->len);
        first = line_index_find(index, hashes[k], &count);
        if (first == 0)
            return false;
        if (count < least) {
            least = count;
            *out_k = k;
            *out_first = first;
        }
    }
    return old->n > 0;
}

void match_each(struct match_text *text, enum line_key key, const struct old_lines *old,
                match_visit_fn visit, void *arg)
{
    const struct line_index *index = index_for(text, key);
    uint64_t *hashes = xcalloc(old->n + 1, sizeof(*hashes));
    size_t k = 0;
    uint32_t at = 0;

    if (rarest(index, old, hashes, key, &k, &at)) {
        for (; at; at = index->next[at - 1]) {
            size_t line = at - 1;

            if (line < k || line - k + old->n > index->n)
                continue;
            if (fits(text, index, key, old, hashes, line - k) && !visit(arg, line - k))
                break;
        }
    }
    free(hashes);
}

/* More places than this are not told apart; only files of one repeated line have them. */
enum { MAX_PLACES = 100000 };

static bool collect(void *arg, size_t start)
{
    struct starts *s = arg;

    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->v = xreallocarray(s->v, s->cap, sizeof(*s->v));
    }
    s->v[s->n++] = start;
    return s->n < MAX_PLACES;
}

void match_starts(struct match_text *text, enum line_key key, const struct old_lines *old,
                  struct starts *out)
{
    *out = (struct starts){0};
    if (old->n > 0)
        match_each(text, key, old, collect, out);
}
