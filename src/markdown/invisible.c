#include "hidden.h"

#include "vdo/base/utf8.h"

#include <stdint.h>
#include <string.h>

/* A picture of several emoji, or one asked to be in colour: nothing is hidden in these. */
static bool is_emoji_part(uint32_t before, uint32_t point, uint32_t after)
{
    if (point == 0xFE0E || point == 0xFE0F)
        return before >= 0xA9 || (before >= '0' && before <= '9') || before == '#' || before == '*';
    return point == 0x200D && before >= 0x2190 && after >= 0x2190 && !utf8_is_invisible(after);
}

static uint32_t peek(const char *text, size_t len)
{
    uint32_t point = 0;

    return len && utf8_decode(text, len, &point) ? point : 0;
}

static bool is_line_break(uint32_t point)
{
    return point == 0x0B || point == 0x0C || point == 0x85 || point == 0x2028 || point == 0x2029;
}

void hidden_filter(const char *text, size_t len, struct strbuf *out, bool *hidden)
{
    uint32_t before = 0;

    for (size_t i = 0; i < len;) {
        uint32_t point = 0;
        size_t size = utf8_decode(text + i, len - i, &point);

        if (size == 0) {
            (void)utf8_add(out, 0xFFFD);
            i++;
            continue;
        }
        if (is_line_break(point)) {
            (void)strbuf_addc(out, ' ');
        } else if (!utf8_is_invisible(point)) {
            (void)strbuf_add(out, text + i, size);
        } else if (utf8_is_invisible(before) ||
                   !is_emoji_part(before, point, peek(text + i + size, len - i - size))) {
            *hidden = true;
        }
        before = point;
        i += size;
    }
}

bool hidden_is_tricky_math(const char *text, size_t len)
{
    static const char *const tricks[] = {
        "\\color", "\\textcolor", "\\colorbox", "phantom", "\\definecolor", "\\llap",  "\\rlap",
        "\\clap",  "\\mathllap",  "\\mathrlap", "\\smash", "\\hspace",      "\\kern",  "\\tiny",
        "\\href",  "\\tooltip",   "\\texttip",  "\\style", "\\class",       "\\raise", "\\require"};

    for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
        if (memmem(text, len, tricks[i], strlen(tricks[i])))
            return true;
    }
    /* A comment of TeX, where there is TeX at all. */
    for (size_t i = 1; i < len && memchr(text, '\\', len); i++) {
        if (text[i] == '%' && text[i - 1] != '\\')
            return true;
    }
    return false;
}

void hidden_filter_math(const char *text, struct strbuf *out, bool *hidden)
{
    const char *begin;

    while ((begin = strchr(text, '$'))) {
        size_t fence = begin[1] == '$' ? 2 : 1;
        const char *inside = begin + fence;
        const char *end = strstr(inside, fence == 2 ? "$$" : "$");

        (void)strbuf_add(out, text, (size_t)(begin - text));
        if (!end) {
            text = begin;
            break;
        }
        if (hidden_is_tricky_math(inside, (size_t)(end - inside)))
            *hidden = true;
        else
            (void)strbuf_add(out, begin, (size_t)(end - begin) + fence);
        text = end + fence;
    }
    (void)strbuf_adds(out, text);
}
