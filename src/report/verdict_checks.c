#include "verdict.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 480, MAX_NAMES = 8 };

/* ---- checks ---- */

/* A checkpoint without "blame" is judged by the exit codes. */
static const char *blame_of(const json_t *check)
{
    bool failed_before = js_bool(check, "before.ran", false) && !js_bool(check, "before.ok", false);

    return js_str(check, "blame", failed_before ? "old" : "new");
}

/* It passes, and runs fewer tests than it did or not the same ones. */
static bool lost_tests(const json_t *check)
{
    return json_array_size(js_at(check, "gone")) > 0 || js_int(check, "fewer", 0) > 0;
}

static const char *status_of(const json_t *check)
{
    const char *blame = blame_of(check);

    if (!js_bool(check, "after.ran", false))
        return js_bool(check, "before.ran", false) ? "fail" : "unknown";
    if (js_bool(check, "after.ok", false))
        return js_bool(check, "after.agree", true) && strcmp(blame, "flaky") != 0 &&
                       !lost_tests(check) ?
                   "pass" :
                   "warn";
    return strcmp(blame, "new") == 0 ? "fail" : "warn";
}

static json_t *names_of_kind(const json_t *check, const char *kind)
{
    json_t *list = json_array();
    size_t i;
    json_t *failure;

    json_array_foreach (js_at(check, "failures"), i, failure) {
        if (strcmp(js_str(failure, "kind", ""), kind) == 0)
            (void)json_array_append(list, json_object_get(failure, "name"));
    }
    return list;
}

static void add_names(struct strbuf *text, const char *words, const json_t *names)
{
    if (json_array_size(names) == 0)
        return;
    (void)strbuf_addf(text, "; %s: ", words);
    verdict_list(text, names, NULL, MAX_NAMES);
}

static void check_row(struct verdict *v, const json_t *check)
{
    AUTO_FREE char *name = xasprintf("check: %s", js_str(check, "name", ""));
    const char *status = status_of(check);
    AUTO_STRBUF text = {0};
    char before[TEXT_SIZE];
    char after[TEXT_SIZE];
    bool passed = js_bool(check, "after.ok", false);
    json_auto_t *fresh = names_of_kind(check, "new");
    json_t *row;

    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 3);
    (void)report_check_text(js_at(check, "before"), before, sizeof(before));
    (void)report_check_text(js_at(check, "after"), after, sizeof(after));
    (void)strbuf_addf(&text, "before: %s; after: %s", before, after);
    if (!passed && strcmp(blame_of(check), "old") == 0 && js_bool(check, "after.ran", false))
        (void)strbuf_adds(&text, " (it failed before this change too)");
    add_names(&text, "newly failing", fresh);
    add_names(&text, "fails at base too", js_at(check, "old"));
    add_names(&text, "flaky", js_at(check, "flaky"));
    add_names(&text, "no longer run", js_at(check, "gone"));
    if (json_array_size(js_at(check, "gone")) == 0 && lost_tests(check))
        (void)strbuf_addf(&text, "; tests fewer than before: %lld",
                          (long long)js_int(check, "fewer", 0));
    add_names(&text, "not read", js_at(check, "after.unread"));
    if (strcmp(blame_of(check), "flaky") == 0 && json_array_size(js_at(check, "flaky")) == 0)
        (void)strbuf_adds(&text, "; flaky: two runs of the same files ended differently");
    verdict_add(v, name, status, text.ptr, js_str(check, "run", ""));
    row = json_array_get(v->rows, json_array_size(v->rows) - 1);
    (void)json_object_set_new(row, "before", js_string_lossy(before, strlen(before)));
    (void)json_object_set_new(row, "after", js_string_lossy(after, strlen(after)));
}

void verdict_check_rows(struct verdict *v)
{
    const json_t *checks = verdict_newest(v->points, "checks");
    size_t i;
    json_t *check;

    json_array_foreach (checks, i, check)
        check_row(v, check);
    if (json_array_size(checks) == 0)
        verdict_add(v, "checks", "unknown",
                    js_str(v->points, "verify.skipped", "the project's checks were not run"), NULL);
}

/* ---- new tests ---- */

static const char proof_name[] = "new tests fail, then pass";

/* The base, the test files of the change, and the check: what VDO did. NULL when it would be too
 * long to be whole. Free with free(). */
static char *proof_command(const struct verdict *v, const json_t *proof)
{
    AUTO_STRBUF out = {0};
    size_t i;
    json_t *path;

    strbuf_init(&out, (size_t)VERDICT_MAX_TEXT * 4);
    (void)strbuf_addf(&out,
                      "git worktree add --detach ../vdo-base %s && cd ../vdo-base && git checkout "
                      "%s --",
                      v->base, v->head);
    json_array_foreach (js_at(proof, "files"), i, path) {
        (void)strbuf_addc(&out, ' ');
        (void)strbuf_add_word(&out, json_string_value(path));
    }
    json_array_foreach (js_at(proof, "checks"), i, path)
        (void)strbuf_addf(&out, " && %s", js_str(path, "run", "true"));
    return strbuf_overflowed(&out) ? NULL : strbuf_take(&out, NULL);
}

/* Names of the tests for which `member` says `value`. */
static json_t *tests_that(const json_t *proof, const char *member, const char *value)
{
    json_t *list = json_array();
    size_t i;
    json_t *test;

    json_array_foreach (js_at(proof, "tests"), i, test) {
        if (strcmp(js_str(test, member, ""), value) == 0)
            (void)json_array_append(list, json_object_get(test, "name"));
    }
    return list;
}

static json_t *proving(const json_t *proof)
{
    json_t *list = json_array();
    size_t i;
    json_t *test;

    json_array_foreach (js_at(proof, "tests"), i, test) {
        if (js_bool(test, "proves", false))
            (void)json_array_append(list, json_object_get(test, "name"));
    }
    return list;
}

static void add_eased(struct strbuf *text, const json_t *proof)
{
    add_names(
        text,
        "failed before and passes without the change too once its file is changed, so the test "
        "was mended and not what it tests",
        js_at(proof, "eased"));
}

static void describe_proof(struct strbuf *text, const json_t *proof)
{
    json_auto_t *proven = proving(proof);
    json_auto_t *passed = tests_that(proof, "base", "passed");
    json_auto_t *not_built = tests_that(proof, "base", "not built");
    json_auto_t *skipped = tests_that(proof, "base", "skipped");
    json_auto_t *not_named = tests_that(proof, "base", "not named");
    json_auto_t *failing = tests_that(proof, "head", "failed");
    size_t listed = json_array_size(js_at(proof, "tests"));
    long long all = (long long)js_int(proof, "more_tests", 0) + (long long)listed;

    (void)strbuf_addf(text, "%lld of %lld %s without the change and %s with it",
                      (long long)js_int(proof, "proven", 0), all,
                      js_int(proof, "proven", 0) == 1 ? "fails" : "fail",
                      js_int(proof, "proven", 0) == 1 ? "passes" : "pass");
    if (json_array_size(proven)) {
        (void)strbuf_adds(text, ": ");
        verdict_list(text, proven, NULL, MAX_NAMES);
    }
    add_names(text, "does not build at base, which counts as failing", not_built);
    add_names(text, "passes at base too, so it proves no new behaviour", passed);
    add_names(text, "skipped at base", skipped);
    add_names(text, "not run at base", not_named);
    add_names(text, "fails after the change", failing);
    add_eased(text, proof);
}

/* A row without a test that the change brings. */
static void add_unproven(struct verdict *v, const json_t *proof, const char *without)
{
    const char *skipped = js_str(proof, "skipped", "");
    bool none = proof && (*skipped || js_bool(proof, "names", false));
    bool eased = json_array_size(js_at(proof, "eased")) > 0;
    AUTO_FREE char *command = eased ? proof_command(v, proof) : NULL;
    AUTO_STRBUF text = {0};

    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 2);
    (void)strbuf_adds(&text, *skipped ? skipped :
                             none     ? "the changed test files bring no new test" :
                             proof ? "the checks name no tests, and their exit codes do not tell" :
                             *without ? without :
                                        "not run");
    add_eased(&text, proof);
    verdict_add(v, proof_name,
                !none                      ? "unknown" :
                verdict_is_lenient(v->job) ? "info" :
                eased                      ? "fail" :
                                             "warn",
                text.ptr, command);
}

void verdict_proof_row(struct verdict *v)
{
    const json_t *proof = verdict_newest(v->points, "proof");
    AUTO_FREE char *command = NULL;
    AUTO_STRBUF text = {0};
    const char *status = "pass";

    if (!proof || json_array_size(js_at(proof, "tests")) == 0) {
        add_unproven(v, proof, js_str(v->points, "verify.skipped", ""));
        return;
    }
    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 4);
    describe_proof(&text, proof);
    if (js_int(proof, "failing", 0) > 0 ||
        (js_int(proof, "proven", 0) == 0 && !verdict_is_lenient(v->job)))
        status = "fail";
    else if (verdict_is_lenient(v->job))
        status = "info";
    else if (js_int(proof, "passing_at_base", 0) > 0 || json_array_size(js_at(proof, "eased")))
        status = "warn";
    command = proof_command(v, proof);
    verdict_add(v, proof_name, status, text.ptr, command);
}

/* ---- criteria ---- */

void verdict_criteria_row(struct verdict *v)
{
    const json_t *criteria = js_at(v->deliver, "criteria");
    const char *command = js_str(verdict_newest(v->points, "checks"), "0.run", NULL);
    AUTO_STRBUF text = {0};
    size_t covered = 0;
    size_t open = 0;
    size_t i;
    json_t *one;

    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 2);
    json_array_foreach (criteria, i, one)
        covered += js_bool(one, "covered", false);
    (void)strbuf_addf(&text, "%zu of %zu", covered, json_array_size(criteria));
    json_array_foreach (criteria, i, one) {
        if (js_bool(one, "covered", false) || text.len > VERDICT_MAX_TEXT)
            continue;
        (void)strbuf_addf(&text, "%s%s (%s)",
                          open++ ? ", " : "; not covered: ", js_str(one, "id", ""),
                          js_str(one, "why", ""));
    }
    if (json_array_size(criteria) == 0)
        verdict_add(v, "criteria covered", "unknown", "there are no criteria", NULL);
    else
        verdict_add(v, "criteria covered",
                    !verdict_newest(v->points, "proof")  ? "unknown" :
                    covered == json_array_size(criteria) ? "pass" :
                                                           "warn",
                    text.ptr, command);
}

/* ---- review ---- */

struct count {
    size_t open;
    size_t fixed;
    size_t dropped;
    bool high;
};

static struct count count_findings(const json_t *findings)
{
    struct count c = {0};
    size_t i;
    json_t *finding;

    json_array_foreach (findings, i, finding) {
        const char *state = js_str(finding, "state", "");
        bool open = strcmp(state, "open") == 0;

        c.open += open;
        c.fixed += strcmp(state, "fixed") == 0;
        c.dropped += strcmp(state, "dropped") == 0;
        c.high = c.high || (open && strcmp(js_str(finding, "severity", ""), "high") == 0);
    }
    return c;
}

void verdict_review_row(struct verdict *v)
{
    const char *skipped = js_str(v->points, "review.skipped", "");
    const char *provider = js_str(v->points, "review.by.provider", "");
    struct count c = count_findings(js_at(v->points, "review.findings"));
    AUTO_FREE char *command = xasprintf("vdo jobs show %s", v->job->id);
    AUTO_FREE char *by = NULL;
    AUTO_FREE char *dropped = NULL;
    AUTO_FREE char *text = NULL;

    if (*skipped || !js_at(v->points, "review.verdict")) {
        text = xasprintf("not done%s%s", *skipped ? ": " : "", skipped);
        verdict_add(v, "review", "unknown", text, command);
        return;
    }
    if (!*provider)
        by = xstrdup("by another model call");
    else if (js_bool(v->points, "review.by.built", false))
        by = xasprintf("by %s, which built the change too: no other provider could be asked",
                       provider);
    else
        by = xasprintf("by %s, which did not build the change", provider);
    if (c.dropped)
        dropped = xasprintf(", %zu dropped because they name no line of the change", c.dropped);
    text =
        xasprintf("%s %s; findings: %zu open, %zu fixed%s",
                  strcmp(js_str(v->points, "review.verdict", ""), "approve") == 0 ? "approved" :
                                                                                    "not approved",
                  by, c.open, c.fixed, dropped ? dropped : "");
    verdict_add(v, "review", c.high ? "fail" : c.open ? "warn" : "pass", text, command);
}
