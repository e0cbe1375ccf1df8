#include "tool.h"

enum { MAX_HITS = 200, DEADLINE_MS = 10000 };

static int search(struct tool_call *call, struct err *err)
{
    const char *glob = tool_arg(call, "glob");
    struct err why = {0};
    int rc = code_search_dir(call->dir, tool_arg(call, "pattern"), *glob ? glob : NULL, MAX_HITS,
                             DEADLINE_MS, call->out, &why);

    (void)err;
    if (rc)
        return tool_fail(call, "%s", why.text);
    if (call->out->len == 0)
        (void)strbuf_adds(call->out, "(no match)");
    return VDO_OK;
}

const struct tool tool_search = {
    .name = "search",
    .description =
        "Find lines by an extended regular expression, as path:line: text. glob limits the files "
        "(\"*.c\", \"src/**/*.py\"; null: all).",
    .schema = "{\"type\":\"object\",\"properties\":{\"pattern\":{\"type\":\"string\"},"
              "\"glob\":{\"type\":[\"string\",\"null\"]}},\"required\":[\"pattern\",\"glob\"],"
              "\"additionalProperties\":false}",
    .call = search,
};
