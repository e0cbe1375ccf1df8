/*
 * schema: does a JSON value have the shape we asked a model for?
 *
 * The subset of JSON Schema that all providers take in structured answers: type (also a list of
 * types), properties, required, additionalProperties:false, items, enum, const, anyOf, plus
 * minItems, maxItems, minLength, maxLength, minimum, maximum, which we check ourselves. Other
 * keywords are ignored. Threads: any.
 */
#ifndef VDO_JSON_SCHEMA_H
#define VDO_JSON_SCHEMA_H

#include "vdo/base/err.h"

#include <jansson.h>

/* 0, or VDO_E_INVALID with "tasks[0].files: expected array, got string": the text goes back to the
 * model. */
int schema_check(const json_t *schema, const json_t *value, struct err *err);

#endif
