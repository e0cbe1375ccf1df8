#include "tool.h"

#include "../command.h"
#include "../workspace.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

static int run_command(struct tool_call *call, struct err *err)
{
    const char *command = tool_arg(call, "command");
    AUTO_FREE char *dir = NULL;
    struct sandbox_result done = {0};
    struct err why = {0};
    int rc;

    if (!*command)
        return tool_fail(call, "command is missing");
    rc = workspace_copy_tree(call->run, "scratch", &dir, err);
    if (rc)
        return rc;
    rc = command_run(call->run, dir, command, 0, NULL, &done, NULL, &why);
    if (rc == VDO_E_REFUSED || rc == VDO_E_INVALID)
        return tool_fail(call, "Commands cannot be run here: %s", why.text);
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    (void)strbuf_addf(call->out, "exit code %d%s%s\n%s", done.exit_code,
                      *done.limit ? ", ended by " : "", done.limit, done.output);
    call->is_error = done.end != SANDBOX_EXITED || done.exit_code != 0;
    run_log(call->run, "tool", "run %s: exit code %d", command, done.exit_code);
    sandbox_result_release(&done);
    return VDO_OK;
}

const struct tool tool_run = {
    .name = "run",
    .description =
        "Run a shell command in a sandbox without a network, at the root of a copy of the repository as it is "
        "now. Files it changes are thrown away.",
    .schema = "{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\"}},"
              "\"required\":[\"command\"],\"additionalProperties\":false}",
    .call = run_command,
};
