#include "../call.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 200 };

/* Jobs of an installation that is gone cannot write anything any more. */
static int cancel_all(struct bot_call *call, const char *why, struct err *err)
{
    struct job_filter filter = {.state = -1, .only_open = true, .limit = PAGE};
    size_t cancelled = 0;
    size_t n = PAGE;
    int rc = VDO_OK;

    while (!rc && n == PAGE) {
        struct job *jobs = NULL;

        rc = store_job_list(call->bot->o.store, &filter, &jobs, &n, err);
        for (size_t i = 0; i < n && !rc; i++) {
            filter.before_seq = jobs[i].seq;
            if (jobs[i].installation_id == call->event->installation_id &&
                jobs_cancel(call->bot->jobs, jobs[i].id, why, NULL) == VDO_OK)
                cancelled++;
        }
        for (size_t i = 0; i < n; i++)
            job_release(&jobs[i]);
        free(jobs);
    }
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
