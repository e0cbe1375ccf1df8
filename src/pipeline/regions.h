/*
 * regions: the places of the code base that a request is most likely about, ranked without a model,
 * as the survey leaves them for prompts. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_REGIONS_H
#define VDO_PIPELINE_REGIONS_H

#include "run.h"

/*
 * The files that the request is about, best first: [{"path", "score", "reason", "line", "line_end",
 * "lines": "10-30", "url"}]. url is the forge's page of these lines at the base commit; it and
 * lines are missing where there is none. The index is open; new reference.
 */
int regions_rank(struct job_run *run, json_t **out, struct err *err);

/*
 * The text of the best ones at the base commit, within a budget: [{"path", "lines", "text",
 * "fence"}]. New reference; empty when nothing can be shown.
 */
json_t *regions_excerpts(struct job_run *run, const json_t *ranked);

#endif
