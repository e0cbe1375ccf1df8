#include "vdo/report/report.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/code/index.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Every row is computed from commands that were run, from the diff, or from the ledger; nothing a
 * model says about its own success counts. A row that could not be computed is there all the same
 * and says why.
 */

static void add_row(json_t *rows, const char *name, const char *status, const char *text,
                    const char *command)
{
    (void)json_array_append_new(rows, json_pack("{s:o, s:s, s:o, s:s?, s:n, s:n}", "name",
                                                js_string_lossy(name, strlen(name)), "status",
                                                status, "text", js_string_lossy(text, strlen(text)),
                                                "command", command, "before", "after"));
}

static void result_text(const json_t *result, char *buf, size_t size)
{
    const char *why = js_str(result, "why", "");

    if (!js_bool(result, "ran", false))
        (void)snprintf(buf, size, "not run%s%s", *why ? ": " : "", why);
    else if (js_bool(result, "ok", false))
        (void)snprintf(buf, size, "passed");
    else
        (void)snprintf(buf, size, "failed (%s%s%lld)", why, *why ? ", exit " : "exit ",
                       (long long)js_int(result, "exit", 0));
}

static void check_row(json_t *rows, const json_t *check)
{
    bool ran = js_bool(check, "after.ran", false);
    bool ok = js_bool(check, "after.ok", false);
    bool was_ok = js_bool(check, "before.ok", false);
    bool was_run = js_bool(check, "before.ran", false);
    const char *status = "fail";
    char before[200];
    char after[200];
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *name = xasprintf("check: %s", js_str(check, "name", ""));
    json_t *row;

    result_text(js_at(check, "before"), before, sizeof(before));
    result_text(js_at(check, "after"), after, sizeof(after));
    if (!ran)
        status = "unknown";
    else if (ok)
        status = "pass";
    else if (was_run && !was_ok)
        status = "warn";
    text = xasprintf("before: %s, after: %s%s", before, after,
                     strcmp(status, "warn") == 0 ? " (it failed before this change too)" : "");
    add_row(rows, name, status, text, js_str(check, "run", ""));
    row = json_array_get(rows, json_array_size(rows) - 1);
    (void)json_object_set_new(row, "before", js_string_lossy(before, strlen(before)));
    (void)json_object_set_new(row, "after", js_string_lossy(after, strlen(after)));
}

static const json_t *checks_of(const json_t *checkpoints)
{
    const json_t *after_review = js_at(checkpoints, "review.checks");

    return json_array_size(after_review) ? after_review : js_at(checkpoints, "verify.checks");
}

static void check_rows(json_t *rows, const json_t *checkpoints)
{
    const json_t *checks = checks_of(checkpoints);
    size_t i;
    json_t *check;

    json_array_foreach (checks, i, check)
        check_row(rows, check);
    if (json_array_size(checks) == 0)
        add_row(rows, "checks", "unknown",
                js_str(checkpoints, "verify.skipped", "the project's checks were not run"), NULL);
}

static void plan_row(json_t *rows, const json_t *files)
{
    struct strbuf text;
    size_t outside = 0;
    size_t i;
    json_t *file;

    strbuf_init(&text, 1024);
    json_array_foreach (files, i, file) {
        if (js_bool(file, "planned", false) || js_bool(file, "by_tester", false))
            continue;
        outside++;
        if (text.len < 400)
            (void)strbuf_addf(&text, "%s%s", text.len ? ", " : "", js_str(file, "path", ""));
    }
    if (outside == 0) {
        strbuf_clear(&text);
        (void)strbuf_addf(&text, "all %zu changed files were named by the plan or are tests",
                          json_array_size(files));
        add_row(rows, "files outside the plan", "pass", text.ptr, NULL);
    } else {
        AUTO_FREE char *said =
            xasprintf("%zu of %zu: %s", outside, json_array_size(files), text.ptr);

        add_row(rows, "files outside the plan", "warn", said, NULL);
    }
    strbuf_release(&text);
}

static void test_row(json_t *rows, const json_t *checkpoints, const json_t *files)
{
    const char *skipped = js_str(checkpoints, "test.skipped", "");
    size_t changed = 0;
    size_t i;
    json_t *file;
    AUTO_FREE char *text = NULL;

    json_array_foreach (files, i, file) {
        changed +=
            strcmp(js_str(file, "action", ""), "D") != 0 &&
            (code_is_test_path(js_str(file, "path", "")) || js_bool(file, "by_tester", false));
    }
    if (changed)
        text = xasprintf("%zu test %s added or changed", changed, changed == 1 ? "file" : "files");
    else
        text = xasprintf("none%s%s", *skipped ? ": " : "", skipped);
    add_row(rows, "tests added", changed ? "pass" : "warn", text, NULL);
}

static void size_row(json_t *rows, const json_t *files, uint32_t added, uint32_t removed)
{
    AUTO_FREE char *text =
        xasprintf("%zu %s, +%u -%u lines", json_array_size(files),
                  json_array_size(files) == 1 ? "file" : "files", added, removed);

    add_row(rows, "diff size", added + removed > 1000 ? "warn" : "info", text, "git diff --stat");
}

static void review_row(json_t *rows, const json_t *checkpoints)
{
    const char *skipped = js_str(checkpoints, "review.skipped", "");
    const json_t *findings = js_at(checkpoints, "review.findings");
    size_t open = 0;
    size_t fixed = 0;
    bool high = false;
    size_t i;
    json_t *finding;
    AUTO_FREE char *text = NULL;

    json_array_foreach (findings, i, finding) {
        bool is_open = strcmp(js_str(finding, "state", ""), "open") == 0;

        open += is_open;
        fixed += strcmp(js_str(finding, "state", ""), "fixed") == 0;
        high = high || (is_open && strcmp(js_str(finding, "severity", ""), "high") == 0);
    }
    if (*skipped) {
        text = xasprintf("not done: %s", skipped);
        add_row(rows, "review", "unknown", text, NULL);
        return;
    }
    text = xasprintf("%s by another model call; findings: %zu open, %zu mended",
                     strcmp(js_str(checkpoints, "review.verdict", ""), "approve") == 0 ?
                         "approved" :
                         "not approved",
                     open, fixed);
    add_row(rows, "review", high ? "fail" : open ? "warn" : "pass", text, NULL);
}

static bool is_protected(const json_t *globs, const char *path)
{
    size_t i;
    json_t *glob;

    for (const char *const *always = path_protected_always(); *always; always++) {
        if (path_glob_match(*always, path))
            return true;
    }
    json_array_foreach (globs, i, glob) {
        if (path_glob_match(json_string_value(glob), path))
            return true;
    }
    return false;
}

static void protected_row(json_t *rows, const json_t *checkpoints, const json_t *files)
{
    size_t i;
    json_t *file;

    json_array_foreach (files, i, file) {
        const char *path = js_str(file, "path", "");
        AUTO_FREE char *text = NULL;

        if (!is_protected(js_at(checkpoints, "checkout.protect"), path))
            continue;
        text = xasprintf("%s is protected and was changed", path);
        add_row(rows, "protected paths", "fail", text, NULL);
        return;
    }
    add_row(rows, "protected paths", "pass", "none changed", NULL);
}

static void isolation_row(json_t *rows, const json_t *checkpoints)
{
    const char *isolation = js_str(checkpoints, "verify.isolation", "");

    if (*isolation)
        add_row(rows, "isolation", "info", isolation, NULL);
}

json_t *report_verdict(const struct job *job, const json_t *checkpoints, const json_t *files,
                       uint32_t added, uint32_t removed)
{
    json_t *rows = json_array();
    char usd[32];

    check_rows(rows, checkpoints);
    test_row(rows, checkpoints, files);
    plan_row(rows, files);
    protected_row(rows, checkpoints, files);
    size_row(rows, files, added, removed);
    review_row(rows, checkpoints);
    isolation_row(rows, checkpoints);
    add_row(rows, "cost", "info", report_usd_text(job->cost_microusd, usd, sizeof(usd)), NULL);
    return rows;
}

const char *report_headline(const json_t *verdict, const json_t *checkpoints)
{
    bool any_pass = false;
    bool failing = false;
    size_t i;
    json_t *check;

    (void)verdict;
    json_array_foreach (checks_of(checkpoints), i, check) {
        bool ran = js_bool(check, "after.ran", false);

        any_pass = any_pass || (ran && js_bool(check, "after.ok", false));
        failing = failing || (ran && !js_bool(check, "after.ok", false));
    }
    if (failing)
        return "failing";
    return any_pass ? "verified" : "unverified (no checks)";
}

char *report_verdict_text(const json_t *verdict)
{
    struct strbuf out;
    size_t i;
    json_t *row;

    strbuf_init(&out, 64 * VDO_KIB);
    json_array_foreach (verdict, i, row)
        (void)strbuf_addf(&out, "  %-8s %-28s %s\n", js_str(row, "status", ""),
                          js_str(row, "name", ""), js_str(row, "text", ""));
    return strbuf_take(&out, NULL);
}
