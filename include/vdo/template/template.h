/*
 * template: Mustache texts filled with JSON.
 *
 * The subset: {{name}}, {{{name}}} and {{&name}}, dotted names, {{.}}, sections {{#a}} over
 * objects, arrays, strings, numbers and true, inverted sections {{^a}}, comments {{! }}, standalone
 * lines, partials {{>name}} through a loader. Not there: set delimiters, lambdas; a template that
 * uses them is refused by name. false, null, "" and an empty array count as nothing, 0 counts as
 * something; objects and arrays are written as compact JSON. Held to the public Mustache
 * specification for all it supports. Output and depth are capped. Source: mustache/spec (MIT).
 * Threads: any.
 */
#ifndef VDO_TEMPLATE_TEMPLATE_H
#define VDO_TEMPLATE_TEMPLATE_H

#include "vdo/base/err.h"
#include "vdo/base/strbuf.h"

#include <jansson.h>

/* How {{name}} is escaped. {{{name}}} never is. */
enum template_escape {
    TEMPLATE_PLAIN,    /* not at all: prompts */
    TEMPLATE_HTML,     /* & < > " ' for element text and quoted attributes */
    TEMPLATE_MARKDOWN, /* GitHub Markdown text: markup inert, @mentions, #references, URLs that
                          close issues, HTML and comments neutralised, one line. Not for the inside
                          of a code span, where a backslash would show */
    TEMPLATE_JSON,     /* the inside of a JSON string */
};

/* Load a partial as a NUL-terminated text the caller frees; NULL when there is none, which gives
 * nothing, as the specification says. A template without a loader may not use partials. */
typedef char *(*template_partial_fn)(void *arg, const char *name);

/*
 * Append the filled template to out, which stays as it was on failure. Errors name the line: "line
 * 3: section 'steps' is not closed". Returns 0; VDO_E_INVALID; VDO_E_TOO_LARGE
 * (VDO_MAX_TEMPLATE_OUT, VDO_MAX_TEMPLATE_DEPTH or out's maximum).
 */
int template_render(const char *text, const json_t *data, enum template_escape escape,
                    template_partial_fn partial, void *partial_arg, struct strbuf *out,
                    struct err *err);

/*
 * The same for an asset: template_render_asset("comments/progress.md", ...) reads
 * templates/comments/progress.md and its partials from templates/. Errors name the file.
 */
int template_render_asset(const char *name, const json_t *data, enum template_escape escape,
                          struct strbuf *out, struct err *err);

/* Append text escaped as said above. */
void template_escape_text(enum template_escape escape, const char *text, struct strbuf *out);

#endif
