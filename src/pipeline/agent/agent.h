/*
 * agent: the tool loop of one role. Used inside pipeline only.
 *
 *     model call -> its tool calls, each answered -> model call -> ... until it ends
 *
 * It ends with finish; with an answer without tool calls after something was changed; at a limit of
 * turns, tokens, money or time; when the same call fails three times; or after three answers that
 * cannot be used. Edits that stand in an answer's text are applied as those of a tool are. A model
 * that takes no tools works without (single.h). Tool output is clipped head and tail. The
 * conversation only grows; when it no longer fits any model of the role, a new one is begun
 * (compact.h).
 */
#ifndef VDO_PIPELINE_AGENT_H
#define VDO_PIPELINE_AGENT_H

#include "agent_state.h"

/* "finish", "turns", "repeated", "no_answer"; static. */
const char *agent_end_name(enum agent_end end);

/* Start a conversation: templates/prompts/<role>.system.md and .user.md filled with data. */
int agent_init(struct agent *agent, struct job_run *run, enum role role, const json_t *data,
               struct err *err);
/* Loop until it ends. 0 and *out_end; or a code when the job must stop: VDO_E_LIMIT,
 * VDO_E_CANCELLED, VDO_E_TEMPORARY, ... */
int agent_work(struct agent *agent, enum agent_end *out_end, struct err *err);
void agent_release(struct agent *agent);

#endif
