#include "vdo/model/redact.h"

#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static json_t *redact_string(const json_t *value)
{
    AUTO_STRBUF out = {0};
    size_t len = json_string_length(value);

    strbuf_init(&out, len * 2 + 64);
    redact_text(json_string_value(value), len, &out);
    if (out.len == len && memcmp(out.ptr, json_string_value(value), len) == 0)
        return json_incref((json_t *)(uintptr_t)value);
    return js_string_lossy(out.ptr, out.len);
}

static json_t *redacted(const json_t *value)
{
    const char *key;
    json_t *member;
    json_t *out;
    size_t i;

    if (json_is_string(value))
        return redact_string(value);
    if (json_is_object(value)) {
        out = json_object();
        json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
            (void)json_object_set_new(out, key, redacted(member));
        }
        return out;
    }
    if (json_is_array(value)) {
        out = json_array();
        json_array_foreach (value, i, member) {
            (void)json_array_append_new(out, redacted(member));
        }
        return out;
    }
    return json_incref((json_t *)(uintptr_t)value);
}

char *redact_json(const json_t *value)
{
    json_auto_t *clean = redacted(value);

    return json_dumps(clean, JSON_COMPACT | JSON_ENCODE_ANY);
}
