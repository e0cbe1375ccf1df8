/*
 * find: how a project checks itself.
 *
 * What .github/vdo.yml names wins; else the project's own files tell (Makefile, package.json,
 * pyproject and pytest, go.mod, Cargo.toml, pom.xml, Gradle, CMake, configure). Threads: any.
 */
#ifndef VDO_CHECKS_FIND_H
#define VDO_CHECKS_FIND_H

#include "vdo/config/repo_config.h"

#include <stdbool.h>

#include <jansson.h>

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

#endif
