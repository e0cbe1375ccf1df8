/* stop: the names of the reasons why an answer ended, as records and scripts have them. */
#ifndef VDO_MODEL_STOP_H
#define VDO_MODEL_STOP_H

#include "vdo/model/model.h"

/* model_stop_name() the other way round. False, out untouched, when there is none of this name. */
bool stop_parse(const char *name, enum model_stop *out);

#endif
