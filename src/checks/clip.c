#include "clip.h"

#include "vdo/base/mem.h"
#include "vdo/checks/results.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = RESULTS_MAX_DETAIL / 3, TAIL = RESULTS_MAX_DETAIL - HEAD };

static void make_room(struct clip *clip, size_t len)
{
    while (clip->tail_len && clip->tail_len + len > TAIL) {
        const char *end = memchr(clip->tail, '\n', clip->tail_len);
        size_t first = end ? (size_t)(end - clip->tail) + 1 : clip->tail_len;

        memmove(clip->tail, clip->tail + first, clip->tail_len - first);
        clip->tail_len -= first;
        clip->left_out++;
    }
}

static void put(char **buf, size_t *used, size_t max, const char *line, size_t len)
{
    if (!*buf)
        *buf = xmalloc(max);
    memcpy(*buf + *used, line, len);
    (*buf)[*used + len] = '\n';
    *used += len + 1;
}

void clip_add(struct clip *clip, const char *line, size_t len)
{
    size_t longest = HEAD / 2;

    if (len > longest)
        len = longest;
    if (!clip->tail_len && !clip->left_out && clip->head_len + len + 1 <= HEAD) {
        put(&clip->head, &clip->head_len, HEAD, line, len);
        return;
    }
    make_room(clip, len + 1);
    put(&clip->tail, &clip->tail_len, TAIL, line, len);
}

void clip_text(const struct clip *clip, struct strbuf *out)
{
    (void)strbuf_add(out, clip->head ? clip->head : "", clip->head_len);
    if (clip->left_out)
        (void)strbuf_addf(out, "... %zu lines left out ...\n", clip->left_out);
    (void)strbuf_add(out, clip->tail ? clip->tail : "", clip->tail_len);
}

void clip_release(struct clip *clip)
{
    free(clip->head);
    free(clip->tail);
    *clip = (struct clip){0};
}
