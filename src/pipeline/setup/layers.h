/*
 * layers: what setup commands have made, kept for later jobs of the repository. Used inside
 * pipeline only.
 *
 *     data_dir/layers/<repository>/<hash>/files/0, 1, ...   the directories made, read-only
 *     data_dir/layers/<repository>/<hash>/layer.json        {"paths": [where each belongs],
 * "bytes"} data_dir/layers/<repository>/<hash>.lock              held while a layer is made
 * (exclusive) or used (shared); its time is the last use data_dir/layers/<repository>/<hash>.not
 * why no layer can be kept for this hash data_dir/layers/<repository>/<hash>.new/ being made; left
 * over when nobody holds the lock
 *
 * A layer is made beside its place and renamed when it is whole, so a killed VDO leaves none that
 * is not. Locks are flock(2), so several processes may share data_dir. Threads: any; a layer
 * belongs to one.
 */
#ifndef VDO_PIPELINE_LAYERS_H
#define VDO_PIPELINE_LAYERS_H

#include "vdo/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct layers {
    const char *top;   /* data_dir/layers */
    int64_t max_bytes; /* of all layers; 0: none are kept */
};

enum layer_state {
    LAYER_READY,   /* use it */
    LAYER_TO_MAKE, /* nobody else can make it meanwhile: layer_keep(), layer_refuse() or drop */
    LAYER_NOT      /* none can be kept; layer_why() */
};

struct layer;

/*
 * Take the layer of this repository and hash. Waits while another job makes it, at most wait_ms.
 *
 * Returns 0, release with layer_drop(); VDO_E_TEMPORARY when the wait was in vain; VDO_E_CANCELLED;
 * VDO_E_IO.
 */
int layer_take(const struct layers *layers, const char *repository, const char *hash,
               int64_t wait_ms, const atomic_bool *cancel, struct layer **out, struct err *err);
enum layer_state layer_state(const struct layer *layer);
/* LAYER_NOT: the reason. Borrowed. */
const char *layer_why(const struct layer *layer);
/* LAYER_READY: how many directories, where the i-th is, and where in the tree it belongs.
 * Borrowed. */
size_t layer_count(const struct layer *layer);
const char *layer_from(const struct layer *layer, size_t i);
const char *layer_path(const struct layer *layer, size_t i);

/*
 * LAYER_TO_MAKE: move these directories of dir into the layer, which is LAYER_READY then. Everybody
 * may read what is kept, nobody may write it. Layers that were not used for the longest time are
 * removed for it.
 *
 * Returns 0; VDO_E_REFUSED when they cannot be kept (too large), which is remembered: LAYER_NOT;
 * VDO_E_IO.
 */
int layer_keep(struct layer *layer, const char *dir, const json_t *paths, struct err *err);
/* LAYER_TO_MAKE: remember that none can be kept. It is LAYER_NOT then. */
int layer_refuse(struct layer *layer, const char *why, struct err *err);
/* Let go of it. NULL is fine. */
void layer_drop(struct layer *layer);

/* Remove what is left over, and the layers not used for the longest time until all together take at
 * most max_bytes. Layers in use stay. Returns how many were removed. */
int layers_prune(const struct layers *layers);

#endif
