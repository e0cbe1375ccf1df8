/*
 * replay: a job's record, and the pipeline run again from it.
 *
 * The record of a job is one JSON document: the job as it was asked for, the checkpoint of each
 * step, every model call (conversation and answer) and every command that was run in the sandbox
 * with its output. Answers of tools are in the conversations. A replay runs the same workflow on
 * the same files with the answers and command results of the record: no model is asked, no command
 * is run, nothing goes over a network. What the pipeline then says to the models and what the steps
 * leave behind must be what they were; the first difference is reported.
 *
 *     rc = record_export(store, data_dir, limits, id, false, &record, err);
 *     rc = replay_new(record, &replay, err);
 *     rc = replay_make_repository(replay, data_dir, "/tmp/x/project", err);
 *     (an app on a fresh data directory, forge local, all roles with one scripted provider)
 *     replay_install(replay, pipeline, model);
 *     rc = replay_submit(replay, jobs, store, "/tmp/x/project", new_id, err);
 *     rc = jobs_run_now(jobs, new_id, err);
 *     rc = replay_report(replay, store, new_id, &report, err);
 *
 * Left out of the comparison: durations, costs, names of the forge (branch, commit, pull request,
 * URLs), and the words for how the sandbox shuts in. Threads: one replay belongs to the threads of
 * one job.
 */
#ifndef VDO_PIPELINE_REPLAY_H
#define VDO_PIPELINE_REPLAY_H

#include "vdo/pipeline/pipeline.h"

#include <jansson.h>

/* Contents of the repository's files in one record; more is VDO_E_TOO_LARGE. */
#define RECORD_MAX_FILES_BYTES (16UL * 1024 * 1024)

/*
 * The record of a job, new reference. with_files: the files at its base commit go in, so that the
 * record can be replayed elsewhere; secrets are hidden everywhere. VDO_E_NOT_FOUND: no such job;
 * VDO_E_REFUSED: nothing to replay (it never came to a base commit, or the bodies of its calls
 * have been pruned).
 */
int record_export(struct store *store, const char *data_dir, const struct config_limits *limits,
                  const char *job_id, bool with_files, json_t **out, struct err *err);

struct replay;
/* record is borrowed for the replay's life. VDO_E_INVALID: it is no record, and why. */
int replay_new(const json_t *record, struct replay **out, struct err *err);
void replay_free(struct replay *replay);
/* Make a repository of the record's files in dir; data_dir (NULL: none) is where the mirror of the
 * job lies when the record holds no files. */
int replay_make_repository(const struct replay *replay, const char *data_dir, const char *dir,
                           struct err *err);
void replay_install(struct replay *replay, struct pipeline *pipeline, struct model *model);
int replay_submit(struct replay *replay, struct jobs *jobs, struct store *store, const char *dir,
                  char out_id[RAND_ID_SIZE], struct err *err);
/*
 * {"job", "identical": bool, "calls", "commands", "steps", "state", "recorded_state", "difference":
 * {"what", "where", "recorded", "now"} or null}; new reference.
 */
int replay_report(struct replay *replay, struct store *store, const char *id, json_t **out,
                  struct err *err);

#endif
