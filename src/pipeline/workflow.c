#include "workflow.h"

#include "vdo/base/assets.h"
#include "vdo/base/mem.h"
#include "vdo/config/yaml.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sorted by name. */
static const struct {
    const char *name;
    step_fn run;
} steps[] = {
    {"approve", step_approve}, {"build", step_build},       {"checkout", step_checkout},
    {"deliver", step_deliver}, {"plan", step_plan},         {"refine", step_refine},
    {"review", step_review},   {"snapshot", step_snapshot}, {"survey", step_survey},
    {"test", step_test},       {"verify", step_verify},
};

static int compare_name(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

step_fn step_find(const char *name)
{
    const size_t n = sizeof(steps) / sizeof(steps[0]);
    const void *hit = bsearch(name, steps, n, sizeof(steps[0]), compare_name);

    return hit ?
               steps[((const char *)hit - (const char *)steps) / (ptrdiff_t)sizeof(steps[0])].run :
               NULL;
}

static int read_step(const char *file, const struct yaml_doc *doc, size_t i, const json_t *item,
                     struct workflow_step *out, struct err *err)
{
    const char *name = js_str(item, "run", "");
    const char *state = js_str(item, "state", "");
    char path[32];
    int line;
    int column;

    (void)snprintf(path, sizeof(path), "steps.%zu", i);
    yaml_doc_place(doc, path, 0, &line, &column);
    out->run = step_find(name);
    if (!out->run)
        return err_set(err, VDO_E_INVALID, "%s:%d:%d: run: no step is called '%s'", file, line,
                       column, name);
    if (!job_state_parse(state, &out->state) || job_state_is_final(out->state))
        return err_set(err, VDO_E_INVALID, "%s:%d:%d: state: '%s' is not a state of a running job",
                       file, line, column, state);
    (void)snprintf(out->name, sizeof(out->name), "%s", name);
    return VDO_OK;
}

static int read_workflow(const char *file, const struct yaml_doc *doc, struct workflow *out,
                         struct err *err)
{
    json_t *list = js_at(yaml_doc_value(doc), "steps");
    size_t i;
    json_t *item;

    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > WORKFLOW_MAX_STEPS)
        return err_set(err, VDO_E_INVALID, "%s: steps: a list of 1 to %d steps is needed", file,
                       WORKFLOW_MAX_STEPS);
    json_array_foreach (list, i, item) {
        int rc = read_step(file, doc, i, item, &out->step[i], err);

        if (rc)
            return rc;
    }
    out->n = json_array_size(list);
    return VDO_OK;
}

int workflow_load(const char *name, struct workflow *out, struct err *err)
{
    AUTO_FREE char *file = xasprintf("config/workflows/%s.yml", name);
    AUTO_FREE char *text = NULL;
    struct yaml_doc *doc = NULL;
    struct workflow found = {0};
    size_t len;
    int rc;

    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(name))
        return err_set(err, VDO_E_NOT_FOUND, "no workflow is called '%s'", name);
    rc = assets_load(file, &text, &len, err);
    if (rc)
        return rc;
    rc = yaml_read(file, text, len, &doc, err);
    if (rc)
        return rc;
    rc = read_workflow(file, doc, &found, err);
    yaml_doc_free(doc);
    if (!rc)
        *out = found;
    return rc;
}

bool pipeline_has_workflow(const char *name)
{
    struct workflow workflow;

    return workflow_load(name, &workflow, NULL) == VDO_OK;
}
