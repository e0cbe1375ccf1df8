/*
 * record: what a job's commands gave, kept for a replay. Model calls are recorded by the model
 * room. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_RECORD_H
#define VDO_PIPELINE_RECORD_H

#include "../run.h"

/*
 * sandbox_run() at workspace_place(), with its result recorded; of a replay: the recorded result,
 * and nothing is run.
 * What it tried to reach is kept for the step's checkpoint (network.h).
 *
 * out_reading  NULL, or set on success to what the output said about tests (reading.h), of all of
 *              it, though the result keeps head and tail only; new reference
 */
int record_run(struct job_run *run, const char *line, const struct sandbox_spec *spec,
               struct sandbox_result *result, json_t **out_reading, struct err *err);
/*
 * Something that this machine or its configuration decides and a replay on another must not decide
 * anew: *value is recorded; of a replay it is replaced by what was recorded then.
 *
 * what  names it, for the record; RECORD_FAILED_ROLE: a role failed with this text, which a replay
 *       gives it for an answer
 */
#define RECORD_FAILED_ROLE "why it went on without a role"
int record_fact(struct job_run *run, const char *what, json_t **value, struct err *err);
/* Can commands be run? Of a replay: could they then? */
bool record_can_run(const struct job_run *run);
/* What isolates them, or why nothing does; borrowed. Of a replay: as it was then. */
const char *record_isolation(const struct job_run *run);

bool record_is_replay(const struct job_run *run);
/* Of a replay: did the next conversation of this step have tools? */
bool record_took_tools(const struct job_run *run);

/* The store's documents that hold commands; keys are "<job>/<step>/<attempt>/<number>". */
#define RECORD_COMMAND_KIND "job-command"

/* ---- replay.c ---- */

int replay_command(struct replay *replay, const char *step, const char *line,
                   struct sandbox_result *result, json_t **out_reading, struct err *err);
int replay_fact(struct replay *replay, const char *step, const char *what, json_t **value,
                struct err *err);
bool replay_took_tools(const struct replay *replay, const char *step);
bool replay_could_run(const struct replay *replay);
/* "" when the job did not come to the step verify. */
const char *replay_isolation(const struct replay *replay);

#endif
