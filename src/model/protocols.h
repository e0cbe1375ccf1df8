/* protocols: which file of providers/ speaks the protocol of a provider. */
#ifndef VDO_MODEL_PROTOCOLS_H
#define VDO_MODEL_PROTOCOLS_H

#include "wire.h"

/* NULL for scripts, which have no wire. */
const struct provider_ops *protocol_ops(enum provider_api api);
const char *protocol_name(enum provider_api api);

#endif
