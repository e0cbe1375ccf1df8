#include "verdict_row.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <string.h>

void verdict_add(struct verdict *v, const char *name, const char *status, const char *text,
                 const char *command)
{
    (void)json_array_append_new(
        v->rows,
        json_pack("{s:o, s:s, s:o, s:o, s:n, s:n}", "name", js_string_lossy(name, strlen(name)),
                  "status", status, "text", js_string_lossy(text, strlen(text)), "command",
                  command ? js_string_lossy(command, strlen(command)) : json_null(), "before",
                  "after"));
}

void verdict_list(struct strbuf *out, const json_t *list, const char *name, size_t most)
{
    size_t n = json_array_size(list);
    size_t i;
    json_t *item;

    json_array_foreach (list, i, item) {
        const char *text = name ? js_str(item, name, "") : json_string_value(item);

        if (i >= most || out->len + strlen(text) + 32 > VERDICT_MAX_TEXT) {
            (void)strbuf_addf(out, " and %zu more", n - i);
            return;
        }
        (void)strbuf_addf(out, "%s%s", i ? ", " : "", text);
    }
}

char *verdict_git(const struct verdict *v, const char *command)
{
    return *v->head ? xasprintf("git diff %s %s %s", command, v->base, v->head) : NULL;
}

const json_t *verdict_outcome(const json_t *points)
{
    const json_t *deliver = js_at(points, "deliver");

    return deliver ? deliver : js_at(points, "failed");
}

const json_t *verdict_newest(const json_t *points, const char *name)
{
    static const char *const steps[] = {"review", "verify"};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const json_t *value = json_object_get(json_object_get(points, steps[i]), name);

        if (json_array_size(value) > 0 || json_is_object(value))
            return value;
    }
    return NULL;
}

bool verdict_is_lenient(const struct job *job)
{
    static const char *const types[] = {"docs", "refactor", "test"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (job->type && strcmp(job->type, types[i]) == 0)
            return true;
    }
    return false;
}
