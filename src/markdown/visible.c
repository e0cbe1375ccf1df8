#include "hidden.h"

#include <ctype.h>
#include <string.h>

/*
 * As few backslashes as possible: the text is read by people and models, and "foo_bar[0]" should be
 * found again in the code. cmark's own writer escapes much more.
 */
static bool is_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
    return c == '\0' || isspace((unsigned char)c);
}

static bool begins_block(const char *text, const char *at)
{
    if (at == text)
        return strchr("#>+-=", *at) != NULL;
    if (*at != '.' && *at != ')')
        return false;
    for (const char *c = text; c < at; c++) {
        if (!isdigit((unsigned char)*c))
            return false;
    }
    return true;
}

static bool begins_entity(const char *at)
{
    size_t len = 1 + (at[1] == '#');

    while (isalnum((unsigned char)at[len]))
        len++;
    return len > 1 && at[len] == ';';
}

static bool has_meaning(const char *text, const char *at)
{
    char before = at > text ? at[-1] : '\0';
    char next = at[1];

    switch (*at) {
    case '\\':
        return next == '\0' || ispunct((unsigned char)next);
    case '`':
    case '[':
        return true;
    case '*':
    case '~':
        return !(at > text && is_blank(before) && is_blank(next));
    case '_':
        return !(is_word(before) && is_word(next)) && !(is_blank(before) && is_blank(next));
    case '<':
        return next == '\0' || next == '/' || next == '!' || next == '?' ||
               isalpha((unsigned char)next);
    case '&':
        return begins_entity(at);
    default:
        return false;
    }
}

void markdown_escape_visible(const char *text, bool begins_line, struct strbuf *out)
{
    const char *at = text;

    /* A task of a list. */
    if (begins_line && at[0] == '[' && at[1] && strchr(" xX", at[1]) && at[2] == ']' &&
        at[3] == ' ')
        (void)strbuf_add(out, at++, 1);
    for (; *at; at++) {
        if (has_meaning(text, at) || (begins_line && begins_block(text, at)))
            (void)strbuf_addc(out, '\\');
        (void)strbuf_addc(out, *at);
    }
}
