#include "tool.h"

enum { MAX_LISTED = 400 };

static int list_files(struct tool_call *call, struct err *err)
{
    struct err why = {0};
    int rc = code_list_dir(call->dir, tool_arg(call, "dir"), MAX_LISTED, call->out, &why);

    (void)err;
    return rc ? tool_fail(call, "%s", why.text) : VDO_OK;
}

const struct tool tool_list_files = {
    .name = "list_files",
    .description = "List the files below a folder (null: the root).",
    .schema = "{\"type\":\"object\",\"properties\":{\"dir\":{\"type\":[\"string\",\"null\"]}},"
              "\"required\":[\"dir\"],\"additionalProperties\":false}",
    .call = list_files,
};
