#include "../call.h"

int command_help(struct bot_call *call, struct err *err)
{
    int rc = call_reply(call, "help.md",
                        json_pack("{s:s, s:s}", "command", call->bot->o.config->trigger.command,
                                  "label", call->bot->o.config->trigger.label),
                        err);

    return rc ? rc : call_done(call, "help told");
}
