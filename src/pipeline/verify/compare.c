#include "compare.h"

#include "reading.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* Names that a checkpoint lists of a kind: the first in their order. */
enum { MAX_LISTED = 200 };

static char state_in(const json_t *run, const char *name)
{
    return reading_state(js_at(run, "reading"), name);
}

static bool has_run(const json_t *run)
{
    return js_bool(run, "result.ran", false);
}

static bool has_passed(const json_t *run)
{
    return has_run(run) && js_bool(run, "result.ok", false);
}

static bool has_failed(const json_t *run)
{
    return has_run(run) && !js_bool(run, "result.ok", false);
}

static bool differ(const json_t *a, const json_t *b, const char *name)
{
    char one = state_in(a, name);
    char other = state_in(b, name);

    return one && other && one != other;
}

static bool is_flaky(const struct check_runs *runs, const char *name)
{
    return differ(runs->before, runs->before_again, name) ||
           differ(runs->after, runs->after_again, name);
}

static bool failed_before(const struct check_runs *runs, const char *name)
{
    return state_in(runs->before, name) == 'f' || state_in(runs->before_again, name) == 'f';
}

/* "new", "old" or "flaky" of a test that failed after the change. */
static const char *kind_of(const struct check_runs *runs, const char *name)
{
    if (is_flaky(runs, name))
        return "flaky";
    return failed_before(runs, name) ? "old" : "new";
}

static int by_text(const void *a, const void *b)
{
    const char *const *one = a;
    const char *const *other = b;

    return strcmp(*one, *other);
}

/* Names that a run gives in the state 'f' for which want says yes, sorted: the order in which they
 * were read does not matter. */
static json_t *failing_names(const struct check_runs *runs, const json_t *run, const char *kind)
{
    const json_t *names = js_at(run, "reading.names");
    const char **found = xcalloc(json_object_size(names) + 1, sizeof(*found));
    json_t *list = json_array();
    size_t n = 0;
    const char *name;
    json_t *state;

    json_object_foreach ((json_t *)(uintptr_t)names, name, state) {
        if (*json_string_value(state) == 'f' && strcmp(kind_of(runs, name), kind) == 0)
            found[n++] = name;
    }
    qsort(found, n, sizeof(*found), by_text);
    for (size_t i = 0; i < n && i < MAX_LISTED; i++)
        (void)json_array_append_new(list, json_string(found[i]));
    free(found);
    return list;
}

static void add_missing(json_t *list, const json_t *more)
{
    size_t i;
    json_t *one;

    json_array_foreach (more, i, one) {
        size_t k;
        json_t *seen;
        bool known = false;

        json_array_foreach (list, k, seen)
            known = known || json_equal(seen, one);
        if (!known && json_array_size(list) < MAX_LISTED)
            (void)json_array_append(list, one);
    }
}

/* Flaky tests of all runs: a test may have failed in the first only. */
static json_t *all_flaky(const struct check_runs *runs)
{
    const json_t *const in[] = {runs->before, runs->before_again, runs->after, runs->after_again};
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
        json_auto_t *more = failing_names(runs, in[i], "flaky");

        add_missing(list, more);
    }
    return list;
}

/* Do two runs of the same files end differently, where no test is named? */
static bool ends_differ(const json_t *a, const json_t *b)
{
    return has_run(a) && has_run(b) && has_passed(a) != has_passed(b);
}

static bool is_known_problem(const struct check_runs *runs, const json_t *problem)
{
    size_t i;
    json_t *was;

    json_array_foreach (js_at(runs->before, "reading.tests.problems"), i, was) {
        if (strcmp(js_str(was, "file", ""), js_str(problem, "file", "")) == 0 &&
            strcmp(js_str(was, "message", ""), js_str(problem, "message", "")) == 0)
            return true;
    }
    return false;
}

static json_t *new_problems(const struct check_runs *runs, const json_t *run)
{
    json_t *list = json_array();
    size_t i;
    json_t *problem;

    if (!has_failed(run))
        return list;
    json_array_foreach (js_at(run, "reading.tests.problems"), i, problem) {
        if (!is_known_problem(runs, problem))
            (void)json_array_append(list, problem);
    }
    return list;
}

/* Both fail, in a way that cannot be told apart, and no test is named. */
static bool same_end(const json_t *a, const json_t *b)
{
    return has_failed(a) && has_failed(b) &&
           js_int(a, "result.exit", 0) == js_int(b, "result.exit", 0) &&
           strcmp(js_str(a, "result.why", ""), js_str(b, "result.why", "")) == 0 &&
           js_int(a, "result.tests.failed", 0) == js_int(b, "result.tests.failed", 0);
}

static const char *blame_of(const struct check_runs *runs, const json_t *run)
{
    json_auto_t *fresh = failing_names(runs, run, "new");
    json_auto_t *old = failing_names(runs, run, "old");
    json_auto_t *flaky = failing_names(runs, run, "flaky");
    json_auto_t *problems = new_problems(runs, run);
    bool by_limit = *js_str(run, "result.why", "") != '\0';

    if (!has_run(run))
        return has_run(runs->before) ? "new" : "none";
    if (!has_failed(run))
        return "none";
    if (json_array_size(fresh) || json_array_size(problems))
        return "new";
    if (ends_differ(runs->before, runs->before_again) ||
        ends_differ(runs->after, runs->after_again))
        return "flaky";
    if (json_array_size(old) + json_array_size(flaky) == 0 || by_limit)
        return same_end(runs->before, run) ? "old" : "new";
    if (json_array_size(old) && has_failed(runs->before))
        return "old";
    return json_array_size(flaky) ? "flaky" : "new";
}

static int64_t tests_run(const json_t *run)
{
    return js_int(run, "result.tests.passed", 0) + js_int(run, "result.tests.failed", 0);
}

/* Do both runs name their tests in the same way, and all of them? */
static bool names_compare(const json_t *a, const json_t *b)
{
    return json_equal(js_at(a, "reading.tests.formats"), js_at(b, "reading.tests.formats")) &&
           !js_bool(a, "reading.names_cut", false) && !js_bool(b, "reading.names_cut", false);
}

/* Did a test that the base ran not run after the change? What fails in place of tests that could
 * not be loaded is no test: it goes when they can be, and then more run than before. */
static bool is_gone(const struct check_runs *runs, const json_t *run, const char *name, char state)
{
    char now = state_in(run, name);

    /* Rust's tests in documentation are named by their line, which moves. */
    if (state == 's' || now == 'p' || now == 'f' || strstr(name, " (line "))
        return false;
    if (has_run(runs->before_again) && !state_in(runs->before_again, name))
        return false;
    return state == 'p' || tests_run(run) < tests_run(runs->before);
}

/* Tests that ran at base and, in a check that passes, no longer run, sorted; *out_failing: one of
 * them failed there. */
static json_t *gone_names(const struct check_runs *runs, const json_t *run, bool *out_failing)
{
    const json_t *names = js_at(runs->before, "reading.names");
    const char **found = xcalloc(json_object_size(names) + 1, sizeof(*found));
    json_t *list = json_array();
    size_t n = 0;
    const char *name;
    json_t *state;

    if (has_passed(run) && (tests_run(run) == 0 || names_compare(runs->before, run))) {
        json_object_foreach ((json_t *)(uintptr_t)names, name, state) {
            char was = *json_string_value(state);

            if (!is_gone(runs, run, name, was))
                continue;
            found[n++] = name;
            *out_failing = *out_failing || was == 'f';
        }
    }
    qsort(found, n, sizeof(*found), by_text);
    for (size_t i = 0; i < n && i < MAX_LISTED; i++)
        (void)json_array_append_new(list, json_string(found[i]));
    free(found);
    return list;
}

/* How many tests fewer ran after the change than at base, in a check that passes. */
static int64_t fewer(const struct check_runs *runs, const json_t *run)
{
    int64_t less = tests_run(runs->before) - tests_run(run);
    bool comparable = tests_run(run) == 0 || names_compare(runs->before, run);

    return has_passed(run) && comparable && less > 0 ? less : 0;
}

static json_t *failures_of(const struct check_runs *runs, const json_t *run)
{
    json_t *list = json_array();
    size_t i;
    json_t *failure;

    json_array_foreach (js_at(run, "reading.tests.failures"), i, failure) {
        json_t *copy = json_copy(failure);

        (void)json_object_set_new(copy, "kind",
                                  json_string(kind_of(runs, js_str(failure, "name", ""))));
        (void)json_array_append_new(list, copy);
    }
    return list;
}

static json_t *result_of(const json_t *run)
{
    json_t *result = js_at(run, "result");

    return result ? json_incref(result) : json_null();
}

json_t *compare_runs(const struct check_runs *runs)
{
    /* A check may have a second run for the sake of one behind it only. */
    bool mended = has_failed(runs->after) && has_passed(runs->after_again);
    const json_t *after = mended ? runs->after_again : runs->after;
    const char *blame = mended ? "flaky" : blame_of(runs, after);
    bool gone_failing = false;
    json_t *gone = gone_names(runs, after, &gone_failing);

    return json_pack("{s:O, s:O, s:o, s:o, s:O, s:s, s:o, s:o, s:o, s:b, s:I, s:o, s:o}", "name",
                     json_object_get(runs->after, "name"), "run",
                     json_object_get(runs->after, "run"), "before", result_of(runs->before),
                     "after", result_of(after), "output", json_object_get(after, "output"), "blame",
                     blame, "flaky", all_flaky(runs), "old", failing_names(runs, after, "old"),
                     "gone", gone, "gone_failing", gone_failing, "fewer",
                     (json_int_t)fewer(runs, after), "failures", failures_of(runs, after),
                     "problems", new_problems(runs, after));
}

bool compare_wants_before_again(const struct check_runs *runs)
{
    return has_failed(runs->before) && *js_str(runs->before, "result.why", "") == '\0';
}

bool compare_wants_after_again(const struct check_runs *runs)
{
    return has_failed(runs->after) && *js_str(runs->after, "result.why", "") == '\0' &&
           strcmp(blame_of(runs, runs->after), "new") == 0;
}
