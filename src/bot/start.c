#include "call.h"

int call_start_as_asked(struct bot_call *call, const char *verb, struct err *err)
{
    int rc = call_read_issue(call, err);

    if (rc)
        return rc;
    if (!call->issue.open)
        return call_done(call, "ignored: the issue is closed");
    if (call->issue.is_pull)
        return call_reply(call, "not_on_pull.md", json_pack("{s:s}", "verb", verb), err) ?
                   err->code :
                   call_done(call, "refused: /vdo %s is for issues", verb);
    rc = call_read_pin(call, verb, err);
    if (rc)
        return rc == VDO_E_REFUSED ? VDO_OK : rc;
    return call_start_job(call, verb, err);
}
