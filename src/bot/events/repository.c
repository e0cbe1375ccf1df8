#include "../call.h"

#include <string.h>

/* After these nothing can be written to the repository, or it is another's. */
static const struct {
    const char *action;
    const char *why;
} ends[] = {
    {"archived", "the repository was archived"},
    {"deleted", "the repository was deleted"},
    {"transferred", "the repository was transferred"},
};

int event_repository(struct bot_call *call, struct err *err)
{
    const struct forge_event *event = call->event;

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t cancelled = 0;
        int rc;

        if (strcmp(event->action, ends[i].action) != 0 || event->repo_id == 0)
            continue;
        rc = call_cancel_jobs(call, 0, event->repo_id, ends[i].why, &cancelled, err);
        return rc ? rc : call_done(call, "%s; %zu jobs cancelled", ends[i].why, cancelled);
    }
    return call_done(call, "noted: repository %.40s", event->action);
}
