/*
 * proof: do the tests that the change brings fail without it, and pass with it? Used inside
 * pipeline only.
 *
 * The test files of the change are laid over a copy of the base commit, and the checks are run
 * there. A test proves a new behaviour when it fails there and passes on the change.
 *
 *     {"tree": oid, "skipped": reason or null, "files": [path],
 *      "tests": [{"name", "check", "base": "failed|passed|skipped|not built|not named",
 *                 "head": "passed|failed|skipped|not named", "proves": bool}],
 *      "more_tests": n beyond those listed,
 *      "names": do the checks name tests at all,
 *      "eased": [test that failed at base and passes there with its file as the change has it],
 *      "checks": [{"name", "run", "base": result, "by_exit": bool}],
 *      "proven": n, "passing_at_base": n, "failing": n}
 *
 * Where a check names no tests its exit codes stand for them: "by_exit". "not built": the checks
 * failed there and the test was not reached, as when it does not compile at base: that counts as
 * failing.
 */
#ifndef VDO_PIPELINE_PROOF_H
#define VDO_PIPELINE_PROOF_H

#include "verification.h"

enum { PROOF_MAX_TESTS = 200 };

/* After verification_after(). out: as above; new reference. 0, or a code when the job must stop. */
int proof_make(struct job_run *run, const struct verification *v, const char *tree, json_t **out,
               struct err *err);

#endif
