#include "replay_diff.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_BEFORE = 40, SHOWN = 300, MAX_WHERE = 4096 };

static char *as_text(const json_t *value)
{
    if (!value)
        return xstrdup("(nothing)");
    if (json_is_string(value))
        return xstrdup(json_string_value(value));
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static json_t *from(const char *text, size_t at)
{
    size_t begin = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
    size_t len = strnlen(text + begin, SHOWN);

    while (begin > 0 && ((unsigned char)text[begin] & 0xC0) == 0x80)
        begin--;
    return js_string_lossy(text + begin, len);
}

static json_t *show(const char *where, const json_t *recorded, const json_t *now)
{
    AUTO_FREE char *a = as_text(recorded);
    AUTO_FREE char *b = as_text(now);
    size_t at = 0;

    while (a[at] && a[at] == b[at])
        at++;
    return json_pack("{s:s, s:o, s:o}", "where", where, "recorded", from(a, at), "now",
                     from(b, at));
}

static json_t *compare(const json_t *a, const json_t *b, struct strbuf *where);

static json_t *compare_member(const json_t *a, const json_t *b, const char *name,
                              struct strbuf *where)
{
    size_t len = where->len;
    json_t *found;

    (void)strbuf_addf(where, "%s%s", len ? "." : "", name);
    found = compare(a, b, where);
    strbuf_truncate(where, len);
    return found;
}

static json_t *compare_objects(const json_t *a, const json_t *b, struct strbuf *where)
{
    const char *key;
    json_t *member;

    json_object_foreach ((json_t *)(uintptr_t)a, key, member) {
        json_t *found = compare_member(member, json_object_get(b, key), key, where);

        if (found)
            return found;
    }
    json_object_foreach ((json_t *)(uintptr_t)b, key, member) {
        if (!json_object_get(a, key))
            return compare_member(NULL, member, key, where);
    }
    return NULL;
}

static json_t *compare_arrays(const json_t *a, const json_t *b, struct strbuf *where)
{
    size_t n = json_array_size(a) > json_array_size(b) ? json_array_size(a) : json_array_size(b);

    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *name = xasprintf("%zu", i);
        json_t *found = compare_member(json_array_get(a, i), json_array_get(b, i), name, where);

        if (found)
            return found;
    }
    return NULL;
}

static json_t *compare(const json_t *a, const json_t *b, struct strbuf *where)
{
    if (json_is_object(a) && json_is_object(b))
        return compare_objects(a, b, where);
    if (json_is_array(a) && json_is_array(b))
        return compare_arrays(a, b, where);
    if (a && b && json_equal(a, b))
        return NULL;
    return show(where->ptr, a, b);
}

json_t *replay_diff(const json_t *recorded, const json_t *now)
{
    AUTO_STRBUF where = {0};

    strbuf_init(&where, MAX_WHERE);
    return compare(recorded, now, &where);
}
