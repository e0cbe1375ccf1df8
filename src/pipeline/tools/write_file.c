#include "tool.h"

#include <string.h>

static int write_file(struct tool_call *call, struct err *err)
{
    struct edit_options options = tool_edit_options(call);
    const char *content = tool_arg(call, "content");
    json_auto_t *said = NULL;
    struct err why = {0};
    int rc = edit_write(&options, tool_arg(call, "path"), content, strlen(content), &said, &why);

    return tool_edit_answer(call, rc, said, &why, err);
}

const struct tool tool_write_file = {
    .name = "write_file",
    .description =
        "Write a whole file; folders are made. For new files and small files; prefer edit_file "
        "for changes in existing ones.",
    .schema = "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},"
              "\"content\":{\"type\":\"string\"}},\"required\":[\"path\",\"content\"],"
              "\"additionalProperties\":false}",
    .call = write_file,
    .writes = true,
};
