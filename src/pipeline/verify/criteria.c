#include "criteria.h"

#include "diff_lines.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_TESTS = 20, MAX_FILES = 20, MAX_TARGETS = 20, LEAST_LINE = 4 };

struct view {
    bool passing_is_enough;
    const json_t *points;
    const json_t *proof;
    const json_t *lines; /* diff_lines_text() */
    const struct diff *diff;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) != 0;
}

/* Does text hold the id as a word of its own, in any case: "test_c1_empty" holds C1. */
static bool mentions(const char *text, const char *id)
{
    size_t len = strlen(id);

    if (len < 2)
        return false;
    for (const char *at = strcasestr(text, id); at; at = strcasestr(at + 1, id)) {
        if ((at == text || !is_word(at[-1])) && !is_word(at[len]))
            return true;
    }
    return false;
}

/* ---- what was said ---- */

static void add_target(json_t *targets, const char *text, size_t len)
{
    while (len > 0 && strchr(" \t`*\"'", text[0])) {
        text++;
        len--;
    }
    while (len > 0 && strchr(" \t`*\"'.\r", text[len - 1]))
        len--;
    if (len > 0 && json_array_size(targets) < MAX_TARGETS)
        (void)json_array_append_new(targets, js_string_lossy(text, len));
}

/* "- **C1**: a, b" adds a and b when it is about id. */
static void read_line(json_t *targets, const char *line, size_t len, const char *id)
{
    const char *end = line + len;
    size_t n = strlen(id);

    while (line < end && strchr(" \t-*`>", *line))
        line++;
    if ((size_t)(end - line) <= n || strncasecmp(line, id, n) != 0 || is_word(line[n]))
        return;
    line += n;
    while (line < end && strchr(" \t*`", *line))
        line++;
    if (line >= end || *line != ':' || (line + 1 < end && line[1] == ':'))
        return;
    line++;
    while (line < end) {
        const char *comma = memchr(line, ',', (size_t)(end - line));
        const char *stop = comma ? comma : end;

        add_target(targets, line, (size_t)(stop - line));
        line = comma ? comma + 1 : end;
    }
}

static json_t *targets_of(const struct view *view, const char *id)
{
    static const char *const said[] = {"test.summary", "build.summary", "verify.summary",
                                       "review.summary"};
    json_t *targets = json_array();

    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        const char *text = js_str(view->points, said[i], "");

        while (*text) {
            size_t len = strcspn(text, "\n");

            read_line(targets, text, len, id);
            text += len + (text[len] == '\n');
        }
    }
    return targets;
}

/* ---- tests ---- */

/* The last part of a test's name: behind "::", "/", ">", a blank or a dot. Parameters in brackets
 * do not belong to it. */
static char *last_part(const char *name)
{
    size_t len = strcspn(name, "[(");
    size_t from = 0;

    for (size_t i = 0; i + 1 < len; i++) {
        if (strchr(":/> .#", name[i]))
            from = i + 1;
    }
    while (len > from && isspace((unsigned char)name[len - 1]))
        len--;
    return xmemdup0(name + from, len - from);
}

static bool ends_with_part(const char *text, const char *end)
{
    size_t a = strlen(text);
    size_t b = strlen(end);

    return a >= b && strcmp(text + a - b, end) == 0 &&
           (a == b || strchr(":/> .#", text[a - b - 1]));
}

/* Does a target mean a test of that name? */
static bool means(const char *target, const char *name)
{
    AUTO_FREE char *one = last_part(target);
    AUTO_FREE char *other = last_part(name);

    if (strcmp(target, name) == 0 || ends_with_part(name, target) || ends_with_part(target, name))
        return true;
    return strlen(one) > 2 && strcmp(one, other) == 0;
}

/* A target that is a test file means all tests that carry its name. */
static bool means_file_of(const struct view *view, const char *target, const char *name)
{
    size_t i;
    json_t *path;

    json_array_foreach (js_at(view->proof, "files"), i, path) {
        if (strcmp(json_string_value(path), target) == 0)
            return strstr(name, target) != NULL || strncmp(name, "(check ", 7) == 0;
    }
    return false;
}

static bool is_named(const struct view *view, const json_t *targets, const char *id,
                     const char *name)
{
    size_t i;
    json_t *target;

    json_array_foreach (targets, i, target) {
        const char *text = json_string_value(target);

        if (means(text, name) || means_file_of(view, text, name))
            return true;
    }
    return mentions(name, id);
}

struct place {
    const char *word;
    const char *path;
    int64_t line;
};

static void find_word(void *arg, const struct diff_file *file, int64_t line, const char *text,
                      size_t len)
{
    struct place *place = arg;

    if (place->path || !memmem(text, len, place->word, strlen(place->word)))
        return;
    place->path = file->path;
    place->line = line;
}

static json_t *test_item(const struct view *view, const json_t *test)
{
    const char *name = js_str(test, "name", "");
    AUTO_FREE char *word = last_part(name);
    struct place place = {.word = word};

    if (strlen(word) > 2)
        diff_lines_added(view->diff, find_word, &place);
    return json_pack("{s:s, s:s?, s:I, s:O, s:O, s:O}", "name", name, "path", place.path, "line",
                     (json_int_t)place.line, "base", json_object_get(test, "base"), "head",
                     json_object_get(test, "head"), "proves", json_object_get(test, "proves"));
}

static bool proves(const struct view *view, const json_t *test)
{
    return js_bool(test, "proves", false) ||
           (view->passing_is_enough && strcmp(js_str(test, "head", ""), "passed") == 0);
}

static json_t *tests_of(const struct view *view, const json_t *targets, const char *id, bool alone,
                        bool *out_proven, bool *out_failing)
{
    json_t *list = json_array();
    size_t i;
    json_t *test;

    json_array_foreach (js_at(view->proof, "tests"), i, test) {
        if (!alone && !is_named(view, targets, id, js_str(test, "name", "")))
            continue;
        *out_proven = *out_proven || proves(view, test);
        *out_failing = *out_failing || strcmp(js_str(test, "head", ""), "failed") == 0;
        if (json_array_size(list) < MAX_TESTS)
            (void)json_array_append_new(list, test_item(view, test));
    }
    return list;
}

/* ---- files ---- */

static void add_file(const struct view *view, json_t *files, const char *path)
{
    const json_t *lines = json_object_get(view->lines, path);
    size_t i;
    json_t *one;

    if (!lines || json_array_size(files) >= MAX_FILES)
        return;
    json_array_foreach (files, i, one) {
        if (strcmp(js_str(one, "path", ""), path) == 0)
            return;
    }
    (void)json_array_append_new(files, json_pack("{s:s, s:O}", "path", path, "lines", lines));
}

/* Is a task of the plan about the criterion: by its id, by its words, or because it is the only
 * one? */
static bool is_task_for(const json_t *task, const json_t *criterion, bool only)
{
    const char *id = js_str(criterion, "id", "");
    const char *words = js_str(criterion, "text", "");
    size_t i;
    json_t *line;

    if (only || mentions(js_str(task, "title", ""), id))
        return true;
    json_array_foreach (js_at(task, "acceptance"), i, line) {
        const char *text = json_string_value(line);

        if (mentions(text, id) || strcasecmp(text, words) == 0)
            return true;
    }
    return false;
}

static json_t *files_of(const struct view *view, const json_t *criterion, const json_t *targets)
{
    const json_t *tasks = js_at(view->points, "plan.tasks");
    json_t *files = json_array();
    size_t i;
    json_t *one;

    json_array_foreach (targets, i, one) {
        const char *text = json_string_value(one);
        AUTO_FREE char *path = xmemdup0(text, strcspn(text, ":"));

        add_file(view, files, path);
    }
    json_array_foreach (tasks, i, one) {
        size_t k;
        json_t *path;

        if (!is_task_for(one, criterion, json_array_size(tasks) == 1))
            continue;
        json_array_foreach (js_at(one, "files"), k, path)
            add_file(view, files, json_string_value(path));
    }
    return files;
}

/* ---- one criterion ---- */

static const char *reason_against(const struct view *view, const json_t *targets,
                                  const json_t *tests, bool failing)
{
    const char *skipped = js_str(view->proof, "skipped", "");

    if (!json_is_object(view->proof))
        return "nothing was run";
    if (*skipped)
        return skipped;
    if (failing)
        return "its test fails";
    if (json_array_size(tests))
        return "its test passes without the change too";
    return json_array_size(targets) ? "the test named for it is not one that the change brings" :
                                      "no test is named for it";
}

/* A criterion whose words are a check's own command line ("make check passes") is covered by that
 * check. NULL: there is none. */
static const json_t *check_for(const struct view *view, const json_t *criterion)
{
    const char *words = js_str(criterion, "text", "");
    const json_t *checks = js_at(view->points, "review.checks");
    size_t i;
    json_t *check;

    if (!json_is_array(checks))
        checks = js_at(view->points, "verify.checks");
    json_array_foreach (checks, i, check) {
        const char *line = js_str(check, "run", "");

        if (strlen(line) >= LEAST_LINE && strstr(words, line))
            return check;
    }
    return NULL;
}

static const char *word_of(const json_t *check, const char *path)
{
    const json_t *result = js_at(check, path);

    if (!js_bool(result, "ran", false))
        return "not run";
    return js_bool(result, "ok", false) ? "passed" : "failed";
}

static json_t *cover_by_check(const json_t *criterion, const json_t *check)
{
    bool covered = strcmp(word_of(check, "after"), "passed") == 0;

    return json_pack("{s:O, s:O, s:b, s:s, s:[], s:[{s:o, s:n, s:i, s:s, s:s, s:b}]}", "id",
                     json_object_get(criterion, "id"), "text", json_object_get(criterion, "text"),
                     "covered", covered, "why", covered ? "" : "the check does not pass", "files",
                     "tests", "name", json_sprintf("check %s", js_str(check, "name", "")), "path",
                     "line", 0, "base", word_of(check, "before"), "head", word_of(check, "after"),
                     "proves", covered);
}

static json_t *cover(const struct view *view, const json_t *criterion, bool only)
{
    const json_t *check = check_for(view, criterion);
    const char *id = js_str(criterion, "id", "");
    json_auto_t *targets = targets_of(view, id);
    bool alone = only && json_array_size(targets) == 0;
    bool proven = false;
    bool failing = false;
    json_t *tests = tests_of(view, targets, id, alone, &proven, &failing);
    bool covered = proven && !failing;

    if (check && !covered) {
        json_decref(tests);
        return cover_by_check(criterion, check);
    }
    return json_pack("{s:O, s:O, s:b, s:s, s:o, s:o}", "id", json_object_get(criterion, "id"),
                     "text", json_object_get(criterion, "text"), "covered", covered, "why",
                     covered ? "" : reason_against(view, targets, tests, failing), "files",
                     files_of(view, criterion, targets), "tests", tests);
}

json_t *criteria_make(const char *type, const json_t *points, const struct diff *diff)
{
    const json_t *criteria = js_at(points, "refine.criteria");
    const json_t *newest = js_at(points, "review.proof");
    json_auto_t *lines = diff_lines_text(diff);
    struct view view = {
        .passing_is_enough =
            strcmp(type, "docs") == 0 || strcmp(type, "refactor") == 0 || strcmp(type, "test") == 0,
        .points = points,
        .proof = json_is_object(newest) ? newest : js_at(points, "verify.proof"),
        .lines = lines,
        .diff = diff,
    };
    json_t *list = json_array();
    size_t i;
    json_t *criterion;

    json_array_foreach (criteria, i, criterion)
        (void)json_array_append_new(list, cover(&view, criterion, json_array_size(criteria) == 1));
    return list;
}
