#include "facts.h"

#include "../command.h"
#include "../record/record.h"
#include "../setup/setup.h"
#include "../workspace.h"
#include "lint_files.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * The linters that this machine or the project has are run on the changed files, before and after,
 * in the sandbox: their configuration is the repository's. What is new is counted; messages are the
 * same when they differ in line numbers only.
 */
enum { LINT_TIMEOUT_MS = 120 * 1000, MAX_PATHS = 200, MAX_LINE = 256 * 1024, MAX_NEW = 20 };

struct linter {
    const char *name; /* the word of the marker line, and what is not installed */
    const char *line; /* what stands before the paths */
    const char *extensions;
    const char *globs;   /* the same, for git */
    const char *missing; /* said of it where it is not there; NULL: its name is enough */
};

static const struct linter linters[] = {
    {"shellcheck", "shellcheck -f gcc", " sh bash ", "'*.sh' '*.bash'", NULL},
    {"ruff", "ruff check --quiet --output-format concise", " py ", "'*.py'", NULL},
    {"pyflakes", "pyflakes3", " py ", "'*.py'", NULL},
    {"cppcheck", "cppcheck --quiet --template='{file}:{line}: {severity}: {message} [{id}]'",
     " c h cc cpp cxx hpp ", "'*.c' '*.h' '*.cc' '*.cpp' '*.cxx' '*.hpp'", NULL},
    {"eslint", "node_modules/.bin/eslint", " js jsx mjs cjs ts tsx ",
     "'*.js' '*.jsx' '*.mjs' '*.cjs' '*.ts' '*.tsx'",
     "eslint (the project's own is run, and node_modules/.bin/eslint is not there: setup in "
     ".github/vdo.yml may install it)"},
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

    (void)strbuf_adds(
        out, "lint() { if command -v \"$2\" >/dev/null; then echo \"== $1\"; lint=$1; shift; "
             "\"$@\" 2>&1; [ $? -lt 2 ] || echo \"== failed $lint\"; "
             "else echo \"== no $1\"; fi; }\n");
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

/* A linter that was to be run; globs: of the files that the command is given, "" when it takes
 * none.
 */
static void add_tool(json_t *lint, const struct linter *linter, const json_t *before,
                     const json_t *after)
{
    const char *name = linter->name;
    const json_t *now = json_object_get(after, name);
    json_t *fresh;
    size_t n;

    if (!now)
        return;
    if (js_bool(now, "missing", false)) {
        (void)json_array_append_new(json_object_get(lint, "missing"),
                                    json_string(linter->missing ? linter->missing : name));
        return;
    }
    if (js_bool(now, "failed", false)) {
        AUTO_FREE char *text = xasprintf("%s (it ended with an error)", name);

        (void)json_array_append_new(json_object_get(lint, "missing"), json_string(text));
        return;
    }
    fresh = lint_new(json_object_get(before, name), now);
    n = json_array_size(fresh);
    while (json_array_size(fresh) > MAX_NEW)
        (void)json_array_remove(fresh, MAX_NEW);
    (void)json_array_append_new(
        json_object_get(lint, "tools"),
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:o}", "name", name, "command", linter->line,
                  "of_files", linter->globs, "before",
                  (json_int_t)js_int(json_object_get(before, name), "n", 0), "after",
                  (json_int_t)js_int(now, "n", 0), "n_new", (json_int_t)n, "new", fresh));
}

static json_t *join(const json_t *own, const json_t *before, const json_t *after)
{
    json_t *lint = json_pack("{s:n, s:[], s:[]}", "skipped", "tools", "missing");
    size_t i;
    json_t *line;

    for (i = 0; i < N_LINTERS; i++)
        add_tool(lint, &linters[i], before, after);
    json_array_foreach (own, i, line) {
        const struct linter projects = {
            .name = js_str(line, "name", ""), .line = js_str(line, "run", ""), .globs = ""};

        add_tool(lint, &projects, before, after);
    }
    if (json_array_size(js_at(lint, "tools")) + json_array_size(js_at(lint, "missing")) == 0)
        (void)json_object_set_new(lint, "skipped",
                                  json_string("no linter said that it was run: what they printed "
                                              "was cut or empty"));
    return lint;
}

static json_t *lint_without(const char *reason)
{
    return json_pack("{s:s, s:[], s:[]}", "skipped", reason, "tools", "missing");
}

/* The project's own lines and eslint, where it may be installed, look at more than one file. */
static bool needs_tree(const struct job_run *run, const json_t *paths)
{
    AUTO_FREE char *modules = fs_join(worktree_dir(run->tree), "node_modules");

    return json_array_size(js_at(run->out, "survey.lint")) > 0 ||
           (any_for(&linters[ESLINT], paths) && (run->repo_config->n_setup || fs_exists(modules)));
}

/* Run the linters in dir. *out_why (free with free()) is set when that could not be done. */
static int run_in(struct job_run *run, const char *dir, const json_t *paths, json_t **out,
                  char **out_why, struct err *err)
{
    AUTO_STRBUF line = {0};
    struct sandbox_result done = {0};
    struct err why = {0};
    /* The project's own linters are among what setup installs. */
    int rc = needs_tree(run, paths) ? setup_run(run, dir, out_why, err) : VDO_OK;

    if (rc || *out_why)
        return rc;
    strbuf_init(&line, MAX_LINE);
    make_line(&line, js_at(run->out, "survey.lint"), paths, dir);
    rc = command_run(run, dir, line.ptr, LINT_TIMEOUT_MS, NULL, &done, NULL, &why);
    if (rc && rc != VDO_E_REFUSED)
        return err_set(err, why.code, "linters: %s", why.text);
    if (!rc && done.end == SANDBOX_CANCELLED)
        rc = err_set(err, VDO_E_CANCELLED, "asked to stop");
    else if (rc || done.end != SANDBOX_EXITED)
        *out_why = xasprintf("the linters could not be run: %s", rc ? why.text : done.limit);
    else
        *out = lint_read(done.output, workspace_place(run));
    if (rc != VDO_E_REFUSED)
        sandbox_result_release(&done);
    return rc == VDO_E_REFUSED ? VDO_OK : rc;
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

    run->runs_on = RUNS_ON_BASE;
    if (!rc)
        rc = run_in(run, dir, paths, out, out_why, err);
    run->runs_on = RUNS_ON_CHANGE;
    return rc;
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
        *out = lint_without(record_isolation(run));
    else
        return run_both(run, paths, out, err);
    return VDO_OK;
}
