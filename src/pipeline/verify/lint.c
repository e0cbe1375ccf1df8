#include "facts.h"

#include "../record/record.h"
#include "../workspace.h"
#include "checks.h"
#include "lint_files.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * The linters that this machine or the project has are run on the changed files, before and after,
 * in the sandbox: their configuration is the repository's. What is new is counted; messages are the
 * same when they differ in line numbers only.
 */
enum {
    LINT_TIMEOUT_MS = 120 * 1000,
    MAX_PATHS = 200,
    MAX_LINE = 256 * 1024,
    MAX_NEW = 20,
    MAX_MESSAGE = 300
};

struct linter {
    const char *name; /* the word of the marker line, and what is not installed */
    const char *line; /* what stands before the paths */
    const char *extensions;
    const char *globs; /* the same, for git */
};

static const struct linter linters[] = {
    {"shellcheck", "shellcheck -f gcc", " sh bash ", "'*.sh' '*.bash'"},
    {"ruff", "ruff check --quiet --output-format concise", " py ", "'*.py'"},
    {"pyflakes", "pyflakes3", " py ", "'*.py'"},
    {"cppcheck", "cppcheck --quiet --template='{file}:{line}: {severity}: {message} [{id}]'",
     " c h cc cpp cxx hpp ", "'*.c' '*.h' '*.cc' '*.cpp' '*.cxx' '*.hpp'"},
    {"eslint", "node_modules/.bin/eslint --format unix", " js jsx mjs cjs ts tsx ",
     "'*.js' '*.jsx' '*.mjs' '*.cjs' '*.ts' '*.tsx'"},
};
enum { N_LINTERS = sizeof(linters) / sizeof(linters[0]), ESLINT = N_LINTERS - 1 };

static bool is_for(const struct linter *linter, const char *path)
{
    const char *dot = strrchr(path, '.');
    char word[16];

    if (!dot || strchr(dot, '/') || strlen(dot) > 8)
        return false;
    (void)snprintf(word, sizeof(word), " %s ", dot + 1);
    return strcasestr(linter->extensions, word) != NULL;
}

/* " './a.sh' './b.sh'" of the files for a linter that stand in dir; "" when there is none. */
static void add_paths(struct strbuf *out, const struct linter *linter, const json_t *paths,
                      const char *dir)
{
    size_t i;
    json_t *path;

    json_array_foreach (paths, i, path) {
        AUTO_FREE char *full = fs_join(dir, json_string_value(path));

        if (i < MAX_PATHS && is_for(linter, json_string_value(path)) && fs_exists(full)) {
            AUTO_FREE char *below = xasprintf("./%s", json_string_value(path));

            (void)strbuf_addc(out, ' ');
            (void)strbuf_add_word(out, below);
        }
    }
}

static bool any_for(const struct linter *linter, const json_t *paths)
{
    size_t i;
    json_t *path;

    json_array_foreach (paths, i, path) {
        if (is_for(linter, json_string_value(path)))
            return true;
    }
    return false;
}

/* Does the project run this linter itself? Then its own line is the one that counts. */
static bool is_projects(const struct linter *linter, const json_t *own)
{
    size_t i;
    json_t *line;

    json_array_foreach (own, i, line) {
        if (strncmp(js_str(line, "run", ""), linter->name, strlen(linter->name)) == 0)
            return true;
    }
    return false;
}

/* One shell line that runs them all, with a marker line before each. */
static void make_line(struct strbuf *out, const json_t *own, const json_t *paths, const char *dir)
{
    size_t n;
    json_t *line;

    (void)strbuf_adds(out, "lint() { if command -v \"$2\" >/dev/null; then echo \"== $1\"; shift; "
                           "\"$@\" 2>&1; else echo \"== no $1\"; fi; }\n");
    for (size_t i = 0; i < N_LINTERS; i++) {
        AUTO_STRBUF files = {0};

        strbuf_init(&files, MAX_LINE / 8);
        add_paths(&files, &linters[i], paths, dir);
        if (files.len && !is_projects(&linters[i], own))
            (void)strbuf_addf(out, "lint %s %s%s\n", linters[i].name, linters[i].line, files.ptr);
    }
    json_array_foreach (own, n, line)
        (void)strbuf_addf(out, "echo '== %s'\n(%s) 2>&1\n", js_str(line, "name", ""),
                          js_str(line, "run", ""));
    (void)strbuf_adds(out, "true");
}

/* "./a.sh:3:1: warning: x" -> "./a.sh: warning: x"; NULL when the line is no message. */
static char *without_numbers(const char *line, size_t len)
{
    AUTO_FREE char *copy = xmemdup0(line, len);
    const char *colon = strchr(copy, ':');
    const char *rest = colon;

    if (!colon || strncmp(copy, "==", 2) == 0)
        return NULL;
    while (*rest == ':' && isdigit((unsigned char)rest[1]))
        rest += 1 + strspn(rest + 1, "0123456789");
    if (rest == colon)
        return NULL;
    return xasprintf("%.*s%.*s", (int)(colon - copy), copy, MAX_MESSAGE, rest);
}

json_t *lint_read(const char *output)
{
    json_t *all = json_object();
    json_t *now = NULL;

    while (*output) {
        size_t len = strcspn(output, "\n");
        AUTO_FREE char *name = NULL;
        AUTO_FREE char *message = NULL;

        if (strncmp(output, "== ", 3) == 0) {
            bool missing = strncmp(output, "== no ", 6) == 0;
            size_t skip = missing ? 6 : 3;

            name = xmemdup0(output + skip, len - skip);
            now = json_pack("{s:b, s:{}, s:i}", "missing", missing, "messages", "n", 0);
            if (json_object_set_new(all, name, now)) /* no UTF-8 */
                now = NULL;
        } else if (now && (message = without_numbers(output, len))) {
            json_t *messages = json_object_get(now, "messages");
            json_int_t n = json_integer_value(json_object_get(messages, message));

            (void)json_object_set_new(messages, message, json_integer(n + 1));
            (void)json_object_set_new(now, "n", json_integer(js_int(now, "n", 0) + 1));
        }
        output += len + (output[len] == '\n');
    }
    return all;
}

json_t *lint_new(const json_t *before, const json_t *after)
{
    json_t *list = json_array();
    const char *text;
    json_t *n;

    json_object_foreach (json_object_get(after, "messages"), text, n) {
        const json_t *was = json_object_get(json_object_get(before, "messages"), text);

        for (json_int_t i = json_integer_value(was); i < json_integer_value(n); i++)
            (void)json_array_append_new(list, json_string(text));
    }
    return list;
}

/* globs: of the files that the command is given, "" when it takes none. */
static void add_tool(json_t *lint, const char *name, const char *command, const char *globs,
                     const json_t *before, const json_t *after)
{
    const json_t *now = json_object_get(after, name);
    json_t *fresh;
    size_t n;

    if (!now)
        return;
    if (js_bool(now, "missing", false)) {
        (void)json_array_append_new(json_object_get(lint, "missing"), json_string(name));
        return;
    }
    fresh = lint_new(json_object_get(before, name), now);
    n = json_array_size(fresh);
    while (json_array_size(fresh) > MAX_NEW)
        (void)json_array_remove(fresh, MAX_NEW);
    (void)json_array_append_new(json_object_get(lint, "tools"),
                                json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:o}", "name", name,
                                          "command", command, "of_files", globs, "before",
                                          (json_int_t)js_int(json_object_get(before, name), "n", 0),
                                          "after", (json_int_t)js_int(now, "n", 0), "n_new",
                                          (json_int_t)n, "new", fresh));
}

static json_t *join(const json_t *own, const json_t *before, const json_t *after)
{
    json_t *lint = json_pack("{s:n, s:[], s:[]}", "skipped", "tools", "missing");
    size_t i;
    json_t *line;

    for (i = 0; i < N_LINTERS; i++)
        add_tool(lint, linters[i].name, linters[i].line, linters[i].globs, before, after);
    json_array_foreach (own, i, line)
        add_tool(lint, js_str(line, "name", ""), js_str(line, "run", ""), "", before, after);
    return lint;
}

static json_t *lint_without(const char *reason)
{
    return json_pack("{s:s, s:[], s:[]}", "skipped", reason, "tools", "missing");
}

/* Run the linters in dir. *out_why (free with free()) is set when that could not be done. */
static int run_in(struct job_run *run, const char *dir, const json_t *paths, json_t **out,
                  char **out_why, struct err *err)
{
    AUTO_STRBUF line = {0};
    struct sandbox_result done = {0};
    struct err why = {0};
    int rc;

    strbuf_init(&line, MAX_LINE);
    make_line(&line, js_at(run->out, "survey.lint"), paths, dir);
    rc = checks_run_line(run, dir, line.ptr, LINT_TIMEOUT_MS, NULL, &done, &why);
    if (rc && rc != VDO_E_REFUSED)
        return err_set(err, why.code, "linters: %s", why.text);
    if (!rc && done.end == SANDBOX_CANCELLED)
        rc = err_set(err, VDO_E_CANCELLED, "asked to stop");
    else if (rc || done.end != SANDBOX_EXITED)
        *out_why = xasprintf("the linters could not be run: %s", rc ? why.text : done.limit);
    else
        *out = lint_read(done.output);
    if (rc != VDO_E_REFUSED)
        sandbox_result_release(&done);
    return rc == VDO_E_REFUSED ? VDO_OK : rc;
}

/* The project's own lines and eslint, where it may be installed, look at more than one file. */
static bool needs_tree(const struct job_run *run, const json_t *paths)
{
    AUTO_FREE char *modules = fs_join(worktree_dir(run->tree), "node_modules");

    return json_array_size(js_at(run->out, "survey.lint")) > 0 ||
           (any_for(&linters[ESLINT], paths) && (run->repo_config->n_setup || fs_exists(modules)));
}

static int make_after(struct job_run *run, const json_t *paths, char **out, struct err *err)
{
    return needs_tree(run, paths) ? workspace_copy_tree(run, "after", out, err) :
                                    lint_files_after(run, paths, out, err);
}

static int make_before(struct job_run *run, const json_t *paths, char **out, struct err *err)
{
    int rc;

    if (!needs_tree(run, paths))
        return lint_files_before(run, paths, out, err);
    rc = workspace_fresh_dir(run, "before", out, err);
    return rc ? rc : mirror_export(run->mirror, run_str(run, "checkout.base_sha"), *out, err);
}

static int run_base(struct job_run *run, const json_t *paths, json_t **out, char **out_why,
                    struct err *err)
{
    AUTO_FREE char *dir = NULL;
    int rc = make_before(run, paths, &dir, err);

    return rc ? rc : run_in(run, dir, paths, out, out_why, err);
}

/* The base is looked at only where a linter is there to do it. */
static int run_both(struct job_run *run, const json_t *paths, json_t **out, struct err *err)
{
    const json_t *own = js_at(run->out, "survey.lint");
    json_auto_t *before = NULL;
    json_auto_t *after = NULL;
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *why = NULL;
    int rc = make_after(run, paths, &dir, err);

    if (!rc)
        rc = run_in(run, dir, paths, &after, &why, err);
    if (!rc && !why) {
        json_auto_t *alone = join(own, NULL, after);

        if (json_array_size(js_at(alone, "tools")))
            rc = run_base(run, paths, &before, &why, err);
    }
    if (!rc)
        *out = why ? lint_without(why) : join(own, before, after);
    return rc;
}

int lint_make(struct job_run *run, const json_t *paths, json_t **out, struct err *err)
{
    bool any = json_array_size(js_at(run->out, "survey.lint")) > 0;

    for (size_t i = 0; i < N_LINTERS; i++)
        any = any || any_for(&linters[i], paths);
    if (!any)
        *out = lint_without("no changed file is of a language with a linter that VDO knows");
    else if (!record_can_run(run))
        *out = lint_without(sandbox_describe(run->p->o.sandbox));
    else
        return run_both(run, paths, out, err);
    return VDO_OK;
}
