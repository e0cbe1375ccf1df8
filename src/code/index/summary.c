#include "scan_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { PROBE = 6000, MAX_BLOCKS = 6, LEAST_LETTERS = 12 };

struct lines {
    const char *at;
    const char *end;
};

static bool next_line(struct lines *l, const char **out, size_t *len)
{
    const char *nl;

    if (l->at >= l->end)
        return false;
    nl = memchr(l->at, '\n', (size_t)(l->end - l->at));
    *out = l->at;
    *len = (size_t)((nl ? nl : l->end) - l->at);
    l->at = nl ? nl + 1 : l->end;
    return true;
}

static bool starts(const char *at, const char *end, const char *mark)
{
    size_t n = mark ? strlen(mark) : 0;

    return n && (size_t)(end - at) >= n && memcmp(at, mark, n) == 0;
}

/* Where a comment or a long string starts at `at`: its closing mark, or NULL. *skip gets the length
 * of the opening one. A line comment closes with "\n". */
static const char *opening(const struct lang_syntax *x, const char *at, const char *end,
                           size_t *skip)
{
    if (starts(at, end, x->block_open)) {
        *skip = strlen(x->block_open);
        return x->block_close;
    }
    for (size_t i = 0; i < 2; i++) {
        if (starts(at, end, x->line[i])) {
            *skip = strlen(x->line[i]);
            return "\n";
        }
    }
    if (x->triple && (starts(at, end, "\"\"\"") || starts(at, end, "'''"))) {
        *skip = 3;
        return *at == '"' ? "\"\"\"" : "'''";
    }
    return NULL;
}

static bool is_boilerplate(const char *text, size_t len)
{
    static const char *const marks[] = {"copyright",     "license",       "licence",
                                        "spdx",          "-*-",           "vim:",
                                        "eslint",        "@flow",         "coding:",
                                        "@author",       "@fileoverview", "file:",
                                        "@ts-",          "nolint",        "build ",
                                        "jshint",        "prettier",      "pylint",
                                        "flake8",        "clang-format",  "include guard",
                                        "mypy:",         "type:",         "noqa",
                                        "frozen_string", "warranty",      "all rights reserved"};
    char lower[256];
    size_t n = len < sizeof(lower) - 1 ? len : sizeof(lower) - 1;

    for (size_t i = 0; i < n; i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (strstr(lower, marks[i]))
            return true;
    }
    return false;
}

static bool is_mark(char c)
{
    return isspace((unsigned char)c) || strchr("*/#=-!~\"'<>%;_+", c) != NULL;
}

/* Add the words of one comment line; false when the sentence ended. */
static bool add_line(const char *line, size_t len, char *out, size_t *n, size_t max)
{
    while (len && is_mark(*line)) {
        line++;
        len--;
    }
    while (len && is_mark(line[len - 1]))
        len--;
    if (!len)
        return *n == 0;
    if (*n && *n < max)
        out[(*n)++] = ' ';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];

        if (*n >= max)
            return false;
        out[(*n)++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
        if (c == '.' && (i + 1 == len || line[i + 1] == ' ') && *n > LEAST_LETTERS)
            return false;
    }
    return true;
}

static size_t letters(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += isalpha((unsigned char)text[i]) != 0;
    return n;
}

/* Cut at a whole character and put the NUL. */
static size_t finish(char *out, size_t n)
{
    size_t i = n;

    while (i && ((unsigned char)out[i - 1] & 0xc0) == 0x80)
        i--;
    if (i && (unsigned char)out[i - 1] >= 0xc0) {
        unsigned char lead = (unsigned char)out[i - 1];
        size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

        if (n - (i - 1) < need)
            n = i - 1;
    }
    while (n && (out[n - 1] == ' ' || out[n - 1] == ':' || out[n - 1] == ','))
        n--;
    out[n] = '\0';
    return n;
}

/* One block of comment, from behind its opening mark. Returns where to go on. */
static const char *read_block(const struct lang_syntax *x, const char *at, const char *end,
                              const char *close, char *out, size_t *n, size_t max)
{
    bool more = true;
    bool boilerplate = false;
    const char *line_end;

    *n = 0;
    for (;;) {
        const char *block_end = memmem(at, (size_t)(end - at), close, strlen(close));

        line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end)
            line_end = end;
        if (block_end && block_end < line_end)
            line_end = block_end;
        boilerplate = boilerplate || is_boilerplate(at, (size_t)(line_end - at));
        more = more && add_line(at, (size_t)(line_end - at), out, n, max);
        at = line_end < end ? line_end + 1 : end;
        if (at >= end)
            break;
        if (*close == '\n') {
            size_t skip = 0;

            while (at < end && (*at == ' ' || *at == '\t'))
                at++;
            close = "\n";
            if (!opening(x, at, end, &skip) || *opening(x, at, end, &skip) != '\n')
                break;
            at += skip;
        } else if (line_end == block_end) {
            at = block_end + strlen(close);
            break;
        }
    }
    if (boilerplate)
        *n = 0;
    return at;
}

/* Lines that stand before a file's own comment in some languages. */
static bool may_precede(const char *at, const char *end)
{
    static const char *const marks[] = {
        "package ", "<?php",     "'use strict'", "\"use strict\"", "#pragma", "#ifndef", "#define",
        "#!",       "<!DOCTYPE", "defmodule",    "module ",        "%",       "@"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (starts(at, end, marks[i]))
            return true;
    }
    return false;
}

static size_t summary_of_comments(const struct lang_syntax *x, const char *bytes, size_t len,
                                  char *out, size_t max)
{
    const char *end = bytes + len;
    const char *at = bytes;

    for (unsigned blocks = 0; at < end && blocks < MAX_BLOCKS;) {
        size_t skip = 0;
        size_t n = 0;
        const char *close;

        while (at < end && isspace((unsigned char)*at))
            at++;
        close = at < end ? opening(x, at, end, &skip) : NULL;
        if (close) {
            at = read_block(x, at + skip, end, close, out, &n, max);
            if (letters(out, n) >= LEAST_LETTERS)
                return finish(out, n);
            blocks++;
        } else {
            const char *nl = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

            if (at < end && !may_precede(at, end))
                return 0; /* a comment below code is about something smaller */
            at = nl ? nl + 1 : end;
        }
    }
    return 0;
}

static size_t summary_of_prose(const char *bytes, size_t len, char *out, size_t max)
{
    struct lines l = {bytes, bytes + len};
    const char *line;
    size_t n_line;

    while (next_line(&l, &line, &n_line)) {
        size_t n = 0;

        if (n_line && (*line == '<' || *line == '[' || *line == '.' || *line == ':'))
            continue;
        (void)add_line(line, n_line, out, &n, max);
        if (letters(out, n) >= 4)
            return finish(out, n);
    }
    return 0;
}

size_t scan_summary(const struct lang *lang, const char *bytes, size_t len, char *out, size_t max)
{
    if (len > PROBE)
        len = PROBE;
    if (lang->class == LANG_TEXT)
        return summary_of_prose(bytes, len, out, max);
    return lang->class == LANG_DATA ? 0 : summary_of_comments(lang->syntax, bytes, len, out, max);
}
