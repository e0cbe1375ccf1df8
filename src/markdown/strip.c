#include "vdo/markdown/markdown.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include "hidden.h"
#include "tree.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/*
 * What cmark understood is written again as Markdown, so that nothing gets through that a parser
 * sees in another way than we do. Text is written by ourselves with few backslashes; cmark's writer
 * puts raw HTML out as it is, so text nodes become such nodes.
 */

enum { MAX_NESTING = 64 }; /* each level is written on every line */

struct entry {
    cmark_node *node;
    bool was_full; /* had children */
    bool removed;
};

struct stripper {
    struct entry *entries; /* in the order of the page */
    size_t n;
    bool hidden;
};

static bool is_type(cmark_node *node, cmark_node_type type)
{
    return node && cmark_node_get_type(node) == type;
}

static bool is_html(cmark_node *node)
{
    return is_type(node, CMARK_NODE_HTML_BLOCK) || is_type(node, CMARK_NODE_HTML_INLINE);
}

static bool is_nesting(cmark_node *node)
{
    return is_type(node, CMARK_NODE_BLOCK_QUOTE) || is_type(node, CMARK_NODE_LIST);
}

static int collect_nodes(struct stripper *s, cmark_node *root, struct err *err)
{
    cmark_iter *iter = cmark_iter_new(root);
    cmark_event_type event;
    int depth = 0;
    int deepest = 0;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);

        if (is_nesting(node))
            depth += event == CMARK_EVENT_ENTER ? 1 : -1;
        if (depth > deepest)
            deepest = depth;
        if (event == CMARK_EVENT_EXIT)
            continue;
        if ((s->n & (s->n - 1)) == 0)
            s->entries = xreallocarray(s->entries, s->n ? 2 * s->n : 1, sizeof(*s->entries));
        s->entries[s->n++] =
            (struct entry){.node = node, .was_full = cmark_node_first_child(node) != NULL};
    }
    cmark_iter_free(iter);
    if (deepest > MAX_NESTING)
        return err_set(err, VDO_E_TOO_LARGE, "quotes and lists nest deeper than %d", MAX_NESTING);
    return VDO_OK;
}

static void remove_entry(struct stripper *s, struct entry *entry)
{
    cmark_node_unlink(entry->node);
    entry->removed = true;
    s->hidden = true;
}

/* Containers stay until they are found empty: part of what they hold may show. */
static bool is_container(cmark_node *node)
{
    return cmark_node_get_literal(node) == NULL && !is_type(node, CMARK_NODE_SOFTBREAK) &&
           !is_type(node, CMARK_NODE_LINEBREAK) && !is_type(node, CMARK_NODE_IMAGE) &&
           !is_type(node, CMARK_NODE_THEMATIC_BREAK);
}

static void filter_html(struct stripper *s)
{
    struct html_page *page = html_page_new();

    for (size_t i = 0; i < s->n; i++) {
        cmark_node *node = s->entries[i].node;

        html_page_add(page, is_html(node) ? cmark_node_get_literal(node) : NULL);
    }
    html_page_settle(page);
    for (size_t i = 0; i < s->n; i++) {
        struct entry *entry = &s->entries[i];
        AUTO_STRBUF left = {0};

        /* Quotes in attributes may grow to entities. */
        strbuf_init(&left, 8 * VDO_MAX_MARKDOWN);
        if (html_page_next(page, &left, &s->hidden)) {
            if (!is_container(entry->node))
                remove_entry(s, entry);
        } else if (is_html(entry->node)) {
            (void)cmark_node_set_literal(entry->node, left.ptr);
            if (left.ptr[strspn(left.ptr, " \n")] == '\0')
                remove_entry(s, entry);
        }
    }
    html_page_free(page);
}

static char *filtered(struct stripper *s, const char *text)
{
    AUTO_STRBUF out = {0};

    strbuf_init(&out, 3 * strlen(text));
    hidden_filter(text, strlen(text), &out, &s->hidden);
    return strbuf_take(&out, NULL);
}

static bool is_math_code(cmark_node *code)
{
    cmark_node *before = cmark_node_previous(code);
    cmark_node *next = cmark_node_next(code);
    const char *text;

    if (!is_type(before, CMARK_NODE_TEXT) || !is_type(next, CMARK_NODE_TEXT))
        return false;
    text = cmark_node_get_literal(before);
    return *text && text[strlen(text) - 1] == '$' && cmark_node_get_literal(next)[0] == '$';
}

static void filter_literal(struct stripper *s, struct entry *entry)
{
    cmark_node *node = entry->node;
    AUTO_FREE char *text = filtered(s, cmark_node_get_literal(node));
    AUTO_STRBUF shown = {0};

    if (is_type(node, CMARK_NODE_CODE) && is_math_code(node) &&
        hidden_is_tricky_math(text, strlen(text))) {
        remove_entry(s, entry);
        return;
    }
    strbuf_init(&shown, strlen(text));
    if (is_type(node, CMARK_NODE_TEXT))
        hidden_filter_math(text, &shown, &s->hidden);
    else
        (void)strbuf_adds(&shown, text);
    (void)cmark_node_set_literal(node, shown.ptr);
    if (shown.len == 0 && !is_type(node, CMARK_NODE_CODE_BLOCK))
        remove_entry(s, entry);
}

static void filter_address(struct stripper *s, cmark_node *link)
{
    AUTO_FREE char *url = filtered(s, cmark_node_get_url(link));

    s->hidden = s->hidden || *cmark_node_get_title(link);
    (void)cmark_node_set_title(link, "");
    (void)cmark_node_set_url(link, url);
}

static void filter_nodes(struct stripper *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct entry *entry = &s->entries[i];
        cmark_node *node = entry->node;

        if (entry->removed)
            continue;
        if (is_type(cmark_node_parent(node), CMARK_NODE_IMAGE))
            remove_entry(s, entry); /* the text that stands for an image */
        else if (is_type(node, CMARK_NODE_TEXT) || is_type(node, CMARK_NODE_CODE) ||
                 is_type(node, CMARK_NODE_CODE_BLOCK))
            filter_literal(s, entry);
        else if (is_type(node, CMARK_NODE_LINK) || is_type(node, CMARK_NODE_IMAGE))
            filter_address(s, node);
    }
}

static bool is_part_of_table(cmark_node *node)
{
    return strncmp(cmark_node_get_type_string(node), "table", 5) == 0;
}

/* What lost its content, and links that never had any. From the last to the first, so that what
 * becomes empty by it is seen later. */
static void remove_empty(struct stripper *s)
{
    for (size_t i = s->n; i-- > 1;) {
        struct entry *entry = &s->entries[i];
        cmark_node *node = entry->node;

        if (entry->removed || cmark_node_first_child(node) || is_part_of_table(node))
            continue;
        if (is_type(node, CMARK_NODE_LINK) || (entry->was_full && !is_type(node, CMARK_NODE_IMAGE)))
            remove_entry(s, entry);
    }
}

static bool begins_line(cmark_node *text)
{
    cmark_node *before = cmark_node_previous(text);

    if (before)
        return is_type(before, CMARK_NODE_SOFTBREAK) || is_type(before, CMARK_NODE_LINEBREAK);
    return is_type(cmark_node_parent(text), CMARK_NODE_PARAGRAPH);
}

/* Put a node that is written as it is in the place of another. */
static void replace_node(struct entry *entry, cmark_node_type type, const char *literal)
{
    cmark_node *with = cmark_node_new(type);

    (void)cmark_node_set_literal(with, literal);
    if (cmark_node_replace(entry->node, with))
        entry->removed = true; /* to be freed */
    else
        cmark_node_free(with);
}

static void write_text(struct entry *entry)
{
    const char *text = cmark_node_get_literal(entry->node);
    AUTO_STRBUF out = {0};

    strbuf_init(&out, 2 * strlen(text));
    markdown_escape_visible(text, begins_line(entry->node), &out);
    replace_node(entry, CMARK_NODE_HTML_INLINE, out.ptr);
}

static size_t longest_fence(const char *code)
{
    size_t longest = 2;

    while (*code) {
        size_t run = strspn(code, "`");

        longest = run > longest ? run : longest;
        code += run ? run : 1;
    }
    return longest;
}

/* The first word names the language; the others do not show. */
static size_t language_len(const char *info)
{
    size_t len = 0;

    while (isalnum((unsigned char)info[len]) || (info[len] && strchr("+#._-", info[len])))
        len++;
    return len;
}

static void write_code_block(struct stripper *s, struct entry *entry)
{
    const char *code = cmark_node_get_literal(entry->node);
    const char *info = cmark_node_get_fence_info(entry->node);
    size_t language = language_len(info);
    size_t fence = longest_fence(code) + 1;
    AUTO_STRBUF out = {0};

    s->hidden = s->hidden || info[language];
    if (language == 4 && strncmp(info, "math", 4) == 0 &&
        hidden_is_tricky_math(code, strlen(code))) {
        remove_entry(s, entry);
        return;
    }
    strbuf_init(&out, strlen(code) + language + 2 * fence + 4);
    for (size_t i = 0; i < fence; i++)
        (void)strbuf_addc(&out, '`');
    (void)strbuf_addf(&out, "%.*s\n%s", (int)language, info, code);
    if (*code && code[strlen(code) - 1] != '\n')
        (void)strbuf_addc(&out, '\n');
    for (size_t i = 0; i < fence; i++)
        (void)strbuf_addc(&out, '`');
    replace_node(entry, CMARK_NODE_HTML_BLOCK, out.ptr);
}

/* cmark's writer would put a comment between two lists. */
static void separate_list(cmark_node *list)
{
    cmark_node *nothing;

    if (!is_type(cmark_node_next(list), CMARK_NODE_LIST))
        return;
    nothing = cmark_node_new(CMARK_NODE_HTML_BLOCK);
    (void)cmark_node_set_literal(nothing, "");
    if (!cmark_node_insert_after(list, nothing))
        cmark_node_free(nothing);
}

static void write_nodes(struct stripper *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct entry *entry = &s->entries[i];

        if (entry->removed)
            continue;
        if (is_type(entry->node, CMARK_NODE_TEXT))
            write_text(entry);
        else if (is_type(entry->node, CMARK_NODE_CODE_BLOCK))
            write_code_block(s, entry);
        else if (is_type(entry->node, CMARK_NODE_LIST))
            separate_list(entry->node);
    }
}

static int strip_tree(struct stripper *s, cmark_node *root, struct err *err)
{
    int rc;

    cmark_consolidate_text_nodes(root);
    rc = collect_nodes(s, root, err);
    if (rc)
        return rc;
    filter_html(s);
    filter_nodes(s);
    remove_empty(s);
    write_nodes(s);
    return VDO_OK;
}

/* Is the label used anywhere but in definitions? */
static bool is_referenced(const char *text, const char *label, size_t len)
{
    for (const char *at = text; (at = memmem(at, strlen(at), label, len)); at++) {
        if (at > text && at[-1] == '[' && at[len] == ']' && at[len + 1] != ':')
            return true;
    }
    return false;
}

/* cmark takes link definitions away without a trace; those that nothing refers to are comments. */
static bool has_unused_definition(const char *text, const char *shown)
{
    for (const char *at = text; *at;) {
        const char *line = at + strspn(at, " >\t*+-");
        size_t len = strcspn(line, "]\n");

        if (*line == '[' && len > 1 && line[len] == ']' && line[len + 1] == ':') {
            AUTO_FREE char *visible = xasprintf("%.*s]:", (int)len - 1, line + 1);

            if (!strstr(shown, visible) && !is_referenced(text, line + 1, len - 1))
                return true;
        }
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return false;
}

static void free_stripper(struct stripper *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->entries[i].removed)
            cmark_node_free(s->entries[i].node);
    }
    free(s->entries);
}

static int write_tree(struct stripper *s, cmark_node *root, struct strbuf *out, struct err *err)
{
    size_t before = out->len;
    char *text = cmark_render_commonmark(root, CMARK_OPT_DEFAULT, 0);

    hidden_filter(text, strlen(text), out, &s->hidden);
    free(text);
    if (!strbuf_overflowed(out))
        return VDO_OK;
    strbuf_truncate(out, before);
    return err_set(err, VDO_E_TOO_LARGE, "the text has more than %zu bytes", out->max);
}

int markdown_strip_hidden(const char *text, size_t len, struct strbuf *out, bool *out_hidden,
                          struct err *err)
{
    struct stripper s = {0};
    AUTO_STRBUF clean = {0};
    struct tree tree;
    size_t before = out->len;
    int rc = tree_check_size(len, err);

    if (rc)
        return rc;
    strbuf_init(&clean, 3 * len);
    tree_clean_text(text, len, &clean);
    /* Without tasks: cmark's writer puts them in the wrong place. They read as text all the same.
     */
    tree_parse(&tree, clean.ptr, clean.len, false);
    rc = strip_tree(&s, tree.root, err);
    if (!rc)
        rc = write_tree(&s, tree.root, out, err);
    if (!rc && out_hidden)
        *out_hidden = s.hidden || has_unused_definition(clean.ptr, out->ptr + before);
    free_stripper(&s);
    tree_release(&tree);
    return rc;
}
