#include "html_tag.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct attribute {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(name, *list) == 0)
            return true;
    }
    return false;
}

static bool is_void(const char *name)
{
    static const char *const names[] = {"area",  "base", "br",   "col",    "embed", "hr",  "img",
                                        "input", "link", "meta", "source", "track", "wbr", NULL};

    return is_one_of(name, names);
}

/* Elements whose content is never text of the page. */
static bool is_never_shown(const char *name)
{
    static const char *const names[] = {"script",   "style",    "template", "head",   "title",
                                        "iframe",   "noscript", "noembed",  "object", "noframes",
                                        "datalist", "audio",    "video",    "canvas", NULL};

    return is_one_of(name, names);
}

static bool has_name(const struct attribute *a, const char *name)
{
    return a->name_len == strlen(name) && strncasecmp(a->name, name, a->name_len) == 0;
}

/* Read the attribute at *at; false at the end of the tag. */
static bool next_attribute(const char **at, const char *end, struct attribute *out)
{
    const char *c = *at;

    while (c < end && (isspace((unsigned char)*c) || *c == '/'))
        c++;
    if (c >= end)
        return false;
    out->name = c;
    while (c < end && !isspace((unsigned char)*c) && *c != '/' && (*c != '=' || c == out->name))
        c++;
    out->name_len = (size_t)(c - out->name);
    out->value = c;
    out->value_len = 0;
    while (c < end && isspace((unsigned char)*c))
        c++;
    if (c < end && *c == '=') {
        char quote = 0;

        c++;
        while (c < end && isspace((unsigned char)*c))
            c++;
        if (c < end && (*c == '"' || *c == '\''))
            quote = *c++;
        out->value = c;
        while (c < end && (quote ? *c != quote : !isspace((unsigned char)*c)))
            c++;
        out->value_len = (size_t)(c - out->value);
        c += quote && c < end;
    }
    *at = c;
    return true;
}

/* "0", "0px", "0.0" but not "0.5". */
static bool is_zero(const char *number)
{
    return *number == '0' && !isdigit((unsigned char)number[strspn(number, "0.")]);
}

/* Does an inline style hide? Blanks do not count; escapes and entities are taken for a trick. */
static bool style_hides(const struct attribute *a)
{
    static const char *const hiding[] = {
        "display:none", "visibility:hidden", "visibility:collapse", "color:transparent",
        "clip:",        "clip-path:",        "text-indent:-",       "left:-",
        "top:-"};
    static const char *const zeros[] = {"opacity:", "font-size:", "max-height:", "max-width:"};
    char style[512];
    size_t n = 0;

    for (size_t i = 0; i < a->value_len && n + 1 < sizeof(style); i++) {
        char c = a->value[i];

        if (c == '\\' || c == '&')
            return true;
        if (!isspace((unsigned char)c))
            style[n++] = (char)tolower((unsigned char)c);
    }
    style[n] = '\0';
    for (size_t i = 0; i < sizeof(hiding) / sizeof(hiding[0]); i++) {
        if (strstr(style, hiding[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++) {
        const char *at = strstr(style, zeros[i]);

        if (at && is_zero(at + strlen(zeros[i])))
            return true;
    }
    return false;
}

static const char *attributes_begin(const char *text, const struct html_tag *tag)
{
    return text + tag->begin + 1 + (tag->kind == HTML_CLOSE) + strlen(tag->name);
}

static const char *attributes_end(const char *text, const struct html_tag *tag)
{
    const char *end = text + tag->end;

    return end[-1] == '>' ? end - 1 : end;
}

static bool tag_hides(const char *text, const struct html_tag *tag)
{
    const char *at = attributes_begin(text, tag);
    bool open = false;
    struct attribute a;

    if (is_never_shown(tag->name))
        return true;
    while (next_attribute(&at, attributes_end(text, tag), &a)) {
        if (has_name(&a, "hidden") || (has_name(&a, "style") && style_hides(&a)))
            return true;
        open = open || has_name(&a, "open");
    }
    return strcmp(tag->name, "dialog") == 0 && !open;
}

/* The end of a tag: the ">" outside of quotes, or the end of the text. */
static size_t end_of_tag(const char *text, size_t from)
{
    char quote = 0;
    size_t i;

    for (i = from; text[i]; i++) {
        char c = text[i];

        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if ((c == '"' || c == '\'') && text[i - 1] != '<') {
            quote = c;
        } else if (c == '>') {
            return i + 1;
        }
    }
    return i;
}

static size_t end_behind(const char *text, size_t from, const char *mark)
{
    const char *at = strstr(text + from, mark);

    return at ? (size_t)(at - text) + strlen(mark) : from + strlen(text + from);
}

static size_t end_of_unseen(const char *text, size_t begin)
{
    const char *at = text + begin;

    if (strncmp(at, "<!-->", 5) == 0 || strncmp(at, "<!--->", 6) == 0)
        return end_behind(text, begin, ">");
    if (strncmp(at, "<!--", 4) == 0)
        return end_behind(text, begin + 4, "-->");
    if (strncmp(at, "<![CDATA[", 9) == 0)
        return end_behind(text, begin, "]]>");
    if (at[1] == '?')
        return end_behind(text, begin, "?>");
    return end_behind(text, begin, ">");
}

static void read_name(const char *from, struct html_tag *tag)
{
    size_t n = 0;

    while ((isalnum((unsigned char)from[n]) || from[n] == '-') && n + 1 < sizeof(tag->name)) {
        tag->name[n] = (char)tolower((unsigned char)from[n]);
        n++;
    }
    tag->name[n] = '\0';
}

static void read_tag(const char *text, size_t begin, struct html_tag *tag)
{
    bool close = text[begin + 1] == '/';

    tag->begin = begin;
    if (text[begin + 1] == '!' || text[begin + 1] == '?') {
        tag->kind = HTML_UNSEEN;
        tag->end = end_of_unseen(text, begin);
        return;
    }
    read_name(text + begin + 1 + close, tag);
    tag->end = end_of_tag(text, begin + 1);
    tag->kind = close ? HTML_CLOSE : is_void(tag->name) ? HTML_VOID : HTML_OPEN;
    tag->hides = tag->kind == HTML_OPEN && tag_hides(text, tag);
}

bool html_tag_find(const char *text, size_t from, struct html_tag *out)
{
    const char *at = text + from;

    for (; (at = strchr(at, '<')); at++) {
        char next = at[1] == '/' ? at[2] : at[1];

        if (isalpha((unsigned char)next) || at[1] == '!' || at[1] == '?') {
            memset(out, 0, sizeof(*out));
            read_tag(text, (size_t)(at - text), out);
            return true;
        }
    }
    return false;
}

/* Addresses, and short words and numbers of layout. */
static bool is_kept(const struct attribute *a)
{
    static const char *const layout[] = {"align",   "valign",   "width", "height",
                                         "colspan", "rowspan",  "start", "type",
                                         "checked", "disabled", "open"};

    if (has_name(a, "href") || has_name(a, "src"))
        return true;
    for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++) {
        if (!has_name(a, layout[i]))
            continue;
        for (size_t j = 0; j < a->value_len; j++) {
            if (!isalnum((unsigned char)a->value[j]) && a->value[j] != '%')
                return false;
        }
        return a->value_len <= 8;
    }
    return false;
}

static void write_attribute(const struct attribute *a, struct strbuf *out)
{
    (void)strbuf_addc(out, ' ');
    (void)strbuf_add(out, a->name, a->name_len);
    if (a->value_len == 0)
        return;
    (void)strbuf_adds(out, "=\"");
    for (size_t i = 0; i < a->value_len; i++) {
        if (a->value[i] == '"')
            (void)strbuf_adds(out, "&quot;");
        else
            (void)strbuf_addc(out, a->value[i] == '\n' ? ' ' : a->value[i]);
    }
    (void)strbuf_addc(out, '"');
}

void html_tag_write(const char *text, const struct html_tag *tag, struct strbuf *out, bool *hidden)
{
    const char *at = attributes_begin(text, tag);
    struct attribute a;

    (void)strbuf_addf(out, "<%s%s", tag->kind == HTML_CLOSE ? "/" : "", tag->name);
    while (next_attribute(&at, attributes_end(text, tag), &a)) {
        if (tag->kind != HTML_CLOSE && is_kept(&a))
            write_attribute(&a, out);
        else
            *hidden = true;
    }
    (void)strbuf_addc(out, '>');
}
