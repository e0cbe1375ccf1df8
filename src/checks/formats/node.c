/* node --test's spec and dot reporters; its TAP is read as such. Source: lib/internal/test_runner
 * of Node.js 18 to 24. */
#include "format.h"
#include "outline.h"

#include "vdo/base/mem.h"

#include <stdio.h>

struct node {
    struct outline suites;
    bool told;        /* "failing tests:": the same again, with places */
    char place[1024]; /* "test at file:5:3" of the next of them */
    struct failure *current;
    size_t current_indent;
};

/* "title (0.12ms)", "title (0.12ms) # SKIP": the title's length, or 0. */
static size_t title_len(const char *title, const char **out_directive)
{
    const char *hash = strstr(title, ") # ");
    size_t all = hash ? (size_t)(hash - title) + 1 : strlen(title);
    size_t len = text_without_duration(title, all);

    *out_directive = hash ? hash + 4 : "";
    /* A duration of node's own has decimals and parentheses; mocha's has no decimals, that of tools
     * that tell of their work ("Compiled in 3.2s") no parentheses. */
    return len < text_len(title, all) && memchr(title + len, '(', all - len) &&
                   memchr(title + len, '.', all - len) ?
               len :
               0;
}

/* The failures told again at the end carry the test's place, without its suites. */
static void take_again(struct reading *r, const char *title, size_t len)
{
    struct node *node = r->state;
    AUTO_FREE char *name = xmemdup0(title, len);

    /* As in a file, the end of the name is enough to find it. */
    node->current = tally_failure(r->tally, TALLY_FILE, name);
    failure_place_in(node->current, node->place);
    *node->place = '\0';
    r->in_block = true;
    node->current_indent = 0;
}

static void take_test(struct reading *r, const char *title, size_t indent, enum result_state state)
{
    struct node *node = r->state;
    const char *directive;
    size_t len = title_len(title, &directive);
    char path[OUTLINE_PATH];

    if (len == 0)
        return;
    if (strncasecmp(directive, "skip", 4) == 0 ||
        (strncasecmp(directive, "todo", 4) == 0 && state == RESULT_FAILED))
        state = RESULT_SKIPPED;
    node->current = NULL;
    r->in_block = false;
    if (node->told && state != RESULT_PASSED) {
        if (state == RESULT_FAILED)
            take_again(r, title, len);
        return;
    }
    node->told = false; /* a further run */
    /* The line that closes a suite repeats its title; its tests have been told. */
    if (node->suites.depth && node->suites.indent[node->suites.depth - 1] >= indent) {
        outline_cut(&node->suites, indent + 1);
        if (node->suites.depth && node->suites.indent[node->suites.depth - 1] == indent &&
            strlen(node->suites.title[node->suites.depth - 1]) == len &&
            strncmp(node->suites.title[node->suites.depth - 1], title, len) == 0) {
            outline_cut(&node->suites, indent);
            return;
        }
        outline_cut(&node->suites, indent);
    }
    (void)outline_path(&node->suites, indent, title, len, path);
    reading_test(r, path, state);
    if (state == RESULT_FAILED) {
        node->current = reading_failure(r, path);
        node->current_indent = indent;
        r->in_block = r->all_lines = true;
    }
}

static void take_info(struct reading *r, const char *text)
{
    static const struct {
        const char *word;
        enum result_state state;
    } sums[] = {{"pass ", RESULT_PASSED}, {"fail ", RESULT_FAILED}, {"skipped ", RESULT_SKIPPED}};
    struct node *node = r->state;
    int n;

    node->current = NULL;
    r->in_block = false;
    for (size_t i = 0; i < 3; i++) {
        const char *at = text_after(text, sums[i].word);

        if (at && text_number(&at, &n) && *at == '\0')
            reading_summary(r, sums[i].state, n);
    }
}

static void take_detail(struct node *node, const char *text)
{
    failure_detail(node->current, text, strlen(text));
    if (*text)
        failure_message(node->current, text, strlen(text));
    failure_place_in(node->current, text);
}

static void node_line(struct reading *r, const char *line, size_t len)
{
    static const struct {
        const char *mark;
        enum result_state state;
    } marks[] = {
        {"\u2714 ", RESULT_PASSED},  /* ✔ */
        {"\u2716 ", RESULT_FAILED},  /* ✖ */
        {"\ufe63 ", RESULT_SKIPPED}, /* ﹣ */
        {"\u26a0 ", RESULT_SKIPPED}, /* ⚠, a test to be written */
    };
    struct node *node = r->state;
    size_t indent = text_indent(line);
    const char *text = line + indent;
    const char *at;
    const char *unused;

    (void)len;
    if ((at = text_after(text, "\u25b6 "))) { /* ▶ */
        node->current = NULL;
        r->in_block = node->told = false;
        if (title_len(at, &unused)) /* Node.js 18 closes a suite with the same mark */
            outline_cut(&node->suites, indent);
        else
            outline_set(&node->suites, indent, at, text_len(at, strlen(at)));
        return;
    }
    if ((at = text_after(line, "\u2139 "))) { /* ℹ */
        take_info(r, at);
        return;
    }
    if (strcmp(text, "\u2716 failing tests:") == 0) {
        node->told = r->all_lines = true;
        return;
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if ((at = text_after(text, marks[i].mark))) {
            take_test(r, at, indent, marks[i].state);
            return;
        }
    }
    if (node->told && (at = text_after(line, "test at ")))
        (void)snprintf(node->place, sizeof(node->place), "%s", at);
    else if (node->current && (indent > node->current_indent || *text == '\0'))
        take_detail(node, text);
}

const struct format node_format = {
    .name = "node --test",
    .first = "\xe2\xef",
    .state_size = sizeof(struct node),
    .line = node_line,
};
