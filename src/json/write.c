#include "vdo/json/json.h"

#include "vdo/base/limits.h"
#include "vdo/base/strbuf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Why not jansson's own: it decodes every character of every string again, although a json_t holds
 * valid UTF-8 only, and hands each piece to a callback. The conversation of a job goes out with
 * every call of a model; this is several times faster on it.
 */

struct writer {
    struct strbuf *out;
    js_string_fn string; /* or NULL */
    void *arg;
};

static int write_value(const struct writer *w, const json_t *value, int depth);

/* The letter behind the backslash, 'u' for \u00XX, 0: stands for itself. */
static char escape_of(unsigned char c)
{
    static const char low[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";

    if (c < 0x20)
        return low[c];
    return c == '"' || c == '\\' ? (char)c : '\0';
}

static void write_string(struct strbuf *out, const char *text, size_t len)
{
    size_t from = 0;

    (void)strbuf_addc(out, '"');
    for (size_t i = 0; i < len; i++) {
        char letter = escape_of((unsigned char)text[i]);
        char escaped[8] = {'\\', letter};
        size_t n = 2;

        if (!letter)
            continue;
        (void)strbuf_add(out, text + from, i - from);
        if (letter == 'u')
            n = (size_t)snprintf(escaped, sizeof(escaped), "\\u%04X",
                                 (unsigned)(unsigned char)text[i]);
        (void)strbuf_add(out, escaped, n);
        from = i + 1;
    }
    (void)strbuf_add(out, text + from, len - from);
    (void)strbuf_addc(out, '"');
}

static void write_text(const struct writer *w, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (w->string)
        text = w->string(w->arg, text, &len);
    write_string(w->out, text, len);
}

static int write_object(const struct writer *w, const json_t *value, int depth)
{
    const char *key;
    json_t *member;
    bool more = false;

    (void)strbuf_addc(w->out, '{');
    json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
        int rc;

        if (more)
            (void)strbuf_addc(w->out, ',');
        more = true;
        write_string(w->out, key, strlen(key));
        (void)strbuf_addc(w->out, ':');
        rc = write_value(w, member, depth);
        if (rc)
            return rc;
    }
    return strbuf_addc(w->out, '}');
}

static int write_array(const struct writer *w, const json_t *value, int depth)
{
    json_t *member;
    size_t i;

    (void)strbuf_addc(w->out, '[');
    json_array_foreach (value, i, member) {
        int rc;

        if (i)
            (void)strbuf_addc(w->out, ',');
        rc = write_value(w, member, depth);
        if (rc)
            return rc;
    }
    return strbuf_addc(w->out, ']');
}

static void write_number(struct strbuf *out, const json_t *value)
{
    char text[64];
    size_t len;

    if (json_is_integer(value)) {
        (void)strbuf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    }
    len = json_dumpb(value, text, sizeof(text), JSON_ENCODE_ANY);
    (void)strbuf_add(out, text, len < sizeof(text) ? len : 0);
}

static int write_value(const struct writer *w, const json_t *value, int depth)
{
    if (depth > 2 * VDO_MAX_JSON_DEPTH)
        return VDO_E_INVALID;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(w, value, depth + 1);
    case JSON_ARRAY:
        return write_array(w, value, depth + 1);
    case JSON_STRING:
        write_text(w, value);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        write_number(w->out, value);
        break;
    case JSON_TRUE:
        (void)strbuf_adds(w->out, "true");
        break;
    case JSON_FALSE:
        (void)strbuf_adds(w->out, "false");
        break;
    case JSON_NULL:
        (void)strbuf_adds(w->out, "null");
        break;
    }
    return strbuf_overflowed(w->out) ? VDO_E_TOO_LARGE : VDO_OK;
}

int js_write(const json_t *value, js_string_fn string, void *arg, struct strbuf *out)
{
    const struct writer w = {.out = out, .string = string, .arg = arg};

    return write_value(&w, value, 0);
}
