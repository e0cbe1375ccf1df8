/*
 * failures: what is told to the builder of checks that fail. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_FAILURES_H
#define VDO_PIPELINE_FAILURES_H

#include "../run.h"

/*
 * Does a joined list (compare.h) hold a failure that the builder should mend: one that is new, or
 * one that was there before and that the request is about?
 */
bool failures_to_mend(const struct job_run *run, const json_t *joined);

/* The instruction: for each failing check the failures as place, message and their lines; else the
 * end of its output; what is not the builder's is said to be so. Free with free(). */
int failures_text(const struct job_run *run, const json_t *joined, char **out, struct err *err);
/* What one run of checks_run() says of its failures: place, name, message and lines of each, and
 * compilers' errors; the end of its output where nothing was read; nothing of tests that pass. */
void failures_of_run(struct strbuf *out, const json_t *item);

#endif
