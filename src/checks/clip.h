/*
 * clip: the first and the last lines of something longer, in bounded memory.
 */
#ifndef VDO_CHECKS_CLIP_H
#define VDO_CHECKS_CLIP_H

#include "vdo/base/strbuf.h"

#include <stddef.h>

struct clip {
    char *head;
    char *tail;
    size_t head_len;
    size_t tail_len;
    size_t left_out; /* lines */
};

void clip_add(struct clip *clip, const char *line, size_t len);
/* Both ends with a line between them that counts what is missing. */
void clip_text(const struct clip *clip, struct strbuf *out);
/* Empty again; memory is given back. Zeroed structs are fine. */
void clip_release(struct clip *clip);

#endif
