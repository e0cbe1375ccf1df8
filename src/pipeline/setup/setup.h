/*
 * setup: what a repository's checks need before they can be run. Used inside pipeline only.
 *
 * What setup may reach is said by the repository's configuration of the base branch: `allow` (some
 * hosts, through the sandbox's proxy), `setup_network` (all or nothing), else by sandbox.network of
 * the service. Checks reach nothing.
 *
 * Where setup only fills directories of dependencies (node_modules, vendor, .venv, ...) and HOME,
 * it is run once, in a copy of the base commit, and what it made is kept as a layer (layers.h) that
 * this and later jobs of the repository see read-only. The layer's name is a hash of the setup
 * commands, the manifests and lock files at the base, and what runs them. A copy whose manifests or
 * lock files differ from the base, or that has something where a layer would go, is set up by
 * itself; so is every copy when setup makes anything else, because that may depend on the sources.
 *
 * Each copy that is set up has a HOME of its own, which its setup and its checks share and which
 * ends with it. It begins with what the layer's setup left in HOME, whether or not the copy is set
 * up by itself: so package managers find there what they have fetched. A new layer's HOME begins
 * with that of the repository's last one. Where the host has no such homes (sandbox_try_homes()) a
 * setup that leaves anything but caches in HOME is run in each copy.
 */
#ifndef VDO_PIPELINE_SETUP_H
#define VDO_PIPELINE_SETUP_H

#include "../run.h"

/*
 * Run the setup commands of the repository's configuration in dir, in their order.
 *
 * out_why  left alone when all went well; else set to why the checks cannot be run; free with
 *          free()
 * Returns 0, or a code when the job must stop.
 */
int setup_run(struct job_run *run, const char *dir, char **out_why, struct err *err);

/* What setup_run() left for commands in dir: HOME, and the layer's mounts. Sets these members of
 * spec; what they point to is the run's, and mounts. */
void setup_apply(const struct job_run *run, const char *dir,
                 struct sandbox_mount mounts[SANDBOX_MAX_MOUNTS], struct sandbox_spec *spec);

/* Remove layers that are left over or too many; for the janitor. */
void setup_tidy(const struct config *config);

/* What setup may reach: "none", "allow" (each attempt is seen), "full" (attempts cannot be seen).
 * Static. */
const char *setup_reach(const struct job_run *run);

#endif
