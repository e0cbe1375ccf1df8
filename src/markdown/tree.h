/* tree: a parsed Markdown text. cmark's nodes stay within this room. */
#ifndef VDO_MARKDOWN_TREE_H
#define VDO_MARKDOWN_TREE_H

#include "vdo/base/err.h"
#include "vdo/base/strbuf.h"

#include <stdbool.h>

#include <cmark-gfm.h>

struct tree {
    cmark_parser *parser; /* kept because it owns the list of extensions */
    cmark_node *root;
};

/* VDO_E_TOO_LARGE past VDO_MAX_MARKDOWN. */
int tree_check_size(size_t len, struct err *err);
/* UTF-8 with U+FFFD for what is not, line feeds only, no mark at the beginning. */
void tree_clean_text(const char *text, size_t len, struct strbuf *out);
void tree_parse(struct tree *tree, const char *text, size_t len, bool with_tasks);
void tree_release(struct tree *tree);

#endif
