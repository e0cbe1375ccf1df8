#include "results_told.h"

#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

enum { LONGEST = 1024 * 1024 };

static void tell_place(struct strbuf *out, const json_t *item)
{
    (void)strbuf_addf(out, "  at %s:%lld\n", js_str(item, "file", "(nowhere)"),
                      (long long)js_int(item, "line", 0));
}

char *results_told(const json_t *read)
{
    struct strbuf out;
    size_t i;
    json_t *item;

    strbuf_init(&out, LONGEST);
    (void)strbuf_adds(&out, "formats:");
    json_array_foreach (js_at(read, "formats"), i, item)
        (void)strbuf_addf(&out, " [%s]", json_string_value(item));
    (void)strbuf_addf(&out, "\npassed %lld, failed %lld, skipped %lld, not listed %lld\n",
                      (long long)js_int(read, "passed", -1), (long long)js_int(read, "failed", -1),
                      (long long)js_int(read, "skipped", -1),
                      (long long)js_int(read, "more_failures", -1));
    json_array_foreach (js_at(read, "failures"), i, item) {
        (void)strbuf_addf(&out, "failure %s\n", js_str(item, "name", "(none)"));
        tell_place(&out, item);
        (void)strbuf_addf(&out, "  says %s\n", js_str(item, "message", "(none)"));
    }
    json_array_foreach (js_at(read, "problems"), i, item) {
        (void)strbuf_addf(&out, "problem %s\n", js_str(item, "message", "(none)"));
        tell_place(&out, item);
    }
    return strbuf_take(&out, NULL);
}
