#include "plan_files.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_NAMED = 20, SIMILAR = 3, MAX_TEXT = 16 * 1024 };

/* The path without its mark and without blanks around; "./" in front of it goes, too. */
static char *plain_path(const char *named, bool *out_new)
{
    static const char *const marks[] = {"(new)", "[new]", "(new file)"};
    size_t len = strlen(named);

    *out_new = false;
    while (*named == ' ' || strncmp(named, "./", 2) == 0) {
        size_t skip = *named == ' ' ? 1 : 2;

        named += skip;
        len -= skip;
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t n = strlen(marks[i]);

        while (len && named[len - 1] == ' ')
            len--;
        if (len > n && strncasecmp(named + len - n, marks[i], n) == 0) {
            *out_new = true;
            len -= n;
        }
    }
    while (len && named[len - 1] == ' ')
        len--;
    return xmemdup0(named, len);
}

static bool is_usable(const char *path)
{
    struct err why = {0};

    return path_check(path, &why) == VDO_OK;
}

static void add_unknown(struct job_run *run, const char *path, struct strbuf *out)
{
    const char *near[SIMILAR];
    size_t n = code_index_similar(run->index, path, SIMILAR, near);

    (void)strbuf_addf(out, "- %s", path);
    for (size_t i = 0; i < n; i++)
        (void)strbuf_addf(out, "%s%s", i ? ", " : "; near it: ", near[i]);
    (void)strbuf_addc(out, '\n');
}

char *plan_files_unknown(struct job_run *run, const json_t *plan)
{
    json_auto_t *seen = json_object();
    struct strbuf out;
    size_t i;
    size_t k;
    json_t *task;
    json_t *file;

    strbuf_init(&out, MAX_TEXT);
    (void)strbuf_adds(&out, "The plan names files that do not exist:\n");
    json_array_foreach (js_at(plan, "tasks"), i, task) {
        json_array_foreach (js_at(task, "files"), k, file) {
            bool is_new;
            AUTO_FREE char *path = plain_path(json_string_value(file), &is_new);

            if (is_new || !is_usable(path) || code_index_has_file(run->index, path) ||
                json_object_get(seen, path) || json_object_size(seen) >= MAX_NAMED)
                continue;
            (void)json_object_set_new(seen, path, json_true());
            add_unknown(run, path, &out);
        }
    }
    if (json_object_size(seen) == 0) {
        strbuf_release(&out);
        return NULL;
    }
    (void)strbuf_adds(&out, "Answer with the whole plan again: name files that exist, and write "
                            "\" (new)\" behind the path of each file that a task makes.");
    return strbuf_take(&out, NULL);
}

/* One path of a task, in its plain form; false when it is of no use. */
static bool settle(struct job_run *run, const char *named, json_t *files, json_t *new_files)
{
    bool is_new;
    AUTO_FREE char *path = plain_path(named, &is_new);
    struct err why = {0};
    bool exists = code_index_has_file(run->index, path);
    size_t i;
    json_t *other;

    if (path_check(path, &why)) {
        run_log(run, "warn", "the plan named a path that cannot be used: %s", why.text);
        return false;
    }
    json_array_foreach (files, i, other) {
        if (strcmp(json_string_value(other), path) == 0)
            return false;
    }
    (void)json_array_append_new(files, json_string(path));
    if (exists && is_new)
        run_log(run, "info", "the plan calls %s new; it exists", path);
    if (!exists && !is_new)
        run_log(run, "warn", "the plan names %s, which does not exist; it counts as new", path);
    if (!exists)
        (void)json_array_append_new(new_files, json_string(path));
    return true;
}

void plan_files_settle(struct job_run *run, json_t *plan)
{
    size_t i;
    size_t k;
    json_t *task;
    json_t *file;

    json_array_foreach (js_at(plan, "tasks"), i, task) {
        json_t *files = json_array();
        json_t *new_files = json_array();

        json_array_foreach (js_at(task, "files"), k, file)
            (void)settle(run, json_string_value(file), files, new_files);
        (void)json_object_set_new(task, "files", files);
        if (json_array_size(new_files))
            (void)json_object_set(task, "new_files", new_files);
        json_decref(new_files);
    }
}
