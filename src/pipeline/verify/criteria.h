/*
 * criteria: which acceptance criteria are covered, by which lines and which tests. Used inside
 * pipeline only.
 *
 * Builder and tester may end their summaries with lines "C1: tests/test_x.py::test_y"; a test whose
 * name holds a criterion's id names it too; and where there is one criterion, every new test is
 * about it. None of that is believed: a criterion is covered when a test so named stands in the
 * proof (proof.h), failed without the change and passes with it. For a job of type docs, refactor
 * or test, passing is enough.
 */
#ifndef VDO_PIPELINE_CRITERIA_H
#define VDO_PIPELINE_CRITERIA_H

#include "vdo/gitrepo/gitrepo.h"

#include <jansson.h>

/*
 * [{"id", "text", "covered": bool, "why": why it is not, or "", "files": [{"path", "lines"}],
 *   "tests": [{"name", "path": text or null, "line": n, "base", "head", "proves": bool}]}]
 *
 * type    of the job
 * points  checkpoints: refine, plan, build, test, and the proof of review or verify
 * New reference.
 */
json_t *criteria_make(const char *type, const json_t *points, const struct diff *diff);

#endif
