#include "tool.h"

static int delete_file(struct tool_call *call, struct err *err)
{
    struct edit_options options = tool_edit_options(call);
    json_auto_t *said = NULL;
    struct err why = {0};
    int rc = edit_delete(&options, tool_arg(call, "path"), &said, &why);

    return tool_edit_answer(call, rc, said, &why, err);
}

const struct tool tool_delete_file = {
    .name = "delete_file",
    .description = "Delete one file.",
    .schema = "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}},"
              "\"required\":[\"path\"],\"additionalProperties\":false}",
    .call = delete_file,
    .writes = true,
};
