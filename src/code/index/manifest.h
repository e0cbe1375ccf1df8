/*
 * manifest: the commands that a package's manifest names, as symbols of kind "script".
 *
 * package.json and composer.json: the members of "scripts". Threads: any.
 */
#ifndef VDO_CODE_INDEX_MANIFEST_H
#define VDO_CODE_INDEX_MANIFEST_H

#include "facts.h"

#include <stddef.h>

typedef void (*manifest_fn)(void *arg, const struct facts_symbol *symbol);
/* name: the last component of the path. Other files, and JSON that cannot be read, give nothing. */
void manifest_symbols(const char *name, const char *bytes, size_t len, manifest_fn fn, void *arg);

#endif
