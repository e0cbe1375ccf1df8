#include "setup.h"

#include "setup_private.h"

#include "../record/record.h"
#include "../workspace.h"
#include "devcontainer.h"
#include "layers.h"
#include "lock_files.h"
#include "tree_list.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Changes when layers of before must not be used any more. */
static const char version[] = "2";
/* For the record: how often the commands were run. 0: what was kept served; 2: in the copy itself
 * too, because what they made could not be kept. */
static const char rounds_fact[] = "rounds of setup";

enum { SETUP_COMMANDS_AT_ONCE = 4 /* how many of the longest another job is waited for */ };

static struct layers layers_of(const struct config *config, const char *top)
{
    return (struct layers){.top = top, .max_bytes = config->sandbox.layers_bytes};
}

void setup_tidy(const struct config *config)
{
    AUTO_FREE char *top = fs_join(config->data_dir, "layers");
    const struct layers layers = layers_of(config, top);

    if (fs_is_dir(top))
        (void)layers_prune(&layers);
}

static void hash_of(struct job_run *run, const json_t *lock_files, char hex[SHA256_HEX_SIZE])
{
    const char *image = devcontainer_of(run);
    json_auto_t *all = json_pack("{s:s, s:s, s:s, s:s, s:[], s:O}", "version", version, "place",
                                 workspace_place(run), "image", image ? image : "", "sandbox",
                                 sandbox_describe(run->p->o.sandbox), "setup", "locks",
                                 (json_t *)(uintptr_t)lock_files);
    json_t *setup = json_object_get(all, "setup");

    for (size_t i = 0; i < run->repo_config->n_setup; i++) {
        const char *line = run->repo_config->setup[i];

        (void)json_array_append_new(setup, js_string_lossy(line, strlen(line)));
    }
    AUTO_FREE char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    sha256_hex(text, strlen(text), hex);
}

/* Does the copy already have something where the layer would go? */
static bool is_in_the_way(const struct layer *layer, const char *dir)
{
    for (size_t i = 0; i < layer_count(layer); i++) {
        AUTO_FREE char *path = fs_join(dir, layer_path(layer, i));
        struct stat st;

        if (lstat(path, &st) == 0)
            return true;
    }
    return false;
}

/* Why what setup has made cannot be a layer, or NULL. Free with free(). */
static char *why_not(const json_t *made, const char *changed)
{
    size_t i;
    json_t *item;

    if (changed)
        return xasprintf("setup changes files of the repository: %s", changed);
    if (json_array_size(made) == 0)
        return xstrdup("setup leaves nothing in the directory");
    if (json_array_size(made) > SANDBOX_MAX_MOUNTS)
        return xasprintf("setup fills more than %d directories", SANDBOX_MAX_MOUNTS);
    json_array_foreach (made, i, item) {
        const char *path = json_string_value(item);
        const char *slash = strrchr(path, '/');

        if (!lock_files_is_filled(slash ? slash + 1 : path))
            return xasprintf("setup makes %s, which is no directory of dependencies", path);
    }
    return NULL;
}

/* The commands went well in dir, which was as `before`: keep what they made, or remember why not.
 */
static int keep_or_refuse(struct job_run *run, const struct tree_list *before, const char *dir,
                          struct err *err)
{
    json_t *made = NULL;
    char *changed = NULL;
    char *why = NULL;
    struct err kept = {0};
    int rc = tree_list_compare(before, dir, &made, &changed, err);

    if (!rc)
        why = why_not(made, changed);
    if (!rc && why)
        rc = layer_refuse(run->layer, why, err);
    else if (!rc)
        rc = layer_keep(run->layer, dir, made, &kept);
    if (kept.code == VDO_E_REFUSED)
        rc = VDO_OK; /* remembered */
    else if (kept.code)
        (void)err_set(err, kept.code, "%s", kept.text);
    json_decref(made);
    free(changed);
    free(why);
    return rc;
}

/* In a copy of the base of its own, so that nothing of the change gets into the layer. */
static int make_layer(struct job_run *run, char **out_why, struct err *err)
{
    AUTO_FREE char *dir = NULL;
    struct tree_list *before = NULL;
    int rc = workspace_fresh_dir(run, "setup", &dir, err);

    if (!rc)
        rc = mirror_export(run->mirror, run_str(run, "checkout.base_sha"), dir, err);
    if (!rc)
        rc = tree_list_read(dir, &before, err);
    if (!rc)
        rc = setup_run_commands(run, dir, out_why, err);
    if (!rc && !*out_why)
        rc = keep_or_refuse(run, before, dir, err);
    tree_list_free(before);
    if (dir)
        (void)fs_remove_tree(dir, NULL);
    return rc;
}

/* The layer for the base of this job, in whatever state; *fresh: the commands were run for it just
 * now. Where it cannot be had the copy is set up by itself: run->layer is NULL. */
static int take_layer(struct job_run *run, const json_t *lock_files, bool *fresh, char **out_why,
                      struct err *err)
{
    const struct config *config = run->p->o.config;
    AUTO_FREE char *top = fs_join(config->data_dir, "layers");
    AUTO_FREE char *repository = workspace_key(run->job);
    const struct layers layers = layers_of(config, top);
    char hash[SHA256_HEX_SIZE];
    struct err why = {0};
    int rc = VDO_OK;

    hash_of(run, lock_files, hash);
    if (!run->layer)
        rc = layer_take(&layers, repository, hash,
                        config->sandbox.timeout_ms * SETUP_COMMANDS_AT_ONCE, run->lease->stop,
                        &run->layer, &why);
    if (!rc && layer_state(run->layer) == LAYER_TO_MAKE) {
        *fresh = true;
        rc = make_layer(run, out_why, &why);
        if (!rc && !*out_why && layer_state(run->layer) == LAYER_NOT)
            run_log(run, "info", "setup is run in each copy: %s", layer_why(run->layer));
    }
    if (rc == VDO_E_CANCELLED)
        return err_set(err, rc, "%s", why.text);
    if (rc)
        run_log(run, "warn", "what setup makes cannot be kept: %s", why.text);
    if (rc || *out_why) {
        layer_drop(run->layer);
        run->layer = NULL;
    }
    return VDO_OK;
}

static void use_layer(struct job_run *run, const char *dir)
{
    if (!run->layered)
        run->layered = json_object();
    (void)json_object_set_new(run->layered, dir, json_true());
}

static int set_up_by_layer(struct job_run *run, const char *dir, const json_t *lock_files,
                           int *rounds, bool *done, char **out_why, struct err *err)
{
    bool fresh = false;
    int rc = take_layer(run, lock_files, &fresh, out_why, err);

    *rounds += fresh;
    *done = true;
    if (rc || *out_why)
        return rc;
    *done = run->layer && layer_state(run->layer) == LAYER_READY && !is_in_the_way(run->layer, dir);
    if (*done)
        use_layer(run, dir);
    return VDO_OK;
}

/* Of a replay there are only the commands that were run then. */
static int replay_setup(struct job_run *run, const char *dir, char **out_why, struct err *err)
{
    json_auto_t *rounds = json_integer(0);
    int rc = record_fact(run, rounds_fact, &rounds, err);

    for (json_int_t i = json_integer_value(rounds); !rc && !*out_why && i > 0; i--)
        rc = setup_run_commands(run, dir, out_why, err);
    return rc;
}

static int set_up(struct job_run *run, const char *dir, int *rounds, char **out_why,
                  struct err *err)
{
    json_auto_t *lock_files = NULL;
    bool same = false;
    bool done = false;
    int rc = VDO_OK;

    if (run->p->o.config->sandbox.layers_bytes > 0)
        rc = lock_files_at_base(run, &lock_files, err);
    if (!rc && json_object_size(lock_files) > 0)
        rc = lock_files_same(run, lock_files, dir, &same, err);
    if (!rc && same)
        rc = set_up_by_layer(run, dir, lock_files, rounds, &done, out_why, err);
    if (rc || done)
        return rc;
    ++*rounds;
    return setup_run_commands(run, dir, out_why, err);
}

int setup_run(struct job_run *run, const char *dir, char **out_why, struct err *err)
{
    json_auto_t *fact = NULL;
    struct err why = {0};
    int rounds = 0;
    int kept;
    int rc;

    if (run->layered)
        (void)json_object_del(run->layered, dir);
    if (run->repo_config->n_setup == 0)
        return VDO_OK;
    if (run->p->replay)
        return replay_setup(run, dir, out_why, err);
    rc = set_up(run, dir, &rounds, out_why, err);
    fact = json_integer(rounds);
    kept = record_fact(run, rounds_fact, &fact, &why);
    return rc || !kept ? rc : err_set(err, why.code, "%s", why.text);
}

size_t setup_mounts(const struct job_run *run, const char *dir, struct sandbox_mount *out)
{
    size_t n = 0;

    if (!run->layer || !json_object_get(run->layered, dir))
        return 0;
    for (; n < layer_count(run->layer) && n < SANDBOX_MAX_MOUNTS; n++)
        out[n] = (struct sandbox_mount){.from = layer_from(run->layer, n),
                                        .to = layer_path(run->layer, n)};
    return n;
}
