/*
 * agent_text: an answer without tool calls: edits in its text, a last word, or nothing usable. Used
 * inside pipeline only.
 *
 * Edits are applied all or nothing, as those of a tool are; a refusal goes back to the model. To a
 * model that was given tools only formats with marks count (a file in a fence may be a quotation);
 * one that works without (single.h) was asked for a format, and all are read.
 */
#ifndef VDO_PIPELINE_AGENT_TEXT_H
#define VDO_PIPELINE_AGENT_TEXT_H

#include "agent_state.h"

/* *out_done: the loop has ended with *out_end. A code when the job must stop. */
int agent_take_text(struct agent *agent, const struct model_result *result, const char *text,
                    bool *out_done, enum agent_end *out_end, struct err *err);

#endif
