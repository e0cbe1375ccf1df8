/*
 * assets: files that belong to the program: templates, workflows, prices, migrations, demo.
 *
 * They are embedded in the binary at build time. A directory given to assets_override() is asked
 * first, so that an operator can replace one template without building. Names are paths as in the
 * source tree: "templates/comments/progress.md", "config/workflows/build.yml",
 * "migrations/sqlite/0001_init.sql", "templates/pages/style.css".
 * Threads: assets_override() once at start; the rest from any.
 */
#ifndef VDO_BASE_ASSETS_H
#define VDO_BASE_ASSETS_H

#include "vdo/base/err.h"

#include <stddef.h>

/* Directory that holds replacements, or NULL. Copied. */
void assets_override(const char *dir);

/*
 * Load one asset as a NUL-terminated copy; free with free().
 * Returns 0; VDO_E_NOT_FOUND with the name in err; VDO_E_IO.
 */
int assets_load(const char *name, char **out_bytes, size_t *out_len, struct err *err);

/* The i-th embedded name in sorted order, or NULL past the last one. Static. */
const char *assets_name(size_t i);

#endif
