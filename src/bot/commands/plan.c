#include "../call.h"

int command_plan(struct bot_call *call, struct err *err)
{
    return call_start_as_asked(call, "plan", err);
}
