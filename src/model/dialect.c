#include "dialect.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"
#include "vdo/json/schema.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static json_t *strict(const json_t *schema, int depth);

static bool is_in(const char *name, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(name, *list) == 0)
            return true;
    }
    return false;
}

static json_t *loose(const json_t *value)
{
    /* json_object_foreach() and json_incref() want a pointer to non-const; nothing is changed. */
    return (json_t *)(uintptr_t)value;
}

static bool is_required(const json_t *schema, const char *name)
{
    const json_t *required = json_object_get(schema, "required");
    const json_t *one;
    size_t i;

    json_array_foreach (required, i, one) {
        if (json_is_string(one) && strcmp(json_string_value(one), name) == 0)
            return true;
    }
    return false;
}

static bool type_has_null(const json_t *type)
{
    const json_t *one;
    size_t i;

    if (json_is_string(type))
        return strcmp(json_string_value(type), "null") == 0;
    json_array_foreach (type, i, one) {
        if (type_has_null(one))
            return true;
    }
    return false;
}

static bool takes_null(const json_t *schema)
{
    const json_t *options = json_object_get(schema, "anyOf");
    const json_t *one;
    size_t i;

    if (type_has_null(json_object_get(schema, "type")))
        return true;
    json_array_foreach (options, i, one) {
        if (takes_null(one))
            return true;
    }
    return false;
}

static json_t *with_null(json_t *schema)
{
    json_t *type = json_object_get(schema, "type");
    json_t *options = json_object_get(schema, "enum");

    if (takes_null(schema))
        return schema;
    if (json_is_string(type) && !options) {
        (void)json_object_set_new(schema, "type",
                                  json_pack("[s, s]", json_string_value(type), "null"));
        return schema;
    }
    return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
}

static void strict_object(const json_t *schema, json_t *out, int depth)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    const char *name;
    json_t *one;

    json_object_foreach (loose(json_object_get(schema, "properties")), name, one) {
        json_t *property = strict(one, depth + 1);

        if (!is_required(schema, name))
            property = with_null(property);
        (void)json_object_set_new(properties, name, property);
        (void)json_array_append_new(required, json_string(name));
    }
    (void)json_object_set_new(out, "properties", properties);
    (void)json_object_set_new(out, "required", required);
    (void)json_object_set_new(out, "additionalProperties", json_false());
}

static json_t *strict_list(const json_t *list, int depth)
{
    json_t *out = json_array();
    json_t *one;
    size_t i;

    json_array_foreach (list, i, one) {
        (void)json_array_append_new(out, strict(one, depth + 1));
    }
    return out;
}

/* "minItems 1, maxLength 200" for what the dialect has no keyword for. */
static void describe_rest(const json_t *schema, json_t *out)
{
    static const char *const known[] = {"type",
                                        "properties",
                                        "required",
                                        "items",
                                        "enum",
                                        "const",
                                        "anyOf",
                                        "oneOf",
                                        "title",
                                        "$schema",
                                        "$id",
                                        "description",
                                        "additionalProperties",
                                        "default",
                                        "examples",
                                        NULL};
    AUTO_STRBUF text = {0};
    const char *name;
    json_t *one;

    strbuf_init(&text, 16UL * 1024);
    (void)strbuf_adds(&text, js_str(schema, "description", ""));
    json_object_foreach (loose(schema), name, one) {
        AUTO_FREE char *value = NULL;

        if (is_in(name, known))
            continue;
        value = json_dumps(one, JSON_COMPACT | JSON_ENCODE_ANY);
        (void)strbuf_addf(&text, "%s%s: %s", text.len ? "; " : "", name, value);
    }
    if (text.len)
        (void)json_object_set_new(out, "description", json_stringn(text.ptr, text.len));
}

static json_t *strict(const json_t *schema, int depth)
{
    static const char *const kept[] = {"type", "enum", "const", "title", NULL};
    json_t *out = json_object();
    json_t *one;

    if (!json_is_object(schema) || depth > VDO_MAX_JSON_DEPTH)
        return out;
    for (size_t i = 0; kept[i]; i++) {
        if ((one = json_object_get(schema, kept[i])))
            (void)json_object_set(out, kept[i], one);
    }
    describe_rest(schema, out);
    if (json_object_get(schema, "properties") || strcmp(js_str(schema, "type", ""), "object") == 0)
        strict_object(schema, out, depth);
    if ((one = json_object_get(schema, "items")))
        (void)json_object_set_new(out, "items", strict(one, depth + 1));
    one = json_object_get(schema, "anyOf");
    if (!one)
        one = json_object_get(schema, "oneOf");
    if (one)
        (void)json_object_set_new(out, "anyOf", strict_list(one, depth));
    return out;
}

json_t *dialect_strict(const json_t *schema)
{
    return strict(schema, 0);
}

/* The strict form made us take null for "not given"; our schema knows only leaving out. */
static void drop_nulls(const json_t *schema, json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const char *name;
    json_t *one;
    void *next;
    size_t i;

    json_object_foreach_safe(value, next, name, one)
    {
        const json_t *property = json_object_get(properties, name);

        if (!property)
            continue;
        if (json_is_null(one) && !is_required(schema, name) && !takes_null(property))
            (void)json_object_del(value, name);
        else
            drop_nulls(property, one);
    }
    json_array_foreach (value, i, one) {
        drop_nulls(json_object_get(schema, "items"), one);
    }
}

/* What stands in the first fence, or NULL. */
static const char *in_fence(const char *text, size_t *out_len)
{
    const char *from = strstr(text, "```");
    const char *to;

    if (!from || !(from = strchr(from, '\n')))
        return NULL;
    to = strstr(++from, "\n```");
    *out_len = to ? (size_t)(to - from) : strlen(from);
    return from;
}

static int parse_loosely(const char *text, json_t **out, struct err *err)
{
    size_t len = strlen(text);
    const char *from = text;
    const char *to;
    int rc = js_parse(text, len, out, err);

    if (!rc)
        return VDO_OK;
    from = in_fence(text, &len);
    if (from && js_parse(from, len, out, NULL) == VDO_OK)
        return VDO_OK;
    from = strchr(text, '{');
    to = strrchr(text, '}');
    if (from && to > from && js_parse(from, (size_t)(to - from) + 1, out, NULL) == VDO_OK)
        return VDO_OK;
    (void)err_wrap(err, "not JSON");
    return rc;
}

int dialect_read(const json_t *schema, const char *text, json_t **out, struct err *err)
{
    json_t *value = NULL;
    int rc = parse_loosely(text, &value, err);

    if (rc)
        return rc;
    drop_nulls(schema, value);
    rc = schema_check(schema, value, err);
    if (rc) {
        json_decref(value);
        return rc;
    }
    *out = value;
    return VDO_OK;
}
