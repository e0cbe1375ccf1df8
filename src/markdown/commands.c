#include "vdo/markdown/markdown.h"

#include "vdo/base/mem.h"
#include "vdo/base/rand.h"

#include "tree.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * cmark does not say reliably on which line an inline stands: a link definition, or a code span or
 * tag over two lines, shifts all behind it. So the prefix is replaced by a mark with the number of
 * its line on each line that begins with it; where cmark then shows a mark as text at the beginning
 * of a line of a paragraph, there is a command. The mark is random, so that nobody can write one,
 * and a word, so that it means nothing to Markdown, just as the prefix.
 */
enum { MARK_SIZE = 2 * 8 + 1 };

struct line {
    const char *text;
    size_t len;
    bool is_command;
    size_t last; /* of a command: the last line of its paragraph */
};

struct finder {
    const char *prefix;
    struct line *lines;
    size_t n_lines;
    char mark[MARK_SIZE + 1];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void split_lines(struct finder *f, const char *text)
{
    size_t n = 1;

    for (const char *c = text; *c; c++)
        n += *c == '\n';
    f->lines = xcalloc(n, sizeof(*f->lines));
    for (f->n_lines = 0; f->n_lines < n; f->n_lines++) {
        struct line *line = &f->lines[f->n_lines];

        line->text = text;
        line->len = strcspn(text, "\n");
        text += line->len + (text[line->len] == '\n');
    }
}

/* Where the prefix begins on the line when it is the first thing there, else NULL. */
static const char *find_prefix(const struct finder *f, const struct line *line)
{
    const char *at = line->text;
    const char *end = line->text + line->len;
    size_t len = strlen(f->prefix);

    while (at < end && is_blank(*at))
        at++;
    if ((size_t)(end - at) < len || strncmp(at, f->prefix, len) != 0)
        return NULL;
    return at + len == end || is_blank(at[len]) ? at : NULL;
}

static void make_mark(struct finder *f)
{
    unsigned char bytes[8];

    rand_bytes(bytes, sizeof(bytes));
    f->mark[0] = 'x';
    for (size_t i = 0; i < sizeof(bytes); i++)
        (void)snprintf(f->mark + 1 + 2 * i, 3, "%02x", bytes[i]);
}

static void add_marked(const struct finder *f, struct strbuf *out)
{
    for (size_t i = 0; i < f->n_lines; i++) {
        const struct line *line = &f->lines[i];
        const char *at = find_prefix(f, line);

        if (at) {
            const char *rest = at + strlen(f->prefix);

            (void)strbuf_add(out, line->text, (size_t)(at - line->text));
            (void)strbuf_addf(out, "%s%08zx", f->mark, i);
            (void)strbuf_add(out, rest, line->len - (size_t)(rest - line->text));
        } else {
            (void)strbuf_add(out, line->text, line->len);
        }
        (void)strbuf_addc(out, '\n');
    }
}

static bool begins_line(cmark_node *text)
{
    cmark_node *before = cmark_node_previous(text);
    cmark_node_type type = before ? cmark_node_get_type(before) : CMARK_NODE_NONE;

    return !before || type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK;
}

static void accept_text(struct finder *f, cmark_node *text, size_t last)
{
    const char *literal = cmark_node_get_literal(text);
    size_t index;

    if (!begins_line(text) || strncmp(literal, f->mark, MARK_SIZE) != 0)
        return;
    index = strtoul(literal + MARK_SIZE, NULL, 16);
    f->lines[index].is_command = true;
    f->lines[index].last = last > index ? last : index;
}

/*
 * The index of the last line of a paragraph. One whose last line became the head of a table has no
 * position any more; the table ends where it says and has a line for each row and one for the rule.
 */
static size_t last_line(const struct finder *f, cmark_node *paragraph)
{
    cmark_node *next = cmark_node_next(paragraph);
    int last = cmark_node_get_end_line(paragraph);

    if (last == 0 && next && strcmp(cmark_node_get_type_string(next), "table") == 0) {
        last = cmark_node_get_end_line(next) - 1;
        for (cmark_node *row = cmark_node_first_child(next); row; row = cmark_node_next(row))
            last--;
    }
    return last > 0 && (size_t)last <= f->n_lines ? (size_t)last - 1 : 0;
}

/* Only paragraphs of the page itself: not those of quotes, lists and tables. */
static void search_paragraphs(struct finder *f, cmark_node *root)
{
    for (cmark_node *block = cmark_node_first_child(root); block; block = cmark_node_next(block)) {
        if (cmark_node_get_type(block) != CMARK_NODE_PARAGRAPH)
            continue;
        for (cmark_node *text = cmark_node_first_child(block); text; text = cmark_node_next(text)) {
            if (cmark_node_get_type(text) == CMARK_NODE_TEXT)
                accept_text(f, text, last_line(f, block));
        }
    }
}

static char *trimmed(const char *from, const char *to)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    return xstrndup(from, (size_t)(to - from));
}

static void fill_command(const struct finder *f, size_t index, struct markdown_command *out)
{
    const struct line *line = &f->lines[index];
    const char *at = find_prefix(f, line) + strlen(f->prefix);
    const char *end = line->text + line->len;
    const char *verb;
    size_t last = index;

    while (at < end && is_blank(*at))
        at++;
    verb = at;
    while (at < end && !is_blank(*at))
        at++;
    while (last < line->last && !f->lines[last + 1].is_command)
        last++;
    out->line = (int)index + 1;
    out->verb = at > verb ? xstrndup(verb, (size_t)(at - verb)) : xstrdup("help");
    for (char *c = out->verb; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    out->argument = trimmed(at, f->lines[last].text + f->lines[last].len);
}

static void collect(const struct finder *f, size_t max, struct markdown_command **out,
                    size_t *out_n)
{
    size_t n = 0;

    *out = NULL;
    for (size_t i = 0; i < f->n_lines && n < max; i++) {
        if (!f->lines[i].is_command)
            continue;
        *out = xreallocarray(*out, n + 1, sizeof(**out));
        fill_command(f, i, &(*out)[n++]);
    }
    *out_n = n;
}

int markdown_commands(const char *text, size_t len, const char *prefix, size_t max,
                      struct markdown_command **out, size_t *out_n, struct err *err)
{
    struct finder f = {.prefix = prefix};
    AUTO_STRBUF clean = {0};
    AUTO_STRBUF marked = {0};
    struct tree tree;
    int rc = tree_check_size(len, err);

    if (rc)
        return rc;
    strbuf_init(&clean, 3 * len);
    tree_clean_text(text, len, &clean);
    split_lines(&f, clean.ptr);
    make_mark(&f);
    strbuf_init(&marked, clean.len + 1 + f.n_lines * (MARK_SIZE + 8 + 1));
    add_marked(&f, &marked);
    tree_parse(&tree, marked.ptr, marked.len, true);
    search_paragraphs(&f, tree.root);
    tree_release(&tree);
    collect(&f, max, out, out_n);
    free(f.lines);
    return VDO_OK;
}

void markdown_commands_free(struct markdown_command *commands, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(commands[i].verb);
        free(commands[i].argument);
    }
    free(commands);
}
