#include "vdo/json/json.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/utf8.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/*
 * jansson builds as deep as 2048 levels before it gives up; this walk costs no memory and stops
 * long before. It needs to know strings only, because brackets are all that nests.
 */
static int check_depth(const char *bytes, size_t len, struct err *err)
{
    size_t depth = 0;
    bool in_string = false;
    int line = 1;

    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];

        if (c == '\n')
            line++;
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > VDO_MAX_JSON_DEPTH)
                return err_set(err, VDO_E_INVALID, "line %d: nested deeper than %d levels", line,
                               VDO_MAX_JSON_DEPTH);
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return VDO_OK;
}

/* jansson quotes the text it stumbled on, which may hold anything. */
static void make_printable(char *text)
{
    for (char *c = text; *c; c++) {
        if (iscntrl((unsigned char)*c))
            *c = ' ';
    }
}

int js_parse(const char *bytes, size_t len, json_t **out, struct err *err)
{
    json_error_t why;
    json_t *value;
    int rc;

    if (len > VDO_MAX_JSON_BYTES)
        return err_set(err, VDO_E_TOO_LARGE, "JSON of %zu bytes; at most %lu are read", len,
                       VDO_MAX_JSON_BYTES);
    rc = check_depth(bytes, len, err);
    if (rc)
        return rc;
    value = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
    if (!value) {
        make_printable(why.text);
        return err_set(err, VDO_E_INVALID, "line %d column %d: %s", why.line, why.column, why.text);
    }
    *out = value;
    return VDO_OK;
}

static char *dump(const json_t *value, size_t flags)
{
    char *text = json_dumps(value, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    assert(text);
    return text;
}

char *js_dump(const json_t *value)
{
    return dump(value, JSON_COMPACT);
}

char *js_dump_pretty(const json_t *value)
{
    return dump(value, JSON_INDENT(2));
}

static json_t *element_at(const json_t *array, const char *name, size_t len)
{
    size_t index = 0;

    if (len == 0 || len > 9)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)name[i]))
            return NULL;
        index = index * 10 + (size_t)(name[i] - '0');
    }
    return json_array_get(array, index);
}

static json_t *member_at(const json_t *object, const char *name, size_t len)
{
    char key[256];

    if (len >= sizeof(key))
        return NULL;
    memcpy(key, name, len);
    key[len] = '\0';
    return json_object_get(object, key);
}

json_t *js_at(const json_t *value, const char *path)
{
    while (value && *path) {
        size_t len = strcspn(path, ".");

        value = json_is_array(value) ? element_at(value, path, len) : member_at(value, path, len);
        path += len;
        if (*path == '.')
            path++;
    }
    /* As json_object_get() does: const says that we do not change it, not that the caller may not.
     */
    return value ? (json_t *)(uintptr_t)value : NULL;
}

const char *js_str(const json_t *value, const char *path, const char *fallback)
{
    const json_t *found = js_at(value, path);

    return json_is_string(found) ? json_string_value(found) : fallback;
}

int64_t js_int(const json_t *value, const char *path, int64_t fallback)
{
    const json_t *found = js_at(value, path);

    return json_is_integer(found) ? json_integer_value(found) : fallback;
}

double js_num(const json_t *value, const char *path, double fallback)
{
    const json_t *found = js_at(value, path);

    return json_is_number(found) ? json_number_value(found) : fallback;
}

bool js_bool(const json_t *value, const char *path, bool fallback)
{
    const json_t *found = js_at(value, path);

    return json_is_boolean(found) ? json_is_true(found) : fallback;
}

json_t *js_string_lossy(const char *bytes, size_t len)
{
    AUTO_STRBUF clean = {0};

    /* Each byte that is replaced grows to three. */
    strbuf_init(&clean, len * 3 + 1);
    for (size_t i = 0; i < len;) {
        uint32_t point = 0;
        size_t size = utf8_decode(bytes + i, len - i, &point);

        if (size == 0 || point == 0)
            (void)utf8_add(&clean, 0xFFFD);
        else
            (void)strbuf_add(&clean, bytes + i, size);
        i += size ? size : 1;
    }
    return json_stringn(clean.ptr, clean.len);
}

bool js_is_utf8(const char *bytes, size_t len)
{
    return utf8_is_valid(bytes, len);
}
