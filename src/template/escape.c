#include "escape.h"

#include "vdo/base/utf8.h"

#include <stdint.h>
#include <string.h>

static void escape_html(const char *text, struct strbuf *out)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            (void)strbuf_adds(out, "&amp;");
            break;
        case '<':
            (void)strbuf_adds(out, "&lt;");
            break;
        case '>':
            (void)strbuf_adds(out, "&gt;");
            break;
        case '"':
            (void)strbuf_adds(out, "&quot;");
            break;
        case '\'':
            (void)strbuf_adds(out, "&#39;");
            break;
        default:
            (void)strbuf_addc(out, *text);
        }
    }
}

/* RFC 8259, section 7. "<" too, so that no "</script" or "<!--" comes of it in a page. */
static void escape_json(const char *text, struct strbuf *out)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len;) {
        uint32_t point;
        size_t size = utf8_decode(text + i, len - i, &point);

        if (size == 0)
            (void)utf8_add(out, 0xFFFD);
        else if (point < 0x20 || point == '<' || point == 0x7F)
            (void)strbuf_addf(out, "\\u%04x", (unsigned)point);
        else if (point == '"' || point == '\\')
            (void)strbuf_addf(out, "\\%c", (char)point);
        else
            (void)strbuf_add(out, text + i, size);
        i += size ? size : 1;
    }
}

void template_escape_text(enum template_escape escape, const char *text, struct strbuf *out)
{
    switch (escape) {
    case TEMPLATE_PLAIN:
        (void)strbuf_adds(out, text);
        break;
    case TEMPLATE_HTML:
        escape_html(text, out);
        break;
    case TEMPLATE_MARKDOWN:
        template_escape_markdown(text, out);
        break;
    case TEMPLATE_JSON:
        escape_json(text, out);
        break;
    }
}
