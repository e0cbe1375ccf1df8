/*
 * setup: what a repository's checks need before they can be run. Used inside pipeline only.
 *
 * What setup may reach is said by the repository's configuration of the base branch: `allow` (some
 * hosts, through the sandbox's proxy), `setup_network` (all or nothing), else by sandbox.network of
 * the service. Checks reach nothing.
 */
#ifndef VDO_PIPELINE_SETUP_H
#define VDO_PIPELINE_SETUP_H

#include "run.h"

/*
 * Run the setup commands of the repository's configuration in dir, in their order.
 *
 * out_why  left alone when all went well; else set to why the checks cannot be run; free with
 *          free()
 * Returns 0, or a code when the job must stop.
 */
int setup_run(struct job_run *run, const char *dir, char **out_why, struct err *err);

/*
 * What setup commands of the step tried to reach so far, for its checkpoint:
 *
 *     [{"host","port","allowed","why","count","command"}]
 *
 * the same attempt of the same command once, however many copies it was set up in; [] when there
 * was none, or none could be seen (setup_reach() tells). At most SETUP_MAX_ATTEMPTS. New reference;
 * forgets them.
 */
#define SETUP_MAX_ATTEMPTS 200
json_t *setup_take_network(struct job_run *run);

/* What setup may reach: "none", "allow" (each attempt is seen), "full" (attempts cannot be seen).
 * Static. */
const char *setup_reach(const struct job_run *run);

#endif
