#include "stop.h"

#include <string.h>

const char *model_stop_name(enum model_stop stop)
{
    static const char *const names[] = {"end",     "tool",  "length", "refusal",
                                        "context", "pause", "other"};

    return names[stop];
}

bool stop_parse(const char *name, enum model_stop *out)
{
    for (int i = STOP_END; i <= STOP_OTHER; i++) {
        if (strcmp(model_stop_name((enum model_stop)i), name) == 0) {
            *out = (enum model_stop)i;
            return true;
        }
    }
    return false;
}
