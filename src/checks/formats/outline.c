#include "outline.h"

#include <stdio.h>
#include <string.h>

void outline_cut(struct outline *outline, size_t indent)
{
    while (outline->depth && outline->indent[outline->depth - 1] >= indent)
        outline->depth--;
}

void outline_set(struct outline *outline, size_t indent, const char *title, size_t len)
{
    outline_cut(outline, indent);
    if (outline->depth == OUTLINE_DEPTH)
        return;
    if (len > RESULTS_MAX_NAME)
        len = RESULTS_MAX_NAME;
    memcpy(outline->title[outline->depth], title, len);
    outline->title[outline->depth][len] = '\0';
    outline->indent[outline->depth++] = indent;
}

const char *outline_path(const struct outline *outline, size_t indent, const char *title,
                         size_t len, char *buf)
{
    size_t used = 0;
    int more;

    for (size_t i = 0; i < outline->depth && outline->indent[i] < indent; i++) {
        more = snprintf(buf + used, OUTLINE_PATH - used, "%s > ", outline->title[i]);
        if (more < 0 || used + (size_t)more >= OUTLINE_PATH)
            break;
        used += (size_t)more;
    }
    (void)snprintf(buf + used, OUTLINE_PATH - used, "%.*s",
                   (int)(len < OUTLINE_PATH ? len : OUTLINE_PATH), title);
    return buf;
}
