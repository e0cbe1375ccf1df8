/*
 * change: what a diff alone tells, before anything is run: secrets that it adds, licence headers
 * that it loses, files that are sensitive.
 *
 * Pure functions over unified diffs and texts. A secret is never repeated: a finding names its kind
 * and place. Threads: any.
 */
#ifndef VDO_CHECKS_CHANGE_H
#define VDO_CHECKS_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define CHANGE_MAX_FINDINGS 50

/*
 * Secrets in the added lines of a unified diff (git's form): keys and tokens of known vendors by
 * their published forms, private keys, passwords in URLs, high-entropy values given to names like
 * secret, token, password; and the values VDO itself was configured with (base/secret). Obvious
 * placeholders ("xxx", "example", "changeme", "${NAME}") are none.
 *
 * [{"path", "line": of the new file, "kind": "GitHub token"}], at most CHANGE_MAX_FINDINGS; new
 * reference.
 */
json_t *change_secrets(const char *diff, size_t len);

/*
 * Has a file lost its licence header? before, after: the file's text on both sides. A header is an
 * SPDX-License-Identifier, a copyright line, or the words of a usual licence within the first 60
 * lines.
 */
bool change_lost_licence(const char *before, const char *after);

/* Why a path needs a human's look ("CI configuration", "dependencies", "authentication", ...), or
 * NULL. Static. */
const char *change_sensitive(const char *path);

#endif
