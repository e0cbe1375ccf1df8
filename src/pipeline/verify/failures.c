#include "failures.h"

#include "../agent/ask.h"
#include "checks.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_FAILURES = 20, SHOWN_NAMES = 30, LEAST_NAME = 4 };

/* "tests/test_x.py::TestA::test_b" -> "test_b" */
static const char *short_name(const char *name)
{
    const char *last = name;

    for (const char *c = name; *c; c++) {
        if ((*c == ':' || *c == '/' || *c == '.' || *c == ' ') && c[1])
            last = c + 1;
    }
    return last;
}

/* Does the request itself speak of this test? */
static bool is_asked_for(const struct job_run *run, const char *name)
{
    static const char *const texts[] = {"snapshot.title", "snapshot.text", "snapshot.instructions"};
    const char *word = short_name(name);
    size_t i;
    json_t *criterion;

    if (strlen(word) < LEAST_NAME)
        return false;
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strstr(run_str(run, texts[i]), word))
            return true;
    }
    json_array_foreach (js_at(run->out, "refine.criteria"), i, criterion) {
        if (strstr(js_str(criterion, "text", ""), word))
            return true;
    }
    return false;
}

static bool any_asked_for(const struct job_run *run, const json_t *names)
{
    size_t i;
    json_t *name;

    json_array_foreach (names, i, name) {
        if (is_asked_for(run, json_string_value(name)))
            return true;
    }
    return false;
}

static bool has_failed(const json_t *check)
{
    return js_bool(check, "after.ran", false) && !js_bool(check, "after.ok", false);
}

/* A check that failed in the same way before and names no test may well be what the request is
 * about: it cannot be told, so it is the builder's. */
static bool is_to_mend(const struct job_run *run, const json_t *check)
{
    const char *blame = js_str(check, "blame", "new");

    if (!js_bool(check, "after.ran", false))
        return strcmp(blame, "new") == 0;
    if (!has_failed(check) || strcmp(blame, "flaky") == 0)
        return false;
    if (strcmp(blame, "old") != 0)
        return true;
    return json_array_size(js_at(check, "old")) == 0 || any_asked_for(run, js_at(check, "old"));
}

bool failures_to_mend(const struct job_run *run, const json_t *joined)
{
    size_t i;
    json_t *check;

    json_array_foreach (joined, i, check) {
        if (is_to_mend(run, check))
            return true;
    }
    return false;
}

static json_t *place_of(const json_t *of)
{
    const char *file = js_str(of, "file", "");
    int64_t line = js_int(of, "line", 0);

    if (!*file)
        return json_string("");
    return line > 0 ? json_sprintf("%s:%lld: ", file, (long long)line) : json_sprintf("%s: ", file);
}

static json_t *failures_shown(const struct job_run *run, const json_t *check)
{
    json_t *list = json_array();
    size_t i;
    json_t *failure;

    json_array_foreach (js_at(check, "failures"), i, failure) {
        const char *kind = js_str(failure, "kind", "new");

        if (json_array_size(list) >= SHOWN_FAILURES || strcmp(kind, "flaky") == 0 ||
            (strcmp(kind, "old") == 0 && !is_asked_for(run, js_str(failure, "name", ""))))
            continue;
        (void)json_array_append_new(list,
                                    json_pack("{s:o, s:O, s:s, s:s}", "place", place_of(failure),
                                              "name", json_object_get(failure, "name"), "message",
                                              js_str(failure, "message", ""), "detail",
                                              js_str(failure, "detail", "")));
    }
    return list;
}

static json_t *problems_shown(const json_t *check)
{
    json_t *list = json_array();
    size_t i;
    json_t *problem;

    json_array_foreach (js_at(check, "problems"), i, problem) {
        if (i < SHOWN_FAILURES)
            (void)json_array_append_new(list, json_pack("{s:o, s:s}", "place", place_of(problem),
                                                        "message", js_str(problem, "message", "")));
    }
    return list;
}

/* Names joined by commas; those the request is about left out. */
static json_t *names_text(const struct job_run *run, const json_t *names, bool leave_asked)
{
    AUTO_STRBUF text = {0};
    size_t left = 0;
    size_t shown = 0;
    size_t i;
    json_t *name;

    strbuf_init(&text, 64UL * 1024);
    json_array_foreach (names, i, name) {
        if (leave_asked && is_asked_for(run, json_string_value(name)))
            continue;
        if (shown++ < SHOWN_NAMES)
            (void)strbuf_addf(&text, "%s%s", text.len ? ", " : "", json_string_value(name));
        else
            left++;
    }
    if (left)
        (void)strbuf_addf(&text, " and %zu more", left);
    return js_string_lossy(text.ptr, text.len);
}

static json_t *check_shown(const struct job_run *run, const json_t *check)
{
    char before[CHECK_TEXT_SIZE];
    char after[CHECK_TEXT_SIZE];
    json_t *failures = failures_shown(run, check);
    json_t *problems = problems_shown(check);
    bool read = json_array_size(failures) + json_array_size(problems) > 0;

    return json_pack(
        "{s:O, s:O, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:b}", "name",
        json_object_get(check, "name"), "run", json_object_get(check, "run"), "before_text",
        report_check_text(json_object_get(check, "before"), before, sizeof(before)), "after_text",
        report_check_text(json_object_get(check, "after"), after, sizeof(after)), "failures",
        failures, "problems", problems, "old", names_text(run, js_at(check, "old"), true), "flaky",
        names_text(run, js_at(check, "flaky"), false), "output",
        read ? "" : js_str(check, "output", ""), "failed_alike",
        strcmp(js_str(check, "blame", ""), "old") == 0);
}

int failures_text(const struct job_run *run, const json_t *joined, char **out, struct err *err)
{
    json_auto_t *failing = json_array();
    json_auto_t *data = NULL;
    size_t i;
    json_t *check;

    json_array_foreach (joined, i, check) {
        if (is_to_mend(run, check))
            (void)json_array_append_new(failing, check_shown(run, check));
    }
    data = json_pack("{s:O}", "checks", failing);
    return prompt_text("fix_checks.md", data, out, err);
}

static void add_place(struct strbuf *out, const json_t *of)
{
    json_auto_t *place = place_of(of);

    (void)strbuf_addf(out, "- %s", json_string_value(place));
}

void failures_of_run(struct strbuf *out, const json_t *item)
{
    const json_t *failures = js_at(item, "reading.tests.failures");
    const json_t *problems = js_at(item, "reading.tests.problems");
    size_t i;
    json_t *one;

    if (js_bool(item, "result.ok", false) && json_array_size(js_at(item, "result.tests.formats")))
        return;
    if (json_array_size(failures) + json_array_size(problems) == 0) {
        (void)strbuf_addf(out, "%s\n", js_str(item, "output", ""));
        return;
    }
    json_array_foreach (problems, i, one) {
        if (i >= SHOWN_FAILURES)
            break;
        add_place(out, one);
        (void)strbuf_addf(out, "%s\n", js_str(one, "message", ""));
    }
    json_array_foreach (failures, i, one) {
        if (i >= SHOWN_FAILURES)
            break;
        add_place(out, one);
        (void)strbuf_addf(out, "%s: %s\n%s\n", js_str(one, "name", ""), js_str(one, "message", ""),
                          js_str(one, "detail", ""));
    }
    if (json_array_size(failures) > SHOWN_FAILURES)
        (void)strbuf_addf(out, "and %zu more\n", json_array_size(failures) - SHOWN_FAILURES);
}
