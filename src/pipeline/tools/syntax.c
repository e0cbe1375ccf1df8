#include "tool.h"

#include "../record/record.h"
#include "../workspace.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MS = 10000,
    MEMORY_MIB = 1024,
    DISK_MIB = 16,
    PIDS = 64, /* node and gofmt start a dozen threads */
    MAX_ARGV = 16,
};

static int write_input(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "we");
    bool ok = file && fwrite(bytes, 1, len, file) == len;

    if (file && fclose(file))
        ok = false;
    return ok ? VDO_OK : VDO_E_IO;
}

/* In the sandbox, with the bytes alone: the parser is code of this machine, but what it reads is
 * not to be trusted. It goes the way of a command, so that a record knows what was said. */
static int parse_in_sandbox(void *arg, const char *name, const char *path, const char *const *argv,
                            const char *bytes, size_t len, struct edit_parse *out)
{
    struct job_run *run = arg;
    AUTO_FREE char *line = xasprintf("syntax of %s, by %s", path, name);
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *input = NULL;
    const char *full[MAX_ARGV + 5] = {"/bin/sh", "-c", "exec \"$@\" < input", "sh"};
    struct sandbox_spec spec = {.argv = full,
                                .timeout_ms = TIMEOUT_MS,
                                .memory_bytes = MEMORY_MIB * (int64_t)VDO_MIB,
                                .disk_bytes = DISK_MIB * (int64_t)VDO_MIB,
                                .pids = PIDS,
                                .cancel = run->lease->stop};
    struct sandbox_result done = {0};
    struct err why = {0};
    int rc;

    for (size_t i = 0; argv[i]; i++) {
        if (i == MAX_ARGV)
            return VDO_E_INVALID;
        full[4 + i] = argv[i];
    }
    rc = workspace_fresh_dir(run, "syntax", &dir, &why);
    if (rc)
        return rc;
    input = fs_join(dir, "input");
    rc = write_input(input, bytes, len);
    spec.dir = dir;
    if (!rc)
        rc = record_run(run, line, &spec, &done, NULL, &why);
    if (rc)
        return rc;
    out->exit_code = done.end == SANDBOX_EXITED ? done.exit_code : -1;
    (void)snprintf(out->said, sizeof(out->said), "%s", done.output);
    sandbox_result_release(&done);
    return VDO_OK;
}

struct edit_parser tool_parser(struct job_run *run)
{
    return (struct edit_parser){parse_in_sandbox, run};
}

struct edit_options tool_edit_options(struct tool_call *call)
{
    call->parser = tool_parser(call->run);
    return (struct edit_options){
        .dir = call->dir, .protect = call->protect, .check_syntax = true, .parser = &call->parser};
}
