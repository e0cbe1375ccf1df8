/* json: what is parsed can be written and parsed again to the same value. */
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"
#include "vdo/json/schema.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
    if (!ok)
        abort();
}

static void check_round_trip(const json_t *value)
{
    AUTO_FREE char *text = js_dump(value);
    AUTO_FREE char *pretty = js_dump_pretty(value);
    json_auto_t *again = NULL;
    json_auto_t *again_pretty = NULL;

    check(js_parse(text, strlen(text), &again, NULL) == 0);
    check(js_parse(pretty, strlen(pretty), &again_pretty, NULL) == 0);
    check(json_equal(value, again) && json_equal(value, again_pretty));
}

static void check_written(const json_t *value)
{
    AUTO_FREE char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    AUTO_STRBUF out = {0};

    strbuf_init(&out, SIZE_MAX / 2);
    check(js_write(value, NULL, NULL, &out) == 0 && strcmp(out.ptr, text) == 0);
}

static void check_depth(const json_t *value, int depth)
{
    const char *key;
    json_t *item;
    size_t i;

    check(depth <= VDO_MAX_JSON_DEPTH + 1);
    json_array_foreach (value, i, item)
        check_depth(item, depth + 1);
    json_object_foreach ((json_t *)(uintptr_t)value, key, item)
        check_depth(item, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    json_auto_t *value = NULL;
    json_auto_t *lossy = js_string_lossy(bytes, size);
    struct err err = {0};
    int rc = js_parse(bytes, size, &value, &err);

    check(json_is_string(lossy) && !memchr(json_string_value(lossy), 0, json_string_length(lossy)));
    check(rc == err.code && (rc == 0) == (value != NULL));
    if (rc) {
        check(strncmp(err.text, "line ", 5) == 0 && !strchr(err.text, '\n'));
        return 0;
    }
    check_depth(value, 1);
    check_round_trip(value);
    check_written(value);
    (void)schema_check(value, value, NULL);
    (void)js_at(value, "a.0.b");
    return 0;
}
