/*
 * bot: what VDO hears on a forge and what it decides.
 *
 *     delivery -> bot_describe (facts, no network) -> bot_handle: our own events dropped first ->
 * events/<event> or commands/<verb>
 *              -> the truth is read again (labels, state, permission of the sender) -> jobs_submit
 * / jobs_cancel / a reply / a recorded reason
 *
 * Events and commands are found through sorted tables, one file each. Threads: dispatcher threads
 * call both functions.
 */
#ifndef VDO_BOT_BOT_H
#define VDO_BOT_BOT_H

#include "vdo/base/clock.h"
#include "vdo/base/err.h"
#include "vdo/config/config.h"
#include "vdo/jobs/jobs.h"
#include "vdo/report/report.h"
#include "vdo/store/store.h"

struct bot;

struct bot_options { /* all borrowed for the bot's life */
    const struct config *config;
    const struct clock *clock;
    struct store *store;
    const struct report *report;
};

int bot_new(const struct bot_options *options, struct bot **out, struct err *err);
void bot_set_jobs(struct bot *bot, struct jobs *jobs);
void bot_free(struct bot *bot);
/* delivery_describe_fn and delivery_handle_fn of jobs; arg is the struct bot. */
/* Leaves what it parsed in the delivery, for bot_handle(). */
void bot_describe(void *arg, struct delivery *delivery);
void bot_handle(void *arg, struct forge_session *forge, const struct delivery *delivery,
                struct delivery_verdict *out);

#endif
