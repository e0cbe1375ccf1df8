#include "vdo/markdown/markdown.h"

#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include <cmark-gfm-extension_api.h>

/* The renderer would leave a comment in the place of each. */
static void remove_raw_html(cmark_node *root)
{
    cmark_iter *iter = cmark_iter_new(root);

    while (cmark_iter_next(iter) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);

        /* A leaf is entered once and the iterator stands behind it already. */
        if (type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE)
            cmark_node_free(node);
    }
    cmark_iter_free(iter);
}

int markdown_to_html(const char *text, size_t len, struct strbuf *out, struct err *err)
{
    AUTO_STRBUF clean = {0};
    struct tree tree;
    char *html;
    int rc = tree_check_size(len, err);

    if (rc)
        return rc;
    strbuf_init(&clean, 3 * len);
    tree_clean_text(text, len, &clean);
    tree_parse(&tree, clean.ptr, clean.len, true);
    remove_raw_html(tree.root);
    /* Without CMARK_OPT_UNSAFE: javascript:, data: and the like are dropped. */
    html = cmark_render_html(tree.root, CMARK_OPT_DEFAULT,
                             cmark_parser_get_syntax_extensions(tree.parser));
    if (strbuf_adds(out, html))
        rc = err_set(err, VDO_E_TOO_LARGE, "HTML of %zu bytes; there is room for %zu", strlen(html),
                     out->max);
    free(html);
    tree_release(&tree);
    return rc;
}
