/*
 * hidden: what strips text that a reader of the rendered page cannot see. Each part tells through
 * *hidden when it took something away, and leaves it alone otherwise.
 */
#ifndef VDO_MARKDOWN_HIDDEN_H
#define VDO_MARKDOWN_HIDDEN_H

#include "vdo/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

#include <cmark-gfm.h>

/* Append text without invisible characters. */
void hidden_filter(const char *text, size_t len, struct strbuf *out, bool *hidden);

/* Append math with what TeX can hide text in taken out, here "$...$" and "$$...$$". */
void hidden_filter_math(const char *text, struct strbuf *out, bool *hidden);
bool hidden_is_tricky_math(const char *text, size_t len);

/*
 * The raw HTML of a page. Elements that hide may begin in one node and end in another, so all tags
 * are collected in the order of the page first.
 */
struct html_page;
struct html_page *html_page_new(void);
void html_page_free(struct html_page *page);
/* The next node of raw HTML, or (literal NULL) of anything else. Copied. */
void html_page_add(struct html_page *page, const char *literal);
/* All are added: find out which elements hide. */
void html_page_settle(struct html_page *page);
/* The same nodes again in the same order. For raw HTML out gets what is left of it. Returns whether
 * the node is hidden. */
bool html_page_next(struct html_page *page, struct strbuf *out, bool *hidden);

/* One text node as Markdown that shows it as it is. */
void markdown_escape_visible(const char *text, bool begins_line, struct strbuf *out);

#endif
