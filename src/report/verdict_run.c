#include "verdict.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <string.h>

enum { MAX_HITS = 12 };

static void add_hit(json_t *hits, const char *where, const char *what)
{
    if (json_array_size(hits) < MAX_HITS)
        (void)json_array_append_new(hits, json_sprintf("%s: %s", where, what));
}

static void add_check_hits(json_t *hits, const json_t *check)
{
    static const char *const sides[] = {"before", "after"};

    for (size_t i = 0; i < 2; i++) {
        const json_t *result = json_object_get(check, sides[i]);
        AUTO_FREE char *where = xasprintf("check %s, %s", js_str(check, "name", ""), sides[i]);

        if (js_bool(result, "ran", false) && *js_str(result, "why", ""))
            add_hit(hits, where, js_str(result, "why", ""));
    }
}

void verdict_limits_row(struct verdict *v)
{
    AUTO_FREE char *command = xasprintf("vdo jobs log %s", v->job->id);
    const json_t *checks = verdict_newest(v->points, "checks");
    const char *end = js_str(v->points, "build.end", "");
    json_auto_t *hits = json_array();
    AUTO_STRBUF text = {0};
    size_t i;
    json_t *check;

    json_array_foreach (checks, i, check)
        add_check_hits(hits, check);
    if (*end && strcmp(end, "finish") != 0)
        add_hit(hits, "builder ended by", end);
    if (js_bool(v->points, "verify.rounds_used_up", false))
        add_hit(hits, "checks", "all rounds of mending are used up (limits.fix_rounds)");
    if (js_bool(v->points, "review.rounds_used_up", false))
        add_hit(hits, "review", "all rounds are used up (limits.review_rounds)");
    if (js_bool(v->deliver, "diff_truncated", false))
        add_hit(hits, "diff", "too long to be kept whole");
    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 2);
    verdict_list(&text, hits, NULL, MAX_HITS);
    verdict_add(v, "limits hit", json_array_size(hits) ? "warn" : "pass",
                json_array_size(hits) ? text.ptr : "none", command);
}

void verdict_isolation_row(struct verdict *v)
{
    const char *isolation = js_str(v->points, "verify.isolation", "");

    if (*isolation)
        verdict_add(v, "isolation", "info", isolation, "vdo doctor");
}

void verdict_cost_row(struct verdict *v)
{
    AUTO_FREE char *command = xasprintf("vdo jobs show %s", v->job->id);
    char usd[32];

    verdict_add(v, "cost", "info", report_usd_text(v->job->cost_microusd, usd, sizeof(usd)),
                command);
}
