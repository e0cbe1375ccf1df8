#include "escape.h"

#include "vdo/base/mem.h"
#include "vdo/base/utf8.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/*
 * GitHub looks for mentions, references and closing words in the text of the rendered page, where
 * backslashes and entities are gone. Only another character in between stops it; this one shows
 * nothing. Source: GitHub Docs, "Autolinked references and URLs" and "Linking a pull request to an
 * issue".
 */
#define BREAK "\xE2\x80\x8B" /* U+200B zero width space */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* One line of visible characters, runs of blanks as one blank, nothing at the ends. */
static void flatten(const char *text, struct strbuf *out)
{
    size_t len = strlen(text);
    bool blank = false;

    for (size_t i = 0; i < len;) {
        uint32_t point;
        size_t size = utf8_decode(text + i, len - i, &point);

        if (size == 0)
            point = 0xFFFD;
        i += size ? size : 1;
        if ((point < 0x80 && isspace((int)point)) || point == 0x85 || point == 0x2028 ||
            point == 0x2029) {
            blank = out->len > 0;
            continue;
        }
        if (utf8_is_invisible(point))
            continue;
        if (blank)
            (void)strbuf_addc(out, ' ');
        blank = false;
        (void)utf8_add(out, point);
    }
}

static size_t closing_word(const char *at)
{
    static const char *const words[] = {"closed", "closes",   "close",    "fixed",  "fixes",
                                        "fix",    "resolved", "resolves", "resolve"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i]);

        if (strncasecmp(at, words[i], len) == 0 && !is_word(at[len]))
            return len;
    }
    return 0;
}

/* "Fixes https://github.com/o/r/issues/1" closes too; and "Fixes" at the end would act on what a
 * template writes behind it. References that begin with # or GH- are broken by themselves. */
static bool would_close(const char *text, const char *at)
{
    size_t len = at > text && is_word(at[-1]) ? 0 : closing_word(at);

    if (len == 0)
        return false;
    at += len;
    while (*at && !is_word(*at))
        at++;
    return *at == '\0' || strncasecmp(at, "http", 4) == 0;
}

/* Behind this character, does a reference begin? Also when a digit may follow from elsewhere. */
static bool begins_reference(const char *text, const char *at)
{
    if (at[1] != '\0' && !isdigit((unsigned char)at[1]))
        return false;
    if (*at == '#')
        return true;
    return *at == '-' && at - text >= 2 && strncasecmp(at - 2, "gh", 2) == 0 &&
           (at - text == 2 || !is_word(at[-3]));
}

/* Would the character make the line a heading, a list, a quote, a rule or an underline? */
static bool begins_block(const char *text, const char *at)
{
    if (at == text)
        return strchr("#+-=", *at) != NULL;
    if (*at != '.' && *at != ')')
        return false;
    for (const char *c = text; c < at; c++) {
        if (!isdigit((unsigned char)*c))
            return false;
    }
    return true;
}

static void add_character(const char *text, const char *at, struct strbuf *out)
{
    bool inside_word = *at == '_' && at > text && is_word(at[-1]) && is_word(at[1]);

    switch (*at) {
    case '&':
        (void)strbuf_adds(out, "&amp;");
        return;
    case '<':
        (void)strbuf_adds(out, "&lt;");
        return;
    case '>':
        (void)strbuf_adds(out, "&gt;");
        return;
    default:
        break;
    }
    if ((strchr("\\`*_[]|~$", *at) && !inside_word) || begins_block(text, at))
        (void)strbuf_addc(out, '\\');
    (void)strbuf_addc(out, *at);
    if (*at == '@' || begins_reference(text, at) || would_close(text, at))
        (void)strbuf_adds(out, BREAK);
}

void template_escape_markdown(const char *text, struct strbuf *out)
{
    AUTO_STRBUF line = {0};

    /* What is not UTF-8 grows from one byte to three. */
    strbuf_init(&line, 3 * strlen(text));
    flatten(text, &line);
    for (const char *at = line.ptr; *at; at++)
        add_character(line.ptr, at, out);
}
