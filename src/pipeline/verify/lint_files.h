/*
 * lint_files: folders for linters that look at one file at a time. Used by lint only.
 *
 * They hold the changed files and the linters' configuration, from one side of the change, and
 * nothing else: a copy of all of a large repository, twice, would take longer than the rest of the
 * job.
 */
#ifndef VDO_PIPELINE_LINT_FILES_H
#define VDO_PIPELINE_LINT_FILES_H

#include "../run.h"

/*
 * Make a folder with the files of the list that are there: after the change, or at the base commit.
 *
 * paths  relative, of the repository
 * out    its absolute path; free with free()
 * Files that are links, too large or not safe to write are left out. Returns 0, or a code when the
 * job must stop.
 */
int lint_files_after(struct job_run *run, const json_t *paths, char **out, struct err *err);
int lint_files_before(struct job_run *run, const json_t *paths, char **out, struct err *err);

#endif
