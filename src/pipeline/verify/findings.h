/*
 * findings: what a reviewer says, held against the files it speaks of. Used inside pipeline only.
 *
 * A finding about a file that the change does not touch, about a line that is not there, or with a
 * quote that its file does not hold, is dropped, and said to be. A quote that stands on another
 * line moves the finding there.
 */
#ifndef VDO_PIPELINE_FINDINGS_H
#define VDO_PIPELINE_FINDINGS_H

#include "../run.h"

/*
 * Give each finding "state": "open" or "dropped", with "why", and append it to all. A finding that
 * an earlier round had open already takes its place there.
 *
 * diff  of the change
 * Returns the open ones, new reference.
 */
json_t *findings_sort(struct job_run *run, const struct diff *diff, const json_t *findings,
                      json_t *all);

/* "fixed" for those of the open findings whose place differs between two trees. 0 or an error. */
int findings_mark(struct job_run *run, const char *was, const char *now, const json_t *open,
                  struct err *err);

#endif
