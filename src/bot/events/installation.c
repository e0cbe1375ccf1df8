#include "../call.h"

#include <string.h>

/* Jobs of an installation that is gone cannot write anything any more. */
static int cancel_all(struct bot_call *call, const char *why, struct err *err)
{
    size_t cancelled = 0;
    int rc = VDO_OK;

    if (call->event->installation_id)
        rc = call_cancel_jobs(call, call->event->installation_id, 0, why, &cancelled, err);
    return rc ? rc : call_done(call, "%s; %zu jobs cancelled", why, cancelled);
}

int event_installation(struct bot_call *call, struct err *err)
{
    const char *action = call->event->action;

    if (strcmp(action, "deleted") == 0)
        return cancel_all(call, "the app was uninstalled", err);
    if (strcmp(action, "suspend") == 0)
        return cancel_all(call, "the installation was suspended", err);
    return call_done(call, "noted: installation %.40s", action);
}

int event_installation_repositories(struct bot_call *call, struct err *err)
{
    static const char why[] = "the repository was taken from the app";
    const struct forge_event *event = call->event;
    size_t cancelled = 0;
    int rc = VDO_OK;

    if (strcmp(event->action, "removed") != 0)
        return call_done(call, "noted: installation_repositories %.40s", event->action);
    for (size_t i = 0; i < event->n_removed && !rc; i++)
        rc =
            call_cancel_jobs(call, event->installation_id, event->removed[i], why, &cancelled, err);
    return rc ? rc : call_done(call, "%s; %zu jobs cancelled", why, cancelled);
}
