/*
 * find: how a project checks itself, which files decide about its setup, and what its checks leave.
 *
 * What .github/vdo.yml names wins; else the project's own files tell. A file that bundles the rest
 * (a Makefile, justfile or Taskfile with a target check or test) is taken alone; else every
 * ecosystem that is found has its check, in the order of the table in docs/checks.md. Commands do
 * not reach for the network. Threads: any.
 */
#ifndef VDO_CHECKS_FIND_H
#define VDO_CHECKS_FIND_H

#include "vdo/checks/results.h"
#include "vdo/config/repo_config.h"

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* Where checks_find() looks files up: the tree at the base commit. */
struct checks_tree {
    void *arg;
    /* The text of a file; freed by the caller. False: there is none. */
    bool (*read)(void *arg, const char *path, char **out_text);
    /* The first path of the tree that a glob matches, as path_glob_match() reads it; freed by the
     * caller. False: none does. */
    bool (*find)(void *arg, const char *glob, char **out_path);
};

/* The checks of a project: [{"name","run","timeout_ms","source"}], [] when nothing is found; new
 * reference. */
json_t *checks_find(const struct checks_tree *tree);

/* What looks at the source without running it (scripts lint and typecheck, ruff, a target lint), in
 * the same shape: to be compared before and after, not to be passed. New reference. */
json_t *checks_find_lint(const struct checks_tree *tree);

/* Those of the repository's configuration, or NULL when it names none; new reference. */
json_t *checks_configured(const struct repo_config *config);

/* Names of files, in any folder, whose content decides what a setup installs: lock files, the
 * manifests beside them, versions of tools. As fnmatch(3) reads them; NULL-ended, sorted; static.
 */
const char *const *checks_lock_files(void);

/* Where JUnit XML is usually left, as path_glob_match() reads it. NULL-ended; static. */
const char *const *checks_junit_globs(void);

#define CHECKS_MAX_JUNIT_FILES 1000
#define CHECKS_MAX_ENTRIES     200000 /* files and folders looked at */

/*
 * Read the JUnit files that a run has left below dir. Links are not followed, whatever the run has
 * planted; packages' folders (node_modules, .git, ...) are passed over; files that were last
 * changed before since_ms (milliseconds since the epoch) are not of this run, whatever times they
 * were given. All files together are held to RESULTS_MAX_JUNIT bytes.
 *
 * out_files  [{"path","why": text or null}], why one was not read, or not to its end; new reference
 * Returns 0, VDO_E_IO when dir cannot be read, VDO_E_TOO_LARGE past a cap (what was read before
 * counts, out_files is set). Not for use while a run in dir is going on.
 */
int checks_read_junit(const char *dir, int64_t since_ms, struct results *results,
                      json_t **out_files, struct err *err);

#endif
