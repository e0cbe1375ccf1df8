#include "scan_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_LINE = 400, MAX_NAME = 200 };

struct line {
    const char *at;
    const char *end;
};

static void skip_blanks(struct line *l)
{
    while (l->at < l->end && (*l->at == ' ' || *l->at == '\t'))
        l->at++;
}

/* Take the word if it is the next one. */
static bool take(struct line *l, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(l->end - l->at) < n || memcmp(l->at, word, n) != 0)
        return false;
    if (l->at + n < l->end && (isalnum((unsigned char)l->at[n]) || l->at[n] == '_'))
        return false;
    l->at += n;
    return true;
}

/* The first "quoted", 'quoted' or <quoted> text of the line. */
static size_t quoted(const struct line *l, const char **out)
{
    for (const char *p = l->at; p < l->end; p++) {
        char close = *p == '<' ? '>' : *p;
        const char *stop;

        if (*p != '"' && *p != '\'' && *p != '<' && *p != '`')
            continue;
        stop = memchr(p + 1, close, (size_t)(l->end - p - 1));
        *out = p + 1;
        return stop && stop - p - 1 <= MAX_NAME ? (size_t)(stop - p - 1) : 0;
    }
    return 0;
}

/* "a.b.c", "a::b", "A\B", "../x": as long as it looks like a name. */
static size_t dotted(const struct line *l, const char **out)
{
    const char *p = l->at;

    while (p < l->end && (isalnum((unsigned char)*p) || strchr("_.:\\/$", *p)))
        p++;
    while (p > l->at && strchr(".:\\/", p[-1]) && p - l->at > 1)
        p--;
    *out = l->at;
    return p - l->at <= MAX_NAME ? (size_t)(p - l->at) : 0;
}

static void give(const struct line *l, import_fn fn, void *arg)
{
    const char *name = NULL;
    size_t len = quoted(l, &name);

    if (!len)
        len = dotted(l, &name);
    if (len)
        fn(arg, name, len);
}

/* "from a.b import c, d": a.b, and each of a.b.c and a.b.d, which may be modules too. */
static void python_from(struct line *l, import_fn fn, void *arg)
{
    const char *base = NULL;
    size_t len = dotted(l, &base);
    char name[2 * MAX_NAME + 2];

    if (!len)
        return;
    l->at += len;
    fn(arg, base, len);
    skip_blanks(l);
    if (!take(l, "import"))
        return;
    for (unsigned i = 0; i < 8 && l->at < l->end; i++) {
        const char *item = NULL;
        size_t n;

        while (l->at < l->end && strchr(" \t(,", *l->at))
            l->at++;
        n = dotted(l, &item);
        if (!n)
            return;
        memcpy(name, base, len);
        name[len] = '.';
        memcpy(name + len + 1, item, n);
        fn(arg, name, len + 1 + n);
        while (l->at < l->end && *l->at != ',')
            l->at++;
    }
}

/* A keyword that starts an import in one language or another, then the name. */
static bool starts_import(struct line *l)
{
    static const char *const words[] = {
        "import", "include", "require", "require_relative", "require_once", "include_once", "use",
        "using",  "mod",     "load",    "source",           "alias",        "open",         "with"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (take(l, words[i]))
            return true;
    }
    return false;
}

/* "... from './x'", "= require('x')", "import('x')" */
static bool js_import(struct line *l)
{
    static const char *const marks[] = {" from '", " from \"", "require(", "import(", "@import"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        const char *hit = memmem(l->at, (size_t)(l->end - l->at), marks[i], strlen(marks[i]));

        if (hit) {
            l->at = hit + strlen(marks[i]) - (i < 2);
            return true;
        }
    }
    return false;
}

static bool only_quoted(const struct line *l)
{
    const char *name;
    size_t len = quoted(l, &name);

    return len && name + len + 1 >= l->end && memchr(name, '/', len);
}

static void one_line(struct line *l, bool *in_block, import_fn fn, void *arg)
{
    struct line rest;

    skip_blanks(l);
    if (l->at == l->end)
        return;
    rest = *l;
    if (*in_block) {
        *in_block = *l->at != ')';
        if (*in_block && only_quoted(l))
            give(l, fn, arg);
        return;
    }
    if (*rest.at == '#' || *rest.at == '@') {
        rest.at++;
        skip_blanks(&rest);
    }
    (void)take(&rest, "pub");
    skip_blanks(&rest);
    if (take(&rest, "from")) {
        skip_blanks(&rest);
        python_from(&rest, fn, arg);
    } else if (js_import(l)) {
        give(l, fn, arg);
    } else if (starts_import(&rest)) {
        skip_blanks(&rest);
        (void)take(&rest, "static");
        (void)take(&rest, "type");
        skip_blanks(&rest);
        *in_block = rest.at < rest.end && *rest.at == '(' && rest.at + 1 == rest.end;
        if (!*in_block)
            give(&rest, fn, arg);
    }
}

/* Could an import start so? Most lines of most files are told apart here. */
static bool worth(const char *at, const char *end, bool in_block)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at < end && end - at <= MAX_LINE && (in_block || strchr("if#@rumplsaow}cevt*", *at));
}

void scan_imports(const struct lang *lang, const char *bytes, size_t len, import_fn fn, void *arg)
{
    const char *end = bytes + len;
    bool in_block = false;

    if (lang->class == LANG_TEXT || lang->class == LANG_DATA)
        return;
    while (bytes < end) {
        const char *nl = memchr(bytes, '\n', (size_t)(end - bytes));
        struct line l = {bytes, nl ? nl : end};

        while (l.end > l.at && (l.end[-1] == '\r' || l.end[-1] == ' '))
            l.end--;
        if (worth(l.at, l.end, in_block))
            one_line(&l, &in_block, fn, arg);
        bytes = nl ? nl + 1 : end;
    }
}
