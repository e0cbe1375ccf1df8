/* redact: JSON for the record, with the secrets in its strings hidden. */
#ifndef VDO_MODEL_REDACT_H
#define VDO_MODEL_REDACT_H

#include <jansson.h>

/* Compact text; free with free(). Each string is redacted by itself, so that the JSON stays whole
 * and escapes hide nothing. */
char *redact_json(const json_t *value);

#endif
