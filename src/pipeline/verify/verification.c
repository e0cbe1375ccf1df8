#include "verification.h"

#include "../agent/ask.h"
#include "../changes.h"
#include "../workspace.h"
#include "checks.h"
#include "compare.h"
#include "failures.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* The store's documents that hold what the checks gave at a job's base; keys are "<job>/base". */
static const char base_kind[] = "job-base";

void verification_release(struct verification *v)
{
    json_decref(v->base);
    json_decref(v->head);
    json_decref(v->joined);
    free(v->said);
    *v = (struct verification){0};
}

int mender_init(struct agent *agent, struct job_run *run, struct err *err)
{
    json_auto_t *data = prompt_data(run);
    AUTO_STRBUF text = {0};
    struct diff diff = {0};
    char tree[GIT_OID_HEX_SIZE];
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    if (!rc)
        rc = changes_diff(run, tree, VDO_MAX_TOOL_OUTPUT * 2, &diff, err);
    if (!rc)
        rc = agent_init(agent, run, ROLE_BUILDER, data, err);
    if (!rc) {
        strbuf_init(&text, VDO_MAX_TOOL_OUTPUT * 3);
        (void)strbuf_addf(&text, "This has been changed so far:\n%s", diff.text);
        agent_tell(agent, text.ptr);
    }
    diff_release(&diff);
    return rc;
}

static const json_t *checks_of(const struct job_run *run)
{
    return js_at(run->out, "survey.checks");
}

static int run_on_base(struct job_run *run, const json_t *checks, json_t **out, struct err *err)
{
    AUTO_FREE char *dir = NULL;
    int rc = workspace_mirror(run, err);

    if (!rc)
        rc = workspace_fresh_dir(run, "before", &dir, err);
    if (!rc)
        rc = mirror_export(run->mirror, run_str(run, "checkout.base_sha"), dir, err);
    run->runs_on = RUNS_ON_BASE;
    if (!rc)
        rc = checks_run(run, dir, checks, out, err);
    run->runs_on = RUNS_ON_CHANGE;
    return rc;
}

static int run_on_head(struct job_run *run, const json_t *checks, json_t **out, struct err *err)
{
    AUTO_FREE char *dir = NULL;
    int rc = workspace_copy_tree(run, "after", &dir, err);

    return rc ? rc : checks_run(run, dir, checks, out, err);
}

/* The checks up to the last for which a second run is wanted: a check may need what those before it
 * have built. */
static json_t *wanted(const json_t *checks, const struct verification *v,
                      bool (*wants)(const struct check_runs *runs))
{
    json_t *list = json_array();
    size_t last = 0;
    size_t i;
    json_t *check;

    json_array_foreach (checks, i, check) {
        const json_t *base = json_array_get(v->base, i);
        struct check_runs runs = {.before = js_at(base, "before"),
                                  .before_again = js_at(base, "again"),
                                  .after = json_array_get(v->head, i)};

        (void)json_array_append(list, check);
        last = wants(&runs) ? i + 1 : last;
    }
    while (json_array_size(list) > last)
        (void)json_array_remove(list, last);
    return list;
}

/* The run of a check in a list of second runs, which holds some of the checks in their order. */
static json_t *second_of(const json_t *again, const json_t *run)
{
    size_t i;
    json_t *item;

    json_array_foreach (again, i, item) {
        if (json_equal(json_object_get(item, "name"), json_object_get(run, "name")) &&
            json_equal(json_object_get(item, "run"), json_object_get(run, "run")))
            return item;
    }
    return NULL;
}

static void set_again(json_t *base, const json_t *again)
{
    size_t i;
    json_t *item;

    json_array_foreach (base, i, item) {
        json_t *second = second_of(again, js_at(item, "before"));

        if (second)
            (void)json_object_set(item, "again", second);
    }
}

static int run_base(struct job_run *run, struct verification *v, struct err *err)
{
    json_auto_t *first = NULL;
    json_auto_t *twice = NULL;
    json_auto_t *again = NULL;
    size_t i;
    json_t *item;
    int rc = run_on_base(run, checks_of(run), &first, err);

    if (rc)
        return rc;
    v->base = json_array();
    json_array_foreach (first, i, item)
        (void)json_array_append_new(v->base, json_pack("{s:O, s:n}", "before", item, "again"));
    twice = wanted(checks_of(run), v, compare_wants_before_again);
    if (json_array_size(twice) == 0)
        return VDO_OK;
    run_log(run, "check", "failing at the base; %zu once more, to tell flaky tests",
            json_array_size(twice));
    rc = run_on_base(run, twice, &again, err);
    if (!rc)
        set_again(v->base, again);
    return rc;
}

int verification_before(struct job_run *run, struct verification *v, struct err *err)
{
    AUTO_FREE char *key = xasprintf("%s/base", run->job->id);
    int rc = run_base(run, v, err);

    return rc ? rc : store_doc_put(run->p->o.store, base_kind, key, v->base, err);
}

int verification_recall(struct job_run *run, struct verification *v, struct err *err)
{
    AUTO_FREE char *key = xasprintf("%s/base", run->job->id);

    if (v->base || store_doc_get(run->p->o.store, base_kind, key, &v->base, NULL) == VDO_OK)
        return VDO_OK;
    return verification_before(run, v, err);
}

static void join(struct verification *v, const json_t *again)
{
    json_t *joined = json_array();
    size_t i;
    json_t *item;

    json_array_foreach (v->head, i, item) {
        const json_t *base = json_array_get(v->base, i);
        struct check_runs runs = {.before = js_at(base, "before"),
                                  .before_again = js_at(base, "again"),
                                  .after = item,
                                  .after_again = second_of(again, item)};

        (void)json_array_append_new(joined, compare_runs(&runs));
    }
    json_decref(v->joined);
    v->joined = joined;
}

int verification_after(struct job_run *run, struct verification *v, struct err *err)
{
    json_t *head = NULL;
    json_auto_t *twice = NULL;
    json_auto_t *again = NULL;
    int rc = run_on_head(run, checks_of(run), &head, err);

    if (rc)
        return rc;
    json_decref(v->head);
    v->head = head;
    twice = wanted(checks_of(run), v, compare_wants_after_again);
    if (json_array_size(twice)) {
        run_log(run, "check", "newly failing; %zu once more, to tell flaky tests",
                json_array_size(twice));
        rc = run_on_head(run, twice, &again, err);
    }
    if (!rc) {
        join(v, again);
        run_so_far(run, "checks", v->joined);
    }
    return rc;
}

bool verification_failing(const json_t *joined)
{
    size_t i;
    json_t *item;

    json_array_foreach (joined, i, item) {
        if ((js_bool(item, "after.ran", false) || js_bool(item, "before.ran", false)) &&
            !js_bool(item, "after.ok", false))
            return true;
    }
    return false;
}

/* One round of mending. *out_changed: it changed something, and the checks were run again. */
static int mend_once(struct job_run *run, struct agent *builder, struct verification *v,
                     bool *out_changed, struct err *err)
{
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *reason = NULL;
    char was[GIT_OID_HEX_SIZE];
    char now[GIT_OID_HEX_SIZE];
    enum agent_end end;
    struct err why = {0};
    int rc = worktree_write_tree(run->tree, was, err);

    if (!rc)
        rc = failures_text(run, v->joined, &text, err);
    if (rc)
        return rc;
    v->rounds++;
    agent_tell(builder, text);
    (void)run_headline(run, NULL, "checks fail: round %d of %lld", v->rounds,
                       (long long)run->limits.fix_rounds);
    rc = agent_work(builder, &end, &why);
    if (rc && ask_can_go_on_without(run, rc, &why, &reason)) {
        run_log(run, "warn", "the builder could not mend the checks: %s", reason);
        return VDO_OK;
    }
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    free(v->said);
    v->said = xstrdup(builder->summary ? builder->summary : "");
    rc = worktree_write_tree(run->tree, now, err);
    *out_changed = !rc && strcmp(was, now) != 0;
    return *out_changed ? verification_after(run, v, err) : rc;
}

int verification_mend(struct job_run *run, struct verification *v, struct err *err)
{
    struct agent builder = {0};
    bool changed = true;
    int rc = VDO_OK;

    if (!failures_to_mend(run, v->joined))
        return VDO_OK;
    rc = mender_init(&builder, run, err);
    while (!rc && changed && v->rounds < run->limits.fix_rounds &&
           failures_to_mend(run, v->joined)) {
        changed = false;
        rc = mend_once(run, &builder, v, &changed, err);
    }
    agent_release(&builder);
    return rc;
}
