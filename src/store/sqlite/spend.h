/*
 * spend: money settled and reserved. Within a transaction of the writer.
 */
#ifndef VDO_STORE_SQLITE_SPEND_H
#define VDO_STORE_SQLITE_SPEND_H

#include "conn.h"

/* The reservation (0: none) ends; the cost is the job's (job_id "": nobody's) and the day's, and
 * within the day the provider's and the repository's. */
int spend_settle(struct conn *c, const char *job_id, const char *provider, int64_t reservation_id,
                 int64_t cost_microusd, int64_t at_ms, struct err *err);

#endif
