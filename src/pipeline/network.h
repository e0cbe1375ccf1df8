/*
 * network: what commands of a job tried to reach, for the checkpoints of its steps. Used inside
 * pipeline only.
 *
 * Every command is kept, whoever wanted it: setup, checks before and after, second runs, new tests
 * at the base, linters, the model's tools. The verdict tells attempts that the base makes as well
 * from new ones (docs/verdict.md). Threads: as the run.
 */
#ifndef VDO_PIPELINE_NETWORK_H
#define VDO_PIPELINE_NETWORK_H

#include "run.h"

#include "vdo/sandbox/sandbox.h"

enum {
    NETWORK_MAX_ATTEMPTS = 200 /* of one step: of setup, on the base, and on the change */,
    NETWORK_MAX_COMMAND = 200
};

/*
 * Keep what a command tried: result.network, or that it could not be seen; run->runs_on says where
 * it ran. What was refused and not known yet goes to the job's log. The record of a job gives the
 * same again.
 */
void network_keep(struct job_run *run, const char *command, const struct sandbox_spec *spec,
                  const struct sandbox_result *result);

/*
 * Put what was kept since the last call into the result of the step under way:
 *
 *     "network": [{"host","port","allowed","why","count","command","on"}]
 *
 * where there was any: the same attempt of the same command once; on is "setup", "base", "change"
 * or "both" (base and change); a command is cut at NETWORK_MAX_COMMAND bytes; the last one that
 * finds room has host "" and stands for all that find none. And "network_unseen":
 * true where a command without the host's network ran and nobody saw what it tried. Forgets them.
 */
void network_leave(struct job_run *run);

#endif
