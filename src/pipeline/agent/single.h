/*
 * single: a role whose model takes no tools. Used inside pipeline only.
 *
 * The model is shown the files that its tasks name, and answers in text with edits, in the format
 * that suits it and the size of the files (edit_format_for(), docs/edits.md). Where it needs to see
 * more, it answers with lines "READ path first last" and "FIND expression" instead.
 */
#ifndef VDO_PIPELINE_SINGLE_H
#define VDO_PIPELINE_SINGLE_H

#include "agent_state.h"

/* Does the role's first provider take no tools? Of a replay: did it then? */
bool single_is_needed(struct job_run *run, enum role role);

/* What stands behind the first message: the format, and the files. Free with free(). */
int single_prompt(struct agent *agent, char **out, struct err *err);

/*
 * Answer the READ and FIND lines of an answer without edits. *out is what to tell the model, NULL
 * when there are none; free with free().
 */
int single_look_up(struct agent *agent, const char *text, char **out, struct err *err);

#endif
