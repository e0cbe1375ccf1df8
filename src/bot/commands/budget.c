#include "../call.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_USD = 10000 };

/* "5", "2.50", "$3" in micro-dollars; -1 for anything else. */
static int64_t parse_usd(const char *text)
{
    int64_t whole = 0;
    int64_t part = 0;
    int64_t unit = 100000;

    text += *text == '$';
    if (!*text || strspn(text, "0123456789.") != strlen(text))
        return -1;
    for (; *text && *text != '.'; text++) {
        whole = whole * 10 + (*text - '0');
        if (whole > MOST_USD)
            return -1;
    }
    if (*text == '.')
        text++;
    for (; *text; text++, unit /= 10) {
        if (*text == '.')
            return -1;
        part += (*text - '0') * unit;
    }
    return whole * 1000000 + part;
}

int command_budget(struct bot_call *call, struct err *err)
{
    int64_t budget = parse_usd(call->command->argument);
    struct job_update update = JOB_UPDATE_NONE;
    struct job job = {0};
    bool stopped;
    int rc;

    if (budget <= 0)
        return call_reply(call, "usage.md", json_pack("{s:s}", "usage", "/vdo budget 5"), err) ?
                   err->code :
                   call_done(call, "refused: budget takes dollars");
    rc = call_find_job(call, false, &job, err);
    if (rc == VDO_E_NOT_FOUND)
        return call_reply_no_job(call, "budget", "no job to set a budget for", err);
    if (rc)
        return rc;
    update.budget_microusd = budget;
    rc = store_job_update(call->bot->o.store, job.id, -1, &update, NULL, 0, err);
    stopped = job.state == JOB_FAILED && strcmp(job.headline, REPORT_HEADLINE_LIMIT) == 0;
    if (!rc && stopped)
        rc = jobs_retry(call->bot->jobs, job.id, err);
    memcpy(call->out->job_id, job.id, sizeof(job.id));
    job_release(&job);
    if (!rc)
        rc = call_react(call, "+1", err);
    return rc ? rc : call_done(call, stopped ? "budget raised, job queued again" : "budget set");
}
