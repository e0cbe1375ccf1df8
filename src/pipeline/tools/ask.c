#include "tool.h"

static int ask(struct tool_call *call, struct err *err)
{
    const char *question = tool_arg(call, "question");

    (void)err;
    if (!*question)
        return tool_fail(call, "question is missing");
    run_log(call->run, "warn", "question of the builder: %s", question);
    (void)strbuf_adds(
        call->out,
        "The question is noted in the job's log, and people read it after the work. Nobody answers "
        "now: take the reading that changes least, and say in finish which one you took.");
    return VDO_OK;
}

const struct tool tool_ask = {
    .name = "ask",
    .description =
        "Leave a question for the requester. Nobody answers while the work is under way.",
    .schema = "{\"type\":\"object\",\"properties\":{\"question\":{\"type\":\"string\"}},"
              "\"required\":[\"question\"],\"additionalProperties\":false}",
    .call = ask,
};
