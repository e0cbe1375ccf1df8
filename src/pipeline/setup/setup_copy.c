#include "setup.h"

#include "setup_private.h"

#include "../workspace.h"
#include "layers.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>

int setup_begin(struct job_run *run, const char *dir, const char *below, struct err *err)
{
    AUTO_FREE char *home = workspace_home_of(dir);
    int rc = fs_remove_tree(home, err);

    if (rc)
        return rc;
    if (!run->set_up)
        run->set_up = json_object();
    (void)json_object_set_new(
        run->set_up, dir, json_pack("{s:s, s:s?, s:b}", "home", home, "below", below, "layer", 0));
    return VDO_OK;
}

void setup_use_layer(struct job_run *run, const char *dir)
{
    (void)json_object_set_new(json_object_get(run->set_up, dir), "layer", json_true());
}

void setup_forget(struct job_run *run, const char *dir)
{
    if (run->set_up)
        (void)json_object_del(run->set_up, dir);
}

void setup_apply(const struct job_run *run, const char *dir,
                 struct sandbox_mount mounts[SANDBOX_MAX_MOUNTS], struct sandbox_spec *spec)
{
    const json_t *copy = json_object_get(run->set_up, dir);

    spec->home = js_str(copy, "home", NULL);
    spec->home_below = js_str(copy, "below", NULL);
    spec->mounts = mounts;
    spec->n_mounts = 0;
    if (!run->layer || !js_bool(copy, "layer", false))
        return;
    for (size_t i = 0; i < layer_count(run->layer) && i < SANDBOX_MAX_MOUNTS; i++)
        mounts[spec->n_mounts++] = (struct sandbox_mount){.from = layer_from(run->layer, i),
                                                          .to = layer_path(run->layer, i)};
}
