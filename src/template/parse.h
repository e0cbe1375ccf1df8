/*
 * parse: a Mustache text as a list of tokens. Standalone lines are taken care of here, so that
 * rendering only walks the list.
 */
#ifndef VDO_TEMPLATE_PARSE_H
#define VDO_TEMPLATE_PARSE_H

#include "vdo/base/err.h"

#include <stddef.h>

enum token_kind {
    TOKEN_TEXT,
    TOKEN_VALUE,    /* {{name}} */
    TOKEN_RAW,      /* {{{name}}} {{&name}} */
    TOKEN_SECTION,  /* {{#name}}; match is the index of its end */
    TOKEN_INVERTED, /* {{^name}}; likewise */
    TOKEN_END,      /* {{/name}} */
    TOKEN_PARTIAL,  /* {{>name}} */
};

struct token {
    enum token_kind kind;
    const char *text; /* the text, or the name; borrowed from the template */
    size_t len;
    size_t match;
    const char *indent; /* of a standalone partial: the blanks in front of it */
    size_t indent_len;
    int line;
};

struct token_list {
    struct token *tokens;
    size_t n;
};

/* Returns 0 or VDO_E_INVALID with "line N: ..."; VDO_E_TOO_LARGE past VDO_MAX_TEMPLATE_DEPTH. */
int template_parse(const char *text, struct token_list *out, struct err *err);
void template_release_tokens(struct token_list *list);

#endif
