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
static const char version[] = "3";
/* For the record: how often the commands were run. 0: what was kept served; 2: in the copy itself
 * too, because what they made could not be kept. */
static const char rounds_fact[] = "rounds of setup";

enum { SETUP_COMMANDS_AT_ONCE = 4 /* how many of the longest another job is waited for */ };

static struct layers layers_of(const struct config *config, const char *top)
{
    return (struct layers){.top = top, .max_bytes = config->sandbox.layers_bytes};
}

/* The sandbox wants absolute paths. NULL: it is not there. Free with free(). */
static char *find_top(const struct config *config)
{
    AUTO_FREE char *top = fs_join(config->data_dir, "layers");

    return realpath(top, NULL);
}

/* ... made when it is not. */
static int make_top(const struct config *config, char **out, struct err *err)
{
    AUTO_FREE char *top = fs_join(config->data_dir, "layers");
    int rc = fs_make_dirs(top, 0700, err);

    if (rc)
        return rc;
    *out = find_top(config);
    return *out ? VDO_OK : err_set(err, VDO_E_IO, "find %s", top);
}

void setup_tidy(const struct config *config)
{
    AUTO_FREE char *top = find_top(config);
    const struct layers layers = layers_of(config, top);

    if (top)
        (void)layers_prune(&layers);
}

static void hash_of(struct job_run *run, const json_t *lock_files, char hex[SHA256_HEX_SIZE])
{
    const char *image = devcontainer_of(run);
    json_auto_t *all = json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:[], s:O}", "version", version, "place", workspace_place(run),
        "image", image ? image : "", "sandbox", sandbox_describe(run->p->o.sandbox), "homes",
        sandbox_has_homes(run->p->o.sandbox), "setup", "locks", (json_t *)(uintptr_t)lock_files);
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

/* Links and files of such a name cannot be mounted in a copy. */
static bool is_directory(const char *dir, const char *path)
{
    AUTO_FREE char *full = fs_join(dir, path);
    struct stat st;

    return lstat(full, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Why what setup has made in dir cannot be a layer, or NULL. Free with free(). */
static char *why_not(const char *dir, const json_t *made, const char *changed)
{
    size_t i;
    json_t *item;

    if (changed)
        return xasprintf("setup changes files of the repository: %s", changed);
    if (json_array_size(made) > SANDBOX_MAX_MOUNTS)
        return xasprintf("setup fills more than %d directories", SANDBOX_MAX_MOUNTS);
    json_array_foreach (made, i, item) {
        const char *path = json_string_value(item);
        const char *slash = strrchr(path, '/');

        if (!lock_files_is_filled(slash ? slash + 1 : path))
            return xasprintf("setup makes %s, which is no directory of dependencies", path);
        if (!is_directory(dir, path))
            return xasprintf("setup makes %s, which is no directory", path);
    }
    return NULL;
}

/* What HOME began with is needed, too, though nothing came to it. */
static bool has_home(const struct layer_parts *parts)
{
    return parts->home_below || setup_fills_home(parts->home);
}

/* Why HOME keeps it from being one, or NULL. */
static char *why_not_home(struct job_run *run, const json_t *made, const struct layer_parts *parts)
{
    AUTO_FREE char *needed = NULL;

    if (json_array_size(made) == 0 && !has_home(parts))
        return xstrdup("setup leaves nothing in the directory or in HOME");
    if (sandbox_has_homes(run->p->o.sandbox))
        return NULL;
    if (json_array_size(made) == 0)
        return xasprintf("setup leaves something in HOME only, which cannot be kept here: %s",
                         sandbox_homes_why(run->p->o.sandbox));
    needed = setup_needs_home(parts->home);
    return needed ? xasprintf("setup leaves %.100s in HOME, which cannot be kept here: %s", needed,
                              sandbox_homes_why(run->p->o.sandbox)) :
                    NULL;
}

/* The commands went well in dir, which was as `before`: keep what they made, or remember why not.
 */
static int keep_or_refuse(struct job_run *run, const struct tree_list *before,
                          struct layer_parts *parts, struct err *err)
{
    json_t *made = NULL;
    json_auto_t *nothing = json_array();
    char *changed = NULL;
    char *why = NULL;
    struct err kept = {0};
    int rc = tree_list_compare(before, parts->dir, &made, &changed, err);

    if (rc)
        return rc;
    why = why_not(parts->dir, made, changed);
    parts->paths = why ? nothing : made;
    if (why && sandbox_has_homes(run->p->o.sandbox) && has_home(parts))
        parts->why = why;
    else if (!why)
        why = why_not_home(run, made, parts);
    if (!sandbox_has_homes(run->p->o.sandbox))
        parts->home = NULL;
    rc = why && !parts->why ? layer_refuse(run->layer, why, err) :
                              layer_keep(run->layer, parts, &kept);
    if (kept.code == VDO_E_REFUSED)
        rc = VDO_OK; /* remembered */
    else if (kept.code)
        (void)err_set(err, kept.code, "%s", kept.text);
    json_decref(made);
    free(changed);
    free(why);
    return rc;
}

/* Run the commands in dir, upon the HOME of the last layer. */
static int make_in(struct job_run *run, const char *dir, const struct layer *last, char **out_why,
                   struct err *err)
{
    AUTO_FREE char *home = workspace_home_of(dir);
    AUTO_FREE char *files = fs_join(home, "files");
    struct layer_parts parts = {
        .dir = dir, .home = files, .home_below = last ? layer_home(last) : NULL};
    struct tree_list *before = NULL;
    int rc = tree_list_read(dir, &before, err);

    if (!rc)
        rc = setup_begin(run, dir, parts.home_below, err);
    if (!rc)
        rc = setup_run_commands(run, dir, out_why, err);
    if (!rc && !*out_why)
        rc = keep_or_refuse(run, before, &parts, err);
    tree_list_free(before);
    return rc;
}

/* In a copy of the base of its own, so that nothing of the change gets into the layer. */
static int make_layer(struct job_run *run, const struct layers *layers, const char *repository,
                      char **out_why, struct err *err)
{
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *home = NULL;
    struct layer *last = NULL;
    int rc = workspace_fresh_dir(run, "setup", &dir, err);

    if (!rc)
        rc = mirror_export(run->mirror, run_str(run, "checkout.base_sha"), dir, err);
    if (!rc && sandbox_has_homes(run->p->o.sandbox))
        last = layers_last(layers, repository);
    if (!rc)
        rc = make_in(run, dir, last, out_why, err);
    layer_drop(last);
    if (dir) {
        setup_forget(run, dir);
        home = workspace_home_of(dir);
        (void)fs_remove_tree(dir, NULL);
        (void)fs_remove_tree(home, NULL);
    }
    return rc;
}

static void say_why(struct job_run *run)
{
    if (layer_state(run->layer) == LAYER_NOT)
        run_log(run, "info", "setup is run in each copy: %s", layer_why(run->layer));
    else if (layer_state(run->layer) == LAYER_HOME)
        run_log(run, "info", "setup is run in each copy, with what it leaves in HOME kept: %s",
                layer_why(run->layer));
}

static void drop_layer(struct job_run *run)
{
    layer_drop(run->layer);
    run->layer = NULL;
}

/*
 * The layer for the base of this job, in whatever state but to be made; where it cannot be had
 * run->layer is NULL.
 *
 * may_make  run the commands for it when nobody has; *fresh: that was done just now
 */
static int take_layer(struct job_run *run, const json_t *lock_files, bool may_make, bool *fresh,
                      char **out_why, struct err *err)
{
    const struct config *config = run->p->o.config;
    AUTO_FREE char *top = NULL;
    AUTO_FREE char *repository = workspace_key(run->job);
    char hash[SHA256_HEX_SIZE];
    struct err why = {0};
    int rc = make_top(config, &top, &why);
    const struct layers layers = layers_of(config, top);

    hash_of(run, lock_files, hash);
    if (!rc && !run->layer)
        rc = layer_take(&layers, repository, hash,
                        config->sandbox.timeout_ms * SETUP_COMMANDS_AT_ONCE, run->lease->stop,
                        &run->layer, &why);
    if (!rc && layer_state(run->layer) == LAYER_TO_MAKE && may_make) {
        *fresh = true;
        rc = make_layer(run, &layers, repository, out_why, &why);
        if (!rc && !*out_why)
            say_why(run);
    }
    if (rc == VDO_E_CANCELLED)
        return err_set(err, rc, "%s", why.text);
    if (rc)
        run_log(run, "warn", "what setup makes cannot be kept: %s", why.text);
    if (run->layer && (rc || *out_why || layer_state(run->layer) == LAYER_TO_MAKE))
        drop_layer(run);
    return VDO_OK;
}

static const char *home_of_layer(const struct job_run *run)
{
    return run->layer ? layer_home(run->layer) : NULL;
}

/* same: the copy has the manifests and lock files of the base. */
static int set_up_by_layer(struct job_run *run, const char *dir, const json_t *lock_files,
                           bool same, int *rounds, bool *done, char **out_why, struct err *err)
{
    bool fresh = false;
    int rc = take_layer(run, lock_files, same, &fresh, out_why, err);

    *rounds += fresh;
    *done = true;
    if (rc || *out_why)
        return rc;
    *done = same && run->layer && layer_state(run->layer) == LAYER_READY &&
            !is_in_the_way(run->layer, dir);
    rc = setup_begin(run, dir, home_of_layer(run), err);
    if (!rc && *done)
        setup_use_layer(run, dir);
    return rc;
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
    int rc = setup_begin(run, dir, NULL, err);

    if (!rc && run->p->o.config->sandbox.layers_bytes > 0)
        rc = lock_files_at_base(run, &lock_files, err);
    if (!rc && json_object_size(lock_files) > 0)
        rc = lock_files_same(run, lock_files, dir, &same, err);
    if (!rc && json_object_size(lock_files) > 0)
        rc = set_up_by_layer(run, dir, lock_files, same, rounds, &done, out_why, err);
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

    setup_forget(run, dir);
    if (run->repo_config->n_setup == 0)
        return VDO_OK;
    if (run->p->replay)
        return replay_setup(run, dir, out_why, err);
    rc = set_up(run, dir, &rounds, out_why, err);
    fact = json_integer(rounds);
    kept = record_fact(run, rounds_fact, &fact, &why);
    return rc || !kept ? rc : err_set(err, why.code, "%s", why.text);
}
