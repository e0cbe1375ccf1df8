#include "tool.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

static int finish(struct tool_call *call, struct err *err)
{
    (void)err;
    free(call->summary);
    call->summary = xstrdup(tool_arg(call, "summary"));
    call->finished = true;
    (void)strbuf_adds(call->out, "Noted.");
    return VDO_OK;
}

const struct tool tool_finish = {
    .name = "finish",
    .description = "End the work. `summary`: what was changed and why, in two to five sentences.",
    .schema = "{\"type\":\"object\",\"properties\":{\"summary\":{\"type\":\"string\"}},"
              "\"required\":[\"summary\"],\"additionalProperties\":false}",
    .call = finish,
};
