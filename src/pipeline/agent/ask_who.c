#include "ask.h"

#include "../record/record.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

struct call_view {
    const char *role;
    const char *step; /* NULL: any */
};

/* The last successful call of a role, "provider" and "model", in *out (null: none); and in builders
 * {provider: true} of those that have built. */
static int read_ledger(struct job_run *run, const struct call_view *view, json_t **out,
                       json_t *builders, struct err *err)
{
    struct model_call *calls = NULL;
    size_t n = 0;
    int rc = store_call_list(run->p->o.store, run->job->id, false, &calls, &n, err);

    *out = json_null();
    for (size_t i = 0; i < n; i++) {
        const struct model_call *call = &calls[i];

        if (call->ok && strcmp(call->role, role_name(ROLE_BUILDER)) == 0)
            (void)json_object_set_new(builders, call->provider, json_true());
        if (call->ok && strcmp(call->role, view->role) == 0 &&
            (!view->step || strcmp(call->step, view->step) == 0)) {
            json_decref(*out);
            *out = json_pack("{s:s, s:s}", "provider", call->provider, "model", call->model);
        }
        model_call_release(&calls[i]);
    }
    free(calls);
    return rc;
}

int ask_who(struct job_run *run, enum role role, json_t **out, struct err *err)
{
    struct call_view view = {role_name(role), run->step};
    json_auto_t *builders = json_object();
    json_t *who = NULL;
    int rc = read_ledger(run, &view, &who, builders, err);

    if (!rc && json_is_object(who))
        (void)json_object_set_new(
            who, "built",
            json_boolean(json_object_get(builders, js_str(who, "provider", "")) != NULL));
    if (!rc)
        rc = record_fact(run, "who answered", &who, err);
    if (rc) {
        json_decref(who);
        return rc;
    }
    json_decref(*out);
    *out = who;
    return VDO_OK;
}

int ask_others_first(struct job_run *run, const struct config_role *role, struct config_role *out,
                     struct err *err)
{
    struct call_view view = {role_name(ROLE_BUILDER), NULL};
    json_auto_t *builders = json_object();
    json_auto_t *last = NULL;
    int rc = read_ledger(run, &view, &last, builders, err);

    *out = (struct config_role){0};
    for (int built = 0; built < 2; built++) {
        for (size_t i = 0; i < role->n; i++) {
            if ((json_object_get(builders, role->provider[i]) != NULL) == (built == 1))
                out->provider[out->n++] = role->provider[i];
        }
    }
    return rc;
}
