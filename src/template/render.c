#include "vdo/template/template.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include "parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sections over long lists may do much without writing anything. */
enum { MAX_STEPS = 1000000 };

struct renderer {
    enum template_escape escape;
    template_partial_fn partial;
    void *partial_arg;
    struct strbuf *out;
    struct err *err;
    const json_t *context[VDO_MAX_TEMPLATE_DEPTH + 1]; /* innermost last */
    size_t n_context;
    int depth; /* of sections and partials together */
    int steps;
};

static int render_range(struct renderer *r, const struct token_list *list, size_t from, size_t to);

static const json_t *member(const json_t *object, const char *name, size_t len)
{
    AUTO_FREE char *key = xstrndup(name, len);

    return json_object_get(object, key);
}

/* The first part is looked for from the inside out, the others only where that was found. */
static const json_t *find_value(const struct renderer *r, const char *name, size_t len)
{
    const char *dot = memchr(name, '.', len);
    size_t part = dot ? (size_t)(dot - name) : len;
    const json_t *value = NULL;

    if (len == 1 && *name == '.')
        return r->context[r->n_context - 1];
    for (size_t i = r->n_context; i-- > 0 && !value;)
        value = member(r->context[i], name, part);
    while (value && dot) {
        const char *next = dot + 1;
        size_t rest = len - (size_t)(next - name);

        dot = memchr(next, '.', rest);
        value = member(value, next, dot ? (size_t)(dot - next) : rest);
    }
    return value;
}

static void add_real(struct strbuf *out, double real)
{
    char text[40];

    /* The shortest form that reads back as the same number. */
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, real);
        if (strtod(text, NULL) == real)
            break;
    }
    (void)strbuf_adds(out, text);
}

static char *text_of(const json_t *value)
{
    AUTO_STRBUF text = {0};

    switch (json_typeof(value)) {
    case JSON_STRING:
        return xstrdup(json_string_value(value));
    case JSON_NULL:
        return xstrdup("");
    case JSON_REAL:
        strbuf_init(&text, 64);
        add_real(&text, json_real_value(value));
        return strbuf_take(&text, NULL);
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_INTEGER:
    case JSON_TRUE:
    case JSON_FALSE:
        return json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    }
    return NULL;
}

static void render_value(struct renderer *r, const struct token *token)
{
    const json_t *value = find_value(r, token->text, token->len);
    AUTO_FREE char *text = value ? text_of(value) : NULL;

    if (!text)
        return;
    if (token->kind == TOKEN_RAW)
        (void)strbuf_adds(r->out, text);
    else
        template_escape_text(r->escape, text, r->out);
}

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

static int enter(struct renderer *r, const struct token *token)
{
    if (r->depth == VDO_MAX_TEMPLATE_DEPTH)
        return err_set(r->err, VDO_E_TOO_LARGE,
                       "line %d: sections and partials nest deeper than %d", token->line,
                       VDO_MAX_TEMPLATE_DEPTH);
    r->depth++;
    return VDO_OK;
}

static int render_with(struct renderer *r, const struct token_list *list, size_t at,
                       const json_t *context)
{
    int rc;

    r->context[r->n_context++] = context;
    rc = render_range(r, list, at + 1, list->tokens[at].match);
    r->n_context--;
    return rc;
}

static int render_section(struct renderer *r, const struct token_list *list, size_t at)
{
    const struct token *token = &list->tokens[at];
    const json_t *value = find_value(r, token->text, token->len);
    const json_t *item;
    size_t i;
    int rc;

    if (is_nothing(value) != (token->kind == TOKEN_INVERTED))
        return VDO_OK;
    rc = enter(r, token);
    if (rc)
        return rc;
    if (token->kind == TOKEN_INVERTED) {
        rc = render_range(r, list, at + 1, token->match);
    } else if (!json_is_array(value)) {
        rc = render_with(r, list, at, value);
    } else {
        json_array_foreach (value, i, item) {
            rc = render_with(r, list, at, item);
            if (rc)
                break;
        }
    }
    r->depth--;
    return rc;
}

/* Each line of a partial that stands alone gets the blanks that stood in front of its tag. */
static char *indent_lines(const char *text, const char *indent, size_t indent_len)
{
    AUTO_STRBUF out = {0};

    strbuf_init(&out, VDO_MAX_TEMPLATE_OUT);
    while (*text) {
        size_t len = strcspn(text, "\n");

        len += text[len] == '\n';
        (void)strbuf_add(&out, indent, indent_len);
        (void)strbuf_add(&out, text, len);
        text += len;
    }
    return strbuf_overflowed(&out) ? NULL : strbuf_take(&out, NULL);
}

static int render_text(struct renderer *r, const char *text)
{
    struct token_list list = {0};
    int rc = template_parse(text, &list, r->err);

    if (!rc)
        rc = render_range(r, &list, 0, list.n);
    template_release_tokens(&list);
    return rc;
}

static int render_partial(struct renderer *r, const struct token *token)
{
    AUTO_FREE char *name = xstrndup(token->text, token->len);
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *indented = NULL;
    struct err *outer = r->err;
    struct err why = {0};
    int rc;

    if (!r->partial)
        return err_set(r->err, VDO_E_INVALID, "line %d: partial '%s': there are none here",
                       token->line, name);
    text = r->partial(r->partial_arg, name);
    if (!text)
        return VDO_OK;
    rc = enter(r, token);
    if (rc)
        return rc;
    indented = indent_lines(text, token->indent, token->indent_len);
    if (!indented)
        return err_set(r->err, VDO_E_TOO_LARGE, "partial '%s' is too long", name);
    r->err = &why;
    rc = render_text(r, indented);
    r->err = outer;
    r->depth--;
    return rc ? err_set(outer, why.code, "partial '%s': %s", name, why.text) : VDO_OK;
}

static int render_token(struct renderer *r, const struct token_list *list, size_t *at)
{
    const struct token *token = &list->tokens[*at];
    int rc;

    switch (token->kind) {
    case TOKEN_TEXT:
        (void)strbuf_add(r->out, token->text, token->len);
        return VDO_OK;
    case TOKEN_VALUE:
    case TOKEN_RAW:
        render_value(r, token);
        return VDO_OK;
    case TOKEN_SECTION:
    case TOKEN_INVERTED:
        rc = render_section(r, list, *at);
        *at = token->match;
        return rc;
    case TOKEN_PARTIAL:
        return render_partial(r, token);
    case TOKEN_END:
        break;
    }
    return VDO_OK;
}

static int render_range(struct renderer *r, const struct token_list *list, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        int rc;

        if (r->steps++ == MAX_STEPS)
            return err_set(r->err, VDO_E_TOO_LARGE, "line %d: more than %d tags were filled",
                           list->tokens[i].line, MAX_STEPS);
        rc = render_token(r, list, &i);
        if (rc)
            return rc;
        if (strbuf_overflowed(r->out))
            return err_set(r->err, VDO_E_TOO_LARGE, "the text is longer than %zu bytes",
                           r->out->max);
    }
    return VDO_OK;
}

int template_render(const char *text, const json_t *data, enum template_escape escape,
                    template_partial_fn partial, void *partial_arg, struct strbuf *out,
                    struct err *err)
{
    size_t room = out->overflow ? 0 : out->max - out->len;
    AUTO_STRBUF filled = {0};
    struct renderer r = {.escape = escape,
                         .partial = partial,
                         .partial_arg = partial_arg,
                         .out = &filled,
                         .err = err,
                         .context = {data},
                         .n_context = 1};
    int rc;

    strbuf_init(&filled, room < VDO_MAX_TEMPLATE_OUT ? room : VDO_MAX_TEMPLATE_OUT);
    rc = render_text(&r, text);
    if (!rc && strbuf_add(out, filled.ptr, filled.len))
        rc = err_set(err, VDO_E_TOO_LARGE, "there is no room for the text");
    return rc;
}
