/* commands: a command stands first on its line; what is stripped shows; HTML is safe. */
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/utf8.h"
#include "vdo/markdown/markdown.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 5 };

static void check(int ok)
{
    if (!ok)
        abort();
}

/* A line ends at LF, CR LF or CR. */
static const char *line_of(const char *text, const char *end, int line)
{
    while (line > 1 && text < end) {
        if (*text == '\n' || (*text == '\r' && (text + 1 == end || text[1] != '\n')))
            line--;
        text++;
    }
    return text;
}

static void try_commands(const char *text, size_t size)
{
    struct markdown_command *commands = NULL;
    size_t n = 0;

    if (markdown_commands(text, size, "/vdo", MOST, &commands, &n, NULL)) {
        check(size > VDO_MAX_MARKDOWN && commands == NULL);
        return;
    }
    check(n <= MOST);
    for (size_t i = 0; i < n; i++) {
        const char *line = line_of(text, text + size, commands[i].line);

        if (commands[i].line == 1 && size >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0)
            line += 3;
        while (*line == ' ' || *line == '\t')
            line++;
        check(strncmp(line, "/vdo", 4) == 0);
        check(commands[i].verb[0] != '\0' && !strpbrk(commands[i].verb, " \n"));
        check(i == 0 || commands[i].line > commands[i - 1].line);
    }
    markdown_commands_free(commands, n);
}

static void check_visible(const struct strbuf *text)
{
    uint32_t point = 0;
    size_t size;

    for (size_t i = 0; i < text->len; i += size) {
        size = utf8_decode(text->ptr + i, text->len - i, &point);
        check(size > 0 && !utf8_is_invisible(point));
    }
}

static void try_strip(const char *text, size_t size)
{
    AUTO_STRBUF once = {0};
    AUTO_STRBUF twice = {0};
    bool hidden = false;

    strbuf_init(&once, 8 * VDO_MIB);
    strbuf_init(&twice, 8 * VDO_MIB);
    if (markdown_strip_hidden(text, size, &once, &hidden, NULL)) {
        check(once.len == 0);
        return;
    }
    check_visible(&once);
    if (once.len <= VDO_MAX_MARKDOWN &&
        markdown_strip_hidden(once.ptr, once.len, &twice, &hidden, NULL) == 0)
        check_visible(&twice);
}

static void try_html(const char *text, size_t size)
{
    AUTO_STRBUF html = {0};

    strbuf_init(&html, 8 * VDO_MIB);
    if (markdown_to_html(text, size, &html, NULL))
        return;
    check(!strstr(html.ptr, "<script") && !strstr(html.ptr, "<!--"));
    check(!strcasestr(html.ptr, "href=\"javascript:") &&
          !strcasestr(html.ptr, "src=\"javascript:"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = xmemdup0(data, size);

    try_commands(text, size);
    try_strip(text, size);
    try_html(text, size);
    return 0;
}
