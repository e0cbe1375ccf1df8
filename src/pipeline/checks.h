/*
 * checks: how a project checks itself, and running that in the sandbox. Used inside pipeline only.
 *
 * What .github/vdo.yml names wins; else the project's own files tell (Makefile, package.json,
 * pyproject and pytest, go.mod, Cargo.toml, pom.xml, Gradle, CMake, configure). Nothing of the
 * repository runs without isolation.
 */
#ifndef VDO_PIPELINE_CHECKS_H
#define VDO_PIPELINE_CHECKS_H

#include "run.h"

/* Where checks_find() looks files up: the root of the tree at the base commit. */
typedef bool (*checks_read_fn)(void *arg, const char *path, char **out_text);

/*
 * The checks of a project: [{"name","run","timeout_ms","source"}], [] when nothing is found; new
 * reference. `read` gives a file's text (freed by the caller) or false. Pure but for `read`, so
 * that it can be tested on any tree.
 */
json_t *checks_find(checks_read_fn read, void *arg);

/* Those of the repository's configuration, or NULL when it names none; new reference. */
json_t *checks_configured(const struct repo_config *config);

/*
 * Run the setup commands and then each check in dir. out:
 * [{"name","run","result":{"ran","ok","exit","ms","why"},"output"}]; new reference. A check that
 * could not be run has ran:false and says why. Returns 0, or a code when the job must stop.
 */
int checks_run(struct job_run *run, const char *dir, const json_t *checks, json_t **out,
               struct err *err);

/* "passed", "failed (exit 2)", "not run: ...": of one result. buf of at least 160 bytes. Returns
 * buf. */
char *checks_result_text(const json_t *result, char *buf, size_t size);

/* Run one shell line in a copy of the tree, as the tool `run` does. Release result after 0. */
int checks_run_line(struct job_run *run, const char *dir, const char *line, int64_t timeout_ms,
                    bool network, struct sandbox_result *result, struct err *err);

#endif
