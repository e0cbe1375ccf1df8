#include "verdict.h"

#include "vdo/base/mem.h"
#include "vdo/code/index.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <string.h>

enum { MAX_ASKED = 12, MAX_SHOWN = 8, LARGE_CHANGE = 1000 };

static const json_t *files_of(const struct verdict *v)
{
    return js_at(v->deliver, "files");
}

static const json_t *facts_of(const struct verdict *v)
{
    return verdict_newest(v->points, "facts");
}

/* A row that needs one of the facts of the change, which an old job or one that ended early has
 * not.
 */
static bool without_fact(struct verdict *v, const char *name, const char *fact)
{
    const json_t *value = json_object_get(facts_of(v), fact);

    if (value && !json_is_null(value))
        return false;
    verdict_add(v, name, "unknown",
                facts_of(v) ? "not computed: the job ended before" :
                              "not computed: the job did not come to the step verify",
                NULL);
    return true;
}

typedef void (*show_fn)(struct strbuf *out, const json_t *one);

/* "one, two and 3 more" of the items of a list, at most MAX_SHOWN, as show writes them. */
static void list_shown(struct strbuf *out, const json_t *list, show_fn show)
{
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n && i < MAX_SHOWN; i++) {
        (void)strbuf_adds(out, i ? ", " : "");
        show(out, json_array_get(list, i));
    }
    if (n > MAX_SHOWN)
        (void)strbuf_addf(out, " and %zu more", n - MAX_SHOWN);
}

static void show_sensitive(struct strbuf *out, const json_t *one)
{
    (void)strbuf_addf(out, "%s (%s)", js_str(one, "path", ""), js_str(one, "why", ""));
}

static void show_secret(struct strbuf *out, const json_t *one)
{
    const char *note = js_str(one, "note", "");

    (void)strbuf_addf(out, "%s %s%s%s%s", js_str(one, "place", ""), js_str(one, "kind", ""),
                      *note ? " (" : "", note, *note ? ")" : "");
}

/* Paths of test files with an action of the diff (M changed, D deleted), or '\0': of all that are
 * there after it; new reference. */
static json_t *tests_with(const struct verdict *v, char action)
{
    json_t *list = json_array();
    size_t i;
    json_t *file;

    json_array_foreach (files_of(v), i, file) {
        const char *path = js_str(file, "path", "");

        char done = *js_str(file, "action", "");

        if ((action ? done == action : done != 'D') &&
            (code_is_test_path(path) || js_bool(file, "by_tester", false)))
            (void)json_array_append(list, json_object_get(file, "path"));
    }
    return list;
}

static void add_paths(struct strbuf *text, const char *words, const json_t *paths)
{
    if (json_array_size(paths) == 0)
        return;
    (void)strbuf_addf(text, "; %s: ", words);
    verdict_list(text, paths, NULL, MAX_SHOWN);
}

void verdict_test_row(struct verdict *v)
{
    const char *skipped = js_str(v->points, "test.skipped", "");
    AUTO_FREE char *command = verdict_git(v, "--stat");
    json_auto_t *there = tests_with(v, '\0');
    json_auto_t *changed = tests_with(v, 'M');
    json_auto_t *deleted = tests_with(v, 'D');
    size_t n = json_array_size(there);
    AUTO_STRBUF text = {0};

    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 2);
    if (n)
        (void)strbuf_addf(&text, "%zu test %s added or changed", n, n == 1 ? "file" : "files");
    else
        (void)strbuf_addf(&text, "none%s%s", *skipped ? ": " : "", skipped);
    add_paths(&text, "changed", changed);
    add_paths(&text, "deleted", deleted);
    verdict_add(v, "tests added",
                n && json_array_size(deleted) == 0                          ? "pass" :
                verdict_is_lenient(v->job) && json_array_size(deleted) == 0 ? "info" :
                                                                              "warn",
                text.ptr, command);
}

void verdict_plan_row(struct verdict *v)
{
    AUTO_FREE char *command = verdict_git(v, "--name-only");
    json_auto_t *outside = json_array();
    AUTO_STRBUF text = {0};
    size_t all = json_array_size(files_of(v));
    size_t i;
    json_t *file;

    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 2);
    json_array_foreach (files_of(v), i, file) {
        if (!js_bool(file, "planned", false) && !js_bool(file, "by_tester", false))
            (void)json_array_append(outside, file);
    }
    if (json_array_size(outside) == 0) {
        (void)strbuf_addf(&text, "all %zu changed files were named by the plan or are tests", all);
        verdict_add(v, "files outside the plan", "pass", text.ptr, command);
        return;
    }
    (void)strbuf_addf(&text, "%zu of %zu: ", json_array_size(outside), all);
    verdict_list(&text, outside, "path", MAX_SHOWN);
    verdict_add(v, "files outside the plan", "warn", text.ptr, command);
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

void verdict_protected_row(struct verdict *v)
{
    AUTO_FREE char *command = verdict_git(v, "--name-only");
    const json_t *globs = js_at(v->points, "checkout.protect");
    size_t i;
    json_t *file;

    json_array_foreach (files_of(v), i, file) {
        const char *path = js_str(file, "path", "");
        const char *old_path = js_str(file, "old_path", "");
        bool from = *old_path && is_protected(globs, old_path);
        AUTO_FREE char *text = NULL;

        if (!from && !is_protected(globs, path))
            continue;
        text = xasprintf("%s is protected and was changed", from ? old_path : path);
        verdict_add(v, "protected paths", "fail", text, command);
        return;
    }
    verdict_add(v, "protected paths", "pass", "none changed", command);
}

void verdict_sensitive_row(struct verdict *v)
{
    static const char name[] = "sensitive paths";
    const json_t *found = js_at(facts_of(v), "sensitive");
    AUTO_FREE char *command = verdict_git(v, "--name-only");
    AUTO_STRBUF text = {0};

    if (without_fact(v, name, "sensitive"))
        return;
    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 2);
    list_shown(&text, found, show_sensitive);

    verdict_add(v, name, json_array_size(found) ? "warn" : "pass",
                json_array_size(found) ? text.ptr : "none changed", command);
}

void verdict_size_row(struct verdict *v)
{
    AUTO_FREE char *command = verdict_git(v, "--stat");
    long long added = (long long)js_int(v->deliver, "added", 0);
    long long removed = (long long)js_int(v->deliver, "removed", 0);
    size_t n = json_array_size(files_of(v));
    AUTO_FREE char *text =
        xasprintf("%zu %s, +%lld -%lld lines", n, n == 1 ? "file" : "files", added, removed);

    verdict_add(v, "diff size", added + removed > LARGE_CHANGE ? "warn" : "info", text, command);
}

void verdict_secrets_row(struct verdict *v)
{
    static const char name[] = VERDICT_SECRETS;
    const json_t *found = js_at(facts_of(v), "secrets");
    const json_t *allowed = js_at(facts_of(v), "allowed_secrets");
    size_t n = json_array_size(found);
    AUTO_FREE char *command = verdict_git(v, "-U0");
    AUTO_STRBUF text = {0};

    if (without_fact(v, name, "secrets"))
        return;
    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 4);
    list_shown(&text, found, show_secret);
    if (n == 0)
        (void)strbuf_adds(&text, "none found in the added lines and binary files");
    if (json_array_size(allowed)) {
        (void)strbuf_adds(&text, "; allowed by the base branch: ");
        list_shown(&text, allowed, show_secret);
    }
    verdict_add(v, name,
                n                        ? "fail" :
                json_array_size(allowed) ? "info" :
                                           "pass",
                text.ptr, command);
}

void verdict_licence_row(struct verdict *v)
{
    static const char name[] = "licence headers lost";
    const json_t *lost = js_at(facts_of(v), "licences");
    AUTO_FREE char *command = verdict_git(v, "-U0");
    AUTO_STRBUF text = {0};

    if (without_fact(v, name, "licences"))
        return;
    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 2);
    verdict_list(&text, lost, NULL, MAX_SHOWN);
    verdict_add(v, name, text.len ? "fail" : "pass", text.len ? text.ptr : "none", command);
}

/* How a person asks the parser that VDO asked. */
static const char *parser_command(const char *checker)
{
    static const char *const known[][2] = {{"python3", "python3 -m py_compile"},
                                           {"node", "node --check"},
                                           {"sh", "sh -n"},
                                           {"bash", "bash -n"},
                                           {"ruby", "ruby -c"},
                                           {"php", "php -l"},
                                           {"gofmt", "gofmt -e -l"},
                                           {"luac", "luac -p"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i][0], checker) == 0)
            return known[i][1];
    }
    return NULL;
}

/* "python3 -m py_compile ./'a.py' && node --check ./'b.js'": of the broken files, each on its own,
 * else of those that parse; most parsers take one file at a time. NULL when none of them can be
 * asked from a shell. Free with free(). */
static char *syntax_command(const json_t *syntax)
{
    bool broken = json_array_size(js_at(syntax, "broken")) > 0;
    AUTO_STRBUF out = {0};
    size_t i;
    json_t *one;

    strbuf_init(&out, (size_t)VERDICT_MAX_TEXT * 4);
    json_array_foreach (js_at(syntax, broken ? "broken" : "paths"), i, one) {
        const char *command = parser_command(js_str(one, "checker", ""));

        if (!command || i >= MAX_ASKED)
            continue;
        (void)strbuf_addf(&out, "%s%s ./", !out.len ? "" : broken ? "; " : " && ", command);
        (void)strbuf_add_word(&out, js_str(one, "path", ""));
    }
    return out.len && !strbuf_overflowed(&out) ? strbuf_take(&out, NULL) : NULL;
}

void verdict_syntax_row(struct verdict *v)
{
    static const char name[] = "syntax of changed files";
    const json_t *syntax = js_at(facts_of(v), "syntax");
    AUTO_FREE char *command = syntax_command(syntax);
    AUTO_STRBUF text = {0};
    long long checked = (long long)js_int(syntax, "checked", 0);
    bool newly = false;
    size_t i;
    json_t *one;

    if (without_fact(v, name, "syntax"))
        return;
    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 4);
    json_array_foreach (js_at(syntax, "broken"), i, one) {
        bool was = js_bool(one, "was_broken", false);

        newly = newly || !was;
        if (i < MAX_SHOWN)
            (void)strbuf_addf(&text, "%s%s does not parse%s: %s", i ? "; " : "",
                              js_str(one, "path", ""), was ? " (nor did it before)" : "",
                              js_str(one, "message", ""));
    }
    if (i > 0) {
        verdict_add(v, name, newly ? "fail" : "warn", text.ptr, command);
        return;
    }
    if (checked == 0) {
        verdict_add(v, name, "info", "no changed file is of a language with a parser here", NULL);
        return;
    }
    (void)strbuf_addf(&text, "%lld %s (", checked, checked == 1 ? "file parses" : "files parse");
    verdict_list(&text, js_at(syntax, "checkers"), NULL, MAX_SHOWN);
    (void)strbuf_adds(&text, ")");
    verdict_add(v, name, "pass", text.ptr, command);
}

static void describe_linters(struct strbuf *text, const json_t *lint, int64_t *out_new)
{
    size_t i;
    json_t *tool;

    json_array_foreach (js_at(lint, "tools"), i, tool) {
        int64_t n = js_int(tool, "n_new", 0);

        *out_new += n;
        (void)strbuf_addf(text, "%s%s: %lld before, %lld after, %lld new", i ? "; " : "",
                          js_str(tool, "name", ""), (long long)js_int(tool, "before", 0),
                          (long long)js_int(tool, "after", 0), (long long)n);
        if (n > 0) {
            (void)strbuf_adds(text, " (");
            verdict_list(text, js_at(tool, "new"), NULL, 3);
            (void)strbuf_adds(text, ")");
        }
    }
    if (json_array_size(js_at(lint, "missing"))) {
        (void)strbuf_addf(text, "%snot installed here: ", text->len ? "; " : "");
        verdict_list(text, js_at(lint, "missing"), NULL, MAX_SHOWN);
    }
}

/* All linters, each on the changed files that it is for; NULL when none was there. Free with
 * free(). */
static char *lint_command(const struct verdict *v, const json_t *lint)
{
    AUTO_STRBUF out = {0};
    size_t i;
    json_t *tool;

    strbuf_init(&out, (size_t)VERDICT_MAX_TEXT * 4);
    json_array_foreach (js_at(lint, "tools"), i, tool) {
        const char *globs = js_str(tool, "of_files", "");

        (void)strbuf_adds(&out, i ? "; " : "");
        if (*globs)
            (void)strbuf_addf(&out,
                              "git diff -z --name-only --diff-filter=d %s %s -- %s | xargs -0r ",
                              v->base, v->head, globs);
        (void)strbuf_adds(&out, js_str(tool, "command", ""));
    }
    return out.len && !strbuf_overflowed(&out) ? strbuf_take(&out, NULL) : NULL;
}

void verdict_lint_row(struct verdict *v)
{
    static const char name[] = "lint of changed files";
    const json_t *lint = js_at(facts_of(v), "lint");
    const char *skipped = js_str(lint, "skipped", "");
    AUTO_FREE char *line = NULL;
    AUTO_STRBUF text = {0};
    int64_t fresh = 0;

    if (without_fact(v, name, "lint"))
        return;
    if (*skipped) {
        verdict_add(v, name, "unknown", skipped, NULL);
        return;
    }
    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 4);
    describe_linters(&text, lint, &fresh);
    line = lint_command(v, lint);
    verdict_add(v, name,
                json_array_size(js_at(lint, "tools")) == 0 ? "unknown" :
                fresh                                      ? "warn" :
                                                             "pass",
                text.ptr, line);
}
