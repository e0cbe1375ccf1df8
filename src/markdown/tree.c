#include "tree.h"

#include "vdo/base/limits.h"
#include "vdo/base/utf8.h"
#include "vdo/markdown/markdown.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

void markdown_startup(void)
{
    (void)pthread_once(&once, cmark_gfm_core_extensions_ensure_registered);
}

int tree_check_size(size_t len, struct err *err)
{
    if (len <= VDO_MAX_MARKDOWN)
        return VDO_OK;
    return err_set(err, VDO_E_TOO_LARGE, "text of %zu bytes; at most %lu are read", len,
                   VDO_MAX_MARKDOWN);
}

void tree_clean_text(const char *text, size_t len, struct strbuf *out)
{
    size_t i = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

    while (i < len) {
        uint32_t point = 0;
        size_t size = utf8_decode(text + i, len - i, &point);

        if (size == 0 || point == 0)
            (void)utf8_add(out, 0xFFFD);
        else if (point == '\r')
            (void)strbuf_adds(out, i + 1 < len && text[i + 1] == '\n' ? "" : "\n");
        else
            (void)strbuf_add(out, text + i, size);
        i += size ? size : 1;
    }
}

void tree_parse(struct tree *tree, const char *text, size_t len, bool with_tasks)
{
    static const char *const names[] = {"table", "strikethrough", "tasklist"};

    markdown_startup();
    tree->parser = cmark_parser_new(CMARK_OPT_DEFAULT);
    for (size_t i = 0; i < (with_tasks ? 3 : 2); i++) {
        cmark_syntax_extension *extension = cmark_find_syntax_extension(names[i]);

        assert(extension);
        (void)cmark_parser_attach_syntax_extension(tree->parser, extension);
    }
    cmark_parser_feed(tree->parser, text, len);
    tree->root = cmark_parser_finish(tree->parser);
}

void tree_release(struct tree *tree)
{
    cmark_node_free(tree->root);
    cmark_parser_free(tree->parser);
}
