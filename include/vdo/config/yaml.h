/*
 * yaml: VDO's subset of YAML 1.2 as JSON, with the place of every value.
 *
 * No anchors, aliases, tags or multiple documents; VDO_MAX_YAML_BYTES and VDO_MAX_YAML_DEPTH;
 * duplicate keys and invalid UTF-8 are errors. Plain scalars: null ~ true false, decimal integers
 * and decimals become JSON values; everything else and everything quoted is a string (yes, no, on,
 * off are strings). Used for vdo.yml, .github/vdo.yml and workflows. Source: YAML 1.2.2, core
 * schema; libyaml's event interface. Threads: any.
 */
#ifndef VDO_CONFIG_YAML_H
#define VDO_CONFIG_YAML_H

#include "vdo/base/err.h"

#include <stddef.h>

#include <jansson.h>

struct yaml_doc; /* the value and where each part stands */

/*
 * name: for errors. They read "vdo.yml:3:7: workers: duplicate key (first on line 1)".
 * Returns 0; VDO_E_INVALID; VDO_E_TOO_LARGE.
 */
int yaml_read(const char *name, const char *bytes, size_t len, struct yaml_doc **out,
              struct err *err);
void yaml_doc_free(struct yaml_doc *doc);
/* Borrowed; JSON null for an empty document. */
const json_t *yaml_doc_value(const struct yaml_doc *doc);
/* 1-based line and column of the value at the path ("github.app_id", "checks.0.run"); of its key
 * with key_too. 0,0 when there is none. */
void yaml_doc_place(const struct yaml_doc *doc, const char *path, int key_too, int *out_line,
                    int *out_column);
/* The scalar at the path as it was written, before it became a JSON value; NULL when there is none.
 * Borrowed. */
const char *yaml_doc_text(const struct yaml_doc *doc, const char *path);

#endif
