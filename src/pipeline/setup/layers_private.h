/* What the files of layers share. */
#ifndef VDO_PIPELINE_LAYERS_PRIVATE_H
#define VDO_PIPELINE_LAYERS_PRIVATE_H

#include "layers.h"

/* The least that an entry counts, for its inode and name. */
enum { LAYER_ENTRY_BYTES = 4096 };

/*
 * Let everybody read what lies in dir, and nobody write it; count its bytes.
 *
 * is_home  take away the marks of an overlay (home_merge.h)
 * out_why  set when it cannot be kept; free with free()
 */
int layer_tidy(const char *dir, bool is_home, int64_t *out_bytes, char **out_why, struct err *err);

/* The layer with this base, data_dir/layers/<repository>/<hash>, when it is there and can be used
 * at once: LAYER_READY or LAYER_HOME. NULL otherwise. */
struct layer *layer_try(const struct layers *layers, const char *base);
/* What its HOME takes; 0: there is none. */
int64_t layer_home_bytes(const struct layer *layer);

#endif
