#include "../call.h"

int event_ping(struct bot_call *call, struct err *err)
{
    (void)err;
    return call_done(call, "ping of hook %lld", (long long)call->event->hook_id);
}
