#include "../call.h"

int command_build(struct bot_call *call, struct err *err)
{
    return call_start_as_asked(call, "build", err);
}
