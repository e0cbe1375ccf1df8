/*
 * script: answers from a file instead of a model, for the demo, tests and whoever wants to see a
 * job run without a network. The file is read from disk, or from the program's assets.
 */
#ifndef VDO_MODEL_SCRIPT_H
#define VDO_MODEL_SCRIPT_H

#include "endpoint.h"

/*
 * The next answer of a role. Where none is left: VDO_E_INVALID that names the role and the turn.
 * *out_step is the index of the step among the role's, for the record.
 */
int script_answer(const struct model_session *session, const struct config_provider *provider,
                  const struct model_context *context, enum role role, const struct chat *chat,
                  struct wire_answer *answer, int64_t *out_step, struct err *err);
/* Can the file be read, and is it a script? */
int script_check(const struct config_provider *provider, struct err *err);

/* For tests: the answer at or behind position among the role's steps. */
int script_pick(const json_t *script, const char *role, int64_t position, const char *last_text,
                const json_t **out_answer, int64_t *out_step);

#endif
