/* jest's default and verbose reporters. Source: @jest/reporters of 27 to 30. */
#include "format.h"
#include "outline.h"

#include <stdio.h>

struct jest {
    char file[RESULTS_MAX_NAME + 1]; /* of the last PASS or FAIL line */
    bool tree;                       /* below it: the verbose tree of its tests */
    struct outline suites;
    struct failure *current;
};

/* Names are "file > suite > test". */
static const char *full_name(const struct jest *jest, const char *path, char *out)
{
    (void)snprintf(out, OUTLINE_PATH, "%s > %s", jest->file, path);
    return out;
}

static void end_failure(struct reading *r)
{
    struct jest *jest = r->state;

    jest->current = NULL;
    r->in_block = false;
}

static bool take_file(struct reading *r, const char *line)
{
    struct jest *jest = r->state;
    const char *text = line + text_indent(line);
    const char *file = text_after(text, "PASS ");
    size_t len;

    if (!file)
        file = text_after(text, "FAIL ");
    if (!file || text - line > 1)
        return false;
    file += text_indent(file);
    len = text_without_duration(file, strlen(file));
    /* A file, not vitest's "FAIL  file > suite > test" and not another tool's words. */
    if (len == 0 || memchr(file, ' ', len) || !memchr(file, '.', len))
        return false;
    (void)snprintf(jest->file, sizeof(jest->file), "%.*s", (int)len, file);
    jest->tree = true;
    jest->suites.depth = 0;
    end_failure(r);
    r->all_lines = true;
    reading_saw(r);
    return true;
}

/* "  ● sums › adds wrong"; the separator becomes " > ". */
static void take_bullet(struct reading *r, const char *title, size_t indent)
{
    static const char arrow[] = " \u203a ";
    struct jest *jest = r->state;
    char path[OUTLINE_PATH];
    char name[OUTLINE_PATH];
    size_t n = 0;

    end_failure(r);
    jest->tree = false;
    if (indent != 2 || !*jest->file || strcmp(title, "Console") == 0)
        return;
    if (text_after(title, "Test suite failed to run")) {
        reading_beside(r, jest->file);
        jest->current = reading_failure(r, jest->file);
        r->in_block = true;
        return;
    }
    while (*title && n < sizeof(path) - 4) {
        if (strncmp(title, arrow, sizeof(arrow) - 1) == 0) {
            memcpy(path + n, " > ", 3);
            n += 3;
            title += sizeof(arrow) - 1;
        } else {
            path[n++] = *title++;
        }
    }
    path[n] = '\0';
    (void)full_name(jest, path, name);
    reading_test(r, name, RESULT_FAILED);
    jest->current = reading_failure(r, name);
    r->in_block = true;
}

static void take_detail(struct jest *jest, const char *line, size_t len)
{
    const char *text = line + text_indent(line);

    failure_detail(jest->current, line, len);
    if (*text)
        failure_message(jest->current, text, strlen(text));
    if (text_after(text, "at "))
        failure_place_in(jest->current, text);
}

/* A line of the tree: a mark and a title, or the title of a suite. */
static void take_tree(struct reading *r, const char *line, size_t len)
{
    static const struct {
        const char *mark;
        enum result_state state;
        const char *word; /* put before the title */
    } marks[] = {
        {"\u2713 ", RESULT_PASSED, ""}, /* ✓ */
        {"\u2714 ", RESULT_PASSED, ""}, /* ✔ */
        {"\u221a ", RESULT_PASSED, ""}, /* √ on Windows */
        {"\u2715 ", RESULT_FAILED, ""}, /* ✕ */
        {"\u25cb ", RESULT_SKIPPED, "skipped "}, {"\u270e ", RESULT_SKIPPED, "todo "},
    };
    struct jest *jest = r->state;
    size_t indent = text_indent(line);
    const char *text = line + indent;
    char path[OUTLINE_PATH];
    char name[OUTLINE_PATH];

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        const char *title = text_after(text, marks[i].mark);

        if (!title)
            continue;
        if (text_after(title, marks[i].word))
            title += strlen(marks[i].word);
        (void)outline_path(&jest->suites, indent, title,
                           text_without_duration(title, strlen(title)), path);
        reading_test(r, full_name(jest, path, name), marks[i].state);
        return;
    }
    if (indent >= 2)
        outline_set(&jest->suites, indent, text, text_len(text, len - indent));
    else if (*text)
        jest->tree = false;
}

/* "Tests:       1 failed, 2 skipped, 1 todo, 3 passed, 7 total" */
static void take_summary(struct reading *r, const char *at)
{
    reading_summary_parts(r, at + text_indent(at), ',');
    end_failure(r);
    r->all_lines = false;
}

static void jest_line(struct reading *r, const char *line, size_t len)
{
    static const char bullet[] = "\u25cf "; /* ● */
    struct jest *jest = r->state;
    size_t indent = text_indent(line);
    const char *text = line + indent;

    if (take_file(r, line))
        return;
    if (text_after(text, bullet)) {
        take_bullet(r, text + sizeof(bullet) - 1, indent);
    } else if (text_after(line, "Test Suites: ")) {
        end_failure(r);
        jest->tree = false;
    } else if (text_after(line, "Tests: ") && strstr(line, " total")) {
        take_summary(r, line + strlen("Tests: "));
    } else if (jest->current) {
        take_detail(jest, line, len);
    } else if (jest->tree) {
        take_tree(r, line, len);
    }
}

const struct format jest_format = {
    .name = "jest",
    .first = "PFT\xe2",
    .state_size = sizeof(struct jest),
    .line = jest_line,
};
