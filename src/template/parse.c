#include "parse.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    const char *text; /* the whole template */
    const char *at;
    int line;
    struct token_list *list;
    size_t open[VDO_MAX_TEMPLATE_DEPTH]; /* indexes of the sections that are not closed yet */
    size_t n_open;
    struct err *err;
};

/* One tag as it stands: "{{# name }}". */
struct tag {
    const char *begin; /* at "{{" */
    const char *end;   /* behind "}}" */
    char sigil;        /* # ^ / > & { ! or 0 */
    const char *name;
    size_t len;
};

static struct token *add_token(struct parser *p, enum token_kind kind, const char *text, size_t len)
{
    struct token_list *list = p->list;
    struct token *token;

    if ((list->n & (list->n - 1)) == 0)
        list->tokens = xreallocarray(list->tokens, list->n ? 2 * list->n : 1, sizeof(*token));
    token = &list->tokens[list->n++];
    *token = (struct token){.kind = kind, .text = text, .len = len, .line = p->line};
    return token;
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && isspace((unsigned char)**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && isspace((unsigned char)(*text)[*len - 1]))
        (*len)--;
}

/* "a", "a.b" or "." */
static bool is_name(const char *name, size_t len)
{
    if (len == 1 && *name == '.')
        return true;
    if (len == 0 || *name == '.' || name[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (isspace((unsigned char)name[i]) || strchr("{}=<>#^&!$*\"'", name[i]) ||
            (name[i] == '.' && name[i + 1] == '.'))
            return false;
    }
    return true;
}

/* What other Mustaches understand and this one does not. */
static const char *unsupported(char first)
{
    switch (first) {
    case '=':
        return "set delimiters ({{=...=}}) are not supported";
    case '<':
        return "parents ({{<name}}) are not supported";
    case '$':
        return "blocks ({{$name}}) are not supported";
    default:
        return NULL;
    }
}

static bool is_partial_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("._-/", name[i]))
            return false;
    }
    return len > 0;
}

static int check_name(struct parser *p, const struct tag *tag)
{
    const char *missing = tag->len ? unsupported(*tag->name) : NULL;

    if (tag->sigil == '!')
        return VDO_OK;
    if (missing && tag->sigil == 0)
        return err_set(p->err, VDO_E_INVALID, "line %d: %s", p->line, missing);
    if (tag->sigil == '>' && tag->len && *tag->name == '*')
        return err_set(p->err, VDO_E_INVALID,
                       "line %d: dynamic names ({{>*name}}) are not supported", p->line);
    if (tag->sigil == '>' ? is_partial_name(tag->name, tag->len) : is_name(tag->name, tag->len))
        return VDO_OK;
    return err_set(p->err, VDO_E_INVALID, "line %d: '%.*s' is not a name", p->line,
                   (int)(tag->len < 60 ? tag->len : 60), tag->name);
}

static int read_tag(struct parser *p, const char *begin, struct tag *tag)
{
    const char *name = begin + 2;
    const char *close;

    tag->begin = begin;
    tag->sigil = *name && strchr("#^/>&{!", *name) ? *name++ : 0;
    close = strstr(name, tag->sigil == '{' ? "}}}" : "}}");
    if (!close)
        return err_set(p->err, VDO_E_INVALID, "line %d: a tag is not closed", p->line);
    tag->end = close + (tag->sigil == '{' ? 3 : 2);
    tag->name = name;
    tag->len = (size_t)(close - name);
    trim(&tag->name, &tag->len);
    return check_name(p, tag);
}

/* Is there nothing but blanks beside the tag on its line? Then the line goes. The spans are those
 * of the line's first byte and of the byte behind the line. */
static bool is_standalone(const struct parser *p, const struct tag *tag, const char **out_first,
                          const char **out_next)
{
    const char *first = tag->begin;
    const char *next = tag->end;

    if (tag->sigil == 0 || tag->sigil == '&' || tag->sigil == '{')
        return false;
    while (first > p->text && (first[-1] == ' ' || first[-1] == '\t'))
        first--;
    if (first > p->text && first[-1] != '\n')
        return false;
    while (*next == ' ' || *next == '\t')
        next++;
    if (next[0] == '\r' && next[1] == '\n')
        next++;
    if (*next != '\n' && *next != '\0')
        return false;
    *out_first = first;
    *out_next = next + (*next == '\n');
    return true;
}

static int open_section(struct parser *p, const struct tag *tag, enum token_kind kind)
{
    if (p->n_open == VDO_MAX_TEMPLATE_DEPTH)
        return err_set(p->err, VDO_E_TOO_LARGE, "line %d: sections nest deeper than %d", p->line,
                       VDO_MAX_TEMPLATE_DEPTH);
    p->open[p->n_open++] = p->list->n;
    (void)add_token(p, kind, tag->name, tag->len);
    return VDO_OK;
}

static int close_section(struct parser *p, const struct tag *tag)
{
    struct token *begin;

    if (p->n_open == 0)
        return err_set(p->err, VDO_E_INVALID, "line %d: section '%.*s' is closed but was not open",
                       p->line, (int)tag->len, tag->name);
    begin = &p->list->tokens[p->open[--p->n_open]];
    if (begin->len != tag->len || memcmp(begin->text, tag->name, tag->len) != 0)
        return err_set(p->err, VDO_E_INVALID, "line %d: '%.*s' is closed inside of '%.*s'", p->line,
                       (int)tag->len, tag->name, (int)begin->len, begin->text);
    begin->match = p->list->n;
    (void)add_token(p, TOKEN_END, tag->name, tag->len);
    return VDO_OK;
}

static int add_tag(struct parser *p, const struct tag *tag, const char *indent, size_t indent_len)
{
    struct token *token;

    switch (tag->sigil) {
    case '#':
        return open_section(p, tag, TOKEN_SECTION);
    case '^':
        return open_section(p, tag, TOKEN_INVERTED);
    case '/':
        return close_section(p, tag);
    case '>':
        token = add_token(p, TOKEN_PARTIAL, tag->name, tag->len);
        token->indent = indent;
        token->indent_len = indent_len;
        return VDO_OK;
    case '!':
        return VDO_OK;
    case 0:
        (void)add_token(p, TOKEN_VALUE, tag->name, tag->len);
        return VDO_OK;
    default:
        (void)add_token(p, TOKEN_RAW, tag->name, tag->len);
        return VDO_OK;
    }
}

static void move_to(struct parser *p, const char *to)
{
    for (; p->at < to; p->at++)
        p->line += *p->at == '\n';
}

/* The text up to the next tag, and the tag. */
static int parse_next(struct parser *p)
{
    const char *begin = strstr(p->at, "{{");
    const char *first = begin;
    const char *next;
    struct tag tag = {.begin = begin, .end = begin};
    int rc;

    if (!begin) {
        (void)add_token(p, TOKEN_TEXT, p->at, strlen(p->at));
        p->at += strlen(p->at);
        return VDO_OK;
    }
    const char *text = p->at;
    move_to(p, begin);
    rc = read_tag(p, begin, &tag);
    if (rc)
        return rc;
    next = tag.end;
    (void)is_standalone(p, &tag, &first, &next);
    if (first > text)
        (void)add_token(p, TOKEN_TEXT, text, (size_t)(first - text));
    rc = add_tag(p, &tag, first, (size_t)(begin - first));
    move_to(p, next);
    return rc;
}

int template_parse(const char *text, struct token_list *out, struct err *err)
{
    struct token_list list = {0};
    struct parser p = {.text = text, .at = text, .line = 1, .list = &list, .err = err};
    int rc = VDO_OK;

    while (!rc && *p.at)
        rc = parse_next(&p);
    if (!rc && p.n_open) {
        const struct token *open = &list.tokens[p.open[p.n_open - 1]];

        rc = err_set(err, VDO_E_INVALID, "line %d: section '%.*s' is not closed", open->line,
                     (int)open->len, open->text);
    }
    if (rc) {
        template_release_tokens(&list);
        return rc;
    }
    *out = list;
    return VDO_OK;
}

void template_release_tokens(struct token_list *list)
{
    free(list->tokens);
    list->tokens = NULL;
    list->n = 0;
}
