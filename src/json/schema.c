#include "vdo/json/schema.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/base/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Where we are, as text, so that a message can name the place. */
struct place {
    struct strbuf path;
    struct err *err;
    int depth;
};

static int check(const json_t *schema, const json_t *value, struct place *at);

static const char *type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_REAL:
        return "number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    case JSON_NULL:
        return "null";
    }
    return "nothing";
}

static int fail(struct place *at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct place *at, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return err_set(at->err, VDO_E_INVALID, "%s: %s",
                   at->path.len ? at->path.ptr : "the whole answer", text);
}

static bool has_type(const json_t *value, const char *type)
{
    const char *is = type_of(value);

    if (strcmp(is, type) == 0)
        return true;
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    /* JSON Schema counts 1.0 as an integer. */
    return strcmp(type, "integer") == 0 && json_is_real(value) &&
           floor(json_real_value(value)) == json_real_value(value);
}

static int check_type(const json_t *type, const json_t *value, struct place *at)
{
    AUTO_STRBUF wanted = {0};
    const json_t *one;
    size_t i;

    if (json_is_string(type)) {
        const char *name = json_string_value(type);

        return has_type(value, name) ? VDO_OK :
                                       fail(at, "expected %s, got %s", name, type_of(value));
    }
    strbuf_init(&wanted, 200);
    json_array_foreach (type, i, one) {
        if (!json_is_string(one))
            continue;
        if (has_type(value, json_string_value(one)))
            return VDO_OK;
        (void)strbuf_addf(&wanted, "%s%s", wanted.len ? " or " : "", json_string_value(one));
    }
    return wanted.len ? fail(at, "expected %s, got %s", wanted.ptr, type_of(value)) : VDO_OK;
}

static int check_enum(const json_t *allowed, const json_t *value, struct place *at)
{
    const json_t *one;
    size_t i;

    json_array_foreach (allowed, i, one) {
        if (json_equal(one, value))
            return VDO_OK;
    }
    AUTO_FREE char *list = json_dumps(allowed, JSON_COMPACT | JSON_ENCODE_ANY);
    return fail(at, "must be one of %.300s", list ? list : "the listed values");
}

static int check_const(const json_t *wanted, const json_t *value, struct place *at)
{
    if (json_equal(wanted, value))
        return VDO_OK;
    AUTO_FREE char *text = json_dumps(wanted, JSON_COMPACT | JSON_ENCODE_ANY);
    return fail(at, "must be %.300s", text ? text : "the given value");
}

static size_t count_characters(const json_t *string)
{
    const char *bytes = json_string_value(string);
    size_t len = json_string_length(string);
    size_t n = 0;
    uint32_t point;

    for (size_t i = 0; i < len; n++) {
        size_t size = utf8_decode(bytes + i, len - i, &point);

        i += size ? size : 1;
    }
    return n;
}

/* min and max of a count; a schema without the keyword sets no bound. */
static int check_count(const json_t *schema, const char *least, const char *most, const char *what,
                       size_t n, struct place *at)
{
    const json_t *low = json_object_get(schema, least);
    const json_t *high = json_object_get(schema, most);

    if (json_is_integer(low) && (json_int_t)n < json_integer_value(low))
        return fail(at, "has %zu %s, at least %lld are needed", n, what,
                    (long long)json_integer_value(low));
    if (json_is_integer(high) && (json_int_t)n > json_integer_value(high))
        return fail(at, "has %zu %s, at most %lld are allowed", n, what,
                    (long long)json_integer_value(high));
    return VDO_OK;
}

static int check_number(const json_t *schema, const json_t *value, struct place *at)
{
    const json_t *low = json_object_get(schema, "minimum");
    const json_t *high = json_object_get(schema, "maximum");

    if (json_is_number(low) && json_number_value(value) < json_number_value(low))
        return fail(at, "must be at least %g", json_number_value(low));
    if (json_is_number(high) && json_number_value(value) > json_number_value(high))
        return fail(at, "must be at most %g", json_number_value(high));
    return VDO_OK;
}

static int check_member(const json_t *schema, const char *key, const json_t *value,
                        struct place *at)
{
    size_t before = at->path.len;
    int rc;

    (void)strbuf_addf(&at->path, "%s%s", before ? "." : "", key);
    rc = check(schema, value, at);
    if (!rc)
        strbuf_truncate(&at->path, before);
    return rc;
}

static int check_required(const json_t *required, const json_t *value, struct place *at)
{
    const json_t *name;
    size_t i;

    json_array_foreach (required, i, name) {
        if (json_is_string(name) && !json_object_get(value, json_string_value(name)))
            return fail(at, "member \"%s\" is missing", json_string_value(name));
    }
    return VDO_OK;
}

static int check_object(const json_t *schema, json_t *value, struct place *at)
{
    const json_t *properties = json_object_get(schema, "properties");
    bool closed = json_is_false(json_object_get(schema, "additionalProperties"));
    const char *key;
    json_t *member;
    int rc = check_required(json_object_get(schema, "required"), value, at);

    if (rc)
        return rc;
    json_object_foreach (value, key, member) {
        const json_t *inner = json_object_get(properties, key);

        if (!inner && closed)
            return fail(at, "member \"%.100s\" is not allowed", key);
        rc = inner ? check_member(inner, key, member, at) : VDO_OK;
        if (rc)
            return rc;
    }
    return VDO_OK;
}

static int check_array(const json_t *schema, const json_t *value, struct place *at)
{
    const json_t *items = json_object_get(schema, "items");
    size_t before = at->path.len;
    int rc = check_count(schema, "minItems", "maxItems", "items", json_array_size(value), at);

    for (size_t i = 0; !rc && items && i < json_array_size(value); i++) {
        (void)strbuf_addf(&at->path, "[%zu]", i);
        rc = check(items, json_array_get(value, i), at);
        if (!rc)
            strbuf_truncate(&at->path, before);
    }
    return rc;
}

/* The message of the alternative that came nearest is of more use than "none of them". */
static int check_any(const json_t *alternatives, const json_t *value, struct place *at)
{
    struct err *outer = at->err;
    struct err nearest = {0};
    size_t before = at->path.len;
    size_t deepest = 0;
    const json_t *one;
    size_t i;

    json_array_foreach (alternatives, i, one) {
        struct err why = {0};

        at->err = &why;
        if (!check(one, value, at)) {
            at->err = outer;
            return VDO_OK;
        }
        if (i == 0 || at->path.len > deepest) {
            deepest = at->path.len;
            nearest = why;
        }
        strbuf_truncate(&at->path, before);
    }
    at->err = outer;
    return err_set(outer, VDO_E_INVALID, "%s (none of %zu alternatives fits)", nearest.text, i);
}

static int check_content(const json_t *schema, const json_t *value, struct place *at)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return check_object(schema, (json_t *)(uintptr_t)value, at);
    case JSON_ARRAY:
        return check_array(schema, value, at);
    case JSON_STRING:
        return check_count(schema, "minLength", "maxLength", "characters", count_characters(value),
                           at);
    case JSON_INTEGER:
    case JSON_REAL:
        return check_number(schema, value, at);
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return VDO_OK;
}

static int check(const json_t *schema, const json_t *value, struct place *at)
{
    const json_t *rule;
    int rc = VDO_OK;

    if (++at->depth > VDO_MAX_JSON_DEPTH)
        return fail(at, "nested deeper than %d levels", VDO_MAX_JSON_DEPTH);
    if ((rule = json_object_get(schema, "type")))
        rc = check_type(rule, value, at);
    if (!rc && (rule = json_object_get(schema, "enum")))
        rc = check_enum(rule, value, at);
    if (!rc && (rule = json_object_get(schema, "const")))
        rc = check_const(rule, value, at);
    if (!rc && json_array_size(rule = json_object_get(schema, "anyOf")) > 0)
        rc = check_any(rule, value, at);
    if (!rc)
        rc = check_content(schema, value, at);
    at->depth--;
    return rc;
}

int schema_check(const json_t *schema, const json_t *value, struct err *err)
{
    struct place at = {.err = err};
    int rc;

    strbuf_init(&at.path, VDO_KIB);
    rc = check(schema, value, &at);
    strbuf_release(&at.path);
    return rc;
}
