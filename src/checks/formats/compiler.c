/* Errors of compilers and interpreters: gcc, clang, go, javac, rustc, tsc, ld, Python. No tests. */
#include "format.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct compiler {
    char rust[RESULTS_MAX_MESSAGE]; /* "error[E0425]: ..." whose place follows */
    char *file; /* of a Python traceback's last frame of the project; NULL outside of one */
    int line;
    bool traceback;
    int since; /* lines since it began */
};

enum { LONGEST_TRACEBACK = 2000 };

static void end_traceback(struct reading *r)
{
    struct compiler *c = r->state;

    free(c->file);
    c->file = NULL;
    c->traceback = false;
    r->all_lines = false;
}

/* "file:12:5: error: text", "file:12: error: text", "file:12:5: fatal error: text"; of Go
 * "file.go:12:5: text" */
static bool take_gcc(struct reading *r, const char *line)
{
    const char *colon = strchr(line, ':');
    const char *at = colon ? colon + 1 : NULL;
    size_t len = colon ? (size_t)(colon - line) : 0;
    const char *text;
    int row;
    int column = 0;

    if (len == 0 || memchr(line, ' ', len) || !text_number(&at, &row) || *at++ != ':')
        return false;
    if (text_number(&at, &column) && *at++ != ':')
        return false;
    if (*at++ != ' ')
        return false;
    text = text_after(at, "error: ");
    if (!text)
        text = text_after(at, "fatal error: ");
    if (!text && column && len > 3 && strncmp(colon - 3, ".go", 3) == 0)
        text = at;
    if (!text)
        return false;
    tally_problem(r->tally, line, len, row, text, strlen(text));
    return true;
}

/* "src/a.ts(3,5): error TS2322: text", "src/a.ts:3:5 - error TS2322: text" */
static bool take_tsc(struct reading *r, const char *line)
{
    const char *error = strstr(line, "error TS");
    const char *text = error ? strstr(error, ": ") : NULL;
    size_t len = strcspn(line, "(:");
    const char *at = line + len + 1;
    int row;

    if (!text || len == 0 || line[len] == '\0' || !text_number(&at, &row) ||
        (*at != ',' && *at != ':'))
        return false;
    tally_problem(r->tally, line, len, row, text + 2, strlen(text + 2));
    return true;
}

/* "error[E0425]: text" and " --> src/lib.rs:1:21" behind it */
static bool take_rustc(struct reading *r, const char *line)
{
    struct compiler *c = r->state;
    const char *text = text_after(line, "error[E");
    const char *arrow = text_after(line + text_indent(line), "--> ");
    struct place place;

    if (!text)
        text = text_after(line, "error: ");
    if (text) {
        const char *said = line[5] == '[' ? strstr(text, "]: ") : NULL;

        (void)snprintf(c->rust, sizeof(c->rust), "%s", said ? said + 3 : text);
        return true;
    }
    if (!arrow || !*c->rust || !text_place(arrow, &place))
        return false;
    tally_problem(r->tally, place.file, place.len, place.line, c->rust, strlen(c->rust));
    *c->rust = '\0';
    return true;
}

/* "l.c:(.text+0x5): undefined reference to `h'" */
static bool take_linker(struct reading *r, const char *line)
{
    const char *section = strstr(line, ":(.");
    const char *text = section ? strstr(section, "): undefined reference to ") : NULL;
    const char *from = section;

    if (!text)
        return false;
    while (from > line && from[-1] != ' ')
        from--;
    tally_problem(r->tally, from, (size_t)(section - from), 0, text + 3, strlen(text + 3));
    return true;
}

static bool take_frame(struct compiler *c, const char *text)
{
    const char *file = text_after(text, "File \"");
    const char *end = file ? strstr(file, "\", line ") : NULL;
    const char *at = end ? end + strlen("\", line ") : NULL;
    int row;

    if (!at || !text_number(&at, &row))
        return false;
    if (!text_is_foreign(file, (size_t)(end - file))) {
        free(c->file);
        c->file = xmemdup0(file, (size_t)(end - file) < 300 ? (size_t)(end - file) : 300);
        c->line = row;
    }
    return true;
}

/* Of a traceback outside of any test's section: the last frame and the line that ends it. */
static bool take_python(struct reading *r, const char *line)
{
    struct compiler *c = r->state;

    if (text_after(line, "Traceback (most recent call last):")) {
        end_traceback(r);
        c->traceback = r->all_lines = true;
        c->since = 0;
        return true;
    }
    if (!c->traceback)
        return false;
    if (take_frame(c, line + text_indent(line)))
        return true;
    if (++c->since > LONGEST_TRACEBACK)
        end_traceback(r);
    if (*line == ' ' || *line == '\0')
        return true;
    if (c->file && isalpha((unsigned char)*line))
        tally_problem(r->tally, c->file, strlen(c->file), c->line, line, strlen(line));
    end_traceback(r);
    return true;
}

static void compiler_line(struct reading *r, const char *line, size_t len)
{
    (void)len;
    if (take_python(r, line) || take_rustc(r, line) || !strchr(line, ':'))
        return;
    if (!take_gcc(r, text_after(line, "vet: ") ? line + 5 : line) && !take_tsc(r, line))
        (void)take_linker(r, line);
}

static void compiler_end(struct reading *r)
{
    end_traceback(r);
}

const struct format compiler_format = {
    .name = "compiler",
    .state_size = sizeof(struct compiler),
    .line = compiler_line,
    .end = compiler_end,
};
