#include "../call.h"

#include <string.h>

static int run_command(struct bot_call *call, const struct markdown_command *command,
                       struct err *err)
{
    bot_fn run = command_find(command->verb);
    struct err why = {0};
    int rc = call_check_permission(call, &why);

    /* Nothing is answered to people who may not ask: a public repository would make us a
     * loudspeaker. */
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    call->command = command;
    return run ? run(call, err) : command_unknown(call, err);
}

int event_issue_comment(struct bot_call *call, struct err *err)
{
    const struct forge_event *event = call->event;
    struct markdown_command *commands = NULL;
    size_t n = 0;
    int rc;

    if (strcmp(event->action, "created") != 0)
        return call_done(call, "ignored: only created comments are read");
    if (event->issue == 0)
        return call_done(call, "ignored: the event names no issue");
    rc = markdown_commands(event->comment_body, strlen(event->comment_body),
                           call->bot->o.config->trigger.command, 1, &commands, &n, err);
    if (rc)
        return rc == VDO_E_TOO_LARGE ?
                   (err_clear(err), call_done(call, "ignored: the comment is too long")) :
                   rc;
    if (n == 0)
        rc = call_done(call, "ignored: no command in the comment");
    else
        rc = run_command(call, &commands[0], err);
    markdown_commands_free(commands, n);
    return rc;
}
