#include "facts.h"

#include "../changes.h"
#include "../record/record.h"
#include "../tools/tool.h"
#include "../workspace.h"
#include "secrets_find.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/checks/change.h"
#include "vdo/code/edit.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* One file on both sides; NULL where it is not, or not readable as text. */
struct sides {
    const char *path;
    char *before;
    size_t before_len;
    char *after;
    size_t after_len;
};

static void read_sides(struct job_run *run, const struct diff_file *file, struct sides *out)
{
    const char *old_path = file->old_path ? file->old_path : file->path;

    *out = (struct sides){.path = file->path};
    if (file->binary)
        return;
    if (file->action != 'A')
        (void)mirror_read_file(run->mirror, run_str(run, "checkout.base_sha"), old_path,
                               VDO_MAX_SOURCE_FILE, &out->before, &out->before_len, NULL);
    if (file->action != 'D')
        (void)sandbox_read_file(worktree_dir(run->tree), file->path, VDO_MAX_SOURCE_FILE,
                                &out->after, &out->after_len, NULL);
}

static void add_once(json_t *list, const char *text)
{
    size_t i;
    json_t *one;

    json_array_foreach (list, i, one) {
        if (strcmp(json_string_value(one), text) == 0)
            return;
    }
    (void)json_array_append_new(list, json_string(text));
}

static void raise(json_t *object, const char *name)
{
    (void)json_object_set_new(object, name, json_integer(js_int(object, name, 0) + 1));
}

static void look_at_syntax(const struct edit_parser *parser, const struct sides *s, json_t *syntax)
{
    struct edit_syntax now = {0};
    struct edit_syntax was = {0};

    edit_syntax_bytes(parser, s->path, s->after, s->after_len, &now);
    if (now.state == EDIT_SYNTAX_NONE) {
        raise(syntax, "unchecked");
        return;
    }
    raise(syntax, "checked");
    (void)json_array_append_new(json_object_get(syntax, "paths"),
                                json_pack("{s:s, s:s}", "path", s->path, "checker", now.checker));
    add_once(json_object_get(syntax, "checkers"), now.checker);
    if (now.state != EDIT_SYNTAX_BROKEN)
        return;
    if (s->before)
        edit_syntax_bytes(parser, s->path, s->before, s->before_len, &was);
    (void)json_array_append_new(json_object_get(syntax, "broken"),
                                json_pack("{s:s, s:s, s:o, s:b}", "path", s->path, "checker",
                                          now.checker, "message",
                                          js_string_lossy(now.message, strlen(now.message)),
                                          "was_broken", was.state == EDIT_SYNTAX_BROKEN));
}

static void look_at(struct job_run *run, const struct diff_file *file, json_t *facts)
{
    const struct edit_parser parser = tool_parser(run);
    const char *why = change_sensitive(file->path);
    struct sides s;

    if (why)
        (void)json_array_append_new(json_object_get(facts, "sensitive"),
                                    json_pack("{s:s, s:s}", "path", file->path, "why", why));
    read_sides(run, file, &s);
    if (s.before && s.after && change_lost_licence(s.before, s.after))
        (void)json_array_append_new(json_object_get(facts, "licences"), json_string(file->path));
    if (s.after)
        look_at_syntax(&parser, &s, json_object_get(facts, "syntax"));
    free(s.before);
    free(s.after);
}

static int look_at_files(struct job_run *run, const char *tree, json_t *facts, json_t *paths,
                         struct err *err)
{
    struct diff diff = {0};
    int rc = changes_diff(run, tree, 0, &diff, err);

    for (size_t i = 0; !rc && i < diff.n_files; i++) {
        look_at(run, &diff.files[i], facts);
        if (diff.files[i].action != 'D')
            (void)json_array_append_new(paths, json_string(diff.files[i].path));
    }
    diff_release(&diff);
    return rc;
}

static int make(struct job_run *run, const char *tree, const json_t *secrets, const char *what,
                json_t *paths, json_t **out, struct err *err)
{
    json_t *facts = json_pack("{s:s, s:O, s:O, s:[], s:[], s:{s:i, s:i, s:[], s:[], s:[]}, s:n}",
                              "tree", tree, "secrets", js_at(secrets, "found"), "allowed_secrets",
                              js_at(secrets, "allowed"), "licences", "sensitive", "syntax",
                              "checked", 0, "unchecked", 0, "broken", "checkers", "paths", "lint");
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = look_at_files(run, tree, facts, paths, err);
    if (!rc)
        rc = record_fact(run, what, &facts, err);
    if (rc)
        json_decref(facts);
    else
        *out = facts;
    return rc;
}

int facts_of_diff(struct job_run *run, const char *tree, const json_t *secrets, const char *what,
                  json_t **out, struct err *err)
{
    json_auto_t *paths = json_array();

    return make(run, tree, secrets, what, paths, out, err);
}

int facts_make(struct job_run *run, const char *tree, json_t **out, struct err *err)
{
    json_auto_t *paths = json_array();
    json_auto_t *secrets = NULL;
    json_t *facts = NULL;
    json_t *lint = NULL;
    int rc = secrets_find(run, tree, &secrets, err);

    if (!rc)
        rc = make(run, tree, secrets, "facts of the change", paths, &facts, err);
    if (!rc)
        rc = lint_make(run, paths, &lint, err);
    if (rc) {
        json_decref(facts);
        return rc;
    }
    (void)json_object_set_new(facts, "lint", lint);
    *out = facts;
    return VDO_OK;
}
