#include "tool.h"

static int edit_file(struct tool_call *call, struct err *err)
{
    struct edit_options options = tool_edit_options(call);
    json_auto_t *said = NULL;
    struct err why = {0};
    int rc = edit_replace(&options, tool_arg(call, "path"), tool_arg(call, "search"),
                          tool_arg(call, "replace"), &said, &why);

    return tool_edit_answer(call, rc, said, &why, err);
}

const struct tool tool_edit_file = {
    .name = "edit_file",
    .description =
        "Replace one piece of a file. `search` must occur exactly once in it, with its exact "
        "indentation; take it from read_file. To change several places, call several times.",
    .schema = "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},"
              "\"search\":{\"type\":\"string\"},\"replace\":{\"type\":\"string\"}},"
              "\"required\":[\"path\",\"search\",\"replace\"],\"additionalProperties\":false}",
    .call = edit_file,
    .writes = true,
};
