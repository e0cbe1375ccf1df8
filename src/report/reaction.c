#include "vdo/report/report.h"

#include "vdo/jobs/jobs.h"
#include "vdo/json/json.h"

#include <string.h>

void report_reaction_row(struct outbox_row *row, const struct job *job, const char *content)
{
    json_t *facts = NULL;
    int64_t comment = 0;

    if (job->trigger && js_parse(job->trigger, strlen(job->trigger), &facts, NULL) == VDO_OK)
        comment = js_int(facts, "comment_id", 0);
    json_decref(facts);
    outbox_row_init(row, job, "reaction",
                    json_pack("{s:s, s:I, s:I, s:s}", "target", comment ? "comment" : "issue", "id",
                              (json_int_t)(comment ? comment : job->issue), "issue",
                              (json_int_t)job->issue, "content", content));
}
