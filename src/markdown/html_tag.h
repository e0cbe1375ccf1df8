/* html_tag: one tag of raw HTML. Source: HTML Living Standard, 13.2.5, as far as tags go. */
#ifndef VDO_MARKDOWN_HTML_TAG_H
#define VDO_MARKDOWN_HTML_TAG_H

#include "vdo/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

enum html_tag_kind {
    HTML_OPEN,
    HTML_VOID, /* has no content and no closing tag */
    HTML_CLOSE,
    HTML_UNSEEN, /* comment, declaration, processing instruction, CDATA */
};

struct html_tag {
    enum html_tag_kind kind;
    size_t begin; /* in the text */
    size_t end;
    char name[24]; /* lower case */
    bool hides;    /* its content does not show */
};

/* The first tag at or behind `from`; false when there is none. */
bool html_tag_find(const char *text, size_t from, struct html_tag *out);
/* Append the tag with the attributes that show or lead somewhere; *hidden when others were left
 * out. */
void html_tag_write(const char *text, const struct html_tag *tag, struct strbuf *out, bool *hidden);

#endif
