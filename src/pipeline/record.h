/*
 * record: what a job's commands gave, kept for a replay. Model calls are recorded by the model
 * room. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_RECORD_H
#define VDO_PIPELINE_RECORD_H

#include "run.h"

/* sandbox_run(), with its result recorded; of a replay: the recorded result, and nothing is run. */
int record_run(struct job_run *run, const char *line, const struct sandbox_spec *spec,
               struct sandbox_result *result, struct err *err);
/*
 * Something that decided which commands were run: when it happened it is recorded under this line;
 * of a replay: did it then? *out tells.
 */
int record_says(struct job_run *run, const char *line, bool happened, bool *out, struct err *err);
/* Can commands be run? Of a replay: could they then? */
bool record_can_run(const struct job_run *run);

/*
 * Something that was decided by what a replay does not have (which model answers). *io_text is kept
 * in the record under its name; of a replay it becomes what it was then.
 */
int record_choice(struct job_run *run, const char *what, char **io_text, struct err *err);
bool record_is_replay(const struct job_run *run);
/* Of a replay: did the next conversation of this step have tools? */
bool record_took_tools(const struct job_run *run);

/* The store's documents that hold commands; keys are "<job>/<step>/<attempt>/<number>". */
#define RECORD_COMMAND_KIND "job-command"

/* ---- replay.c ---- */

int replay_command(struct replay *replay, const char *step, const char *line,
                   struct sandbox_result *result, struct err *err);
bool replay_took_tools(const struct replay *replay, const char *step);
/* Is this what the record has next in the step? Then it is passed over. */
bool replay_says(struct replay *replay, const char *step, const char *line);
bool replay_could_run(const struct replay *replay);

#endif
