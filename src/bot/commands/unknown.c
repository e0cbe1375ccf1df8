#include "../call.h"

#include <string.h>

/* Verbs of the documented set that this version does not carry out; the reply says so. */
static bool is_planned(const char *verb)
{
    return strcmp(verb, "revise") == 0 || strcmp(verb, "fix") == 0 || strcmp(verb, "revert") == 0;
}

int command_unknown(struct bot_call *call, struct err *err)
{
    const char *verb = call->command->verb;
    int rc = call_reply(call, "unknown.md",
                        json_pack("{s:s, s:b, s:s}", "verb", verb, "planned", is_planned(verb),
                                  "command", call->bot->o.config->trigger.command),
                        err);

    return rc ? rc : call_done(call, "unknown command: %.60s", verb);
}
