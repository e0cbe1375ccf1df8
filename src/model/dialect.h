/*
 * dialect: our JSON Schemas in the form that every provider's structured answers take, and reading
 * what comes back.
 *
 * The common strict dialect: objects are closed and every property is required, an optional one
 * may be null instead; limits on numbers, lengths and patterns are words in the description (we
 * check them ourselves afterwards). Sources: the transformations in the providers' own clients.
 * Threads: any.
 */
#ifndef VDO_MODEL_DIALECT_H
#define VDO_MODEL_DIALECT_H

#include "vdo/base/err.h"

#include <jansson.h>

/* New reference. */
json_t *dialect_strict(const json_t *schema);

/*
 * Read a structured answer: the JSON value in text, with a fence or words around it tolerated,
 * nulls of optional properties taken out, checked against our schema. VDO_E_INVALID with words that
 * the model can act on. out is a new reference.
 */
int dialect_read(const json_t *schema, const char *text, json_t **out, struct err *err);

#endif
