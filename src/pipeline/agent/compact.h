/* compact: a conversation that has become too long, begun anew. Used inside pipeline only. */
#ifndef VDO_PIPELINE_COMPACT_H
#define VDO_PIPELINE_COMPACT_H

#include "agent_state.h"

/*
 * Replace the agent's conversation by a new one: the same system prompt and first message (task,
 * criteria, plan), what has been changed in the files so far, and the last turns in short. The old
 * one is never edited in its middle, which would break caches and signed reasoning.
 */
int compact_chat(struct agent *agent, struct err *err);

#endif
