#include "text.h"

#include <ctype.h>
#include <string.h>

const char *text_after(const char *line, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

size_t text_indent(const char *line)
{
    return strspn(line, " \t");
}

bool text_is_one_of(const char *text, size_t len, const char *const *words)
{
    for (; *words; words++) {
        if (strlen(*words) == len && memcmp(text, *words, len) == 0)
            return true;
    }
    return false;
}

bool text_number(const char **at, int *out)
{
    const char *p = *at;
    int n = 0;

    while (isdigit((unsigned char)*p) && p - *at < 9)
        n = n * 10 + (*p++ - '0');
    if (p == *at || isdigit((unsigned char)*p))
        return false;
    *at = p;
    *out = n;
    return true;
}

void text_add(int *sum, int n)
{
    *sum = n > TEXT_MOST - *sum ? TEXT_MOST : *sum + n;
}

int text_count_after(const char *line, const char *word)
{
    const char *at = strstr(line, word);
    int n = 0;

    if (at)
        at += strlen(word) + strspn(at + strlen(word), " ");
    return at && text_number(&at, &n) ? n : 0;
}

int text_count_before(const char *line, const char *word)
{
    const char *at = strstr(line, word);
    const char *from = at;
    int n = 0;

    while (from && from > line && from[-1] >= '0' && from[-1] <= '9')
        from--;
    return from && text_number(&from, &n) ? n : 0;
}

size_t text_len(const char *text, size_t len)
{
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    return len;
}

size_t text_without_duration(const char *text, size_t len)
{
    size_t end = text_len(text, len);
    size_t at = end;
    bool closed = at && text[at - 1] == ')';
    size_t unit;

    at -= closed;
    unit = at;
    if (at && text[at - 1] == 's')
        at--;
    if (at && text[at - 1] == 'm')
        at--;
    if (at == unit)
        return end;
    if (at && text[at - 1] == ' ')
        at--;
    unit = at;
    while (at && (isdigit((unsigned char)text[at - 1]) || text[at - 1] == '.'))
        at--;
    if (at == unit)
        return end;
    if (closed && (at == 0 || text[--at] != '('))
        return end;
    if (at == 0 || text[at - 1] != ' ')
        return end;
    return text_len(text, at);
}

static bool contains(const char *text, size_t len, const char *word)
{
    return memmem(text, len, word, strlen(word)) != NULL;
}

bool text_is_foreign(const char *file, size_t len)
{
    static const char *const parts[] = {"node_modules/",  "site-packages/", "dist-packages/",
                                        "/usr/",          "/rustc/",        "node:internal",
                                        "/lib/python",    "/.cargo/",       "/go/pkg/mod/",
                                        "unittest/case.", "<frozen "};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (contains(file, len, parts[i]))
            return true;
    }
    return false;
}

static bool is_path_char(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || (c && strchr("_-./\\+@~", c));
}

/* The path that ends at text[end], or false when what stands there is none. */
static bool path_before(const char *text, size_t end, struct place *out)
{
    size_t from = end;
    size_t dot;

    while (from && is_path_char(text[from - 1]))
        from--;
    for (dot = end; dot > from && isalnum((unsigned char)text[dot - 1]); dot--)
        ;
    /* An extension that begins with a letter: "10.0.0.1:80" and "12:30" are no places. */
    if (dot <= from + 1 || dot == end || text[dot - 1] != '.' || !isalpha((unsigned char)text[dot]))
        return false;
    if (from >= 5 && memcmp(text + from - 5, "file:", 5) == 0 && strncmp(text + from, "//", 2) == 0)
        from += 2;
    else if (from && text[from - 1] == ':')
        return false;
    while (end - from > 2 && text[from] == '.' && text[from + 1] == '/')
        from += 2;
    *out = (struct place){.file = text + from, .len = end - from};
    return true;
}

bool text_place(const char *text, struct place *out)
{
    for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
        const char *at = colon + 1;
        struct place place;

        if (!text_number(&at, &place.line) || isalpha((unsigned char)*at))
            continue;
        int line = place.line;

        if (line == 0 || !path_before(text, (size_t)(colon - text), &place) ||
            text_is_foreign(place.file, place.len))
            continue;
        place.line = line;
        *out = place;
        return true;
    }
    return false;
}
