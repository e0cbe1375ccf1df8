/*
 * facts: what is computed of a change without running it, and by linters. Used inside pipeline
 * only.
 *
 *     {"tree": oid,
 *      "secrets", "allowed_secrets": as change_secrets_new(): "found", "allowed"
 *      "licences": [path],                      that have lost their header
 *      "sensitive": [{"path", "why"}],
 *      "syntax": {"checked": n, "unchecked": n, "broken": [{"path", "checker", "message",
 * "was_broken": bool}], "checkers": [name], "paths": [{"path", "checker"} of those that were
 * checked]}, "lint": {"skipped": reason or
 * null, "tools": [{"name", "before": n, "after": n, "n_new": n, "new": [text], "command",
 * "of_files": globs or ""}], "missing": [name]}}
 */
#ifndef VDO_PIPELINE_FACTS_H
#define VDO_PIPELINE_FACTS_H

#include "../run.h"

/* Of the worktree, whose tree id is given. New reference. */
int facts_make(struct job_run *run, const char *tree, json_t **out, struct err *err);
/*
 * The same without "lint", which is null.
 *
 * secrets  of the tree, as secrets_find()
 * what     names them in the record
 */
int facts_of_diff(struct job_run *run, const char *tree, const json_t *secrets, const char *what,
                  json_t **out, struct err *err);

/* ---- lint.c, lint_read.c ---- */

/* "lint" of the above; paths: of the files of the change that stand in it. */
int lint_make(struct job_run *run, const json_t *paths, json_t **out, struct err *err);
/* What linters printed, each behind its marker line "== NAME": {name: {"missing": bool, "messages":
 * {text without line numbers: n}, "n": n, "failed": true where "== failed NAME" follows}}; new
 * reference.
 *
 * root  the directory that they were run in: paths below it are told without it; NULL: none
 */
json_t *lint_read(const char *output, const char *root);
/* The messages of one linter that are more often there after than before (NULL: none was);
 * new reference. */
json_t *lint_new(const json_t *before, const json_t *after);

#endif
