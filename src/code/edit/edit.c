#include "vdo/code/edit.h"

#include "commit.h"
#include "report.h"
#include "scan_answer.h"
#include "work.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

static const char *const FORMAT_NAMES[] = {
    [EDIT_AUTO] = "auto",
    [EDIT_WHOLE] = "whole",
    [EDIT_SEARCH_REPLACE] = "search_replace",
    [EDIT_UDIFF] = "udiff",
    [EDIT_APPLY_PATCH] = "apply_patch",
};

bool edit_format_parse(const char *name, enum edit_format *out)
{
    for (size_t i = 0; i < sizeof(FORMAT_NAMES) / sizeof(FORMAT_NAMES[0]); i++) {
        if (strcmp(name, FORMAT_NAMES[i]) == 0) {
            *out = (enum edit_format)i;
            return true;
        }
    }
    return false;
}

const char *edit_format_name(enum edit_format format)
{
    return FORMAT_NAMES[format];
}

int edit_recover(const char *dir, struct err *err)
{
    return commit_recover(dir, err);
}

/* One change to a tree from its start to its end. */
struct session {
    struct work work;
    struct refusal why;
    struct err err;
};

static int open_session(struct session *s, const struct edit_options *options)
{
    *s = (struct session){0};
    work_init(&s->work, options);
    if (!fs_is_dir(options->dir))
        return err_set(&s->err, VDO_E_INVALID, "%.300s is not a directory", options->dir);
    return options->dry_run ? VDO_OK : commit_recover(options->dir, &s->err);
}

/* A file cannot stand where another one needs a directory. */
static int check_tree(struct session *s)
{
    for (size_t i = 0; i < s->work.n; i++) {
        const struct work_file *a = s->work.files[i];
        size_t len = strlen(a->path);

        for (size_t k = 0; a->exists && k < s->work.n; k++) {
            const struct work_file *b = s->work.files[k];

            if (b->exists && strncmp(a->path, b->path, len) == 0 && b->path[len] == '/')
                return refuse(&s->why, REASON_EXISTS, "%s and %s cannot both be files", a->path,
                              b->path);
        }
    }
    return VDO_OK;
}

static int check_sizes(struct session *s)
{
    for (size_t i = 0; i < s->work.n; i++) {
        if (s->work.files[i]->exists && s->work.files[i]->len > VDO_MAX_SOURCE_FILE)
            return refuse(&s->why, REASON_TOO_LARGE, "%s would have %zu bytes; the limit is %lu",
                          s->work.files[i]->path, s->work.files[i]->len, VDO_MAX_SOURCE_FILE);
    }
    return VDO_OK;
}

static size_t collect_changes(const struct work *work, struct change *out)
{
    size_t n = 0;

    for (size_t i = 0; i < work->n; i++) {
        const struct work_file *file = work->files[i];

        if (!work_file_differs(file) || (!file->exists && !file->on_disk))
            continue;
        out[n++] = (struct change){.path = file->path,
                                   .bytes = file->exists ? file->bytes : NULL,
                                   .len = file->len,
                                   .mode = file->mode};
    }
    return n;
}

static int refuse_unchanged(struct session *s)
{
    for (size_t i = 0; i < s->work.n; i++) {
        if (s->work.files[i]->asked_nothing)
            return refuse(&s->why, REASON_EMPTY,
                          "the answer changes nothing: it replaces text of %s by itself",
                          s->work.files[i]->path);
    }
    return refuse(&s->why, REASON_ALREADY_APPLIED,
                  "the answer changes nothing: the files read as it wants them already");
}

static int commit_session(struct session *s)
{
    struct change *changes = xcalloc(s->work.n + 1, sizeof(*changes));
    size_t n;
    int rc = VDO_OK;

    for (size_t i = 0; i < s->work.n; i++)
        work_settle(s->work.files[i]);
    n = collect_changes(&s->work, changes);
    if (n == 0)
        rc = refuse_unchanged(s);
    if (rc == VDO_OK)
        rc = check_tree(s);
    if (rc == VDO_OK)
        rc = check_sizes(s);
    if (rc == VDO_OK && !s->work.options->dry_run)
        rc = commit_changes(s->work.options->dir, changes, n, &s->err);
    free(changes);
    return rc;
}

/* The JSON, the caller's error, and the end of the session. */
static int close_session(struct session *s, int rc, json_t **out_json, struct err *err)
{
    *out_json = report_json(&s->work, rc, &s->why, &s->err);
    if (rc == VDO_E_REFUSED)
        (void)err_set(err, VDO_E_REFUSED, "%s: %s", reason_name(s->why.reason),
                      s->why.message ? s->why.message : s->err.text);
    else if (rc)
        (void)err_set(err, s->err.code, "%s", s->err.text);
    work_release(&s->work);
    refusal_release(&s->why);
    return rc;
}

static int run_plan(struct session *s, enum edit_format format, const char *answer, size_t len,
                    struct edit_plan *plan)
{
    int rc = scan_answer(&s->work, format, answer, len, plan, &s->why);

    for (size_t i = 0; i < plan->n && rc == VDO_OK; i++)
        rc = work_do(&s->work, &plan->ops[i], &s->why, &s->err);
    return rc ? rc : commit_session(s);
}

int edit_apply_answer(const struct edit_options *options, enum edit_format format,
                      const char *answer, size_t len, json_t **out_json, struct err *err)
{
    struct edit_plan plan = {0};
    struct session s;
    int rc = open_session(&s, options);

    if (rc == VDO_OK && len > VDO_MAX_ANSWER)
        rc = refuse(&s.why, REASON_TOO_LARGE, "the answer has %zu bytes; the limit is %lu", len,
                    VDO_MAX_ANSWER);
    if (rc == VDO_OK)
        rc = run_plan(&s, format, answer, len, &plan);
    rc = close_session(&s, rc, out_json, err);
    plan_release(&plan);
    return rc;
}

int edit_replace(const struct edit_options *options, const char *path, const char *search,
                 const char *replace, json_t **out_json, struct err *err)
{
    struct edit_plan plan = {0};
    struct session s;
    int rc = open_session(&s, options);

    if (rc == VDO_OK)
        rc = replace_text(&s.work, &plan, path, search, replace, &s.why, &s.err);
    if (rc == VDO_OK)
        rc = commit_session(&s);
    rc = close_session(&s, rc, out_json, err);
    plan_release(&plan);
    return rc;
}

int edit_write(const struct edit_options *options, const char *path, const char *content,
               size_t len, json_t **out_json, struct err *err)
{
    struct session s;
    int rc = open_session(&s, options);

    if (rc == VDO_OK)
        rc = write_text(&s.work, path, content, len, &s.why, &s.err);
    if (rc == VDO_OK)
        rc = commit_session(&s);
    return close_session(&s, rc, out_json, err);
}

int edit_delete(const struct edit_options *options, const char *path, json_t **out_json,
                struct err *err)
{
    struct edit_plan plan = {0};
    struct session s;
    int rc = open_session(&s, options);

    (void)plan_add_op(&plan, OP_DELETE, xstrdup(path), EDIT_AUTO, 0);
    if (rc == VDO_OK)
        rc = work_do(&s.work, &plan.ops[0], &s.why, &s.err);
    if (rc == VDO_OK)
        rc = commit_session(&s);
    rc = close_session(&s, rc, out_json, err);
    plan_release(&plan);
    return rc;
}
