#include "tool.h"

#include <string.h>

static int apply_patch(struct tool_call *call, struct err *err)
{
    struct edit_options options = tool_edit_options(call);
    const char *patch = tool_arg(call, "patch");
    json_auto_t *said = NULL;
    struct err why = {0};
    int rc = edit_apply_answer(&options, EDIT_AUTO, patch, strlen(patch), &said, &why);

    return tool_edit_answer(call, rc, said, &why, err);
}

const struct tool tool_apply_patch = {
    .name = "apply_patch",
    .description =
        "Apply a patch over one or more files, all or nothing: a unified diff, or an envelope "
        "*** Begin Patch / *** Update File: path / @@ / *** End Patch.",
    .schema = "{\"type\":\"object\",\"properties\":{\"patch\":{\"type\":\"string\"}},"
              "\"required\":[\"patch\"],\"additionalProperties\":false}",
    .call = apply_patch,
    .writes = true,
};
