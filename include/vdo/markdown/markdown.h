/*
 * markdown: what a person sees of an issue or comment, which commands it holds, and safe HTML of
 * it.
 *
 * All by cmark-gfm without the autolink extension (its worst case takes seconds). Input over
 * VDO_MAX_MARKDOWN is refused with VDO_E_TOO_LARGE. Invalid UTF-8 is replaced. Threads: any, after
 * markdown_startup().
 */
#ifndef VDO_MARKDOWN_MARKDOWN_H
#define VDO_MARKDOWN_MARKDOWN_H

#include "vdo/base/err.h"
#include "vdo/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

/* Once at start: registers cmark's extensions, which is not thread-safe. */
void markdown_startup(void);

/*
 * Remove what a reader of the rendered page cannot see: HTML comments, raw HTML that hides (hidden,
 * display:none), image alt text and link titles, link reference definitions used as comments,
 * zero-width and bidirectional control characters, Unicode tag characters, variation selectors,
 * control characters. Visible text and its markup stay. The result is still Markdown. out_hidden
 * (may be NULL) tells whether anything was removed.
 */
int markdown_strip_hidden(const char *text, size_t len, struct strbuf *out, bool *out_hidden,
                          struct err *err);

struct markdown_command {
    char *verb;     /* "build", lower case */
    char *argument; /* rest of the line and the lines of the same paragraph behind it, trimmed; ""
                       when none */
    int line;       /* 1-based */
};

/*
 * Find commands: `prefix` ("/vdo") as the first thing on a line of a plain paragraph; not in
 * quotes, code (block or inline), HTML, headings, links, list items of a quote, tables, and not
 * when escaped ("\/vdo"). prefix must be followed by blank or end. A line "/vdo" alone is a command
 * with the verb "help". At most max commands are given out, in order. out: array of *out_n, free
 * with markdown_commands_free().
 */
int markdown_commands(const char *text, size_t len, const char *prefix, size_t max,
                      struct markdown_command **out, size_t *out_n, struct err *err);
void markdown_commands_free(struct markdown_command *commands, size_t n);

/* HTML for the status page: GitHub's tables, strikethrough and task lists; raw HTML and unsafe URLs
 * left out. */
int markdown_to_html(const char *text, size_t len, struct strbuf *out, struct err *err);

#endif
