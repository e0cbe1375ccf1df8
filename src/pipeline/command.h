/*
 * command: one shell line run in the sandbox, for setup, checks, linters and the tool `run`. Used
 * inside pipeline only. Nothing of the repository runs without isolation.
 */
#ifndef VDO_PIPELINE_COMMAND_H
#define VDO_PIPELINE_COMMAND_H

#include "run.h"

/* What a command may reach. All zero: nothing. */
struct reach {
    bool network;             /* the host's network */
    const char *const *hosts; /* or NULL, or these through the proxy */
};

/*
 * Run a line in a copy of the tree, with what setup_run() left for commands there.
 *
 * timeout_ms   0: that of the service; never past the end of the job's time
 * reach        NULL: nothing
 * result       release after 0
 * out_reading  NULL, or as that of record_run()
 */
int command_run(struct job_run *run, const char *dir, const char *line, int64_t timeout_ms,
                const struct reach *reach, struct sandbox_result *result, json_t **out_reading,
                struct err *err);

#endif
