#include "layers.h"

#include "home_merge.h"
#include "layers_private.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_AGAIN_MS = 50, MOST_WHY = 2000, MOST_RECORD = 1 << 20 };

struct layer {
    struct layers layers;
    char *base; /* data_dir/layers/<repository>/<hash> */
    int lock;
    enum layer_state state;
    char *why;
    json_t *record; /* layer.json */
    char **from;    /* one for each path */
    char *home;
};

static char *beside(const struct layer *layer, const char *suffix)
{
    return xasprintf("%s%s", layer->base, suffix);
}

static void forget(struct layer *layer)
{
    for (size_t i = 0; layer->from && layer->from[i]; i++)
        free(layer->from[i]);
    free(layer->from);
    json_decref(layer->record);
    free(layer->why);
    free(layer->home);
    layer->from = NULL;
    layer->record = NULL;
    layer->why = NULL;
    layer->home = NULL;
}

/* How things stand, by the files. It holds for as long as a lock is held. */
static void look(struct layer *layer)
{
    AUTO_FREE char *record = beside(layer, "/layer.json");
    AUTO_FREE char *refused = beside(layer, ".not");
    AUTO_FREE char *text = NULL;
    const json_t *paths;
    size_t len = 0;

    forget(layer);
    layer->state = LAYER_TO_MAKE;
    if (fs_read_file(refused, MOST_WHY, &layer->why, NULL, NULL) == 0) {
        layer->state = LAYER_NOT;
        return;
    }
    if (fs_read_file(record, MOST_RECORD, &text, &len, NULL) ||
        js_parse(text, len, &layer->record, NULL))
        return;
    paths = json_object_get(layer->record, "paths");
    layer->from = xcalloc(json_array_size(paths) + 1, sizeof(*layer->from));
    for (size_t i = 0; i < json_array_size(paths); i++)
        layer->from[i] = xasprintf("%s/files/%zu", layer->base, i);
    if (js_int(layer->record, "home_bytes", 0) > 0)
        layer->home = beside(layer, "/home");
    layer->state = LAYER_READY;
    if (js_str(layer->record, "why", NULL)) {
        layer->why = xstrdup(js_str(layer->record, "why", ""));
        layer->state = LAYER_HOME;
    }
}

/* Exclusive where there is something to make, shared where there is something to use. 0; 1: try
 * again, somebody else holds it or has changed it; -1 with errno. */
static int try_lock(struct layer *layer)
{
    enum layer_state before;

    look(layer);
    before = layer->state;
    if (flock(layer->lock, (before == LAYER_TO_MAKE ? LOCK_EX : LOCK_SH) | LOCK_NB))
        return errno == EWOULDBLOCK ? 1 : -1;
    look(layer);
    return layer->state == before ? 0 : 1;
}

static bool is_stale(const struct layer *layer)
{
    AUTO_FREE char *path = beside(layer, ".lock");
    struct stat by_name;
    struct stat ours;

    return stat(path, &by_name) || fstat(layer->lock, &ours) || by_name.st_ino != ours.st_ino;
}

static int open_lock(struct layer *layer, struct err *err)
{
    AUTO_FREE char *path = beside(layer, ".lock");

    if (layer->lock >= 0)
        (void)close(layer->lock);
    layer->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return layer->lock >= 0 ? VDO_OK :
                              err_set(err, VDO_E_IO, "open %s: %s", path, strerrordesc_np(errno));
}

static int wait_for_lock(struct layer *layer, int64_t wait_ms, const atomic_bool *cancel,
                         struct err *err)
{
    int64_t deadline = clock_mono_ms(clock_real()) + wait_ms;

    for (;;) {
        int rc = open_lock(layer, err);
        int tried = rc ? -1 : try_lock(layer);

        if (rc)
            return rc;
        if (tried == 0 && !is_stale(layer)) /* the janitor may have removed it */
            return VDO_OK;
        if (tried < 0)
            return err_set(err, VDO_E_IO, "lock %s: %s", layer->base, strerrordesc_np(errno));
        if (cancel && atomic_load(cancel))
            return err_set(err, VDO_E_CANCELLED, "asked to stop");
        if (clock_mono_ms(clock_real()) >= deadline)
            return err_set(err, VDO_E_TEMPORARY, "another job has not come to an end with it");
        if (tried == 1)
            (void)poll(NULL, 0, LOOK_AGAIN_MS);
    }
}

int layer_take(const struct layers *layers, const char *repository, const char *hash,
               int64_t wait_ms, const atomic_bool *cancel, struct layer **out, struct err *err)
{
    struct layer *layer = xcalloc(1, sizeof(*layer));
    AUTO_FREE char *dir = xasprintf("%s/%s", layers->top, repository);
    int rc = fs_make_dirs(dir, 0700, err);

    layer->layers = *layers;
    layer->lock = -1;
    layer->base = xasprintf("%s/%s", dir, hash);
    if (!rc)
        rc = wait_for_lock(layer, wait_ms, cancel, err);
    if (rc) {
        layer_drop(layer);
        return rc;
    }
    (void)futimens(layer->lock, NULL); /* the time of the last use */
    *out = layer;
    return VDO_OK;
}

struct layer *layer_try(const struct layers *layers, const char *base)
{
    struct layer *layer = xcalloc(1, sizeof(*layer));

    layer->layers = *layers;
    layer->lock = -1;
    layer->base = xstrdup(base);
    if (open_lock(layer, NULL) == VDO_OK && flock(layer->lock, LOCK_SH | LOCK_NB) == 0 &&
        !is_stale(layer)) {
        look(layer);
        if (layer->state == LAYER_READY || layer->state == LAYER_HOME)
            return layer;
    }
    layer_drop(layer);
    return NULL;
}

enum layer_state layer_state(const struct layer *layer)
{
    return layer->state;
}

const char *layer_why(const struct layer *layer)
{
    return layer->why ? layer->why : "";
}

size_t layer_count(const struct layer *layer)
{
    return json_array_size(json_object_get(layer->record, "paths"));
}

const char *layer_from(const struct layer *layer, size_t i)
{
    return layer->from[i];
}

const char *layer_path(const struct layer *layer, size_t i)
{
    return json_string_value(json_array_get(json_object_get(layer->record, "paths"), i));
}

const char *layer_home(const struct layer *layer)
{
    return layer->home;
}

int64_t layer_home_bytes(const struct layer *layer)
{
    return js_int(layer->record, "home_bytes", 0);
}

int layer_refuse(struct layer *layer, const char *why, struct err *err)
{
    AUTO_FREE char *path = beside(layer, ".not");
    size_t len = strlen(why);

    layer->state = LAYER_NOT;
    free(layer->why);
    layer->why = xstrdup(why);
    return fs_write_atomic(path, why, len < MOST_WHY ? len : MOST_WHY, 0600, err);
}

struct sizes {
    int64_t files;
    int64_t home; /* 0: there is none */
};

static int move(const char *from, const char *to, struct err *err)
{
    return rename(from, to) ? err_set(err, VDO_E_IO, "move %s: %s", from, strerrordesc_np(errno)) :
                              VDO_OK;
}

/* Move the directories together. */
static int gather(const char *files, const struct layer_parts *parts, struct err *err)
{
    int rc = fs_make_dirs(files, 0700, err);

    for (size_t i = 0; i < json_array_size(parts->paths) && !rc; i++) {
        AUTO_FREE char *from =
            fs_join(parts->dir, json_string_value(json_array_get(parts->paths, i)));
        AUTO_FREE char *to = xasprintf("%s/%zu", files, i);

        rc = move(from, to, err);
    }
    return rc;
}

static int gather_home(const char *home, const struct layer_parts *parts, struct sizes *sizes,
                       char **out_why, struct err *err)
{
    int64_t bytes = 0;
    int rc = parts->home_below ? home_merge(parts->home_below, parts->home, home, out_why, err) :
                                 move(parts->home, home, err);

    if (!rc && !*out_why)
        rc = layer_tidy(home, true, &bytes, out_why, err);
    sizes->home = bytes;
    if (!rc && !*out_why && rmdir(home) && errno != ENOTEMPTY && errno != EEXIST)
        rc = err_set(err, VDO_E_IO, "look at %s: %s", home, strerrordesc_np(errno));
    return rc;
}

static int write_record(const char *made, const struct layer_parts *parts,
                        const struct sizes *sizes, struct err *err)
{
    AUTO_FREE char *path = fs_join(made, "layer.json");
    json_int_t bytes = sizes->files + sizes->home;
    json_auto_t *record =
        json_pack("{s:O, s:I, s:I, s:s?}", "paths", (json_t *)(uintptr_t)parts->paths, "bytes",
                  bytes, "home_bytes", (json_int_t)sizes->home, "why", parts->why);
    AUTO_FREE char *text = json_dumps(record, JSON_COMPACT);

    return fs_write_atomic(path, text, strlen(text), 0600, err);
}

static int fill(const char *made, const struct layer_parts *parts, struct sizes *sizes,
                char **out_why, struct err *err)
{
    AUTO_FREE char *files = fs_join(made, "files");
    AUTO_FREE char *home = fs_join(made, "home");
    int rc = fs_remove_tree(made, err);

    if (!rc)
        rc = gather(files, parts, err);
    if (!rc)
        rc = layer_tidy(files, false, &sizes->files, out_why, err);
    if (!rc && !*out_why && parts->home)
        rc = gather_home(home, parts, sizes, out_why, err);
    return rc;
}

static int make(struct layer *layer, const char *made, const struct layer_parts *parts,
                char **out_why, struct err *err)
{
    struct sizes sizes = {0};
    int rc = fill(made, parts, &sizes, out_why, err);
    int64_t bytes = sizes.files + sizes.home;

    if (!rc && !*out_why && bytes > layer->layers.max_bytes)
        *out_why = xasprintf("it takes %lld MiB, more than sandbox.layers_mb",
                             (long long)(bytes / (int64_t)VDO_MIB));
    if (!rc && !*out_why)
        rc = write_record(made, parts, &sizes, err);
    if (!rc && !*out_why && rename(made, layer->base))
        rc = err_set(err, VDO_E_IO, "rename %s: %s", made, strerrordesc_np(errno));
    return rc;
}

int layer_keep(struct layer *layer, const struct layer_parts *parts, struct err *err)
{
    AUTO_FREE char *made = beside(layer, ".new");
    AUTO_FREE char *why = NULL;
    int rc = make(layer, made, parts, &why, err);

    if (rc || why)
        (void)fs_remove_tree(made, NULL);
    if (!rc && why) {
        rc = layer_refuse(layer, why, err);
        return rc ? rc : err_set(err, VDO_E_REFUSED, "%s", why);
    }
    if (rc)
        return rc;
    look(layer);
    (void)layers_prune(&layer->layers); /* ours is locked */
    (void)flock(layer->lock, LOCK_SH | LOCK_NB);
    return layer->state == LAYER_READY || layer->state == LAYER_HOME ?
               VDO_OK :
               err_set(err, VDO_E_IO, "read %s back", layer->base);
}

void layer_drop(struct layer *layer)
{
    if (!layer)
        return;
    if (layer->lock >= 0)
        (void)close(layer->lock);
    forget(layer);
    free(layer->base);
    free(layer);
}
