/*
 * layers: what setup commands have made, kept for later jobs of the repository. Used inside
 * pipeline only. In data_dir/layers/<repository>:
 *
 *     <hash>/files/0, 1, ...  the directories made, read-only
 *     <hash>/home/            what was left in HOME, read-only; or none
 *     <hash>/layer.json       {"paths": [where each belongs], "bytes": of all, "home_bytes": 0
 *                             without a HOME, "why": null, or as layer_why()}
 *     <hash>.lock             held while a layer is made (exclusive) or used (shared); its time is
 *                             the last use
 *     <hash>.not              why no layer can be kept for this hash
 *     <hash>.new/             being made; left over when nobody holds the lock
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
    LAYER_HOME,    /* only HOME is kept: setup is run in each copy, upon it; layer_why() */
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
/* LAYER_NOT, LAYER_HOME: the reason. Borrowed. */
const char *layer_why(const struct layer *layer);
/* LAYER_READY: how many directories, where the i-th is, and where in the tree it belongs.
 * Borrowed. */
size_t layer_count(const struct layer *layer);
const char *layer_from(const struct layer *layer, size_t i);
const char *layer_path(const struct layer *layer, size_t i);
/* LAYER_READY, LAYER_HOME: where what was left in HOME is; NULL: nothing was. Borrowed. */
const char *layer_home(const struct layer *layer);

/*
 * Of the repository's layers with a HOME of at most a quarter of max_bytes the one that was used
 * last, that can be used at once: what a new one may begin with. NULL: there is none. A larger HOME
 * is begun anew, so that what nothing needs any more does not stay for ever. Release with
 * layer_drop(); it does not count as a use.
 */
struct layer *layers_last(const struct layers *layers, const char *repository);

/* What a layer is made of. */
struct layer_parts {
    const char *dir;        /* where setup was run */
    const json_t *paths;    /* the directories of dir that it made; may be empty */
    const char *home;       /* what its commands left in HOME; NULL: nothing */
    const char *home_below; /* what HOME began with (home_merge.h), or NULL */
    const char *why;        /* NULL, or why HOME alone is kept: paths is empty */
};

/*
 * LAYER_TO_MAKE: move these into the layer, which is LAYER_READY or LAYER_HOME then. Everybody may
 * read what is kept, nobody may write it. Layers that were not used for the longest time are
 * removed for it.
 *
 * Returns 0; VDO_E_REFUSED when they cannot be kept (too large), which is remembered: LAYER_NOT;
 * VDO_E_IO.
 */
int layer_keep(struct layer *layer, const struct layer_parts *parts, struct err *err);
/* LAYER_TO_MAKE: remember that none can be kept. It is LAYER_NOT then. */
int layer_refuse(struct layer *layer, const char *why, struct err *err);
/* Let go of it. NULL is fine. */
void layer_drop(struct layer *layer);

/* Remove what is left over, and the layers not used for the longest time until all together take at
 * most max_bytes. Layers in use stay. Returns how many were removed. */
int layers_prune(const struct layers *layers);

#endif
