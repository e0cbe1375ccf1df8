#include "hidden.h"

#include "vdo/base/mem.h"
#include "vdo/base/utf8.h"

#include "html_tag.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct page_tag {
    struct html_tag tag;
    bool dropped;      /* the tag itself */
    bool hidden_after; /* what stands between it and the next one */
};

struct page_node {
    char *literal; /* NULL: not HTML */
    size_t n_tags;
};

struct html_page {
    struct page_node *nodes;
    size_t n_nodes;
    struct page_tag *tags;
    size_t n_tags;
    size_t next_node;
    size_t next_tag;
};

struct html_page *html_page_new(void)
{
    return xcalloc(1, sizeof(struct html_page));
}

void html_page_free(struct html_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->n_nodes; i++)
        free(page->nodes[i].literal);
    free(page->nodes);
    free(page->tags);
    free(page);
}

/* Room for one more: the array grows when its length is a power of two. */
static void *grow(void *array, size_t n, size_t size)
{
    return n & (n - 1) ? array : xreallocarray(array, n ? 2 * n : 1, size);
}

void html_page_add(struct html_page *page, const char *literal)
{
    struct page_node node = {.literal = xstrdup_or_null(literal)};
    struct html_tag tag = {0};

    while (literal && html_tag_find(literal, tag.end, &tag)) {
        page->tags = grow(page->tags, page->n_tags, sizeof(*page->tags));
        page->tags[page->n_tags++] = (struct page_tag){.tag = tag};
        node.n_tags++;
    }
    page->nodes = grow(page->nodes, page->n_nodes, sizeof(*page->nodes));
    page->nodes[page->n_nodes++] = node;
}

/* The tag that closes the one at i, or 0. */
static size_t find_close(const struct html_page *page, size_t i)
{
    const char *name = page->tags[i].tag.name;
    int depth = 1;

    for (size_t j = i + 1; j < page->n_tags; j++) {
        const struct html_tag *tag = &page->tags[j].tag;

        if (tag->kind != HTML_OPEN && tag->kind != HTML_CLOSE)
            continue;
        if (strcmp(tag->name, name) != 0)
            continue;
        depth += tag->kind == HTML_OPEN ? 1 : -1;
        if (depth == 0)
            return j;
    }
    return 0;
}

/*
 * An element that is never closed hides nothing: GitHub takes "hidden" and "style" away, so a
 * forgotten end would cost text that everybody sees.
 */
void html_page_settle(struct html_page *page)
{
    for (size_t i = 0; i < page->n_tags; i++) {
        size_t close = page->tags[i].tag.hides ? find_close(page, i) : 0;

        if (close == 0)
            continue;
        for (; i <= close; i++) {
            page->tags[i].dropped = true;
            page->tags[i].hidden_after = i < close;
        }
        i--;
    }
}

/* Names of entities for characters that do not show. Source: HTML Living Standard, 13.5. */
static bool is_unseen_name(const char *name, size_t len)
{
    static const char *const names[] = {"shy",
                                        "zwj",
                                        "zwnj",
                                        "lrm",
                                        "rlm",
                                        "ZeroWidthSpace",
                                        "NoBreak",
                                        "ApplyFunction",
                                        "af",
                                        "InvisibleTimes",
                                        "it",
                                        "InvisibleComma",
                                        "ic",
                                        "NegativeThinSpace",
                                        "NegativeMediumSpace",
                                        "NegativeThickSpace",
                                        "NegativeVeryThinSpace"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (len == strlen(names[i]) && strncmp(name, names[i], len) == 0)
            return true;
    }
    return false;
}

static bool is_unseen_number(const char *digits)
{
    bool hex = *digits == 'x' || *digits == 'X';
    unsigned long point = strtoul(digits + hex, NULL, hex ? 16 : 10);

    return point != '\n' && point != '\t' && point != '\r' &&
           (point > 0x10FFFF || utf8_is_invisible((uint32_t)point));
}

/* Length of an entity at text for something that does not show, else 0. */
static size_t unseen_entity(const char *text)
{
    size_t len = 1;

    if (*text != '&')
        return 0;
    if (text[1] == '#') {
        len = 2;
        len += strspn(text + len, "xX");
        len += strspn(text + len, "0123456789abcdefABCDEF");
        if (len < 3 || !is_unseen_number(text + 2))
            return 0;
    } else {
        while (isalpha((unsigned char)text[len]))
            len++;
        if (!is_unseen_name(text + 1, len - 1))
            return 0;
    }
    return len + (text[len] == ';');
}

static void write_text(const char *text, size_t len, struct strbuf *out, bool *hidden)
{
    AUTO_STRBUF plain = {0};

    strbuf_init(&plain, len + 1);
    for (size_t i = 0; i < len;) {
        size_t skip = unseen_entity(text + i);

        *hidden = *hidden || skip > 0;
        if (!skip)
            (void)strbuf_addc(&plain, text[i]);
        i += skip ? skip : 1;
    }
    hidden_filter(plain.ptr, plain.len, out, hidden);
}

static void write_tag(const char *literal, const struct page_tag *tag, struct strbuf *out,
                      bool *hidden)
{
    if (tag->dropped || tag->tag.kind == HTML_UNSEEN)
        *hidden = true;
    else
        html_tag_write(literal, &tag->tag, out, hidden);
}

static bool is_hidden_here(const struct html_page *page)
{
    return page->next_tag > 0 && page->tags[page->next_tag - 1].hidden_after;
}

bool html_page_next(struct html_page *page, struct strbuf *out, bool *hidden)
{
    const struct page_node *node = &page->nodes[page->next_node++];
    size_t at = 0;

    if (!node->literal) {
        *hidden = *hidden || is_hidden_here(page);
        return is_hidden_here(page);
    }
    for (size_t i = 0; i < node->n_tags; i++) {
        const struct page_tag *tag = &page->tags[page->next_tag];

        if (!is_hidden_here(page))
            write_text(node->literal + at, tag->tag.begin - at, out, hidden);
        write_tag(node->literal, tag, out, hidden);
        at = tag->tag.end;
        page->next_tag++;
    }
    if (!is_hidden_here(page))
        write_text(node->literal + at, strlen(node->literal + at), out, hidden);
    return false;
}
