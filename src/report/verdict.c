#include "verdict.h"

#include "vdo/base/limits.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <string.h>

static void shorten(char out[VERDICT_ID_SIZE], const char *oid)
{
    (void)snprintf(out, VERDICT_ID_SIZE, "%.12s", oid);
}

json_t *report_verdict(const struct job *job, const json_t *points, const json_t *deliver)
{
    struct verdict v = {.rows = json_array(), .job = job, .points = points, .deliver = deliver};

    shorten(v.base, js_str(points, "checkout.base_sha", ""));
    shorten(v.head, js_str(deliver, "commit", ""));
    verdict_check_rows(&v);
    verdict_proof_row(&v);
    verdict_criteria_row(&v);
    verdict_test_row(&v);
    verdict_plan_row(&v);
    verdict_protected_row(&v);
    verdict_sensitive_row(&v);
    verdict_secrets_row(&v);
    verdict_licence_row(&v);
    verdict_syntax_row(&v);
    verdict_lint_row(&v);
    verdict_size_row(&v);
    verdict_review_row(&v);
    verdict_limits_row(&v);
    verdict_network_row(&v);
    verdict_isolation_row(&v);
    verdict_cost_row(&v);
    return v.rows;
}

/* A code span for a cell of a table: a fence that the text does not close, and bars escaped, which
 * GitHub takes for bars (GFM specification, section 4.10). */
static json_t *code_span(const char *text)
{
    AUTO_STRBUF out = {0};
    size_t most = 0;

    for (const char *at = text; (at = strchr(at, '`'));) {
        size_t n = strspn(at, "`");

        most = n > most ? n : most;
        at += n;
    }
    strbuf_init(&out, strlen(text) * 3 + 16);
    for (size_t i = 0; i <= most; i++)
        (void)strbuf_addc(&out, '`');
    (void)strbuf_adds(&out, most ? " " : "");
    for (; *text; text++) {
        if (*text == '|')
            (void)strbuf_addc(&out, '\\');
        (void)strbuf_addc(&out, *text == '\n' || *text == '\r' ? ' ' : *text);
    }
    (void)strbuf_adds(&out, most ? " " : "");
    for (size_t i = 0; i <= most; i++)
        (void)strbuf_addc(&out, '`');
    return js_string_lossy(out.ptr, out.len);
}

void verdict_code_safe(json_t *rows)
{
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        const char *command = js_str(row, "command", "");

        if (*command)
            (void)json_object_set_new(row, "command_code", code_span(command));
    }
}

/* What one check adds to the headline. */
struct weight {
    bool passed;
    bool failed;
    bool disagrees;
    bool empty;
    bool gone;
    bool flaky;
};

static bool disagrees(const json_t *result)
{
    return js_bool(result, "ok", false) && !js_bool(result, "agree", true);
}

static bool ran_tests(const json_t *result)
{
    return js_int(result, "tests.passed", 0) + js_int(result, "tests.failed", 0) > 0;
}

/* A program that runs tests was there, or was before the change, and ran none. */
static bool ran_no_test(const json_t *check)
{
    const json_t *after = js_at(check, "after");
    bool had = json_array_size(js_at(after, "tests.formats")) > 0 || js_int(check, "fewer", 0) > 0;

    return had && !ran_tests(after);
}

static void weigh(const json_t *check, struct weight *w)
{
    const json_t *after = js_at(check, "after");
    bool ok = js_bool(after, "ok", false);

    if (!js_bool(after, "ran", false)) {
        w->failed = w->failed || js_bool(check, "before.ran", false);
        return;
    }
    if (!ok && strcmp(js_str(check, "blame", ""), "flaky") == 0)
        w->flaky = true;
    else if (!ok)
        w->failed = true;
    else if (disagrees(after) && !disagrees(js_at(check, "before")))
        w->disagrees = true;
    else if (ran_no_test(check))
        w->empty = true;
    else if (js_bool(check, "gone_failing", false))
        w->gone = true;
    else
        w->passed = true;
}

const char *report_headline(const json_t *verdict, const json_t *points)
{
    struct weight w = {0};
    size_t i;
    json_t *check;
    json_t *row;

    json_array_foreach (verdict, i, row)
        w.failed = w.failed || (strcmp(js_str(row, "name", ""), VERDICT_SECRETS) == 0 &&
                                strcmp(js_str(row, "status", ""), "fail") == 0);
    json_array_foreach (verdict_newest(points, "checks"), i, check)
        weigh(check, &w);
    if (w.failed)
        return "failing";
    if (w.disagrees)
        return "unverified (exit code and output disagree)";
    if (w.gone)
        return "unverified (failing tests no longer run)";
    if (w.passed)
        return "verified";
    if (w.flaky)
        return "unverified (flaky)";
    return w.empty ? "unverified (no test ran)" : "unverified (no checks)";
}

char *report_verdict_text(const json_t *verdict)
{
    struct strbuf out;
    size_t i;
    json_t *row;

    strbuf_init(&out, 256 * VDO_KIB);
    json_array_foreach (verdict, i, row) {
        const char *command = js_str(row, "command", "");

        (void)strbuf_addf(&out, "  %-8s %-28s %s\n", js_str(row, "status", ""),
                          js_str(row, "name", ""), js_str(row, "text", ""));
        if (*command)
            (void)strbuf_addf(&out, "  %-8s %-28s $ %s\n", "", "", command);
    }
    return strbuf_take(&out, NULL);
}
