/* What the files of layers share. */
#ifndef VDO_PIPELINE_LAYERS_PRIVATE_H
#define VDO_PIPELINE_LAYERS_PRIVATE_H

#include "vdo/base/err.h"

#include <stdint.h>

/*
 * Let everybody read what lies in made/files, and nobody write it; count its bytes.
 *
 * out_why  set when it cannot be kept; free with free()
 */
int layer_tidy(const char *made, int64_t *out_bytes, char **out_why, struct err *err);

#endif
