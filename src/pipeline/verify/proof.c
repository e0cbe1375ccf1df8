#include "proof.h"

#include "../changes.h"
#include "../workspace.h"
#include "checks.h"
#include "reading.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/code/edit.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the files ---- */

static bool in_list(const json_t *list, const char *path)
{
    size_t i;
    json_t *one;

    json_array_foreach (list, i, one) {
        if (strcmp(json_string_value(one), path) == 0)
            return true;
    }
    return false;
}

/* {path: true} of what the builder had changed before the tester began; new reference. */
static int built_paths(struct job_run *run, json_t **out, struct err *err)
{
    struct diff diff = {0};
    int rc = changes_diff(run, run_str(run, "build.tree"), 0, &diff, err);

    if (rc)
        return rc;
    *out = json_object();
    for (size_t i = 0; i < diff.n_files; i++)
        (void)json_object_set_new(*out, diff.files[i].path, json_true());
    diff_release(&diff);
    return VDO_OK;
}

/* What looks like a test, and what the tester alone has touched: a list of tests in a build file,
 * for one. */
static bool belongs_to_tests(const struct job_run *run, const json_t *built, const char *path)
{
    return code_is_test_path(path) ||
           (in_list(js_at(run->out, "test.added"), path) && !json_object_get(built, path));
}

/* Test files of the change: [path] of those that stand in it, and of those it takes away. */
static int find_files(struct job_run *run, const char *tree, json_t *there, json_t *gone,
                      struct err *err)
{
    json_auto_t *built = NULL;
    struct diff diff = {0};
    int rc = built_paths(run, &built, err);

    if (!rc)
        rc = changes_diff(run, tree, 0, &diff, err);
    for (size_t i = 0; !rc && i < diff.n_files; i++) {
        const struct diff_file *file = &diff.files[i];

        if (file->old_path && belongs_to_tests(run, built, file->old_path))
            (void)json_array_append_new(gone, json_string(file->old_path));
        if (belongs_to_tests(run, built, file->path))
            (void)json_array_append_new(file->action == 'D' ? gone : there,
                                        json_string(file->path));
    }
    diff_release(&diff);
    return rc;
}

/* Programs stay programs. */
static void copy_mode(const char *from, const char *to, const char *path)
{
    struct stat st;
    int in = -1;
    int out = -1;

    if (path_open_in(from, path, O_RDONLY, 0, &in, NULL) == VDO_OK && fstat(in, &st) == 0 &&
        path_open_in(to, path, O_RDONLY, 0, &out, NULL) == VDO_OK)
        (void)fchmod(out, st.st_mode & 0777);
    if (in >= 0)
        (void)close(in);
    if (out >= 0)
        (void)close(out);
}

static int copy_file(struct job_run *run, const char *to, const char *path, struct err *err)
{
    const char *from = worktree_dir(run->tree);
    struct edit_options options = {.dir = to};
    AUTO_FREE char *bytes = NULL;
    json_auto_t *report = NULL;
    size_t len = 0;
    struct err why = {0};
    int rc = sandbox_read_file(from, path, VDO_MAX_ANSWER, &bytes, &len, &why);

    if (!rc)
        rc = edit_write(&options, path, bytes, len, &report, &why);
    if (!rc)
        copy_mode(from, to, path);
    if (rc == VDO_E_REFUSED || rc == VDO_E_TOO_LARGE || rc == VDO_E_NOT_FOUND) {
        run_log(run, "warn", "%s is not laid over the base: %s", path, why.text);
        return VDO_OK;
    }
    return rc ? err_set(err, why.code, "%s", why.text) : VDO_OK;
}

/* A copy of the base with the test files of the change. Free with free(). */
static int lay_over(struct job_run *run, const json_t *there, const json_t *gone, char **out,
                    struct err *err)
{
    AUTO_FREE char *dir = NULL;
    size_t i;
    json_t *path;
    int rc = workspace_fresh_dir(run, "proof", &dir, err);

    if (!rc)
        rc = mirror_export(run->mirror, run_str(run, "checkout.base_sha"), dir, err);
    json_array_foreach (gone, i, path) {
        AUTO_FREE char *full = fs_join(dir ? dir : "", json_string_value(path));

        if (!rc)
            (void)unlink(full);
    }
    json_array_foreach (there, i, path) {
        if (!rc)
            rc = copy_file(run, dir, json_string_value(path), err);
    }
    if (rc)
        return rc;
    *out = dir;
    dir = NULL;
    return VDO_OK;
}

/* ---- what it shows ---- */

struct tally {
    json_t *tests;
    int64_t more;
    int64_t proven;
    int64_t passing;
    int64_t failing;
};

struct sides {
    const json_t *base; /* {"before","again"} */
    const json_t *laid; /* the run on the base with the new tests */
    const json_t *head;
};

static const char *word_of(char state)
{
    return state == 'p' ? "passed" : state == 'f' ? "failed" : "skipped";
}

static bool ran_ok(const json_t *run)
{
    return js_bool(run, "result.ran", false) && js_bool(run, "result.ok", false);
}

static bool ran_badly(const json_t *run)
{
    return js_bool(run, "result.ran", false) && !js_bool(run, "result.ok", false);
}

/* How a test ended on the change. Quiet runners name what fails alone. */
static const char *at_head(const struct sides *s, const char *name)
{
    char state = reading_state(js_at(s->head, "reading"), name);

    if (state)
        return word_of(state);
    return ran_ok(s->head) ? "passed" : "not named";
}

/* How a test ended on the base with the new tests. */
static const char *at_base(const struct sides *s, const char *name)
{
    char state = reading_state(js_at(s->laid, "reading"), name);

    if (state)
        return word_of(state);
    return ran_badly(s->laid) ? "not built" : "not named";
}

static void count(struct tally *tally, const struct sides *s, const char *name, const char *base,
                  const char *head)
{
    bool failed_there = strcmp(base, "failed") == 0 || strcmp(base, "not built") == 0;
    bool passes = strcmp(head, "passed") == 0;

    tally->proven += failed_there && passes;
    tally->passing += !failed_there;
    tally->failing += strcmp(head, "failed") == 0;
    if (json_array_size(tally->tests) >= PROOF_MAX_TESTS)
        tally->more++;
    else
        (void)json_array_append_new(tally->tests,
                                    json_pack("{s:s, s:O, s:s, s:s, s:b}", "name", name, "check",
                                              json_object_get(s->head, "name"), "base", base,
                                              "head", head, "proves", failed_there && passes));
}

/* A test of the change: the base does not know it, or it did not fail there and does once its file
 * is that of the change. */
static bool is_of_change(const struct sides *s, const char *name)
{
    char was = reading_state(js_at(s->base, "before.reading"), name);

    if (reading_state(js_at(s->laid, "reading"), name) == 'f')
        return was != 'f';
    return !was && !js_bool(s->base, "before.reading.names_cut", false);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of a run that are of the change, and not of `but`; returns how many there are then. */
static size_t collect(const struct sides *s, const json_t *run, const json_t *but,
                      const char **found, size_t n)
{
    const char *name;
    json_t *state;

    json_object_foreach (js_at(run, "reading.names"), name, state) {
        if (is_of_change(s, name) && !(but && reading_state(js_at(but, "reading"), name)))
            found[n++] = name;
    }
    return n;
}

/* False when the check names no test of the change. */
static bool count_named(struct tally *tally, const struct sides *s)
{
    size_t most = json_object_size(js_at(s->head, "reading.names")) +
                  json_object_size(js_at(s->laid, "reading.names"));
    const char **found = xcalloc(most + 1, sizeof(*found));
    size_t n = collect(s, s->head, NULL, found, 0);

    n = collect(s, s->laid, s->head, found, n);
    qsort(found, n, sizeof(*found), by_text);
    for (size_t i = 0; i < n; i++)
        count(tally, s, found[i], at_base(s, found[i]), at_head(s, found[i]));
    free(found);
    return n > 0;
}

/* Exit codes stand for tests that are not named: only where the check passed at base without them
 * does its failing there tell anything. */
static bool count_by_exit(struct tally *tally, const struct sides *s)
{
    bool failed_there = ran_badly(s->laid);
    AUTO_FREE char *name = xasprintf("(check %s, by its exit code)", js_str(s->head, "name", ""));

    if (!ran_ok(js_at(s->base, "before")) || !js_bool(s->laid, "result.ran", false) ||
        !js_bool(s->head, "result.ran", false))
        return false;
    count(tally, s, name, failed_there ? "failed" : "passed",
          ran_ok(s->head) ? "passed" : "failed");
    return true;
}

static bool failed_twice(const json_t *base, const char *name)
{
    char again = reading_state(js_at(base, "again.reading"), name);

    return reading_state(js_at(base, "before.reading"), name) == 'f' && (!again || again == 'f');
}

/* Tests that failed at base and pass there once their files are those of the change: the tests were
 * mended, not what they test. */
static void add_eased(json_t *eased, const struct sides *s)
{
    const json_t *names = js_at(s->laid, "reading.names");
    const char **found = xcalloc(json_object_size(names) + 1, sizeof(*found));
    size_t n = 0;
    const char *name;
    json_t *state;

    json_object_foreach ((json_t *)(uintptr_t)names, name, state) {
        if (*json_string_value(state) == 'p' && failed_twice(s->base, name) &&
            reading_state(js_at(s->head, "reading"), name) == 'p')
            found[n++] = name;
    }
    qsort(found, n, sizeof(*found), by_text);
    for (size_t i = 0; i < n && json_array_size(eased) < PROOF_MAX_TESTS; i++)
        (void)json_array_append_new(eased, json_string(found[i]));
    free(found);
}

static json_t *tally_up(const struct verification *v, const json_t *laid, const json_t *files,
                        const char *tree)
{
    struct tally t = {.tests = json_array()};
    json_t *checks = json_array();
    json_t *eased = json_array();
    bool named = false;
    bool any_names = false;
    size_t i;
    json_t *head;

    json_array_foreach (v->head, i, head) {
        struct sides s = {json_array_get(v->base, i), json_array_get(laid, i), head};

        named = count_named(&t, &s) || named;
        any_names = any_names || json_object_size(js_at(head, "reading.names")) > 0;
        add_eased(eased, &s);
    }
    json_array_foreach (v->head, i, head) {
        struct sides s = {json_array_get(v->base, i), json_array_get(laid, i), head};
        bool by_exit = !named && count_by_exit(&t, &s);

        (void)json_array_append_new(
            checks,
            json_pack("{s:O, s:O, s:O, s:b}", "name", json_object_get(head, "name"), "run",
                      json_object_get(head, "run"), "base",
                      json_object_get(json_array_get(laid, i), "result"), "by_exit", by_exit));
    }
    return json_pack("{s:s, s:n, s:O, s:b, s:o, s:o, s:I, s:o, s:I, s:I, s:I}", "tree", tree,
                     "skipped", "files", files, "names", any_names, "eased", eased, "tests",
                     t.tests, "more_tests", (json_int_t)t.more, "checks", checks, "proven",
                     (json_int_t)t.proven, "passing_at_base", (json_int_t)t.passing, "failing",
                     (json_int_t)t.failing);
}

static json_t *without(const char *tree, const json_t *files, const char *reason)
{
    return json_pack("{s:s, s:s, s:O, s:[], s:i, s:[], s:i, s:i, s:i}", "tree", tree, "skipped",
                     reason, "files", files, "tests", "more_tests", 0, "checks", "proven", 0,
                     "passing_at_base", 0, "failing", 0);
}

int proof_make(struct job_run *run, const struct verification *v, const char *tree, json_t **out,
               struct err *err)
{
    json_auto_t *there = json_array();
    json_auto_t *gone = json_array();
    json_auto_t *laid = NULL;
    AUTO_FREE char *dir = NULL;
    int rc = find_files(run, tree, there, gone, err);

    if (rc)
        return rc;
    if (json_array_size(there) == 0) {
        *out = without(tree, there, "no test was added or changed");
        return VDO_OK;
    }
    rc = lay_over(run, there, gone, &dir, err);
    if (!rc)
        run_log(run, "check", "the new tests on the base commit");
    if (!rc)
        rc = checks_run(run, dir, js_at(run->out, "survey.checks"), &laid, err);
    if (!rc)
        *out = tally_up(v, laid, there, tree);
    return rc;
}
