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
 * What of the secrets in a change a repository allows, as its base branch says. Zeroed: nothing.
 * The values that VDO itself was configured with are never allowed.
 */
struct change_allow {
    char *const *globs; /* paths, as path_glob_match() reads them */
    size_t n_globs;
    /* Stands this line, which has a marker, at the base already? NULL: none does. */
    bool (*at_base)(void *arg, const char *line, size_t len);
    void *arg;
};

/* Says a line of itself that its secret is none: "vdo:allow-secret", "gitleaks:allow", "pragma:
 * allowlist secret"? */
bool change_has_marker(const char *line, size_t len);

/*
 * What was found in a change: {"found": [finding], "allowed": [finding]}, at most
 * CHANGE_MAX_FINDINGS in each. A finding is {"path", "line" of the new file or 0, "byte" of a
 * binary file, "place": "a.py:3" or "a.bin, byte 12", "kind": "GitHub token", "note": why it is
 * allowed, or why a marker does not count; ""}. New reference.
 */
json_t *change_secrets_new(void);
/*
 * Add the secrets in the added lines of a unified diff (git's form): keys and tokens of known
 * vendors by their published forms, private keys, passwords in URLs, high-entropy values given to
 * names like secret, token, password; and the values VDO itself was configured with (base/secret).
 * Obvious placeholders ("xxx", "example", "changeme", "${NAME}") are none.
 */
void change_secrets_diff(json_t *secrets, const char *diff, size_t len,
                         const struct change_allow *allow);
/*
 * Add those of a binary file, in UTF-16 too: published forms, private keys, configured values. What
 * the file held before is not told of. Archives are searched as they are, not unpacked.
 *
 * before  NULL: a new file
 */
void change_secrets_binary(json_t *secrets, const char *path, const char *before, size_t before_len,
                           const char *after, size_t after_len, const struct change_allow *allow);

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
