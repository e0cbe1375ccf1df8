/*
 * record: how the conversation of a recorded call is kept.
 *
 * Conversations only grow, so a call that goes on from the one recorded before it holds only what
 * is new: {"id", "after": id of the other request, "keep": how many of its turns, "turns": [the
 * rest], "schema_name"?}. Otherwise it is whole: {"id", "system", "turns", "tools",
 * "schema_name"?}. Secrets are hidden in both. Threads: any; known belongs to one thread.
 */
#ifndef VDO_MODEL_RECORD_H
#define VDO_MODEL_RECORD_H

#include "vdo/base/err.h"

#include <jansson.h>

/*
 * The whole of a request, without "id", "after" and "keep".
 *
 * known  an object that the caller makes, passes with every call of a job in their order, and frees
 * out    new reference; its turns are shared with known and not to be changed
 * Returns 0; VDO_E_NOT_FOUND when the request that it goes on from was not among those before;
 * VDO_E_INVALID for what is no recorded request.
 */
int model_record_expand(json_t *known, const json_t *request, json_t **out, struct err *err);

#endif
